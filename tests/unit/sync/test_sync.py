"""A node catches up and follows: from honest peers, from hostile ones, and after it was stopped anywhere."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from node.chain.chain import Chain
from node.chain.importer import import_block
from node.consensus.verifier import InlineVerifier
from node.mempool.verifier import Verifier as SignatureVerifier
from node.network.address import PeerId
from node.sync.blocks import BLOCKS, FINAL, BlocksRequest
from node.sync.epochs import CommitteeUnknown
from node.sync.server import Server
from node.sync.service import Sync
from node.sync.signatures import Signatures
from node.sync.sync import Fault
from node.sync.take import FinalBlockRefused, FinalityForked
from runtime.crypto.hashing import blake2b_256
from runtime.frame.invalid import InvalidBlock
from runtime.scale import codec_of
from runtime.simplex import Kind
from runtime.types.block import Block
from support import rota
from support.hub import Hub, peer_named
from support.syncing import Faults, assert_same, honest, sync_of

HEIGHT = 130
_REQUEST = codec_of(BlocksRequest)


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
