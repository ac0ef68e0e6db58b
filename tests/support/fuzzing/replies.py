"""The targets of what a node takes from others about its chain: blocks, ends of epochs, pages of a state, and
light proofs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

import trio

from node.light.export import gather
from node.light.proof import ProofRefused, read_proof, write_proof
from node.light.verify import verify
from node.sync.blocks import (
    Ahead,
    BadReply,
    Batch,
    BlocksReply,
    BlocksRequest,
    FinalBlock,
    check_reply,
)
from node.sync.pages import (
    Ends,
    EpochEnd,
    PageReply,
    check_end,
    check_target,
)
from node.sync.pages import (
    Target as TargetReply,
)
from runtime.scale import AnyCodec, DecodeError, codec_of
from runtime.simplex import Committee
from runtime.state import State
from runtime.trie import InvalidProof, StateVersion, prove_range, read_range
from runtime.types.block import Header
from support.fuzzing import world
from support.fuzzing.engine import ACCEPTED, Target, outcome
from support.lightchain import COUNTER, CROWD, LENGTH, NOTHING, LightChain


class SmallChain(LightChain):
    """A light chain whose proofs are short enough to be bent everywhere."""

    def _close(self, changes: Mapping[bytes, bytes], committee: Committee) -> State:
        return super()._close({key: changes[key] for key in changes if key not in CROWD}, committee)


@cache
def chain() -> SmallChain:
    """Three epochs of two validators, the second's and third's the same."""
    return SmallChain([["Alice", "Bob"], ["Alice", "Charlie"], ["Alice", "Charlie"]])


def decoded(codec: AnyCodec, data: bytes) -> object:
    """The value that bytes are the one encoding of. Raises DecodeError."""
    value = codec.decode(data)
    assert codec.encode(value) == data, "another encoding of the same reply was accepted"
    return value


# Blocks.

BLOCKS = codec_of(BlocksReply)
FIRST, COUNT = 2, 5
ASKED = BlocksRequest(FIRST, COUNT)


def final(header: Header) -> FinalBlock:
    return FinalBlock(header, (), chain().certificates.get(header.number))


def replies() -> list[bytes]:
    """Whole ones, one that ends in an epoch's midst, one without anything, and two that are wrong."""
    headers = chain().headers
    ahead = Ahead((headers[4],), chain().certificates[4])
    blocks = tuple(final(each) for each in headers[FIRST : FIRST + COUNT])
    made = [
        BlocksReply(blocks, None),
        BlocksReply(blocks[:2], ahead),
        BlocksReply(blocks[:1], None),
        BlocksReply((), None),
        BlocksReply(blocks[:2], None),
        BlocksReply(blocks[1:], None),
    ]
    return [BLOCKS.encode(each) for each in made]


def coherent(batch: Batch) -> None:
    """What a batch promises before any certificate is verified."""
    blocks = [block for segment in batch.segments for block in segment.blocks]
    assert [block.header.number for block in blocks] == list(range(batch.first, batch.last + 1))
    for before, after in pairwise(blocks):
        assert after.header.parent_hash == before.header.hash
    for segment in batch.segments:
        if segment.is_own:
            assert segment.certificate.statement.block == segment.blocks[-1].header.hash


def check_blocks(data: bytes) -> str:
    """Refused, or blocks that follow each other, each covered by a certificate."""
    try:
        reply = decoded(BLOCKS, data)
        assert isinstance(reply, BlocksReply)
        batch = check_reply(ASKED, reply, LENGTH)
    except (DecodeError, BadReply) as error:
        return outcome(error)
    if batch is None:
        return f"{ACCEPTED}: nothing"
    assert batch.first == FIRST and batch.last < FIRST + COUNT
    coherent(batch)
    return f"{ACCEPTED}: {[segment.is_own for segment in batch.segments]}"


# The ends of epochs, and the block to begin at.

ENDS, TARGET = codec_of(Ends), codec_of(TargetReply)


def ends() -> list[bytes]:
    made = [
        EpochEnd(chain().headers[number], chain().certificates[number], each.committee)
        for number, each in zip((LENGTH, 2 * LENGTH), chain().committees[1:], strict=True)
    ]
    return [ENDS.encode(Ends(each)) for each in (tuple(made), (made[0],), (made[1],), ())]


def check_ends(data: bytes) -> str:
    """Refused, or each end names, by a header of its epoch, exactly the committee that it brings."""
    committee = chain().committees[0].committee
    try:
        found = decoded(ENDS, data)
        assert isinstance(found, Ends)
        for end in found.ends:
            check_end(committee, end, LENGTH)
            assert end.certificate.statement.block == end.header.hash
            committee = end.committee
    except (DecodeError, BadReply) as error:
        return outcome(error)
    return f"{ACCEPTED}: {committee.epoch}"


def targets() -> list[bytes]:
    headers = chain().headers
    ahead = Ahead((headers[4],), chain().certificates[4])
    made = [
        TargetReply(final(headers[5]), None),
        TargetReply(final(headers[3]), ahead),
        TargetReply(final(headers[3]), None),
        TargetReply(None, None),
    ]
    return [TARGET.encode(each) for each in made]


def check_begin(data: bytes) -> str:
    """Refused, or one whole block and the certificate that covers it."""
    try:
        found = decoded(TARGET, data)
        assert isinstance(found, TargetReply)
        batch = check_target(None, found, LENGTH)
    except (DecodeError, BadReply) as error:
        return outcome(error)
    if batch is None:
        return f"{ACCEPTED}: nothing"
    coherent(batch)
    (segment,) = batch.segments
    assert len(segment.blocks) == 1
    return f"{ACCEPTED}: {segment.is_own}"


# Pages of a state.

PAGE = codec_of(PageReply)
PAGE_BYTES = 600


@cache
def entries() -> dict[bytes, bytes | None]:
    state = world.head().state
    return {key: state.get(key) for key in sorted(state.keys(b""))}


@cache
def after() -> bytes:
    """The key behind which the page was asked for."""
    return list(entries())[len(entries()) // 2]


def page(size: int) -> bytes:
    state: Any = world.head().state
    return PAGE.encode(PageReply(prove_range(state, state.top, after(), size, StateVersion.V1)))


def check_page(data: bytes) -> str:
    """Refused, or the state's own entries from there on, with none left out."""
    try:
        reply = decoded(PAGE, data)
        assert isinstance(reply, PageReply)
        if reply.items is None:
            return f"{ACCEPTED}: not kept"
        found = read_range(world.head().state.root, reply.items, after())
    except (DecodeError, InvalidProof) as error:
        return outcome(error)
    following = [(key, value) for key, value in entries().items() if key > after()]
    assert [*found.entries] == following[: len(found.entries)], "a page shows what is not so"
    assert found.is_last == (len(found.entries) == len(following))
    return f"{ACCEPTED}: {found.is_last}"


# Light proofs.


@cache
def proofs() -> tuple[bytes, ...]:
    async def make(number: int, *keys: bytes) -> bytes:
        made = chain()
        return write_proof(await gather(made, made.origin, [*keys], made.headers[number].hash))

    async def main() -> tuple[bytes, ...]:
        return await make(2, COUNTER), await make(2, NOTHING), await make(10, COUNTER, NOTHING)

    return trio.run(main)


def check_light(data: bytes) -> str:
    """Refused with the place, or a proof as it was written: none that was bent is believed."""
    try:
        proof = read_proof(data)
        answer = verify(proof, chain().genesis_hash)
    except ProofRefused as refusal:
        return outcome(refusal)
    assert data in proofs(), "a proof that nobody wrote was believed"
    return f"{ACCEPTED}: {answer.header.number}"


def fresh_proof(dice: Random) -> bytes:
    """One with a digit of its bytes changed, so that its form stays."""
    data = bytearray(dice.choice(proofs()))
    digits = [at for at, each in enumerate(data) if each in b"0123456789abcdef"]
    data[dice.choice(digits)] = dice.choice(b"0123456789abcdef")
    return bytes(data)


TARGETS = [
    Target("sync-blocks", replies, check_blocks, rounds=500),
    Target("epoch-ends", ends, check_ends, rounds=500),
    Target("checkpoint", targets, check_begin, rounds=300),
    Target(
        "page", lambda: [page(1), page(PAGE_BYTES), page(1 << 30), PAGE.encode(PageReply(None))], check_page
    ),
    Target(
        "light-proof",
        proofs,
        check_light,
        fresh=fresh_proof,
        is_json=True,
        rounds=300,
    ),
]
