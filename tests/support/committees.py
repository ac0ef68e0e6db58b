"""Committees whose secret keys the tests hold: votes and certificates with real signatures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from node.consensus.certificates import BLS, assemble
from node.wallet.bls import BlsKeypair
from runtime.crypto.hashing import blake2b_256
from runtime.simplex import Certificate, Committee, Statement, Validator, Vote, message

GENESIS_HASH = blake2b_256(b"a genesis block")


@cache
def keypair(name: str) -> BlsKeypair:
    """The BLS key of a validator by its name."""
    return BlsKeypair.from_suri(f"//{name}")


class Signers:
    """A committee and its secrets. Validators are known by their names."""

    def __init__(self, epoch: int, names: Sequence[str], *, weights: Sequence[int] = ()) -> None:
        self.names = tuple(names)
        self.committee = Committee(
            epoch,
            tuple(
                Validator(
                    blake2b_256(name.encode()), keypair(name).public, blake2b_256(name.encode()), weight
                )
                for name, weight in zip(names, weights or [1] * len(names), strict=True)
            ),
        )

    def vote(self, statement: Statement, signer: int, *, genesis_hash: bytes = GENESIS_HASH) -> Vote:
        """A vote as an honest validator casts it."""
        signature = keypair(self.names[signer]).sign(message(genesis_hash, statement))
        return Vote(statement, signer, signature)

    def votes(self, statement: Statement, *, genesis_hash: bytes = GENESIS_HASH) -> list[Vote]:
        """Everybody's."""
        return [
            self.vote(statement, signer, genesis_hash=genesis_hash) for signer in range(self.committee.size)
        ]

    def certificate(
        self,
        statement: Statement,
        signers: Iterable[int] | None = None,
        *,
        genesis_hash: bytes = GENESIS_HASH,
    ) -> Certificate:
        """The certificate of these signers, or of all."""
        chosen = tuple(range(self.committee.size)) if signers is None else tuple(signers)
        signatures = [self.vote(statement, each, genesis_hash=genesis_hash).signature for each in chosen]
        return assemble(self.committee, statement, chosen, BLS.aggregate(signatures))
