"""A validator's key: the BLS pair that signs its votes and proves that it holds its secret.

Secrets come from a seed by EIP-2333 (https://eips.ethereum.org/EIPS/eip-2333), so that the tools of
Ethereum's validators make the same ones; from a keystore, as the scalar itself; or from a secret URI, by this
chain's own rule in `BlsKeypair.from_suri`.

Every product of the secret is blinded, since the libraries' multiplication takes a time that depends on the
scalar: with a fresh random mask, point·(secret - mask) + point·mask is the same point, and neither of the two
scalars says anything about the secret.
"""

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from node.wallet.signer import SEED_BYTES, Keypair
from runtime.crypto import bls
from runtime.crypto.hashing import blake2b_256

MASTER_SEED_BYTES_MIN: Final = 32
"""EIP-2333's least seed."""
MASTER_SEED_BYTES_MAX: Final = 1_024
"""Far above any real seed: BIP-39's has 64 bytes."""
SURI_DOMAIN: Final = b"ballast/bls12-381/validator"
"""What sets the seed of a validator's key apart from the account's of the same URI."""

_SALT = b"BLS-SIG-KEYGEN-SALT-"
_OKM_BYTES = 48
"""ceil(3 * ceil(log2(r)) / 16), so that the remainder by r is near uniform."""


class InvalidSecret(ValueError):
    """A secret or a seed that gives no BLS key. The message never quotes it."""


@dataclass(frozen=True, slots=True)
class BlsKeypair:
    """A BLS public key and the secret that signs for it. Made by the `from_...` methods and `generate`."""

    public: bytes
    """48 bytes."""
    secret: int = field(repr=False)
    """Above 0 and below the group's order."""

    @classmethod
    def generate(cls) -> "BlsKeypair":
        """A new pair from the system's entropy."""
        return cls.from_seed(secrets.token_bytes(MASTER_SEED_BYTES_MIN))

    @classmethod
    def from_seed(cls, seed: bytes) -> "BlsKeypair":
        """The pair of EIP-2333's master secret of a seed of 32 bytes and more; raises `InvalidSecret`."""
        if not MASTER_SEED_BYTES_MIN <= len(seed) <= MASTER_SEED_BYTES_MAX:
            raise InvalidSecret(
                f"a BLS seed has {MASTER_SEED_BYTES_MIN} to {MASTER_SEED_BYTES_MAX} bytes, not {len(seed)}"
            )
        return cls.from_secret(_hkdf_mod_r(seed))

    @classmethod
    def from_secret(cls, secret: int | bytes) -> "BlsKeypair":
        """The pair of a secret scalar, an integer or its 32 bytes, big-endian, as a keystore holds it.

        Raises `InvalidSecret` unless it is above 0 and below the group's order: nothing is reduced.
        """
        if isinstance(secret, bytes):
            if len(secret) != bls.SECRET_BYTES:
                raise InvalidSecret(f"a BLS secret has {bls.SECRET_BYTES} bytes, not {len(secret)}")
            secret = int.from_bytes(secret, "big")
        if not 0 < secret < bls.ORDER:
            raise InvalidSecret("a BLS secret is above 0 and below the order of the group")
        return cls(_public(secret), secret)

    @classmethod
    def from_suri(cls, suri: str) -> "BlsKeypair":
        """The pair that a secret URI names: `phrase//hard///password`, `0x<seed>//path`, or `//Alice` for a
        development validator, whose secret is public.

        Its seed is blake2b-256 of `SURI_DOMAIN` and the 32-byte mini secret of the URI's ed25519 account, so
        that one phrase serves both keys and neither secret gives the other away. Raises as
        `Keypair.from_suri` does; junctions are hard (`//`) only.
        """
        mini_secret = Keypair.from_suri(suri, "ed25519").secret[:SEED_BYTES]
        return cls.from_seed(blake2b_256(SURI_DOMAIN + mini_secret))

    @property
    def secret_bytes(self) -> bytes:
        """The secret as a keystore holds it: 32 bytes, big-endian."""
        return self.secret.to_bytes(bls.SECRET_BYTES, "big")

    def sign(self, message: bytes) -> bytes:
        """The one signature of `message`, 96 bytes."""
        return self._sign(message, bls.VOTE_DOMAIN)

    def pop_prove(self) -> bytes:
        """The proof that this pair's secret is held, 96 bytes: to be shown wherever the key enters a set."""
        return self._sign(self.public, bls.POSSESSION_DOMAIN)

    def _sign(self, message: bytes, domain: bytes) -> bytes:
        curve = bls.get_backend().curve
        point = curve.hash_to_g2(message, domain)
        parts = [curve.multiply_g2(point, share) for share in _shares(self.secret)]
        return curve.encode_g2(curve.sum_g2(parts))


def _public(secret: int) -> bytes:
    curve = bls.get_backend().curve
    parts = [curve.multiply_g1(curve.generator, share) for share in _shares(secret)]
    return curve.encode_g1(curve.sum_g1(parts))


def _shares(secret: int) -> tuple[int, int]:
    """Two scalars whose sum is the secret, each of them uniformly random."""
    mask = secrets.randbelow(bls.ORDER)
    return (secret - mask) % bls.ORDER, mask


def _hkdf_mod_r(key_material: bytes) -> int:
    """EIP-2333's hkdf_mod_r with empty key_info; never 0."""
    salt, secret = _SALT, 0
    while secret == 0:
        salt = sha256(salt).digest()
        info = _OKM_BYTES.to_bytes(2, "big")
        expanded = HKDF(SHA256(), _OKM_BYTES, salt, info).derive(key_material + b"\0")
        secret = int.from_bytes(expanded, "big") % bls.ORDER
    return secret
