"""The interchange file: what a key signed, as JSON that moves with the key to another machine.

In the spirit of EIP-3076, for statements of Simplex:

    {"metadata": {"interchange_format_version": "1", "genesis_hash": "0x…"},
     "data": [{"pubkey": "0x…", "signed": [
         {"kind": "notarize", "epoch": "3", "view": "17", "statement": "0x…"}]}]}

`statement` is the BLAKE2b-256 of the signed bytes and may be missing. Numbers are strings, since many
programs read JSON's as floats. Of each kind the latest place counts: who imports the file signs nothing up to
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from node.consensus.guard import UNKNOWN, Mark, highest_of
from runtime.scale.errors import abridged, show
from runtime.simplex import Kind

VERSION: Final = "1"
FILE_BYTES_MAX: Final = 16 << 20
"""The longest file that is read."""
KEYS_MAX: Final = 1_024
SIGNED_MAX: Final = 16_384
"""How many statements of one key a file may list."""
NUMBER_MAX: Final = 2**64 - 1


class InterchangeError(ValueError):
    """An interchange file that cannot be taken in; says why."""


Number: TypeAlias = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,19})$")]
_Hash: TypeAlias = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{64}$")]
_PublicKey: TypeAlias = Annotated[str, Meta(pattern=r"^0x[0-9a-fA-F]{96}$")]


class _Metadata(msgspec.Struct):
    interchange_format_version: str
    genesis_hash: _Hash


class _Signed(msgspec.Struct, omit_defaults=True):
    kind: Literal["notarize", "nullify", "finalize"]
    epoch: Number
    view: Number
    statement: _Hash | None = None


class _Key(msgspec.Struct):
    pubkey: _PublicKey
    signed: Annotated[list[_Signed], Meta(max_length=SIGNED_MAX)]


class _File(msgspec.Struct):
    metadata: _Metadata
    data: Annotated[list[_Key], Meta(max_length=KEYS_MAX)]


_decoder: Final = msgspec.json.Decoder(_File)


def write_interchange(genesis_hash: bytes, public: bytes, marks: Sequence[Mark]) -> bytes:
    """The file that says of one key what the marks say."""
    signed = [
        _Signed(
            _WORDS[mark.kind],
            str(mark.epoch),
            str(mark.view),
            None if mark.digest == UNKNOWN else "0x" + mark.digest.hex(),
        )
        for mark in marks
    ]
    file = _File(_Metadata(VERSION, "0x" + genesis_hash.hex()), [_Key("0x" + public.hex(), signed)])
    return msgspec.json.format(msgspec.json.encode(file)) + b"\n"


def read_interchange(data: bytes, genesis_hash: bytes, public: bytes) -> tuple[Mark, ...]:
    """The latest mark of each kind that a file has of this key on this chain. Raises InterchangeError."""
    if len(data) > FILE_BYTES_MAX:
        raise InterchangeError(f"it has {len(data)} bytes, and at most {FILE_BYTES_MAX} are read")
    try:
        file = _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InterchangeError(f"it is no interchange file: {abridged(str(error))}") from None
    version, genesis = file.metadata.interchange_format_version, file.metadata.genesis_hash
    if version != VERSION:
        raise InterchangeError(f"it has version {show(version)}, and this program reads version {VERSION!r}")
    if genesis.lower() != "0x" + genesis_hash.hex():
        raise InterchangeError(
            f"it is of the chain with genesis {genesis}, and this chain's is 0x{genesis_hash.hex()}"
        )
    wanted = "0x" + public.hex()
    ours = [each for key in file.data if key.pubkey.lower() == wanted for each in key.signed]
    if not any(key.pubkey.lower() == wanted for key in file.data):
        raise InterchangeError(f"it says nothing of the key {wanted}")
    return highest_of(_mark(each) for each in ours)


def _mark(signed: _Signed) -> Mark:
    epoch, view = int(signed.epoch), int(signed.view)
    if max(epoch, view) > NUMBER_MAX:
        raise InterchangeError(
            f"it has an epoch or a view of {max(epoch, view)}, and the last is {NUMBER_MAX}"
        )
    digest = UNKNOWN if signed.statement is None else bytes.fromhex(signed.statement[2:])
    return Mark(_KINDS[signed.kind], epoch, view, digest)


_WORDS: Final[dict[Kind, Literal["notarize", "nullify", "finalize"]]] = {
    Kind.Notarize: "notarize",
    Kind.Nullify: "nullify",
    Kind.Finalize: "finalize",
}
_KINDS: Final = {word: kind for kind, word in _WORDS.items()}
