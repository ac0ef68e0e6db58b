"""Signatures of transactions, verified beside the import: the blocks to come while those at hand execute."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import trio

from node.chain.chain import Chain
from node.mempool.validate import proof_of
from node.mempool.verifier import VerifiedSet, Verifier
from runtime.executive.extrinsic import Proof
from runtime.frame.validity import TransactionValidityError
from runtime.scale import DecodeError
from runtime.types.block import Block

SLICE: Final = 64
"""After how many extrinsics other tasks get a turn."""


class Signatures:
    """Proofs found good ahead of time; execution looks into `verified`, and verifies what is not there."""

    def __init__(self, chain: Chain, verifier: Verifier, verified: VerifiedSet | None = None) -> None:
        """`verified` is where proofs found good are kept, such as the pool's; a set of its own without."""
        self._chain = chain
        self._verifier = verifier
        self.verified = VerifiedSet() if verified is None else verified

    async def prepare(self, blocks: Iterable[Block]) -> None:
        """Verify what these blocks' transactions are signed with, as far as it can be told before their
        parents are known.
        """
        final = self._chain.finalized
        validator = self._chain.runtime.validator(final.state, final.header)
        proofs: list[Proof] = []
        for count, raw in enumerate((raw for block in blocks for raw in block.extrinsics), 1):
            if count % SLICE == 0:
                await trio.lowlevel.checkpoint()
            try:
                proof = proof_of(validator, self._chain.runtime.decode(raw))
            except (DecodeError, TransactionValidityError):
                continue  # execution will say what is wrong, or know the block that the signature names
            if proof is not None and proof not in self.verified:
                proofs.append(proof)
        for proof, holds in zip(proofs, await self._verifier.verify(proofs), strict=True):
            if holds:
                self.verified.add(proof)
