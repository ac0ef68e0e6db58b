"""What-if: a call, looked at over a state; the reader's own position; and a scenario with the call and
without it.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

from governance.whatif import Look, enact, look
from node.whatif.chain import ForkChain, forkable, moved_to, pallet_of
from node.whatif.position import Position, position_of
from node.whatif.scenarios import Outcome, Play, Scenario
from node.whatif.voted import begin_voted
from pallets.solvency import Solvency
from pallets.system import System
from runtime.frame import Call, Origin
from runtime.frame.plain import to_plain
from runtime.runtime import Runtime
from runtime.state import State
from runtime.types import AccountId

SEED: Final = 0


class UnknownScenario(ValueError):
    """There is no scenario of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no scenario is named {self.name!r}; there are: {', '.join(Scenario)}"


@dataclass(frozen=True, slots=True)
class Positions:
    """The reader's position without the call, and with it; None if the call would be refused."""

    before: Position
    after: Position | None


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario without the call, and with it; None if the call would be refused."""

    scenario: Scenario
    seed: int
    before: Outcome
    after: Outcome | None


@dataclass(frozen=True, slots=True)
class Report:
    """What would be, if."""

    number: int
    """The block whose state was asked; what is looked at stands in the one that follows, alone."""
    look: Look
    positions: Positions | None
    played: Played | None

    def plain(self) -> dict[str, Any]:
        """The same as JSON says it, fields as `lowestCoveragePpb`; amounts in 10^-9 coins."""
        plain: dict[str, Any] = _plain(asdict(self))
        return plain


def what_if(
    state: State,
    runtime: Runtime,
    call: Call,
    origin: Origin,
    scenario: str | None = None,
    account: AccountId | None = None,
    *,
    seed: int = SEED,
) -> Report:
    """What a call would do to the coin on the authority of `origin`, if it were made over `state` now; what a
    redemption of all coins of `account` would mean, without it and with it; and how a scenario would go.

    Without a scenario it takes milliseconds, however many accounts there are. With one it takes seconds, and
    uses a runtime of its own; the host of `runtime` is as it was when this returns. Raises `UnknownScenario`,
    and `NoFork` for a chain that lacks what is asked of it.
    """
    known = _named(scenario)
    with _aside(runtime):
        runtime.over(state)
        number = pallet_of(runtime, System).number
        runtime.over(state, number + 1)
        begin_voted(runtime)
        solvency = pallet_of(runtime, Solvency)
        found = look(runtime.host, solvency, call, origin)
        positions = None if account is None else _positions(runtime, found, call, origin, account)
    if known is None:
        return Report(number, found, positions, None)
    apart = forkable(runtime)
    before = Play(ForkChain(apart, state, seed), known, account).play()
    after = None
    if found.refusal is None:
        there = moved_to(apart, runtime, call)
        after = _with(ForkChain(apart, state, seed), there, origin, known, account)
    return Report(number, found, positions, Played(known, seed, before, after))


def _named(scenario: str | None) -> Scenario | None:
    if scenario is None or scenario in tuple(Scenario):
        return None if scenario is None else Scenario(scenario)
    raise UnknownScenario(scenario)


def _positions(runtime: Runtime, found: Look, call: Call, origin: Origin, who: AccountId) -> Positions:
    before, after = position_of(runtime, who), None
    if found.refusal is None:
        overlay = runtime.host.overlay
        mark = overlay.open()
        try:
            runtime.host.dispatch(call, origin)
            after = position_of(runtime, who)
        finally:
            overlay.undo(mark)
    return Positions(before, after)


def _with(
    chain: ForkChain, call: Call, origin: Origin, scenario: Scenario, account: AccountId | None
) -> Outcome | None:
    """The scenario behind the call; None if the call is refused in the block in which it begins."""
    if enact(chain.runtime.host, chain[Solvency], call, origin).refusal is not None:
        return None
    return Play(chain, scenario, account).play()


@contextmanager
def _aside(runtime: Runtime) -> Generator[None]:
    """Ask the pallets something; a block that is being made goes on as if nobody had asked."""
    host = runtime.host
    before = host.overlay, host.number, host.phase
    try:
        yield
    finally:
        host.overlay, host.number, host.phase = before


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(name): _plain(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return [_plain(each) for each in value]  # pyright: ignore[reportUnknownVariableType]
    return to_plain(value)


def _camel(field: str) -> str:
    first, *others = field.split("_")
    return first + "".join(each.capitalize() for each in others)


__all__ = ["SEED", "Played", "Positions", "Report", "UnknownScenario", "what_if"]
