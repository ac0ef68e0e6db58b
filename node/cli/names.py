"""Names: the accounts and keys that arguments stand for."""

from __future__ import annotations

import sys
from typing import Final

from node.cli.faults import Fault
from node.wallet.phrase import InvalidPhrase
from node.wallet.signer import Keypair
from runtime.crypto import ss58
from runtime.crypto.derive import DeriveError, KeyKind
from runtime.scale.errors import show

STDIN: Final = "-"
ACCOUNT_BYTES: Final = 32


def account_of(text: str, kind: KeyKind = "sr25519") -> bytes:
    """The account that an address, 32 bytes of hex, or a secret URI with a path names. Raises Fault."""
    if text.startswith("0x") and "/" not in text:
        try:
            found = bytes.fromhex(text[2:])
        except ValueError:
            raise Fault(f"{show(text)} is no hex") from None
        if len(found) != ACCOUNT_BYTES:
            raise Fault(f"{show(text)} has {len(found)} bytes, and an account has {ACCOUNT_BYTES}")
        return found
    if is_secret(text):
        return keypair_of(text, kind).public
    try:
        return ss58.decode(text)[0]
    except ss58.InvalidAddress as error:
        raise Fault(f"{error}; accounts are addresses, 0x hex, or names such as //Alice") from None


def is_secret(text: str) -> bool:
    """Whether a text reads as a secret URI: it has a path, or words."""
    return "/" in text or " " in text


def keypair_of(suri: str, kind: KeyKind) -> Keypair:
    """The key pair of a secret URI. Raises Fault, which never quotes it."""
    try:
        return Keypair.from_suri(suri, kind)
    except (DeriveError, InvalidPhrase) as error:
        raise Fault(str(error)) from None


def address_of(account: bytes, prefix: int) -> str:
    """An account's address. Raises Fault for a prefix that no network has."""
    try:
        return ss58.encode(account, prefix)
    except ValueError as error:
        raise Fault(str(error)) from None


def read_secret(text: str) -> str:
    """The text itself, or the first line of standard input for `-`: arguments can be seen by others."""
    if not text:
        raise Fault("the secret is empty")
    if text != STDIN:
        return text
    line = sys.stdin.readline().strip()
    if not line:
        raise Fault("standard input holds no secret")
    return line
