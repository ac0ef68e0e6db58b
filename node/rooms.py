"""The rooms that every node has, whatever disk, clock and network it runs on: the pool over the chain's head,
who builds blocks, and who moves the heads.
"""

from __future__ import annotations

from typing import Final

from node.chain.author import Author, Clock
from node.chain.chain import Chain, Position
from node.chain.heads import Heads
from node.mempool.validate import Head, Mempool
from node.mempool.verifier import Verifier
from runtime.runtime import Runtime

REVALIDATED_PER_BLOCK: Final = 256
"""How many waiting transactions are judged anew after each block."""


class Rooms:
    """One chain's, in one node."""

    def __init__(
        self, runtime: Runtime, chain: Chain, clock: Clock, verifier: Verifier | None = None
    ) -> None:
        """Without `verifier` signatures of transactions are verified inline."""
        self.runtime = runtime
        self.chain = chain
        self.mempool = Mempool(self._head, verifier)
        self.author = Author(runtime, self.mempool, clock)
        self.heads = Heads(chain, self.mempool, self.head_of)
        self._judge: tuple[bytes, Head] | None = None

    def _head(self) -> Head:
        """The best block as the mempool sees it; made once a block."""
        best = self.chain.best
        if self._judge is None or self._judge[0] != best.hash:
            self._judge = best.hash, self.head_of(best)
        return self._judge[1]

    def head_of(self, position: Position) -> Head:
        """A block as the mempool sees it."""
        validator = self.runtime.validator(position.state, position.header)
        return Head(position.header.number, self.runtime.decode, validator)

    async def revalidate(self) -> None:
        """Judge what waits anew after each block, a part of it at a time, until cancelled."""
        with self.chain.notices.watch() as notices:
            async for _ in notices:
                self.mempool.revalidate(REVALIDATED_PER_BLOCK)
