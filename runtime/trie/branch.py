"""Frozen branches, each of them one record: the very bytes that a store keeps.

    record = encoding, ids of the children in nibble order, id of the leaf with its own value, start
             (`node.py`)            u64 each                      u64, if it has one            u16

Numbers are little-endian; `start` is where the partial key starts. A frozen node never points to another: it
names its children by id. Ids are unique for the life of a store; even ones are branches, odd ones leaves, and
0 is the empty trie. A leaf is its whole key and value, so it keeps its id when a change above it moves the
place where its partial key starts.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Protocol, TypeAlias

from runtime.trie.node import BRANCH, HASH_SIZE

STEP = 1 + HASH_SIZE
"""Bytes from one child that stands by its digest to the next."""

ID_SIZE = 8
"""Bytes from one id to the next."""

START_SIZE = 2
"""Bytes of the start, the last ones."""

PLACES_MAX = 1 << 10
"""Of how many layouts of branches the places are kept, to be shared."""

PLAIN_SHAPES_MAX = 1 << 14
"""How many shapes of plain branches are kept, to be shared."""

_id = struct.Struct("<Q")
put_id = _id.pack_into
ids_from = _id.unpack_from
"""The id that stands at a place, as the only one of a tuple."""

Leaf: TypeAlias = tuple[bytes, bytes]
"""A key and its value."""

Split: TypeAlias = Callable[[bytes], tuple[bytes, ...]]
"""Takes a record apart around the digest and the id of a child: before, between, behind."""

Join: TypeAlias = Callable[[bytes, bytes, bytes, int, bytes], bytes]
"""Puts a record together: before, the child's digest, between, the child's id, behind."""

Place: TypeAlias = tuple[Callable[[bytes], tuple[int, ...]], Split, Join]
"""Where a child stands in a record: what reads its id, and what patches it."""


@lru_cache(PLACES_MAX)
def places_of(base: int, children: int, has_value: bool) -> tuple[Place, ...]:
    """The places of the children of a regular branch, the first of which stands at `base`."""
    ids = base + STEP * children
    end = ids + ID_SIZE * (children + has_value) + START_SIZE
    places: list[Place] = []
    for slot in range(children):
        before, id_at = base + STEP * slot + 1, ids + ID_SIZE * slot
        between, behind = id_at - before - HASH_SIZE, end - id_at - ID_SIZE
        read_id = struct.Struct(f"<{id_at}xQ").unpack_from
        split = struct.Struct(f"<{before}s{HASH_SIZE}x{between}s{ID_SIZE}x{behind}s").unpack
        join = struct.Struct(f"<{before}s{HASH_SIZE}s{between}sQ{behind}s").pack
        places.append((read_id, split, join))
    return tuple(places)


class Shape:
    """What the versions of a branch share while only values below it change, and one with all branches that
    are alike in it. Never altered.
    """

    __slots__ = (
        "base",
        "depth",
        "end",
        "has_value",
        "is_plain",
        "is_regular",
        "partial",
        "places",
        "slots",
        "start",
    )

    def __init__(
        self, start: int, partial: str, slots: Mapping[str, int], base: int, end: int, has_value: bool
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
        self.end = end
        """Where the encoding ends, and the ids begin."""
        self.has_value = has_value
        """Whether a key ends at this branch: its leaf is the last of the ids."""
        self.is_regular = end - base == STEP * len(slots)
        """Whether every child stands by its digest, 33 bytes apart."""
        self.is_plain = self.is_regular and not partial
        """Regular, and reached by every key that its parent sends there."""
        self.places = places_of(base, len(slots), has_value) if self.is_regular else ()
        """Of a regular branch, where each child stands."""


Branch: TypeAlias = tuple[Shape, bytes]
"""One frozen version of a branch: its shape, and its record. A bare tuple: millions are made."""


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


def freeze(start: int, encoded: bytes, ids: Sequence[int]) -> Branch:
    """The branch of an encoding, whose children have these ids, the leaf of its own value the last."""
    record = encoded + struct.pack(f"<{len(ids)}QH", *ids, start)
    return shape_of(record), record


def encoding_of(branch: Branch) -> bytes:
    """Its encoding."""
    shape, record = branch
    return record[: shape.end]


def ids_of(branch: Branch) -> tuple[int, ...]:
    """The ids of its children, and last that of the leaf of its own value, if it has one."""
    shape, record = branch
    return struct.unpack_from(f"<{len(shape.slots) + shape.has_value}Q", record, shape.end)


def child_of(branch: Branch, slot: int) -> int:
    """The id of the child at a place."""
    shape, record = branch
    id: int = ids_from(record, shape.end + ID_SIZE * slot)[0]
    return id


def own_leaf(branch: Branch) -> int:
    """The id of the leaf of the key that ends here; 0 if there is none."""
    shape, _ = branch
    return child_of(branch, len(shape.slots)) if shape.has_value else 0


@cache
def slots_of(bitmap: int) -> Mapping[str, int]:
    """Nibble -> place, for the children that `bitmap` says exist; the same object for the same bitmap."""
    present = [nibble for nibble in range(16) if bitmap >> nibble & 1]
    return {f"{nibble:x}": slot for slot, nibble in enumerate(present)}


def shape_of(record: bytes) -> Shape:
    """The shape of the branch of a record. Raises ValueError or IndexError for what is none; the digests in
    it are not looked at.
    """
    start = int.from_bytes(record[-START_SIZE:], "little")
    first = record[0]
    if first == BRANCH[0]:
        plain = _plain_shape(start, record[1] | record[2] << 8)
        if plain.slots and len(record) == plain.end + ID_SIZE * len(plain.slots) + START_SIZE:
            return plain
    width = 4 if first < 0x20 else 6
    full = (1 << width) - 1
    nibbles = first & full
    at = 1
    if nibbles == full:
        more = 255
        while more == 255:
            more = record[at]
            nibbles += more
            at += 1
    begin = at + (nibbles + 1) // 2
    partial = record[at:begin].hex()[nibbles & 1 :]
    slots = slots_of(record[begin] | record[begin + 1] << 8)
    base = begin + 2
    if first < 0x20:
        base += HASH_SIZE
    elif first >= 0xC0:
        mode = record[base] & 3
        base += (1, 2, 4)[mode] + (int.from_bytes(record[base : base + (1, 2, 4)[mode]], "little") >> 2)
    has_value = first < 0x20 or first >= 0xC0
    end = len(record) - START_SIZE - ID_SIZE * (len(slots) + has_value)
    at = base
    for _ in slots:
        at += 1 + (record[at] >> 2)
    if at != end or not slots:
        raise ValueError("no record of a branch")
    return Shape(start, partial, slots, base, end, has_value)


@lru_cache(PLAIN_SHAPES_MAX)
def _plain_shape(start: int, bitmap: int) -> Shape:
    """The shape of a branch without partial key and value, whose children stand by their digests: of nearly
    all that a large trie has, and then it is at hand when they are walked.
    """
    slots = slots_of(bitmap)
    return Shape(start, "", slots, base=3, end=3 + STEP * len(slots), has_value=False)
