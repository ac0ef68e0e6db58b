"""Certificates: one signature that stands for a quorum's, and the check that it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from runtime.crypto import bls
from runtime.scale import Doc, Max, Struct
from runtime.simplex.committee import VALIDATORS_MAX, Committee
from runtime.simplex.statement import Signature, Statement, message

BITMAP_BYTES_MAX: Final = VALIDATORS_MAX // 8


class BadCertificate(Exception):
    """A certificate does not convince; says why."""


class Certificate(Struct):
    """A statement made by a quorum of its epoch's committee."""

    statement: Statement
    signers: Annotated[
        Annotated[bytes, Max(BITMAP_BYTES_MAX)],
        Doc("One bit a validator, in the committee's order, the lowest bit of the first byte first."),
    ]
    signature: Annotated[Signature, Doc("The sum of the signers' signatures.")]


def bitmap_of(signers: Iterable[int], size: int) -> bytes:
    """The bitmap that names the validators at these places of a committee of `size`."""
    bits = 0
    for signer in signers:
        assert 0 <= signer < size
        bits |= 1 << signer
    return bits.to_bytes((size + 7) // 8, "little")


def signers_of(bitmap: bytes, size: int) -> tuple[int, ...]:
    """The places that a bitmap of `size` bits names, ascending. Raises BadCertificate for another length."""
    if len(bitmap) != (size + 7) // 8:
        raise BadCertificate(
            f"its bitmap has {len(bitmap)} bytes, and {size} validators need {(size + 7) // 8}"
        )
    bits = int.from_bytes(bitmap, "little")
    if bits >> size:
        raise BadCertificate(f"its bitmap names a validator beyond the {size} of the committee")
    return tuple(place for place in range(size) if bits >> place & 1)


def claimed_signers(committee: Committee, certificate: Certificate) -> tuple[int, ...]:
    """The places of those who are said to have signed, when all but the signature is right.

    Raises BadCertificate for another epoch's, a statement that is not canonical, a wrong bitmap, and signers
    who are no quorum.
    """
    statement = certificate.statement
    if statement.epoch != committee.epoch:
        raise BadCertificate(
            f"it is of epoch {statement.epoch}, and the committee of epoch {committee.epoch}"
        )
    if not statement.is_canonical:
        raise BadCertificate("its statement is not in its only form")
    signers = signers_of(certificate.signers, committee.size)
    weight = committee.weight_of(signers)
    if weight < committee.quorum:
        raise BadCertificate(f"its signers have a weight of {weight}, and a quorum needs {committee.quorum}")
    return signers


def check_certificate(genesis_hash: bytes, committee: Committee, certificate: Certificate) -> None:
    """Be convinced that a quorum of `committee` made the certificate's statement, or raise BadCertificate.

    The committee's keys have proven their possession: the caller answers for it.
    """
    signers = claimed_signers(committee, certificate)
    keys = [bls.load_pubkey(committee.validators[signer].bls) for signer in signers]
    if not bls.fast_aggregate_verify(
        keys, message(genesis_hash, certificate.statement), certificate.signature
    ):
        raise BadCertificate("its signature is not that of its signers")
