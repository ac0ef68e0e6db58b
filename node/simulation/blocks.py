"""Model blocks: a parent, a height, who proposed it where, and whether it would execute."""

from __future__ import annotations

import struct
from typing import Final

from node.consensus.messages import Candidate
from runtime.crypto.hashing import blake2b_256

_LAYOUT: Final = struct.Struct("<32sIQQHBI")
KNOWN_MAX: Final = 4_096
"""Blocks that are kept read."""


class NotABlock(Exception):
    """Bytes that are no model block."""


def make_block(
    parent_hash: bytes, number: int, epoch: int, view: int, proposer: int, salt: int, *, is_valid: bool = True
) -> Candidate:
    """A block; `salt` tells apart what its proposer builds twice."""
    body = _LAYOUT.pack(parent_hash, number, epoch, view, proposer, is_valid, salt)
    return Candidate(blake2b_256(body), parent_hash, number, epoch, view, proposer, body)


def is_valid(candidate: Candidate) -> bool:
    """Whether a block executes."""
    return bool(candidate.body[-5])


class Reader:
    """Reads blocks, each once for all hosts."""

    def __init__(self) -> None:
        self._known: dict[bytes, Candidate] = {}

    def read(self, body: bytes) -> Candidate:
        """The block that these bytes are. Raises NotABlock."""
        found = self._known.get(body)
        if found is None:
            try:
                parent_hash, number, epoch, view, proposer, _, _ = _LAYOUT.unpack(body)
            except struct.error as error:
                raise NotABlock(str(error)) from None
            found = Candidate(blake2b_256(body), parent_hash, number, epoch, view, proposer, body)
            if len(self._known) >= KNOWN_MAX:
                self._known.pop(next(iter(self._known)))
            self._known[body] = found
        return found
