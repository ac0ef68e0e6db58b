"""Filling a database with one state of a chain, entry by entry in the order of the keys, before it holds any.

    entries     `add`, each time in one batch with how far it came, so that a fill that was stopped goes on
    nodes       `build`: the trie of all entries, from the first key to the last; its root must be the state's
    the end     one synced batch: the root, the height, and what the caller keeps beside; the filling is over

Until the end the database holds no chain, and says so to whoever opens it for one.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from node.storage.columns import Column
from node.storage.database import Batch, Database
from node.storage.errors import StorageCorrupted, StorageFilled
from node.storage.records import number_key, write_leaf, write_root
from node.storage.rocks import BLOCK_CACHE_BYTES, RocksDatabase
from node.storage.states import FILLING_KEY, FORMAT
from runtime.state.backend import Also, Root
from runtime.state.memory import FIRST_ID
from runtime.trie import Builder, Leaf, StateVersion

LABEL_BYTES_MAX: Final = 255
BATCH_KEYS_MAX: Final = 4_096
"""Keys of one batch while a trie is built, or an old filling is removed."""


class Stage(enum.IntEnum):
    """How far a filling is."""

    Clearing = 0
    """What another one left is being removed."""
    Filling = 1
    """Entries are coming."""
    Full = 2
    """All entries are here."""


class Filling:
    """One database, from empty to a chain's state."""

    def __init__(self, database: Database) -> None:
        """Raises StorageFilled when the database holds a chain already."""
        if database.get(Column.META, b"format") is not None:
            raise StorageFilled(database.path)
        self.database = database
        self.label = b""
        """What is being filled in, as the caller named it; empty when nothing is."""
        self.last: bytes | None = None
        """The last key that is here."""
        self.stage = Stage.Clearing
        record = database.get(Column.META, FILLING_KEY)
        if record is not None:
            self._read(record)

    @classmethod
    def open(cls, path: Path | str, *, cache_bytes: int = BLOCK_CACHE_BYTES) -> Filling:
        """Open or create the database at `path`. Raises a StorageError."""
        database = RocksDatabase(path, cache_bytes=cache_bytes)
        try:
            return cls(database)
        except BaseException:
            database.close()
            raise

    def begin(self, label: bytes) -> Iterator[int]:
        """Fill in something: go on if it is what was begun, else remove what is here. Each step is a batch,
        and gives how many keys it removed.
        """
        assert 0 < len(label) <= LABEL_BYTES_MAX
        if self.label != label:
            self.label, self.last = label, None
            self._enter(Stage.Clearing)
        if self.stage == Stage.Clearing:
            for column in (Column.STATE, Column.NODES, Column.LEAVES):
                yield from self._clear(column)
            self._enter(Stage.Filling)

    def add(self, entries: Sequence[Leaf], *, is_last: bool) -> None:
        """The next entries, in the order of their keys, and whether there are no more."""
        assert self.stage == Stage.Filling, "begin comes first, and the last entries come once"
        batch = self.database.batch()
        handle = self.database.handle(Column.STATE)
        for key, value in entries:
            assert self.last is None or key > self.last, "entries come in the order of their keys"
            batch.put(key, value, handle)
            self.last = key
        if is_last:
            self.stage = Stage.Full
        self._note(batch)
        self.database.write(batch, sync=is_last)

    def put(self, rows: Also) -> None:
        """Keep something beside, durably: true whatever becomes of the filling."""
        batch = self.database.batch()
        self._put(batch, rows)
        self.database.write(batch, sync=True)

    def build(
        self, root: bytes, height: int, also: Also = (), *, version: StateVersion = StateVersion.V1
    ) -> Iterator[int]:
        """Build the trie and end the filling: the state at `height`, whose root is `root`, and `also`.

        Each step is a batch, and gives how many entries it took. Raises StorageCorrupted when the entries are
        not those of the root.
        """
        assert self.stage == Stage.Full, "a trie is built of all entries"
        database, builder = self.database, Builder(FIRST_ID, version)
        taken = 0
        for key in database.keys(Column.STATE):
            value = database.get(Column.STATE, key)
            assert value is not None, "nobody else writes"
            builder.add(key, value)
            taken += 1
            if taken == BATCH_KEYS_MAX:
                self._write_nodes(builder)
                yield taken
                taken = 0
        builder.finish()
        self._write_nodes(builder)
        if builder.root != root:
            raise StorageCorrupted(
                database.path, f"its entries have the root 0x{builder.root.hex()}, not 0x{root.hex()}"
            )
        batch = database.batch()
        meta = database.handle(Column.META)
        record = write_root(Root(root, builder.top, builder.next_id))
        batch.put(number_key(height), record, database.handle(Column.ROOTS))
        batch.put(b"format", FORMAT, meta)
        batch.put(b"height", number_key(height), meta)
        batch.put(b"next_id", number_key(builder.next_id), meta)
        batch.delete(FILLING_KEY, meta)
        self._put(batch, also)
        database.write(batch, sync=True)
        # What chain this is must not hang on the write-ahead log alone.
        database.flush()
        yield taken

    def close(self) -> None:
        """Release the database; what was begun can be gone on with."""
        self.database.close()

    def _write_nodes(self, builder: Builder) -> None:
        batch = self.database.batch()
        handle = self.database.handle(Column.NODES)
        for id, (_, record) in builder.branches.items():
            batch.put(number_key(id), record, handle)
        handle = self.database.handle(Column.LEAVES)
        for id, leaf in builder.leaves.items():
            batch.put(number_key(id), write_leaf(leaf), handle)
        self.database.write(batch, sync=False)
        builder.branches.clear()
        builder.leaves.clear()

    def _put(self, batch: Batch, rows: Also) -> None:
        for column, key, value in rows:
            handle = self.database.handle(Column(column))
            if value is None:
                batch.delete(key, handle)
            else:
                batch.put(key, value, handle)

    def _clear(self, column: Column) -> Iterator[int]:
        batch, count = self.database.batch(), 0
        handle = self.database.handle(column)
        for key in self.database.keys(column):
            batch.delete(key, handle)
            count += 1
            if count == BATCH_KEYS_MAX:
                self.database.write(batch, sync=False)
                yield count
                batch, count = self.database.batch(), 0
        self.database.write(batch, sync=False)

    def _enter(self, stage: Stage) -> None:
        self.stage = stage
        batch = self.database.batch()
        self._note(batch)
        self.database.write(batch, sync=True)

    # The record: stage u8, length of the label u8, label, and if there is one u8 1 and the last key.

    def _note(self, batch: Batch) -> None:
        record = bytes((self.stage, len(self.label))) + self.label
        if self.last is not None:
            record += b"\x01" + self.last
        batch.put(FILLING_KEY, record, self.database.handle(Column.META))

    def _read(self, record: bytes) -> None:
        end = 2 + record[1] if len(record) >= 2 else 0
        if not 2 < end <= len(record) or record[0] > max(Stage):
            raise StorageCorrupted(self.database.path, "damaged record of a filling")
        self.stage = Stage(record[0])
        self.label = record[2:end]
        self.last = record[end + 1 :] if len(record) > end else None
