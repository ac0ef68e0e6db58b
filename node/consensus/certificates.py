"""Certificates: how the votes of one statement become one signature, and the scheme that checks both.

A scheme decodes a committee's keys once and answers for its signatures from then on. Real networks have
`BLS`; a simulation may bring a cheaper one.

A certificate's bitmap attributes its statement to each signer. Two signatures that hold for nobody can still
have a sum that holds, so votes enter a certificate only after each was found to hold: alone, or in a batch in
which random weights leave such a pair no chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from runtime.crypto import bls
from runtime.simplex import Certificate, Committee, Statement, bitmap_of

WEIGHT_BITS: Final = 128
"""A batch in which some signature does not hold passes with a chance of about one in 2^127."""


class Keys(Protocol):
    """The keys of one committee. Signers are places of the committee; nothing here raises for bad bytes."""

    def vote_holds(self, signer: int, message: bytes, signature: bytes) -> bool:
        """Whether a signature is the signer's."""
        ...

    def votes_hold(
        self, signers: Sequence[int], message: bytes, signatures: Sequence[bytes], weights: Sequence[int]
    ) -> bool:
        """Whether each signature is its signer's. The weights, one a signature, are odd numbers of
        `WEIGHT_BITS` bits that nobody could foresee.
        """
        ...

    def sum_holds(self, signers: Sequence[int], message: bytes, signature: bytes) -> bool:
        """Whether a signature is the sum of those of all the signers, whose places ascend."""
        ...


class Scheme(Protocol):
    """How a network's signatures are checked and added."""

    def keys(self, committee: Committee) -> Keys:
        """A committee's keys, decoded. They have proven their possession: the caller answers for it."""
        ...

    def aggregate(self, signatures: Sequence[bytes]) -> bytes:
        """The sum of signatures that hold, of which there is at least one."""
        ...


class BlsKeys:
    """A committee's BLS keys, and their sum, from which the absent are taken away."""

    def __init__(self, committee: Committee) -> None:
        """Raises ValueError for a key that is none."""
        self._keys = [bls.load_pubkey(each.bls) for each in committee.validators]
        self._sum = bls.sum_keys(self._keys)

    def vote_holds(self, signer: int, message: bytes, signature: bytes) -> bool:
        return bls.verify(self._keys[signer], message, signature)

    def votes_hold(
        self, signers: Sequence[int], message: bytes, signatures: Sequence[bytes], weights: Sequence[int]
    ) -> bool:
        triples = [
            (self._keys[signer], message, signature)
            for signer, signature in zip(signers, signatures, strict=True)
        ]
        return bls.verify_batch(triples, weights)

    def sum_holds(self, signers: Sequence[int], message: bytes, signature: bytes) -> bool:
        return bls.verify_signers(self._sum, signers, message, signature)


class BlsScheme:
    """BLS12-381 with proofs of possession, as `runtime/crypto/bls.py` has it."""

    def keys(self, committee: Committee) -> BlsKeys:
        return BlsKeys(committee)

    def aggregate(self, signatures: Sequence[bytes]) -> bytes:
        return bls.aggregate(signatures)


BLS: Final = BlsScheme()


def assemble(
    committee: Committee, statement: Statement, signers: Iterable[int], aggregate: bytes
) -> Certificate:
    """The certificate of a statement: the places of its signers, and the sum of their signatures."""
    return Certificate(statement, bitmap_of(signers, committee.size), aggregate)
