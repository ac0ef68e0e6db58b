"""A disk in memory that forgets: at a crash, what was not synced is lost from some moment on, torn or whole.

No thread, no call of the operating system, no dice but those given to `crash`: simulations replay on it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, TypeAlias

import trio

from node.consensus.disk import File

SECTOR_BYTES: Final = 512
"""What a disk writes wholly or not at all."""
ZEROS_SHARE: Final = 0.25
"""How often, at a crash, the file system has noted a file's new length and not its new content."""


@dataclass(slots=True)
class Inode:
    """A file's content, under whichever name."""

    synced: bytes = b""
    """What survives a crash for sure."""
    data: bytearray = field(default_factory=bytearray)
    """What a reader sees."""

    def crash(self, random: Random) -> None:
        """Keep a random part of what was not synced: a prefix, with or without zeros where the rest was."""
        if self.data.startswith(self.synced):
            kept = random.randint(len(self.synced), len(self.data))
            if kept < len(self.data) and random.random() < ZEROS_SHARE:
                kept -= min(kept % SECTOR_BYTES, kept - len(self.synced))
                self.data[kept:] = bytes(len(self.data) - kept)
            else:
                del self.data[kept:]
        else:  # the file was cut and has grown since: old bytes come back where new ones are lost
            kept = random.randint(0, len(self.data))
            self.data[kept:] = self.synced[kept:]
        self.synced = bytes(self.data)


Names: TypeAlias = dict[Path, Inode]
Change: TypeAlias = Callable[[Names], object]


class MemoryDisk:
    """A `Disk`; `crash` is the power cut."""

    def __init__(self, bytes_max: int | None = None) -> None:
        """`bytes_max`: how much it holds before it is full."""
        self.bytes_max = bytes_max
        self.is_failing = False
        """Whether the next sync fails, as a dying disk's does."""
        self._names: Names = {}
        self._durable_names: Names = {}
        self._changes: list[tuple[Path, Change]] = []
        """Changes of names that no sync of their folder has made durable yet, each with its folder."""
        self._crashes = 0

    def crash(self, random: Random) -> None:
        """Cut the power, and let it come back. Files that are open now are dead."""
        self.kill()
        for _, change in self._changes[: random.randint(0, len(self._changes))]:
            change(self._durable_names)
        self._changes.clear()
        self._names = dict(self._durable_names)
        for inode in self._names.values():
            inode.crash(random)

    def kill(self) -> None:
        """Kill whoever uses it: nothing is lost, and files that are open now are dead."""
        self._crashes += 1

    # node.consensus.disk.Disk

    def read(self, path: Path, bytes_max: int, /) -> bytes | None:
        inode = self._names.get(path)
        if inode is None:
            return None
        if len(inode.data) > bytes_max:
            raise OSError(errno.EFBIG, f"it is longer than {bytes_max} bytes", str(path))
        return bytes(inode.data)

    def open(self, path: Path, /) -> File:
        if path not in self._names:
            inode = Inode()
            self._change(path.parent, lambda names: names.update({path: inode}))
        return MemoryFile(self, self._names[path], self._crashes)

    def make_folder(self, path: Path, /) -> None:
        """Nothing: a path is enough."""

    def rename(self, old: Path, new: Path, /) -> None:
        if old not in self._names:
            raise OSError(errno.ENOENT, os.strerror(errno.ENOENT), str(old))
        inode = self._names[old]
        self._change(new.parent, lambda names: (names.pop(old, None), names.update({new: inode})))

    def remove(self, path: Path, /) -> None:
        if path in self._names:
            self._change(path.parent, lambda names: names.pop(path, None))

    def sync_folder(self, path: Path, /) -> None:
        self.check_sync()
        for folder, change in self._changes:
            if folder == path:
                change(self._durable_names)
        self._changes = [each for each in self._changes if each[0] != path]

    async def run(self, job: Callable[[], None], /) -> None:
        await trio.lowlevel.checkpoint()
        job()

    def _change(self, folder: Path, change: Change) -> None:
        change(self._names)
        self._changes.append((folder, change))

    # For its files.

    @property
    def used_bytes(self) -> int:
        """How much it holds."""
        return sum(len(each.data) for each in self._names.values())

    def room(self, wanted: int) -> int:
        """How many of `wanted` bytes fit."""
        if self.bytes_max is None:
            return wanted
        return max(0, min(wanted, self.bytes_max - self.used_bytes))

    def check_sync(self) -> None:
        """Raise OSError while the disk fails."""
        if self.is_failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    def check_alive(self, crashes: int) -> None:
        """Raise OSError for a file that was opened before the last crash."""
        if crashes != self._crashes:
            raise OSError(errno.EBADF, "it was opened before the power was cut")


class MemoryFile:
    """A `File` of a `MemoryDisk`."""

    def __init__(self, disk: MemoryDisk, inode: Inode, crashes: int) -> None:
        self._disk = disk
        self._inode = inode
        self._crashes = crashes

    def append(self, data: bytes, /) -> None:
        self._disk.check_alive(self._crashes)
        room = self._disk.room(len(data))
        self._inode.data += data[:room]
        if room < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def truncate(self, length: int, /) -> None:
        self._disk.check_alive(self._crashes)
        del self._inode.data[length:]

    def sync(self) -> None:
        self._disk.check_alive(self._crashes)
        self._disk.check_sync()
        self._inode.synced = bytes(self._inode.data)

    def close(self) -> None:
        """Nothing: what was open holds no more than a name."""
