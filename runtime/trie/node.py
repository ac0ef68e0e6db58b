"""The nodes of the trie: Substrate's byte encoding of leaves and branches.

    node   = header, partial key, [children bitmap, u16 little-endian], [value], children
    header = kind in the high bits, number of nibbles in the low ones; when those are all ones, the rest of
             the number follows in bytes of 255 and one last byte below 255
    value  = compact length and bytes, or the 32-byte blake2b-256 of the value (a kind of its own)
    child  = compact length and the child's own encoding if that is shorter than 32 bytes, else its
             blake2b-256

As in `sp_trie::node_header` and `sp_trie::node_codec` of polkadot-sdk.
"""

from collections.abc import Mapping
from enum import IntEnum
from hashlib import blake2b

from runtime.trie.nibbles import pack

HASH_SIZE = 32
"""Bytes of a node's or a value's digest; a shorter node stands inline in its parent."""

KEY_BYTES_MAX = 32_767
"""The longest key: Substrate's decoders refuse a partial key of more than 65,535 nibbles."""

HEADERS_PREPARED = 512
"""Leaf headers up to this many nibbles are looked up, longer ones computed."""

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


def with_partial(buffer: bytes, old: str, new: str) -> bytes:
    """The encoding `buffer` of a branch with its partial key `old` exchanged for `new`."""
    first = buffer[0]
    for kind in (BRANCH_WITH_VALUE, BRANCH, BRANCH_WITH_HASH):
        if first & kind[0] == kind[0]:
            rest = buffer[len(header(kind, len(old))) + (len(old) + 1) // 2 :]
            return header(kind, len(new)) + pack(new) + rest
    raise AssertionError(f"not the header of a branch: {first:#04x}")
