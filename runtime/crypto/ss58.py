"""SS58: the text form of an account, base58 over a network prefix, 32 bytes of account and a two-byte
checksum.

The prefix takes one byte below 64 and two bytes from 64 to 16383; the checksum is the beginning of
blake2b-512("SS58PRE" || prefix || account). Here each account has exactly one address per network: whatever
does not encode back to the same text is refused. Numbers as in Substrate's `sp_core::crypto` and the
ss58-registry.
"""

from hashlib import blake2b

import base58

ACCOUNT_BYTES = 32
CHECKSUM_BYTES = 2
PREFIX_MAX = 16_383
RESERVED_PREFIXES = (46, 47)
ADDRESS_CHARACTERS_MAX = 50
"""36 bytes take at most 50 base58 digits; longer text is refused before the quadratic decoding."""

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ONE_BYTE_PREFIXES = 64
_TWO_BYTE_MARK = 0x40


class InvalidAddress(ValueError):
    """Text that is no SS58 address of an account."""

    def __init__(self, text: str, why: str) -> None:
        shown = text if len(text) <= ADDRESS_CHARACTERS_MAX else text[:ADDRESS_CHARACTERS_MAX] + "..."
        super().__init__(f"{shown!r} is not an SS58 address: {why}")
        self.text = text
        self.why = why


def encode(account: bytes, prefix: int) -> str:
    """The address of the 32-byte `account` on the network `prefix`; raises `ValueError` for either out of
    range.
    """
    if len(account) != ACCOUNT_BYTES:
        raise ValueError(f"an account has {ACCOUNT_BYTES} bytes, not {len(account)}")
    body = _prefix_bytes(prefix) + account
    return base58.b58encode(body + _checksum(body)).decode("ascii")


def decode(text: str) -> tuple[bytes, int]:
    """The account (32 bytes) and the network prefix of an address; raises `InvalidAddress` saying what is
    wrong.
    """
    if len(text) > ADDRESS_CHARACTERS_MAX:
        raise InvalidAddress(text, f"{len(text)} characters, and {ADDRESS_CHARACTERS_MAX} are the most")
    for position, character in enumerate(text, start=1):
        if character not in _ALPHABET:
            raise InvalidAddress(text, f"character {position}, {character!r}, is not a base58 digit")
    data = base58.b58decode(text)
    prefix, start = _read_prefix(text, data)
    if len(data) != start + ACCOUNT_BYTES + CHECKSUM_BYTES:
        wanted = start + ACCOUNT_BYTES + CHECKSUM_BYTES
        raise InvalidAddress(text, f"it decodes to {len(data)} bytes, and an account takes {wanted}")
    body, given = data[:-CHECKSUM_BYTES], data[-CHECKSUM_BYTES:]
    right = _checksum(body)
    if given != right:
        why = f"the checksum is {given.hex()}, and should be {right.hex()}; look for a typing error"
        raise InvalidAddress(text, why)
    return body[start:], prefix


def _checksum(body: bytes) -> bytes:
    return blake2b(b"SS58PRE" + body).digest()[:CHECKSUM_BYTES]


def _prefix_bytes(prefix: int) -> bytes:
    """One byte, or two: `01` and bits 2 to 7, then bits 0, 1 (in front) and 8 to 13."""
    if not 0 <= prefix <= PREFIX_MAX:
        raise ValueError(f"an SS58 prefix is from 0 to {PREFIX_MAX}, not {prefix}")
    if prefix in RESERVED_PREFIXES:
        raise ValueError(f"the SS58 prefix {prefix} is reserved")
    if prefix < _ONE_BYTE_PREFIXES:
        return bytes((prefix,))
    return bytes((_TWO_BYTE_MARK | (prefix & 0xFC) >> 2, prefix >> 8 | (prefix & 0x03) << 6))


def _read_prefix(text: str, data: bytes) -> tuple[int, int]:
    """The prefix and how many bytes it takes."""
    if not data:
        raise InvalidAddress(text, "it is empty")
    first = data[0]
    if first < _ONE_BYTE_PREFIXES:
        if first in RESERVED_PREFIXES:
            raise InvalidAddress(text, f"the prefix {first} is reserved")
        return first, 1
    if first >= 2 * _TWO_BYTE_MARK:
        raise InvalidAddress(text, f"no network prefix begins with the byte 0x{first:02x}")
    if len(data) == 1:
        raise InvalidAddress(text, "it ends within the network prefix")
    prefix = (first & 0x3F) << 2 | data[1] >> 6 | (data[1] & 0x3F) << 8
    if prefix < _ONE_BYTE_PREFIXES:
        raise InvalidAddress(text, f"the prefix {prefix} is written in two bytes, and takes one")
    return prefix, 2
