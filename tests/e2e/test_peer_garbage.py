"""Whatever is thrown at the peer port of a running network, its honest nodes go on: real sockets, real
Noise, and one villain of each kind at work at the same time.

Votes arrive all the while, the villains who have proven who they are are banned, those who have not are
turned away, and the memory that it takes is bounded.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Awaitable, Callable

import trio

from node.network.address import PeerAddress
from node.network.errors import NetworkError
from node.network.frames import Gossip, Request, Response, encode
from node.network.limits import NetworkLimits
from support.network import OTHER_GENESIS, RawPeer, TurnedAway, meshed, network, noise, peer, running

SEED = 20_260_103
SECONDS = 6
VOTES_PER_SECOND = 20
HONEST = 4
LIMITS = NetworkLimits(
    handshake_seconds_max=2.0, handshakes_max=16, messages_per_second=200, messages_burst=400
)
LATE_SECONDS_MAX = 2
UNDER_WAY_MAX = LATE_SECONDS_MAX * VOTES_PER_SECOND // 4
"""Votes that may be cast and not yet heard when the time is up."""
MEMORY_BYTES_MAX = 64 << 20
"""What the attacks may cost all four nodes together, the villains' own memory included."""
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, OSError, EOFError, NetworkError, TurnedAway)

Villain = Callable[[PeerAddress, random.Random], Awaitable[None]]


async def raw(address: PeerAddress) -> trio.SocketStream:
    return await trio.open_tcp_stream(address.host, address.port)


async def greeted(address: PeerAddress, place: int) -> RawPeer:
    """A villain with an identity of its own."""
    return await RawPeer.greet(await noise(place).dial(address))


async def pour(villain: RawPeer, frame: Callable[[int], bytes]) -> None:
    """Frames without end, a hundred at a time."""
    async with villain.stream:
        for begin in range(0, 1_000_000, 100):
            await villain.stream.send_all(b"".join(map(frame, range(begin, begin + 100))))


async def garbage(address: PeerAddress, dice: random.Random) -> None:
    """Random bytes, a few or many."""
    async with await raw(address) as stream:
        await stream.send_all(dice.randbytes(dice.choice((1, 2, 33, 500, 100_000))))
        await trio.sleep(dice.uniform(0, 0.1))


async def half_open(address: PeerAddress, dice: random.Random) -> None:
    """A connection on which nothing is said."""
    async with await raw(address) as stream:
        await stream.receive_some()


async def stranger(address: PeerAddress, dice: random.Random) -> None:
    """A node of another chain."""
    await noise(dice.randrange(100, 200), genesis=OTHER_GENESIS).dial(address)


async def mute(address: PeerAddress, dice: random.Random) -> None:
    """It proves who it is, and says nothing more."""
    async with await noise(dice.randrange(100, 200)).dial(address) as stream:
        await trio.sleep(dice.uniform(0, 3))
        await stream.receive_some()


async def babbler(address: PeerAddress, dice: random.Random) -> None:
    """Random bytes where frames belong."""
    villain = await greeted(address, 10)
    async with villain.stream:
        while True:
            await villain.stream.send_all(dice.randbytes(1_000))


async def giant(address: PeerAddress, dice: random.Random) -> None:
    """A vote of eight mebibytes."""
    villain = await greeted(address, 11)
    async with villain.stream:
        await villain.send(Gossip("votes"), bytes(8 << 20))
        await villain.find(Response)


async def flooder(address: PeerAddress, dice: random.Random) -> None:
    """Votes, as fast as they can be written."""
    villain = await greeted(address, 12)
    await pour(villain, lambda number: encode(Gossip("votes"), number.to_bytes(4, "little") * 25))


async def beggar(address: PeerAddress, dice: random.Random) -> None:
    """Asks for blocks without end, and reads no answer."""
    villain = await greeted(address, 13)
    await pour(villain, lambda number: encode(Request(number, "blocks/1"), b"x"))


async def know_all(address: PeerAddress, dice: random.Random) -> None:
    """Answers what nobody asked."""
    villain = await greeted(address, 14)
    await pour(villain, lambda number: encode(Response(1_000_000 + number), dice.randbytes(1_000)))


NAMELESS: tuple[Villain, ...] = (garbage, half_open, stranger, mute)
NAMED: dict[Villain, tuple[bytes, str]] = {
    babbler: (peer(10), "oversized frame"),
    giant: (peer(11), "oversized frame"),
    flooder: (peer(12), "flood"),
    beggar: (peer(13), "flood"),
    know_all: (peer(14), "unasked answer"),
}


async def again_and_again(villain: Villain, address: PeerAddress, dice: random.Random) -> None:
    """A villain that is not put off by being thrown out."""
    while True:
        try:
            await villain(address, dice)
        except _GONE:
            pass
        except BaseExceptionGroup as group:
            if group.split(_GONE)[1] is not None:
                raise
        await trio.sleep(dice.uniform(0, 0.1))


async def block(asker: bytes, data: bytes) -> bytes:
    return bytes(1 << 20)


async def test_a_network_goes_on_whatever_is_thrown_at_it() -> None:
    nodes = [network(noise(place, limits=LIMITS), seed=place, limits=LIMITS) for place in range(HONEST)]
    victim = nodes[0]
    inboxes = [node.incoming("votes") for node in nodes]
    heard: list[dict[bytes, int]] = [{node.me: 0 for node in nodes} for _ in nodes]
    cast = [0] * HONEST
    latest = [0.0] * HONEST
    """The longest that each node waited for a vote that another one had just cast."""

    async def listen(place: int) -> None:
        async for message in inboxes[place]:
            if message.peer in heard[place]:
                heard[place][message.peer] += 1
                then = int.from_bytes(message.data, "little") / 1_000
                latest[place] = max(latest[place], trio.current_time() - then)

    async def vote(place: int) -> None:
        while True:
            now = int(trio.current_time() * 1_000)
            await nodes[place].broadcast("votes", now.to_bytes(8, "little"))
            cast[place] += 1
            await trio.sleep(1 / VOTES_PER_SECOND)

    for node in nodes:
        node.on_request("blocks/1", block)
    async with running(*nodes) as addresses, trio.open_nursery() as nursery:
        for node in nodes:
            node.set_reserved(addresses)
        await meshed(*nodes)
        for place in range(HONEST):
            nursery.start_soon(listen, place)
            nursery.start_soon(vote, place)
        tracemalloc.start()
        dice = random.Random(SEED)
        for villain in (*NAMELESS * 3, *NAMED):
            nursery.start_soon(again_and_again, villain, addresses[0], random.Random(dice.random()))
        await trio.sleep(SECONDS)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        stats = victim.stats()
        assert {(ban.who, ban.fault) for ban in stats.bans} >= {
            NAMED[villain] for villain in NAMED if villain is not babbler
        }
        assert NAMED[babbler][0] in {ban.who for ban in stats.bans}
        assert set(victim.peers()) >= {node.me for node in nodes[1:]}
        assert stats.events["handshakes failed"] > 50
        assert peak < MEMORY_BYTES_MAX, f"{peak >> 20} MiB"
        for place, counts in enumerate(heard):
            for author, node in enumerate(nodes):
                assert author == place or counts[node.me] >= cast[author] - UNDER_WAY_MAX, "votes were lost"
        assert max(latest) < LATE_SECONDS_MAX, "votes were late"
        for node in nodes[1:]:
            assert node.stats().bans == () and len(node.peers()) >= HONEST - 1
        nursery.cancel_scope.cancel()
