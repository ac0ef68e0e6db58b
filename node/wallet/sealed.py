"""Sealed files: an account's or a node's secret under a password, by argon2id and NaCl's secretbox.

    {"format": "ballast-sealed", "version": 1, "content": "sr25519", "public": "0x…",
     "kdf": {"function": "argon2id", "operations": 3, "memory_bytes": 268435456, "salt": "…"},
     "box": {"function": "xsalsa20-poly1305", "message": "…"}}

`message` is the nonce (24 bytes) and the box, in hex. Content `sr25519` and `ed25519` are accounts, with the
64 bytes of `Keypair.secret`; `node` is the ed25519 seed (32 bytes) of a node's identity. What stands outside
of the box is checked against what is in it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.secret import SecretBox
from nacl.utils import random
from sr25519 import public_from_secret_key

from node.wallet.keyfile import InvalidKeyfile, WrongPassword
from node.wallet.password import Cost, password_bytes
from node.wallet.signer import SEED_BYTES, Keypair
from runtime.scale.errors import abridged

Content: TypeAlias = Literal["sr25519", "ed25519", "node"]

FORMAT: Final = "ballast-sealed"
VERSION: Final = 1
OPERATIONS: Final = {Cost.STRONG: argon2id.OPSLIMIT_MODERATE, Cost.LIGHT: 1}
MEMORY_BYTES: Final = {Cost.STRONG: argon2id.MEMLIMIT_MODERATE, Cost.LIGHT: 1 << 20}
OPERATIONS_MAX: Final = 16
"""Of a file that is opened."""
MEMORY_BYTES_MAX: Final = 512 << 20
"""Of a file that is opened."""

_SALT_DIGITS: Final = 2 * argon2id.SALTBYTES


class _Kdf(msgspec.Struct):
    function: Literal["argon2id"]
    operations: Annotated[int, Meta(ge=argon2id.OPSLIMIT_MIN, le=OPERATIONS_MAX)]
    memory_bytes: Annotated[int, Meta(ge=argon2id.MEMLIMIT_MIN, le=MEMORY_BYTES_MAX)]
    salt: Annotated[str, Meta(pattern=f"^[0-9a-f]{{{_SALT_DIGITS}}}$")]


class _Box(msgspec.Struct):
    function: Literal["xsalsa20-poly1305"]
    message: Annotated[str, Meta(pattern="^([0-9a-f]{2}){40,200}$")]


class _Sealed(msgspec.Struct):
    format: Literal["ballast-sealed"]
    version: Literal[1]
    content: Content
    public: Annotated[str, Meta(pattern="^0x[0-9a-f]{64}$")]
    kdf: _Kdf
    box: _Box


_decoder: Final = msgspec.json.Decoder(_Sealed)


class Facts(msgspec.Struct, frozen=True):
    """What a sealed file says of itself without its password; nobody has checked it yet."""

    content: Content
    public: bytes


def seal_account(pair: Keypair, password: str, *, cost: Cost = Cost.STRONG) -> bytes:
    """A file that holds an account. Raises InvalidPassword."""
    return _seal(pair.kind, pair.public, pair.secret, password, cost)


def seal_node(seed: bytes, password: str, *, cost: Cost = Cost.STRONG) -> bytes:
    """A file that holds the seed of a node's identity. Raises InvalidPassword."""
    return _seal("node", Keypair.from_seed(seed, "ed25519").public, seed, password, cost)


def open_account(data: bytes, password: str) -> Keypair:
    """The account in a file. Raises InvalidKeyfile, WrongPassword, InvalidPassword."""
    sealed = _read(data)
    if sealed.content == "node":
        raise InvalidKeyfile("it holds a node's identity, and no account")
    return _open(sealed, password)


def open_node(data: bytes, password: str) -> bytes:
    """The seed of a node's identity in a file. Raises InvalidKeyfile, WrongPassword, InvalidPassword."""
    sealed = _read(data)
    if sealed.content != "node":
        raise InvalidKeyfile("it holds an account, and no node's identity")
    return _open(sealed, password).secret[:SEED_BYTES]


def facts_of(data: bytes) -> Facts:
    """What a file says of itself. Raises InvalidKeyfile."""
    sealed = _read(data)
    return Facts(sealed.content, bytes.fromhex(sealed.public[2:]))


def _seal(content: Content, public: bytes, secret: bytes, password: str, cost: Cost) -> bytes:
    salt = random(argon2id.SALTBYTES)
    kdf = _Kdf("argon2id", OPERATIONS[cost], MEMORY_BYTES[cost], salt.hex())
    box = _Box("xsalsa20-poly1305", bytes(SecretBox(_stretch(kdf, password)).encrypt(secret)).hex())
    sealed = _Sealed(FORMAT, VERSION, content, "0x" + public.hex(), kdf, box)
    return msgspec.json.format(msgspec.json.encode(sealed)) + b"\n"


def _read(data: bytes) -> _Sealed:
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidKeyfile(f"it is no sealed file: {abridged(str(error))}") from None


def _open(sealed: _Sealed, password: str) -> Keypair:
    try:
        secret = SecretBox(_stretch(sealed.kdf, password)).decrypt(bytes.fromhex(sealed.box.message))
    except CryptoError:
        raise WrongPassword from None
    try:
        pair = _pair(sealed.content, secret)
    except ValueError as error:
        raise InvalidKeyfile(f"its secret is none: {error}") from None
    if pair.public.hex() != sealed.public[2:]:
        raise InvalidKeyfile("its public key is not its secret's")
    return pair


def _pair(content: Content, secret: bytes) -> Keypair:
    """Raises ValueError for a secret that is none."""
    match content:
        case "sr25519":
            return Keypair("sr25519", public_from_secret_key(secret), secret)
        case "ed25519":
            pair = Keypair.from_seed(secret[:SEED_BYTES], "ed25519")
            if pair.secret != secret:
                raise ValueError("it does not end with its public key")
            return pair
        case "node":
            return Keypair.from_seed(secret, "ed25519")


def _stretch(kdf: _Kdf, password: str) -> bytes:
    return argon2id.kdf(
        SecretBox.KEY_SIZE,
        password_bytes(password),
        bytes.fromhex(kdf.salt),
        opslimit=kdf.operations,
        memlimit=kdf.memory_bytes,
    )
