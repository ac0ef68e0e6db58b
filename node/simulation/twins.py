"""Twins: one validator of four runs twice with one key, and partitions are enumerated, not drawn.

After Bano et al., "Twins: BFT Systems Made Robust" (OPODIS 2021): whoever equivocates, forgets or votes late
behaves like two honest nodes with one key that do not know each other. In each of the first views the five
nodes are split in two; a message about a view goes between those alone who are together in it. After a while
all hear each other, and the chain must go on. Each validator in turn is the one with a twin, so that its
turn to lead falls on each of the views.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from node.consensus.messages import AnyMessage, Bodies, Need, Proposal, Proved, Status, Voted, Want
from node.simulation.agreement import Run
from node.simulation.network import Station
from node.simulation.outcome import Outcome, Violation
from node.simulation.scenarios import quiet_plan

SIZE: Final = 4
NODES: Final = SIZE + 1
SPLITS: Final = tuple(side for side in range(1 << SIZE) if side == 0 or side >> (SIZE - 1))
"""The ways to part five nodes in two that part the twins, which are the first and the last, and the way that
parts nobody. A bit says which of the last four is apart from the first.
"""
HELD_MS: Final = 12_000
"""How long the splits hold; then everything passes."""
SECONDS: Final = 60
"""How long a run may take to go on."""
BLOCKS: Final = 5
"""Final blocks after which it has."""


def scenarios(views: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Every validator with a twin, and every row of splits of so many views."""
    for place in range(SIZE):
        for splits in product(SPLITS, repeat=views):
            yield place, splits


def run(place: int, splits: tuple[int, ...]) -> list[Violation]:
    """One scenario: which rules were violated, and whether the chain went on."""
    outcome = Outcome(0, SECONDS)
    it = Run(quiet_plan(SIZE, SECONDS, {place: "twins"}), outcome)
    numbers = _numbers(it, place)

    def passes(source: Station, target: Station, message: AnyMessage) -> bool:
        view = view_of(message)
        if it.world.loop.now_ms > HELD_MS or view is None or not 1 <= view <= len(splits):
            return True
        side = splits[view - 1] << 1
        return side >> numbers[source] & 1 == side >> numbers[target] & 1

    it.world.network.passes = passes
    it.begin()
    honest = [host for host in it.world.hosts if host.is_honest]
    for second in range(SECONDS):
        it.world.loop.run(1_000 * (second + 1))
        if outcome.safety or all(host.store.head.number >= BLOCKS for host in honest):
            return outcome.safety
    heights = [host.store.head.number for host in honest]
    return [*outcome.safety, Violation("NoProgress", f"heights {heights}", it.world.loop.now_ms)]


def _numbers(it: Run, place: int) -> dict[Station, int]:
    """The nodes' numbers: the twins are the first and the last."""
    first, last = (host for host in it.world.hosts if host.place == place)
    others = [host for host in it.world.hosts if host.place != place]
    return {host: number for number, host in enumerate([first, *others, last])}


def view_of(message: AnyMessage) -> int | None:
    """The view that a message is about; None for one that is about none or many."""
    match message:
        case Voted(vote) | Proposal(_, vote):
            return vote.statement.view
        case Proved(certificate):
            return certificate.statement.view
        case Need() | Want() | Bodies() | Status():
            return None
