"""The bytes of trie nodes on disk.

branch = the record of `runtime.trie.branch`
leaf   = length of the key u16 little-endian, key, value
root   = state root 32 bytes, id of the root node u64
dead   = number of branches u32 little-endian, then ids u64 big-endian, as in keys: branches, then leaves

Each reader raises `DamagedRecord` for bytes that its writer never writes.
"""

import sys
from array import array
from collections.abc import Sequence
from struct import Struct
from struct import error as StructError

from runtime.state.backend import Root
from runtime.trie import Branch, Leaf, shape_of

ID_SIZE = 8
"""Bytes of an id in a key."""
ROOT_BYTES = 32 + 2 * ID_SIZE

_number = Struct(">Q")
_IS_LITTLE = sys.byteorder == "little"

number_key = _number.pack
"""The key of a height, a block number or an id: 8 bytes, big-endian."""


class DamagedRecord(ValueError):
    """Bytes that were never written as a record of their kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"damaged record of a {kind}")
        self.kind = kind


def number_of(key: bytes) -> int:
    """The number whose key this is."""
    try:
        number: int = _number.unpack(key)[0]
    except StructError:
        raise DamagedRecord("number") from None
    return number


def read_branch(record: bytes) -> Branch:
    try:
        return shape_of(record), record
    except (ValueError, IndexError):
        raise DamagedRecord("branch") from None


def write_leaf(leaf: Leaf) -> bytes:
    key, value = leaf
    return len(key).to_bytes(2, "little") + key + value


def read_leaf(record: bytes) -> Leaf:
    end = 2 + int.from_bytes(record[:2], "little")
    if not 2 <= end <= len(record):
        raise DamagedRecord("leaf")
    return record[2:end], record[end:]


def write_root(root: Root) -> bytes:
    return root.root + number_key(root.top) + number_key(root.next_id)


def read_root(record: bytes) -> Root:
    if len(record) != ROOT_BYTES:
        raise DamagedRecord("root")
    return Root(record[:32], number_of(record[32:40]), number_of(record[40:]))


def write_dead(branches: Sequence[int], leaves: Sequence[int]) -> bytes:
    keys = array("Q", (*branches, *leaves))
    if _IS_LITTLE:
        keys.byteswap()
    return len(branches).to_bytes(4, "little") + keys.tobytes()


def read_dead(record: bytes) -> tuple[list[bytes], list[bytes]]:
    """The keys of the dead branches and of the dead leaves."""
    count = int.from_bytes(record[:4], "little")
    keys = [record[at : at + ID_SIZE] for at in range(4, len(record), ID_SIZE)]
    if len(record) != 4 + ID_SIZE * len(keys) or count > len(keys):
        raise DamagedRecord("journal")
    return keys[:count], keys[count:]
