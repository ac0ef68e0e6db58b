"""One node as a process of its own: started, told to stop by the end of its input, killed when it does not.

What it says, on both of its outputs, is appended to its log. It has a session of its own, so that a Ctrl-C
meant for the whole network does not reach it twice; and it ends when this process does, however that comes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import trio

from node.localnet.errors import NodeEnded, NotReady

STOP_SECONDS_MAX: Final = 15.0
"""How long a node may take to close its database."""
READY_SECONDS_MAX: Final = 120.0
"""How long it may take to answer calls: many of them start at once, on as many cores as there are."""
POLL_SECONDS: Final = 0.05
TAIL_BYTES_MAX: Final = 16_384
"""How much of a log is looked at for its last line."""
LIMITED: Final = """
import os, resource, sys
size = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
os.execv(sys.argv[2], sys.argv[2:])
"""
"""What a process does first whose files shall not grow beyond a size."""


class Ready(msgspec.Struct, frozen=True, rename="camel"):
    """What a node says of itself when it answers."""

    ws: str
    http: str
    genesis_hash: str
    pid: int


class NodeProcess:
    """A running node; made by `begin`."""

    def __init__(self, name: str, process: trio.Process, log: Path, ready_file: Path) -> None:
        self.name = name
        self.log = log
        self.began = trio.current_time()
        self._process = process
        self._ready_file = ready_file

    @classmethod
    async def begin(
        cls,
        name: str,
        command: Sequence[str],
        log: Path,
        ready_file: Path,
        *,
        file_bytes_max: int | None = None,
    ) -> NodeProcess:
        """Start it. With `file_bytes_max` no file of it grows beyond that size, as on a full disk.

        Raises OSError.
        """
        await trio.Path(ready_file).unlink(missing_ok=True)
        if file_bytes_max is not None:
            command = [sys.executable, "-c", LIMITED, str(file_bytes_max), *command]
        with log.open("ab") as sink:
            process = await trio.lowlevel.open_process(
                command,
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return cls(name, process, log, ready_file)

    @property
    def pid(self) -> int:
        """By what the system knows it."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.returncode

    async def ready(self, seconds: float = READY_SECONDS_MAX) -> Ready:
        """What it says of itself once it answers. Raises NodeEnded and NotReady."""
        try:
            with trio.fail_after(seconds):
                while not await trio.Path(self._ready_file).exists():
                    if self._process.poll() is not None:
                        raise self.ended()
                    await trio.sleep(POLL_SECONDS)
                return msgspec.json.decode(await trio.Path(self._ready_file).read_bytes(), type=Ready)
        except trio.TooSlowError:
            raise NotReady(self.name, seconds, self.log) from None

    async def wait(self) -> int:
        """How it ended, when it does."""
        return await self._process.wait()

    async def stop(self, seconds: float = STOP_SECONDS_MAX) -> None:
        """End its input and wait; kill it when it takes longer."""
        assert self._process.stdin is not None
        with trio.CancelScope(shield=True):
            await self._process.stdin.aclose()
            with trio.move_on_after(seconds):
                await self._process.wait()
            await self.kill()

    async def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        with trio.CancelScope(shield=True):
            self._process.kill()  # which is nothing to a process that is over
            await self._process.wait()

    def ended(self) -> NodeEnded:
        """That it ended, with the last it said."""
        return NodeEnded(self.name, self.status or 0, self.last_words())

    def last_words(self) -> str:
        """The last line of its log, as people read it; empty when there is none."""
        with self.log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL_BYTES_MAX))
            lines = file.read(TAIL_BYTES_MAX).decode(errors="replace").split("\n")
        return next((_words(line) for line in reversed(lines) if line.strip()), "")


def _words(line: str) -> str:
    """A line of JSON as the event that it tells of, any other as it is."""
    try:
        said: Any = msgspec.json.decode(line)
        return str(said["event"])
    except (msgspec.DecodeError, LookupError, TypeError):
        return line.strip()
