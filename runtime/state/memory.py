"""States that live in memory only, for tests and for the testing kit of pallets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from runtime.state.backend import Also, Commit, Root
from runtime.state.states import DECODED_MAX, UNFINALIZED_DEPTH_MAX, WINDOW, States
from runtime.trie import Branch, Leaf, StateVersion, keys

FIRST_ID: Final = 2
"""The first trie id of a new store: even, and not the 0 of the empty trie."""


class MemoryStore:
    """A store without a disk, with the same window of past states as one with a disk."""

    def __init__(self, window: int = WINDOW) -> None:
        self.height = -1
        self.oldest = 0
        self.next_id = FIRST_ID
        self.window = window
        self.values: dict[bytes, bytes] = {}
        self.branches: dict[int, Branch] = {}
        self.leaves: dict[int, Leaf] = {}
        self.roots: dict[int, Root] = {}
        self.journal: dict[int, tuple[int, ...]] = {}
        self.columns: dict[tuple[str, bytes], bytes] = {}

    @property
    def at_hand(self) -> Mapping[int, Branch]:
        return self.branches

    def branch(self, id: int, /) -> Branch:
        return self.branches[id]

    def leaf(self, id: int, /) -> Leaf:
        return self.leaves[id]

    def root(self, height: int, /) -> Root | None:
        return self.roots.get(height)

    def value(self, key: bytes, /) -> bytes | None:
        return self.values.get(key)

    def keys(self, prefix: bytes, after: bytes | None, /) -> Iterator[bytes]:
        return keys(self, self.roots[self.height].top, prefix, after) if self.roots else iter(())

    def commit(self, commit: Commit, /) -> None:
        for key, value in commit.changes.items():
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value
        self._write(commit.also)
        self.branches.update(commit.branches)
        self.leaves.update(commit.leaves)
        self.journal[commit.height] = (*commit.dead_branches, *commit.dead_leaves)
        self.roots[commit.height] = commit.root
        self.height, self.next_id = commit.height, commit.root.next_id
        self._prune(commit.height - self.window)

    def rewind(self, height: int, also: Also, /) -> None:
        first_later = self.roots[height].next_id
        for id in [id for id in self.leaves if id >= first_later]:
            self.values.pop(self.leaves.pop(id)[0], None)
        for id in [id for id in self.branches if id >= first_later]:
            del self.branches[id]
        for later in range(height + 1, self.height + 1):
            del self.roots[later]
            for id in self.journal.pop(later):
                if id & 1 and id < first_later:
                    key, value = self.leaves[id]
                    self.values[key] = value
        self._write(also)
        self.height = height

    def _write(self, also: Also) -> None:
        for column, key, value in also:
            if value is None:
                self.columns.pop((column, key), None)
            else:
                self.columns[column, key] = value

    def _prune(self, height: int) -> None:
        """Delete the nodes that no state from `height` on needs."""
        if height <= 0:
            return
        self.roots.pop(height - 1, None)
        self.oldest = height
        for id in self.journal.pop(height, ()):
            if id & 1:
                del self.leaves[id]
            else:
                del self.branches[id]


class MemoryStates(States):
    """The states of a chain in memory: `genesis` once, then `child` and `finalize`."""

    store: MemoryStore

    def __init__(
        self,
        *,
        version: StateVersion = StateVersion.V1,
        window: int = WINDOW,
        depth_max: int = UNFINALIZED_DEPTH_MAX,
        decoded_max: int = DECODED_MAX,
    ) -> None:
        super().__init__(MemoryStore(window), version=version, depth_max=depth_max, decoded_max=decoded_max)
