"""Ed25519 signature verification under the one rule of consensus: ZIP-215.

RFC 8032 leaves edge cases open, so libraries disagree about them, and two nodes that disagree about one
signature fork. This chain's rule is that of ZIP-215 (https://zips.z.cash/zip-0215), which each
implementation can meet exactly, alone or in a batch. A signature (R, s) of a message M by a public key A is
valid if and only if

1. A and R decode to points of the curve; encodings that are not canonical (y >= p, or "negative zero" x)
   decode, and points of small order are allowed;
2. s, as a little-endian integer, is below the group order L;
3. [8][s]B = [8]R + [8][k]A, the *cofactored* equation, with k = SHA-512(R || A || M) over the bytes as
   given.

Signers need not care: every signature made by RFC 8032 is valid here.
"""

from ed25519_zebra import ed_from_seed, ed_verify

PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
SEED_BYTES = 32


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` by `public` (32 bytes) is valid under ZIP-215.

    Never raises: an argument of a wrong length is simply not a valid signature.
    """
    return (
        len(public) == PUBLIC_BYTES
        and len(signature) == SIGNATURE_BYTES
        and ed_verify(signature, message, public)
    )


def public_from_seed(seed: bytes) -> bytes:
    """The 32-byte public key of a 32-byte secret `seed`. Raises `ValueError` for a seed of another length."""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"an ed25519 seed has {SEED_BYTES} bytes, not {len(seed)}")
    return ed_from_seed(seed)[1]
