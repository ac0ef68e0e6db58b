"""Simplex, as far as the chain itself must know it: what validators sign, who they are, what convinces.

The agreement itself runs outside the runtime, in `node/consensus`. What stands here is what blocks, evidence,
justifications and light proofs share.
"""

from runtime.simplex.certificate import (
    BadCertificate,
    Certificate,
    bitmap_of,
    check_certificate,
    claimed_signers,
    signers_of,
)
from runtime.simplex.committee import VALIDATORS_MAX, Committee, Validator, quorum_of
from runtime.simplex.digest import (
    ENGINE,
    Authored,
    NextCommittee,
    authored_in,
    authored_of,
    next_committee_of,
)
from runtime.simplex.evidence import (
    BadEvidence,
    ConflictingCertificates,
    ConflictingVotes,
    Evidence,
    Fault,
    accused_by,
    check_signatures,
    committee_of,
    fault_of,
)
from runtime.simplex.statement import Kind, Statement, Vote, message

__all__ = [
    "Authored",
    "BadCertificate",
    "BadEvidence",
    "Certificate",
    "Committee",
    "ConflictingCertificates",
    "ConflictingVotes",
    "ENGINE",
    "Evidence",
    "Fault",
    "Kind",
    "NextCommittee",
    "Statement",
    "VALIDATORS_MAX",
    "Validator",
    "Vote",
    "accused_by",
    "authored_in",
    "authored_of",
    "bitmap_of",
    "check_certificate",
    "check_signatures",
    "claimed_signers",
    "committee_of",
    "fault_of",
    "message",
    "next_committee_of",
    "quorum_of",
    "signers_of",
]
