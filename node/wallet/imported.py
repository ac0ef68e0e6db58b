"""Files of keys from elsewhere: which of the forms that are understood a file has, and what it holds."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from node.wallet.bls import BlsKeypair
from node.wallet.keyfile import InvalidKeyfile
from node.wallet.keystore import open_bls
from node.wallet.polkadot_json import open_polkadot
from node.wallet.sealed import facts_of, open_account, open_node
from node.wallet.signer import Keypair
from runtime.scale.errors import abridged

FileForm: TypeAlias = Literal["eip2335", "polkadot-js", "account", "node"]
"""A validator's keystore, an account of polkadot.js, and the sealed files of a keyring."""


_decoder: Final = msgspec.json.Decoder(dict[str, object])


def form_of(data: bytes) -> FileForm:
    """The form of a file. Raises InvalidKeyfile."""
    try:
        names = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidKeyfile(f"it is no key's file: {abridged(str(error))}") from None
    if "crypto" in names:
        return "eip2335"
    if "encoded" in names:
        return "polkadot-js"
    if "format" in names:
        return "node" if facts_of(data).content == "node" else "account"
    raise InvalidKeyfile("it is no keystore of EIP-2335, no export of polkadot.js and no file of a keyring")


def open_file(data: bytes, password: str) -> BlsKeypair | Keypair | bytes:
    """A validator's key, an account, or the seed of a node's identity.

    Raises InvalidKeyfile, WrongPassword, InvalidPassword.
    """
    match form_of(data):
        case "eip2335":
            return open_bls(data, password)
        case "polkadot-js":
            return open_polkadot(data, password)
        case "account":
            return open_account(data, password)
        case "node":
            return open_node(data, password)
