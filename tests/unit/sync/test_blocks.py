"""Replies: what the server sends proves itself, and what does not is refused by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from node.chain.chain import Chain
from node.network.errors import CannotAnswer
from node.sync import server as server_module
from node.sync.blocks import (
    AHEAD_MAX,
    BLOCKS_MAX,
    Ahead,
    BadReply,
    BlocksReply,
    BlocksRequest,
    FinalBlock,
    Status,
    check_reply,
)
from node.sync.server import Server
from runtime.scale import codec_of
from runtime.simplex import Certificate, Kind
from support import rota
from support.hub import peer_named

PEER = peer_named("asker")


async def ask(chain: Chain, first: int, count: int) -> tuple[BlocksRequest, BlocksReply]:
    request = BlocksRequest(first, count)
    raw = await Server(chain).blocks(PEER, codec_of(BlocksRequest).encode(request))
    return request, codec_of(BlocksReply).decode(raw)


async def test_a_server_says_how_far_it_is(source: Chain) -> None:
    raw = await Server(source).status(PEER, b"")
    assert codec_of(Status).decode(raw) == Status(0, 130, source.finalized.hash)


async def test_blocks_come_with_their_certificates_and_in_segments(source: Chain) -> None:
    request, reply = await ask(source, 10, 12)
    batch = check_reply(request, reply, rota.BLOCKS_PER_EPOCH)
    assert batch is not None and (batch.first, batch.last) == (10, 21)
    ends = [(segment.number, len(segment.blocks), segment.is_own) for segment in batch.segments]
    assert ends == [(12, 3, True), (15, 3, True), (18, 3, True), (20, 2, True), (21, 1, True)]
    assert [each.block.header.hash for each in reply.blocks] == [source.hash_at(n) for n in range(10, 22)]


async def test_where_the_last_block_has_no_certificate_headers_lead_to_one(source: Chain) -> None:
    request, reply = await ask(source, 92, 3)
    assert reply.ahead is not None and [header.number for header in reply.ahead.headers] == [95, 96, 97, 98]
    batch = check_reply(request, reply, rota.BLOCKS_PER_EPOCH)
    assert batch is not None
    (segment,) = batch.segments
    assert (segment.number, len(segment.blocks), segment.is_own) == (98, 3, False)


async def test_a_reply_has_a_bound_in_number_and_in_bytes(
    source: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len((await ask(source, 1, 10**6))[1].blocks) == BLOCKS_MAX
    monkeypatch.setattr(server_module, "REPLY_BYTES_MAX", 10)
    request, reply = await ask(source, 1, 5)
    assert len(reply.blocks) == 1, "a block larger than a reply may be goes alone"
    assert check_reply(request, reply, rota.BLOCKS_PER_EPOCH) is not None


async def test_what_is_not_held_is_answered_with_nothing(source: Chain, chain: Chain) -> None:
    for first in (131, 10**9):
        assert (await ask(source, first, 5))[1] == BlocksReply((), None)
    rota.extend(chain)
    assert (await ask(chain, 1, 5))[1] == BlocksReply((), None), "an unfinalized block is nobody's business"
    chain.finalize(chain.best.hash)
    assert (await ask(chain, 1, 5))[1] == BlocksReply((), None), "nothing shows that it is final"


async def test_a_request_that_cannot_be_read_is_refused(source: Chain) -> None:
    with pytest.raises(CannotAnswer) as refused:
        await Server(source).blocks(PEER, b"\x01")
    assert refused.value.reason.startswith("the request cannot be read: ")


def swapped(reply: BlocksReply) -> BlocksReply:
    blocks = reply.blocks
    return BlocksReply((blocks[1], blocks[0], *blocks[2:]), reply.ahead)


def other(certificate: Certificate) -> Certificate:
    return certificate.replace(statement=certificate.statement.replace(block=bytes(32)))


def notarized(reply: BlocksReply) -> BlocksReply:
    (*before, last) = reply.blocks
    assert last.certificate is not None
    statement = last.certificate.statement.replace(kind=Kind.Notarize)
    return BlocksReply(
        (*before, last.replace(certificate=last.certificate.replace(statement=statement))), None
    )


def of_another_parent(reply: BlocksReply) -> BlocksReply:
    blocks = list(reply.blocks)
    blocks[1] = blocks[1].replace(header=blocks[1].header.replace(parent_hash=bytes(32)))
    return BlocksReply(tuple(blocks), reply.ahead)


def unproven(reply: BlocksReply) -> BlocksReply:
    return BlocksReply((*reply.blocks[:-1], reply.blocks[-1].replace(certificate=None)), None)


def with_headers(reply: BlocksReply) -> BlocksReply:
    last = reply.blocks[-1]
    assert last.certificate is not None
    return BlocksReply(reply.blocks, Ahead((last.header,), last.certificate))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (swapped, "block 14 where block 13 belongs"),
        (of_another_parent, "block 14 does not follow block 13"),
        (notarized, "the certificate with block 18 is not of its finalization"),
        (unproven, "nothing leads from block 18 to a certificate"),
        (with_headers, "headers ahead of a block that has a certificate"),
        (lambda reply: BlocksReply(reply.blocks + reply.blocks, None), "12 blocks where 6 were asked for"),
    ],
)
async def test_a_reply_that_does_not_hang_together_is_refused(
    source: Chain, change: Callable[[BlocksReply], BlocksReply], message: str
) -> None:
    request, reply = await ask(source, 13, 6)
    assert check_reply(request, reply, rota.BLOCKS_PER_EPOCH) is not None
    with pytest.raises(BadReply) as refused:
        check_reply(request, change(reply), rota.BLOCKS_PER_EPOCH)
    assert str(refused.value) == message


async def test_another_blocks_certificate_is_refused(source: Chain) -> None:
    request, reply = await ask(source, 13, 3)
    last = reply.blocks[-1]
    assert last.certificate is not None
    wrong = BlocksReply((*reply.blocks[:-1], last.replace(certificate=other(last.certificate))), None)
    with pytest.raises(BadReply, match=r"^the certificate with block 15 is not of its finalization$"):
        check_reply(request, wrong, rota.BLOCKS_PER_EPOCH)


async def test_headers_ahead_hang_together_and_never_pass_the_end_of_an_epoch(source: Chain) -> None:
    request, reply = await ask(source, 92, 3)
    assert reply.ahead is not None
    headers, certificate = reply.ahead.headers, reply.ahead.certificate
    cases = [
        (Ahead(headers[1:], certificate), "block 96 where block 95 belongs"),
        (Ahead((), certificate), "nothing leads from block 94 to a certificate"),
        (Ahead(headers[:-1], certificate), "the certificate with block 97 is not of its finalization"),
        (
            Ahead((headers[0].replace(parent_hash=bytes(32)), *headers[1:]), certificate),
            "block 95 does not follow block 94",
        ),
    ]
    for ahead, message in cases:
        with pytest.raises(BadReply) as refused:
            check_reply(request, BlocksReply(reply.blocks, ahead), rota.BLOCKS_PER_EPOCH)
        assert str(refused.value) == message
    request, reply = await ask(source, 98, 3)
    (*before, last) = reply.blocks
    assert last.header.number == 100
    beyond = source.header(source.hash_at(101) or b"")
    assert beyond is not None and last.certificate is not None
    bare = BlocksReply((*before, last.replace(certificate=None)), Ahead((beyond,), last.certificate))
    with pytest.raises(BadReply, match=r"^block 100 ends an epoch and has no certificate$"):
        check_reply(request, bare, rota.BLOCKS_PER_EPOCH)


def test_a_reply_as_long_as_it_may_be_can_be_read() -> None:
    header = rota.genesis().block.header
    certificate = rota.signers(0).certificate(
        rota.statement_of(0, 1, header.hash), genesis_hash=rota.genesis().hash
    )
    block = FinalBlock(header, (), None)
    codec = codec_of(BlocksReply)
    largest = BlocksReply((block,) * BLOCKS_MAX, Ahead((header,) * AHEAD_MAX, certificate))
    assert codec.decode(codec.encode(largest)) == largest
