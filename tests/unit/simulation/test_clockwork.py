"""Clockwork: the same seed is the same run of Trio, another one another, and Trio is left as it was."""

from __future__ import annotations

import gc
import random
from collections import Counter

import pytest
import trio
from trio._core import _run as scheduler

from node.simulation.nodes import clockwork
from node.simulation.nodes.clockwork import DETERMINISTIC, DICE, GARBAGE_MIN, Livelock

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


def test_every_order_is_as_likely() -> None:
    async def order() -> tuple[int, ...]:
        turns: list[int] = []

        async def run(number: int) -> None:
            turns.append(number)

        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(run, number)
        return tuple(turns)

    orders = Counter(clockwork.run(seed, order) for seed in range(600))
    assert len(orders) == 6
    assert all(60 < count < 140 for count in orders.values())


def test_time_passes_as_fast_as_nothing_happens() -> None:
    async def main() -> float:
        await trio.sleep(80_000)
        return trio.current_time()

    assert clockwork.run(0, main) == 80_000


def test_trio_is_left_as_it_was() -> None:
    names = scheduler.__dict__
    before = names[DETERMINISTIC], names[DICE], names[DICE].getstate(), gc.get_threshold()

    async def fail() -> None:
        assert names[DETERMINISTIC]
        assert gc.get_threshold()[0] == GARBAGE_MIN
        raise ValueError("found")

    with pytest.raises(ValueError, match=r"^found$"):
        clockwork.run(7, fail)
    assert before == (names[DETERMINISTIC], names[DICE], names[DICE].getstate(), gc.get_threshold())


def test_alarms_ring_at_their_time_in_the_order_of_asking() -> None:
    rung: list[tuple[float, str]] = []

    def ring(name: str) -> None:
        rung.append((trio.current_time(), name))
        if name == "again":
            clockwork.alarm(trio.current_time(), lambda: ring("at once"))

    async def main() -> None:
        for when, name in ((3.5, "c"), (1, "a"), (1, "again"), (1, "b"), (9, "never")):
            clockwork.alarm(when, lambda name=name: ring(name))
        woken = trio.Event()
        clockwork.alarm(2.25, woken.set)
        await woken.wait()
        rung.append((trio.current_time(), "woken"))
        await trio.sleep_until(3.5)
        rung.append((trio.current_time(), "slept"))

    clockwork.run(0, main)
    assert rung == [
        (1, "a"),
        (1, "again"),
        (1, "b"),
        (1, "at once"),
        (2.25, "woken"),
        (3.5, "c"),
        (3.5, "slept"),
    ]


def test_tasks_that_wait_for_each_other_are_found() -> None:
    async def main() -> None:
        await trio.sleep(2.25)
        await trio.Event().wait()

    with pytest.raises(Livelock, match=r"^at 2\.250 s every task waits for another one$"):
        clockwork.run(0, main)


def test_time_that_stands_still_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clockwork, "READINGS_MAX", 500)

    async def main() -> None:
        await trio.sleep(2.25)
        while True:
            await trio.lowlevel.checkpoint()

    with pytest.raises(Livelock, match=r"^at 2\.250 s the clock was read 500 times within a second$"):
        clockwork.run(0, main)
