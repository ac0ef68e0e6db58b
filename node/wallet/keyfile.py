"""Files of secrets: read within bounds, written whole or not at all, over nothing, for their owner alone."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

KEYFILE_BYTES_MAX: Final = 64 << 10
"""The longest file that is read: far above any key's."""
FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700


class KeyfileError(Exception):
    """A key's file cannot be used; one line that says why, and never quotes a secret."""


class InvalidKeyfile(KeyfileError):
    """A file that is not what it should be."""


class WrongPassword(KeyfileError):
    """The password opens nothing."""

    def __init__(self, message: str = "the password is wrong") -> None:
        super().__init__(message)


class KeyExists(KeyfileError):
    """Something has this name already; it was left as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already, and no key is ever overwritten: choose another name")
        self.path = path


def read_file(path: Path) -> bytes:
    """A key's file. Raises KeyfileError."""
    try:
        with path.open("rb") as file:
            data = file.read(KEYFILE_BYTES_MAX + 1)
    except OSError as error:
        raise KeyfileError(f"{path} cannot be read: {error.strerror}") from None
    if len(data) > KEYFILE_BYTES_MAX:
        raise InvalidKeyfile(f"{path} is longer than {KEYFILE_BYTES_MAX} bytes: it is no key's file")
    return data


def write_file(path: Path, data: bytes) -> None:
    """A new file, durable. Raises KeyExists and KeyfileError."""
    new = _beside(path)
    try:
        _write(new, data)
        try:
            os.link(new, path)  # which, unlike a renaming, replaces nothing
        finally:
            new.unlink()
        _sync_folder(path.parent)
    except FileExistsError:
        raise KeyExists(path) from None
    except OSError as error:
        raise KeyfileError(f"{path} cannot be written: {error.strerror}") from None


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """A new folder with all of these files, durable. Raises KeyExists and KeyfileError."""
    new = _beside(folder)
    try:
        folder.parent.mkdir(FOLDER_MODE, parents=True, exist_ok=True)
        new.mkdir(FOLDER_MODE)
        for name, data in files.items():
            _write(new / name, data)
        _sync_folder(new)
        new.rename(folder)  # which replaces no folder that holds anything
        _sync_folder(folder.parent)
    except OSError as error:
        shutil.rmtree(new, ignore_errors=True)
        if error.errno in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR) and folder.exists():
            raise KeyExists(folder) from None
        raise KeyfileError(f"{folder} cannot be written: {error.strerror}") from None


def _beside(path: Path) -> Path:
    """A name in the same folder that nothing else has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}")


def _write(path: Path, data: bytes) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), FILE_MODE)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            path.unlink()
        raise


def _sync_folder(path: Path) -> None:
    if os.name == "nt":  # Windows opens no folders, and writes names at once
        return
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
