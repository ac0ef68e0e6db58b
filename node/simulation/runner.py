"""The runner: many seeds, in one process or several, the findings the same; and their sum."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from node.simulation.outcome import Outcome
from node.simulation.tiers import simulate_of

AHEAD_MAX: Final = 8
"""Seeds for each process that are given out before the first of them is done."""


class ResumeError(Exception):
    """A file of finished seeds does not belong to this run; says why."""


@dataclass(slots=True)
class Summary:
    """What all seeds together found."""

    tier: int
    seeds: int = 0
    sim_seconds: int = 0
    blocks: int = 0
    safety_violations: int = 0
    liveness_failures: int = 0
    cpu_seconds: float = 0.0
    failed: list[Outcome] = field(default_factory=list[Outcome])
    _hash: hashlib.blake2b = field(default_factory=lambda: hashlib.blake2b(digest_size=16))

    def add(self, outcome: Outcome) -> None:
        """One more seed, in the seeds' order."""
        self.seeds += 1
        self.sim_seconds += outcome.sim_seconds
        self.blocks += outcome.blocks
        self.safety_violations += len(outcome.safety)
        self.liveness_failures += len(outcome.liveness)
        self.cpu_seconds += outcome.cpu_seconds
        self._hash.update(f"{outcome.seed}:{outcome.trace_hash};".encode())
        if not outcome.is_good:
            self.failed.append(outcome)

    @property
    def trace_hash(self) -> str:
        """The hash of all traces: equal runs have equal ones."""
        return self._hash.hexdigest()


def run_seeds(
    tier: int,
    seeds: range,
    seconds: int,
    *,
    jobs: int = 1,
    resume: Path | None = None,
    progress: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Run the seeds and add up. With `resume`, what that file has is not run again, and it gets what is new.

    Raises UnknownTier and ResumeError.
    """
    simulate_of(tier)
    summary = Summary(tier)
    done = Done(resume, tier, seconds)
    fresh = _run(tier, [seed for seed in seeds if seed not in done.outcomes], seconds, jobs)
    for seed in seeds:
        outcome = done.outcomes.get(seed)
        if outcome is None:
            outcome = next(fresh)
            done.add(outcome)
        summary.add(outcome)
        progress(summary)
    return summary


def _run(tier: int, seeds: list[int], seconds: int, jobs: int) -> Iterator[Outcome]:
    run = partial(run_seed, tier, seconds)
    if jobs == 1 or len(seeds) < 2:
        yield from map(run, seeds)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(seeds)), context, initializer=_end_with_parent) as pool:
        waiting: deque[Future[Outcome]] = deque()
        for seed in seeds:
            if len(waiting) >= jobs * AHEAD_MAX:
                yield waiting.popleft().result()
            waiting.append(pool.submit(run, seed))
        while waiting:
            yield waiting.popleft().result()


def _end_with_parent() -> None:
    """Let this process end when the one that gives it work has ended, in whatever way."""
    parent = multiprocessing.parent_process()
    assert parent is not None, "a process that works for another one"

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, name="waits for the parent's end", daemon=True).start()


def run_seed(tier: int, seconds: int, seed: int) -> Outcome:
    """Run one seed. What nobody expected passes through, with a note how to see it again."""
    try:
        return simulate_of(tier)(seed, seconds)
    except BaseException as error:
        error.add_note(f"seed {seed}: see it again with `{replay(tier, seed, seconds)}`")
        raise


def replay(tier: int, seed: int, seconds: int) -> str:
    """The command that runs one seed again, everything shown."""
    which = "" if tier == 1 else f" --tier {tier}"
    return f"ballast vopr{which} --first-seed {seed} --seeds 1 --seconds {seconds} --trace"


class Done:
    """The seeds that a file says are done: a line for what is run, then a line for each."""

    def __init__(self, file: Path | None, tier: int, seconds: int) -> None:
        self._file = file
        self._head = msgspec.json.encode({"tier": tier, "seconds": seconds})
        self.outcomes = {} if file is None else self._read(file)

    def _read(self, file: Path) -> dict[int, Outcome]:
        """What it has; what was cut off while it was written is written anew. Raises ResumeError."""
        whole = file.read_bytes() if file.exists() else b""
        head, *lines = whole.split(b"\n")
        if whole and head != self._head:
            raise ResumeError(f"{file} is of another run: it begins with {head[:80]!r}")
        try:
            found = [msgspec.json.decode(line, type=Outcome) for line in lines[:-1]]
        except msgspec.DecodeError as error:
            raise ResumeError(f"{file} is damaged: {error}") from None
        file.write_bytes(whole[: whole.rfind(b"\n") + 1] or self._head + b"\n")
        return {each.seed: each for each in found}

    def add(self, outcome: Outcome) -> None:
        """One more is done."""
        if self._file is not None:
            with self._file.open("ab") as out:
                out.write(msgspec.json.encode(outcome) + b"\n")
