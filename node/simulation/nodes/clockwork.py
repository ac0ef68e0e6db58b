"""Clockwork: Trio runs that are the same each time, under a clock that jumps from one event to the next.

Trio shuffles its scheduler on purpose, so that nobody relies on an order. Seeding the shuffle alone does not
repeat a run: what is shuffled is the content of a set. With deterministic scheduling each batch of tasks is
ordered by age before it is shuffled. Both names are private to Trio, whose version is locked, and are touched
here alone; the test that runs a seed twice, in two processes, watches over them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final, TypeVar

import trio
import trio.testing
from trio._core import _run as scheduler  # pyright: ignore[reportPrivateUsage]

T = TypeVar("T")

BATCHES_MAX: Final = 200_000
"""Batches of tasks within one simulated second: more, and time stands still."""


DETERMINISTIC: Final = "_ALLOW_DETERMINISTIC_SCHEDULING"


class Livelock(Exception):
    """Tasks keep each other busy, and time does not pass."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"at {seconds:.3f} s tasks have run {BATCHES_MAX} times within a second")
        self.seconds = seconds


class _Watchman(trio.abc.Instrument):
    """Cancels a run in which time stands still."""

    def __init__(self) -> None:
        self.scope = trio.CancelScope()
        self._second = 0
        self._batches = 0

    def before_io_wait(self, timeout: float) -> None:
        now = int(trio.current_time())
        if now != self._second:
            self._second, self._batches = now, 0
        self._batches += 1
        if self._batches > BATCHES_MAX:
            self.scope.cancel()


def run(seed: int, main: Callable[[], Awaitable[T]]) -> T:
    """The result of `main`, in a Trio run that depends on the seed and on `main` alone. Raises Livelock."""
    watchman = _Watchman()

    async def watched() -> T:
        with watchman.scope:
            return await main()
        raise Livelock(trio.current_time())

    with _deterministic(seed):
        return trio.run(watched, clock=trio.testing.MockClock(autojump_threshold=0), instruments=[watchman])


@contextmanager
def _deterministic(seed: int) -> Generator[None]:
    """Let Trio order its batches by age, and shuffle them by a seed; and leave Trio as it was."""
    dice, names = scheduler._r, scheduler.__dict__  # pyright: ignore[reportPrivateUsage]
    state, before = dice.getstate(), names[DETERMINISTIC]
    names[DETERMINISTIC] = True
    dice.seed(seed)
    try:
        yield
    finally:
        names[DETERMINISTIC] = before
        dice.setstate(state)
