"""The three hashers that put a map's keys into storage; each keeps the key readable after the hash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runtime.crypto.hashing import blake2_128_concat, identity, twox_64_concat


@dataclass(frozen=True, slots=True)
class Hasher:
    """A storage hasher: `apply(encoded key)` is what stands in the storage key."""

    name: str
    """Substrate's name, as metadata gives it."""
    code: int
    """Variant index in metadata."""
    apply: Callable[[bytes], bytes]
    prefix_size: int
    """Bytes of hash that stand before the encoded key."""


Blake2_128Concat: Final = Hasher("Blake2_128Concat", 2, blake2_128_concat, 16)
"""For keys that anybody may choose: the hash spreads them."""
Twox64Concat: Final = Hasher("Twox64Concat", 5, twox_64_concat, 8)
"""Cheaper, for keys that nobody can choose freely: counters, indices."""
Identity: Final = Hasher("Identity", 6, identity, 0)
"""No hash, for keys that are hashes already, and where order matters."""
