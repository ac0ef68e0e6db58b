"""The shelf: a folder through which consumers and providers hand each other what the chain has only hashes
of.

Every file's name is the blake2b-256 of its bytes, so whoever carries the folder (a disk, a mirror, a web
server) can lose things and cannot forge them. Beside a receipt lies its trail: the digests of the 26 states
of the run, which the receipt's checkpoints prove, so that anybody can take one state and run one segment
again.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from node.provider.jobs.run import Finished, InvalidSegment, Segment
from node.provider.jobs.spec import CHECKPOINTS, Receipt, parse_receipt, receipt_bytes
from runtime.crypto.hashing import blake2b_256

BLOB_BYTES_MAX: Final = 4 << 20
"""The largest file that is taken from the shelf."""
TRAIL: Final = ".trail"


class ShelfError(Exception):
    """The folder does not hold what is asked for, or holds something else under its name."""


class Shelf:
    """Bytes by their hash."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder if it is not there. Raises ShelfError."""
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ShelfError(f"the jobs folder {folder} cannot be made: {error.strerror}") from None

    def put(self, data: bytes) -> bytes:
        """Lay bytes on the shelf; their hash."""
        digest = blake2b_256(data)
        if digest not in self:
            self._write(self._path(digest), data)
        return digest

    def get(self, digest: bytes) -> bytes:
        """The bytes of a hash. Raises ShelfError."""
        path = self._path(digest)
        data = self._read(path)
        if blake2b_256(data) != digest:
            raise ShelfError(f"{path} does not hold what its name says")
        return data

    def __contains__(self, digest: bytes) -> bool:
        return self._path(digest).is_file()

    # Runs.

    def put_run(self, finished: Finished) -> bytes:
        """Lay down all that a run left: states, output, trail, and last the receipt, whose hash it gives."""
        trail = [self.put(state).hex() for state in finished.states]
        self.put(finished.result.output)
        data = receipt_bytes(finished.receipt)
        self._write(self._path(blake2b_256(data), TRAIL), json.dumps(trail).encode())
        return self.put(data)

    def receipt(self, digest: bytes) -> Receipt:
        """A receipt by the hash that the chain has. Raises ShelfError and `InvalidReceipt`."""
        return parse_receipt(self.get(digest))

    def segment(self, receipt: Receipt, number: int) -> Segment:
        """The state from which a segment of a receipt can be run again. Raises ShelfError and
        `InvalidSegment`.
        """
        if not 1 <= number <= CHECKPOINTS:
            raise InvalidSegment(f"a job has the segments 1 to {CHECKPOINTS}, not {number}")
        path = self._path(blake2b_256(receipt_bytes(receipt)), TRAIL)
        return Segment(number, self.get(_trail(path, self._read(path))[number - 1]))

    # Files.

    def _path(self, digest: bytes, suffix: str = "") -> Path:
        return self.folder / (digest.hex() + suffix)

    def _read(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > BLOB_BYTES_MAX:
                raise ShelfError(f"{path} is larger than {BLOB_BYTES_MAX} bytes")
            return path.read_bytes()
        except FileNotFoundError:
            raise ShelfError(f"the jobs folder {self.folder} has no {path.name}") from None
        except OSError as error:
            raise ShelfError(f"{path}: {error.strerror}") from None

    def _write(self, path: Path, data: bytes) -> None:
        """In one step: nobody reads half a file."""
        try:
            with tempfile.NamedTemporaryFile("wb", dir=self.folder, delete=False) as file:
                try:
                    file.write(data)
                    file.close()
                    os.replace(file.name, path)
                except BaseException:
                    with suppress(OSError):
                        os.unlink(file.name)
                    raise
        except OSError as error:
            raise ShelfError(f"{path} cannot be written: {error.strerror}") from None


def _trail(path: Path, data: bytes) -> list[bytes]:
    try:
        states: Any = json.loads(data)
        found = [bytes.fromhex(each) for each in states]
    except (ValueError, TypeError):
        raise ShelfError(f"{path} is no trail of a run") from None
    if len(found) != CHECKPOINTS + 1:
        raise ShelfError(f"{path} names {len(found)} states, and a run has {CHECKPOINTS + 1}")
    return found
