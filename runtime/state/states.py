"""The tree of a chain's states: the finalized one, the past ones behind it, the unfinalized ones ahead of it.

A block's result is a change set frozen over its parent: encoded changes, their decoded values, and the trie
nodes that were born and died. Several change sets may stand on one state. Finality hands one of them to the
store in a single atomic write; from then on it reads from the store. The tree is made of references to
parents only: a change set that lost, and all that stands on it, is gone when its last holder lets go of it,
and nothing of it was written.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from runtime.state.backend import (
    ABSENT,
    UNREAD,
    Also,
    Commit,
    NotNext,
    Root,
    State,
    StateDiscarded,
    Store,
    UnfinalizedTooDeep,
)
from runtime.state.cache import Generations
from runtime.trie import EMPTY_ROOT, Branch, Leaf, StateVersion, Update, get, keys, prove, update

T = TypeVar("T")

WINDOW: Final = 256
"""How many finalized states behind the current one answer queries and proofs."""

UNFINALIZED_DEPTH_MAX: Final = 64
"""How many change sets may stand on each other: their nodes are pinned in memory."""

DECODED_MAX: Final = 1 << 18
"""How many decoded values of the finalized state are kept."""

ABSENT_MAX: Final = 1 << 14
"""How many keys are remembered to hold nothing; apart, so that asking for nothing evicts nothing."""

_ID_MAX: Final = 1 << 64


class States:
    """The states of one chain over one store."""

    def __init__(
        self,
        store: Store,
        *,
        version: StateVersion = StateVersion.V1,
        depth_max: int = UNFINALIZED_DEPTH_MAX,
        decoded_max: int = DECODED_MAX,
    ) -> None:
        self.store = store
        self.version = version
        self.depth_max = depth_max
        self.decoded: Generations[bytes, Any] = Generations(decoded_max)
        self.absent: Generations[bytes, bool] = Generations(ABSENT_MAX)
        self.next_id = store.next_id
        self._rewound: list[int] = []
        self.head = self._finalized(store.height)

    def genesis(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object] | None = None,
        also: Also = (),
    ) -> Finalized:
        """Write the state at height 0; only into an empty store."""
        if self.head.height >= 0:
            raise NotNext(self.head.height)
        return self.finalize(self.head.child(changes, decoded or {}), also)

    def finalize(
        self,
        child: State,
        also: Also = (),
        *,
        sync: bool = True,
    ) -> Finalized:
        """Make `child`, which stands on the head, the new head, in one atomic write together with `also`.

        With `sync` the disk has it all when this returns. Raises `NotNext` if the child stands elsewhere, or
        the store's error if it cannot write; then nothing has changed.
        """
        if not isinstance(child, ChangeSet) or child.trie is None or not child.stands_on(self.head):
            raise NotNext(self.head.height)
        trie = child.trie
        root = Root(trie.root, trie.top, trie.next_id)
        self.store.commit(
            Commit(
                height=child.height,
                root=root,
                keys=trie.keys,
                changes=child.changes,
                branches=trie.branches,
                leaves=trie.leaves,
                dead_branches=trie.dead_branches,
                dead_leaves=trie.dead_leaves,
                also=also,
                sync=sync,
            )
        )
        self.head = Finalized(self, child.height, root)
        self._keep(child.changes, child.decoded)
        child.settle(self.head)
        return self.head

    def at(self, height: int) -> Finalized:
        """The finalized state at `height`; raises `StateDiscarded` if it is not kept, or not yet there."""
        return self.head if height == self.head.height else self._finalized(height)

    def rewind(self, height: int, also: Also = ()) -> Finalized:
        """Make the finalized state at `height` the head again, as if nothing had come after it.

        For development chains only: what is final stays final elsewhere. Raises `StateDiscarded` if the state
        is not kept.
        """
        head = self._finalized(height)
        self.store.rewind(height, also)
        self._rewound.append(height)
        self.decoded.clear()
        self.absent.clear()
        self.head = Finalized(self, height, head.kept_root)
        return self.head

    def is_kept(self, height: int, epoch: int) -> bool:
        """Whether a state is still there that was at `height` after `epoch` rewinds."""
        return height < 0 or self.store.oldest <= height <= min(self._rewound[epoch:], default=height)

    @property
    def epoch(self) -> int:
        """How many rewinds there were."""
        return len(self._rewound)

    def _finalized(self, height: int) -> Finalized:
        if height < 0:
            if self.store.height >= 0:
                raise StateDiscarded(height)
            return Finalized(self, -1, Root(EMPTY_ROOT, 0, self.next_id))
        root = self.store.root(height)
        if root is None:
            raise StateDiscarded(height)
        return Finalized(self, height, root)

    def _keep(self, changes: Mapping[bytes, bytes | None], decoded: Mapping[bytes, Any]) -> None:
        """Bring what is known of the finalized state up to date."""
        absent = {key: True for key, value in decoded.items() if value is ABSENT}
        self.decoded.drop([key for key in changes if key not in decoded or key in absent])
        self.decoded.replace({key: value for key, value in decoded.items() if value is not ABSENT})
        self.absent.drop(changes)
        self.absent.add(absent)
        self.decoded.sweep()


class Finalized:
    """A finalized state: the head reads flat values from the store, one of the past walks its trie."""

    __slots__ = ("_epoch", "_states", "height", "kept_root")

    first_id: Final = 0

    def __init__(self, states: States, height: int, root: Root) -> None:
        self._states = states
        self._epoch = states.epoch
        self.kept_root = root
        self.height = height

    @property
    def root(self) -> bytes:
        """The state root."""
        return self.kept_root.root

    @property
    def top(self) -> int:
        """The id of the root node of the trie."""
        return self.kept_root.top

    @property
    def states(self) -> States:
        """The tree that this state is of."""
        return self._states

    def get(self, key: bytes, /) -> bytes | None:
        if self._states.head is self:
            return self._states.store.value(key)
        return get(self, self.kept_root.top, key)

    def read(self, key: bytes, decode: Callable[[bytes], T], /) -> T | None:
        states = self._states
        if states.head is not self:
            past = self.get(key)
            return None if past is None else decode(past)
        value = states.decoded.young.get(key)
        if value is None:
            value = states.decoded.get(key)
        if value is None:
            if states.absent.get(key):
                return None
            encoded = states.store.value(key)
            if encoded is None:
                states.absent.put(key, True)
                return None
            value = decode(encoded)
            states.decoded.put(key, value)
        return value

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        if self._states.head is self:
            return self._states.store.keys(prefix, after)
        return keys(self, self.kept_root.top, prefix, after)

    def prove(self, keys: Sequence[bytes], /) -> tuple[bytes, ...]:
        return prove(self, self.kept_root.top, keys, self._states.version)

    def child(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object],
        known: Container[bytes] = (),
        /,
    ) -> ChangeSet:
        return ChangeSet(self, changes, decoded, known)

    @property
    def at_hand(self) -> Mapping[int, Branch]:
        return {}

    def branch(self, id: int, /) -> Branch:
        if not self._states.is_kept(self.height, self._epoch):
            raise StateDiscarded(self.height)
        return self._states.store.branch(id)

    def leaf(self, id: int, /) -> Leaf:
        if not self._states.is_kept(self.height, self._epoch):
            raise StateDiscarded(self.height)
        return self._states.store.leaf(id)


class ChangeSet:
    """An unfinalized state: what one block changed over its parent, frozen."""

    __slots__ = (
        "_below",
        "_order",
        "_root",
        "_states",
        "changes",
        "decoded",
        "first_id",
        "height",
        "top",
        "trie",
    )

    def __init__(
        self,
        parent: Finalized | ChangeSet,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object],
        known: Container[bytes],
    ) -> None:
        states = parent.states
        height = parent.height + 1
        if height - states.head.height > states.depth_max:
            raise UnfinalizedTooDeep(states.depth_max)
        self._states = states
        self._below = parent
        self.height: int = height
        self.changes = dict(changes)
        self.decoded: dict[bytes, Any] = dict(decoded)
        trie = update(
            states.store if parent is states.head else parent,
            parent.root,
            parent.top,
            self.changes,
            first_id=states.next_id,
            version=states.version,
            known=known,
        )
        self.first_id = states.next_id
        states.next_id = trie.next_id
        self.trie: Update | None = trie
        self._order: Sequence[bytes] = trie.keys
        self._root = trie.root
        self.top: int = trie.top

    @property
    def root(self) -> bytes:
        """The state root."""
        return self._root

    @property
    def states(self) -> States:
        """The tree that this state is of."""
        return self._states

    def stands_on(self, state: Finalized) -> bool:
        """Whether `state` is the parent."""
        below = self._below
        while isinstance(below, ChangeSet):
            if below.trie is not None:
                return False
            below = below._below
        return below is state

    def settle(self, finalized: Finalized) -> None:
        """From now on answer as `finalized` does: the store holds all of this."""
        self._below = finalized
        self.changes = {}
        self.decoded = {}
        self._order = ()
        self.trie = None
        self.first_id = _ID_MAX

    def get(self, key: bytes, /) -> bytes | None:
        layer: ChangeSet | Finalized = self
        while isinstance(layer, ChangeSet):
            if key in layer.changes:
                return layer.changes[key]
            layer = layer._below
        return layer.get(key)

    def read(self, key: bytes, decode: Callable[[bytes], T], /) -> T | None:
        layer: ChangeSet | Finalized = self
        while isinstance(layer, ChangeSet):
            value: Any = layer.decoded.get(key, UNREAD)
            if value is UNREAD and key in layer.changes:
                encoded = layer.changes[key]
                value = layer.decoded[key] = ABSENT if encoded is None else decode(encoded)
            if value is not UNREAD:
                kept: T | None = None if value is ABSENT else value
                return kept
            layer = layer._below
        return layer.read(key, decode)

    def keys(self, prefix: bytes, after: bytes | None = None) -> Iterator[bytes]:
        changed: dict[bytes, bool] = {}
        layer: ChangeSet | Finalized = self
        while isinstance(layer, ChangeSet):
            for key in layer.changed_keys(prefix, after):
                changed.setdefault(key, layer.changes[key] is not None)
            layer = layer._below
        return _merge(layer.keys(prefix, after), changed)

    def changed_keys(self, prefix: bytes, after: bytes | None) -> Sequence[bytes]:
        """The keys that this block changed: those with `prefix` and greater than `after`, in order."""
        order = self._order
        first = bisect_left(order, prefix) if after is None or after < prefix else bisect_right(order, after)
        last = first
        while last < len(order) and order[last].startswith(prefix):
            last += 1
        return order[first:last]

    def prove(self, keys: Sequence[bytes], /) -> tuple[bytes, ...]:
        return prove(self, self.top, keys, self._states.version)

    def child(
        self,
        changes: Mapping[bytes, bytes | None],
        decoded: Mapping[bytes, object],
        known: Container[bytes] = (),
        /,
    ) -> ChangeSet:
        return ChangeSet(self, changes, decoded, known)

    @property
    def at_hand(self) -> Mapping[int, Branch]:
        return {}

    def branch(self, id: int, /) -> Branch:
        layer: ChangeSet | Finalized = self
        while isinstance(layer, ChangeSet):
            if id >= layer.first_id and layer.trie is not None:
                return layer.trie.branches[id]
            layer = layer._below
        return layer.branch(id)

    def leaf(self, id: int, /) -> Leaf:
        layer: ChangeSet | Finalized = self
        while isinstance(layer, ChangeSet):
            if id >= layer.first_id and layer.trie is not None:
                return layer.trie.leaves[id]
            layer = layer._below
        return layer.leaf(id)


def _merge(below: Iterator[bytes], changed: Mapping[bytes, bool]) -> Iterator[bytes]:
    """The keys below, in order, with those of `changed` that are True added and those that are False left
    out.
    """
    added = iter(sorted(key for key, is_held in changed.items() if is_held))
    pending = next(added, None)
    for key in below:
        while pending is not None and pending < key:
            yield pending
            pending = next(added, None)
        if key not in changed:
            yield key
    if pending is not None:
        yield pending
        yield from added
