"""The workbench: what a provider has made and keeps, products in threads and jobs in processes of their own.

Products live in memory until their window is counted. Receipts are noted in the provider's own folder, so
that an agent that is started again delivers what it has done; a lock in the same folder refuses a second
agent with the same key.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import trio

from node.provider.challenge import Work
from node.provider.jobs.spec import InvalidSpec, parse_spec
from node.provider.quote import job_work
from node.provider.shelf import Shelf, ShelfError
from node.provider.worker import base_of
from pallets.attestation.probe import Task

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

WORKER: Final = ("-P", "-m", "node.provider.worker")
JOB_SECONDS_MAX: Final = 600.0
"""A job that takes longer is given up."""


class JobFailed(Exception):
    """A job came to no receipt."""


class AlreadyRuns(Exception):
    """Another agent runs with the same key."""


class Workbench:
    """One provider's; a context manager that holds the lock. Raises `AlreadyRuns` and `ShelfError`."""

    def __init__(self, folder: Path, shelf: Shelf, make: Callable[[Task], Work] = Work) -> None:
        self.shelf = shelf
        self._folder = folder
        self._make = make
        self._lock: IO[bytes] | None = None
        self._works: dict[bytes, Work] = {}
        self._costs: dict[bytes, int] = {}
        self._receipts: dict[bytes, bytes] = {}

    def __enter__(self) -> Workbench:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = (self._folder / "lock").open("wb")
        except OSError as error:
            raise ShelfError(
                f"the provider's folder {self._folder} cannot be used: {error.strerror}"
            ) from None
        try:
            lock(self._lock)
        except OSError:
            self._lock.close()
            raise AlreadyRuns(f"another agent runs with this key: it holds {self._folder / 'lock'}") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()

    # node.provider.plan.Hands

    def work(self, task: Task) -> Work | None:
        return self._works.get(task.seed)

    def job_work(self, job: bytes) -> int | None:
        if job not in self._costs:
            try:
                spec = parse_spec(self.shelf.get(job))
                base_of(spec, self.shelf)
            except (ShelfError, InvalidSpec):
                return None
            self._costs[job] = job_work(spec)
        return self._costs[job]

    def receipt(self, job: bytes) -> bytes | None:
        if job not in self._receipts:
            try:
                noted = bytes.fromhex(self._note(job).read_text(encoding="ascii"))
            except (OSError, ValueError):
                return None
            if noted not in self.shelf:
                return None
            self._receipts[job] = noted
        return self._receipts[job]

    # Working.

    async def multiply(self, task: Task, limiter: trio.CapacityLimiter) -> None:
        """Make the product of a task, in a thread."""
        self._works[task.seed] = await trio.to_thread.run_sync(
            self._make, task, limiter=limiter, abandon_on_cancel=True
        )

    async def run(self, job: bytes, limiter: trio.CapacityLimiter) -> None:
        """Do a job, in a process of its own. Raises `JobFailed`."""
        command = (sys.executable, *WORKER, str(self.shelf.folder), job.hex())
        try:
            async with limiter:
                with trio.fail_after(JOB_SECONDS_MAX):
                    done = await trio.run_process(
                        command,
                        stdin=subprocess.DEVNULL,
                        capture_stdout=True,
                        capture_stderr=True,
                        check=False,
                    )
        except trio.TooSlowError:
            raise JobFailed(f"the job was not done in {JOB_SECONDS_MAX:g} s") from None
        last = done.stdout.decode(errors="replace").splitlines()[-1:]
        word, _, digest = (last[0] if last else "").partition(" ")
        if done.returncode or word != "receipt":
            said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
            raise JobFailed(said[0] if said else f"the job's process ended with status {done.returncode}")
        self._receipts[job] = bytes.fromhex(digest)
        note = self._note(job)
        try:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(digest, encoding="ascii")
        except OSError as error:
            raise JobFailed(f"the job is done, and {note} cannot be written: {error.strerror}") from None

    def keep_only(self, tasks: Iterable[Task]) -> None:
        """Forget the products of windows that are over."""
        seeds = {task.seed for task in tasks}
        for seed in [seed for seed in self._works if seed not in seeds]:
            del self._works[seed]

    def _note(self, job: bytes) -> Path:
        return self._folder / "receipts" / job.hex()


def lock(file: IO[bytes]) -> None:
    """Hold a file for this process until it is closed. Raises OSError when another holds it."""
    if sys.platform == "win32":
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def cores() -> int:
    """How many products are made at once: half the cores, one at least."""
    return max(1, (os.cpu_count() or 1) // 2)
