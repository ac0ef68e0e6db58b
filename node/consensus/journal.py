"""The journal: what consensus must remember before it speaks, as an append-only log of opaque records.

A vote leaves a validator only when the journal holds it, so that no restart can make the validator say
something else. The file:

    header   magic (8, its last byte the format) ++ genesis hash (32) ++ public key (48) ++ CRC-32 (4)
    frame    length (u32) ++ CRC-32 of the frame's offset (u64) and length ++ records ++ CRC-32 ++ END
    record   length (u32) ++ bytes

A frame is what one `append` wrote: all of it or nothing is read back. Numbers are little-endian.

A power cut tears the end of a file: it is short, or it has its length and zeros where its end should be. Such
a frame was never synced, nothing was said because of it, and it is cut off. Every frame ends with a byte that
is not zero, and every length has a checksum of its own, so a torn frame can be told from a damaged one, also
in the last place. Damage means that a vote may be forgotten: `JournalCorrupted`, and nothing is signed. That
holds on file systems that note a file's length no earlier than its bytes (ext4 and XFS as they come, btrfs,
ZFS, APFS).

A write that failed leaves a file of which nothing is known, however the next one goes: after `JournalFailed`
the journal does no more, and the process is to stop.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zlib import crc32

from node.consensus.disk import NEW, Disk, File, replace

MAGIC: Final = b"BLSTJNL"
FORMAT: Final = 1
GENESIS_BYTES: Final = 32
PUBLIC_BYTES: Final = 48
HEADER_BYTES: Final = len(MAGIC) + 1 + GENESIS_BYTES + PUBLIC_BYTES + 4

NUMBER_BYTES: Final = 4
FRAME_HEAD_BYTES: Final = 2 * NUMBER_BYTES
END: Final = b"\xa5"
FRAME_TAIL_BYTES: Final = NUMBER_BYTES + len(END)

FRAME_BYTES_MAX: Final = 32 << 20
"""The most that one `append` takes: a block of the largest size, and votes."""
JOURNAL_BYTES_MAX: Final = 512 << 20
"""How long a journal may become: it is read whole."""
REWRITE_BYTES_MIN: Final = 4 << 20
"""Below this size, no journal is worth writing anew."""

_TOO_LONG: Final = f"it would be longer than {JOURNAL_BYTES_MAX} bytes"

log = logging.getLogger("journal")


class JournalError(Exception):
    """The journal of a validator cannot be used, and nothing may be signed without it."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class JournalCorrupted(JournalError):
    """The disk does not hold what was written."""

    def __init__(self, path: Path, offset: int, what: str) -> None:
        super().__init__(
            path,
            f"the journal {path} is damaged at byte {offset} ({what}): votes may be forgotten, so nothing is "
            "signed; move it away, and the validator starts anew, after a wait for its old votes to be past",
        )
        self.offset = offset
        self.what = what


class JournalForeign(JournalError):
    """The journal belongs to something else."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(path, f"the journal {path} is {what}: start with its own, or with none")
        self.what = what


class JournalFailed(JournalError):
    """The disk did not take what was to be remembered."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            path,
            f"the journal {path} cannot be kept ({what}): the validator stops, since it may say only what it "
            "remembers",
        )
        self.what = what


class Journal:
    """One validator's on one chain, open for appending. All calls block; raises JournalFailed."""

    def __init__(self, disk: Disk, path: Path, header: bytes, file: File, size_bytes: int) -> None:
        self.path = path
        self.size_bytes = size_bytes
        self._disk = disk
        self._header = header
        self._file = file
        self._rewritten_bytes = size_bytes
        self._failure: str | None = None

    @classmethod
    def open(
        cls, disk: Disk, path: Path, *, genesis_hash: bytes, public: bytes
    ) -> tuple[Journal, list[bytes] | None]:
        """The journal and the records in it; no list when there was no journal, and one has been begun.

        Raises JournalCorrupted, JournalForeign and JournalFailed.
        """
        header = header_of(genesis_hash, public)
        try:
            data = disk.read(path, JOURNAL_BYTES_MAX)
            if data is None:
                disk.make_folder(path.parent)
                return cls(disk, path, header, replace(disk, path, header), len(header)), None
            records, end = read_records(path, data, genesis_hash, public)
            disk.remove(path.with_name(path.name + NEW))
            file = disk.open(path)
            if end < len(data):
                log.warning("%s: the last %d bytes, torn by a crash, are cut off", path, len(data) - end)
                file.truncate(end)
                file.sync()
        except OSError as error:
            raise JournalFailed(path, _reason(error)) from None
        return cls(disk, path, header, file, end), records

    @property
    def wants_rewrite(self) -> bool:
        """Whether it has doubled since it was last written whole."""
        return self.size_bytes > max(REWRITE_BYTES_MIN, 2 * self._rewritten_bytes)

    @property
    def has_failed(self) -> bool:
        """Whether it does no more."""
        return self._failure is not None

    def append(self, records: Sequence[bytes]) -> None:
        """Write records at the end, together; durable after `sync`."""
        self._check()
        frame = frame_of(self.size_bytes, records)
        if self.size_bytes + len(frame) > JOURNAL_BYTES_MAX:
            raise self._failed(_TOO_LONG)
        try:
            self._file.append(frame)
        except OSError as error:
            raise self._failed(_reason(error)) from None
        self.size_bytes += len(frame)

    def sync(self) -> None:
        """Return when all that was appended is durable."""
        self._check()
        try:
            self._file.sync()
        except OSError as error:
            raise self._failed(_reason(error)) from None

    def rewrite(self, records: Sequence[bytes]) -> None:
        """Begin anew with these records alone, durably: whatever happens, the old ones or these are there."""
        self._check()
        data = bytearray(self._header)
        for record in records:
            data += frame_of(len(data), (record,))
        if len(data) > JOURNAL_BYTES_MAX:
            raise self._failed(_TOO_LONG)
        old = self._file
        try:
            self._file = replace(self._disk, self.path, bytes(data))
            old.close()
        except OSError as error:
            raise self._failed(_reason(error)) from None
        self.size_bytes = self._rewritten_bytes = len(data)

    def close(self) -> None:
        """Let go of the file. What was not synced may be lost."""
        self._failure = self._failure or "it is closed"
        self._file.close()

    def _check(self) -> None:
        if self._failure is not None:
            raise JournalFailed(self.path, self._failure)

    def _failed(self, reason: str) -> JournalFailed:
        self._failure = reason
        return JournalFailed(self.path, reason)


# The file's bytes.


def header_of(genesis_hash: bytes, public: bytes) -> bytes:
    """How a journal begins."""
    assert len(genesis_hash) == GENESIS_BYTES
    assert len(public) == PUBLIC_BYTES
    said = MAGIC + bytes((FORMAT,)) + genesis_hash + public
    return said + _number(crc32(said))


def frame_of(offset: int, records: Sequence[bytes]) -> bytes:
    """Records as they stand at `offset`. Raises ValueError when they are too long for one frame."""
    payload = b"".join(part for record in records for part in (_number(len(record)), record))
    if len(payload) > FRAME_BYTES_MAX:
        raise ValueError(f"one append takes {FRAME_BYTES_MAX} bytes, not {len(payload)}")
    head = _head(offset, _number(len(payload)))
    return b"".join((head, payload, _number(crc32(payload, crc32(head))), END))


def read_records(path: Path, data: bytes, genesis_hash: bytes, public: bytes) -> tuple[list[bytes], int]:
    """The records of a journal's bytes, and where they end: what follows, if anything does, is torn.

    Raises JournalCorrupted and JournalForeign.
    """
    _check_header(path, data[:HEADER_BYTES], genesis_hash, public)
    records: list[bytes] = []
    offset = HEADER_BYTES
    while offset < len(data):
        frame = _frame_at(data, offset)
        if frame is None:
            if _is_torn(data, offset):
                break
            raise JournalCorrupted(path, offset, "a checksum does not fit")
        records += _split(frame)
        offset += FRAME_HEAD_BYTES + len(frame) + FRAME_TAIL_BYTES
    return records, offset


def _check_header(path: Path, found: bytes, genesis_hash: bytes, public: bytes) -> None:
    wanted = header_of(genesis_hash, public)
    if found == wanted:
        return
    said = found[:-NUMBER_BYTES]
    if len(found) < HEADER_BYTES or found[-NUMBER_BYTES:] != _number(crc32(said)):
        raise JournalCorrupted(path, 0, "its header does not fit its checksum")
    place = len(MAGIC)
    if found[:place] != MAGIC or found[place] != FORMAT:
        raise JournalForeign(path, f"of format {found[: place + 1]!r}, and this version reads {FORMAT}")
    if found[place + 1 :][:GENESIS_BYTES] != genesis_hash:
        raise JournalForeign(path, f"of the chain with genesis 0x{found[place + 1 :][:GENESIS_BYTES].hex()}")
    raise JournalForeign(path, f"of the key 0x{said[-PUBLIC_BYTES:].hex()}")


def _frame_at(data: bytes, offset: int) -> bytes | None:
    """The records' bytes of the whole frame that begins here; None when none does."""
    head = data[offset : offset + FRAME_HEAD_BYTES]
    if len(head) < FRAME_HEAD_BYTES or head != _head(offset, head[:NUMBER_BYTES]):
        return None
    start = offset + FRAME_HEAD_BYTES
    stop = start + int.from_bytes(head[:NUMBER_BYTES], "little")
    payload = data[start:stop]
    if data[stop : stop + FRAME_TAIL_BYTES] != _number(crc32(payload, crc32(head))) + END:
        return None
    return payload


def _is_torn(data: bytes, offset: int) -> bool:
    """Whether a frame that is not whole is the end of a write that was never finished."""
    head = data[offset : offset + FRAME_HEAD_BYTES]
    if len(head) < FRAME_HEAD_BYTES:
        return True
    if head == _head(offset, head[:NUMBER_BYTES]):
        length = int.from_bytes(head[:NUMBER_BYTES], "little")
        if offset + FRAME_HEAD_BYTES + length + FRAME_TAIL_BYTES > len(data):
            return True
    if data[-1]:
        return False
    written = len(data.rstrip(b"\0"))
    return all(_frame_at(data, later) is None for later in range(offset + 1, written))


def _split(payload: bytes) -> list[bytes]:
    """The records in a frame that fits its checksum."""
    records: list[bytes] = []
    place = 0
    while place < len(payload):
        start = place + NUMBER_BYTES
        place = start + int.from_bytes(payload[place:start], "little")
        records.append(payload[start:place])
    return records


def _head(offset: int, length: bytes) -> bytes:
    """How a frame at `offset` begins; the offset tells it from a copy of a frame that stood elsewhere."""
    return length + _number(crc32(offset.to_bytes(8, "little") + length))


def _number(value: int) -> bytes:
    return value.to_bytes(NUMBER_BYTES, "little")


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
