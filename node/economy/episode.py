"""An episode: one economy from its genesis, so many acts at random, and then honesty until it has drained.

A block is checked by every invariant of the chain when it ends; now and then it is executed again as a
stranger would, and what the pallets keep is compared with what it follows from. Whatever is found ends the
episode.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from node.economy import agents
from node.economy.absurd import twisted
from node.economy.cast import REPORTERS
from node.economy.drain import drain
from node.economy.habits import HABITS
from node.economy.register import Act
from node.economy.reporting import report
from node.economy.serving import serve_some
from node.economy.tally import Tally
from node.economy.themes import Theme
from node.economy.world import World
from runtime.frame.invalid import InvalidBlock, InvariantBroken

AUDIT_BLOCKS: Final = 50
"""So often all is computed again, and a block is executed again."""
OCCASIONS_MAX: Final = 20
"""How many habits are tried before a time without any occasion ends in a block."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What must never be, and was."""

    invariant: str
    facts: str
    action: int
    """How many acts had been made."""
    block: int


@dataclass(slots=True)
class Outcome:
    """What an episode came to."""

    theme: str
    actions: int = 0
    succeeded: int = 0
    blocks: int = 0
    violations: list[Violation] = field(default_factory=list[Violation])
    stuck: list[str] = field(default_factory=list[str])
    tally: Tally = field(default_factory=Tally)
    supply: int = 0
    """S before it was drained."""
    coverage_ppb: int = 0
    """E / S before it was drained."""


class Episode:
    """One economy on its way."""

    def __init__(self, theme: Theme, seed: str) -> None:
        self.theme = theme
        self.random = random = Random(seed)
        self.world = World(theme.hours, random)
        self.world.liars = dict.fromkeys(REPORTERS[: theme.liars])
        self.outcome = Outcome(theme.name, tally=self.world.tally)
        self.is_draining = False
        self._names = list(HABITS)
        self._weights = [habit.often * theme.boosts.get(name, 1) for name, habit in HABITS.items()]

    def run(self, actions: int) -> Outcome:
        """Make so many acts, then let all be honest."""
        outcome, world = self.outcome, self.world
        try:
            while outcome.actions < actions:
                self.act()
                if self.random.random() < self.theme.block_chance:
                    self.pass_block()
                if self.random.random() < self.theme.while_chance:
                    self.pass_while()
            self.pass_block()
            figures = world.solvency.coverage
            outcome.supply, outcome.coverage_ppb = figures.supply, figures.ratio_ppb
            self.is_draining = True
            outcome.stuck += drain(world, self.pass_block)
            world.chain.try_state()
        except InvariantBroken as broken:
            self._found(broken.name, str(broken))
        except InvalidBlock as broken:
            self._found(type(broken).__name__, str(broken))
        except AssertionError as different:
            self._found("I16", str(different))
        return outcome

    def pass_while(self) -> None:
        """Let blocks pass in which nobody does more than his part; until a reporter is convicted, which root
        has only days to look at.
        """
        for _ in range(self.random.randint(1, self.theme.while_blocks)):
            self.pass_block()
            if any(seat.slash is not None for seat in self.world.oracle.reporters.values()):
                return

    def act(self) -> None:
        """One act at random; a block ends where nobody has any occasion."""
        act = self._occasion()
        if act is None:
            self.pass_block()
            return
        if self.random.random() < self.theme.absurd_chance:
            act = twisted(self.world, act)
        self.outcome.actions += 1
        if self.world.perform(*act) is None:
            self.outcome.succeeded += 1

    def _occasion(self) -> Act | None:
        for name in self.random.choices(self._names, self._weights, k=OCCASIONS_MAX):
            act = HABITS[name].make(self.world)
            if act is not None:
                return act
        return None

    def pass_block(self) -> None:
        """What all do in a block without being asked, and its end."""
        world, outcome = self.world, self.outcome
        if not self.is_draining:
            self._weather()
        agents.act(world)
        report(world)
        serve_some(world)
        world.chain.seal(again=outcome.blocks % AUDIT_BLOCKS == 0)
        outcome.blocks += 1
        world.watch()
        if outcome.blocks % AUDIT_BLOCKS == 0:
            world.chain.try_state()

    def _weather(self) -> None:
        """The market moves; units die, and come back."""
        world, theme, random = self.world, self.theme, self.random
        world.diligence = theme.diligence
        world.move_market(theme.drift_ppm, theme.shock_ppm)
        if random.random() >= theme.death_chance:
            return
        roster = world.providers.roster_now()
        dead = random.sample(roster, int(len(roster) * random.choice(theme.deaths)))
        world.cheats = {who: None for who in dead if random.random() < theme.cheat_chance}
        world.dead = {who: None for who in dead if who not in world.cheats}
        world.dead_units = {}
        for who in random.sample(roster, min(2, len(roster))):
            world.dead_units[who, random.randrange(max(1, world.providers.providers[who].next_unit))] = None

    def _found(self, name: str, facts: str) -> None:
        self.outcome.violations.append(
            Violation(name, facts, self.outcome.actions, self.world.chain.header.number)
        )
