"""Overwriting: new values under keys that a trie holds already, which is nearly all the work of a block.

Where each change replaces the value of a leaf, no branch changes its shape: 32 bytes of its encoding and one
id are patched for each child that changed. So this is one walk over the sorted keys with the branches on the
way to the key at hand on a stack: a branch that does not lead to the next key is left for good, hashed, and
patched into the one above. Whatever is not of this kind (a key that is not there, a removal, a node that
stands inline, a value at a branch) is left over, untouched, for `runtime.trie.trie` to do behind it.
"""

from collections.abc import Container, Mapping, Sequence

from runtime.trie.branch import Branch, Join, Leaf, Nodes, Split
from runtime.trie.node import HASH_SIZE, blank, digest_of, encode_leaf


class Overwriter:
    """One pass over the changes of a block; `left` then has the keys whose changes it left over, in order."""

    __slots__ = (
        "_changes",
        "_inline_max",
        "_keys",
        "_known",
        "_nodes",
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
        changes: Mapping[bytes, bytes | None],
        first_id: int,
        inline_max: int,
        known: Container[bytes],
    ) -> None:
        """`keys` are sorted; `known` has some keys that the trie surely holds."""
        self._nodes = nodes
        self._keys = keys
        self._changes = changes
        self._inline_max = inline_max
        self._known = known
        self.next_id = first_id
        self.branches: dict[int, Branch] = {}
        self.leaves: dict[int, Leaf] = {}
        self.dead_branches: list[int] = []
        self.dead_leaves: list[int] = []
        self.left: list[bytes] = []

    def run(self, top: int) -> tuple[int, bytes] | None:
        """Overwrite below the root node `top`: the id and the digest of its new version, or None if nothing
        was done.
        """
        at_hand, find, leaf = self._nodes.at_hand.get, self._nodes.branch, self._nodes.leaf
        shape, record = at_hand(top) or find(top)
        if not shape.is_plain:
            self.left.extend(self._keys)
            return None
        # One loop without calls of our own: a third of the work of a block is here, and most of it is small.
        changes, known, inline_max = self._changes, self._known, self._inline_max
        branches, leaves, left = self.branches, self.leaves, self.left
        dead_branches, dead_leaves = self.dead_branches, self.dead_leaves
        born = self.next_id
        # The branch at hand, whether a child of it was patched, and what all keys below it start with; above
        # it on the stack the same of each branch that leads to it, and how that one's record is patched.
        id, is_patched, prefix = top, False, ""
        stack: list[tuple[int, Branch, bool, str, Split, Join]] = []
        for key in (*self._keys, None):
            path = key.hex() if key is not None else ""
            while not path.startswith(prefix):
                if not is_patched:
                    id, (shape, record), is_patched, prefix, split, join = stack.pop()
                    continue
                branches[born] = shape, record
                dead_branches.append(id)
                state = blank()
                state.update(record[: shape.end])
                id, (shape, record), is_patched, prefix, split, join = stack.pop()
                before, between, behind = split(record)
                record = join(before, state.digest(), between, born, behind)
                is_patched = True
                born += 2
            if key is None:
                break
            try:
                while True:
                    slot = shape.slots[path[shape.depth]]
                    read_id, split, join = shape.places[slot]
                    child = read_id(record)[0]
                    if child & 1:
                        break
                    # One that was left for good can only turn out not to lead to this key.
                    below = at_hand(child) or branches.get(child) or find(child)
                    inner = below[0]
                    if not inner.is_plain and not (
                        inner.is_regular and path.startswith(inner.partial, inner.start)
                    ):
                        raise KeyError
                    stack.append((id, (shape, record), is_patched, prefix, split, join))
                    id, is_patched, prefix = child, False, path[: inner.depth]
                    shape, record = below
            except (KeyError, IndexError):
                # There is no such child, the key ends here, or the way on is not a regular branch.
                left.append(key)
                continue
            value = changes[key]
            if value is None or not (key in known or (child not in leaves and leaf(child)[0] == key)):
                left.append(key)
                continue
            encoded = encode_leaf(key, shape.depth + 1, value, inline_max)
            if len(encoded) < HASH_SIZE:
                left.append(key)
                continue
            leaves[born | 1] = key, value
            dead_leaves.append(child)
            state = blank()
            state.update(encoded)
            before, between, behind = split(record)
            record = join(before, state.digest(), between, born | 1, behind)
            is_patched = True
            born += 2
        if not is_patched:
            return None
        branches[born] = shape, record
        dead_branches.append(id)
        self.next_id = born + 2
        return born, digest_of(record[: shape.end])
