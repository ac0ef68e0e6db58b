"""Building a trie from all of its entries, in the order of their keys: each node is finished when its last
entry has come, so that only the branches on the way to the newest key are held.
"""

from runtime.trie.branch import Branch, Leaf, freeze
from runtime.trie.nibbles import common_nibbles
from runtime.trie.node import (
    EMPTY_ROOT,
    StateVersion,
    digest_of,
    encode_branch,
    encode_leaf,
    reference_of,
)


class _Open:
    """A branch whose entries are still coming."""

    __slots__ = ("children", "depth", "value")

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.children: dict[str, tuple[int, bytes]] = {}
        """Nibble -> id and reference."""
        self.value: tuple[int, bytes] | None = None
        """The leaf of the key that ends here: its id and its value."""


class Builder:
    """Takes entries; gives nodes, which whoever builds takes out of `branches` and `leaves` at will."""

    def __init__(self, first_id: int, version: StateVersion = StateVersion.V1) -> None:
        """`first_id` is even, and the nodes' ids go up from it."""
        self.next_id = first_id
        self.branches: dict[int, Branch] = {}
        self.leaves: dict[int, Leaf] = {}
        self.root = EMPTY_ROOT
        """The root of all entries, once `finish` was called."""
        self.top = 0
        """The id of the root node, then."""
        self._inline_max = version.inline_max
        self._stack = [_Open(-1)]
        self._last: Leaf | None = None

    def add(self, key: bytes, value: bytes) -> None:
        """The next entry, whose key is greater than all before."""
        if self._last is not None:
            assert key > self._last[0], "entries come in the order of their keys"
            self._place(*self._last, common_nibbles(self._last[0], key))
        self._last = key, value

    def finish(self) -> None:
        """There are no more."""
        if self._last is not None:
            self._place(*self._last, -1)
            self._last = None

    def _place(self, key: bytes, value: bytes, after: int) -> None:
        """Put an entry where it belongs, and close the branches that the next key, which shares `after`
        nibbles with this one, does not reach.
        """
        stack, path = self._stack, key.hex()
        id = self._born(leaf=True)
        self.leaves[id] = key, value
        if after > stack[-1].depth:
            stack.append(_Open(after))
        below = stack[-1]
        if len(path) == below.depth:
            below.value = id, value
        else:
            self._name(below, path, id, encode_leaf(key, below.depth + 1, value, self._inline_max))
        while after < stack[-1].depth:
            done = stack.pop()
            if stack[-1].depth < after:
                stack.append(_Open(after))
            above = stack[-1]
            start = above.depth + 1
            references = {nibble: reference for nibble, (_, reference) in done.children.items()}
            own = None if done.value is None else done.value[1]
            encoded = encode_branch(path[start : done.depth], own, references, self._inline_max)
            ids = [id for id, _ in done.children.values()]
            if done.value is not None:
                ids.append(done.value[0])
            id = self._born(leaf=False)
            self.branches[id] = freeze(start, encoded, ids)
            self._name(above, path, id, encoded)

    def _name(self, above: _Open, path: str, id: int, encoded: bytes) -> None:
        """Let a branch name a finished node below it; the ground's only one is the root node."""
        if above.depth < 0:
            self.root, self.top = digest_of(encoded), id
        else:
            above.children[path[above.depth]] = id, reference_of(encoded)

    def _born(self, *, leaf: bool) -> int:
        id = self.next_id | leaf
        self.next_id += 2
        return id
