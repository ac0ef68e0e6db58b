"""Many lives, in as many processes as wanted: a life depends on its promise and seed alone."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Generator, Sequence

from node.economy.anchor.life import Life, live
from node.economy.anchor.promises import Promise

LIFE_SECONDS_MAX = 3_600
"""A life that takes longer has lost its process."""
Task = tuple[Promise, int, int]


def lives_of(promises: Sequence[Promise], seeds: range, months: int, *, jobs: int) -> Generator[Life]:
    """Every promise in the market of every seed, seed by seed, each as soon as it and those before are over.
    Closed early, it ends its processes.
    """
    tasks: list[Task] = [(promise, seed, months) for seed in seeds for promise in promises]
    if jobs == 1:
        yield from map(_live, tasks)
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(min(jobs, len(tasks)), initializer=_leave_interrupts) as pool:
        found = pool.imap(_live, tasks)
        for _ in tasks:
            yield found.next(timeout=LIFE_SECONDS_MAX)


def _live(task: Task) -> Life:
    promise, seed, months = task
    return live(promise, seed, months=months)


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that shows the figures; it ends this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
