"""Evidence convicts exactly those who signed both of two statements that no honest validator makes."""

from __future__ import annotations

from itertools import product

import pytest

from node.wallet.bls import BlsKeypair
from runtime.crypto import bls
from runtime.scale import codec_of
from runtime.simplex import (
    BadEvidence,
    Certificate,
    Committee,
    ConflictingCertificates,
    ConflictingVotes,
    Evidence,
    Fault,
    Kind,
    Statement,
    Validator,
    Vote,
    accused_by,
    bitmap_of,
    check_signatures,
    fault_of,
    message,
)

GENESIS = b"\5" * 32
KEYS = tuple(BlsKeypair.from_suri(f"//{place}") for place in range(4))
COMMITTEE = Committee(
    3,
    tuple(Validator(bytes([place]) * 32, key.public, bytes(32), 10) for place, key in enumerate(KEYS)),
)
ONE, TWO = b"\1" * 32, b"\2" * 32
NOTARIZE_ONE, NOTARIZE_TWO = (Statement(Kind.Notarize, 3, 9, 8, block) for block in (ONE, TWO))
FINALIZE_ONE, FINALIZE_TWO = (Statement(Kind.Finalize, 3, 9, 8, block) for block in (ONE, TWO))
NULLIFY = Statement(Kind.Nullify, 3, 9)
REFUSED_UNVERIFIED = ("signer", "stranger", "epoch", "form", "quorum", "bitmap")
OTHER_PARENT = Statement(Kind.Notarize, 3, 9, 7, ONE)


def vote(statement: Statement, signer: int = 1, genesis: bytes = GENESIS) -> Vote:
    return Vote(statement, signer, KEYS[signer].sign(message(genesis, statement)))


def certificate(statement: Statement, *signers: int) -> Certificate:
    signature = bls.aggregate([KEYS[each].sign(message(GENESIS, statement)) for each in signers])
    return Certificate(statement, bitmap_of(signers, COMMITTEE.size), signature)


def votes(first: Statement, second: Statement) -> ConflictingVotes:
    return ConflictingVotes(COMMITTEE, vote(first), vote(second))


def convicts(evidence: Evidence) -> tuple[Fault, tuple[int, ...]]:
    check_signatures(GENESIS, evidence)
    return accused_by(evidence)


def refusal(evidence: Evidence) -> str:
    with pytest.raises(BadEvidence) as refused:
        convicts(evidence)
    return str(refused.value)


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (NOTARIZE_ONE, NOTARIZE_TWO, Fault.ConflictingNotarize),
        (NOTARIZE_ONE, OTHER_PARENT, Fault.ConflictingNotarize),
        (FINALIZE_ONE, FINALIZE_TWO, Fault.ConflictingFinalize),
        (NULLIFY, FINALIZE_ONE, Fault.NullifyAndFinalize),
        (FINALIZE_ONE, NULLIFY, Fault.NullifyAndFinalize),
    ],
)
def test_two_votes_convict_their_signer(first: Statement, second: Statement, fault: Fault) -> None:
    assert convicts(votes(first, second)) == (fault, (1,))


def test_what_an_honest_validator_may_sign_convicts_nobody() -> None:
    """Every pair of statements of one run: only the pairs above are faults."""
    later = Statement(Kind.Finalize, 3, 10, 9, TWO)
    statements = (NOTARIZE_ONE, NULLIFY, FINALIZE_ONE, later, Statement(Kind.Nullify, 4, 9))
    faults = {
        (first.kind, second.kind, first.epoch, second.epoch, first.view, second.view)
        for first, second in product(statements, repeat=2)
        if fault_of(first, second) is not None
    }
    assert faults == {
        (Kind.Nullify, Kind.Finalize, 3, 3, 9, 9),
        (Kind.Finalize, Kind.Nullify, 3, 3, 9, 9),
    }
    assert refusal(votes(NOTARIZE_ONE, NULLIFY)) == "an honest validator may have made both statements"
    assert refusal(votes(NOTARIZE_ONE, NOTARIZE_ONE)) == "an honest validator may have made both statements"


def test_two_finalizations_convict_who_signed_both() -> None:
    evidence = ConflictingCertificates(
        COMMITTEE, certificate(FINALIZE_ONE, 0, 1, 2), certificate(FINALIZE_TWO, 1, 2, 3)
    )
    assert convicts(evidence) == (Fault.ConflictingFinalize, (1, 2))
    skipped = ConflictingCertificates(
        COMMITTEE, certificate(NULLIFY, 0, 1, 3), certificate(FINALIZE_TWO, 1, 2, 3)
    )
    assert convicts(skipped) == (Fault.NullifyAndFinalize, (1, 3))


def test_an_accusation_says_what_is_wrong_with_it() -> None:
    first, second = vote(NOTARIZE_ONE), vote(NOTARIZE_TWO)
    found = {
        "signer": ConflictingVotes(COMMITTEE, first, second.replace(signer=2)),
        "stranger": ConflictingVotes(COMMITTEE, first.replace(signer=4), second.replace(signer=4)),
        "epoch": ConflictingVotes(COMMITTEE.replace(epoch=2), first, second),
        "form": ConflictingVotes(COMMITTEE, first, vote(NULLIFY.replace(block=ONE))),
        "signature": ConflictingVotes(COMMITTEE, first, second.replace(signature=first.signature)),
        "chain": ConflictingVotes(COMMITTEE, first, vote(NOTARIZE_TWO, genesis=bytes(32))),
        "quorum": ConflictingCertificates(
            COMMITTEE, certificate(FINALIZE_ONE, 0, 1, 2), certificate(FINALIZE_TWO, 1, 2)
        ),
        "bitmap": ConflictingCertificates(
            COMMITTEE,
            certificate(FINALIZE_ONE, 0, 1, 2),
            certificate(FINALIZE_TWO, 1, 2, 3).replace(signers=b"\xff"),
        ),
    }
    said = {
        name: refusal(evidence) if name not in REFUSED_UNVERIFIED else "" for name, evidence in found.items()
    }
    for name in REFUSED_UNVERIFIED:  # what cannot be verified is refused before anything is
        with pytest.raises(BadEvidence) as refused:
            accused_by(found[name])
        said[name] = str(refused.value)
    assert said == {
        "signer": "its votes are of two validators",
        "stranger": "it accuses validator 4 of 4",
        "epoch": "its statements are of epoch 3, and its committee of epoch 2",
        "form": "a statement is not in its only form",
        "signature": "validator 1 did not sign what it is accused of",
        "chain": "validator 1 did not sign what it is accused of",
        "quorum": "a certificate does not convince: its signers have a weight of 20, and a quorum needs 27",
        "bitmap": "a certificate does not convince: its bitmap names a validator beyond the 4 of the "
        "committee",
    }


def test_invalid_votes_whose_sum_is_valid_convict_nobody_alone() -> None:
    """Two colluding signers move a point from one signature to the other: the sum stays valid."""
    scheme = bls.get_backend().curve
    shift = scheme.hash_to_g2(b"shift", b"test")
    signatures: list[bytes] = []
    for signer, move in ((0, shift), (1, scheme.multiply_g2(shift, bls.ORDER - 1))):
        own = scheme.decode_g2(KEYS[signer].sign(message(GENESIS, NOTARIZE_TWO)))
        signatures.append(scheme.encode_g2(scheme.sum_g2([own, move])))
    keys = [bls.load_pubkey(KEYS[signer].public) for signer in (0, 1)]
    assert bls.fast_aggregate_verify(keys, message(GENESIS, NOTARIZE_TWO), bls.aggregate(signatures))
    for signer in (0, 1):
        moved = Vote(NOTARIZE_TWO, signer, signatures[signer])
        evidence = ConflictingVotes(COMMITTEE, vote(NOTARIZE_ONE, signer), moved)
        assert refusal(evidence) == f"validator {signer} did not sign what it is accused of"


def test_evidence_is_read_back_from_its_bytes() -> None:
    for evidence in (
        votes(NULLIFY, FINALIZE_ONE),
        ConflictingCertificates(
            COMMITTEE, certificate(FINALIZE_ONE, 0, 1, 2), certificate(FINALIZE_TWO, 1, 2, 3)
        ),
    ):
        codec = codec_of(Evidence)
        assert codec.decode(codec.encode(evidence)) == evidence
