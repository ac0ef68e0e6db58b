"""The server's side of a checkpoint: the ends of epochs, final blocks, and the pages of their states."""

from __future__ import annotations

from typing import Final

import trio

from node.chain.chain import Chain
from node.chain.checkpoint import justifications_of
from node.network.address import PeerId
from node.network.errors import CannotAnswer
from node.sync.blocks import FinalBlock
from node.sync.epochs import CommitteeUnknown, Epochs
from node.sync.pages import (
    ENDS_MAX,
    PAGE_BYTES,
    STATE,
    BlockAsked,
    Ends,
    EndsAsked,
    EpochEnd,
    PageAsked,
    PageReply,
    StateRequest,
    Target,
)
from node.sync.peers import Network
from node.sync.server import ahead_of, certificate_in, certificate_of
from runtime.scale import DecodeError, codec_of
from runtime.state import StateDiscarded
from runtime.trie import prove_range

REST_SECONDS: Final = 0.02
"""How long a node does something else after each page: about as long as a page takes."""

_REQUEST: Final = codec_of(StateRequest)
_ENDS: Final = codec_of(Ends)
_TARGET: Final = codec_of(Target)
_PAGE: Final = codec_of(PageReply)


class StateServer:
    """Answers for one chain, one page at a time."""

    def __init__(self, chain: Chain, epochs: Epochs) -> None:
        self._chain = chain
        self._epochs = epochs
        self._one_at_a_time = trio.Lock()

    def register(self, network: Network) -> None:
        """Answer what this network's peers ask."""
        network.on_request(STATE, self.answer)

    async def answer(self, peer: PeerId, data: bytes) -> bytes:
        """What was asked for, or that it is not here. Raises CannotAnswer."""
        try:
            request = _REQUEST.decode(data)
        except DecodeError as error:
            raise CannotAnswer(f"the request cannot be read: {error}") from None
        match request:
            case EndsAsked(epoch):
                return _ENDS.encode(await self._ends(epoch))
            case BlockAsked(block):
                return _TARGET.encode(self._block(block))
            case PageAsked(block, after):
                async with self._one_at_a_time:
                    page = _PAGE.encode(self._page(block, after))
                    await trio.sleep(REST_SECONDS)
                    return page
            case _:
                raise AssertionError("a request is one of its variants")

    async def _ends(self, epoch: int) -> Ends:
        ends: list[EpochEnd] = []
        for each in range(epoch, epoch + ENDS_MAX):
            await trio.lowlevel.checkpoint()
            end = self._end(each)
            if end is None:
                break
            ends.append(end)
        return Ends(tuple(ends))

    def _end(self, epoch: int) -> EpochEnd | None:
        number = (epoch + 1) * self._epochs.blocks_per_epoch
        if number > self._chain.finalized.header.number:
            return None
        block_hash = self._chain.hash_at(number)
        header = None if block_hash is None else self._chain.header(block_hash)
        if block_hash is None or header is None:
            return None
        certificate = certificate_in(justifications_of(self._chain, block_hash))
        try:
            committee = self._epochs.committee(epoch + 1)
        except CommitteeUnknown:
            return None
        return None if certificate is None else EpochEnd(header, certificate, committee)

    def _block(self, block_hash: bytes | None) -> Target:
        chain = self._chain
        stored = chain.block(chain.finalized.hash if block_hash is None else block_hash)
        if stored is None or not chain.is_finalized(stored.block.header.hash):
            return Target(None, None)
        certificate = certificate_of(stored)
        ahead = None
        if certificate is None:
            ahead = ahead_of(chain, stored.block.header.number)
            if ahead is None:
                return Target(None, None)
        return Target(FinalBlock(*stored.block, certificate), ahead)

    def _page(self, block_hash: bytes, after: bytes | None) -> PageReply:
        chain = self._chain
        header = chain.header(block_hash)
        if header is None or not chain.is_finalized(block_hash):
            return PageReply(None)
        try:
            state = chain.states.at(header.number)
            return PageReply(prove_range(state, state.top, after, PAGE_BYTES, chain.states.version))
        except StateDiscarded:
            return PageReply(None)
