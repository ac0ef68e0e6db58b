"""A database in memory that forgets: at a crash, of what was not synced the last writes are lost.

As RocksDB's write-ahead log it keeps the order of writes: what survives is what was synced and some of the
batches after it, the first ones, each whole. No thread, no file, no dice but those given to `crash`:
simulations replay on it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, TypeAlias

from node.storage.columns import Column
from node.storage.database import Batch
from node.storage.errors import StorageFull, StorageUnusable

Rows: TypeAlias = dict[Column, dict[bytes, bytes]]
Write: TypeAlias = tuple[Column, bytes, bytes | None]
"""Where, which key, and its value; None for none."""


class MemoryBatch:
    """Puts and deletions in the order in which they came."""

    def __init__(self) -> None:
        self.writes: list[Write] = []

    def put(self, key: bytes, value: bytes, handle: Any, /) -> None:
        self.writes.append((handle, key, value))

    def delete(self, key: bytes, handle: Any, /) -> None:
        self.writes.append((handle, key, None))


class MemoryDatabase:
    """A `Database`; `crash` is the power cut."""

    path = "memory"

    def __init__(self) -> None:
        self.writes_left: int | None = None
        """How many writes it takes before it is full; None for any number."""
        self.refused = 0
        """How many it did not take."""
        self._rows: Rows = {column: {} for column in Column}
        self._unsynced: list[list[Write]] = []
        """For each batch since the last sync what undoes it, last write first."""
        self._is_open = True

    def crash(self, random: Random) -> MemoryDatabase:
        """Cut the power, and let it come back: the database as it is found then. This one is dead."""
        kept = random.randint(0, len(self._unsynced))
        for undo in reversed(self._unsynced[kept:]):
            self._apply(undo)
        del self._unsynced[kept:]
        return self.reopen()

    def reopen(self) -> MemoryDatabase:
        """The database as the next process finds it; this one is dead."""
        found = MemoryDatabase()
        found._rows, found._unsynced = self._rows, self._unsynced
        self._rows, self._unsynced = {}, []
        self._is_open = False
        return found

    def rows(self, column: Column) -> Mapping[bytes, bytes]:
        """What a column holds, as a reader sees it."""
        return MappingProxyType(self._rows[column])

    # node.storage.database.Database

    def get(self, column: Column, key: bytes, /) -> bytes | None:
        self._check_open()
        return self._rows[column].get(key)

    def keys(self, column: Column, prefix: bytes = b"", after: bytes | None = None, /) -> Iterator[bytes]:
        self._check_open()
        keys = sorted(self._rows[column])
        first = bisect_left(keys, prefix)
        if after is not None:
            first = max(first, bisect_right(keys, after))
        last = bisect_right(keys, prefix, first, key=lambda key: key[: len(prefix)])
        return iter(keys[first:last])

    def handle(self, column: Column, /) -> Column:
        return column

    def batch(self) -> Batch:
        return MemoryBatch()

    def write(self, batch: Batch, /, *, sync: bool) -> None:
        assert isinstance(batch, MemoryBatch)
        self._check_open()
        if self.writes_left is not None:
            if self.writes_left <= 0:
                self.refused += 1
                raise StorageFull(self.path, "it was told to be")
            self.writes_left -= 1
        self._unsynced.append(self._apply(batch.writes))
        if sync:
            self.flush()

    def flush(self) -> None:
        self._check_open()
        self._unsynced.clear()

    def close(self) -> None:
        self._is_open = False

    def _apply(self, writes: list[Write]) -> list[Write]:
        """Do writes; what undoes them."""
        undo: list[Write] = []
        for column, key, value in writes:
            rows = self._rows[column]
            undo.append((column, key, rows.get(key)))
            if value is None:
                rows.pop(key, None)
            else:
                rows[key] = value
        undo.reverse()
        return undo

    def _check_open(self) -> None:
        if not self._is_open:
            raise StorageUnusable(self.path, "it is closed")
