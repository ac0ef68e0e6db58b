"""Sync over the node's own network: frames, limits and reputation included."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from node.chain.chain import Chain
from node.consensus.verifier import InlineVerifier
from node.network.address import PeerId
from node.network.reputation import INVALID_MESSAGE, USELESS_MESSAGE
from node.network.service import PeerNetwork
from node.storage import StorageFilled
from node.sync.begin import NothingToBegin, begin_at_checkpoint
from node.sync.blocks import BLOCKS, FINAL
from node.sync.server import Server
from node.sync.service import Sync
from node.sync.state_server import StateServer
from node.sync.sync import Fault
from support import rota
from support.fuzzing import world
from support.network import World


class Reporter:
    """Tells the network of faults, as a node does."""

    def __init__(self, network: PeerNetwork) -> None:
        self.network = network
        self.faults: list[Fault] = []

    def __call__(self, peer: PeerId, fault: Fault, detail: str) -> None:
        self.faults.append(fault)
        self.network.report(peer, INVALID_MESSAGE if fault.is_lie else USELESS_MESSAGE)


def serving(network: PeerNetwork, chain: Chain) -> PeerNetwork:
    Server(chain).register(network)
    StateServer(chain, rota.epochs_of(chain)).register(network)
    return network


def follower(network: PeerNetwork, chain: Chain) -> tuple[Sync, Reporter]:
    reporter = Reporter(network)
    verifier = InlineVerifier(chain.genesis_hash)
    return Sync(chain, rota.epochs_of(chain), network, verifier, report=reporter), reporter


async def until_connected(network: PeerNetwork, count: int) -> None:
    while len(network.peers()) < count:
        await network.changed()


async def test_blocks_and_then_what_is_told(tmp_path: Path, chain: Chain, autojump_clock: MockClock) -> None:
    source = rota.open_chain(tmp_path / "validator")
    rota.grow(source, 60, every=3, transfers=1)
    mesh = World()
    validator = serving(mesh.node(0), source)
    network = mesh.node(1, bootnodes=(World.address(0),))
    sync, reporter = follower(network, chain)

    async def hear() -> None:
        async with network.incoming(FINAL) as incoming:
            async for message in incoming:
                await sync.heard(message.peer, message.data)

    async with trio.open_nursery() as nursery:
        await nursery.start(validator.run)
        await nursery.start(network.run)
        await until_connected(network, 1)
        await sync.catch_up()
        assert chain.finalized.hash == source.finalized.hash
        nursery.start_soon(sync.run)
        nursery.start_soon(hear)
        await trio.sleep(1.5)
        for number in range(61, 91):
            certificate = rota.finalize(source, rota.extend(source))
            await validator.broadcast(FINAL, rota.CERTIFICATE.encode(certificate))
            await trio.sleep(0.2)
            assert chain.finalized.header.number == number
        nursery.cancel_scope.cancel()
    assert reporter.faults == []
    source.close()


async def test_a_state_by_pages(
    source: Chain, tmp_path: Path, small_pages: None, autojump_clock: MockClock
) -> None:
    mesh = World()
    server = serving(mesh.node(0), source)
    network = mesh.node(1, bootnodes=(World.address(0),))
    reporter = Reporter(network)
    verifier = InlineVerifier(rota.genesis().hash)
    async with trio.open_nursery() as nursery:
        await nursery.start(server.run)
        chosen = await begin_at_checkpoint(
            tmp_path / "begun", rota.runtime(), rota.genesis(), network, verifier, report=reporter
        )
        nursery.cancel_scope.cancel()
    assert chosen.hash == source.finalized.hash
    chain = rota.open_chain(tmp_path / "begun")
    assert chain.finalized.hash == source.finalized.hash and reporter.faults == []
    chain.close()
    with pytest.raises(StorageFilled):
        await begin_at_checkpoint(tmp_path / "begun", rota.runtime(), rota.genesis(), network, verifier)


async def test_a_chain_without_validators_has_no_checkpoints(tmp_path: Path) -> None:
    network = World().node(0)
    verifier = InlineVerifier(world.genesis().hash)
    with pytest.raises(NothingToBegin) as refused:
        await begin_at_checkpoint(tmp_path, world.runtime(), world.genesis(), network, verifier)
    assert str(refused.value) == (
        "the chain has no validators, and so no checkpoints: leave --checkpoint out"
    )


async def test_a_liar_is_banned_and_the_sync_goes_on(
    source: Chain, chain: Chain, autojump_clock: MockClock
) -> None:
    mesh = World()
    liar, server = serving(mesh.node(0), source), serving(mesh.node(2), source)

    async def garbage(peer: PeerId, data: bytes) -> bytes:
        return b"\xff" * 50

    liar.on_request(BLOCKS, garbage)
    network = mesh.node(1, bootnodes=(World.address(0), World.address(2)))
    sync, reporter = follower(network, chain)
    async with trio.open_nursery() as nursery:
        for each in (liar, server, network):
            await nursery.start(each.run)
        await until_connected(network, 2)
        await sync.catch_up()
        assert [ban.who for ban in network.stats().bans] == [liar.me]
        assert server.me in network.peers() and liar.me not in network.peers()
        nursery.cancel_scope.cancel()
    assert chain.finalized.hash == source.finalized.hash
    assert reporter.faults == [Fault.Malformed]
