"""What the rest of a node sees of the network: telling, asking, addresses, figures; in memory, in simulated time."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
import trio
from trio.testing import MockClock

from node.network.address import PeerAddress
from node.network.anchors import load_anchors, save_anchors
from node.network.errors import (
    CannotAnswer,
    PeerBusy,
    PeerGone,
    RequestRefused,
    RequestTimedOut,
    TooLong,
)
from node.network.exchange import read_addresses, write_addresses
from node.network.frames import Goodbye, Gossip, Refusal, Request, Response
from node.network.limits import NetworkLimits
from node.network.service import Network, PeerNetwork
from node.network.topics import TOPICS, Priority, Protocol, Topic
from support.network import World, connected, meshed, peer, running, until

MINUTE = 60.0


def mesh_of(world: World, count: int, **config: object) -> list[PeerNetwork]:
    """Nodes that all reserve each other."""
    places = range(count)
    return [world.node(each, reserved=tuple(map(world.address, places)), **config) for each in places]


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


# Asking.


async def test_answers_find_their_questions(autojump_clock: MockClock) -> None:
    """In whatever order they come."""
    nodes = mesh_of(World(), 2)

    async def answer(asker: bytes, data: bytes) -> bytes:
        assert asker == peer(0)
        await trio.sleep(1 / (1 + data[0]))
        return data * 2

    nodes[1].on_request("state/1", answer)
    async with running(*nodes):
        await meshed(*nodes)
        answers: dict[int, bytes] = {}

        async def ask(number: int) -> None:
            answers[number] = await nodes[0].request(peer(1), "state/1", bytes([number]))

        async with trio.open_nursery() as nursery:
            for number in range(10):
                nursery.start_soon(ask, number)
        assert answers == {number: bytes([number, number]) for number in range(10)}
        assert list(answers) != sorted(answers), "the last was answered first"


async def test_a_long_answer_fits_where_it_may(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 2)
    sizes = {b"at": 8 << 20, b"over": (8 << 20) + 1}

    async def answer(asker: bytes, data: bytes) -> bytes:
        return bytes(sizes[data])

    nodes[1].on_request("blocks/1", answer)
    async with running(*nodes):
        await meshed(*nodes)
        assert len(await nodes[0].request(peer(1), "blocks/1", b"at")) == 8 << 20
        with pytest.raises(RequestRefused) as refused:
            await nodes[0].request(peer(1), "blocks/1", b"over")
        assert refused.value.reason == "the answer has 8388609 bytes, more than the 8388608 of an answer"


async def test_an_answer_longer_than_the_protocol_allows_gets_one_banned(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0, protocols=(Protocol("small", answer_bytes_max=10),))
    async with running(node), trio.open_nursery() as nursery:
        raw = await world.raw(1, 0)
        await connected(node, peer(1))

        async def answer() -> None:
            number = (await raw.find(Request)).head
            assert isinstance(number, Request)
            await raw.send(Response(number.number), bytes(11))

        nursery.start_soon(answer)
        with pytest.raises(PeerGone):
            await node.request(peer(1), "small", b"")
        assert node.stats().bans[0].fault == "oversized frame"


async def test_refusals_say_why(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 2)

    async def refuse(asker: bytes, data: bytes) -> bytes:
        raise CannotAnswer("that block is pruned" if data else "é" * 200)

    async def dawdle(asker: bytes, data: bytes) -> bytes:
        await trio.sleep(MINUTE)
        return b"too late"

    nodes[1].on_request("blocks/1", refuse)
    nodes[1].on_request("state/1", dawdle)
    async with running(*nodes):
        await meshed(*nodes)
        for protocol, data, reason in (
            ("blocks/1", b"7", "that block is pruned"),
            ("blocks/1", b"", "é" * 100),
            ("status/1", b"", "this node answers no such requests"),
            ("weather", b"", "this node answers no such requests"),
            ("state/1", b"", "finding the answer took too long"),
        ):
            with pytest.raises(RequestRefused) as refused:
                await nodes[0].request(peer(1), protocol, data, MINUTE)
            assert str(refused.value) == f"peer {peer(1).hex()} was asked for {protocol!r}: {reason}"
        assert all(node.stats().peers[0].score == 0 for node in nodes)


async def test_a_request_ends_in_time_and_a_late_answer_is_no_fault(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 2)

    async def dawdle(asker: bytes, data: bytes) -> bytes:
        await trio.sleep(5)
        return b"late"

    nodes[1].on_request("state/1", dawdle)
    async with running(*nodes):
        await meshed(*nodes)
        start = trio.current_time()
        with pytest.raises(RequestTimedOut) as late:
            await nodes[0].request(peer(1), "state/1", b"", 2)
        assert trio.current_time() - start == pytest.approx(2)
        assert str(late.value) == f"peer {peer(1).hex()} was asked for 'state/1': no answer within 2 s"
        await trio.sleep(10)
        assert nodes[0].stats().peers[0].score == 0
        assert await nodes[0].request(peer(1), "state/1", b"") == b"late"


async def test_requests_end_when_the_peer_goes(autojump_clock: MockClock) -> None:
    world = World()
    nodes = mesh_of(world, 2)

    async def dawdle(asker: bytes, data: bytes) -> bytes:
        await trio.sleep_forever()
        raise AssertionError

    nodes[1].on_request("state/1", dawdle)
    async with running(*nodes):
        await meshed(*nodes)

        async def strike() -> None:
            await trio.sleep(1)
            world.hub.cut(peer(0), peer(1))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(strike)
            start = trio.current_time()
            with pytest.raises(PeerGone):
                await nodes[0].request(peer(1), "state/1", b"")
            assert trio.current_time() - start == pytest.approx(1, abs=0.1)


async def test_a_peer_is_asked_and_answered_only_so_much_at_once(autojump_clock: MockClock) -> None:
    limits = NetworkLimits(asked_max=6, served_max=4)
    nodes = mesh_of(World(), 2, limits=limits)
    ends: list[str] = []
    under_way = most = 0

    async def answer(asker: bytes, data: bytes) -> bytes:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await trio.sleep(1)
        under_way -= 1
        return b"ok"

    async def ask() -> None:
        try:
            ends.append((await nodes[0].request(peer(1), "state/1", b"")).decode())
        except (PeerBusy, RequestRefused) as failure:
            ends.append(f"{type(failure).__name__}: {failure.reason}")

    nodes[1].on_request("state/1", answer)
    async with running(*nodes):
        await meshed(*nodes)
        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(ask)
        assert most == 4
        assert sorted(ends) == [
            *["PeerBusy: too many requests wait for it"] * 2,
            *["RequestRefused: too many requests at once"] * 2,
            *["ok"] * 4,
        ]


async def test_a_peer_that_answers_nothing_is_told_to_go(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0, limits=NetworkLimits(given_up_max=3, outbound_min=0))
    async with running(node):
        raw = await world.raw(1, 0)
        await connected(node, peer(1))
        for place in range(4):
            assert node.peers() == (peer(1),), place
            with pytest.raises(RequestTimedOut):
                await node.request(peer(1), "state/1", b"", 1)
        assert (await raw.find(Goodbye)).head == Goodbye("it does not answer requests")
        await connected(node)
        assert node.stats().bans == ()


async def test_answers_that_are_not_read_are_bounded(autojump_clock: MockClock) -> None:
    """Who asks for blocks and does not read them is refused more."""
    world = World()
    node = world.node(0)

    async def answer(asker: bytes, data: bytes) -> bytes:
        return bytes(4 << 20)

    node.on_request("blocks/1", answer)
    async with running(node):
        raw = await world.raw(1, 0)
        await connected(node, peer(1))
        for number in range(10):
            await raw.send(Request(number + 1, "blocks/1"))
        await trio.sleep(1)
        assert node.stats().peers[0].waiting_bytes <= (16 << 20) + 1_000
        kinds = [type((await raw.frame()).head) for _ in range(10)]
        assert kinds.count(Refusal) >= 5 and kinds.count(Response) >= 4


# Addresses.


async def test_full_nodes_find_the_mesh_from_one_bootnode(autojump_clock: MockClock) -> None:
    """Three validators reserve each other; four newcomers know one of them, and come to know all."""
    world = World()
    validators = [
        world.node(each, reserved=tuple(map(world.address, range(3)))) for each in range(3)
    ]
    newcomers = [world.node(each, bootnodes=(world.address(0),)) for each in range(3, 7)]
    async with running(*validators, *newcomers):
        await meshed(*validators, *newcomers, seconds=5 * MINUTE)


async def test_addresses_that_nobody_should_believe_are_not_noted(autojump_clock: MockClock) -> None:
    good = PeerAddress(peer(5), "10.0.5.1", 1)
    local = PeerAddress(peer(6), "127.0.0.1", 22)
    named = PeerAddress(peer(7), "intranet.example", 80)
    answer = write_addresses([good, local, named], 64, Random(1))
    assert read_addresses(answer, "10.0.1.1") == [good]
    assert read_addresses(answer, "127.0.0.1") == [good, local]


async def test_an_answer_that_holds_no_addresses_is_a_fault(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        raw = await world.raw(1, 0)
        request = (await raw.find(Request)).head
        assert isinstance(request, Request) and request.protocol == "peers"
        await raw.send(Response(request.number), b"\xff\xff\xff\xff")
        await until(lambda: node.stats().peers[0].score < 0)
        assert node.stats().peers[0].score == pytest.approx(-50, abs=1)


async def test_anchors_outlive_a_restart(tmp_path: Path, autojump_clock: MockClock) -> None:
    world = World()
    file = tmp_path / "anchors"
    others = [world.node(each) for each in range(1, 7)]
    async with running(*others):
        bootnodes = tuple(map(world.address, range(1, 7)))
        first = world.node(0, bootnodes=bootnodes, anchors_file=file)
        async with running(first):
            await trio.sleep(MINUTE)
        kept = load_anchors(file, 4)
        assert len(kept) == 4 and set(kept) <= set(bootnodes)
        again = world.node(0, anchors_file=file)
        async with running(again):
            await until(lambda: {each.peer for each in kept} <= set(again.peers()))


def test_an_anchor_file_may_be_missing_or_spoilt(tmp_path: Path) -> None:
    file = tmp_path / "anchors"
    assert load_anchors(file, 4) == []
    file.write_bytes(b"\xff\xfe nonsense\n" + f"{World.address(1)}\n\n".encode() + bytes(1 << 20))
    assert load_anchors(file, 4) == [World.address(1)]
    save_anchors(file, map(World.address, range(3)))
    assert load_anchors(file, 2) == [World.address(0), World.address(1)]
    assert [path.name for path in tmp_path.iterdir()] == ["anchors"]


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


async def test_waiting_for_peers(autojump_clock: MockClock) -> None:
    nodes = mesh_of(World(), 2)
    async with running(nodes[0]):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(nodes[0].changed)
            await trio.sleep(0.1)
            await nursery.start(nodes[1].run)
            await meshed(*nodes)
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
