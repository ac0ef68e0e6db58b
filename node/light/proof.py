"""The light proof as a file: JSON in one form only, its bytes in lowercase hex.

A reader accepts exactly what a writer would write: a file that was changed anywhere, be it by a space or the
case of a letter, is refused. The checksum at its end is there for what no signature covers, which is the
question itself: with another key, the same nodes may well prove another truth.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from runtime.crypto.hashing import blake2b_256
from runtime.scale.errors import abridged

FILE_BYTES_MAX: Final = 1 << 26
"""The longest file: two thousand epochs of 128 validators each, no two alike."""
EPOCHS_MAX: Final = 1 << 14
"""The most epochs before the block's own: 44 years of days."""
ENTRIES_MAX: Final = 256
"""The most keys that one file asks about."""
FORM: Final = "ballast light proof 1"
INDENT: Final = 1
REASON_END_MAX: Final = 200
"""Characters of each end of a reason that may name keys of any length."""
_HEX: Final = re.compile("0x((?:[0-9a-f]{2})*)")


class ProofRefused(Exception):
    """A proof that proves nothing: `where` it fails, and `why`."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class Hex(bytes):
    """Bytes that are written as `0x` and lowercase hex."""


class Genesis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Block zero, and who decided first."""

    header: Hex
    """In SCALE, as all headers here."""
    nodes: tuple[Hex, ...]
    """The nodes of its state's trie on the way to the first committee."""


class Boundary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The end of an epoch."""

    header: Hex
    """Of the epoch's last block, which commits to the next committee."""
    certificate: Hex
    """The block's finalization: a `Certificate` in SCALE."""
    committee: Hex | None
    """The next epoch's, a `Committee` in SCALE; null where its validators are those of before."""


class Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The block whose state is asked."""

    header: Hex
    certificate: Hex
    nodes: tuple[Hex, ...]
    """The nodes of its state's trie on the way to each key."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the state holds under a key."""

    key: Hex
    value: Hex | None
    """Null where it holds nothing."""


Boundaries: TypeAlias = Annotated[tuple[Boundary, ...], msgspec.Meta(max_length=EPOCHS_MAX)]
Entries: TypeAlias = Annotated[tuple[Entry, ...], msgspec.Meta(min_length=1, max_length=ENTRIES_MAX)]


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question about the state, its answer, and all that the answer rests on."""

    form: Literal["ballast light proof 1"]
    genesis: Genesis
    boundaries: Boundaries
    """Those of all epochs before the block's own, from epoch 0 on."""
    block: Block
    entries: Entries
    checksum: Hex = Hex()
    """BLAKE2b-256 of the file as it is with an empty checksum."""


def read_proof(data: bytes) -> Proof:
    """The proof that a file holds. Raises ProofRefused; what the proof says is still to be verified."""
    if len(data) > FILE_BYTES_MAX:
        raise ProofRefused("the file", f"it has {len(data)} bytes, and {FILE_BYTES_MAX} at most are read")
    try:
        proof = msgspec.json.decode(data, type=Proof, dec_hook=_from_text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProofRefused("the file", f"it is no light proof: {abridged(str(error))}") from None
    except RecursionError:
        raise ProofRefused("the file", "it is no light proof: it is nested too deeply") from None
    written = write_proof(proof)
    if written != data:
        at = next((at for at, (a, b) in enumerate(zip(written, data, strict=False)) if a != b), len(written))
        line = data.count(b"\n", 0, at) + 1
        raise ProofRefused("the file", f"it is not in the only form of its content from line {line} on")
    return proof


def write_proof(proof: Proof) -> bytes:
    """The file of a proof."""
    return msgspec.json.format(msgspec.json.encode(proof, enc_hook=_to_text), indent=INDENT) + b"\n"


def checksum_of(proof: Proof) -> Hex:
    """The checksum that a proof must carry."""
    return Hex(blake2b_256(write_proof(msgspec.structs.replace(proof, checksum=Hex()))))


def seal(proof: Proof) -> Proof:
    """The proof with its checksum."""
    return msgspec.structs.replace(proof, checksum=checksum_of(proof))


def _from_text(kind: type[object], given: Any) -> Hex:
    assert kind is Hex
    match = _HEX.fullmatch(given) if isinstance(given, str) else None
    if match is None:
        raise ValueError("expected bytes as 0x and pairs of lowercase hex digits")
    return Hex.fromhex(match[1])


def _to_text(value: Any) -> str:
    assert isinstance(value, Hex)
    return "0x" + value.hex()
