"""Exporting: a light proof gathered from a node, and verified before it leaves.

What the node says is not trusted: a proof that does not hold is never written. The first block and its state
come from the chain's specification, since a node has long forgotten that state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from genesis.build import Genesis as BuiltGenesis
from node.light.proof import (
    ENTRIES_MAX,
    EPOCHS_MAX,
    FORM,
    REASON_END_MAX,
    Block,
    Boundary,
    Entry,
    Genesis,
    Hex,
    Proof,
    seal,
)
from node.light.verify import COMMITTEE_KEY, first_committee, verify
from runtime.api.simplex import blocks_per_epoch
from runtime.runtime import Runtime
from runtime.scale import DecodeError, codec_of
from runtime.scale.errors import abridged
from runtime.simplex import Committee, authored_of
from runtime.trie.proof import InvalidProof, verify_proofs
from runtime.types.block import Header

WALK_MAX: Final = 256
"""How many blocks are asked for a certificate, the wanted one first: further back a node keeps no states."""

_COMMITTEE: Final = codec_of(Committee)
_HEADER: Final = codec_of(Header)


class CannotProve(Exception):
    """No proof can be made, as things are."""


class Source(Protocol):
    """Whoever has the chain."""

    async def hash_at(self, number: int) -> bytes:
        """The hash of the block at a height."""
        ...

    async def header(self, block_hash: bytes) -> Header:
        """The header that hashes to this."""
        ...

    async def certificate(self, block_hash: bytes) -> bytes | None:
        """The block's own finalization, encoded; None when it became final through a descendant."""
        ...

    async def committee(self, epoch: int) -> bytes:
        """The encoded committee of an epoch that has begun."""
        ...

    async def nodes(self, keys: Sequence[bytes], block_hash: bytes) -> Sequence[bytes]:
        """The nodes of the block's state on the way to the keys."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a chain's proofs begin."""

    genesis: Genesis
    genesis_hash: bytes
    blocks_per_epoch: int


def origin_of(runtime: Runtime, genesis: BuiltGenesis) -> Origin:
    """The origin of the chain with this first block. Raises CannotProve for a chain without validators."""
    length = blocks_per_epoch(runtime, genesis.state)
    if length is None:
        raise CannotProve("the chain has no validators whose certificates could prove anything")
    nodes = tuple(Hex(node) for node in genesis.state.prove([COMMITTEE_KEY]))
    return Origin(Genesis(Hex(_HEADER.encode(genesis.block.header)), nodes), genesis.hash, length)


async def gather(source: Source, origin: Origin, keys: Sequence[bytes], block_hash: bytes) -> Proof:
    """The proof of what the state of a block, or of the nearest below it that has a certificate, holds.

    Raises CannotProve, what the source raises, and ProofRefused when what it said proves nothing.
    """
    if not 0 < len(keys) <= ENTRIES_MAX:
        raise CannotProve(f"{len(keys)} keys are asked about: at least 1 and at most {ENTRIES_MAX} may be")
    if await source.hash_at(0) != origin.genesis_hash:
        raise CannotProve(
            "the node's chain began with another block than the chain specification's: name that of its chain"
        )
    header, certificate = await _certified(source, block_hash)
    authored = authored_of(header)
    if authored is None or authored.epoch > EPOCHS_MAX:
        raise CannotProve(f"block {header.number} says of no epoch up to {EPOCHS_MAX} that it is its own")
    committee = first_committee(origin.genesis, origin.genesis_hash)
    boundaries: list[Boundary] = []
    for epoch in range(authored.epoch):
        boundary, committee = await _boundary(source, (epoch + 1) * origin.blocks_per_epoch, committee)
        boundaries.append(boundary)
    nodes = tuple(Hex(node) for node in await source.nodes(keys, header.hash))
    try:
        values = verify_proofs(header.state_root, nodes, keys)
    except InvalidProof as error:
        why = abridged(str(error), REASON_END_MAX)
        raise CannotProve(f"the node's nodes do not show what the keys hold: {why}") from None
    entries = tuple(Entry(Hex(key), None if value is None else Hex(value)) for key, value in values.items())
    block = Block(Hex(_HEADER.encode(header)), Hex(certificate), nodes)
    proof = seal(Proof(FORM, origin.genesis, tuple(boundaries), block, entries))
    verify(proof, origin.genesis_hash)
    return proof


async def _certified(source: Source, block_hash: bytes) -> tuple[Header, bytes]:
    """The block, or the nearest below it, that has a certificate of its own."""
    header = wanted = await source.header(block_hash)
    for _ in range(WALK_MAX):
        if header.number == 0:
            break
        certificate = await source.certificate(header.hash)
        if certificate is not None:
            return header, certificate
        header = await source.header(header.parent_hash)
    raise CannotProve(
        f"neither block {wanted.number} nor one of the {WALK_MAX - 1} below it has a certificate: "
        "ask about a block that is final"
    )


async def _boundary(source: Source, height: int, before: Committee) -> tuple[Boundary, Committee]:
    """The end of an epoch, at this height, and the next committee."""
    block_hash = await source.hash_at(height)
    header = await source.header(block_hash)
    certificate = await source.certificate(block_hash)
    if certificate is None:
        raise CannotProve(
            f"block {height}, the last of epoch {before.epoch}, has no certificate at this node"
        )
    encoded = await source.committee(before.epoch + 1)
    try:
        after = _COMMITTEE.decode(encoded)
    except DecodeError as error:
        raise CannotProve(f"the node's committee of epoch {before.epoch + 1} is none: {error}") from None
    is_same = after == before.replace(epoch=before.epoch + 1)
    committee = None if is_same else Hex(encoded)
    return Boundary(Hex(_HEADER.encode(header)), Hex(certificate), committee), after
