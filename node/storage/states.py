"""The chain's states in a database: flat current values, trie nodes by id, and exact pruning.

One finalized block is one batch: the flat values that changed, the nodes born, the journal of the nodes that
died, the root, the next id, what the pruned block's journal names, and whatever the caller adds. Unfinalized
states are in memory only; after a restart they are gone, and as none of their ids was written, their ids are
free again.

Branches are read on demand into a cache of two generations under a budget of bytes; the nodes of unfinalized
states are held by these states themselves, outside the budget.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from operator import itemgetter
from pathlib import Path
from typing import Final

from node.storage.columns import Column
from node.storage.database import Batch, Database
from node.storage.errors import (
    StorageCorrupted,
    StorageError,
    StorageFormat,
    StorageLocked,
    StorageUnfinished,
)
from node.storage.records import (
    DamagedRecord,
    number_key,
    number_of,
    read_branch,
    read_dead,
    read_leaf,
    read_root,
    write_dead,
    write_leaf,
    write_root,
)
from node.storage.rocks import BLOCK_CACHE_BYTES, RocksDatabase, is_locked
from runtime.state.backend import Also, Commit, Root
from runtime.state.cache import Generations
from runtime.state.memory import FIRST_ID
from runtime.state.states import DECODED_MAX, UNFINALIZED_DEPTH_MAX, WINDOW, Finalized, States
from runtime.trie import Branch, Leaf, StateVersion

CLOSED: Final = "CLOSED"
"""The file beside RocksDB's own that holds the height at which the database was closed; none while it is
open, and none after a crash.
"""

FORMAT: Final = b"2"
"""The format of the database; changes whenever the records or the columns do."""

FILLING_KEY: Final = b"filling"
"""The key, among the figures, of how far the filling of a database came; see `node/storage/filling.py`."""

NODE_BUDGET_BYTES: Final = 512 << 20
"""What the cached branches may weigh, unless the caller says otherwise."""

BRANCH_BYTES: Final = 300
"""What a branch weighs in memory beside its record: objects, and its place in a dictionary."""

NOTHING_DEAD: Final = bytes(4)
"""The journal of a block under which no node died."""

PRUNED_HEIGHTS_MAX: Final = 4
"""How many heights one commit prunes at most, when a smaller window than before leaves more to do."""


_record = itemgetter(1)


def _weight(branches: Collection[Branch]) -> int:
    return BRANCH_BYTES * len(branches) + sum(map(len, map(_record, branches)))


class DatabaseStore:
    """The store of one chain's states over a database."""

    def __init__(
        self,
        database: Database,
        *,
        budget_bytes: int = NODE_BUDGET_BYTES,
        archive: bool = False,
        window: int = WINDOW,
    ) -> None:
        self.database = database
        self.window = None if archive else window
        self._branches: Generations[int, Branch] = Generations(budget_bytes, _weight)
        try:
            self.height, self.next_id = self._read_meta()
            self.oldest = self._read_oldest()
        except DamagedRecord as damage:
            raise self._corrupted(damage) from None

    @property
    def at_hand(self) -> Mapping[int, Branch]:
        return self._branches.young

    def branch(self, id: int, /) -> Branch:
        branch = self._branches.young.get(id)
        if branch is None:
            branch = self._branches.get(id)
            if branch is None:
                branch = self._read_branch(id)
        return branch

    def _read_branch(self, id: int) -> Branch:
        record = self.database.get(Column.NODES, number_key(id))
        if record is None:
            raise self._missing(f"branch {id}")
        try:
            branch = read_branch(record)
        except DamagedRecord as damage:
            raise self._corrupted(damage) from None
        self._branches.put(id, branch)
        return branch

    def leaf(self, id: int, /) -> Leaf:
        record = self.database.get(Column.LEAVES, number_key(id))
        if record is None:
            raise self._missing(f"leaf {id}")
        try:
            return read_leaf(record)
        except DamagedRecord as damage:
            raise self._corrupted(damage) from None

    @property
    def cached_bytes(self) -> int:
        """What the branches kept in memory weigh."""
        return self._branches.weight

    def root(self, height: int, /) -> Root | None:
        record = self.database.get(Column.ROOTS, number_key(height)) if height >= 0 else None
        try:
            return None if record is None else read_root(record)
        except DamagedRecord as damage:
            raise self._corrupted(damage) from None

    def value(self, key: bytes, /) -> bytes | None:
        return self.database.get(Column.STATE, key)

    def keys(self, prefix: bytes, after: bytes | None, /) -> Iterator[bytes]:
        return self.database.keys(Column.STATE, prefix, after)

    def commit(self, commit: Commit, /) -> None:
        database = self.database
        batch = database.batch()
        put, delete = batch.put, batch.delete
        handle = database.handle(Column.STATE)
        changes = commit.changes
        for key in commit.keys:
            value = changes[key]
            if value is None:
                delete(key, handle)
            else:
                put(key, value, handle)
        handle = database.handle(Column.NODES)
        for id, (_, record) in commit.branches.items():
            put(number_key(id), record, handle)
        handle = database.handle(Column.LEAVES)
        for id, leaf in commit.leaves.items():
            put(number_key(id), write_leaf(leaf), handle)
        here = number_key(commit.height)
        if commit.dead_branches or commit.dead_leaves:
            put(here, write_dead(commit.dead_branches, commit.dead_leaves), database.handle(Column.JOURNAL))
        put(here, write_root(commit.root), database.handle(Column.ROOTS))
        self._write(batch, commit.height, commit.root.next_id, commit.also)
        oldest = self._prune(batch, commit.height)
        database.write(batch, sync=commit.sync)
        self.height, self.next_id, self.oldest = commit.height, commit.root.next_id, oldest
        self._recall(commit)

    def rewind(self, height: int, also: Also, /) -> None:
        database = self.database
        root = self.root(height)
        if root is None:
            raise self._missing("state to go back to")
        batch = database.batch()
        state, nodes, leaves, journal, roots = map(
            database.handle, (Column.STATE, Column.NODES, Column.LEAVES, Column.JOURNAL, Column.ROOTS)
        )
        last = number_key(root.next_id - 1)
        for id in database.keys(Column.NODES, b"", last):
            batch.delete(id, nodes)
        for id in database.keys(Column.LEAVES, b"", last):
            batch.delete(self.leaf(number_of(id))[0], state)
            batch.delete(id, leaves)
        for later in range(height + 1, self.height + 1):
            key = number_key(later)
            for id in self._dead(key)[1]:
                if id <= last:
                    batch.put(*self.leaf(number_of(id)), state)
            batch.delete(key, journal)
            batch.delete(key, roots)
        self._write(batch, height, self.next_id, also)
        database.write(batch, sync=True)
        self.height = height
        self._branches.clear()

    def _write(self, batch: Batch, height: int, next_id: int, also: Also) -> None:
        """Add the figures of the finalized state, and what the caller keeps beside it."""
        handle = self.database.handle(Column.META)
        if self.height < 0:
            batch.put(b"format", FORMAT, handle)
        batch.put(b"height", number_key(height), handle)
        batch.put(b"next_id", number_key(next_id), handle)
        for column, key, value in also:
            handle = self.database.handle(Column(column))
            if value is None:
                batch.delete(key, handle)
            else:
                batch.put(key, value, handle)

    def _prune(self, batch: Batch, height: int) -> int:
        """Delete the states that leave the window; the oldest height that is left."""
        oldest = self.oldest
        if self.window is None:
            return oldest
        nodes, leaves, journal, roots = map(
            self.database.handle, (Column.NODES, Column.LEAVES, Column.JOURNAL, Column.ROOTS)
        )
        delete = batch.delete
        end = min(height - self.window, oldest + PRUNED_HEIGHTS_MAX)
        while oldest < end:
            delete(number_key(oldest), roots)
            oldest += 1
            key = number_key(oldest)
            # A node that died in the block at `oldest` was needed by the state before it and by no later one.
            branch_keys, leaf_keys = self._dead(key)
            for id in branch_keys:
                delete(id, nodes)
            for id in leaf_keys:
                delete(id, leaves)
            delete(key, journal)
        return oldest

    def _dead(self, height: bytes) -> tuple[list[bytes], list[bytes]]:
        """The keys of the branches and of the leaves that died at the height of this key."""
        try:
            return read_dead(self.database.get(Column.JOURNAL, height) or NOTHING_DEAD)
        except DamagedRecord as damage:
            raise self._corrupted(damage) from None

    def _recall(self, commit: Commit) -> None:
        """Keep in memory what the next block will read: the new branches, not those they replaced."""
        cache = self._branches
        cache.drop(commit.dead_branches)
        cache.add(commit.branches)
        cache.sweep()

    def _read_meta(self) -> tuple[int, int]:
        """The finalized height and the first free id; -1 and the first of all before genesis."""
        database = self.database
        found = database.get(Column.META, b"format")
        if found is None:
            if database.get(Column.META, FILLING_KEY) is not None:
                raise StorageUnfinished(database.path)
            if next(database.keys(Column.ROOTS), None) is not None:
                raise StorageCorrupted(database.path, "the format is missing")
            return -1, FIRST_ID
        if found != FORMAT:
            raise StorageFormat(database.path, found.decode("ascii", "replace"), FORMAT.decode())
        figures = database.get(Column.META, b"height"), database.get(Column.META, b"next_id")
        if None in figures:
            raise self._missing("finalized state")
        height, next_id = (number_of(figure or b"") for figure in figures)
        if self.root(height) is None:
            raise self._missing("finalized state")
        return height, next_id

    def _read_oldest(self) -> int:
        """The oldest height that is kept. Sees to it that all columns are of one time: that no height is
        missing up to the finalized one, and that neither roots nor nodes go beyond it.
        """
        database = self.database
        oldest = newest = -1
        for height in map(number_of, database.keys(Column.ROOTS)):
            if oldest < 0:
                oldest = height
            elif height != newest + 1:
                raise self._missing(f"state {newest + 1}")
            newest = height
        last = number_key(self.next_id - 1)
        nodes = (next(database.keys(column, b"", last), None) for column in (Column.NODES, Column.LEAVES))
        if newest > self.height or any(nodes):
            raise StorageCorrupted(database.path, f"it goes beyond its last block, {self.height}")
        return max(oldest, 0)

    def _missing(self, what: str) -> StorageCorrupted:
        return StorageCorrupted(self.database.path, f"the {what} is missing")

    def _corrupted(self, damage: DamagedRecord) -> StorageCorrupted:
        return StorageCorrupted(self.database.path, str(damage))


class RocksStates(States):
    """The states of a chain over a database: `genesis` once, then `child` and `finalize`."""

    store: DatabaseStore

    def __init__(
        self,
        database: Database,
        *,
        budget_bytes: int = NODE_BUDGET_BYTES,
        archive: bool = False,
        window: int = WINDOW,
        version: StateVersion = StateVersion.V1,
        depth_max: int = UNFINALIZED_DEPTH_MAX,
        decoded_max: int = DECODED_MAX,
    ) -> None:
        store = DatabaseStore(database, budget_bytes=budget_bytes, archive=archive, window=window)
        super().__init__(store, version=version, depth_max=depth_max, decoded_max=decoded_max)
        self.database = database

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        budget_bytes: int = NODE_BUDGET_BYTES,
        cache_bytes: int = BLOCK_CACHE_BYTES,
        archive: bool = False,
        window: int = WINDOW,
        version: StateVersion = StateVersion.V1,
        decoded_max: int = DECODED_MAX,
    ) -> RocksStates:
        """Open or create the database at `path`.

        `budget_bytes` bounds the trie branches kept in memory, `cache_bytes` RocksDB's block cache; `archive`
        keeps every past state, else `window` of them; `decoded_max` counts the decoded values kept. Raises a
        `StorageError`.
        """
        _inspect(path, cache_bytes)
        database = RocksDatabase(path, cache_bytes=cache_bytes)
        (Path(path) / CLOSED).unlink(missing_ok=True)
        try:
            return cls(
                database,
                budget_bytes=budget_bytes,
                archive=archive,
                window=window,
                version=version,
                decoded_max=decoded_max,
            )
        except BaseException:
            database.close()
            raise

    def genesis(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object] | None = None,
        also: Also = (),
    ) -> Finalized:
        state = super().genesis(changes, decoded, also)
        # What chain this is must not hang on the write-ahead log alone.
        self.database.flush()
        return state

    def close(self) -> None:
        """Release the database; nothing is lost that was finalized."""
        self.database.close()
        if isinstance(self.database, RocksDatabase):
            with suppress(OSError):  # the disk may be full: then there is nothing to compare with
                (Path(self.database.path) / CLOSED).write_text(f"{self.store.height}\n")


def _inspect(path: Path | str, cache_bytes: int) -> None:
    """Look at an existing database without touching it. Raises a `StorageError`.

    Opened for writing, RocksDB deletes what it takes for left over: with a damaged manifest, the data.
    """
    folder = Path(path)
    if not (folder / "CURRENT").exists():
        return
    if not any(folder.glob("*.log")):
        raise StorageCorrupted(str(path), "the write-ahead log is missing")
    try:
        database = RocksDatabase(path, cache_bytes=cache_bytes, read_only=True)
        try:
            height = DatabaseStore(database).height
        finally:
            database.close()
    except StorageError:
        if is_locked(path):  # somebody was writing while we read
            raise StorageLocked(str(path)) from None
        raise
    file = folder / CLOSED
    closed_at = file.read_bytes().strip() if file.exists() else b""
    if closed_at.isdigit() and int(closed_at) > height:
        where = f"it was closed at block {int(closed_at)}, and ends at block {height}"
        raise StorageCorrupted(str(path), where)
