"""Range proofs: a page of a trie's entries in the order of their keys, of which none can be left out.

A page is the nodes that a walk in key order meets, and the values that stand in them by their digest, until
it is long enough. Its reader walks the same way: the entries are in the nodes themselves, and every child
that a node names is either met or ends the page. So a page proves its entries, that there are no others
between them, and, where the walk comes to its end, that there are none behind them. The next page begins
after the last key of this one.
"""

from collections.abc import Sequence
from typing import NamedTuple

from runtime.trie.branch import Leaf, Nodes, encoding_of, ids_of
from runtime.trie.node import (
    EMPTY_NODE,
    EMPTY_ROOT,
    HASH_SIZE,
    StateVersion,
    digest_of,
    encode_leaf,
)
from runtime.trie.proof import InvalidProof, MalformedProof, SuperfluousProof, decode_node


class Page(NamedTuple):
    """Entries in the order of their keys, with nothing left out between them."""

    entries: tuple[Leaf, ...]
    is_last: bool
    """Whether none come after them."""


class EmptyPage(InvalidProof):
    """A page that holds no entry, although there are some."""

    def __init__(self, after: bytes | None) -> None:
        place = "at the beginning" if after is None else f"after key 0x{after.hex()}"
        super().__init__(f"the page holds no entry {place}, and does not show that there is none")
        self.after = after


def prove_range(
    nodes: Nodes, top: int, after: bytes | None, size: int, version: StateVersion
) -> tuple[bytes, ...]:
    """The page of at least one entry and at least `size` bytes that begins after a key, or ends the trie."""
    if not top:
        return (EMPTY_NODE,)
    inline_max = version.inline_max
    passed = "" if after is None else after.hex()
    page: dict[bytes, None] = {}
    held = 0
    has_entry = False

    def add(item: bytes) -> None:
        nonlocal held
        if item not in page:
            page[item] = None
            held += len(item)

    stack = [(top, "", 0)]
    while stack and not (has_entry and held >= size):
        id, path, start = stack.pop()
        if id & 1:
            key, value = nodes.leaf(id)
            if start >= 0:
                encoded = encode_leaf(key, start, value, inline_max)
                if not start or len(encoded) >= HASH_SIZE:
                    add(encoded)
            if after is None or key > after:
                has_entry = True
                if len(value) > inline_max:
                    add(value)
            continue
        branch = nodes.branch(id)
        shape, ids, encoded = branch[0], ids_of(branch), encoding_of(branch)
        if not start or len(encoded) >= HASH_SIZE:
            add(encoded)
        path += shape.partial
        for nibble, slot in reversed(tuple(shape.slots.items())):
            below = path + nibble
            if below >= passed[: len(below)]:
                stack.append((ids[slot], below, shape.depth + 1))
        if shape.has_value:
            # The node itself holds the entry: there is no leaf to encode.
            stack.append((ids[-1], path, -1))
    return tuple(page)


def read_range(root: bytes, items: Sequence[bytes], after: bytes | None) -> Page:
    """The entries that a page shows under `root`, those after a key.

    Raises MalformedProof, SuperfluousProof for an item that the walk does not meet, EmptyPage.
    """
    page = {digest_of(item): item for item in items}
    used: set[bytes] = set()
    passed = "" if after is None else after.hex()
    entries: list[Leaf] = []
    is_last = True
    stack: list[tuple[str, bytes]] = [] if root == EMPTY_ROOT else [("", root)]
    while stack:
        path, reference = stack.pop()
        encoded = reference
        if len(reference) == HASH_SIZE:
            if reference not in page:
                is_last = False
                break
            used.add(reference)
            encoded = page[reference]
        node = decode_node(encoded)
        path += node.partial
        if node.children is not None:
            for nibble in sorted(node.children, reverse=True):
                below = path + nibble
                if below >= passed[: len(below)]:
                    stack.append((below, node.children[nibble]))
        has_value = node.value is not None or node.value_digest is not None
        if not has_value or not (after is None or path > passed):
            continue
        if len(path) & 1:
            raise MalformedProof(encoded, "its key is no whole number of bytes")
        value = node.value
        if node.value_digest is not None:
            value = page.get(node.value_digest)
            if value is None:
                is_last = False
                break
            used.add(node.value_digest)
        assert value is not None
        entries.append((bytes.fromhex(path), value))
    for digest, item in page.items():
        if digest not in used and item != EMPTY_NODE:
            raise SuperfluousProof(item)
    if not entries and not is_last:
        raise EmptyPage(after)
    return Page(tuple(entries), is_last)
