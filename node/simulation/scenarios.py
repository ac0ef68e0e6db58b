"""Scenarios: runs that are arranged, not drawn: for what chance would take too long to bring about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.consensus.core import Core
from node.consensus.inputs import Expired, Timer, TimerName
from node.consensus.messages import AnyMessage, Cast
from node.consensus.timing import Timing
from node.simulation.agreement import Run
from node.simulation.network import Station
from node.simulation.outcome import Outcome, Violation
from node.simulation.plan import ENDLESS, GOOD, Plan, key_of
from node.simulation.signatures import sign
from runtime.simplex import Kind, Statement, Vote

SCENARIOS: Final[dict[str, Callable[[], list[Violation]]]] = {}


def scenario(arrange: Callable[[], list[Violation]]) -> Callable[[], list[Violation]]:
    """Enter a scenario under its function's name. It returns what was violated: nothing, if all is well."""
    SCENARIOS[arrange.__name__.replace("_", " ")] = arrange
    return arrange


def quiet_plan(size: int, seconds: int, villains: dict[int, str] | None = None) -> Plan:
    """A plan in which nothing breaks by itself; `size` validators of one weight."""
    return Plan(
        seed=0,
        seconds=seconds,
        size=size,
        villains=villains or {},
        epoch_blocks=ENDLESS,
        block_ms=200,
        conditions=GOOD,
        healed=GOOD,
        crashes=(),
        partitions=(),
        joins=True,
        equal=True,
    )


@scenario
def silence_after_the_timers() -> list[Violation]:
    """Everything is lost until well after all have nullified their view. What was said is said again before
    a standstill is noticed, so the chain goes on within a few seconds.
    """
    run = Run(quiet_plan(4, 20), Outcome(0, 20))
    run.begin()
    loop = run.world.loop
    loop.run(2_000)
    timing = run.world.timing
    run.world.network.passes = _nothing
    loop.run(2_000 + timing.advance_ms(0) + timing.delta_ms)
    run.world.network.passes = None
    height = run.checkers.height
    loop.run(loop.now_ms + timing.retry_ms + 2 * timing.delta_ms)
    if run.checkers.height <= height + 1:
        facts = f"block {run.checkers.height} is the last since {loop.now_ms} ms"
        return [*run.outcome.safety, Violation("NoProgress", facts, loop.now_ms)]
    return run.outcome.safety


def _nothing(source: Station, target: Station, message: AnyMessage) -> bool:
    return False


@scenario
def finalized_before_a_restart() -> list[Violation]:
    """A validator restarts with its vote to finalize a view and without the block: it is in that view again,
    and must not vote to skip it.
    """
    plan = quiet_plan(4, 1)
    epoch = plan.epoch(0, 0, bytes(32), 0)
    assert epoch.me is not None
    said = Statement(Kind.Finalize, 0, 1, 0, bytes([1]) * 32)
    core = Core(epoch, Timing())
    actions = core.start([Cast(Vote(said, epoch.me, sign(key_of(0), said)))])
    for name in (TimerName.Lead, TimerName.Advance):
        actions += core.step(Expired(Timer(name, 0, core.view)))
    nullify = Statement(Kind.Nullify, 0, 1)
    if any(getattr(action, "statement", None) == nullify for action in actions):
        return [Violation("HonestContradiction", "0 signs Nullify 0/1 after finalizing it", 0)]
    return []
