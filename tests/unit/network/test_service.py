"""What the rest of a node sees of the network: telling, and figures; in memory, in simulated time."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from node.network.errors import (
    PeerGone,
    TooLong,
)
from node.network.frames import Gossip
from node.network.limits import NetworkLimits
from node.network.service import Network, PeerNetwork
from node.network.topics import TOPICS, Priority, Topic
from support.network import World, mesh_of, meshed, peer, running, until

MINUTE = 60.0


# Telling.


async def test_a_direct_message_goes_to_every_peer_once(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 4)
    inboxes = [node.incoming("votes") for node in nodes]
    async with running(*nodes):
        await meshed(*nodes)
        for data in (b"one", b"two", b"two"):
            await nodes[0].broadcast("votes", data)
        await trio.sleep(1)
        assert [inbox.count for inbox in inboxes] == [0, 3, 3, 3]
        received = [await inboxes[1].receive() for _ in range(3)]
        assert received == [(peer(0), "votes", data) for data in (b"one", b"two", b"two")]
        await nodes[0].broadcast("votes", b"three", exclude=(peer(1), peer(2)))
        await nodes[0].send_to(peer(2), "votes", b"four")
        await trio.sleep(1)
        assert [inbox.count for inbox in inboxes] == [0, 0, 4, 4]


async def test_what_is_flooded_reaches_all_along_a_line_and_nobody_twice(autojump_clock: MockClock) -> None:
    """Each node passes on what it received, to whoever did not send it."""
    world = World()
    nodes = [
        world.node(
            place,
            reserved=tuple(world.address(other) for other in (place - 1, place + 1) if 0 <= other < 6),
            limits=NetworkLimits(outbound_min=0),
        )
        for place in range(6)
    ]
    received: list[list[bytes]] = [[] for _ in nodes]

    async def pass_on(place: int) -> None:
        async for message in nodes[place].incoming("transactions"):
            received[place].append(message.data)
            await nodes[place].broadcast("transactions", message.data, exclude=(message.peer,))

    async with running(*nodes), trio.open_nursery() as nursery:
        for place in range(6):
            nursery.start_soon(pass_on, place)
        await until(lambda: sum(len(node.peers()) for node in nodes) == 10)
        for _ in range(3):
            await nodes[0].broadcast("transactions", b"a")
            await nodes[5].broadcast("transactions", b"b")
        await trio.sleep(1)
        assert received[0] == [b"b"] and received[5] == [b"a"]
        assert all(sorted(each) == [b"a", b"b"] for each in received[1:5])
        assert [node.stats().duplicates for node in nodes] == [0, 2, 0, 0, 2, 0], "only what was said again"
        nursery.cancel_scope.cancel()


async def test_what_is_flooded_in_a_full_mesh_is_received_once(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 5)
    received: list[bytes] = []

    async def pass_on(node: PeerNetwork) -> None:
        async for message in node.incoming("transactions"):
            received.append(message.data)
            await node.broadcast("transactions", message.data)

    async with running(*nodes), trio.open_nursery() as nursery:
        await meshed(*nodes)
        for node in nodes:
            nursery.start_soon(pass_on, node)
        await trio.sleep(0.1)
        await nodes[0].broadcast("transactions", b"a")
        await trio.sleep(1)
        assert received == [b"a"] * 4
        assert sum(node.stats().duplicates for node in nodes) > 0
        nursery.cancel_scope.cancel()


async def test_nobody_is_told_what_it_told(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 2)
    inbox = nodes[1].incoming("transactions")
    nodes[0].incoming("transactions")
    async with running(*nodes):
        await meshed(*nodes)
        await nodes[0].broadcast("transactions", b"a")
        await nodes[1].broadcast("transactions", (await inbox.receive()).data)
        await trio.sleep(1)
        assert nodes[0].stats().duplicates == 0


async def test_what_is_too_long_is_not_sent(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 2)
    async with running(*nodes):
        await meshed(*nodes)
        inbox = nodes[1].incoming("votes")
        await nodes[0].broadcast("votes", bytes(1 << 20))
        assert len((await inbox.receive()).data) == 1 << 20
        for tell in (
            nodes[0].broadcast("votes", bytes((1 << 20) + 1)),
            nodes[0].send_to(peer(1), "votes", bytes((1 << 20) + 1)),
        ):
            with pytest.raises(TooLong) as refused:
                await tell
            assert str(refused.value) == "a message of 'votes' takes at most 1048576 bytes, not 1048577"
        with pytest.raises(TooLong) as refused:
            await nodes[0].request(peer(1), "state/1", bytes(65_537))
        assert str(refused.value) == "a request for 'state/1' takes at most 65536 bytes, not 65537"


async def test_votes_leave_before_a_backlog_of_transactions(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 2)
    votes, transactions = nodes[1].incoming("votes"), nodes[1].incoming("transactions")
    async with running(*nodes):
        await meshed(*nodes)
        for number in range(200):
            await nodes[0].broadcast("transactions", number.to_bytes(4, "big") + bytes(50_000))
        await nodes[0].broadcast("votes", b"vote")
        await votes.receive()
        assert transactions.count < 40, "those that were already being written"
        await until(lambda: transactions.count == 200)


async def test_who_is_not_connected_cannot_be_told(autojump_clock: MockClock) -> None:
    node = World().node(0)
    async with running(node):
        with pytest.raises(PeerGone) as gone:
            await node.send_to(peer(1), "votes", b"x")
        assert str(gone.value) == f"peer {peer(1).hex()} is gone"
        await node.broadcast("votes", b"nobody hears it")


# Figures, and the protocol.


async def test_figures_add_up(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 2)
    inbox = nodes[1].incoming("votes")
    async with running(*nodes):
        await meshed(*nodes)
        for _ in range(3):
            await nodes[0].broadcast("votes", bytes(100))
        await trio.sleep(1)
        here, there = nodes[0].stats(), nodes[1].stats()
        (out,), (back,) = here.peers, there.peers
        assert (here.me, here.address, here.known, here.reserved) == (peer(0), World.address(0), 1, 1)
        assert (out.peer, out.address, out.is_reserved) == (peer(1), str(World.address(1)), True)
        assert out.is_outbound and not back.is_outbound
        assert out.messages_out == back.messages_in >= 3
        assert (out.bytes_out, out.bytes_in) == (back.bytes_in, back.bytes_out)
        assert out.bytes_out > 300 and out.waiting_bytes == 0 and out.score == 0
        assert there.waiting == {"votes": 3} and inbox.count == 3
        assert here.events["connected"] == 1 and here.drops == {} and here.bans == ()


async def test_comings_and_goings_wake_who_waits_for_them(autojump_clock: MockClock) -> None:
    world = World()
    nodes = mesh_of(world, 2)
    seen: list[int] = []

    async def watch() -> None:
        while True:
            await nodes[0].changed()
            seen.append(len(nodes[0].peers()))

    async with running(nodes[0]), trio.open_nursery() as nursery:
        nursery.start_soon(watch)
        await trio.sleep(0.1)
        await nursery.start(nodes[1].run)
        await meshed(*nodes)
        await trio.sleep(MINUTE)
        assert seen == [1]
        world.hub.cut(peer(0), peer(1))
        await until(lambda: seen == [1, 0, 1])
        nursery.cancel_scope.cancel()


def test_the_implementation_is_one() -> None:
    network: Network = World().node(0)
    assert network.me == peer(0)


def test_topics_of_consensus_are_urgent_and_not_flooded() -> None:
    about = {topic.name: topic for topic in TOPICS}
    for name in ("votes", "certificates", "proposals"):
        assert about[name].priority is Priority.URGENT and not about[name].floods
    for name in ("transactions", "final"):
        assert about[name].priority is Priority.BULK and about[name].floods
    assert isinstance(about["votes"], Topic) and about["votes"].bytes_max == 1 << 20


def test_gossip_frames_name_their_topic() -> None:
    assert all(len(topic.name.encode()) <= 32 and Gossip(topic.name) for topic in TOPICS)
