"""Signatures verified in a process of their own, beside the node that executes.

The native verifiers hold the interpreter's lock, so only another process leaves this one free. Two faces
over one pipe: `await verify(items)` gathers what concurrent callers bring while the process is busy; `submit`
and `collect` let code that may not wait in between overlap execution with verification. Whenever there is no
process (not started, lost, or no such thing on this system) the same answers come from this one.
"""

from __future__ import annotations

import logging
import marshal
import os
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Final

import trio

from node.mempool.worker import LENGTH_BYTES, Item, check, pack

if sys.platform == "linux":
    from fcntl import F_SETPIPE_SZ, fcntl

log = logging.getLogger(__name__)

CHUNK_MAX: Final = 250
"""Signatures in one frame: about 10 ms of work."""
FRAMES_AHEAD: Final = 2
"""Frames of the gathering face that the process holds at once, so that it never runs dry."""
FRAMES_MAX: Final = 128
"""Frames on their way; their answers together fit in a pipe, so that neither side can block the other."""
BACKLOG_MAX: Final = 10_000
"""Signatures that wait for the gathering face before callers must."""
RESTARTS_MAX: Final = 5
PIPE_BYTES: Final = 1 << 20
READ_BYTES: Final = 1 << 16
STOP_SECONDS_MAX: Final = 2.0
COMMAND: Final = ("-m", "node.mempool.worker")


class Ticket:
    """Signatures handed in together, and what became of them."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self._results: list[bool] = []
        self._done: trio.Event | None = None

    @property
    def results(self) -> list[bool] | None:
        """Whether each signature holds, in order; None while some are unknown."""
        return self._results if len(self._results) == len(self.items) else None

    def add(self, results: Iterable[bool]) -> None:
        self._results.extend(results)
        if self._done is not None and self.results is not None:
            self._done.set()

    async def wait(self) -> list[bool]:
        """The results, once they are known."""
        if self.results is None:
            self._done = self._done or trio.Event()
            await self._done.wait()
        return self._results


class Frame:
    """A part of a ticket, or of several, on its way to the process."""

    __slots__ = ("items", "shares")

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.shares: list[tuple[Ticket, int]] = []

    def add(self, ticket: Ticket, items: Sequence[Item]) -> None:
        self.items.extend(items)
        self.shares.append((ticket, len(items)))

    def settle(self, results: Sequence[bool]) -> None:
        """Give each ticket its share."""
        at = 0
        for ticket, count in self.shares:
            ticket.add(results[at : at + count])
            at += count


class Verifier:
    """Verifies signatures in a process, or inline when there is none."""

    def __init__(self, *, command: Sequence[str] = COMMAND) -> None:
        """`command` are the arguments to this Python that make the process."""
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._input = bytearray()
        self._sent: deque[Frame] = deque()
        self._waiting: deque[Frame] = deque()
        self._backlog = 0
        self._room = trio.Event()
        self._restarts = 0
        self._running = False

    def __enter__(self) -> Verifier:
        """Start it for code that runs outside of Trio."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process, or None when verification is inline."""
        return self._process.pid if self._process else None

    # The face that does not wait in between.

    def submit(self, items: Sequence[Item]) -> Ticket:
        """Hand in signatures; they are verified in order of arrival."""
        ticket = Ticket(items)
        for start in range(0, len(items), CHUNK_MAX):
            frame = Frame()
            frame.add(ticket, items[start : start + CHUNK_MAX])
            while len(self._sent) >= FRAMES_MAX:
                self._read()
            self._send(frame)
        return ticket

    def collect(self, ticket: Ticket) -> list[bool]:
        """The results of a ticket that `submit` gave, blocking until they are known."""
        while (results := ticket.results) is None:
            self._read()
        return results

    # The face for Trio's tasks.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Keep a process, and read its answers, until cancelled."""
        self.start()
        self._running = True
        task_status.started()
        try:
            while True:
                process = self._process
                if process is None or process.stdout is None:
                    await trio.sleep_forever()
                try:
                    await trio.lowlevel.wait_readable(process.stdout)
                except trio.ClosedResourceError:
                    continue
                if self._process is process:
                    self._read()
        finally:
            self._running = False
            self.close()

    async def verify(self, items: Sequence[Item]) -> list[bool]:
        """Whether each signature holds."""
        if not self._running or self._process is None:
            await trio.lowlevel.checkpoint()
            return check(items)
        while self._backlog >= BACKLOG_MAX:
            await self._room.wait()
        ticket = Ticket(items)
        for start in range(0, len(items), CHUNK_MAX):
            self._gather(ticket, items[start : start + CHUNK_MAX])
        self._flush()
        return await ticket.wait()

    def _gather(self, ticket: Ticket, items: Sequence[Item]) -> None:
        if not self._waiting or len(self._waiting[-1].items) + len(items) > CHUNK_MAX:
            self._waiting.append(Frame())
        self._waiting[-1].add(ticket, items)
        self._backlog += len(items)

    def _flush(self) -> None:
        while self._waiting and len(self._sent) < FRAMES_AHEAD:
            frame = self._waiting.popleft()
            self._backlog -= len(frame.items)
            self._send(frame)
        if self._backlog < BACKLOG_MAX and self._room.statistics().tasks_waiting:
            self._room.set()
            self._room = trio.Event()

    # The pipe.

    def start(self) -> None:
        """Start the process, unless it runs."""
        if self._process is not None or os.name != "posix":
            return
        self._process = subprocess.Popen(
            [sys.executable, "-P", *self._command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            process_group=0,
        )
        if sys.platform == "linux" and self._process.stdin is not None:
            fcntl(self._process.stdin, F_SETPIPE_SZ, PIPE_BYTES)

    def close(self) -> None:
        """Stop the process; what is still on its way is answered inline."""
        self._end()
        self._answer_inline()

    def _send(self, frame: Frame) -> None:
        self._sent.append(frame)
        process = self._process
        if process is None or process.stdin is None:
            self._answer_inline()
            return
        data = memoryview(pack(marshal.dumps(frame.items)))
        try:
            while data:
                data = data[process.stdin.write(data) :]
        except BrokenPipeError:
            self._lost()

    def _read(self) -> None:
        """Take what the process has answered, blocking until there is something."""
        process = self._process
        if process is None or process.stdout is None:
            self._answer_inline()
            return
        data = process.stdout.read(READ_BYTES)
        if not data:
            self._lost()
            return
        self._input += data
        while len(self._input) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._input[:LENGTH_BYTES], "little")
            if len(self._input) < end:
                break
            self._sent.popleft().settle([byte == 1 for byte in self._input[LENGTH_BYTES:end]])
            del self._input[:end]
        self._flush()

    def _lost(self) -> None:
        """The process has died: answer for it, and start another, but not for ever."""
        status = self._end()
        again = self._restarts < RESTARTS_MAX
        then = "starting another" if again else "verifying in the node from now on"
        log.warning("the verifier process ended with status %s; %s", status, then)
        if again:
            self._restarts += 1
            self.start()
        self._answer_inline()

    def _end(self) -> int | None:
        process, self._process = self._process, None
        self._input.clear()
        if process is None:
            return None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                if self._running:
                    trio.lowlevel.notify_closing(pipe)
                pipe.close()
        try:
            return process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()

    def _answer_inline(self) -> None:
        """Answer what the process owed, and whatever waits if there is no other process."""
        while self._sent:
            frame = self._sent.popleft()
            frame.settle(check(frame.items))
        self._flush()


class VerifiedSet:
    """Proofs found good, bounded: the newest stay."""

    def __init__(self, most: int = 1 << 15) -> None:
        self._most = most
        self._proofs: dict[Item, None] = {}

    def __len__(self) -> int:
        return len(self._proofs)

    def __contains__(self, proof: object) -> bool:
        return proof in self._proofs

    def add(self, proof: Item) -> None:
        """Remember that this proof holds."""
        self._proofs.pop(proof, None)
        self._proofs[proof] = None
        if len(self._proofs) > self._most:
            del self._proofs[next(iter(self._proofs))]
