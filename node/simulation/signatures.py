"""Stub signatures: readable instead of secret. Nobody forges another's, because nobody's code does.

A signature names its signer's key and what it signs; a sum names all its signers. So what would take pairings
is a comparison, and everything that an honest verifier refuses is refused here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from node.consensus.actions import VerifyCertificate, VerifyPair, VerifyVotes
from node.consensus.inputs import CertificateVerified, PairVerified, VotesVerified
from runtime.simplex import BadCertificate, Certificate, Committee, Statement, Vote, signers_of
from runtime.simplex.statement import SIGNATURE_BYTES

CONVINCING_MAX: Final = 4_096
"""Certificates of which the verdict is kept."""
_PAD: Final = bytes(SIGNATURE_BYTES)


def sign(key: bytes, statement: Statement) -> bytes:
    """The signature of the validator with this BLS key."""
    return (key[:8] + _said(statement) + _PAD)[:SIGNATURE_BYTES]


def aggregate(keys: Iterable[bytes], statement: Statement) -> bytes:
    """The sum of the signatures of the validators with these keys."""
    total = 0
    for key in keys:
        total += int.from_bytes(key[:8], "little")
    return (b"+" + total.to_bytes(16, "little") + _said(statement) + _PAD)[:SIGNATURE_BYTES]


def _said(statement: Statement) -> bytes:
    kind, epoch, view, parent_view, block = (
        statement.kind,
        statement.epoch,
        statement.view,
        statement.parent_view,
        statement.block,
    )
    return b"%d/%d/%d/%d/" % (kind, epoch, view, parent_view) + block


class StubVerifier:
    """Verifies as the node's verifier does, for the committees that it knows."""

    def __init__(self, committee: Callable[[int], Committee]) -> None:
        self._committee = committee
        self._keys: dict[int, list[bytes]] = {}
        self._convincing: dict[Certificate, bool] = {}

    def keys(self, epoch: int) -> list[bytes]:
        """An epoch's keys, in the committee's order."""
        found = self._keys.get(epoch)
        if found is None:
            found = self._keys[epoch] = [each.bls for each in self._committee(epoch).validators]
        return found

    def is_good(self, vote: Vote) -> bool:
        """Whether a vote is its signer's."""
        keys = self.keys(vote.statement.epoch)
        return vote.signer < len(keys) and sign(keys[vote.signer], vote.statement) == vote.signature

    def votes(self, asked: VerifyVotes) -> VotesVerified:
        """Answer the question."""
        statement = asked.statement
        good = tuple(each.signer for each in asked.votes if self.is_good(each))
        bad = tuple(each.signer for each in asked.votes if each.signer not in good)
        keys = self.keys(statement.epoch)
        total = aggregate((keys[signer] for signer in good), statement) if good else None
        return VotesVerified(statement, good, total, bad)

    def pair(self, asked: VerifyPair) -> PairVerified:
        """Answer the question."""
        return PairVerified(asked.first, asked.second, self.is_good(asked.first), self.is_good(asked.second))

    def certificate(self, asked: VerifyCertificate) -> CertificateVerified:
        """Answer the question."""
        return CertificateVerified(asked.certificate, self.convinces(asked.certificate))

    def convinces(self, certificate: Certificate) -> bool:
        """Whether a quorum made the certificate's statement; each certificate is looked at once."""
        known = self._convincing.get(certificate)
        if known is None:
            if len(self._convincing) >= CONVINCING_MAX:
                self._convincing.clear()
            known = self._convincing[certificate] = self._convinces(certificate)
        return known

    def _convinces(self, certificate: Certificate) -> bool:
        statement = certificate.statement
        committee = self._committee(statement.epoch)
        if not statement.is_canonical:
            return False
        try:
            signers = signers_of(certificate.signers, committee.size)
        except BadCertificate:
            return False
        keys = self.keys(statement.epoch)
        return (
            3 * committee.weight_of(signers) > 2 * committee.total
            and aggregate((keys[signer] for signer in signers), statement) == certificate.signature
        )
