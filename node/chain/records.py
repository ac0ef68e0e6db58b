"""How blocks are written into the database, and read back."""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple, TypeAlias

from node.storage import Column
from runtime.scale import Fixed, codec_of
from runtime.types.block import Block, Header

Justification: TypeAlias = tuple[Annotated[bytes, Fixed(4)], bytes]
"""Why a block is final: the engine that says so, and its proof."""
Row: TypeAlias = tuple[str, bytes, bytes | None]

_HEADER: Final = codec_of(Header)
_BODY: Final = codec_of(tuple[bytes, ...])
_JUSTIFICATIONS: Final = codec_of(tuple[Justification, ...])


class StoredBlock(NamedTuple):
    """A block, and why it is final, if it is."""

    block: Block
    justifications: tuple[Justification, ...]


def number_key(number: int) -> bytes:
    """The key of a height; in byte order as in numeric order."""
    return number.to_bytes(8, "big")


def rows(block: Block, justifications: tuple[Justification, ...]) -> list[Row]:
    """What finality writes of a block, beside its state."""
    header = _HEADER.encode(block.header)
    block_hash = block.header.hash
    return [
        (Column.HEADERS, block_hash, header),
        (Column.BODIES, block_hash, _BODY.encode(block.extrinsics)),
        (Column.JUSTIFICATIONS, block_hash, _JUSTIFICATIONS.encode(justifications)),
        (Column.NUMBERS, number_key(block.header.number), block_hash),
    ]


def read_header(raw: bytes) -> Header:
    """A header from its record. Raises DecodeError, as all three do."""
    return _HEADER.decode(raw)


def read_body(raw: bytes) -> tuple[bytes, ...]:
    """A block's extrinsics from their record."""
    return _BODY.decode(raw)


def read_justifications(raw: bytes) -> tuple[Justification, ...]:
    """A block's justifications from their record."""
    return _JUSTIFICATIONS.decode(raw)
