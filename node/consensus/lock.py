"""The lock of a validator's key: one process signs with it, and a second one is told which.

A file that the operating system locks for as long as the process lives: no crash leaves it locked, and
nothing has to be swept away. The file stays; it names the last process that held it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Final

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

from node.consensus.disk import FILE_MODE, FOLDER_MODE

NOTE_BYTES_MAX: Final = 32
_LOCKED_BYTE: Final = 1 << 30
"""Windows locks bytes, and keeps others from reading them: one far behind the note."""


class KeyInUse(Exception):
    """Another process holds the key."""

    def __init__(self, path: Path, holder: int | None) -> None:
        who = "another process" if holder is None else f"process {holder}"
        super().__init__(
            f"the key is in use by {who}, which holds {path}: two that sign with one key are slashed, so "
            "stop that one first"
        )
        self.path = path
        self.holder = holder


class KeyLock:
    """A context manager that holds the lock. Raises KeyInUse, and OSError when the file cannot be made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._number: int | None = None

    def __enter__(self) -> KeyLock:
        self.path.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        number = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), FILE_MODE)
        try:
            if not _try_lock(number):
                raise KeyInUse(self.path, _holder(os.read(number, NOTE_BYTES_MAX)))
            os.ftruncate(number, 0)
            os.write(number, str(os.getpid()).encode())
        except BaseException:
            os.close(number)
            raise
        self._number = number
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._number is not None:
            os.close(self._number)
            self._number = None


def _holder(note: bytes) -> int | None:
    """The process that a lock's note names; None for the moment between the lock and the note."""
    return int(note) if note.isdigit() else None


def _try_lock(number: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(number, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
            os.lseek(number, 0, os.SEEK_SET)
        else:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
