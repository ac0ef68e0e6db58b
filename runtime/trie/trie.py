"""The update of a trie: a sorted set of changes in, new versions of the touched nodes and the new root out.

The update never alters a frozen node. What only sets other values is done first (`runtime.trie.overwrite`).
For the rest it walks the changed keys in order and keeps one stack of drafts, copies of the branches on the
path to the key at hand. A branch is left when the next key no longer starts with its path; it is then hashed
at once, and its digest and new id are patched into the draft above. What alters structure (a child more or
less, a node short enough to stand inline, a value at a branch, a partial key that starts elsewhere) goes
through an exploded form, a table of entries from which the branch is encoded anew when it is left.

A branch that was left can be entered again under the same update, after a key split its partial key; so a
node born and replaced within one update is simply forgotten, and only nodes from before the update are
reported dead.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from runtime.trie.branch import (
    Branch,
    Leaf,
    Nodes,
    encoding_of,
    freeze,
    ids_of,
)
from runtime.trie.draft import PENDING, Draft, Entry
from runtime.trie.nibbles import common_nibbles, common_prefix
from runtime.trie.node import (
    EMPTY_ROOT,
    HASH_SIZE,
    KEY_BYTES_MAX,
    StateVersion,
    digest_of,
    encode_branch,
    encode_leaf,
    reference_of,
    with_partial,
)
from runtime.trie.overwrite import Overwriter


@dataclass(frozen=True, slots=True)
class Update:
    """What one set of changes did to a trie."""

    root: bytes
    """The new state root."""
    top: int
    """The id of the new root node; 0 for the empty trie."""
    next_id: int
    """The first id that the update did not use; even."""
    keys: Sequence[bytes]
    """The changed keys, in order."""
    branches: Mapping[int, Branch]
    """Branches born, by id."""
    leaves: Mapping[int, Leaf]
    """Leaves born, by id."""
    dead_branches: Sequence[int]
    """Ids of branches of the trie before that the trie after no longer has."""
    dead_leaves: Sequence[int]
    """The same of leaves."""


def update(
    nodes: Nodes,
    root: bytes,
    top: int,
    changes: Mapping[bytes, bytes | None],
    *,
    first_id: int,
    version: StateVersion = StateVersion.V1,
    known: Container[bytes] = (),
) -> Update:
    """The trie of `root` and `top` in `nodes`, with each key of `changes` set to its value, or removed if
    None.

    New nodes take ids from `first_id` (even, above every id in use) on. `known` may have
    keys that the trie before surely holds, which saves reading their leaves; in error, the root is wrong in
    silence. Removing a key that is not there changes nothing. Raises ValueError for a key over
    `KEY_BYTES_MAX`.
    """
    return _Editor(nodes, first_id, version, known).run(root, top, changes)


class _Editor:
    def __init__(
        self,
        nodes: Nodes,
        first_id: int,
        version: StateVersion,
        known: Container[bytes],
    ) -> None:
        self.nodes = nodes
        self.first_id = first_id
        self.next_id = first_id
        self.inline_max = version.inline_max
        self.known = known
        self.branches: dict[int, Branch] = {}
        self.leaves: dict[int, Leaf] = {}
        self.dead_branches: list[int] = []
        self.dead_leaves: list[int] = []
        self.stack: list[Draft] = []

    def run(self, root: bytes, top: int, changes: Mapping[bytes, bytes | None]) -> Update:
        keys = sorted(changes)
        if keys and len(longest := max(keys, key=len)) > KEY_BYTES_MAX:
            raise ValueError(f"a key of {len(longest)} bytes; the longest a trie holds is {KEY_BYTES_MAX}")
        left: Sequence[bytes] = keys
        if top and not top & 1:
            root, top, left = self._overwrite(root, top, keys, changes)
        if left:
            root, top = self._edit(root, top, left, changes)
        return Update(
            root, top, self.next_id, keys, self.branches, self.leaves, self.dead_branches, self.dead_leaves
        )

    def _overwrite(
        self,
        root: bytes,
        top: int,
        keys: Sequence[bytes],
        changes: Mapping[bytes, bytes | None],
    ) -> tuple[bytes, int, Sequence[bytes]]:
        """Set the values that need nothing else; the new root and root node, and the keys of the other
        changes.
        """
        overwriter = Overwriter(self.nodes, keys, changes, self.first_id, self.inline_max, self.known)
        made = overwriter.run(top)
        self.branches, self.leaves = overwriter.branches, overwriter.leaves
        self.dead_branches, self.dead_leaves = overwriter.dead_branches, overwriter.dead_leaves
        self.next_id = overwriter.next_id
        if made is not None:
            top, root = made
        return root, top, overwriter.left

    def _edit(
        self,
        root: bytes,
        top: int,
        wanted: Sequence[bytes],
        changes: Mapping[bytes, bytes | None],
    ) -> tuple[bytes, int]:
        """Bring the changes of the `wanted` keys in, whatever they do; the new root and root node."""
        ground = Draft("", -1)
        ground.entries = {"": Entry(top, None, root)} if top else {}
        stack = self.stack
        stack.append(ground)
        for key in wanted:
            path = key.hex()
            while not path.startswith(stack[-1].path):
                self._close()
            self._put(key, path, changes[key])
        while len(stack) > 1:
            self._close()
        return self._finish(ground)

    def _put(self, key: bytes, path: str, value: bytes | None) -> None:
        """Bring one change to where it belongs, from the draft on top of the stack down."""
        draft: Draft | None = self.stack[-1]
        while draft is not None:
            depth = draft.depth
            # The ground stands at depth -1, where this slice is "": its only entry is the root node.
            nibble = path[depth : depth + 1]
            if draft.entries is not None:
                below = self._put_exploded(draft, nibble, key, path, value)
            else:
                below = self._put_structure(draft, draft.shape.slots.get(nibble), key, path, value)
            if below is not None and below is not draft:
                self.stack.append(below)
            draft = below

    def _put_structure(
        self, draft: Draft, slot: int | None, key: bytes, path: str, value: bytes | None
    ) -> Draft | None:
        """The draft to go on with: the branch at `slot`, or this one exploded; None if nothing is to do."""
        if slot is None:
            is_held = draft.shape.has_value and len(path) == draft.depth
            return draft.explode() if value is not None or is_held else None
        id = draft.child(slot)
        if not id & 1:
            below = self._open(id, path)
            return below if below is not None or value is None else draft.explode()
        return draft.explode() if value is not None or self._key_of(id, key) == key else None

    def _put_exploded(
        self, draft: Draft, nibble: str, key: bytes, path: str, value: bytes | None
    ) -> Draft | None:
        """Set or remove an entry; the draft below to go on with if the change belongs deeper."""
        entries = draft.entries
        assert entries is not None
        entry = entries.get(nibble)
        if entry is None:
            if value is not None:
                entries[nibble] = Entry(self._born(key, value), key, PENDING)
                draft.is_changed = True
            return None
        if not entry.id & 1:
            below = self._open(entry.id, path)
            if below is not None or value is None:
                return below
            return self._split_branch(draft, nibble, path)
        held = self._key_of(entry.id, key) if entry.key is None else entry.key
        if held == key:
            self._kill(entry.id)
            draft.is_changed = True
            if value is None:
                del entries[nibble]
            else:
                entries[nibble] = Entry(self._born(key, value), key, PENDING)
            return None
        if value is None:
            return None
        # Split: both leaves go below a new branch where their keys part.
        depth = common_nibbles(held, key)
        below = Draft(path[:depth], depth)
        below.entries = {held.hex()[depth : depth + 1]: Entry(entry.id, held, PENDING)}
        below.is_changed = True
        return below

    def _split_branch(self, draft: Draft, nibble: str, path: str) -> Draft:
        """A new branch where `path` leaves the partial key of the branch that is the child at `nibble`."""
        assert draft.entries is not None
        id = draft.entries[nibble].id
        shape = self._branch(id)[0]
        shared = common_prefix(shape.partial, path[shape.start :])
        depth = shape.start + shared
        below = Draft(path[:depth], depth)
        below.entries = {shape.partial[shared]: self._moved(id, depth + 1, shape.partial[shared + 1 :])}
        below.is_changed = True
        return below

    def _open(self, id: int, path: str) -> Draft | None:
        """A draft of the branch `id`, or None if `path` leaves its partial key."""
        branch = self._branch(id)
        shape = branch[0]
        if not path.startswith(shape.partial, shape.start):
            return None
        draft = Draft(path[: shape.depth], shape.depth, id, branch)
        return draft if shape.is_regular else draft.explode()

    def _close(self) -> None:
        """Leave the draft on top of the stack: freeze it, and name the new version in the draft below it."""
        draft = self.stack.pop()
        if not draft.is_changed:
            return
        above = self.stack[-1]
        nibble = draft.path[above.depth : above.depth + 1]
        if draft.id:
            self._kill(draft.id)
        entry: Entry | None
        if draft.entries is None:
            branch = draft.shape, bytes(draft.record)
            entry = Entry(self._born_branch(branch), None, digest_of(encoding_of(branch)))
        else:
            entry = self._collapse(draft, above.depth + 1)
        if above.entries is None:
            slot = above.shape.slots[nibble]
            if entry is not None and len(entry.reference) == HASH_SIZE and not above.child(slot) & 1:
                above.patch(slot, entry.id, entry.reference)
                return
            above.explode()
        assert above.entries is not None
        above.is_changed = True
        if entry is None:
            del above.entries[nibble]
        else:
            above.entries[nibble] = entry

    def _collapse(self, draft: Draft, start: int) -> Entry | None:
        """What stands where an exploded draft was: nothing, its only entry, or a branch encoded anew."""
        assert draft.entries is not None
        if not draft.entries:
            return None
        if len(draft.entries) > 1:
            return self._encode(draft, start)
        ((nibble, entry),) = draft.entries.items()
        if entry.id & 1:
            return Entry(entry.id, entry.key, PENDING)
        partial = self._branch(entry.id)[0].partial
        return self._moved(entry.id, start, draft.path[start:] + nibble + partial)

    def _encode(self, draft: Draft, start: int) -> Entry:
        """Freeze an exploded draft of two entries or more."""
        assert draft.entries is not None
        value = None
        value_id = 0
        ids: list[int] = []
        references: dict[str, bytes] = {}
        for nibble in sorted(draft.entries):
            entry = draft.entries[nibble]
            id, reference = entry.id, entry.reference
            if not nibble:
                value_id, value = id, self._leaf(id)[1]
                continue
            if reference == PENDING:
                key, content = self._leaf(id)
                reference = reference_of(encode_leaf(key, draft.depth + 1, content, self.inline_max))
            ids.append(id)
            references[nibble] = reference
        if value is not None:
            ids.append(value_id)
        encoded = encode_branch(draft.path[start:], value, references, self.inline_max)
        return Entry(self._born_branch(freeze(start, encoded, ids)), None, reference_of(encoded))

    def _moved(self, id: int, start: int, partial: str) -> Entry:
        """The branch `id` with its partial key starting elsewhere."""
        old = self._branch(id)
        self._kill(id)
        encoded = with_partial(encoding_of(old), old[0].partial, partial)
        return Entry(self._born_branch(freeze(start, encoded, ids_of(old))), None, reference_of(encoded))

    def _finish(self, ground: Draft) -> tuple[bytes, int]:
        assert ground.entries is not None
        entry = ground.entries.get("")
        if entry is None:
            return EMPTY_ROOT, 0
        if entry.reference == PENDING:
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

    def _born_branch(self, branch: Branch) -> int:
        id = self.next_id
        self.next_id += 2
        self.branches[id] = branch
        return id

    def _key_of(self, id: int, key: bytes) -> bytes:
        """The key of the leaf `id`, which is where `key` would be."""
        return key if key in self.known else self._leaf(id)[0]

    def _kill(self, id: int) -> None:
        if id & 1:
            if id < self.first_id:
                self.dead_leaves.append(id)
            else:
                del self.leaves[id]
        elif id < self.first_id:
            self.dead_branches.append(id)
        else:
            del self.branches[id]

    def _branch(self, id: int) -> Branch:
        return self.branches[id] if id >= self.first_id else self.nodes.branch(id)

    def _leaf(self, id: int) -> Leaf:
        return self.leaves[id] if id >= self.first_id else self.nodes.leaf(id)
