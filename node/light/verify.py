"""The light verifier: what a chain's state holds, from 32 trusted bytes and a file of whatever origin.

    genesis      its header hashes to the trusted hash, and its state names the committee of epoch 0
    boundaries   the last header of each epoch, final by that epoch's committee, commits to the next committee
    block        its header is final by the committee of its epoch
    entries      nodes that hash up to the header's state root hold what is said, or show that nothing is

Each step rests on the one before it and on nothing else: no node, no clock, no configuration, and no word of
the file. A committee is believed because more than two thirds of the one before it, by weight, signed a block
that commits to it; whoever made the genesis saw to it that the first one's keys were proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from node.light.proof import REASON_END_MAX, Boundary, Genesis, Proof, ProofRefused, checksum_of
from runtime.crypto.bls import InvalidPublicKey
from runtime.crypto.hashing import twox_128
from runtime.scale import DecodeError, codec_of
from runtime.scale.errors import abridged
from runtime.simplex import (
    BadCertificate,
    Certificate,
    Committee,
    Kind,
    authored_of,
    check_certificate,
    next_committee_of,
)
from runtime.trie.proof import InvalidProof, verify_proofs
from runtime.types.block import Header

T = TypeVar("T")

COMMITTEE_KEY: Final = twox_128(b"Authorities") + twox_128(b"Committee")
"""Where a state keeps the committee that decides on the next block."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was proven."""

    header: Header
    """Of the block whose state was asked."""
    certificate: Certificate
    """Its finalization."""
    committee: Committee
    """The validators of its epoch."""
    values: dict[bytes, bytes | None]
    """What the state holds under each key; None for nothing."""


def verify(proof: Proof, genesis_hash: bytes) -> Answer:
    """The answer that a proof gives about the chain with this genesis. Raises ProofRefused."""
    committee = first_committee(proof.genesis, genesis_hash)
    length = 0
    for boundary in proof.boundaries:
        where = f"the boundary of epoch {committee.epoch}"
        header, _ = final_header(where, boundary.header, boundary.certificate, committee, genesis_hash)
        length = length or header.number
        if header.number != (committee.epoch + 1) * length:
            why = f"its header has height {header.number}, and epochs of {length} blocks end at multiples"
            raise ProofRefused(where, f"{why} of that, this one at {(committee.epoch + 1) * length}")
        committee = next_committee(where, boundary, header, committee)
    where = f"the block, of epoch {committee.epoch}"
    header, certificate = final_header(
        where, proof.block.header, proof.block.certificate, committee, genesis_hash
    )
    first = committee.epoch * length + 1
    if header.number < first or (length and header.number >= first + length):
        end = f" to {first + length - 1}" if length else " on"
        why = f"its header has height {header.number}, and the epoch goes from {first}{end}"
        raise ProofRefused(where, why)
    keys = [entry.key for entry in proof.entries]
    if len(set(keys)) < len(keys):
        raise ProofRefused("the entries", "a key is asked about twice")
    found = _held(where, header, proof.block.nodes, keys)
    for entry in proof.entries:
        if found[entry.key] != entry.value:
            why = f"the state holds {_show(found[entry.key])}, and the file says {_show(entry.value)}"
            raise ProofRefused(f"the entry {abridged('0x' + entry.key.hex())}", why)
    if checksum_of(proof) != proof.checksum:
        raise ProofRefused("the checksum", "the file was changed after it was written: ask for another")
    return Answer(header, certificate, committee, found)


def first_committee(genesis: Genesis, genesis_hash: bytes) -> Committee:
    """The committee of epoch 0, which the trusted hash of block zero commits to. Raises ProofRefused."""
    header = _decode("the genesis header", Header, genesis.header)
    if header.hash != genesis_hash:
        why = f"it hashes to 0x{header.hash.hex()}, and the trusted genesis is 0x{genesis_hash.hex()}"
        raise ProofRefused("the genesis header", why)
    encoded = _held("the genesis state", header, genesis.nodes, [COMMITTEE_KEY])[COMMITTEE_KEY]
    if encoded is None:
        raise ProofRefused("the genesis state", "it names no committee: this chain has no validators")
    committee = _decode("the genesis state's committee", Committee, encoded)
    if committee.epoch != 0:
        raise ProofRefused("the genesis state's committee", f"it is of epoch {committee.epoch}, not 0")
    return committee


def final_header(
    where: str, encoded: bytes, certificate: bytes, committee: Committee, genesis_hash: bytes
) -> tuple[Header, Certificate]:
    """The header of a block of the committee's epoch, which made it final, and how. Raises ProofRefused."""
    header, proof = _decode(where, Header, encoded), _decode(where, Certificate, certificate)
    statement, authored = proof.statement, authored_of(header)
    if statement.kind != Kind.Finalize:
        raise ProofRefused(where, f"its certificate says {statement.kind.name}, and only Finalize is final")
    if statement.block != header.hash:
        why = f"it hashes to 0x{header.hash.hex()}, and its certificate is for 0x{statement.block.hex()}"
        raise ProofRefused(where, why)
    if authored is None or authored.epoch != committee.epoch:
        epoch = "of no epoch" if authored is None else f"of epoch {authored.epoch}"
        raise ProofRefused(where, f"its header says that it is {epoch}")
    try:
        check_certificate(genesis_hash, committee, proof)
    except BadCertificate as error:
        raise ProofRefused(where, f"its certificate does not convince: {error}") from None
    except InvalidPublicKey as error:
        raise ProofRefused(where, f"its committee has a bad key: {error}") from None
    return header, proof


def next_committee(where: str, boundary: Boundary, header: Header, before: Committee) -> Committee:
    """The committee to which the final header of an epoch's last block commits. Raises ProofRefused."""
    named = next_committee_of(header)
    if named is None or named.epoch != before.epoch + 1:
        raise ProofRefused(where, f"its header commits to no committee of epoch {before.epoch + 1}")
    if boundary.committee is None:
        committee = before.replace(epoch=named.epoch)
    else:
        committee = _decode(f"{where}, the next committee", Committee, boundary.committee)
    if committee.epoch != named.epoch or committee.root != named.root:
        raise ProofRefused(where, f"its header commits to 0x{named.root.hex()}, not to the committee given")
    return committee


def _held(
    where: str, header: Header, nodes: Sequence[bytes], keys: Sequence[bytes]
) -> dict[bytes, bytes | None]:
    try:
        return verify_proofs(header.state_root, [*map(bytes, nodes)], [*map(bytes, keys)])
    except InvalidProof as error:
        raise ProofRefused(where, f"its state: {abridged(str(error), REASON_END_MAX)}") from None


def _decode(where: str, kind: type[T], encoded: bytes) -> T:
    """A value in the one encoding that it has."""
    codec = codec_of(kind)
    try:
        value = codec.decode(bytes(encoded))
    except DecodeError as error:
        raise ProofRefused(where, f"no {kind.__name__}: {error}") from None
    if codec.encode(value) != encoded:
        raise ProofRefused(where, f"no {kind.__name__} in its only encoding")
    return value


def _show(value: bytes | None) -> str:
    return "nothing" if value is None else f"0x{value[:32].hex()}{'...' if len(value) > 32 else ''}"
