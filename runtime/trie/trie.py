"""The update of a trie: a sorted set of changes in, new versions of the touched nodes and the new root out.

The update never alters a frozen node. It walks the changed keys in order and keeps one stack of drafts,
copies of the branches on the path to the key at hand. A branch is left when the next key no longer starts
with its path; it is then hashed at once, and its digest and new id are patched into the draft above. Almost
always a change is a value below a branch of unchanged shape: 32 bytes and an id are patched. What alters
structure (a child more or less, a node short enough to stand inline, a value at a branch, a partial key that
starts elsewhere) goes through an exploded form, a table of entries from which the branch is encoded anew when
it is left.

A branch that was left can be entered again under the same update, after a key split its partial key; so a
node born and replaced within one update is simply forgotten, and only nodes from before the update are
reported dead.
"""

from array import array
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from runtime.trie.nibbles import common_nibbles, common_prefix
from runtime.trie.node import (
    EMPTY_ROOT,
    HASH_SIZE,
    KEY_BYTES_MAX,
    Branch,
    Leaf,
    Nodes,
    Shape,
    StateVersion,
    digest_of,
    encode_branch,
    encode_leaf,
    reference_of,
    slots_of,
    with_partial,
)

_PENDING = b""
"""The reference of a leaf that is encoded only when the branch above it is."""

_blank = blake2b(digest_size=HASH_SIZE)


@dataclass(frozen=True, slots=True)
class Update:
    """What one set of changes did to a trie."""

    root: bytes
    """The new state root."""
    top: int
    """The id of the new root node; 0 for the empty trie."""
    next_id: int
    """The first id that the update did not use; even."""
    branches: Mapping[int, Branch]
    """Branches born, by id."""
    leaves: Mapping[int, Leaf]
    """Leaves born, by id."""
    dead: Collection[int]
    """Ids of nodes of the trie before that the trie after no longer has."""


class _Entry(NamedTuple):
    """One child of an exploded branch, or under the nibble "" its own value."""

    id: int
    key: bytes | None
    reference: bytes


class _Draft:
    """An owned copy of a branch, edited while the update stays below its path."""

    __slots__ = ("branch", "buffer", "depth", "entries", "ids", "is_changed", "path")

    def __init__(self, path: str, depth: int, branch: Branch | None) -> None:
        self.path = path
        self.depth = depth
        self.branch = branch
        self.ids: array[int] | None = None
        self.buffer: bytearray | None = None
        self.entries: dict[str, _Entry] | None = None
        self.is_changed = False


def update(
    nodes: Nodes,
    root: bytes,
    top: int,
    changes: Mapping[bytes, bytes | None],
    *,
    first_id: int,
    version: StateVersion = StateVersion.V1,
    is_present: Callable[[bytes], bool] | None = None,
) -> Update:
    """The trie of `root` and `top` in `nodes`, with each key of `changes` set to its value, or removed if
    None.

    New nodes take ids from `first_id` (even, above every id in use) on. `is_present` may say
    of a key that the trie before surely holds it, which saves reading its leaf; said in error, the root is
    wrong in silence. Removing a key that is not there changes nothing. Raises ValueError for a key over
    `KEY_BYTES_MAX`.
    """
    return _Editor(nodes, first_id, version, is_present).run(root, top, changes)


class _Editor:
    def __init__(
        self, nodes: Nodes, first_id: int, version: StateVersion, is_present: Callable[[bytes], bool] | None
    ) -> None:
        self.nodes = nodes
        self.first_id = first_id
        self.next_id = first_id
        self.inline_max = version.inline_max
        self.is_present = is_present
        self.branches: dict[int, Branch] = {}
        self.leaves: dict[int, Leaf] = {}
        self.dead: list[int] = []
        self.stack: list[_Draft] = []

    def run(self, root: bytes, top: int, changes: Mapping[bytes, bytes | None]) -> Update:
        ground = _Draft("", -1, None)
        ground.entries = {"": _Entry(top, None, root)} if top else {}
        self.stack.append(ground)
        for key in sorted(changes):
            if len(key) > KEY_BYTES_MAX:
                raise ValueError(f"a key of {len(key)} bytes; the longest a trie holds is {KEY_BYTES_MAX}")
            path = key.hex()
            while not path.startswith(self.stack[-1].path):
                self._close()
            self._put(key, path, changes[key])
        while len(self.stack) > 1:
            self._close()
        root, top = self._finish(ground)
        return Update(root, top, self.next_id, self.branches, self.leaves, self.dead)

    def _put(self, key: bytes, path: str, value: bytes | None) -> None:
        """Bring one change to the draft where it belongs, from the top of the stack down."""
        draft = self.stack[-1]
        while True:
            # The ground stands at depth -1, where this slice is "": its only entry is the root node.
            nibble = path[draft.depth : draft.depth + 1]
            if draft.entries is not None:
                below = self._put_exploded(draft, nibble, key, path, value)
            else:
                below = self._put_patched(draft, nibble, key, path, value)
            if below is None:
                return
            if below is not draft:
                self.stack.append(below)
                draft = below

    def _put_patched(
        self, draft: _Draft, nibble: str, key: bytes, path: str, value: bytes | None
    ) -> _Draft | None:
        """Set a value below a branch of unchanged shape; the draft to go on with if there is more to do."""
        branch = draft.branch
        assert branch is not None
        shape = branch.shape
        slot = shape.slots.get(nibble)
        if slot is None:
            if value is None and (nibble or not shape.has_value):
                return None
            return self._explode(draft)
        ids = draft.ids or branch.ids
        held = shape.keys[slot]
        if held is None:
            if not ids[slot] & 1:
                below = self._open(ids[slot], path)
                return below if below is not None else None if value is None else self._explode(draft)
            is_present = self.is_present
            held = key if is_present is not None and is_present(key) else self._leaf(ids[slot])[0]
            shape.keys[slot] = held
        if held != key:
            return None if value is None else self._explode(draft)
        if value is None:
            return self._explode(draft)
        encoded = encode_leaf(key, draft.depth + 1, value, self.inline_max)
        if len(encoded) < HASH_SIZE:
            return self._explode(draft)
        if draft.buffer is None:
            draft.buffer = bytearray(branch.buffer)
            ids = draft.ids = branch.ids[:]
        self.dead.append(ids[slot])
        ids[slot] = self._born(key, value)
        at = shape.base + 33 * slot + 1
        draft.buffer[at : at + HASH_SIZE] = digest_of(encoded)
        return None

    def _put_exploded(
        self, draft: _Draft, nibble: str, key: bytes, path: str, value: bytes | None
    ) -> _Draft | None:
        """Set or remove an entry; the draft below to go on with if the change belongs deeper."""
        entries = draft.entries
        assert entries is not None
        entry = entries.get(nibble)
        if entry is None:
            if value is not None:
                entries[nibble] = _Entry(self._born(key, value), key, _PENDING)
                draft.is_changed = True
            return None
        if not entry.id & 1:
            below = self._open(entry.id, path)
            if below is not None or value is None:
                return below
            return self._split_branch(draft, nibble, path)
        held = self._leaf(entry.id)[0] if entry.key is None else entry.key
        if held == key:
            self._kill(entry.id)
            draft.is_changed = True
            if value is None:
                del entries[nibble]
            else:
                entries[nibble] = _Entry(self._born(key, value), key, _PENDING)
            return None
        if value is None:
            return None
        # Split: both leaves go below a new branch where their keys part.
        depth = common_nibbles(held, key)
        below = _Draft(path[:depth], depth, None)
        below.entries = {held.hex()[depth : depth + 1]: _Entry(entry.id, held, _PENDING)}
        below.is_changed = True
        return below

    def _split_branch(self, draft: _Draft, nibble: str, path: str) -> _Draft:
        """A new branch where `path` leaves the partial key of the branch that is the child at `nibble`."""
        assert draft.entries is not None
        child = self._branch(draft.entries[nibble].id)
        start, partial = child.shape.start, child.shape.partial
        shared = common_prefix(partial, path[start:])
        depth = start + shared
        below = _Draft(path[:depth], depth, None)
        below.entries = {partial[shared]: self._moved(child, depth + 1, partial[shared + 1 :])}
        below.is_changed = True
        # Until the new branch is closed the entry above it must not name the branch that has moved.
        draft.entries[nibble] = _Entry(0, None, _PENDING)
        return below

    def _open(self, id: int, path: str) -> _Draft | None:
        """A draft of the branch `id`, or None if `path` leaves its partial key."""
        branch = self._branch(id)
        shape = branch.shape
        if shape.partial and not path.startswith(shape.partial, shape.start):
            return None
        draft = _Draft(path[: shape.depth], shape.depth, branch)
        return draft if shape.is_regular else self._explode(draft)

    def _explode(self, draft: _Draft) -> _Draft:
        """Turn the draft's encoding into a table of entries, in nibble order."""
        branch = draft.branch
        assert branch is not None
        shape = branch.shape
        buffer, ids = draft.buffer or branch.buffer, draft.ids or branch.ids
        entries = {}
        at = shape.base
        for nibble, slot in shape.slots.items():
            end = at + 1 + (buffer[at] >> 2)
            entries[nibble] = _Entry(ids[slot], shape.keys[slot], bytes(buffer[at + 1 : end]))
            at = end
        if shape.has_value:
            entries[""] = _Entry(ids[-1], bytes.fromhex(draft.path), _PENDING)
        draft.entries = entries
        draft.is_changed = draft.buffer is not None
        return draft

    def _close(self) -> None:
        """Leave the draft on top of the stack: freeze it, and name the new version in the draft below it."""
        draft = self.stack.pop()
        above = self.stack[-1]
        nibble = draft.path[above.depth : above.depth + 1]
        branch = draft.branch
        if draft.entries is None:
            if draft.buffer is None or draft.ids is None or branch is None:
                return
            buffer = bytes(draft.buffer)
            self._kill(branch.id)
            entry = _Entry(self._born_branch(branch.shape, draft.ids, buffer), None, digest_of(buffer))
        elif draft.is_changed:
            if branch is not None:
                self._kill(branch.id)
            closed = self._collapse(draft, above.depth + 1)
            if closed is None:
                self._entries(above).pop(nibble, None)
                return
            entry = closed
        else:
            return
        if above.entries is None and len(entry.reference) == HASH_SIZE:
            below = above.branch
            assert below is not None
            slot = below.shape.slots[nibble]
            if below.shape.keys[slot] is None and not (above.ids or below.ids)[slot] & 1:
                if above.buffer is None:
                    above.buffer = bytearray(below.buffer)
                    above.ids = below.ids[:]
                assert above.ids is not None
                above.ids[slot] = entry.id
                at = below.shape.base + 33 * slot + 1
                above.buffer[at : at + HASH_SIZE] = entry.reference
                return
        self._entries(above)[nibble] = entry

    def _entries(self, draft: _Draft) -> dict[str, _Entry]:
        """The entries of a draft, exploded if need be, about to be changed."""
        if draft.entries is None:
            self._explode(draft)
        assert draft.entries is not None
        draft.is_changed = True
        return draft.entries

    def _collapse(self, draft: _Draft, start: int) -> _Entry | None:
        """What stands where an exploded draft was: nothing, its only entry, or a branch encoded anew."""
        assert draft.entries is not None
        if not draft.entries:
            return None
        if len(draft.entries) > 1:
            return self._encode(draft, start)
        ((nibble, entry),) = draft.entries.items()
        if entry.id & 1:
            return _Entry(entry.id, entry.key, _PENDING)
        child = self._branch(entry.id)
        return self._moved(child, start, draft.path[start:] + nibble + child.shape.partial)

    def _encode(self, draft: _Draft, start: int) -> _Entry:
        """Freeze an exploded draft of two entries or more."""
        assert draft.entries is not None
        value = None
        value_id = 0
        ids = array("Q")
        keys: list[bytes | None] = []
        references: dict[str, bytes] = {}
        bitmap = 0
        size = 0
        for nibble in sorted(draft.entries):
            id, key, reference = draft.entries[nibble]
            if not nibble:
                value_id, value = id, self._leaf(id)[1]
                continue
            if reference is _PENDING:
                key, content = self._leaf(id)
                reference = reference_of(encode_leaf(key, draft.depth + 1, content, self.inline_max))
            ids.append(id)
            keys.append(key)
            references[nibble] = reference
            bitmap |= 1 << int(nibble, 16)
            size += 1 + len(reference)
        if value is not None:
            ids.append(value_id)
        partial = draft.path[start:]
        buffer = encode_branch(partial, value, references, self.inline_max)
        shape = Shape(
            start,
            partial,
            slots_of(bitmap),
            keys,
            base=len(buffer) - size,
            has_value=value is not None,
            is_regular=size == 33 * len(references),
        )
        return _Entry(self._born_branch(shape, ids, buffer), None, reference_of(buffer))

    def _moved(self, child: Branch, start: int, partial: str) -> _Entry:
        """The branch `child` with its partial key starting elsewhere."""
        old = child.shape
        buffer = with_partial(child.buffer, old.partial, partial)
        base = old.base + len(buffer) - len(child.buffer)
        shape = Shape(start, partial, old.slots, old.keys, base, old.has_value, old.is_regular)
        self._kill(child.id)
        return _Entry(self._born_branch(shape, child.ids, buffer), None, reference_of(buffer))

    def _finish(self, ground: _Draft) -> tuple[bytes, int]:
        assert ground.entries is not None
        entry = ground.entries.get("")
        if entry is None:
            return EMPTY_ROOT, 0
        if entry.reference is _PENDING:
            key, value = self._leaf(entry.id)
            return digest_of(encode_leaf(key, 0, value, self.inline_max)), entry.id
        if len(entry.reference) < HASH_SIZE:
            return digest_of(entry.reference), entry.id
        return entry.reference, entry.id

    def _born(self, key: bytes, value: bytes) -> int:
        id = self.next_id | 1
        self.next_id += 2
        self.leaves[id] = (key, value)
        return id

    def _born_branch(self, shape: Shape, ids: "array[int]", buffer: bytes) -> int:
        id = self.next_id
        self.next_id += 2
        self.branches[id] = Branch(id, shape, ids, buffer)
        return id

    def _kill(self, id: int) -> None:
        if id < self.first_id:
            self.dead.append(id)
        elif id & 1:
            del self.leaves[id]
        else:
            del self.branches[id]

    def _branch(self, id: int) -> Branch:
        return self.branches[id] if id >= self.first_id else self.nodes.branch(id)

    def _leaf(self, id: int) -> Leaf:
        return self.leaves[id] if id >= self.first_id else self.nodes.leaf(id)
