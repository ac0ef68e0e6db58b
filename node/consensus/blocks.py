"""Blocks as the agreement's candidates: their bytes, and the facts that these bytes themselves show."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from node.consensus.messages import Candidate
from runtime.scale import DecodeError, Max, codec_of
from runtime.simplex import authored_of
from runtime.trie import StateVersion, ordered_trie_root
from runtime.types.block import Block, Header

EXTRINSICS_MAX: Final = 1 << 15
"""The most extrinsics of a block that is proposed or fetched: twice what its weight has room for."""

_Body: TypeAlias = tuple[Header, Annotated[tuple[bytes, ...], Max(EXTRINSICS_MAX)]]
_BODY: Final = codec_of(_Body)


class NotABlock(Exception):
    """Bytes that are no block which a validator could have proposed; says why."""


def encode_block(block: Block) -> bytes:
    """A block's bytes."""
    return _BODY.encode((block.header, block.extrinsics))


def read_block(body: bytes) -> Block:
    """The block that bytes are. Raises NotABlock."""
    try:
        header, extrinsics = _BODY.decode(body)
    except DecodeError as error:
        raise NotABlock(f"no block: {error}") from None
    return Block(header, extrinsics)


def read_candidate(body: bytes) -> Candidate:
    """The candidate that bytes are. Its hash stands for all of it, the extrinsics too. Raises NotABlock."""
    block = read_block(body)
    if ordered_trie_root(block.extrinsics, StateVersion.V0) != block.header.extrinsics_root:
        raise NotABlock(f"block 0x{block.header.hash.hex()} commits to other extrinsics than it brings")
    return candidate_of(block, body)


def candidate_of(block: Block, body: bytes) -> Candidate:
    """What the agreement needs to know of a block. Raises NotABlock when its header does not say it."""
    header = block.header
    authored = authored_of(header)
    if authored is None:
        raise NotABlock(f"block 0x{header.hash.hex()} does not say, once, who proposed it in which view")
    return Candidate(
        hash=header.hash,
        parent_hash=header.parent_hash,
        number=header.number,
        epoch=authored.epoch,
        view=authored.view,
        proposer=authored.proposer,
        body=body,
    )
