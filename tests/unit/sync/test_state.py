"""A node begins at a checkpoint: from honest peers, from hostile ones, and after it was stopped anywhere."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from node.chain.chain import Chain, DiscardedState, UnknownBlock
from node.chain.checkpoint import first_block, justifications_of
from node.consensus.verifier import InlineVerifier
from node.network.address import PeerId
from node.network.errors import CannotAnswer
from node.storage import Filling, StorageFilled, StorageUnfinished
from node.sync.pages import (
    STATE,
    BlockAsked,
    PageAsked,
    StateRequest,
    Target,
)
from node.sync.service import Sync
from node.sync.state import (
    CheckpointDiscarded,
    CheckpointForeign,
    CheckpointUnknown,
    StateSync,
)
from node.sync.state_server import StateServer
from node.sync.sync import Fault
from runtime.scale import codec_of
from support import rota
from support.checkpoints import Node, entries, hash_at, honest, joined, lying, on_target
from support.hub import Hub, peer_named

pytestmark = pytest.mark.usefixtures("small_pages")

HEIGHT = 130
CUT = 111
"""A block without a certificate of its own, in the middle of an epoch."""
_REQUEST = codec_of(StateRequest)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "begun", Hub().join("new"))


@pytest.mark.parametrize("number", [HEIGHT, CUT, 120, 121, 7])
async def test_it_begins_at_the_block_and_follows_by_blocks(
    source: Chain, tmp_path: Path, number: int, autojump_clock: MockClock
) -> None:
    """The last block, one without a certificate, an epoch's last and first, one of the first epoch."""
    hub = Hub()
    honest(hub, source)
    node = joined(hub, tmp_path)
    chain = await node.begin(None if number == HEIGHT else hash_at(source, number))
    assert node.seen == []
    assert chain.finalized.hash == chain.best.hash == hash_at(source, number)
    assert entries(chain, number) == entries(source, number)
    assert chain.block(chain.finalized.hash) == source.block(chain.finalized.hash)
    assert first_block(chain) == number
    sync = Sync(chain, rota.epochs_of(chain), node.port, InlineVerifier(chain.genesis_hash))
    await sync.catch_up()
    assert chain.finalized.hash == source.finalized.hash
    assert chain.finalized.state.root == source.finalized.header.state_root
    assert sync.stats.starting == number
    chain.close()


async def test_of_what_came_before_it_knows_genesis_and_the_ends_of_epochs(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    honest(hub, source)
    chain = await joined(hub, tmp_path).begin(hash_at(source, CUT))
    for number in range(CUT):
        block_hash = hash_at(source, number)
        if number == 0:
            assert chain.block(block_hash) == source.block(block_hash)
        elif number % rota.BLOCKS_PER_EPOCH == 0:
            assert chain.hash_at(number) == block_hash
            assert chain.header(block_hash) == source.header(block_hash)
            assert justifications_of(chain, block_hash) == justifications_of(source, block_hash)
        else:
            assert chain.hash_at(number) is None
            with pytest.raises(UnknownBlock, match=f"^Unknown block: 0x{block_hash.hex()}$"):
                chain.at(block_hash)
        assert number == 0 or chain.block(block_hash) is None
    with pytest.raises(DiscardedState):
        chain.at(chain.genesis_hash)
    epochs = rota.epochs_of(chain)
    assert [epochs.committee(epoch) for epoch in range(6)] == [
        rota.signers(epoch).committee for epoch in range(6)
    ]
    chain.close()


async def test_nodes_that_began_at_a_checkpoint_serve_others_as_far_as_they_can(
    source: Chain, tmp_path: Path, caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """The next node begins from them alone, and is sent on for blocks from before."""
    hub = Hub()
    honest(hub, source)
    first = await joined(hub, tmp_path).begin(hash_at(source, 112))
    again = Hub()
    honest(again, first, "first")
    node = joined(again, tmp_path / "second")
    second = await node.begin()
    assert second.finalized.hash == first.finalized.hash and node.seen == []
    assert entries(second, 112) == entries(source, 112)
    fresh = rota.open_chain(tmp_path / "third")
    port = again.join("third")
    sync = Sync(fresh, rota.epochs_of(fresh), port, InlineVerifier(fresh.genesis_hash), report=node.report)
    await sync.catch_up()
    assert fresh.finalized.header.number == 0 and node.seen == []
    (warning,) = [each.getMessage() for each in caplog.records if each.levelname == "WARNING"]
    assert warning == (
        "no peer has block 1 any more, and some have later ones: begin at one of theirs, with an empty "
        "database and --checkpoint"
    )
    for chain in (first, second, fresh):
        chain.close()


# Hashes that do not do.


async def test_a_hash_that_nobody_knows_is_refused(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    honest(hub, source)
    node = joined(hub, tmp_path)
    wrong = bytes(31) + b"\x01"
    with pytest.raises(CheckpointUnknown) as refused:
        await node.begin(wrong)
    assert str(refused.value) == (
        f"no peer knows a final block 0x{wrong.hex()}: see that the checkpoint is of this chain, and of a "
        "block that is final"
    )
    with pytest.raises(StorageUnfinished):
        rota.open_chain(node.folder)
    chain = await node.begin()
    assert chain.finalized.hash == source.finalized.hash
    chain.close()


async def test_a_block_that_is_not_final_is_refused(
    tmp_path: Path, chain: Chain, autojump_clock: MockClock
) -> None:
    hub = Hub()
    rota.grow(chain, 3)
    loose = rota.extend(chain)
    honest(hub, chain)
    with pytest.raises(CheckpointUnknown):
        await joined(hub, tmp_path).begin(loose)


async def test_another_block_than_the_wanted_one_is_a_lie(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub = Hub()
    other = codec_of(Target).decode(
        await StateServer(source, rota.epochs_of(source)).answer(
            peer_named("x"), _REQUEST.encode(BlockAsked(hash_at(source, 9)))
        )
    )
    lying(hub, source, on_target(lambda target: other), "hostile")
    honest(hub, source)
    node = joined(hub, tmp_path)
    chain = await node.begin(hash_at(source, 10))
    assert chain.finalized.header.number == 10
    assert set(node.seen) <= {("hostile", Fault.Incoherent)}
    chain.close()


async def test_a_state_that_nobody_keeps_is_refused_by_name(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    pruned = rota.open_chain(tmp_path / "pruned", window=8)
    rota.grow(pruned, 30)
    hub = Hub()
    honest(hub, pruned)
    old = hash_at(pruned, 15)
    with pytest.raises(CheckpointDiscarded) as refused:
        await joined(hub, tmp_path).begin(old)
    assert str(refused.value) == (
        f"no peer keeps the state of block 15 (0x{old.hex()}) any more: choose a newer checkpoint, or ask a "
        "node that keeps every state"
    )
    pruned.close()


async def test_when_the_state_goes_while_it_is_taken_a_newer_one_is(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    pruned = rota.open_chain(tmp_path / "pruned", window=8)
    rota.grow(pruned, 30, transfers=1)
    hub, pages = Hub(), itertools.count(1)
    port, server = honest(hub, pruned), StateServer(pruned, rota.epochs_of(pruned))

    async def answer(peer: PeerId, data: bytes) -> bytes:
        if isinstance(_REQUEST.decode(data), PageAsked) and next(pages) in (4, 8):
            rota.grow(pruned, 25, transfers=1)
        return await server.answer(peer, data)

    port.on_request(STATE, answer)
    node = joined(hub, tmp_path)
    chain = await node.begin()
    assert chain.finalized.header.number == 80 and node.seen == []
    assert entries(chain, 80) == entries(pruned, 80)
    chain.close()
    pruned.close()


# Stopping and going on.


async def test_stopped_anywhere_it_goes_on_from_where_it_was(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub, asked = Hub(), list[bytes | None]()
    port, server = honest(hub, source), StateServer(source, rota.epochs_of(source))

    async def answer(peer: PeerId, data: bytes) -> bytes:
        request = _REQUEST.decode(data)
        if isinstance(request, PageAsked):
            asked.append(request.after)
            if len(asked) % 3 == 0:
                stop.cancel()
        return await server.answer(peer, data)

    port.on_request(STATE, answer)
    node = joined(hub, tmp_path)
    chain: Chain | None = None
    for _ in range(40):
        with trio.CancelScope() as stop:
            chain = await node.begin()
        if chain is not None:
            break
        with pytest.raises(StorageUnfinished):
            rota.open_chain(node.folder)
    assert chain is not None
    assert entries(chain, HEIGHT) == entries(source, HEIGHT)
    lasts = [each for each in asked if each is not None]
    assert lasts == sorted(lasts) and len(set(lasts)) > 6, "no page was taken twice but the one under way"
    chain.close()
    with pytest.raises(StorageFilled):
        await node.begin()


async def test_what_was_begun_with_another_block_is_begun_anew(
    source: Chain, tmp_path: Path, autojump_clock: MockClock
) -> None:
    hub, pages = Hub(), itertools.count(1)
    port, server = honest(hub, source), StateServer(source, rota.epochs_of(source))

    async def answer(peer: PeerId, data: bytes) -> bytes:
        if isinstance(_REQUEST.decode(data), PageAsked) and next(pages) == 4:
            stop.cancel()
        return await server.answer(peer, data)

    port.on_request(STATE, answer)
    node = joined(hub, tmp_path)
    with trio.CancelScope() as stop:
        await node.begin()
    chain = await node.begin(hash_at(source, 33))
    assert entries(chain, 33) == entries(source, 33)
    assert chain.hash_at(40) is None and chain.header(hash_at(source, 120)) is None
    sync = Sync(chain, rota.epochs_of(chain), node.port, InlineVerifier(chain.genesis_hash))
    await sync.catch_up()
    assert chain.finalized.hash == source.finalized.hash
    assert chain.block(hash_at(source, 40)) == source.block(hash_at(source, 40))
    chain.close()


def test_another_chains_beginning_is_refused(node: Node) -> None:
    filling = Filling.open(node.folder)
    list(filling.begin(bytes(32)))
    with pytest.raises(CheckpointForeign) as refused:
        StateSync(
            filling,
            rota.genesis(),
            rota.signers(0).committee,
            rota.BLOCKS_PER_EPOCH,
            node.port,
            InlineVerifier(rota.genesis().hash),
        )
    assert str(refused.value) == (
        f"the database at {node.folder} was begun with the state of another chain: give another --base-path, "
        "or remove it"
    )
    filling.close()


async def test_a_request_that_cannot_be_read_is_refused(source: Chain, autojump_clock: MockClock) -> None:
    with pytest.raises(CannotAnswer, match=r"^the request cannot be read: "):
        await StateServer(source, rota.epochs_of(source)).answer(peer_named("x"), b"\x09")
