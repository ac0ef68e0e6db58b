"""Clockwork: the same seed is the same run of Trio, another one another, and Trio is left as it was."""

from __future__ import annotations

import random

import pytest
import trio
from trio._core import _run as scheduler

from node.simulation.nodes import clockwork
from node.simulation.nodes.clockwork import DETERMINISTIC, Livelock

TASKS = 12
TURNS = 20


async def race() -> list[tuple[float, int]]:
    """The order in which tasks, in every batch anew, get their turn."""
    turns: list[tuple[float, int]] = []

    async def run(number: int, dice: random.Random) -> None:
        for _ in range(TURNS):
            await trio.sleep(dice.choice([0, 0, 0.5, 3600]))
            turns.append((trio.current_time(), number))

    async with trio.open_nursery() as nursery:
        for number in range(TASKS):
            nursery.start_soon(run, number, random.Random(number))
    return turns


def test_the_same_seed_is_the_same_run() -> None:
    runs = [clockwork.run(seed, race) for seed in (1, 2, 1, 2)]
    assert runs[0] == runs[2]
    assert runs[1] == runs[3]
    assert runs[0] != runs[1], "the order is a shuffled one"


def test_time_passes_as_fast_as_nothing_happens() -> None:
    async def main() -> float:
        await trio.sleep(80_000)
        return trio.current_time()

    assert clockwork.run(0, main) == 80_000


def test_trio_is_left_as_it_was() -> None:
    before, state = scheduler.__dict__[DETERMINISTIC], scheduler._r.getstate()

    async def fail() -> None:
        assert scheduler.__dict__[DETERMINISTIC]
        raise ValueError("found")

    with pytest.raises(ValueError, match=r"^found$"):
        clockwork.run(7, fail)
    assert scheduler.__dict__[DETERMINISTIC] == before
    assert scheduler._r.getstate() == state


def test_time_that_stands_still_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clockwork, "BATCHES_MAX", 500)

    async def main() -> None:
        await trio.sleep(2.25)
        while True:
            await trio.lowlevel.checkpoint()

    with pytest.raises(Livelock, match=r"^at 2\.250 s tasks have run 500 times within a second$"):
        clockwork.run(0, main)
