"""The chain as the agreement meets it: blocks built and executed, made final, and shown to others.

    build    the next block over its parent, not before the parent's time is a block time ago by the clock
             here; for one that is ahead of it, no longer than a block time
    check    a foreign block executed over its parent, its signatures verified beside, by the pool's process
    commit   finality, in the chain and in the pool, durable when it returns
    serve    final blocks, and what proves that they are final, from the store

The head moves to the block that is built upon and to what is final: never to a block that was only proposed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import trio

from node.chain.author import Author, Clock
from node.chain.chain import Chain, Position, UnknownBlock
from node.chain.heads import Heads
from node.chain.importer import import_block
from node.consensus.ancestry import AgreementBroken, TooFarBehind
from node.consensus.blocks import candidate_of, encode_block, read_block
from node.consensus.inputs import Epoch, Head
from node.consensus.messages import (
    REPLY_BLOCKS_MAX,
    REPLY_BYTES_MAX,
    AnyMessage,
    Bodies,
    Candidate,
    Need,
    Proved,
    Status,
    Want,
)
from node.sync.epochs import Epochs
from node.sync.server import certificate_of
from node.sync.signatures import Signatures
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.invalid import InvalidBlock
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Authored, Certificate
from runtime.types.digest import DigestItem

log = logging.getLogger(__name__)

_CERTIFICATE: Final = codec_of(Certificate)

CHAIN: Final = "chain"
"""The room to which executing blocks is charged."""

Charge = Callable[[str], AbstractContextManager[None]]
"""Charges the processor's time of its body to a room."""
Logs = Callable[[Position, Authored], tuple[DigestItem, ...]]
"""What the proposer of a block gives to the runtime, over a parent."""


class World:
    """One validator's chain."""

    def __init__(
        self,
        chain: Chain,
        heads: Heads,
        author: Author,
        epochs: Epochs,
        clock: Clock,
        *,
        logs: Logs,
        signatures: Signatures,
        network_key: bytes,
        time_of: Callable[[Position], int],
        block_ms: int,
        charge: Charge = lambda room: nullcontext(),
    ) -> None:
        """`network_key` is the node's own, `time_of` gives a block's time in milliseconds, and blocks are at
        least `block_ms` apart.
        """
        self._chain = chain
        self._heads = heads
        self._author = author
        self._epochs = epochs
        self._clock = clock
        self._logs = logs
        self._signatures = signatures
        self._network_key = network_key
        self._time_of = time_of
        self._block_ms = block_ms
        self._charge = charge

    # Epochs.

    @property
    def head(self) -> Head:
        """The last final block."""
        final = self._chain.finalized
        return Head(final.hash, final.header.number)

    def epoch_of(self, number: int) -> int:
        """The epoch of a height."""
        return self._epochs.of(number)

    def justification(self) -> Certificate:
        """What made the last final block final. Raises TooFarBehind where that was the certificate of a later
        one, which a sync did not bring.
        """
        final = self._chain.finalized
        stored = self._chain.block(final.hash)
        found = None if stored is None else certificate_of(stored)
        if found is None:
            raise TooFarBehind(final.header.number, final.header.number + 1)
        return found

    def epoch(self, number: int) -> Epoch:
        """An epoch whose parent, the last block of the one before, is final here."""
        committee = self._epochs.committee(number)
        length = self._epochs.blocks_per_epoch
        parent_hash = self._chain.hash_at(number * length)
        assert parent_hash is not None, "an epoch opens when the one before it is final"
        keys = [each.network for each in committee.validators]
        me = keys.index(self._network_key) if self._network_key in keys else None
        return Epoch(committee, me, parent_hash, number * length, (number + 1) * length)

    # Blocks.

    async def build(self, authored: Authored, parent_hash: bytes) -> Candidate | None:
        """The block of a view that one leads oneself; None when none can be built. Raises AuthorStopped and
        OtherRuntime.

        A proposer with a hasty clock gives its block a time to come; whoever waited for that would lose its
        turn, and the chain would stand.
        """
        try:
            parent = self._chain.at(parent_hash)
        except UnknownBlock:
            log.error(
                "no block is built in view %d: its parent 0x%s is unknown", authored.view, parent_hash.hex()
            )
            return None
        self._chain.require_runtime(parent)
        wait_ms = self._time_of(parent) + self._block_ms - self._clock.now_ms()
        await trio.sleep(min(max(0, wait_ms), self._block_ms) / 1000)
        try:
            with self._charge(CHAIN):
                await self._heads.adopt(parent_hash)
                built = await self._author.build(parent, self._logs(parent, authored))
                self._chain.add(built.block, built.state, is_best=False)
        except UnknownBlock:
            log.info("no block is built in view %d: others have overtaken it", authored.view)
            return None
        return candidate_of(built.block, encode_block(built.block))

    async def check(self, candidate: Candidate) -> bool:
        """Whether a block executes over its parent as it says. Raises OtherRuntime where that is not for this
        runtime to say: then nothing is voted.
        """
        if self._chain.header(candidate.hash) is not None:
            return True
        now = self._clock.now_ms().to_bytes(8, "little")
        try:
            with self._charge(CHAIN):
                block = read_block(candidate.body)
                await self._signatures.prepare([block])
                import_block(
                    self._chain,
                    block,
                    observed={TIMESTAMP: now},
                    verified=self._signatures.verified,
                    is_best=False,
                )
        except InvalidBlock as fault:
            log.warning("block %d of view %d is invalid: %s", candidate.number, candidate.view, fault)
            return False
        except UnknownBlock:
            log.error("block %d of view %d stands on an unknown one", candidate.number, candidate.view)
            return False
        return True

    async def commit(self, certificate: Certificate) -> None:
        """Make the block of a finalization, and all below it, final. Raises AgreementBroken when it could not
        be executed here.
        """
        if self._chain.header(certificate.statement.block) is None:
            raise AgreementBroken(
                f"block 0x{certificate.statement.block.hex()} is final, and cannot be executed here"
            )
        proof = (ENGINE, _CERTIFICATE.encode(certificate))
        with self._charge(CHAIN):
            await self._heads.finalize(certificate.statement.block, (proof,))

    # What others ask.

    def serve(self, message: Want | Need | Status) -> list[AnyMessage]:
        """The answers to a peer that asks below the agreement's own floor."""
        match message:
            case Want(block, above):
                bodies = self._bodies(block, above)
                return [Bodies(bodies)] if bodies else []
            case Need(epoch) | Status(epoch):
                return [Proved(each) for each in self._boundary(epoch)]

    def _bodies(self, block_hash: bytes, above: int) -> tuple[bytes, ...]:
        bodies: list[bytes] = []
        size = 0
        while len(bodies) < REPLY_BLOCKS_MAX:
            stored = self._chain.block(block_hash)
            if stored is None or stored.block.header.number <= above:
                break
            body = encode_block(stored.block)
            size += len(body)
            if bodies and size > REPLY_BYTES_MAX:
                break
            bodies.append(body)
            block_hash = stored.block.header.parent_hash
        return tuple(bodies)

    def _boundary(self, epoch: int) -> list[Certificate]:
        """The finalization of an epoch's last block, or of the last final one when it is not over."""
        final = self._chain.finalized
        number = min((epoch + 1) * self._epochs.blocks_per_epoch, final.header.number)
        block_hash = self._chain.hash_at(number)
        stored = None if block_hash is None else self._chain.block(block_hash)
        found = None if stored is None else certificate_of(stored)
        return [] if found is None or found.statement.epoch != epoch else [found]
