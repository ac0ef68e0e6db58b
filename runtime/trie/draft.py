"""A branch under edit: an owned copy that is patched in place, or exploded where its structure changes."""

from typing import Any

from msgspec import Struct

from runtime.trie.branch import ID_SIZE, STEP, Branch, Shape, child_of, ids_of, put_id
from runtime.trie.node import HASH_SIZE

PENDING = b""
"""The reference of a leaf that is encoded only when the branch above it is."""

_NOTHING: Branch = (Shape(0, "", {}, 0, 0, has_value=False), b"")
"""What the draft of a new branch copies."""


class Entry(Struct, frozen=True):
    """One child of an exploded branch, or under the nibble "" its own value."""

    id: int
    key: bytes | None
    """The key of a leaf; None for a branch, and for a leaf whose key was not asked for."""
    reference: bytes
    """How the child stands in the encoding: its digest, a shorter node itself, or `PENDING`."""


class Draft:
    """A branch under edit, while the update stays below its path."""

    __slots__ = ("depth", "entries", "id", "is_changed", "path", "record", "shape")

    def __init__(self, path: str, depth: int, id: int = 0, branch: Branch = _NOTHING) -> None:
        self.path = path
        """What all keys below share: the first `depth` nibbles."""
        self.depth = depth
        self.id = id
        """The id of the version that was opened; 0 for a new branch."""
        self.shape = branch[0]
        self.record: Any = branch[1]
        """The version's own record, until the first patch makes it an owned bytearray."""
        self.entries: dict[str, Entry] | None = None
        """The exploded form; where it is, the two above no longer count."""
        self.is_changed = False

    def child(self, slot: int) -> int:
        """The id of the child at a place."""
        return child_of((self.shape, self.record), slot)

    def patch(self, slot: int, id: int, digest: bytes) -> None:
        """Let the child at `slot`, which stands by its digest, be another."""
        if not self.is_changed:
            self.record = bytearray(self.record)
            self.is_changed = True
        put_id(self.record, self.shape.end + ID_SIZE * slot, id)
        at = self.shape.base + STEP * slot + 1
        self.record[at : at + HASH_SIZE] = digest

    def explode(self) -> "Draft":
        """Turn the record into a table of entries; the draft itself."""
        shape, record = self.shape, self.record
        ids = ids_of((shape, record))
        entries: dict[str, Entry] = {}
        at = shape.base
        for nibble, slot in shape.slots.items():
            end = at + 1 + (record[at] >> 2)
            entries[nibble] = Entry(ids[slot], None, bytes(record[at + 1 : end]))
            at = end
        if shape.has_value:
            entries[""] = Entry(ids[-1], bytes.fromhex(self.path), PENDING)
        self.entries = entries
        return self
