"""What a state of the chain answers, and what it asks of the store below it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias, TypeVar

from runtime.trie import Branch, Leaf, Nodes

T = TypeVar("T")

Write: TypeAlias = Callable[[Any], bytes]
"""Encodes a value."""
Read: TypeAlias = Callable[[bytes], Any]
"""Decodes one."""
Also: TypeAlias = Sequence[tuple[str, bytes, bytes | None]]
"""Further (column, key, value) to write together with a state, in columns that are the store's own; the value
None removes.
"""


class _Absent:
    """The value of a key that holds nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "ABSENT"

    def __bool__(self) -> bool:
        return False


ABSENT: Final = _Absent()
"""What stands for a key without a value; false, and the only one of its kind."""

UNREAD: Final = _Absent()
"""What stands for a key that was not looked at yet."""


class State(Protocol):
    """One frozen, readable state of the chain."""

    @property
    def root(self) -> bytes:
        """The state root, 32 bytes."""
        ...

    def get(self, key: bytes, /) -> bytes | None:
        """The value of `key` as stored, or None."""
        ...

    def read(self, key: bytes, decode: Callable[[bytes], T], /) -> T | None:
        """The value of `key` decoded, or None; decoded values are frozen, shared and kept across blocks."""
        ...

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        """The keys that start with `prefix` and are greater than `after`, in ascending byte order."""
        ...

    def prove(self, keys: Sequence[bytes], /) -> tuple[bytes, ...]:
        """The read proof of `keys`: trie nodes, and the values that stand in them by their digest."""
        ...

    def child(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object],
        known: Container[bytes] = (),
        /,
    ) -> State:
        """The frozen state after `changes` (None removes a key). `decoded` are values of that state as far as
        they are known decoded, changed or not; `ABSENT` for keys that hold nothing. `known` may have keys
        that surely hold a value in this state, which saves reading them; in error, the root is wrong in
        silence.
        """
        ...


class StateDiscarded(Exception):
    """A state older than the window that the store keeps, or of a block that lost to another."""

    def __init__(self, height: int) -> None:
        super().__init__(f"the state at height {height} is already discarded")
        self.height = height


class UnfinalizedTooDeep(Exception):
    """A state would stand further above the finalized one than memory is meant to hold."""

    def __init__(self, depth_max: int) -> None:
        super().__init__(
            f"{depth_max} unfinalized states stand on each other; finalize one before adding more"
        )
        self.depth_max = depth_max


class NotNext(Exception):
    """A state was to be finalized that does not stand directly on the finalized one."""

    def __init__(self, height: int) -> None:
        super().__init__(f"only a child of the finalized state at height {height} can be finalized")
        self.height = height


@dataclass(frozen=True, slots=True)
class Root:
    """Where the trie of a finalized state begins."""

    root: bytes
    """The state root, 32 bytes."""
    top: int
    """The id of the root node; 0 for the empty trie."""
    next_id: int
    """Even; the nodes of this state have smaller ids, those of every state after it no smaller ones."""


@dataclass(frozen=True, slots=True)
class Commit:
    """All that becomes durable when a state is finalized, at once or not at all."""

    height: int
    root: Root
    keys: Sequence[bytes]
    """The keys of `changes`, in byte order."""
    changes: Mapping[bytes, bytes | None]
    branches: Mapping[int, Branch]
    leaves: Mapping[int, Leaf]
    dead_branches: Sequence[int]
    """Ids of branches that the state before had and this one has not."""
    dead_leaves: Sequence[int]
    """The same of leaves."""
    also: Also
    """What the caller keeps beside the state."""
    sync: bool
    """Whether to return only when the disk has it."""


class Store(Nodes, Protocol):
    """What the states need from below: the current values, trie nodes by id, and one atomic write."""

    @property
    def height(self) -> int:
        """The height of the finalized state; -1 before genesis."""
        ...

    @property
    def oldest(self) -> int:
        """The height of the oldest finalized state that is kept; 0 before genesis."""
        ...

    @property
    def next_id(self) -> int:
        """The first trie id never written; even."""
        ...

    def root(self, height: int, /) -> Root | None:
        """Where the trie of the finalized state at `height` begins; None if it is not kept."""
        ...

    def value(self, key: bytes, /) -> bytes | None:
        """The value of `key` in the finalized state."""
        ...

    def keys(self, prefix: bytes, after: bytes | None, /) -> Iterator[bytes]:
        """The keys of the finalized state, as it is at the call, in order."""
        ...

    def commit(self, commit: Commit, /) -> None:
        """Write all of `commit`, or raise and have written nothing."""
        ...

    def rewind(self, height: int, also: Also, /) -> None:
        """Make the kept state at `height` the finalized one again and forget later ones, in one write."""
        ...
