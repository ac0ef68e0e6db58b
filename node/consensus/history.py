"""The signing history: the journal and the guard of one validator on one chain, kept together.

In its folder lie

    journal      what consensus recorded, and a mark for each statement that was signed
    guard.json   the latest of those marks as an interchange file, with what was imported

A mark is written beside the records of the step that it belongs to, so one sync makes both durable.
`guard.json` follows when the journal is written anew and when it is closed, and may lag behind it: whoever
asks what was signed reads both. It stands when the journal is lost or damaged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from node.consensus.disk import Disk, replace
from node.consensus.guard import Guard, Mark
from node.consensus.interchange import (
    FILE_BYTES_MAX,
    InterchangeError,
    read_interchange,
    write_interchange,
)
from node.consensus.journal import (
    JOURNAL_BYTES_MAX,
    Journal,
    JournalError,
    JournalFailed,
    JournalForeign,
    read_records,
)
from runtime.scale import DecodeError, codec_of
from runtime.simplex import Statement

JOURNAL: Final = "journal"
GUARD: Final = "guard.json"

_RECORD: Final = b"\x00"
_MARK: Final = b"\x01"
_FLOOR: Final = b"\x02"
_WHOLE: Final = b"\x03"
"""What a record of the journal begins with: the shell's own, a statement signed, a floor of the guard; and
the word that the key signed nothing before that is not noted.
"""

_MARKS: Final = codec_of(Mark)


def history_folder(base_path: Path, chain_id: str, public: bytes) -> Path:
    """Where a node keeps the history of a key on a chain: apart from the key, whose backups must not hold an
    old one.
    """
    return base_path / "chains" / chain_id / "consensus" / public.hex()


class GuardUnreadable(JournalError):
    """The file that says what was signed cannot be used."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            path,
            f"the guard file {path} cannot be used ({what}): put back a copy, or import it again from where "
            "the key was at work last",
        )
        self.what = what


class RecordUnreadable(JournalError):
    """The journal is whole, and holds what this program does not understand."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            path,
            f"the journal {path} holds a record that this version cannot read ({what}): start the version "
            "that wrote it",
        )
        self.what = what


class SigningHistory:
    """Open for signing, by one task. All calls but `commit` and `compact` block. Raises JournalError."""

    def __init__(self, disk: Disk, folder: Path, genesis_hash: bytes, public: bytes) -> None:
        """Open what is in the folder, or begin it."""
        self._disk = disk
        self._path = folder / GUARD
        self._names = genesis_hash, public
        self._saved: tuple[Mark, ...] = _read_guard(disk, self._path, genesis_hash, public)
        self._journal, found = Journal.open(disk, folder / JOURNAL, genesis_hash=genesis_hash, public=public)
        self.guard, self.records = _restore(folder / JOURNAL, genesis_hash, self._saved, found or [])
        self.is_whole = any(record[:1] in (_MARK, _WHOLE) for record in found or [])
        """Whether the journal has all that the key signed, as far as anybody vouched for it: a key signs only
        then, so marks say so as well.
        """
        self._unwritten: list[bytes] = []
        """Marks that no append has taken yet."""

    @property
    def journal_path(self) -> Path:
        """The file of the journal."""
        return self._path.with_name(JOURNAL)

    def permit(self, statement: Statement) -> None:
        """Ask the guard. The mark goes with the next `append`. Raises DoubleSign."""
        mark = self.guard.permit(statement)
        if mark is not None:
            self._unwritten.append(_MARK + _MARKS.encode(mark))

    def append(self, records: Sequence[bytes]) -> None:
        """Write records, and the marks of what was permitted since the last time."""
        self._journal.append([*self._unwritten, *(_RECORD + each for each in records)])
        self._unwritten.clear()

    def sync(self) -> None:
        """Return when all that was appended is durable."""
        self._journal.sync()

    async def commit(self, records: Sequence[bytes]) -> None:
        """Remember, durably: what was permitted may be said once this returns."""
        self.append(records)
        await self._disk.run(self.sync)

    async def vouch(self) -> None:
        """Note, durably, that the key has signed nothing that is not noted here."""
        if not self.is_whole:
            self._journal.append([_WHOLE])
            await self._disk.run(self.sync)
            self.is_whole = True

    @property
    def wants_rewrite(self) -> bool:
        """Whether the journal has grown enough to be worth writing anew."""
        return self._journal.wants_rewrite

    def rewrite(self, records: Sequence[bytes]) -> None:
        """Keep these records alone, durably, and all that the guard knows."""
        self._journal.rewrite(
            [
                *([_WHOLE] if self.is_whole else []),
                *(_FLOOR + _MARKS.encode(mark) for mark in self.guard.floors),
                *(_MARK + _MARKS.encode(mark) for mark in self.guard.signed),
                *(_RECORD + each for each in records),
            ]
        )
        self._unwritten.clear()
        self._save()

    async def compact(self, records: Sequence[bytes]) -> None:
        """`rewrite`, where it holds up nothing else."""
        await self._disk.run(lambda: self.rewrite(records))

    def close(self) -> None:
        """Make all durable, and let go of the files. A journal that failed is left as it is."""
        try:
            if not self._journal.has_failed:
                self.sync()
                self._save()
        finally:
            self._journal.close()

    def _save(self) -> None:
        if self.guard.highest != self._saved:
            self._saved = self.guard.highest
            save_guard(self._disk, self._path.parent, self.guard, *self._names)


def load_guard(disk: Disk, folder: Path, genesis_hash: bytes, public: bytes) -> Guard:
    """What was signed, as the files in the folder say; they stay as they are. Raises JournalError."""
    path = folder / JOURNAL
    floors = _read_guard(disk, folder / GUARD, genesis_hash, public)
    try:
        data = disk.read(path, JOURNAL_BYTES_MAX)
    except OSError as error:
        raise JournalFailed(path, error.strerror or str(error)) from None
    found = [] if data is None else read_records(path, data, genesis_hash, public)[0]
    return _restore(path, genesis_hash, floors, found)[0]


def begin_history(
    disk: Disk, folder: Path, genesis_hash: bytes, public: bytes, last: Iterable[Mark] = ()
) -> Guard:
    """Note, durably and on somebody's word, that a key has signed nothing later than what is noted in the
    folder or was signed `last`. What the guard knows now. Raises JournalError.
    """
    history = SigningHistory(disk, folder, genesis_hash, public)
    try:
        for mark in last:
            history.guard.raise_floor(mark)
        history.is_whole = True
        history.rewrite(history.records)
    finally:
        history.close()
    return history.guard


def save_guard(disk: Disk, folder: Path, guard: Guard, genesis_hash: bytes, public: bytes) -> None:
    """Write the guard file, durably. Raises JournalFailed."""
    path = folder / GUARD
    try:
        disk.make_folder(folder)
        replace(disk, path, write_interchange(genesis_hash, public, guard.highest)).close()
    except OSError as error:
        raise JournalFailed(path, error.strerror or str(error)) from None


def _read_guard(disk: Disk, path: Path, genesis_hash: bytes, public: bytes) -> tuple[Mark, ...]:
    try:
        data = disk.read(path, FILE_BYTES_MAX)
        return () if data is None else read_interchange(data, genesis_hash, public)
    except OSError as error:
        raise GuardUnreadable(path, error.strerror or str(error)) from None
    except InterchangeError as error:
        raise GuardUnreadable(path, str(error)) from None


def _restore(
    path: Path, genesis_hash: bytes, floors: Sequence[Mark], found: Sequence[bytes]
) -> tuple[Guard, list[bytes]]:
    """The guard, and the records that are not the guard's."""
    guard = Guard(genesis_hash)
    records: list[bytes] = []
    for record in found:
        tag, rest = record[:1], record[1:]
        try:
            if tag == _RECORD:
                records.append(rest)
            elif tag == _MARK:
                guard.remember(_MARKS.decode(rest))
            elif tag == _FLOOR:
                guard.raise_floor(_MARKS.decode(rest))
            elif tag == _WHOLE:
                continue
            else:
                raise JournalForeign(path, f"of a version with records of the kind 0x{tag.hex()}")
        except DecodeError as error:
            raise JournalForeign(path, f"of a version with other marks ({error})") from None
    for mark in floors:
        guard.raise_floor(mark)
    return guard, records
