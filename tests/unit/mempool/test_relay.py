"""Transactions reach every pool, by whichever node they entered; and who sends rubbish is reported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing
from trio.testing import MockClock

from node.mempool.errors import PoolRefusal
from node.mempool.relay import TOPIC, Relay
from node.mempool.validate import Mempool
from node.network.reputation import INVALID_MESSAGE
from node.network.service import PeerNetwork
from runtime.crypto.hashing import blake2b_256
from runtime.scale import codec_of
from support.network import World, mesh_of, peer, running
from support.smallchain import SmallChain, signed

SECONDS_MAX = 30


class Place:
    """One node: its pool and its relay."""

    def __init__(self, network: PeerNetwork) -> None:
        self.network = network
        self.mempool = Mempool(SmallChain().head)
        self.relay = Relay(self.mempool, network)

    def holds(self, data: bytes) -> bool:
        return blake2b_256(data) in self.mempool.pool


@asynccontextmanager
async def places(networks: list[PeerNetwork]) -> AsyncIterator[list[Place]]:
    """Relays at work over networks that have met."""
    async with running(*networks), trio.open_nursery() as nursery:
        found = [Place(network) for network in networks]
        for each in found:
            nursery.start_soon(each.relay.run)
        with trio.fail_after(SECONDS_MAX):
            while any(not each.network.peers() for each in found):
                await trio.sleep(0.1)
        yield found
        nursery.cancel_scope.cancel()


async def until_held(where: list[Place], data: bytes) -> None:
    with trio.fail_after(SECONDS_MAX):
        while not all(each.holds(data) for each in where):
            await trio.sleep(0.1)


async def test_what_enters_one_pool_enters_all(autojump_clock: MockClock) -> None:
    async with places(mesh_of(World(), 3)) as found:
        for nonce in range(40):
            await found[nonce % 3].mempool.submit(signed(nonce))
        for nonce in range(40):
            await until_held(found, signed(nonce))


async def test_a_transaction_crosses_nodes_that_are_not_neighbours(autojump_clock: MockClock) -> None:
    """A chain of nodes, each knowing the next alone: what is taken goes on."""
    world = World()
    nodes = [world.node(0)] + [world.node(n, reserved=(world.address(n - 1),)) for n in range(1, 4)]
    async with places(nodes) as found:
        await found[0].mempool.submit(signed(0))
        await until_held(found, signed(0))


async def test_who_comes_late_is_told_of_what_still_waits(autojump_clock: MockClock) -> None:
    world = World()
    lonely, late = world.node(0), world.node(1, reserved=(world.address(0),))
    async with running(lonely), trio.open_nursery() as nursery:
        one = Place(lonely)
        nursery.start_soon(one.relay.run)
        await trio.testing.wait_all_tasks_blocked()
        await one.mempool.submit(signed(0))
        await trio.sleep(60)
        async with running(late):
            other = Place(late)
            nursery.start_soon(other.relay.run)
            await until_held([other], signed(0))
            nursery.cancel_scope.cancel()


async def test_what_waits_no_more_is_not_told_again(autojump_clock: MockClock) -> None:
    async with places(mesh_of(World(), 2)) as (one, other):
        await one.mempool.submit(signed(0))
        await until_held([other], signed(0))
        for each in (one, other):
            each.mempool.clear("the chain was taken back")
        await trio.sleep(60)
        assert not other.holds(signed(0))


async def test_what_a_pool_refuses_does_not_go_on(autojump_clock: MockClock) -> None:
    bad = signed(0)[:-1] + b"\x00"
    async with places(mesh_of(World(), 2)) as (one, other):
        with pytest.raises(PoolRefusal, match="bad signature"):
            await one.mempool.submit(bad)
        await one.network.broadcast(TOPIC, codec_of(tuple[bytes, ...]).encode((bad,)))
        await one.mempool.submit(signed(1))
        await until_held([one, other], signed(1))
        assert not other.holds(bad)


async def test_what_cannot_be_read_is_reported(autojump_clock: MockClock) -> None:
    async with places(mesh_of(World(), 2)) as (one, other):
        reported: list[tuple[bytes, str]] = []
        other.network.report = lambda who, fault: reported.append((who, fault.name))  # type: ignore[method-assign]
        await one.network.broadcast(TOPIC, b"\xff\xff")
        with trio.fail_after(SECONDS_MAX):
            while not reported:
                await trio.sleep(0.1)
        assert reported == [(peer(0), INVALID_MESSAGE.name)]


async def test_without_peers_nothing_waits(autojump_clock: MockClock) -> None:
    mempool = Mempool(SmallChain().head)
    await mempool.submit(signed(0))
    assert mempool.spread is None
