"""The targets of what validators hand over: evidence, keys with their proofs, the table of a new chain."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import genesis.presets
from genesis.new import new_spec
from genesis.presets.testnet import TABLE
from genesis.spec import SpecError, parse_spec, write_spec
from genesis.table import read_table
from pallets.authorities.proof import check
from pallets.authorities.types import AuthoritiesError, Keys, KeysProof
from runtime.crypto import bls
from runtime.scale import DecodeError, codec_of
from runtime.simplex import (
    BadEvidence,
    Certificate,
    Committee,
    ConflictingCertificates,
    ConflictingVotes,
    Evidence,
    Kind,
    Statement,
    Validator,
    Vote,
    accused_by,
    bitmap_of,
    check_signatures,
    committee_of,
    message,
)
from support.fuzzing.engine import ACCEPTED, Target, outcome
from support.fuzzing.texts import text_of
from support.validators import Signer, signer

GENESIS = b"\7" * 32
ACCOUNT = b"\1" * 32
EVIDENCE = codec_of(Evidence)
REGISTRATION = codec_of(tuple[Keys, KeysProof])


def signers() -> tuple[Signer, ...]:
    return tuple(signer(str(place)) for place in range(4))


@cache
def committee() -> Committee:
    return Committee(2, tuple(Validator(ACCOUNT, each.keys.bls, each.keys.network, 1) for each in signers()))


def pieces() -> list[bytes]:
    """Evidence of every fault, by votes and by certificates."""
    first, second = (Statement(Kind.Finalize, 2, 9, 8, bytes([block]) * 32) for block in (1, 2))
    skip = Statement(Kind.Nullify, 2, 9)
    found: list[Evidence] = []
    for one, two in ((first, second), (skip, first)):
        votes = [Vote(each, 1, signers()[1].bls.sign(message(GENESIS, each))) for each in (one, two)]
        found.append(ConflictingVotes(committee(), votes[0], votes[1]))
        certificates = [
            Certificate(
                each,
                bitmap_of(places, 4),
                bls.aggregate([signers()[place].bls.sign(message(GENESIS, each)) for place in places]),
            )
            for each, places in ((one, (0, 1, 2)), (two, (1, 2, 3)))
        ]
        found.append(ConflictingCertificates(committee(), certificates[0], certificates[1]))
    return [EVIDENCE.encode(each) for each in found]


def check_evidence(data: bytes) -> str:
    """Refused, or it convicts somebody of the committee; and then exactly those who signed."""
    try:
        evidence = EVIDENCE.decode(data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data), error
        return outcome(error)
    assert EVIDENCE.encode(evidence) == data, "another encoding of the same evidence was accepted"
    try:
        fault, accused = accused_by(evidence)
        if committee_of(evidence) != committee():
            return "another committee"
        check_signatures(GENESIS, evidence)
    except BadEvidence as why:
        return outcome(why)
    assert accused in ((1,), (1, 2))
    return f"{ACCEPTED}: {fault.name} {accused}"


def registrations() -> list[bytes]:
    return [REGISTRATION.encode((each.keys, each.proof(ACCOUNT, GENESIS))) for each in signers()]


def check_registration(data: bytes) -> str:
    """Refused, or the very proof of one of the four: no other bytes prove anything."""
    try:
        keys, proof = REGISTRATION.decode(data)
        check(GENESIS, ACCOUNT, keys, proof)
    except (DecodeError, AuthoritiesError) as error:
        return outcome(error)
    assert keys in [each.keys for each in signers()]
    return ACCEPTED


@cache
def table() -> bytes:
    return (Path(genesis.presets.__file__).parent / TABLE).read_bytes()


def small() -> bytes:
    """One of each, for mutants that reach everything."""
    parts = table().decode().split("\n\n")
    kept = [part for part in parts if not part.startswith(("[[accounts", "[[providers", "[[validators"))]
    kept += [
        next(part for part in parts if part.startswith(head))
        for head in ("[[accounts", "[[providers", "[[validators")
    ]
    return "\n\n".join(kept).encode()


def check_table(data: bytes) -> str:
    """Refused in words, or a chain spec that is written as it was made."""
    try:
        made = new_spec(read_table(text_of(data), "table.toml"))
    except SpecError as error:
        assert len(str(error)) < 2_000
        return outcome(error)
    assert parse_spec(write_spec(made)) == made
    return ACCEPTED


TARGETS = [
    Target("evidence", pieces, check_evidence, rounds=1_000),
    Target("registration", registrations, check_registration, rounds=200),
    Target(
        "table",
        lambda: [table(), small(), b"a = [" * 2_000, small().replace(b"200_000", b"9" * 5_000, 1)],
        check_table,
        words=(b"= inf", b"= nan", b"= 1979-05-27", b"[[x]]", b"= {}", b"= []", b"= -1", b"\\ud800"),
        rounds=200,
    ),
]
