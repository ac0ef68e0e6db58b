"""Taking batches in: each segment's certificate first, then its blocks, then their finality.

What is wrong with a batch is its sender's fault, with two exceptions that no sender can bring about, and
after which a node must not go on: a quorum that finalized two chains, and a final block that this node's
runtime does not accept.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

import trio

from node.chain.chain import Chain
from node.chain.importer import import_block
from node.consensus.verifier import Verifier
from node.sync.blocks import Batch, Segment
from node.sync.epochs import CommitteeUnknown, Epochs
from node.sync.peers import Finalize
from node.sync.sync import Fault
from runtime.executive.extrinsic import Proof
from runtime.frame.invalid import InvalidBlock
from runtime.scale import codec_of
from runtime.simplex import ENGINE, Certificate
from runtime.trie import StateVersion, ordered_trie_root
from runtime.types.block import Block

_CERTIFICATE: Final = codec_of(Certificate)


class Untrue(Exception):
    """A batch is not what it claims to be."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


class FinalityForked(Exception):
    """Two quorums finalized two chains: more than a third of a committee is false, and nobody can go on."""

    def __init__(self, number: int, ours: bytes, theirs: bytes) -> None:
        super().__init__(
            f"block {number} is final as 0x{ours.hex()} here, and a valid certificate finalizes a chain in "
            f"which it is 0x{theirs.hex()}: validators have signed both; stop, and ask the chain's operators"
        )
        self.number = number


class FinalBlockRefused(Exception):
    """A block is final by a valid certificate, and executing it here says that it is invalid."""

    def __init__(self, number: int, block_hash: bytes, why: InvalidBlock) -> None:
        super().__init__(
            f"block {number} (0x{block_hash.hex()}) is final, and this node cannot execute it: {why}; "
            "the validators run other code: install theirs"
        )
        self.number = number


class Taker:
    """Brings batches into one chain."""

    def __init__(
        self,
        chain: Chain,
        epochs: Epochs,
        verifier: Verifier,
        finalize: Finalize,
        verified: Container[Proof] = (),
    ) -> None:
        """`verified` holds proofs of transactions that were found good beside."""
        self._chain = chain
        self._finalize = finalize
        self._epochs = epochs
        self._verifier = verifier
        self._verified = verified

    async def take(self, batch: Batch) -> None:
        """Make a batch part of the final chain. Raises Untrue; what came before is kept then.

        Raises FinalityForked, FinalBlockRefused or a StorageError too. Others may bring the chain on at the
        same time: what is known or final already is passed over.
        """
        for segment in batch.segments:
            if segment.number > self._final:
                await self._take(segment)

    async def holds(self, certificate: Certificate, number: int) -> None:
        """Be convinced that a certificate is of the epoch of a height and of its committee. Raises Untrue."""
        epoch = self._epochs.of(number)
        if certificate.statement.epoch != epoch:
            raise Untrue(
                Fault.Unproven,
                f"the certificate of block {number} is of epoch {certificate.statement.epoch}, "
                f"and the block of epoch {epoch}",
            )
        self._verifier.enroll(self._epochs.committee(epoch))
        if not await self._verifier.certificate(certificate):
            raise Untrue(Fault.Unproven, f"the certificate of block {number} does not convince")

    async def _take(self, segment: Segment) -> None:
        first = segment.blocks[0].header
        try:
            await self.holds(segment.certificate, segment.number)
        except CommitteeUnknown:
            # Its epoch has not begun here: the batch begins behind the next block.
            raise Untrue(Fault.Foreign, f"block {first.number} follows nothing that is final here") from None
        for block in segment.blocks:
            await trio.lowlevel.checkpoint()
            number = block.header.number
            if number <= self._final:
                self._compare(number, block.header.hash)
                continue
            if number == self._final + 1:
                self._compare(self._final, block.header.parent_hash)
            if self._chain.header(block.header.hash) is None:
                self._execute(block)
        last = segment.blocks[-1].header
        if last.number > self._final:
            proof = (ENGINE, _CERTIFICATE.encode(segment.certificate))
            await self._finalize(last.hash, (proof,) if segment.is_own else ())

    @property
    def _final(self) -> int:
        return self._chain.finalized.header.number

    def _compare(self, number: int, block_hash: bytes) -> None:
        """See that a block of a chain that is final elsewhere is the one that is final here."""
        ours = self._chain.hash_at(number)
        if ours is not None and ours != block_hash:
            raise FinalityForked(number, ours, block_hash)

    def _execute(self, block: Block) -> None:
        header = block.header
        try:
            import_block(self._chain, block, verified=self._verified, is_best=False)
        except InvalidBlock as why:
            # The certificate speaks for the header, and the header for the body.
            if ordered_trie_root(block.extrinsics, StateVersion.V0) != header.extrinsics_root:
                detail = f"the extrinsics of block {header.number} are not those that its header commits to"
                raise Untrue(Fault.Forged, detail) from why
            raise FinalBlockRefused(header.number, header.hash, why) from why
