"""Keystores of BLS secrets as EIP-2335 has them, version 4: what the tools of Ethereum's validators exchange.

The password and a salt give 32 bytes, by scrypt or PBKDF2. The first 16 are the AES-128-CTR key of the
secret; the rest, hashed with the ciphertext, is the checksum that tells a wrong password from a right one.

https://eips.ethereum.org/EIPS/eip-2335
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from msgspec import Meta

from node.wallet.bls import BlsKeypair, InvalidSecret
from node.wallet.keyfile import InvalidKeyfile, WrongPassword
from node.wallet.password import Cost, password_bytes
from runtime.scale.errors import abridged

VERSION: Final = 4
SCRYPT_N: Final = {Cost.STRONG: 1 << 18, Cost.LIGHT: 1 << 12}
SCRYPT_R: Final = 8
SCRYPT_P: Final = 1

KEY_BYTES: Final = 32
CIPHER_KEY_BYTES: Final = 16
IV_BYTES: Final = 16
SALT_BYTES: Final = 32
SALT_BYTES_MAX: Final = 128
BLOCK_BYTES: Final = 128
"""scrypt works on r·(n + p + 2) blocks of this size."""

SCRYPT_MEMORY_BYTES_MAX: Final = 512 << 20
"""Of a file that is opened; the standard's own example takes half of it."""
SCRYPT_WORK_MAX: Final = 1 << 24
"""n·r·p of a file that is opened: some ten seconds."""
PBKDF2_ROUNDS_MAX: Final = 1 << 24


def _hex(least: int, most: int) -> Any:
    return Meta(pattern=f"^([0-9a-fA-F]{{2}}){{{least},{most}}}$")


_Salt: TypeAlias = Annotated[str, _hex(1, SALT_BYTES_MAX)]
_Iv: TypeAlias = Annotated[str, _hex(IV_BYTES, IV_BYTES)]
_Bytes32: TypeAlias = Annotated[str, _hex(32, 32)]
_Positive: TypeAlias = Annotated[int, Meta(ge=1, le=2**31)]


class _ScryptParams(msgspec.Struct):
    dklen: Literal[32]
    n: _Positive
    r: _Positive
    p: _Positive
    salt: _Salt


class _Pbkdf2Params(msgspec.Struct):
    dklen: Literal[32]
    c: _Positive
    prf: Literal["hmac-sha256"]
    salt: _Salt


class _Scrypt(msgspec.Struct, tag_field="function", tag="scrypt"):
    params: _ScryptParams
    message: Literal[""] = ""


class _Pbkdf2(msgspec.Struct, tag_field="function", tag="pbkdf2"):
    params: _Pbkdf2Params
    message: Literal[""] = ""


class _Checksum(msgspec.Struct):
    function: Literal["sha256"]
    params: dict[str, object]
    message: _Bytes32


class _CipherParams(msgspec.Struct):
    iv: _Iv


class _Cipher(msgspec.Struct):
    function: Literal["aes-128-ctr"]
    params: _CipherParams
    message: _Bytes32


class _Crypto(msgspec.Struct):
    kdf: _Scrypt | _Pbkdf2
    checksum: _Checksum
    cipher: _Cipher


class _Keystore(msgspec.Struct):
    crypto: _Crypto
    path: str
    uuid: str
    version: Literal[4]
    description: str = ""
    pubkey: Annotated[str, Meta(pattern="^([0-9a-fA-F]{96})?$")] = ""


_decoder: Final = msgspec.json.Decoder(_Keystore)


def seal_bls(pair: BlsKeypair, password: str, *, cost: Cost = Cost.STRONG, description: str = "") -> bytes:
    """A keystore that the password opens. Raises InvalidPassword."""
    kdf = _Scrypt(
        _ScryptParams(32, SCRYPT_N[cost], SCRYPT_R, SCRYPT_P, secrets.token_hex(SALT_BYTES)),
    )
    key = _stretch(kdf, password_bytes(password))
    iv = secrets.token_bytes(IV_BYTES)
    ciphertext = _apply(key, iv, pair.secret_bytes)
    keystore = _Keystore(
        _Crypto(
            kdf,
            _Checksum("sha256", {}, _checksum(key, ciphertext).hex()),
            _Cipher("aes-128-ctr", _CipherParams(iv.hex()), ciphertext.hex()),
        ),
        path="",
        uuid=str(uuid.uuid4()),
        version=VERSION,
        description=description,
        pubkey=pair.public.hex(),
    )
    return msgspec.json.format(msgspec.json.encode(keystore)) + b"\n"


def open_bls(data: bytes, password: str) -> BlsKeypair:
    """The pair in a keystore. Raises InvalidKeyfile, WrongPassword, InvalidPassword."""
    keystore = _read(data)
    crypto = keystore.crypto
    key = _stretch(crypto.kdf, password_bytes(password))
    ciphertext = bytes.fromhex(crypto.cipher.message)
    if not hmac.compare_digest(_checksum(key, ciphertext), bytes.fromhex(crypto.checksum.message)):
        raise WrongPassword
    try:
        pair = BlsKeypair.from_secret(_apply(key, bytes.fromhex(crypto.cipher.params.iv), ciphertext))
    except InvalidSecret as error:
        raise InvalidKeyfile(f"its secret is none: {error}") from None
    if keystore.pubkey and bytes.fromhex(keystore.pubkey) != pair.public:
        raise InvalidKeyfile("its public key is not its secret's")
    return pair


def public_of_bls(data: bytes) -> bytes:
    """The public key that a keystore names; nobody has checked it yet. Raises InvalidKeyfile."""
    keystore = _read(data)
    if not keystore.pubkey:
        raise InvalidKeyfile("it does not name its public key")
    return bytes.fromhex(keystore.pubkey)


def _read(data: bytes) -> _Keystore:
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidKeyfile(f"it is no keystore of EIP-2335: {abridged(str(error))}") from None


def _stretch(kdf: _Scrypt | _Pbkdf2, password: bytes) -> bytes:
    """The decryption key. Raises InvalidKeyfile for what would take too much time or memory."""
    salt = bytes.fromhex(kdf.params.salt)
    if isinstance(kdf, _Pbkdf2):
        if kdf.params.c > PBKDF2_ROUNDS_MAX:
            raise InvalidKeyfile(
                f"it asks for {kdf.params.c} rounds of PBKDF2, and at most {PBKDF2_ROUNDS_MAX} are done"
            )
        return hashlib.pbkdf2_hmac("sha256", password, salt, kdf.params.c, KEY_BYTES)
    n, r, p = kdf.params.n, kdf.params.r, kdf.params.p
    if n < 2 or n & (n - 1):
        raise InvalidKeyfile(f"its scrypt has n = {n}, which is no power of two")
    memory = BLOCK_BYTES * r * (n + p + 2)
    if memory > SCRYPT_MEMORY_BYTES_MAX or n * r * p > SCRYPT_WORK_MAX:
        raise InvalidKeyfile(
            f"it asks for scrypt with n = {n}, r = {r}, p = {p}: more memory or time than is given to a file"
        )
    try:
        return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=memory, dklen=KEY_BYTES)
    except ValueError:
        raise InvalidKeyfile(f"there is no scrypt with n = {n}, r = {r}, p = {p}") from None


def _checksum(key: bytes, ciphertext: bytes) -> bytes:
    return hashlib.sha256(key[CIPHER_KEY_BYTES:] + ciphertext).digest()


def _apply(key: bytes, iv: bytes, text: bytes) -> bytes:
    """AES-128-CTR, which is its own inverse."""
    cipher = Cipher(AES(key[:CIPHER_KEY_BYTES]), CTR(iv)).encryptor()
    return cipher.update(text) + cipher.finalize()
