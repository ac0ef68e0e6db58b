"""The server's side of a sync: final blocks for those who have fewer."""

from __future__ import annotations

from typing import Final

import trio

from node.chain.chain import Chain
from node.chain.checkpoint import first_block
from node.chain.records import Justification, StoredBlock
from node.network.address import PeerId
from node.network.errors import CannotAnswer
from node.sync.blocks import (
    AHEAD_MAX,
    BLOCKS,
    BLOCKS_MAX,
    REPLY_BYTES_MAX,
    STATUS,
    Ahead,
    BlocksReply,
    BlocksRequest,
    FinalBlock,
    Status,
)
from node.sync.peers import Network
from runtime.scale import DecodeError, codec_of
from runtime.simplex import ENGINE, Certificate
from runtime.types.block import Header

_STATUS: Final = codec_of(Status)
_REQUEST: Final = codec_of(BlocksRequest)
_REPLY: Final = codec_of(BlocksReply)
_CERTIFICATE: Final = codec_of(Certificate)


class Server:
    """Answers for one chain."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    def register(self, network: Network) -> None:
        """Answer what this network's peers ask."""
        network.on_request(STATUS, self.status)
        network.on_request(BLOCKS, self.blocks)

    async def status(self, peer: PeerId, data: bytes) -> bytes:
        """How far this node has come."""
        final = self._chain.finalized
        return _STATUS.encode(Status(first_block(self._chain), final.header.number, final.hash))

    async def blocks(self, peer: PeerId, data: bytes) -> bytes:
        """Final blocks from a height on, with what shows that they are final. Raises CannotAnswer."""
        try:
            request = _REQUEST.decode(data)
        except DecodeError as error:
            raise CannotAnswer(f"the request cannot be read: {error}") from None
        blocks: list[FinalBlock] = []
        size = 0
        for number in range(request.first, request.first + min(request.count, BLOCKS_MAX)):
            await trio.lowlevel.checkpoint()
            stored = final_block(self._chain, number)
            if stored is None:
                break
            size += sum(map(len, stored.block.extrinsics))
            if blocks and size > REPLY_BYTES_MAX:
                break
            blocks.append(FinalBlock(*stored.block, certificate_of(stored)))
        ahead = None
        if blocks and blocks[-1].certificate is None:
            ahead = ahead_of(self._chain, blocks[-1].header.number)
            if ahead is None:
                blocks = []
        return _REPLY.encode(BlocksReply(tuple(blocks), ahead))


def ahead_of(chain: Chain, number: int) -> Ahead | None:
    """What leads from a final block to the next certificate; None on a chain that has none."""
    headers: list[Header] = []
    for above in range(number + 1, number + 1 + AHEAD_MAX):
        stored = final_block(chain, above)
        if stored is None:
            return None
        headers.append(stored.block.header)
        certificate = certificate_of(stored)
        if certificate is not None:
            return Ahead(tuple(headers), certificate)
    return None


def final_block(chain: Chain, number: int) -> StoredBlock | None:
    """The final block at a height, if it is held whole."""
    if number > chain.finalized.header.number:
        return None
    block_hash = chain.hash_at(number)
    return None if block_hash is None else chain.block(block_hash)


def certificate_of(stored: StoredBlock) -> Certificate | None:
    """The certificate among a block's justifications."""
    return certificate_in(stored.justifications)


def certificate_in(justifications: tuple[Justification, ...]) -> Certificate | None:
    """The certificate among justifications."""
    for engine, proof in justifications:
        if engine == ENGINE:
            return _CERTIFICATE.decode(proof)
    return None
