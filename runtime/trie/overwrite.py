"""Overwriting: new values under keys that a trie holds already, which is nearly all the work of a block.

Where each change replaces the value of a leaf, no branch changes its shape: 32 bytes of its encoding and one
id are patched for each child that changed. So this is one walk down the sorted keys and one way up, from
which every branch comes out once. Whatever is not of this kind (a key that is not there, a removal, a node
that stands inline, a value at a branch) is left over, untouched, for `runtime.trie.trie` to do behind it.
"""

from collections.abc import Container, Mapping, Sequence
from typing import Final, TypeAlias

from runtime.trie.branch import ID_SIZE, Branch, Leaf, Nodes, ids_from, pack_id, put_id
from runtime.trie.node import HASH_SIZE, blank, encode_leaf

LEVELS_MAX: Final = 64
"""How many branches below each other are overwritten in one go; what lies deeper is left over."""

_Child: TypeAlias = tuple[int, bytes]
"""The id of a child's new version, and its digest."""


class Overwriter:
    """One pass over the changes of a block; `left` then names, by their places, the changes that it left."""

    __slots__ = (
        "_at_hand",
        "_changes",
        "_find",
        "_inline_max",
        "_keys",
        "_known",
        "_paths",
        "_read",
        "branches",
        "dead_branches",
        "dead_leaves",
        "leaves",
        "left",
        "next_id",
    )

    def __init__(
        self,
        nodes: Nodes,
        keys: Sequence[bytes],
        paths: Sequence[str],
        changes: Mapping[bytes, bytes | None],
        first_id: int,
        inline_max: int,
        known: Container[bytes],
    ) -> None:
        """`keys` are sorted, `paths` their nibbles; `known` has some keys that the trie surely holds."""
        self._at_hand = nodes.at_hand.get
        self._find = nodes.branch
        self._read = nodes.leaf
        self._keys = keys
        self._paths = paths
        self._changes = changes
        self._inline_max = inline_max
        self._known = known
        self.next_id = first_id
        self.branches: dict[int, Branch] = {}
        self.leaves: dict[int, Leaf] = {}
        self.dead_branches: list[int] = []
        self.dead_leaves: list[int] = []
        self.left: list[int] = []

    def run(self, top: int) -> _Child | None:
        """Overwrite below the root node `top`; its new version, or None if nothing was done."""
        return self._below(top, 0, len(self._keys), 0)

    def _below(self, id: int, first: int, end: int, level: int) -> _Child | None:
        """Overwrite what the changes from `first` to before `end` hold below the branch `id`, which all of
        them reach.
        """
        branch = self._at_hand(id) or self._find(id)
        shape, record = branch
        first, end = self._inside(branch, first, end, level)
        paths, depth, places = self._paths, shape.depth, shape.places
        patched: bytearray | None = None
        while first < end:
            nibble = paths[first][depth]
            here = first
            first += 1
            place = places.get(nibble)
            if place is None:
                self.left.append(here)
                continue
            at, id_at = place
            child: int = ids_from(record, id_at)[0]
            if child & 1:
                made = self._leaf(depth, child, here)
            elif first == end or paths[first][depth] != nibble:
                made = self._alone(child, here)
            else:
                first += 1
                while first < end and paths[first][depth] == nibble:
                    first += 1
                made = self._below(child, here, first, level + 1)
            if made is None:
                continue
            if patched is None:
                patched = bytearray(record)
            put_id(patched, id_at, made[0])
            patched[at : at + HASH_SIZE] = made[1]
        if patched is None:
            return None
        self.dead_branches.append(id)
        born = self.next_id
        self.next_id = born + 2
        record = bytes(patched)
        self.branches[born] = shape, record
        state = blank()
        state.update(record[: shape.end])
        return born, state.digest()

    def _inside(self, branch: Branch, first: int, end: int, level: int) -> tuple[int, int]:
        """Which of the changes from `first` to before `end` go to a child of the branch; the others are left
        over.
        """
        shape = branch[0]
        paths, left = self._paths, self.left
        if not shape.is_regular or level >= LEVELS_MAX:
            left.extend(range(first, end))
            return end, end
        partial, start = shape.partial, shape.start
        if partial:
            while first < end and not paths[first].startswith(partial, start):
                left.append(first)
                first += 1
            while first < end and not paths[end - 1].startswith(partial, start):
                end -= 1
                left.append(end)
        if first < end and len(paths[first]) == shape.depth:
            left.append(first)
            first += 1
        return first, end

    def _alone(self, id: int, place: int) -> _Child | None:
        """Overwrite with one change below the branch `id`, where no other change goes: one loop down, one up.

        No branch is entered twice, so that nothing is to be undone where the change has to be left over.
        """
        path, at_hand, find = self._paths[place], self._at_hand, self._find
        passed: list[tuple[int, int, int, Branch]] = []
        try:
            while True:
                branch = at_hand(id) or find(id)
                shape = branch[0]
                if not shape.is_plain and not (
                    shape.is_regular and path.startswith(shape.partial, shape.start)
                ):
                    self.left.append(place)
                    return None
                at, id_at = shape.places[path[shape.depth]]
                child: int = ids_from(branch[1], id_at)[0]
                if child & 1:
                    break
                passed.append((id, at, id_at, branch))
                id = child
        except (KeyError, IndexError):
            # There is no such child, or the key ends here.
            self.left.append(place)
            return None
        made = self._leaf(shape.depth, child, place)
        if made is None:
            return None
        passed.append((id, at, id_at, branch))
        dead, branches, born = self.dead_branches, self.branches, self.next_id
        below, digest = made
        for id, at, id_at, (shape, record) in reversed(passed):
            dead.append(id)
            end = shape.end
            encoded = record[:at] + digest + record[at + HASH_SIZE : end]
            state = blank()
            state.update(encoded)
            digest = state.digest()
            branches[born] = shape, encoded + record[end:id_at] + pack_id(below) + record[id_at + ID_SIZE :]
            below = born
            born += 2
        self.next_id = born
        return below, digest

    def _leaf(self, depth: int, id: int, place: int) -> _Child | None:
        """Overwrite the leaf `id`, a child of a branch of that depth, if the change is about its key."""
        key = self._keys[place]
        value = self._changes[key]
        if value is None or not (key in self._known or self._is_of(id, key)):
            self.left.append(place)
            return None
        encoded = encode_leaf(key, depth + 1, value, self._inline_max)
        if len(encoded) < HASH_SIZE:
            self.left.append(place)
            return None
        self.dead_leaves.append(id)
        born = self.next_id | 1
        self.next_id += 2
        self.leaves[born] = (key, value)
        state = blank()
        state.update(encoded)
        return born, state.digest()

    def _is_of(self, id: int, key: bytes) -> bool:
        """Whether the leaf `id` is that of `key`; one that was overwritten just now is that of another."""
        return id not in self.leaves and self._read(id)[0] == key
