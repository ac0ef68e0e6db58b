"""The harness: as many episodes as the acts fill, themes in turns, their findings summed up.

What must be reached is every call of the coin's pallets, made and refused, every state of providers and
tickets, and every mode.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from node.economy.chain import coin_runtime
from node.economy.episode import Episode, Outcome
from node.economy.register import calls_of
from node.economy.tally import Tally
from node.economy.themes import THEMES
from pallets.oracle.types import Status
from pallets.redemption.types import TicketState
from pallets.standards.types import Held, Reason
from runtime.frame.coin import Mode, ProviderState

EPISODE_ACTIONS: Final = 1_400
"""Acts of a whole episode; the last one has what is left."""
REACH_ACTIONS: Final = 20_000
"""From so many acts on everything must have been reached."""
SUCCESS_PERCENT: Final = 20
"""So many acts in a hundred succeed at least."""
NOT_REACHED: Final = ("ticket Disputed", "step held: NothingIssued", "step held: Uncovered")
"""What no pallet of the chain makes yet, what a chain without coins has, and what some runs miss."""


@dataclass(slots=True)
class Summary:
    """What all episodes came to."""

    seed: int
    actions: int = 0
    succeeded: int = 0
    blocks: int = 0
    episodes: int = 0
    failed: list[tuple[int, Outcome]] = field(default_factory=list[tuple[int, Outcome]])
    """Episodes in which something was found, with their numbers."""
    tally: Tally = field(default_factory=Tally)
    supply: int = 0
    coverage_ppb: int = 0

    def add(self, number: int, outcome: Outcome) -> None:
        """One more episode, in their order."""
        self.actions += outcome.actions
        self.succeeded += outcome.succeeded
        self.blocks += outcome.blocks
        self.episodes += 1
        self.tally.add(outcome.tally)
        self.supply, self.coverage_ppb = outcome.supply, outcome.coverage_ppb
        if outcome.violations or outcome.stuck:
            self.failed.append((number, outcome))

    @property
    def violations(self) -> int:
        """How often something was that must never be."""
        return sum(len(outcome.violations) for _, outcome in self.failed)

    @property
    def stuck(self) -> int:
        """How much did not come to its end."""
        return sum(len(outcome.stuck) for _, outcome in self.failed)

    @property
    def unreached(self) -> list[str]:
        """What was never made, or never seen."""
        tally = self.tally
        wanted = [f"provider {each.name}" for each in ProviderState]
        wanted += [f"ticket {each.name}" for each in TicketState]
        wanted += [f"oracle {each.name}" for each in Status]
        wanted += [f"standard by {each.name}" for each in Reason]
        wanted += [f"step held: {each.name}" for each in Held]
        return [
            *(call for call in sorted(calls_of(coin_runtime(1))) if not tally.succeeded[call]),
            *(state for state in wanted if state not in NOT_REACHED and not tally.states[state]),
            *(f"mode {each.name}" for each in Mode if not tally.modes[each.name]),
        ]

    @property
    def wrong(self) -> list[str]:
        """Why the run as a whole has failed, a line each; nothing if it has not."""
        found: list[str] = []
        if self.violations:
            found.append(f"{self.violations} violations")
        if self.stuck:
            found.append(f"{self.stuck} stuck")
        if self.actions >= REACH_ACTIONS:
            if 100 * self.succeeded < SUCCESS_PERCENT * self.actions:
                found.append(f"only {self.succeeded} of {self.actions} acts succeeded")
            found += [f"never reached: {each}" for each in self.unreached]
        return found

    @property
    def figures(self) -> dict[str, Any]:
        """What is told of it."""
        tally = self.tally
        return {
            "actions": self.actions,
            "succeeded": self.succeeded,
            "violations": self.violations,
            "stuck": self.stuck,
            "modes_seen": sorted(tally.modes),
            "states_seen": sorted(tally.states),
            "supply": self.supply,
            "coverage": round(self.coverage_ppb / 10**9, 4),
            "episodes": self.episodes,
            "blocks": self.blocks,
            "unreached": self.unreached,
            "calls": {
                call: {"succeeded": tally.succeeded[call], "refused": tally.refused[call]}
                for call in sorted({*tally.succeeded, *tally.refused})
            },
        }


def simulate(
    actions: int,
    seed: int,
    *,
    first_episode: int = 0,
    summary: Summary | None = None,
    progress: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Run so many acts from an episode on; `summary` gets each episode when it is over, or interrupted. What
    nobody expected passes through, with a note how to see it again.
    """
    summary = Summary(seed) if summary is None else summary
    number, left = first_episode, actions
    while left > 0:
        part = min(left, EPISODE_ACTIONS)
        episode = episode_of(number, seed)
        try:
            episode.run(part)
        except KeyboardInterrupt:
            summary.add(number, episode.outcome)
            raise
        except Exception as error:
            error.add_note(f"see it again with `{replay(number, seed, part)}`")
            raise
        summary.add(number, episode.outcome)
        progress(summary)
        number, left = number + 1, left - part
    return summary


def episode_of(number: int, seed: int) -> Episode:
    """One episode of a run, at its beginning."""
    return Episode(THEMES[number % len(THEMES)], f"{seed}:{number}")


def replay(number: int, seed: int, actions: int) -> str:
    """The command that runs one episode again."""
    return f"ballast simulate economy --seed {seed} --first-episode {number} --actions {actions}"
