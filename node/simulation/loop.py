"""The loop: what happens when, in virtual milliseconds; equals in the order in which they were asked for."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, Final, TypeAlias

JOBS_MAX: Final = 100_000
"""Jobs that one call of `run` does at most."""

Job: TypeAlias = Callable[..., None]


class Loop:
    """A queue of jobs by time."""

    __slots__ = ("_count", "_queue", "now_ms")

    def __init__(self) -> None:
        self.now_ms = 0
        self._count = 0
        self._queue: list[tuple[int, int, Job, tuple[Any, ...]]] = []

    def after(self, delay_ms: int, job: Job, *given: Any) -> None:
        """Call `job(*given)` in so many milliseconds."""
        self._count += 1
        heapq.heappush(self._queue, (self.now_ms + delay_ms, self._count, job, given))

    def run(self, until_ms: int) -> int:
        """Let time pass up to a moment; how many jobs were done. Time stands still after `JOBS_MAX`."""
        queue = self._queue
        pop = heapq.heappop
        done = 0
        while queue and queue[0][0] <= until_ms:
            self.now_ms, _, job, given = pop(queue)
            job(*given)
            done += 1
            if done >= JOBS_MAX:
                return done
        self.now_ms = until_ms
        return done
