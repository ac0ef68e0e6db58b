"""Hostile peers of a node that catches up by blocks: each is found out and named, and the sync ends well."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import trio
from trio.testing import MockClock

from node.chain.chain import Chain
from node.network.address import PeerId
from node.sync.blocks import BLOCKS, BlocksReply, FinalBlock, Status
from node.sync.server import Server
from node.sync.service import REPLY_SECONDS_MAX
from node.sync.sync import FAILURES_MAX, Fault
from runtime.scale import codec_of
from support import rota
from support.hub import Hub, Port
from support.syncing import Faults, assert_same, honest, sync_of

HEIGHT = 130
_REPLY, _STATUS = codec_of(BlocksReply), codec_of(Status)

Change = Callable[[BlocksReply], BlocksReply]


def lying(hub: Hub, source: Chain, change: Change, name: str = "hostile") -> Port:
    """A peer that alters every reply."""
    port = honest(hub, source, name)
    server = Server(source)

    async def blocks(peer: PeerId, data: bytes) -> bytes:
        return _REPLY.encode(change(_REPLY.decode(await server.blocks(peer, data))))

    port.on_request(BLOCKS, blocks)
    return port


def on_block(place: int, change: Callable[[FinalBlock], FinalBlock]) -> Change:
    def changed(reply: BlocksReply) -> BlocksReply:
        blocks = list(reply.blocks)
        at = min(place, len(blocks) - 1)
        blocks[at] = change(blocks[at])
        return BlocksReply(tuple(blocks), reply.ahead)

    return changed


def certified(change: Callable[[FinalBlock], FinalBlock]) -> Change:
    """Alter the first block that has a certificate."""

    def changed(reply: BlocksReply) -> BlocksReply:
        place = next(place for place, each in enumerate(reply.blocks) if each.certificate is not None)
        return on_block(place, change)(reply)

    return changed


def other_body(block: FinalBlock) -> FinalBlock:
    return block.replace(extrinsics=(*block.extrinsics, block.extrinsics[0]))


def other_state(block: FinalBlock) -> FinalBlock:
    return block.replace(header=block.header.replace(state_root=bytes(32)))


def other_signature(block: FinalBlock) -> FinalBlock:
    assert block.certificate is not None
    signed = rota.signers(0).certificate(rota.statement_of(0, 1, bytes(32))).signature
    return block.replace(certificate=block.certificate.replace(signature=signed))


def too_few(block: FinalBlock) -> FinalBlock:
    assert block.certificate is not None
    statement = block.certificate.statement
    few = rota.signers(statement.epoch).certificate(statement, (0, 1), genesis_hash=rota.genesis().hash)
    return block.replace(certificate=few)


def other_epoch(block: FinalBlock) -> FinalBlock:
    """Signed well, by the committee of the epoch after."""
    assert block.certificate is not None
    statement = block.certificate.statement
    later = statement.replace(epoch=statement.epoch + 1)
    signed = rota.signers(later.epoch).certificate(later, genesis_hash=rota.genesis().hash)
    return block.replace(certificate=signed)


LIES: dict[str, tuple[Change, Fault]] = {
    "another body": (on_block(0, other_body), Fault.Forged),
    "no body": (on_block(2, lambda block: block.replace(extrinsics=())), Fault.Forged),
    "another block": (on_block(1, other_state), Fault.Incoherent),
    "another last block": (on_block(10**6, other_state), Fault.Incoherent),
    "no certificates": (
        lambda reply: BlocksReply(
            tuple(each.replace(certificate=None) for each in reply.blocks), reply.ahead
        ),
        Fault.Incoherent,
    ),
    "truncated": (lambda reply: BlocksReply(reply.blocks[:2], None), Fault.Incoherent),
    "out of order": (lambda reply: BlocksReply(reply.blocks[::-1], reply.ahead), Fault.Incoherent),
    "another signature": (certified(other_signature), Fault.Unproven),
    "too few signers": (certified(too_few), Fault.Unproven),
    "another epoch": (certified(other_epoch), Fault.Unproven),
    "nothing": (lambda reply: BlocksReply((), None), Fault.Withheld),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_is_found_its_teller_named_and_the_sync_ends_well(
    source: Chain, chain: Chain, lie: str, autojump_clock: MockClock
) -> None:
    """The hostile peer comes first: nobody else is there to ask."""
    change, fault = LIES[lie]
    hub, faults = Hub(), Faults()
    lying(hub, source, change)
    sync = sync_of(chain, hub.join("new"), faults)
    await sync.catch_up()
    assert faults.seen == [("hostile", fault)] * (1 if fault.is_lie else FAILURES_MAX)
    assert chain.finalized.header.number <= 3
    honest(hub, source)
    await sync_of(chain, hub.join("again"), faults).catch_up()
    assert {name for name, _ in faults.seen} == {"hostile"}
    assert_same(chain, source)


async def test_whole_messages_of_what_is_wrong(
    source: Chain, chain: Chain, autojump_clock: MockClock
) -> None:
    expected = {
        "another body": "the extrinsics of block 1 are not those that its header commits to",
        "too few signers": "the certificate of block 3 does not convince",
        "another epoch": "the certificate of block 3 is of epoch 1, and the block of epoch 0",
        "truncated": "nothing leads from block 2 to a certificate",
        "another block": "block 3 does not follow block 2",
    }
    for lie, message in expected.items():
        hub, faults = Hub(), Faults()
        lying(hub, source, LIES[lie][0])
        await sync_of(chain, hub.join("new"), faults).catch_up()
        assert faults.details == [message], lie


async def test_all_of_them_at_once(source: Chain, chain: Chain, autojump_clock: MockClock) -> None:
    hub, faults = Hub(), Faults()
    for name, (change, _) in LIES.items():
        lying(hub, source, change, name)
    honest(hub, source)
    await sync_of(chain, hub.join("new"), faults).catch_up()
    assert_same(chain, source)
    assert "honest" not in {name for name, _ in faults.seen}


@pytest.mark.parametrize("raw", [b"", b"\xff" * 40, b"\x04" + bytes(200)])
async def test_garbage_is_named(source: Chain, chain: Chain, raw: bytes, autojump_clock: MockClock) -> None:
    hub, faults = Hub(), Faults()

    async def garbage(peer: PeerId, data: bytes) -> bytes:
        return raw

    honest(hub, source, "hostile").on_request(BLOCKS, garbage)
    honest(hub, source)
    await sync_of(chain, hub.join("new"), faults).catch_up()
    assert ("hostile", Fault.Malformed) in faults.seen
    assert {name for name, _ in faults.seen} == {"hostile"}
    assert_same(chain, source)


async def test_who_stalls_is_passed_by(source: Chain, chain: Chain, autojump_clock: MockClock) -> None:
    hub, faults = Hub(), Faults()

    async def stall(peer: PeerId, data: bytes) -> bytes:
        await trio.sleep_forever()

    async def boast(peer: PeerId, data: bytes) -> bytes:
        return _STATUS.encode(Status(0, 10**9, bytes(32)))

    hostile = honest(hub, source, "hostile")
    hostile.on_request(BLOCKS, stall)
    hostile.on_request("status/1", boast)
    honest(hub, source)
    began = trio.current_time()
    await sync_of(chain, hub.join("new"), faults).catch_up()
    assert_same(chain, source)
    assert faults.seen == [("hostile", Fault.Stalled)] * FAILURES_MAX
    assert trio.current_time() - began < 5 * REPLY_SECONDS_MAX, "and keeps nobody for ever"


async def test_who_boasts_of_a_height_is_asked_to_show_it(
    source: Chain, chain: Chain, autojump_clock: MockClock
) -> None:
    hub, faults = Hub(), Faults()

    async def boast(peer: PeerId, data: bytes) -> bytes:
        return _STATUS.encode(Status(0, 10**9, bytes(32)))

    honest(hub, source, "boaster").on_request("status/1", boast)
    sync = sync_of(chain, hub.join("new"), faults)
    await sync.catch_up()
    assert_same(chain, source)
    assert faults.seen == [("boaster", Fault.Withheld)] * FAILURES_MAX
    assert sync.stats.highest == HEIGHT


async def test_a_peer_that_leaves_in_the_middle_is_no_fault(
    source: Chain, chain: Chain, autojump_clock: MockClock
) -> None:
    hub, faults = Hub(), Faults()
    leaver, server = honest(hub, source, "leaver"), Server(source)

    async def leave(peer: PeerId, data: bytes) -> bytes:
        hub.ports.pop(leaver.me, None)
        await trio.sleep(1)
        return await server.blocks(peer, data)

    leaver.on_request(BLOCKS, leave)
    port = hub.join("new")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sync_of(chain, port, faults).run)
        await trio.sleep(20)
        honest(hub, source)
        await trio.sleep(20)
        nursery.cancel_scope.cancel()
    assert_same(chain, source)
    assert faults.seen == []
