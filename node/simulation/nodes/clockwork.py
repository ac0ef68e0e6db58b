"""Clockwork: Trio runs that are the same each time, under a clock that jumps from one event to the next.

Trio shuffles its scheduler on purpose, so that nobody relies on an order. Seeding the shuffle alone does not
repeat a run: what is shuffled is the content of a set. With deterministic scheduling each batch of tasks is
ordered by age before it is shuffled. Both names are private to Trio, whose version is locked, and are touched
here alone; the test that runs a seed twice, in two processes, watches over them.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from heapq import heappop, heappush
from random import Random
from typing import Any, Final, TypeVar

import trio
from trio._core import _run as scheduler  # pyright: ignore[reportPrivateUsage]

T = TypeVar("T")

READINGS_MAX: Final = 1_000_000
"""How often the clock is read within one simulated second at most: more, and time stands still."""
GARBAGE_MIN: Final = 20_000
"""New objects between two collections of garbage. Little of what a run makes are circles."""

DETERMINISTIC: Final = "_ALLOW_DETERMINISTIC_SCHEDULING"
DICE: Final = "_r"


class Livelock(Exception):
    """Tasks keep each other busy, or wait for each other, and time does not pass."""

    def __init__(self, seconds: float, why: str) -> None:
        super().__init__(f"at {seconds:.3f} s {why}")
        self.seconds = seconds


class Clock(trio.abc.Clock):
    """Simulated seconds: they jump when no task can run. Cancels a run in which they stand still.

    Trio's deadlines end scopes; an alarm does a job. It costs a tenth of a deadline, and there is one for
    each chunk that goes over the network.
    """

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        """What runs under the clock."""
        self.stands_still = ""
        """Why it was cancelled."""
        self._now = 0.0
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []
        self._alarms_set = 0
        self._readings = 0
        """How often it was read in this second."""
        self._second_end = 1.0

    def alarm(self, when: float, job: Callable[[], None]) -> None:
        """Have a job done at a time. At one time they are done in the order in which they were asked for."""
        self._alarms_set += 1
        heappush(self._alarms, (when, self._alarms_set, job))

    def silence(self) -> None:
        """Let no alarm ring any more."""
        self._alarms.clear()

    def _stop(self, why: str) -> None:
        self.stands_still = why
        self.scope.cancel()

    # What Trio asks.

    def start_clock(self) -> None:
        """It runs by itself."""

    def current_time(self) -> float:
        """Now."""
        self._readings += 1
        if self._readings == READINGS_MAX:
            self._stop(f"the clock was read {READINGS_MAX} times within a second")
        return self._now

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Trio asks it when no task can run: then the next deadline or alarm is now."""
        alarms = self._alarms
        then = min(deadline, alarms[0][0]) if alarms else deadline
        if then == math.inf:
            self._stop("every task waits for another one")
        elif then > self._now:
            self._now = then
            if then >= self._second_end:
                self._second_end, self._readings = then + 1, 0
        while alarms and alarms[0][0] <= self._now:
            _, _, job = heappop(alarms)
            job()
        return 0


class _Dice(Random):
    """Shuffles as evenly as Python's, and faster."""

    def shuffle(self, x: Any) -> None:
        for last in range(len(x) - 1, 0, -1):
            other = int(self.random() * (last + 1))
            x[last], x[other] = x[other], x[last]


def run(seed: int, main: Callable[[], Awaitable[T]]) -> T:
    """The result of `main`, in a Trio run that depends on the seed and on `main` alone. Raises Livelock."""
    clock = Clock()

    async def watched() -> T:
        try:
            with clock.scope:
                return await main()
        finally:
            clock.silence()
        raise Livelock(trio.current_time(), clock.stands_still)

    with _deterministic(seed), _little_collected():
        return trio.run(watched, clock=clock)


def alarm(when: float, job: Callable[[], None]) -> None:
    """A `node.network.memory.Alarm` of the present run."""
    clock = trio.lowlevel.current_clock()
    assert isinstance(clock, Clock), "the run is one of the clockwork's"
    clock.alarm(when, job)


@contextmanager
def _deterministic(seed: int) -> Generator[None]:
    """Let Trio order its batches by age, and shuffle them by a seed; and leave Trio as it was."""
    names = scheduler.__dict__
    before = names[DICE], names[DETERMINISTIC]
    names[DICE], names[DETERMINISTIC] = _Dice(seed), True
    try:
        yield
    finally:
        names[DICE], names[DETERMINISTIC] = before


@contextmanager
def _little_collected() -> Generator[None]:
    """Let garbage be looked for seldom: it takes time, and changes nothing."""
    before = gc.get_threshold()
    gc.set_threshold(GARBAGE_MIN, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
