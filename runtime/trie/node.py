"""The nodes of the trie: Substrate's byte encoding of leaves and branches, and frozen branches with numeric
ids.

Encoding, as in `sp_trie::node_header` and `sp_trie::node_codec` of polkadot-sdk:

    node   = header, partial key, [children bitmap, u16 little-endian], [value], children
    header = kind in the high bits, number of nibbles in the low ones; when those are all ones, the rest of
    the
             number follows in bytes of 255 and one last byte below 255
    value  = compact length and bytes, or the 32-byte blake2b-256 of the value (a kind of its own)
    child  = compact length and the child's own encoding if that is shorter than 32 bytes, else its
    blake2b-256

A frozen node never points to another: it names its children by id. Ids are unique for the life of a store;
even ones are branches, odd ones leaves, and 0 is the empty trie. A leaf is its whole key and value, so it
keeps its id when a change above it moves the place where its partial key starts.
"""

from array import array
from collections.abc import Mapping
from enum import IntEnum
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Protocol, TypeAlias

from runtime.trie.nibbles import pack

HASH_SIZE = 32
"""Bytes of a node's or a value's digest; a shorter node stands inline in its parent."""

STEP = 1 + HASH_SIZE
"""Bytes from one child that stands by its digest to the next."""

KEY_BYTES_MAX = 32_767
"""The longest key: Substrate's decoders refuse a partial key of more than 65,535 nibbles."""

HEADERS_PREPARED = 512
"""Leaf headers up to this many nibbles are looked up, longer ones computed."""

PLAIN_SHAPES_MAX = 1 << 14
"""How many shapes of plain branches are kept, to be shared."""

EMPTY_NODE = b"\0"
EMPTY_ROOT = blake2b(EMPTY_NODE, digest_size=HASH_SIZE).digest()
"""The root of the trie that holds nothing."""

blank = blake2b(digest_size=HASH_SIZE).copy
"""A fresh blake2b-256 state to update."""

LEAF = (0x40, 6)
BRANCH = (0x80, 6)
BRANCH_WITH_VALUE = (0xC0, 6)
LEAF_WITH_HASH = (0x20, 5)
BRANCH_WITH_HASH = (0x10, 4)

Leaf: TypeAlias = tuple[bytes, bytes]
"""A key and its value."""


class StateVersion(IntEnum):
    """How values stand in the trie."""

    V0 = 0
    """Every value stands whole in its node."""
    V1 = 1
    """A value of 33 bytes or more stands by its blake2b-256."""

    @property
    def inline_max(self) -> int:
        """The length in bytes of the longest value that stands whole in its node."""
        return HASH_SIZE if self else (1 << 32) - 1


class Shape:
    """What the versions of a branch share while only values below it change, and one with all branches that
    are alike in it. Never altered.
    """

    __slots__ = ("base", "depth", "has_value", "is_plain", "is_regular", "partial", "slots", "start")

    def __init__(
        self,
        start: int,
        partial: str,
        slots: Mapping[str, int],
        base: int,
        has_value: bool,
        is_regular: bool,
    ) -> None:
        self.start = start
        """The number of nibbles above the branch, its parent's choice among children included."""
        self.partial = partial
        """The nibbles that all keys below the branch share from `start` on."""
        self.depth = start + len(partial)
        """The position of the nibble that chooses among the children."""
        self.slots = slots
        """Nibble -> place among the children that exist."""
        self.base = base
        """Where the first child stands in the encoding."""
        self.has_value = has_value
        """Whether a key ends at this branch: its leaf is the last of the ids."""
        self.is_regular = is_regular
        """Whether every child stands by its digest, 33 bytes apart."""
        self.is_plain = is_regular and not partial
        """Regular, and reached by every key that its parent sends there."""


Branch: TypeAlias = tuple[Shape, "array[int]", bytes]
"""One frozen version of a branch: its shape; the ids of its children in nibble order, then that of the leaf
with its own value if it has one; and its exact encoding. A bare tuple: millions are made.
"""


class Nodes(Protocol):
    """Where a trie finds the frozen nodes that it did not make itself.

    `branch` and `leaf` raise the store's own error when the id is not there: pruned, or never written.
    """

    @property
    def at_hand(self) -> Mapping[int, Branch]:
        """Branches that `branch` would find in memory, as far as it costs nothing to say: looking here first
        spares a call for each.
        """
        ...

    def branch(self, id: int, /) -> Branch: ...

    def leaf(self, id: int, /) -> Leaf: ...


def header(kind: tuple[int, int], nibbles: int) -> bytes:
    """The first bytes of a node: `kind`, and how many nibbles its partial key has."""
    bits, width = kind
    full = (1 << width) - 1
    if nibbles < full:
        return bytes((bits | nibbles,))
    rest = nibbles - full
    return bytes((bits | full, *([255] * (rest // 255)), rest % 255))


_LEAF_HEADERS = tuple(header(LEAF, nibbles) for nibbles in range(HEADERS_PREPARED))
_LEAF_WITH_HASH_HEADERS = tuple(header(LEAF_WITH_HASH, nibbles) for nibbles in range(HEADERS_PREPARED))
_LOW_NIBBLE = tuple(bytes((byte & 15,)) for byte in range(256))


@cache
def slots_of(bitmap: int) -> Mapping[str, int]:
    """Nibble -> place, for the children that `bitmap` says exist; the same object for the same bitmap."""
    present = [nibble for nibble in range(16) if bitmap >> nibble & 1]
    return {f"{nibble:x}": slot for slot, nibble in enumerate(present)}


def compact(number: int) -> bytes:
    """The SCALE compact encoding of a length below 2^30."""
    if number < 1 << 6:
        return bytes((number << 2,))
    if number < 1 << 14:
        return (number << 2 | 1).to_bytes(2, "little")
    return (number << 2 | 2).to_bytes(4, "little")


def digest_of(data: bytes) -> bytes:
    """blake2b-256. Copying a blank state saves a third of the time of setting one up."""
    state = blank()
    state.update(data)
    return state.digest()


def reference_of(encoded: bytes) -> bytes:
    """How a parent names a node: the node itself if short, else its digest."""
    return encoded if len(encoded) < HASH_SIZE else digest_of(encoded)


def encode_leaf(key: bytes, start: int, value: bytes, inline_max: int) -> bytes:
    """The encoding of the leaf of `key` under `start` nibbles of branches."""
    nibbles = 2 * len(key) - start
    middle = start >> 1
    if start & 1:
        partial = _LOW_NIBBLE[key[middle]] + key[middle + 1 :]
    else:
        partial = key[middle:]
    if len(value) > inline_max:
        state = blank()
        state.update(value)
        if nibbles < HEADERS_PREPARED:
            return _LEAF_WITH_HASH_HEADERS[nibbles] + partial + state.digest()
        return header(LEAF_WITH_HASH, nibbles) + partial + state.digest()
    head = _LEAF_HEADERS[nibbles] if nibbles < HEADERS_PREPARED else header(LEAF, nibbles)
    return head + partial + compact(len(value)) + value


def encode_branch(
    partial: str, value: bytes | None, references: Mapping[str, bytes], inline_max: int
) -> bytes:
    """The encoding of a branch; `references` in nibble order, each a digest or a node shorter than one."""
    bitmap = 0
    for nibble in references:
        bitmap |= 1 << int(nibble, 16)
    if value is None:
        kind, encoded = BRANCH, b""
    elif len(value) > inline_max:
        kind, encoded = BRANCH_WITH_HASH, digest_of(value)
    else:
        kind, encoded = BRANCH_WITH_VALUE, compact(len(value)) + value
    parts = [header(kind, len(partial)), pack(partial), bitmap.to_bytes(2, "little"), encoded]
    for reference in references.values():
        parts.append(bytes((len(reference) << 2,)))
        parts.append(reference)
    return b"".join(parts)


def shape_of(start: int, buffer: bytes) -> Shape:
    """The shape of the branch encoded in `buffer`, which is trusted."""
    first = buffer[0]
    if first == BRANCH[0]:
        plain = _plain_shape(start, buffer[1] | buffer[2] << 8)
        if len(buffer) == plain.base + STEP * len(plain.slots):
            return plain
    width = 4 if first < 0x20 else 6
    full = (1 << width) - 1
    nibbles = first & full
    at = 1
    if nibbles == full:
        more = 255
        while more == 255:
            more = buffer[at]
            nibbles += more
            at += 1
    end = at + (nibbles + 1) // 2
    partial = buffer[at:end].hex()[nibbles & 1 :]
    slots = slots_of(buffer[end] | buffer[end + 1] << 8)
    base = end + 2
    if first < 0x20:
        base += HASH_SIZE
    elif first >= 0xC0:
        mode = buffer[base] & 3
        base += (1, 2, 4)[mode] + (int.from_bytes(buffer[base : base + (1, 2, 4)[mode]], "little") >> 2)
    is_regular = len(buffer) - base == STEP * len(slots)
    return Shape(start, partial, slots, base, first < 0x20 or first >= 0xC0, is_regular)


@lru_cache(PLAIN_SHAPES_MAX)
def _plain_shape(start: int, bitmap: int) -> Shape:
    """The shape of a branch without partial key and value, whose children stand by their digests: of nearly
    all that a large trie has, and then it is at hand when they are walked.
    """
    return Shape(start, "", slots_of(bitmap), 3, has_value=False, is_regular=True)


def with_partial(buffer: bytes, old: str, new: str) -> bytes:
    """The encoding `buffer` of a branch with its partial key `old` exchanged for `new`."""
    first = buffer[0]
    for kind in (BRANCH_WITH_VALUE, BRANCH, BRANCH_WITH_HASH):
        if first & kind[0] == kind[0]:
            rest = buffer[len(header(kind, len(old))) + (len(old) + 1) // 2 :]
            return header(kind, len(new)) + pack(new) + rest
    raise AssertionError(f"not the header of a branch: {first:#04x}")
