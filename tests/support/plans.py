"""Plans of simulated networks without faults, to which a test adds its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from node.simulation.nodes import clockwork
from node.simulation.nodes.line import on_the_line
from node.simulation.nodes.logs import heard_by
from node.simulation.nodes.plan import GOOD, Crash, Partition, Plan
from node.simulation.nodes.run import Run
from node.simulation.outcome import Outcome

EPOCH_BLOCKS = 1_000
"""No epoch ends within a run."""


def calm(
    size: int, seconds: int, *, crashes: Sequence[Crash] = (), partitions: Sequence[Partition] = ()
) -> Plan:
    """So many validators alike, and nothing else."""
    return Plan(
        seed=1,
        seconds=seconds,
        size=size,
        newcomers=0,
        followers=0,
        villains={},
        bonds=(1_000,) * size,
        epoch_blocks=EPOCH_BLOCKS,
        conditions=GOOD,
        slow={},
        sync_ms_max=(4,) * size,
        skew_ms=(0,) * size,
        crashes=tuple(crashes),
        partitions=tuple(partitions),
        changes=(),
        transfer_ms=1_000,
    )


def cut(size: int, off: Collection[int]) -> frozenset[tuple[int, int]]:
    """The connections, both ways, between some and the others."""
    return frozenset((a, b) for a in range(size) for b in range(size) if (a in off) != (b in off))


def lines_of(plan: Plan) -> list[str]:
    """Let it all happen, with nothing found; all that is shown."""
    lines: list[str] = []
    run = Run(plan, Outcome(seed=plan.seed, sim_seconds=plan.seconds), lines.append)
    with on_the_line(), heard_by(run.trace):
        clockwork.run(plan.seed, run.main)
    assert run.outcome.is_good, run.outcome
    return lines
