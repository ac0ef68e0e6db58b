"""Sr25519 signature verification: Schnorr signatures over Ristretto255, as Substrate's accounts use them.

The signing context is `substrate`, and the signature carries schnorrkel's marker (the highest bit of its
last byte): the unmarked signatures from before schnorrkel's audit are not valid here. Ristretto encodings
are unique, and so there are no edge cases to rule on.
"""

from sr25519 import pair_from_seed as _pair_from_seed
from sr25519 import verify as _verify

PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
SEED_BYTES = 32
SECRET_BYTES = 64


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) of `message` by `public` (32 bytes) is valid.

    Never raises: bytes that are no point, no scalar or of a wrong length are simply not a valid signature.
    """
    try:
        return _verify(signature, message, public)
    except ValueError:  # how the native library says that the bytes are malformed
        return False


def pair_from_seed(seed: bytes) -> tuple[bytes, bytes]:
    """The key pair (public key, 32 bytes; secret key, 64 bytes) of a 32-byte mini secret `seed`.

    The secret key is the scalar and the nonce seed, expanded in schnorrkel's Ed25519 mode, as Substrate does.
    Raises `ValueError` for a seed of another length.
    """
    if len(seed) != SEED_BYTES:
        raise ValueError(f"an sr25519 seed has {SEED_BYTES} bytes, not {len(seed)}")
    return _pair_from_seed(seed)
