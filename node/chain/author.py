"""The author: builds the next block over the head from inherents and the pool.

A transaction that may not enter leaves the pool, with the reason. When an invariant breaks, the block is
built again, looking after each transaction, and the one that breaks it is dropped and named. When a hook
breaks, or an invariant without any transaction, no block can be built: the author stops with one line.
"""

from __future__ import annotations

import logging
from typing import Final, Protocol

import trio

from node.chain.chain import Position
from node.mempool.validate import Mempool
from runtime.executive.builder import BlockBuilder, Built, CallBroken
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.invalid import InvalidBlock, InvariantBroken
from runtime.frame.validity import ExhaustsResources, TransactionValidityError
from runtime.runtime import Runtime
from runtime.scale import DecodeError
from runtime.types.digest import DigestItem

log = logging.getLogger(__name__)

SLICE: Final = 64
"""After how many transactions other tasks get a turn."""
SKIPS_MAX: Final = 32
"""How many transactions that do not fit are passed over before the block counts as full."""


class AuthorStopped(Exception):
    """No block can be built any more: a pallet is wrong."""


class Clock(Protocol):
    """Tells the time of the next block."""

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        ...


class Author:
    """Builds blocks; a chain has one at a time."""

    def __init__(self, runtime: Runtime, mempool: Mempool, clock: Clock) -> None:
        self._runtime = runtime
        self._mempool = mempool
        self._clock = clock

    async def build(self, parent: Position, logs: tuple[DigestItem, ...] = ()) -> Built:
        """The next block over the head `parent`; `logs` are the digest items that the author gives to the
        runtime. Raises AuthorStopped.
        """
        try:
            builder = self.begin(parent, logs)
            await self._fill(builder, careful=False)
            return builder.finish()
        except InvariantBroken as broken:
            log.warning("a block was given up: %s; building it again, transaction by transaction", broken)
        except InvalidBlock as fault:
            raise AuthorStopped(f"no block can be built over #{parent.header.number}: {fault}") from fault
        try:
            builder = self.begin(parent, logs)
            builder.check_end()
            await self._fill(builder, careful=True)
            return builder.finish()
        except InvalidBlock as fault:
            raise AuthorStopped(f"no block can be built over #{parent.header.number}: {fault}") from fault

    def begin(self, parent: Position, logs: tuple[DigestItem, ...] = ()) -> BlockBuilder:
        """The block after `parent`, with its inherents. Raises InvalidBlock."""
        builder = self._runtime.build(parent.state, parent.header, logs=logs, verified=self._mempool.verified)
        observed = {TIMESTAMP: self._clock.now_ms().to_bytes(8, "little")}
        for raw in builder.inherents(observed):
            try:
                builder.apply(raw)
            except TransactionValidityError as refusal:
                raise InvalidBlock(f"an inherent was refused: {refusal}") from refusal
        return builder

    async def _fill(self, builder: BlockBuilder, *, careful: bool) -> None:
        """Apply ready transactions, best first, until the block is full."""
        ready = self._mempool.pool.best_first()
        skips = 0
        for count, transaction in enumerate(ready, 1):
            if count % SLICE == 0:
                await trio.lowlevel.checkpoint()
            try:
                if careful:
                    builder.try_apply(transaction.data)
                else:
                    builder.apply(transaction.data)
            except ExhaustsResources:
                ready.reject()
                skips += 1
                if skips > SKIPS_MAX:
                    return
            except (TransactionValidityError, DecodeError) as refusal:
                ready.reject()
                self._mempool.remove_invalid(transaction.hash, str(refusal))
            except (CallBroken, InvariantBroken) as fault:
                ready.reject()
                log.error("transaction 0x%s is dropped: %s", transaction.hash.hex(), fault)
                self._mempool.remove_invalid(transaction.hash, str(fault))
