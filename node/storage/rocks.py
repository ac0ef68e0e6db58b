"""RocksDB as the database: options that were measured, and errors that say what to do."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    Cache,
    ColumnFamily,
    DBCompactionStyle,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    Rdict,
    WriteBatch,
    WriteOptions,
)

from node.storage.columns import BIG, BY_ID, Column
from node.storage.database import Batch
from node.storage.errors import (
    StorageCorrupted,
    StorageError,
    StorageFull,
    StorageLocked,
    StorageUnusable,
)

if sys.platform != "win32":
    import fcntl

BLOCK_CACHE_BYTES: Final = 256 << 20
"""The block cache that all columns share, unless the caller says otherwise."""

WRITE_BUFFER_BYTES: Final = 8 << 20
"""The size at which a big column's memory table goes to disk: while it fits the processor's cache, a write
costs half of what it costs at 32 MB.
"""

LOG_AHEAD_BYTES_MAX: Final = 128 << 20
"""How long the write-ahead log may grow; without a bound, columns that are seldom written keep all of it."""

BLOOM_BITS: Final = 10
"""Bits a key of the bloom filters: about 1 % of misses are looked up in vain."""

LOG_BYTES_MAX: Final = 1 << 20
LOG_FILES_MAX: Final = 4
"""RocksDB's own log of what it did: this many files of this size."""


class RocksDatabase:
    """Column families in raw mode, opened by one process at a time."""

    def __init__(
        self, path: Path | str, *, cache_bytes: int = BLOCK_CACHE_BYTES, read_only: bool = False
    ) -> None:
        """Open or create it; with `read_only` the files stay as they are, and are not locked."""
        self.path = str(path)
        cache = Cache(cache_bytes)
        try:
            Path(path).mkdir(parents=True, exist_ok=True)
            self._rocks = Rdict(
                self.path,
                _database_options(cache),
                {column.value: _column_options(column, cache) for column in Column},
                access_type=AccessType.read_only() if read_only else AccessType.read_write(),
            )
            self._columns = {column: self._rocks.get_column_family(column.value) for column in Column}
        except Exception as error:  # noqa: BLE001 -- rocksdict raises Exception itself
            raise self._error(error) from None
        self._handles = {column: self._rocks.get_column_family_handle(column.value) for column in Column}
        self._synced, self._unsynced = WriteOptions(), WriteOptions()
        self._synced.sync = True

    def get(self, column: Column, key: bytes, /) -> bytes | None:
        try:
            return self._columns[column].get(key)
        except Exception as error:  # noqa: BLE001 -- rocksdict raises Exception itself
            raise self._error(error) from None

    def keys(self, column: Column, prefix: bytes = b"", after: bytes | None = None, /) -> Iterator[bytes]:
        # The iterator is made here, not in the generator: it must see the column as it is at the call.
        rows = self._columns[column].iter()
        rows.seek(prefix if after is None else max(prefix, after))
        return self._keys(rows, prefix, after)

    def _keys(self, rows: Any, prefix: bytes, after: bytes | None) -> Iterator[bytes]:
        while rows.valid():
            key: bytes = rows.key()
            if not key.startswith(prefix):
                return
            if key != after:
                yield key
            rows.next()
        try:
            rows.status()
        except Exception as error:  # noqa: BLE001 -- rocksdict raises Exception itself
            raise self._error(error) from None

    def handle(self, column: Column, /) -> ColumnFamily:
        return self._handles[column]

    def batch(self) -> Batch:
        return WriteBatch(raw_mode=True)

    def write(self, batch: Batch, /, *, sync: bool) -> None:
        assert isinstance(batch, WriteBatch)
        try:
            self._rocks.write(batch, self._synced if sync else self._unsynced)
        except Exception as error:  # noqa: BLE001 -- rocksdict raises Exception itself
            raise self._error(error) from None

    def flush(self) -> None:
        """Bring the memory tables to disk."""
        try:
            for column in self._columns.values():
                column.flush()
        except Exception as error:  # noqa: BLE001 -- rocksdict raises Exception itself
            raise self._error(error) from None

    def close(self) -> None:
        # A handle that is still held keeps the database open, and locked.
        self._handles.clear()
        try:
            for column in self._columns.values():
                column.close()
            self._rocks.close()
        except Exception as error:  # noqa: BLE001 -- rocksdict raises Exception itself
            raise self._error(error) from None

    def _error(self, error: Exception) -> StorageError:
        """The typed error for one of rocksdict's, which tells them apart by their text alone."""
        text = str(error)
        if "lock hold by" in text or "While lock file" in text:
            return StorageLocked(self.path)
        if "No space left" in text or "File too large" in text or "quota exceeded" in text:
            return StorageFull(self.path, _brief(text))
        if any(
            sign in text
            for sign in ("Corruption", "CURRENT", "does not exist", "No such file", "family not found")
        ):
            return StorageCorrupted(self.path, _brief(text))
        return StorageUnusable(self.path, _brief(text))


def is_locked(path: Path | str) -> bool:
    """Whether another process has the database at `path` open. Not to be asked while this one has: that would
    end its lock.
    """
    if sys.platform == "win32":
        return False
    try:
        with (Path(path) / "LOCK").open("ab") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _brief(text: str) -> str:
    """One line of RocksDB's message."""
    return " ".join(text.split())[:200]


def _database_options(cache: Cache) -> Options:
    options = _column_options(None, cache)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    # A record torn by a crash ends the log; one damaged in the middle is an error and not, as by default, the
    # silent loss of every block after it.
    options.set_wal_recovery_mode(DBRecoveryMode.tolerate_corrupted_tail_records())
    # All columns go to disk together: what a damaged manifest forgets is then a span of blocks, not a column.
    options.set_atomic_flush(True)
    options.set_max_total_wal_size(LOG_AHEAD_BYTES_MAX)
    options.set_max_background_jobs(2)
    # There is one writer: what guards against others costs a tenth of a write.
    options.set_allow_concurrent_memtable_write(False)
    options.set_max_log_file_size(LOG_BYTES_MAX)
    options.set_keep_log_file_num(LOG_FILES_MAX)
    return options


def _column_options(column: Column | None, cache: Cache) -> Options:
    table = BlockBasedOptions()
    table.set_block_cache(cache)
    if column not in BY_ID:
        table.set_bloom_filter(BLOOM_BITS, False)
    options = Options(raw_mode=True)
    options.set_block_based_table_factory(table)
    if column in BIG:
        # Digests do not compress.
        options.set_compression_type(DBCompressionType.none())
        options.set_write_buffer_size(WRITE_BUFFER_BYTES)
        if column is Column.STATE:
            # Its keys come in no order, and all columns go to disk together, little at a time: by levels,
            # each few megabytes would have the whole state written again.
            options.set_compaction_style(DBCompactionStyle.universal())
    else:
        options.set_compression_type(DBCompressionType.lz4())
    return options
