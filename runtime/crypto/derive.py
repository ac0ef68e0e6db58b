"""Key derivation: from a secret URI such as `phrase//hard/soft///password` to the keys that it names.

A secret URI is a phrase (twelve words and more, a seed as 0x and 64 hex digits, or nothing for the public
development phrase), a path of junctions, and a password. A junction behind `//` is hard: who knows the
parent's public key learns nothing about the child. One behind `/` is soft: the child's public key follows
from the parent's; only sr25519 has these. Derivation is a function of its input, with no entropy anywhere.

The rules are those of Substrate (`sp_core::crypto::DeriveJunction`, `sp_core::ed25519`, `sp_core::sr25519`).
Error messages never quote what they refuse: it may hold a secret.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sr25519 import derive_keypair, derive_pubkey, hard_derive_keypair

from runtime.crypto import ed25519, sr25519
from runtime.crypto.hashing import blake2b_256

KeyKind = Literal["ed25519", "sr25519"]
"""The two schemes whose keys are accounts here."""

CHAIN_CODE_BYTES = 32
JUNCTIONS_MAX = 64
URI_CHARACTERS_MAX = 4_096

DEV_PHRASE = "bottom drive obey lake curtain smoke basket hold race lonely fit walk"
"""The development phrase that all Substrate tools know. Public: whatever its keys hold, anybody can take."""

DEV_SEED = bytes.fromhex("fac7959dbfe72f052e5a0c3c8d6530f202b02fd8f9f5ca3580ec8deb7797479e")
"""The mini secret of `DEV_PHRASE` without a password."""

_URI = re.compile(r"(?P<phrase>[\d\w ]+)?(?P<path>(//?[^/]+)*)(///(?P<password>.*))?")
_JUNCTION = re.compile(r"/(/?)([^/]+)")
_NUMBER = re.compile(r"\+?[0-9]+")
_U64_MAX = 2**64 - 1


class DeriveError(ValueError):
    """A secret URI that cannot be read, or a path that its kind of key cannot follow."""


@dataclass(frozen=True, slots=True)
class Junction:
    """One step of a derivation path."""

    chain_code: bytes
    """32 bytes: the number or the text of the step, SCALE-encoded, padded with zeros or hashed if it is
    longer.
    """
    hard: bool

    def __post_init__(self) -> None:
        if len(self.chain_code) != CHAIN_CODE_BYTES:
            raise DeriveError(f"a chain code has {CHAIN_CODE_BYTES} bytes, not {len(self.chain_code)}")


@dataclass(frozen=True, slots=True)
class SecretUri:
    """The parts of a secret URI; the secret ones stay out of its repr."""

    phrase: str = field(repr=False)
    """Words, or 0x and a seed in hex, or empty for the development phrase."""
    junctions: tuple[Junction, ...]
    password: str = field(repr=False)


def parse_uri(text: str) -> SecretUri:
    """Split `phrase//hard/soft///password` into its parts; raises `DeriveError` when it has not that form."""
    if len(text) > URI_CHARACTERS_MAX:
        raise DeriveError(f"a secret URI has at most {URI_CHARACTERS_MAX} characters, not {len(text)}")
    _check_text(text)
    match = _URI.fullmatch(text)
    if match is None:
        raise DeriveError(
            "a secret URI reads phrase//hard/soft///password, with words and digits in the phrase"
        )
    return SecretUri(match["phrase"] or "", parse_path(match["path"]), match["password"] or "")


def parse_path(path: str) -> tuple[Junction, ...]:
    """The junctions of a path such as `//Alice/0`; raises `DeriveError` when it is no path."""
    if len(path) > URI_CHARACTERS_MAX:
        raise DeriveError(f"a derivation path has at most {URI_CHARACTERS_MAX} characters, not {len(path)}")
    _check_text(path)
    steps: list[Junction] = []
    position = 0
    while position < len(path):
        match = _JUNCTION.match(path, position)
        if match is None:
            raise DeriveError(
                f"the derivation path breaks off at character {position + 1}: //hard and /soft are its steps"
            )
        if len(steps) == JUNCTIONS_MAX:
            raise DeriveError(f"a derivation path has at most {JUNCTIONS_MAX} junctions")
        steps.append(Junction(_chain_code(match[2]), hard=match[1] == "/"))
        position = match.end()
    return tuple(steps)


def ed25519_seed(seed: bytes, junctions: Sequence[Junction]) -> bytes:
    """The 32-byte ed25519 seed at the end of the path; raises `DeriveError` at a soft junction."""
    for step, junction in enumerate(junctions, start=1):
        if not junction.hard:
            raise DeriveError(f"junction {step} is soft, and ed25519 keys have hard junctions (//) only")
        seed = blake2b_256(_ED25519_TAG + seed + junction.chain_code)
    return seed


def sr25519_pair(seed: bytes, junctions: Sequence[Junction]) -> tuple[bytes, bytes]:
    """The sr25519 key pair (public key 32 bytes, secret key 64 bytes) at the end of the path from a mini
    secret.

    After a soft junction the secret's nonce seed, which schnorrkel draws at random, is a hash of the
    parent's secret and the junction, so that the same URI always gives the same bytes; it is as secret as
    the parent's.
    """
    public, secret = sr25519.pair_from_seed(seed)
    for junction in junctions:
        if junction.hard:
            _, public, secret = hard_derive_keypair((junction.chain_code, public, secret), b"")
        else:
            nonce = blake2b_256(_SR25519_NONCE_TAG + secret + junction.chain_code)
            _, public, child = derive_keypair((junction.chain_code, public, secret), b"")
            secret = child[: sr25519.SECRET_BYTES // 2] + nonce
    return public, secret


def sr25519_soft_public(public: bytes, junctions: Sequence[Junction]) -> bytes:
    """The sr25519 public key at the end of a path of soft junctions from a public key alone.

    Raises `DeriveError` at a hard junction, and for bytes that are no public key.
    """
    for step, junction in enumerate(junctions, start=1):
        if junction.hard:
            raise DeriveError(f"junction {step} is hard, and a public key has soft junctions (/) only")
        try:
            _, public = derive_pubkey((junction.chain_code, public), b"")
        except (ValueError, IndexError) as error:
            raise DeriveError("the bytes are no sr25519 public key") from error
    return public


def public_key(kind: KeyKind, seed: bytes, junctions: Sequence[Junction]) -> bytes:
    """The 32-byte public key of `kind` at the end of the path from a 32-byte seed."""
    if kind == "ed25519":
        return ed25519.public_from_seed(ed25519_seed(seed, junctions))
    return sr25519_pair(seed, junctions)[0]


def dev_public(path: str, kind: KeyKind = "sr25519") -> bytes:
    """The public key of a development account: `dev_public("//Alice")`. Its secret is public too."""
    return public_key(kind, DEV_SEED, parse_path(path))


_ED25519_TAG = b"\x2cEd25519HDKD"  # the text as SCALE writes it: compact length, then bytes
_SR25519_NONCE_TAG = b"sr25519 soft nonce"


def _check_text(text: str) -> None:
    """Refuse what is no Unicode text, such as the bytes of another encoding on a command line."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise DeriveError(f"character {error.start + 1} of a secret URI has no UTF-8 form") from None


def _chain_code(code: str) -> bytes:
    """A number as u64, any other text as a string, in SCALE, made 32 bytes long."""
    if _NUMBER.fullmatch(code) and int(code) <= _U64_MAX:
        return int(code).to_bytes(CHAIN_CODE_BYTES, "little")
    text = code.encode()
    data = _compact(len(text)) + text
    return blake2b_256(data) if len(data) > CHAIN_CODE_BYTES else data.ljust(CHAIN_CODE_BYTES, b"\0")


def _compact(length: int) -> bytes:
    """SCALE's compact form of a length below 2**30 (a URI is far shorter)."""
    if length < 1 << 6:
        return bytes((length << 2,))
    if length < 1 << 14:
        return (length << 2 | 1).to_bytes(2, "little")
    return (length << 2 | 2).to_bytes(4, "little")
