"""The disk as the journal sees it: files that grow, names that change at once, and when either is durable.

Everything that consensus keeps goes through a `Disk`, so that a simulation can run the same code on a disk
that forgets (`node.consensus.memory_disk`). What a `Disk` promises is what POSIX promises: bytes appended are
durable once the file is synced; a file's name, new or changed, once its folder is.

All calls block and raise `OSError`. `run` is the one door to threads: the real disk does blocking work in
one, the simulated disk at once.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

import trio

FILE_MODE: Final = 0o600
"""Only the owner reads and writes."""
FOLDER_MODE: Final = 0o700
NEW: Final = ".new"
"""What a file's name ends with while it is being written."""


class File(Protocol):
    """An open file that grows at its end."""

    def append(self, data: bytes, /) -> None: ...
    def truncate(self, length: int, /) -> None: ...
    def sync(self) -> None:
        """Return when all that was appended would survive a power cut."""
        ...

    def close(self) -> None: ...


class Disk(Protocol):
    """Files by their paths."""

    def read(self, path: Path, bytes_max: int, /) -> bytes | None:
        """A file's content, or None when there is no such file. Raises OSError when it is longer."""
        ...

    def open(self, path: Path, /) -> File:
        """A file to be appended to, made when it is not there."""
        ...

    def make_folder(self, path: Path, /) -> None:
        """A folder that survives a power cut, with those that lead to it."""
        ...

    def rename(self, old: Path, new: Path, /) -> None:
        """Give a file another name, in place of the file that has it now."""
        ...

    def remove(self, path: Path, /) -> None:
        """Remove a file, if it is there."""
        ...

    def sync_folder(self, path: Path, /) -> None:
        """Return when the names of the files in a folder would survive a power cut."""
        ...

    async def run(self, job: Callable[[], None], /) -> None:
        """Do blocking work where it holds up nothing else."""
        ...


def replace(disk: Disk, path: Path, data: bytes) -> File:
    """Write a whole file in place of the one with this name: whatever happens, one of the two is there.

    The new one, durable, comes back open.
    """
    new = path.with_name(path.name + NEW)
    disk.remove(new)
    file = disk.open(new)
    try:
        file.append(data)
        file.sync()
        disk.rename(new, path)
        disk.sync_folder(path.parent)
    except OSError:
        file.close()
        raise
    return file


class RealFile:
    """A file of the operating system."""

    def __init__(self, path: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        self._number = os.open(path, flags | getattr(os, "O_BINARY", 0), FILE_MODE)

    def append(self, data: bytes, /) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._number, rest) :]

    def truncate(self, length: int, /) -> None:
        os.ftruncate(self._number, length)

    def sync(self) -> None:
        _sync_data(self._number)

    def close(self) -> None:
        os.close(self._number)


class RealDisk:
    """The operating system's."""

    def read(self, path: Path, bytes_max: int, /) -> bytes | None:
        try:
            with path.open("rb") as file:
                data = file.read(bytes_max + 1)
        except FileNotFoundError:
            return None
        if len(data) > bytes_max:
            raise OSError(errno.EFBIG, f"it is longer than {bytes_max} bytes", str(path))
        return data

    def open(self, path: Path, /) -> File:
        return RealFile(path)

    def make_folder(self, path: Path, /) -> None:
        missing: list[Path] = []
        while not path.is_dir():
            missing.append(path)
            path = path.parent
        for folder in reversed(missing):
            folder.mkdir(FOLDER_MODE, exist_ok=True)
            self.sync_folder(folder.parent)

    def rename(self, old: Path, new: Path, /) -> None:
        os.replace(old, new)

    def remove(self, path: Path, /) -> None:
        path.unlink(missing_ok=True)

    def sync_folder(self, path: Path, /) -> None:
        if os.name == "nt":  # Windows opens no folders, and writes names at once
            return
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)

    async def run(self, job: Callable[[], None], /) -> None:
        await trio.to_thread.run_sync(job)


_sync_data: Final = getattr(os, "fdatasync", os.fsync)
"""Times of access are not worth a second write; not every system knows the difference."""
