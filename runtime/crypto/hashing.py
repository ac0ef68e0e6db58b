"""The hash functions of a Substrate chain: BLAKE2b for commitments, xxHash for short storage prefixes.

`blake2b_*` are cryptographic (RFC 7693, unkeyed). `twox_*` are not: anyone can make two inputs collide, so
only names that the chain itself chooses (pallet and item names) may be hashed by them. The `*_concat`
hashers append the input, so that a key can be read back from storage. Byte for byte those of Substrate's
`sp_crypto_hashing`.
"""

from hashlib import blake2b
from struct import Struct

from xxhash import xxh64_intdigest

_word = Struct("<Q").pack
_two_words = Struct("<QQ").pack
_four_words = Struct("<QQQQ").pack


def blake2b_256(data: bytes) -> bytes:
    """The 32-byte BLAKE2b digest of `data`: block hashes, extrinsic hashes, trie nodes."""
    return blake2b(data, digest_size=32).digest()


def blake2b_128(data: bytes) -> bytes:
    """The 16-byte BLAKE2b digest of `data`."""
    return blake2b(data, digest_size=16).digest()


def blake2b_64(data: bytes) -> bytes:
    """The 8-byte BLAKE2b digest of `data`: identifiers of runtime APIs."""
    return blake2b(data, digest_size=8).digest()


def twox_64(data: bytes) -> bytes:
    """The 8-byte little-endian xxHash64 of `data` with seed 0."""
    return _word(xxh64_intdigest(data, 0))


def twox_128(data: bytes) -> bytes:
    """Two xxHash64 words of `data`, seeds 0 and 1, little-endian: the prefix of a pallet or a storage
    item.
    """
    return _two_words(xxh64_intdigest(data, 0), xxh64_intdigest(data, 1))


def twox_256(data: bytes) -> bytes:
    """Four xxHash64 words of `data`, seeds 0 to 3, little-endian."""
    return _four_words(*(xxh64_intdigest(data, seed) for seed in range(4)))


def blake2_128_concat(data: bytes) -> bytes:
    """The 16-byte BLAKE2b digest of `data`, then `data`: the hasher for keys that users choose."""
    return blake2b(data, digest_size=16).digest() + data


def twox_64_concat(data: bytes) -> bytes:
    """The 8-byte xxHash64 of `data`, then `data`: the hasher for keys that the chain chooses."""
    return _word(xxh64_intdigest(data, 0)) + data


def identity(data: bytes) -> bytes:
    """`data` itself: the hasher for keys that are already digests."""
    return data


blake2_128 = blake2b_128
"""FRAME's name of the storage hasher `blake2b_128`."""

blake2_256 = blake2b_256
"""FRAME's name of the storage hasher `blake2b_256`."""

twox128 = twox_128
"""The short name of `twox_128` in storage keys."""
