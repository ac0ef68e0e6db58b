"""Signing: the account that a command signs with, kept in the keyring or named by its secret."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from cyclopts import Parameter

from node.cli.key_password import read_password
from node.cli.key_store import keyring_at, keyring_errors
from node.cli.names import STDIN, is_secret, keypair_of, read_secret
from node.wallet.signer import Keypair
from runtime.crypto.derive import KeyKind

From: TypeAlias = Annotated[
    str,
    Parameter(
        name="--from",
        allow_leading_hyphen=True,
        help="Who signs: an account's name in the keyring, or a secret URI such as //Alice; - reads the URI "
        "from standard input.",
    ),
]
"""The option that says who signs."""


def signer_of(text: str, kind: KeyKind, keys: Path | None, password_file: Path | None) -> Keypair:
    """The pair that `--from` names; a password is asked for only when the keyring has such an account.

    Raises Fault, which quotes no secret URI.
    """
    if not text or text == STDIN or is_secret(text) or text.startswith("0x"):
        return keypair_of(read_secret(text), kind)
    keyring = keyring_at(None, keys)
    with keyring_errors():
        keyring.check_account(text)
        return keyring.open_account(text, read_password(password_file, f"the key {text}"))
