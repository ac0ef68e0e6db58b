"""Key pairs that sign: an account's two kinds of key, made from a secret URI or a seed.

A `Keypair` signs the bytes that it is given. That a signing payload longer than 256 bytes is hashed first
is a rule of extrinsics and is applied by whoever builds one.
"""

from dataclasses import dataclass, field

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair
from sr25519 import sign as sr25519_sign

from node.wallet import phrase
from runtime.crypto import ss58
from runtime.crypto.derive import (
    DEV_PHRASE,
    DeriveError,
    Junction,
    KeyKind,
    SecretUri,
    ed25519_seed,
    parse_uri,
    sr25519_pair,
)

SEED_BYTES = 32
SIGNATURE_BYTES = 64
DEFAULT_PREFIX = 42
"""The SS58 prefix of chains without one of their own; the development chain's."""


@dataclass(frozen=True, slots=True)
class Keypair:
    """A public key and the secret that signs for it."""

    kind: KeyKind
    public: bytes
    """32 bytes: the account."""
    secret: bytes = field(repr=False)
    """64 bytes. ed25519: seed, then public key; sr25519: scalar, then nonce seed."""

    @classmethod
    def from_suri(cls, suri: str, kind: KeyKind = "sr25519") -> "Keypair":
        """The pair that a secret URI names: `phrase//hard/soft///password`, `0x<seed>//path` or `//Alice`.

        Raises `DeriveError` for text that is no URI or a path that `kind` cannot follow, and `InvalidPhrase`.
        """
        uri = parse_uri(suri)
        return cls._derive(_mini_secret(uri), uri.junctions, kind)

    @classmethod
    def from_seed(cls, seed: bytes, kind: KeyKind = "sr25519") -> "Keypair":
        """The pair of a 32-byte seed; raises `DeriveError` for another length."""
        if len(seed) != SEED_BYTES:
            raise DeriveError(f"a seed has {SEED_BYTES} bytes, not {len(seed)}")
        return cls._derive(seed, (), kind)

    @classmethod
    def _derive(cls, seed: bytes, junctions: tuple[Junction, ...], kind: KeyKind) -> "Keypair":
        if kind == "ed25519":
            public, secret = crypto_sign_seed_keypair(ed25519_seed(seed, junctions))
        else:
            public, secret = sr25519_pair(seed, junctions)
        return cls(kind, public, secret)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature of `message`. Two sr25519 signatures of one message differ; both are
        valid.
        """
        if self.kind == "ed25519":
            return crypto_sign(message, self.secret)[:SIGNATURE_BYTES]
        return sr25519_sign((self.public, self.secret), message)

    def address(self, prefix: int = DEFAULT_PREFIX) -> str:
        """The account's SS58 address on the network `prefix`."""
        return ss58.encode(self.public, prefix)


def _mini_secret(uri: SecretUri) -> bytes:
    """The seed at the root of the URI's path."""
    if not uri.phrase.startswith("0x"):
        return phrase.to_mini_secret(uri.phrase or DEV_PHRASE, uri.password)
    digits = uri.phrase[2:]
    if len(digits) != 2 * SEED_BYTES or not set(digits) <= set("0123456789abcdefABCDEF"):
        raise DeriveError(f"a seed is written as 0x and {2 * SEED_BYTES} hexadecimal digits")
    if uri.password:
        raise DeriveError("a seed takes no password: only a phrase does")
    return bytes.fromhex(digits)
