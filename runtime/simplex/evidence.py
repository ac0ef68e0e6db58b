"""Evidence: two signed statements that no honest validator makes both of, and whom they convict.

    ConflictingNotarize    two blocks notarized in one view
    ConflictingFinalize    two blocks finalized in one view
    NullifyAndFinalize     a view skipped and finalized

Two votes convict their one signer. Two certificates convict whoever signed both: of two quorums that is more
than a third of the weight. Each signature is verified by itself. Evidence brings the committee of its epoch
along, and the committee names the accounts: whoever judges checks its root first.

A notarization and then a nullification is no fault, and neither are signatures in different views.
"""

from __future__ import annotations

import enum
from typing import Final

from runtime.crypto import bls
from runtime.scale import Enum
from runtime.simplex.certificate import BadCertificate, Certificate, check_certificate, claimed_signers
from runtime.simplex.committee import Committee
from runtime.simplex.statement import Kind, Statement, Vote, message


class Fault(enum.IntEnum):
    """What no honest validator does."""

    ConflictingNotarize = 0
    """It notarized two blocks, or one block after two parents, in one view."""
    ConflictingFinalize = 1
    """It finalized two in one view."""
    NullifyAndFinalize = 2
    """It skipped a view and finalized it."""


class Evidence(Enum):
    """Two statements that contradict each other, signed."""


class ConflictingVotes(Evidence, index=0):
    """Two votes of one validator."""

    committee: Committee
    first: Vote
    second: Vote


class ConflictingCertificates(Evidence, index=1):
    """Two certificates of one epoch's committee."""

    committee: Committee
    first: Certificate
    second: Certificate


class BadEvidence(Exception):
    """Evidence proves nothing; says why."""


def committee_of(evidence: Evidence) -> Committee:
    """The committee that evidence brings along."""
    assert isinstance(evidence, (ConflictingVotes, ConflictingCertificates))
    return evidence.committee


_FAULTS: Final = {
    (Kind.Notarize, Kind.Notarize): Fault.ConflictingNotarize,
    (Kind.Finalize, Kind.Finalize): Fault.ConflictingFinalize,
    (Kind.Nullify, Kind.Finalize): Fault.NullifyAndFinalize,
    (Kind.Finalize, Kind.Nullify): Fault.NullifyAndFinalize,
}


def fault_of(first: Statement, second: Statement) -> Fault | None:
    """What a validator did wrong that made both statements; None when an honest one may."""
    if (first.epoch, first.view) != (second.epoch, second.view) or first == second:
        return None
    return _FAULTS.get((first.kind, second.kind))


def accused_by(evidence: Evidence) -> tuple[Fault, tuple[int, ...]]:
    """The fault and the places in the committee that it is laid to, no signature verified yet.

    Raises BadEvidence when the statements could both be an honest validator's.
    """
    assert isinstance(evidence, (ConflictingVotes, ConflictingCertificates))
    committee, first, second = evidence.committee, evidence.first.statement, evidence.second.statement
    if not (first.is_canonical and second.is_canonical):
        raise BadEvidence("a statement is not in its only form")
    fault = fault_of(first, second)
    if fault is None:
        raise BadEvidence("an honest validator may have made both statements")
    if first.epoch != committee.epoch:
        raise BadEvidence(
            f"its statements are of epoch {first.epoch}, and its committee of epoch {committee.epoch}"
        )
    if isinstance(evidence, ConflictingVotes):
        signer = evidence.first.signer
        if signer != evidence.second.signer:
            raise BadEvidence("its votes are of two validators")
        if signer >= committee.size:
            raise BadEvidence(f"it accuses validator {signer} of {committee.size}")
        return fault, (signer,)
    try:
        both = claimed_signers(committee, evidence.second)
        accused = tuple(each for each in claimed_signers(committee, evidence.first) if each in both)
    except BadCertificate as why:
        raise BadEvidence(f"a certificate does not convince: {why}") from None
    return fault, accused


def check_signatures(genesis_hash: bytes, evidence: Evidence) -> None:
    """Be convinced that whom the evidence accuses (`accused_by`) has signed both statements, or raise
    BadEvidence. The committee's keys have proven their possession: the caller answers for it.
    """
    if isinstance(evidence, ConflictingVotes):
        key = bls.load_pubkey(evidence.committee.validators[evidence.first.signer].bls)
        for vote in (evidence.first, evidence.second):
            if not bls.verify(key, message(genesis_hash, vote.statement), vote.signature):
                raise BadEvidence(f"validator {vote.signer} did not sign what it is accused of")
        return
    assert isinstance(evidence, ConflictingCertificates)
    for certificate in (evidence.first, evidence.second):
        try:
            check_certificate(genesis_hash, evidence.committee, certificate)
        except BadCertificate as why:
            raise BadEvidence(f"a certificate does not convince: {why}") from None
