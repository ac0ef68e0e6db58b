"""The trace: all that goes over the network, is said in the agreement, and is final, hashed as it comes."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable

import trio

_CARRIED = struct.Struct("<cdBBId")
_FINAL = struct.Struct("<cdBI")
SWALLOWED = -1.0
"""The delay of what never arrives, in the trace."""


class Trace:
    """The events of one run."""

    def __init__(self, show: Callable[[str], None] | None = None) -> None:
        """`show` is told what happens in words."""
        self._hash = hashlib.blake2b(digest_size=16)
        self._show = show
        self.is_shown = show is not None
        self.chunks = 0

    def carried(self, source: int, target: int, size: int, seconds: float | None) -> None:
        """So many bytes went from one place to another, and will take so long."""
        self.chunks += 1
        delay = SWALLOWED if seconds is None else seconds
        self._hash.update(_CARRIED.pack(b"c", trio.current_time(), source, target, size, delay))

    def said(self, place: int, data: bytes) -> None:
        """A node said something of the agreement."""
        self._hash.update(b"s%c" % place + data)

    def final(self, place: int, number: int, block_hash: bytes) -> None:
        """A block is final at a node."""
        self._hash.update(_FINAL.pack(b"f", trio.current_time(), place, number) + block_hash)
        self.tell(place, f"final: block {number}, {block_hash.hex()[:8]}")

    def tell(self, place: int | None, words: str) -> None:
        """Something that is only shown."""
        if self._show is not None:
            self._show(f"{trio.current_time():10.3f} {'-' if place is None else place} {words}")

    @property
    def hash(self) -> str:
        """The hash of all events up to now, in hex."""
        return self._hash.hexdigest()
