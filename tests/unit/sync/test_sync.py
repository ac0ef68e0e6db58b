"""A node catches up and follows: from honest peers, from hostile ones, and after it was stopped anywhere."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from node.chain.chain import Chain
from node.chain.importer import import_block
from node.consensus.verifier import InlineVerifier
from node.mempool.verifier import Verifier as SignatureVerifier
from node.network.address import PeerId
from node.sync.blocks import BLOCKS, FINAL, BlocksReply, BlocksRequest, FinalBlock, Status
from node.sync.epochs import CommitteeUnknown
from node.sync.server import Server
from node.sync.service import REPLY_SECONDS_MAX, Sync
from node.sync.signatures import Signatures
from node.sync.sync import FAILURES_MAX, Fault
from node.sync.take import FinalBlockRefused, FinalityForked
from runtime.crypto.hashing import blake2b_256
from runtime.frame.invalid import InvalidBlock
from runtime.scale import codec_of
from runtime.simplex import Kind
from runtime.types.block import Block
from support import rota
from support.hub import Hub, Port, name_of, peer_named

HEIGHT = 130
_REQUEST, _REPLY, _STATUS = codec_of(BlocksRequest), codec_of(BlocksReply), codec_of(Status)


class Faults:
    """What a node reports of its peers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Fault]] = []
        self.details: list[str] = []

    def __call__(self, peer: PeerId, fault: Fault, detail: str) -> None:
        self.seen.append((name_of(peer), fault))
        self.details.append(detail)


def sync_of(chain: Chain, port: Port, faults: Faults | None = None) -> Sync:
    verifier = InlineVerifier(chain.genesis_hash)
    return Sync(chain, rota.epochs_of(chain), port, verifier, report=faults)


def honest(hub: Hub, chain: Chain, name: str = "honest") -> Port:
    port = hub.join(name)
    Server(chain).register(port)
    return port


def assert_same(chain: Chain, source: Chain) -> None:
    """The same final blocks, bodies, certificates of their own, and the same state."""
    assert chain.finalized.hash == source.finalized.hash
    assert chain.finalized.state.root == source.finalized.header.state_root
    for number in range(source.finalized.header.number + 1):
        block_hash = source.hash_at(number)
        assert block_hash is not None and chain.hash_at(number) == block_hash
        assert chain.block(block_hash) == source.block(block_hash), number


async def test_from_genesis_through_the_epochs_to_the_same_chain(
    source: Chain, chain: Chain, autojump_clock: MockClock
) -> None:
    hub = Hub()
    honest(hub, source, "one")
    honest(hub, source, "two")
    port = hub.join("new")
    sync = sync_of(chain, port)
    await sync.catch_up()
    assert_same(chain, source)
    assert (sync.stats.starting, sync.stats.current, sync.stats.highest) == (0, HEIGHT, HEIGHT)
    assert not sync.stats.is_syncing and sync.stats.faults == 0
    assert {name for name, protocol in port.asked if protocol == BLOCKS} == {"one", "two"}


async def test_a_thousand_blocks_of_fifty_epochs(
    tmp_path: Path, chain: Chain, autojump_clock: MockClock
) -> None:
    source = rota.open_chain(tmp_path / "long")
    rota.grow(source, 1_000, every=4)
    hub = Hub()
    honest(hub, source)
    await sync_of(chain, hub.join("new")).catch_up()
    assert chain.finalized.hash == source.finalized.hash
    epochs = rota.epochs_of(chain)
    for epoch in (0, 1, 25, 50):
        assert epochs.committee(epoch) == rota.signers(epoch).committee
    with pytest.raises(CommitteeUnknown, match=r"^the committee of epoch 51 is not known here$"):
        epochs.committee(51)
    source.close()


async def test_nothing_to_do_is_done_at_once(source: Chain, chain: Chain, autojump_clock: MockClock) -> None:
    hub = Hub()
    await sync_of(source, hub.join("alone")).catch_up()
    honest(hub, chain, "behind")
    faults = Faults()
    await sync_of(source, hub.join("ahead"), faults).catch_up()
    assert faults.seen == [], "being behind is no fault"


# Hostile peers.

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


# What no peer can bring about.


async def test_two_final_chains_stop_the_node(source: Chain, chain: Chain, autojump_clock: MockClock) -> None:
    rota.grow(chain, 2, later_ms=1)
    hub = Hub()
    honest(hub, source)
    with pytest.raises(BaseExceptionGroup) as raised:
        await sync_of(chain, hub.join("new")).catch_up()
    assert raised.group_contains(FinalityForked)
    (error,) = raised.value.exceptions
    ours, theirs = chain.hash_at(2), source.hash_at(2)
    assert ours is not None and theirs is not None
    assert str(error).startswith(
        f"block 2 is final as 0x{ours.hex()} here, and a valid certificate finalizes a chain in which it is "
        f"0x{theirs.hex()}: "
    )
    assert chain.finalized.header.number == 2


async def test_a_final_block_that_cannot_be_executed_stops_the_node(
    source: Chain, chain: Chain, monkeypatch: pytest.MonkeyPatch, autojump_clock: MockClock
) -> None:
    def refuse(chain: Chain, block: Block, **_: object) -> bytes:
        if block.header.number == 5:
            raise InvalidBlock("it does not suit us")
        return import_block(chain, block)

    monkeypatch.setattr("node.sync.take.import_block", refuse)
    hub = Hub()
    honest(hub, source)
    with pytest.raises(BaseExceptionGroup) as raised:
        await sync_of(chain, hub.join("new")).catch_up()
    (error,) = raised.value.exceptions
    assert isinstance(error, FinalBlockRefused)
    block_hash = source.hash_at(5)
    assert block_hash is not None
    assert str(error) == (
        f"block 5 (0x{block_hash.hex()}) is final, and this node cannot execute it: it does not suit us; "
        "the validators run other code: install theirs"
    )


# Stopping and going on.


async def test_stopped_anywhere_it_goes_on_from_where_it_was(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    honest(hub, source)
    reached = [0]
    for round_ in range(6):
        chain = rota.open_chain(tmp_path)
        assert chain.finalized.header.number == reached[-1]
        sync = sync_of(chain, hub.join(f"new {round_}"))
        async with trio.open_nursery() as nursery:
            with chain.notices.watch() as notices:
                nursery.start_soon(sync.run)
                async for _ in notices:
                    if chain.finalized.header.number >= min(HEIGHT, reached[-1] + 23):
                        break
            nursery.cancel_scope.cancel()
        reached.append(chain.finalized.header.number)
        if reached[-1] == HEIGHT:
            assert_same(chain, source)
        chain.close()
    assert reached[-1] == HEIGHT and len(set(reached)) > 3, reached


async def test_committees_are_kept_when_the_states_that_named_them_are_gone(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    honest(hub, source)
    chain = rota.open_chain(tmp_path, window=4)
    await sync_of(chain, hub.join("new")).catch_up()
    chain.close()
    chain = rota.open_chain(tmp_path, window=4)
    epochs = rota.epochs_of(chain)
    assert [epochs.committee(epoch) for epoch in range(7)] == [
        rota.signers(epoch).committee for epoch in range(7)
    ]
    chain.close()


# Following.


async def test_a_full_node_follows_what_is_told_and_tells_it_on(
    tmp_path: Path, chain: Chain, autojump_clock: MockClock
) -> None:
    """No status is asked meanwhile: the certificate alone brings each block, within a moment."""
    source = rota.open_chain(tmp_path / "validator")
    rota.grow(source, 5)
    hub = Hub()
    validator, port = honest(hub, source, "validator"), hub.join("new")
    sync = sync_of(chain, port)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sync.run)
        await trio.sleep(5.5)
        assert chain.finalized.hash == source.finalized.hash
        for number in range(6, 26):
            certificate = rota.finalize(source, rota.extend(source))
            told = rota.CERTIFICATE.encode(certificate)
            await sync.heard(validator.me, told)
            await trio.sleep(0.1)
            assert chain.finalized.header.number == number
            assert port.told[-1] == (FINAL, told)
            await sync.heard(validator.me, told)
            assert len(port.told) == number - 5, "each once"
        nursery.cancel_scope.cancel()
    assert_same(chain, source)
    source.close()


async def test_a_certificate_finalizes_a_block_that_is_known(
    chain: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    port = Hub().join("new")
    block_hash = rota.extend(chain)
    certificate = rota.CERTIFICATE.encode(rota.certificate_for(chain, block_hash))
    await sync_of(chain, port).heard(peer_named("validator"), certificate)
    assert chain.finalized.hash == block_hash
    assert port.told == [(FINAL, certificate)]


async def test_what_is_told_falsely_is_named_and_moves_nothing(
    chain: Chain, autojump_clock: MockClock
) -> None:
    faults = Faults()
    port = Hub().join("new")
    sync = sync_of(chain, port, faults)
    block_hash = rota.extend(chain)
    good = rota.certificate_for(chain, block_hash)
    liar = peer_named("liar")
    for data in (
        b"\x01",
        rota.CERTIFICATE.encode(good.replace(statement=good.statement.replace(kind=Kind.Notarize))),
        rota.CERTIFICATE.encode(good.replace(statement=good.statement.replace(view=0, parent_view=0))),
        rota.CERTIFICATE.encode(good.replace(statement=good.statement.replace(block=blake2b_256(b"x")))),
        rota.CERTIFICATE.encode(good.replace(signers=b"\x01")),
    ):
        await sync.heard(liar, data)
    assert [fault for _, fault in faults.seen] == [*[Fault.Malformed] * 3, *[Fault.Unproven] * 2]
    later = rota.signers(9).certificate(
        rota.statement_of(9, 1, blake2b_256(b"y")), genesis_hash=chain.genesis_hash
    )
    await sync.heard(liar, rota.CERTIFICATE.encode(later))
    assert len(faults.seen) == 5, "of an epoch that has not begun here nothing can be said"
    assert chain.finalized.header.number == 0 and port.told == []


async def test_others_may_bring_the_chain_on_at_the_same_time(
    source: Chain, chain: Chain, autojump_clock: MockClock
) -> None:
    hub = Hub()
    honest(hub, source)
    sync = sync_of(chain, hub.join("new"))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sync.run)
        for number in range(1, HEIGHT + 1):
            stored = source.block(source.hash_at(number) or b"")
            assert stored is not None
            block_hash = stored.block.header.hash
            if number == chain.finalized.header.number + 1 and chain.header(block_hash) is None:
                import_block(chain, stored.block)
                if stored.justifications:
                    chain.finalize(block_hash, stored.justifications)
            await trio.sleep(0.001)
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert chain.finalized.hash == source.finalized.hash


# Beside it.


async def test_signatures_are_verified_ahead(source: Chain, chain: Chain, autojump_clock: MockClock) -> None:
    hub = Hub()
    honest(hub, source)
    checker = SignatureVerifier()
    signatures = Signatures(chain, checker)
    sync = Sync(
        chain,
        rota.epochs_of(chain),
        hub.join("new"),
        InlineVerifier(chain.genesis_hash),
        signatures=signatures,
    )
    await sync.catch_up()
    assert_same(chain, source)
    assert len(signatures.verified) == 3 * 40


async def test_progress_is_told(
    source: Chain, chain: Chain, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    hub = Hub()
    port, server = honest(hub, source), Server(source)

    async def slowly(peer: PeerId, data: bytes) -> bytes:
        await trio.sleep(4)
        request = _REQUEST.decode(data)
        return await server.blocks(peer, _REQUEST.encode(request.replace(count=20)))

    port.on_request(BLOCKS, slowly)
    sync = sync_of(chain, hub.join("new"))
    rates: list[float] = []
    with caplog.at_level(logging.INFO, logger="node.sync.service"):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(sync.run)
            for _ in range(4):
                await trio.sleep(5.05)
                rates.append(sync.stats.blocks_per_second)
                assert sync.stats.is_syncing and sync.stats.highest == HEIGHT
            nursery.cancel_scope.cancel()
    lines = [record.getMessage() for record in caplog.records]
    assert lines[0] == "syncing: #20 of #130, 4 blocks/s, 1 peers", lines
    assert 3 < rates[-1] < 7
