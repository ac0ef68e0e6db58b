"""Verification of read proofs: what a key holds under a root, from a handful of encoded nodes and nothing
else.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from runtime.trie.node import (
    EMPTY_NODE,
    EMPTY_ROOT,
    HASH_SIZE,
    digest_of,
)


class InvalidProof(Exception):
    """A proof that does not show what was asked."""


class IncompleteProof(InvalidProof):
    """A node or a value that the answer needs is not among the items."""

    def __init__(self, digest: bytes, key: bytes) -> None:
        super().__init__(f"the proof lacks the item 0x{digest.hex()} on the way to key 0x{key.hex()}")
        self.digest = digest
        self.key = key


class MalformedProof(InvalidProof):
    """An item on the way to the answer is not a node of a trie."""

    def __init__(self, node: bytes, why: str) -> None:
        super().__init__(f"the proof holds a malformed node 0x{node[:40].hex()}: {why}")
        self.node = node
        self.why = why


class SuperfluousProof(InvalidProof):
    """An item that no answer needs."""

    def __init__(self, item: bytes) -> None:
        super().__init__(
            f"the proof holds an item that no key needs: 0x{item[:40].hex()} ({len(item)} bytes)"
        )
        self.item = item


class DecodedNode(NamedTuple):
    """A node taken apart: `value` whole, or `value_digest`, or neither."""

    partial: str
    value: bytes | None
    value_digest: bytes | None
    children: Mapping[str, bytes] | None
    """Nibble -> digest or inline node; None for a leaf."""


def verify_proof(root: bytes, proof: Iterable[bytes], key: bytes) -> bytes | None:
    """The value of `key` under `root`, or None if the proof shows that there is none.

    Items that other keys need may be there. Raises `IncompleteProof` or `MalformedProof`.
    """
    return _walk(root, _by_digest(proof), key, set())


def verify_proofs(root: bytes, proof: Sequence[bytes], keys: Sequence[bytes]) -> dict[bytes, bytes | None]:
    """The values of `keys` under `root`; every item must be needed.

    Raises `IncompleteProof`, `MalformedProof` or `SuperfluousProof`.
    """
    items = _by_digest(proof)
    used: set[bytes] = set()
    values = {key: _walk(root, items, key, used) for key in keys}
    for digest, item in items.items():
        if digest not in used and item != EMPTY_NODE:
            raise SuperfluousProof(item)
    return values


def _by_digest(proof: Iterable[bytes]) -> dict[bytes, bytes]:
    return {digest_of(item): item for item in proof}


def _walk(root: bytes, items: Mapping[bytes, bytes], key: bytes, used: set[bytes]) -> bytes | None:
    def item(digest: bytes) -> bytes:
        if digest not in items:
            raise IncompleteProof(digest, key)
        used.add(digest)
        return items[digest]

    if root == EMPTY_ROOT:
        return None
    path = key.hex()
    encoded = item(root)
    while True:
        node = decode_node(encoded)
        if not path.startswith(node.partial):
            return None
        path = path[len(node.partial) :]
        if not path:
            return node.value if node.value_digest is None else item(node.value_digest)
        reference = None if node.children is None else node.children.get(path[0])
        if reference is None:
            return None
        path = path[1:]
        encoded = item(reference) if len(reference) == HASH_SIZE else reference


def decode_node(node: bytes) -> DecodedNode:
    """Read one node strictly: nothing may be missing and nothing left. Raises MalformedProof."""
    reader = _Reader(node)
    first = reader.take(1)[0]
    match first >> 4:
        case 0x4 | 0x5 | 0x6 | 0x7:
            width, is_branch, has_value, is_hashed = 6, False, True, False
        case 0x8 | 0x9 | 0xA | 0xB:
            width, is_branch, has_value, is_hashed = 6, True, False, False
        case 0xC | 0xD | 0xE | 0xF:
            width, is_branch, has_value, is_hashed = 6, True, True, False
        case 0x2 | 0x3:
            width, is_branch, has_value, is_hashed = 5, False, True, True
        case 0x1:
            width, is_branch, has_value, is_hashed = 4, True, True, True
        case _:
            raise MalformedProof(node, f"unknown header {first:#04x}")
    partial = reader.partial(first, width)
    bitmap = int.from_bytes(reader.take(2), "little") if is_branch else 0
    if is_branch and not bitmap:
        raise MalformedProof(node, "a branch without children")
    value = reader.counted() if has_value and not is_hashed else None
    value_digest = reader.take(HASH_SIZE) if is_hashed else None
    children: dict[str, bytes] | None = {} if is_branch else None
    if children is not None:
        for nibble in range(16):
            if bitmap >> nibble & 1:
                reference = reader.counted()
                if not 0 < len(reference) <= HASH_SIZE:
                    raise MalformedProof(node, f"a child reference of {len(reference)} bytes")
                children[f"{nibble:x}"] = reference
    reader.end()
    return DecodedNode(partial, value, value_digest, children)


class _Reader:
    """Takes a node apart from the left."""

    def __init__(self, node: bytes) -> None:
        self.node = node
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.node):
            raise MalformedProof(
                self.node, f"it ends at byte {len(self.node)}, {end - len(self.node)} too early"
            )
        taken = self.node[self.at : end]
        self.at = end
        return taken

    def partial(self, first: int, width: int) -> str:
        """The partial key, whose length begins in the low `width` bits of the header."""
        full = (1 << width) - 1
        nibbles = first & full
        if nibbles == full:
            more = 255
            while more == 255:
                more = self.take(1)[0]
                nibbles += more
        path = self.take((nibbles + 1) // 2).hex()
        if nibbles & 1:
            if path[0] != "0":
                raise MalformedProof(self.node, "the unused nibble of an odd partial key is not zero")
            path = path[1:]
        return path

    def counted(self) -> bytes:
        """Bytes after their SCALE compact length."""
        first = self.take(1)[0]
        match first & 3:
            case 0:
                count = first >> 2
            case 1:
                count = (first | self.take(1)[0] << 8) >> 2
            case 2:
                count = (first | int.from_bytes(self.take(3), "little") << 8) >> 2
            case _:
                raise MalformedProof(self.node, "a length over 2^30")
        if count < (0, 1 << 6, 1 << 14)[first & 3]:
            raise MalformedProof(self.node, f"a length of {count} in more bytes than it needs")
        return self.take(count)

    def end(self) -> None:
        if self.at != len(self.node):
            raise MalformedProof(self.node, f"{len(self.node) - self.at} bytes follow its end")
