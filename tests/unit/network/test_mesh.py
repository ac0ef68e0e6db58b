"""One connection to each peer, whatever happens: under a simulated clock, on a network in memory."""

from __future__ import annotations

import math
from random import Random

import pytest
import trio
from trio.testing import MockClock

from node.network.address import PeerAddress
from node.network.frames import Goodbye, Gossip, Hello, Ping, Pong, Refusal, Request, Response
from node.network.inbox import Incoming
from node.network.limits import NetworkLimits
from node.network.reputation import BAN_SECONDS, INVALID_MESSAGE, Fault
from support.network import IDENTITIES, RawPeer, World, connected, meshed, peer, running, until

MINUTE = 60.0


class Flaky:
    """A link with latencies drawn from a seed, that may go down between two halves of the nodes."""

    def __init__(self, seed: int, slowest: float) -> None:
        self._random = Random(seed)
        self._slowest = slowest
        self.down: set[frozenset[bytes]] = set()

    def opens(self, dialler: bytes, listener: bytes) -> float | None:
        return self.carries(dialler, listener, 0)

    def carries(self, sender: bytes, receiver: bytes, size: int) -> float | None:
        if frozenset((sender, receiver)) in self.down:
            return math.inf
        return self._random.uniform(0.001, self._slowest)


@pytest.mark.parametrize("seed", range(6))
async def test_a_full_mesh_forms_though_all_dial_each_other_at_once(
    seed: int, autojump_clock: MockClock
) -> None:
    """And stays: each pair settles on one connection, and nobody is dialled any more."""
    world = World(Flaky(seed, slowest=0.3))
    places = range(6)
    limits = NetworkLimits(yield_seconds=0.0)
    nodes = [world.node(each, reserved=tuple(map(world.address, places)), limits=limits) for each in places]
    async with running(*nodes):
        await trio.sleep(10)
        await meshed(*nodes, seconds=5)
        stood = [node.stats().events["connected"] for node in nodes]
        await trio.sleep(MINUTE)
        await meshed(*nodes, seconds=0.1)
        assert [node.stats().events["connected"] for node in nodes] == stood
        for node in nodes:
            for each in node.stats().peers:
                other = next(other for other in nodes if other.me == each.peer)
                (back,) = (found for found in other.stats().peers if found.peer == node.me)
                assert back.is_outbound != each.is_outbound, "both speak of the same connection"


async def test_two_that_dial_at_the_same_time_keep_what_the_lower_one_dialled(
    autojump_clock: MockClock,
) -> None:
    world = World()
    limits = NetworkLimits(yield_seconds=0.0)
    low, high = (world.node(each, reserved=(world.address(1 - each),), limits=limits) for each in (0, 1))
    async with running(low, high):
        await trio.sleep(MINUTE)
        assert [each.is_outbound for each in low.stats().peers] == [True]
        assert [each.is_outbound for each in high.stats().peers] == [False]


async def test_a_killed_peer_is_back_within_three_seconds(autojump_clock: MockClock) -> None:
    """Many times, and however long it was away."""
    world = World()
    places = (0, 1, 2)
    dice = Random(7)
    reserved = tuple(map(world.address, places))
    kept = [world.node(each, reserved=reserved) for each in (0, 2)]
    async with running(*kept):
        for _ in range(10):
            async with running(world.node(1, reserved=reserved)) as _:
                with trio.fail_after(3):
                    await connected(kept[0], peer(1), peer(2))
                    await connected(kept[1], peer(0), peer(1))
                await trio.sleep(dice.uniform(0, 10))
                world.hub.crash(peer(1))
            await trio.sleep(dice.uniform(0, 30))
            assert peer(1) not in kept[0].peers()


async def test_a_peer_that_lost_a_connection_unnoticed_is_taken_back_at_once(
    autojump_clock: MockClock,
) -> None:
    """A new connection of a proven identity replaces the old one, which may be dead without our knowing."""
    world = World()
    node = world.node(0)
    async with running(node):
        old = await world.raw(1, 0)
        await trio.sleep(5)
        new = await world.raw(1, 0)
        assert (await old.find(Goodbye)).head == Goodbye("a newer connection stands")
        await new.send(Ping(7))
        assert (await new.find(Pong)).head == Pong(7)
        assert [each.seconds < 1 for each in node.stats().peers] == [True]


async def test_a_partition_is_noticed_and_healed(autojump_clock: MockClock) -> None:
    link = Flaky(1, slowest=0.05)
    world = World(link)
    reserved = (world.address(0), world.address(1))
    nodes = [world.node(each, reserved=reserved) for each in (0, 1)]
    async with running(*nodes):
        await meshed(*nodes)
        link.down.add(frozenset((peer(0), peer(1))))
        await trio.sleep(25)
        assert [node.peers() for node in nodes] == [(), ()], "silence is noticed"
        await trio.sleep(MINUTE)
        link.down.clear()
        await meshed(*nodes, seconds=20)


async def test_idle_peers_stay(autojump_clock: MockClock) -> None:
    world = World()
    nodes = [world.node(0), world.node(1, reserved=(world.address(0),))]
    async with running(*nodes):
        await meshed(*nodes)
        await trio.sleep(60 * MINUTE)
        assert [node.stats().events["connected"] for node in nodes] == [1, 1]
        (seen,) = nodes[0].stats().peers
        assert seen.round_trip_seconds == pytest.approx(0.002)
        assert seen.seconds == pytest.approx(3_600, abs=5)


async def test_a_silent_peer_is_dropped(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        silent = await world.raw(1, 0)
        start = trio.current_time()
        await connected(node, peer(1))
        await connected(node, seconds=MINUTE)
        assert 15 <= trio.current_time() - start <= 21
        assert (await silent.find(Goodbye)).head == Goodbye("it is silent")


async def test_who_does_not_greet_is_dropped_in_time(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        stream = await world.dial(1, 0)
        start = trio.current_time()
        with pytest.raises(EOFError):
            while True:
                await RawPeer(stream).find(Goodbye)
        assert trio.current_time() - start == pytest.approx(10, abs=0.1)
        assert node.stats().peers == () and node.stats().bans == ()


async def test_of_those_who_do_not_greet_the_oldest_must_go(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0, limits=NetworkLimits(handshakes_max=3))
    async with running(node):
        silent = [await world.dial(place, 0) for place in range(1, 6)]
        await trio.sleep(1)
        for stream in silent[:2]:
            frames = RawPeer(stream)
            assert isinstance((await frames.frame()).head, Hello)
            with pytest.raises(EOFError):
                await frames.frame()
        for stream in silent[2:]:
            with trio.move_on_after(1) as waiting:
                await RawPeer(stream).find(Goodbye)
            assert waiting.cancelled_caught, "these are still waited for"


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        (Ping(1), "banned: malformed frame"),
        (Gossip("votes"), "banned: malformed frame"),
        (Response(1), "banned: malformed frame"),
    ],
)
async def test_what_stands_where_the_greeting_belongs_gets_one_banned(
    first: Ping | Gossip | Response, reason: str, autojump_clock: MockClock
) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        await RawPeer(await world.dial(1, 0)).send(first)
        await until(lambda: bool(node.stats().bans))
        with pytest.raises(EOFError):
            await RawPeer(await world.dial(1, 0)).find(Hello)
        assert (await RawPeer(await world.dial(1, 0)).frame()).head == Goodbye(reason)


async def test_a_second_greeting_gets_one_banned(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        raw = await world.raw(1, 0)
        await raw.send(Hello("", 0))
        assert (await raw.find(Goodbye)).head == Goodbye("a second greeting")
        assert [(ban.who, ban.fault) for ban in node.stats().bans] == [(peer(1), "malformed frame")]


async def test_a_ban_ends(autojump_clock: MockClock) -> None:
    """A reserved peer that was banned is dialled again when its ban is over."""
    world = World()
    nodes = [world.node(0, reserved=(world.address(1),)), world.node(1, reserved=(world.address(0),))]
    async with running(*nodes):
        await meshed(*nodes)
        nodes[0].report(peer(1), Fault("annoying", 99))
        assert nodes[0].stats().peers[0].score == -99
        nodes[0].report(peer(1), Fault("annoying", 1))
        await connected(nodes[0])
        await trio.sleep(BAN_SECONDS - 2)
        assert nodes[0].peers() == () and nodes[0].stats().bans[0].fault == "annoying"
        assert nodes[0].stats().events.get("dials failed", 0) == 0, "nor is it dialled"
        await meshed(*nodes, seconds=5)
        assert nodes[0].stats().bans == ()


async def test_a_host_answers_for_those_who_call_from_it(autojump_clock: MockClock) -> None:
    """New identities are free: four of one host that are banned ban the host."""
    world = World()
    node = world.node(0)
    async with running(node):
        for place in range(1, 5):
            transport = world.hub.transport(peer(place), "203.0.113.9")
            await RawPeer.greet(await transport.dial(world.address(0)))
            await connected(node, peer(place))
            node.report(peer(place), INVALID_MESSAGE)
            await connected(node)
        assert [ban.who for ban in node.stats().bans] == [*map(peer, range(1, 5)), "203.0.113.9"]
        with pytest.raises(Exception, match="Connection refused"):
            await world.hub.transport(peer(5), "203.0.113.9").dial(world.address(0))
        await RawPeer.greet(await world.hub.transport(peer(5), "203.0.113.10").dial(world.address(0)))


async def test_callers_are_bounded_but_reserved_ones_are_always_taken(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0, reserved=(world.address(9),), limits=NetworkLimits(inbound_max=2))
    async with running(node):
        for place in (1, 2):
            await world.raw(place, 0)
        refused = RawPeer(await world.dial(3, 0))
        assert (await refused.frame()).head == Goodbye("too many peers")
        await world.raw(9, 0)
        await connected(node, peer(1), peer(2), peer(9))


async def test_bounds_hold_though_all_callers_greet_at_once(autojump_clock: MockClock) -> None:
    """Those who were let in to greet are counted again before they are taken."""
    world = World()
    node = world.node(0, limits=NetworkLimits(inbound_max=2))
    async with running(node):
        callers = [RawPeer(await world.dial(place, 0)) for place in range(1, 7)]
        for caller in callers:
            await caller.send(Hello("", 0))
        await trio.sleep(1)
        assert len(node.peers()) == 2


async def test_a_peer_that_does_not_read_is_dropped_and_nobody_waits_for_it(
    autojump_clock: MockClock,
) -> None:
    world = World()
    node = world.node(0, limits=NetworkLimits(urgent_frames_max=50, bulk_frames_max=50))
    async with running(node):
        await world.raw(1, 0)
        reader = await world.raw(2, 0)
        await connected(node, peer(1), peer(2))

        async def read() -> None:
            while True:
                await reader.frame()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            for number in range(200):
                await node.broadcast("transactions", number.to_bytes(4, "big") + bytes(100_000))
                await trio.sleep(0.02)
            assert set(node.peers()) == {peer(1), peer(2)}, "gossip is dropped, not the peer"
            drops = node.stats().drops["outbox of transactions"]
            slow, fast = node.stats().peers
            assert 100 < drops < 200 and slow.waiting_bytes <= 16 << 20 and fast.waiting_bytes == 0
            start = trio.current_time()
            for _ in range(100):
                await node.broadcast("votes", bytes(1_000))
            assert trio.current_time() == start, "sending waits for nobody"
            await connected(node, peer(2))
            nursery.cancel_scope.cancel()


async def test_a_stuck_write_ends_the_connection(autojump_clock: MockClock) -> None:
    """The pings of an idle node are enough to find that out; 20 seconds are patience enough."""
    world = World()
    node = world.node(0)
    async with running(node):
        raw = await world.raw(1, 0)
        await connected(node, peer(1))
        await node.broadcast("transactions", bytes(1 << 20))
        start = trio.current_time()

        async def talk() -> None:
            while True:
                await raw.send(Ping(1))
                await trio.sleep(1)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(talk)
            await connected(node, seconds=MINUTE)
            nursery.cancel_scope.cancel()
        assert trio.current_time() - start == pytest.approx(20, abs=1)


async def test_floods_are_dropped_and_their_senders_banned(autojump_clock: MockClock) -> None:
    world = World()
    limits = NetworkLimits(messages_per_second=100, messages_burst=200)
    node = world.node(0, limits=limits)
    inbox = node.incoming("votes")
    async with running(node):
        villain, honest = await world.raw(1, 0), await world.raw(2, 0)
        await connected(node, peer(1), peer(2))
        start = trio.current_time()
        with pytest.raises(trio.BrokenResourceError):
            for number in range(100_000):
                await villain.send(Gossip("votes"), number.to_bytes(4, "big"))
                if number % 100 == 0:
                    await honest.send(Gossip("votes"), b"honest")
                    await trio.sleep(0.02)
        passed = trio.current_time() - start
        assert [(ban.who, ban.fault) for ban in node.stats().bans] == [(peer(1), "flood")]
        assert node.stats().drops["flood"] in (100, 101)
        received: list[Incoming] = []
        while inbox.count:
            received.append(await inbox.receive())
        assert 200 <= sum(each.peer == peer(1) for each in received) <= 200 + 100 * passed
        assert sum(each.peer == peer(2) for each in received) >= 3
        await connected(node, peer(2))


async def test_unasked_answers_get_one_banned(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        raw = await world.raw(1, 0)
        for number in range(5):
            await raw.send(Response(number + 1_000), b"here you are")
        await until(lambda: bool(node.stats().bans))
        assert node.stats().bans[0].fault == "unasked answer"


async def test_oversized_frames_get_one_banned_before_they_are_here(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        raw = await world.raw(1, 0)
        head = Gossip("votes")
        opening = (0x10_0000 + 100).to_bytes(4, "little") + b"\x04\x14votes" + bytes(600)
        await raw.stream.send_all(opening)
        goodbye = (await raw.find(Goodbye)).head
        assert goodbye == Goodbye("the data of Gossip has 1048669 bytes, and may have 1048576")
        assert node.stats().bans[0].fault == "oversized frame"
        assert node.stats().peers == () and head.topic == "votes"


async def test_unknown_topics_and_protocols_are_no_fault(autojump_clock: MockClock) -> None:
    world = World()
    node = world.node(0)
    async with running(node):
        raw = await world.raw(1, 0)
        await raw.send(Gossip("weather"), b"rain")
        await raw.send(Gossip("votes"), b"nobody listens here")
        await raw.send(Request(1, "weather"), b"")
        assert (await raw.find(Refusal)).head == Refusal(1, "this node answers no such requests")
        assert node.stats().drops == {"unknown topic": 1, "unheard topic": 1}
        assert node.stats().peers[0].score == 0


async def test_a_node_that_stops_closes_all_and_leaves_nothing(autojump_clock: MockClock) -> None:
    world = World()
    nodes = [world.node(0), world.node(1, reserved=(world.address(0),))]
    async with running(nodes[0]):
        async with running(nodes[1]):
            await meshed(*nodes)
        await connected(nodes[0])
        assert nodes[1].peers() == ()
        again = world.node(1, reserved=(world.address(0),))
        async with running(again):
            await meshed(nodes[0], again)


async def test_wrong_identities_are_dialled_on_and_on_without_harm(autojump_clock: MockClock) -> None:
    world = World()
    stranger = PeerAddress(IDENTITIES[7].public, "10.0.0.1", 30_333)
    node, other = world.node(0), world.node(1, reserved=(stranger,))
    async with running(node, other):
        await trio.sleep(MINUTE)
        assert node.peers() == () == other.peers()
        assert 30 <= other.stats().events["dials failed"] <= 80
