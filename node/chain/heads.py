"""The heads: moving the best block and finality, in the chain and in the pool together."""

from __future__ import annotations

from collections.abc import Callable

from node.chain.chain import Chain, Position
from node.chain.records import Justification
from node.mempool.validate import Head, Mempool


class Heads:
    """Which block is best and which is final, as chain and pool both know it."""

    def __init__(self, chain: Chain, mempool: Mempool, head_of: Callable[[Position], Head]) -> None:
        """`head_of` gives a block as the pool sees it."""
        self._chain = chain
        self._mempool = mempool
        self._head_of = head_of

    async def adopt(self, block_hash: bytes) -> None:
        """Make a known block the head; what only the branch that is left held waits again.

        Raises UnknownBlock.
        """
        chain = self._chain
        if block_hash == chain.best.hash:
            return
        route = chain.route(block_hash)
        chain.adopt(block_hash)
        for each in route.enacted:
            self.enact(each)
        for each in route.retracted:
            await self._mempool.retract(each)

    def enact(self, block_hash: bytes) -> None:
        """Tell the pool of a block that is on the best chain now."""
        chain = self._chain
        position, stored = chain.at(block_hash), chain.block(block_hash)
        assert stored is not None
        parent = self._head_of(chain.at(position.header.parent_hash))
        self._mempool.on_block(block_hash, position.header.number, stored.block.extrinsics, parent)

    async def finalize(self, block_hash: bytes, justifications: tuple[Justification, ...] = ()) -> None:
        """Make a known block and its ancestors final, and the head one that stands on it.

        Raises UnknownBlock, or a StorageError: then nobody is told of it.
        """
        chain = self._chain
        if block_hash in chain.route(block_hash).enacted:
            await self.adopt(block_hash)
        for each in chain.finalize(block_hash, justifications):
            self._mempool.finalize(each)
