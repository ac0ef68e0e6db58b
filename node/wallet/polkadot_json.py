"""Accounts as polkadot.js exports them: JSON of version 3, by scrypt and NaCl's secretbox.

`encoded` is base64, or hex behind 0x, of

    salt (32) ++ N (u32) ++ p (u32) ++ r (u32) ++ nonce (24) ++ box

where the password, as it is in UTF-8, gives the box's key, and in the box is

    header (16) ++ secret (64) ++ divider (5) ++ public key (32)

The secret is the ed25519 seed and public key, or the sr25519 key with its scalar in the form of ed25519,
which is eight times it. The file's author chooses scrypt's parameters, so only those are accepted that
polkadot.js itself opens. Older versions and files without a password are refused: polkadot.js exports them
anew.

Sources: `pair/encode.ts`, `pair/decode.ts` and `pair/defaults.ts` of @polkadot/keyring 14, `scrypt/` of
@polkadot/util-crypto 14.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Any, Final

import msgspec
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from nacl.utils import random
from sr25519 import convert_secret_key_to_ed25519, pair_from_ed25519_secret_key

from node.wallet.keyfile import InvalidKeyfile, WrongPassword
from node.wallet.password import utf8
from node.wallet.signer import SEED_BYTES, Keypair
from runtime.crypto import ss58
from runtime.crypto.derive import KeyKind
from runtime.scale.errors import abridged, show

HEADER: Final = bytes.fromhex("3053020101300506032b657004220420")
DIVIDER: Final = bytes.fromhex("a123032100")
SECRET_BYTES: Final = 64
PUBLIC_BYTES: Final = 32
PLAIN_BYTES: Final = len(HEADER) + SECRET_BYTES + len(DIVIDER) + PUBLIC_BYTES

SALT_BYTES: Final = 32
NUMBER_BYTES: Final = 4
BOX_OFFSET: Final = SALT_BYTES + 3 * NUMBER_BYTES
ENCODED_BYTES: Final = BOX_OFFSET + SecretBox.NONCE_SIZE + SecretBox.MACBYTES + PLAIN_BYTES

ACCEPTED: Final = ((1 << 15, 1, 8), (1 << 15, 3, 8), (1 << 16, 2, 8), (1 << 17, 1, 8))
"""scrypt's N, p and r that polkadot.js opens: first what it wrote for years, last what it writes now."""
WRITTEN: Final = ACCEPTED[0]
"""What every version of it opens."""
_HEX: Final = re.compile("0x(?:[0-9a-fA-F]{2})*")
KINDS: Final[dict[str, KeyKind]] = {"sr25519": "sr25519", "ed25519": "ed25519"}
ENCODING: Final = ["scrypt", "xsalsa20-poly1305"]


class _Encoding(msgspec.Struct):
    content: list[str] | str
    type: list[str] | str
    version: str


class _File(msgspec.Struct):
    encoded: str
    encoding: _Encoding
    address: str
    meta: dict[str, Any] = {}


_decoder: Final = msgspec.json.Decoder(_File)


def open_polkadot(data: bytes, password: str) -> Keypair:
    """The account in an exported file. Raises InvalidKeyfile, WrongPassword, InvalidPassword."""
    try:
        file = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidKeyfile(f"it is no export of polkadot.js: {abridged(str(error))}") from None
    kind = _kind(file.encoding)
    encoded = _bytes(file.encoded)
    parameters = _parameters(encoded)
    if parameters not in ACCEPTED:
        n, p, r = parameters
        raise InvalidKeyfile(f"it asks for scrypt with N = {n}, p = {p}, r = {r}, as polkadot.js never does")
    key = _stretch(password, encoded[:SALT_BYTES], parameters)
    try:
        plain = SecretBox(key).decrypt(encoded[BOX_OFFSET:])
    except CryptoError:
        raise WrongPassword from None
    pair = _pair(kind, plain)
    try:
        named = ss58.decode(file.address)[0]
    except ss58.InvalidAddress as error:
        raise InvalidKeyfile(f"its address is none: {error}") from None
    if named != pair.public:
        raise InvalidKeyfile("its address is not its secret's")
    return pair


def seal_polkadot(pair: Keypair, password: str, *, name: str, prefix: int) -> bytes:
    """A file that polkadot.js imports. `prefix` is the network's of the address. Raises InvalidPassword."""
    secret = convert_secret_key_to_ed25519(pair.secret) if pair.kind == "sr25519" else pair.secret
    salt = random(SALT_BYTES)
    box = SecretBox(_stretch(password, salt, WRITTEN)).encrypt(HEADER + secret + DIVIDER + pair.public)
    numbers = b"".join(each.to_bytes(NUMBER_BYTES, "little") for each in WRITTEN)
    encoding = _Encoding(["pkcs8", pair.kind], ENCODING, "3")
    encoded = base64.b64encode(salt + numbers + bytes(box)).decode()
    return msgspec.json.encode(_File(encoded, encoding, pair.address(prefix), {"name": name})) + b"\n"


def _kind(encoding: _Encoding) -> KeyKind:
    if encoding.version != "3" or encoding.type != ENCODING:
        raise InvalidKeyfile(
            f"it is encoded as version {show(encoding.version)}, {show(encoding.type)}, and only version '3' "
            "with a password is opened: import it to polkadot.js and export it again"
        )
    content = encoding.content
    if len(content) != 2 or content[0] != "pkcs8" or content[1] not in KINDS:
        raise InvalidKeyfile(f"it holds {show(content)}, and accounts are sr25519 or ed25519")
    return KINDS[content[1]]


def _bytes(encoded: str) -> bytes:
    try:
        is_hex = _HEX.fullmatch(encoded) is not None  # base64, too, may begin with 0x
        data = bytes.fromhex(encoded[2:]) if is_hex else base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error):
        raise InvalidKeyfile("what it encodes is neither base64 nor hex") from None
    if len(data) != ENCODED_BYTES:
        raise InvalidKeyfile(f"what it encodes has {len(data)} bytes, not {ENCODED_BYTES}")
    return data


def _parameters(encoded: bytes) -> tuple[int, int, int]:
    """N, p and r."""
    n, p, r = (
        int.from_bytes(encoded[place : place + NUMBER_BYTES], "little")
        for place in range(SALT_BYTES, BOX_OFFSET, NUMBER_BYTES)
    )
    return n, p, r


def _stretch(password: str, salt: bytes, parameters: tuple[int, int, int]) -> bytes:
    n, p, r = parameters
    memory = 128 * r * (n + p + 2)
    return hashlib.scrypt(utf8(password), salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=SecretBox.KEY_SIZE)


def _pair(kind: KeyKind, plain: bytes) -> Keypair:
    secret = plain[len(HEADER) :][:SECRET_BYTES]
    public = plain[-PUBLIC_BYTES:]
    if plain != HEADER + secret + DIVIDER + public:
        raise InvalidKeyfile("what is in its box is no pair of keys")
    if kind == "ed25519":
        pair = Keypair.from_seed(secret[:SEED_BYTES], "ed25519")
    else:
        try:
            pair = Keypair("sr25519", *pair_from_ed25519_secret_key(secret))
        except ValueError as error:
            raise InvalidKeyfile(f"its secret is none: {error}") from None
    if pair.public != public:
        raise InvalidKeyfile("its public key is not its secret's")
    return pair
