"""What nodes tell each other about final blocks, and when an answer can be believed as far as it goes.

    status/1   ()                        -> Status
    blocks/1   BlocksRequest             -> BlocksReply

A reply proves itself: its blocks follow each other, some carry the certificate that made them final, and
where the last one does not, the headers ahead of it lead to one that does. So a reply of any size leaves
nothing to be taken on trust: a node executes no block before it has seen the certificate that covers it.
An epoch's last block always carries its own, since it is the last that its committee decides about.
"""

from __future__ import annotations

from typing import Annotated, Final, NamedTuple

from node.consensus.blocks import EXTRINSICS_MAX
from runtime.scale import U32, Doc, Max, Struct
from runtime.simplex import Certificate, Kind
from runtime.types.account import BlockNumber, Hash
from runtime.types.block import Block, Header

STATUS: Final = "status/1"
BLOCKS: Final = "blocks/1"
FINAL: Final = "final"
"""The topic on which certificates of finalization are told."""

BLOCKS_MAX: Final = 50
"""The most blocks of a reply."""
REPLY_BYTES_MAX: Final = 4 << 20
"""Where a reply ends, in bytes of extrinsics; its first block may be larger."""
AHEAD_MAX: Final = 64
"""The most headers between a block and the certificate that covers it: no more may be unfinalized at once."""


class Status(Struct):
    """How far a node has come."""

    first: Annotated[BlockNumber, Doc("The lowest block that it holds with all that follow.")]
    height: Annotated[BlockNumber, Doc("The last final block.")]
    hash: Hash


class BlocksRequest(Struct):
    """Final blocks from a height on, as many as fit."""

    first: BlockNumber
    count: U32


class FinalBlock(Struct):
    """A block, and the certificate that made it final where it has its own."""

    header: Header
    extrinsics: Annotated[tuple[bytes, ...], Max(EXTRINSICS_MAX)]
    certificate: Certificate | None

    @property
    def block(self) -> Block:
        """The block itself."""
        return Block(self.header, self.extrinsics)


class Ahead(Struct):
    """What leads from a block to the certificate that covers it."""

    headers: Annotated[tuple[Header, ...], Max(AHEAD_MAX)]
    certificate: Annotated[Certificate, Doc("That of the last header.")]


class BlocksReply(Struct):
    """Final blocks in order; none when the first that was asked for is not held."""

    blocks: Annotated[tuple[FinalBlock, ...], Max(BLOCKS_MAX)]
    ahead: Ahead | None


class BadReply(Exception):
    """A reply is not what was asked for, or does not prove itself; says why."""


class Segment(NamedTuple):
    """Blocks in order that one certificate covers."""

    blocks: tuple[Block, ...]
    certificate: Certificate
    number: int
    """The height that the certificate speaks of."""
    is_own: bool
    """Whether it is the last block's own, and not that of a later one."""


class Batch(NamedTuple):
    """A reply that hangs together: what it says is true if its certificates are."""

    first: int
    last: int
    segments: tuple[Segment, ...]


def check_reply(request: BlocksRequest, reply: BlocksReply, blocks_per_epoch: int) -> Batch | None:
    """See whether a reply fits its request and hangs together; None when it holds no block. Raises BadReply.

    What is left to be shown: that the certificates convince, that the first block follows what is final here,
    and that each block's body is that of its header.
    """
    if not reply.blocks:
        return None
    if len(reply.blocks) > request.count:
        raise BadReply(f"{len(reply.blocks)} blocks where {request.count} were asked for")
    segments: list[Segment] = []
    held: list[Block] = []
    before: bytes | None = None
    for place, each in enumerate(reply.blocks):
        held.append(each.block)
        before = _follow(each.header, request.first + place, before)
        if each.certificate is not None:
            segments.append(_segment(held, each.certificate, each.header.number, before))
            held = []
        elif each.header.number % blocks_per_epoch == 0:
            raise BadReply(f"block {each.header.number} ends an epoch and has no certificate")
    if held:
        segments.append(_segment_ahead(held, reply.ahead, before, blocks_per_epoch))
    elif reply.ahead is not None:
        raise BadReply("headers ahead of a block that has a certificate")
    return Batch(request.first, request.first + len(reply.blocks) - 1, tuple(segments))


def _follow(header: Header, number: int, before: bytes | None) -> bytes:
    """The hash of a header that stands in its place."""
    if header.number != number:
        raise BadReply(f"block {header.number} where block {number} belongs")
    if before is not None and header.parent_hash != before:
        raise BadReply(f"block {number} does not follow block {number - 1}")
    return header.hash


def _segment(held: list[Block], certificate: Certificate, number: int, block_hash: bytes) -> Segment:
    statement = certificate.statement
    if statement.kind != Kind.Finalize or statement.block != block_hash:
        raise BadReply(f"the certificate with block {number} is not of its finalization")
    return Segment(tuple(held), certificate, number, held[-1].header.number == number)


def _segment_ahead(
    held: list[Block], ahead: Ahead | None, before: bytes | None, blocks_per_epoch: int
) -> Segment:
    number = held[-1].header.number
    if ahead is None or not ahead.headers:
        raise BadReply(f"nothing leads from block {number} to a certificate")
    for header in ahead.headers:
        if number % blocks_per_epoch == 0:
            raise BadReply(f"block {number} ends an epoch and has no certificate")
        number += 1
        before = _follow(header, number, before)
    assert before is not None
    return _segment(held, ahead.certificate, number, before)
