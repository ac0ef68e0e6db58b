"""The transport of real networks, on this machine's sockets: who comes in, and what is turned away, and
when.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import trio

from node.network.address import PeerAddress, PeerId
from node.network.errors import CannotListen, DialFailed, HandshakeFailed, WrongPeer
from node.network.limits import NetworkLimits
from node.network.service import PeerNetwork
from support.network import OTHER_GENESIS, Guestbook, connected, meshed, network, noise, peer, running, until

HASTY = NetworkLimits(handshake_seconds_max=0.3)
ELSEWHERE = "the peer is of another chain, or the bytes are not its own"


async def echo(stream: trio.abc.Stream) -> None:
    """Send back what comes, until it ends or breaks."""
    try:
        async for data in stream:
            await stream.send_all(data)
    except trio.BrokenResourceError:
        return


@asynccontextmanager
async def listening(
    place: int = 1, *, limits: NetworkLimits | None = None
) -> AsyncIterator[tuple[PeerAddress, Guestbook]]:
    """A node that sends back what its guests say."""
    book = Guestbook(echo)
    async with trio.open_nursery() as nursery:
        yield await nursery.start(noise(place, limits=limits).serve, book), book
        nursery.cancel_scope.cancel()


async def ended(stream: trio.abc.Stream) -> bytes:
    """What a stream still says until it ends."""
    heard = bytearray()
    with trio.fail_after(5):
        try:
            async for data in stream:
                heard += data
        except trio.BrokenResourceError:
            pass
    return bytes(heard)


async def raw(address: PeerAddress) -> trio.SocketStream:
    """A connection that has said nothing."""
    return await trio.open_tcp_stream(address.host, address.port)


async def test_a_dial_reaches_who_it_means_and_both_know_whom() -> None:
    async with listening() as (address, book):
        async with await noise(0).dial(address) as stream:
            await stream.send_all(b"hello")
            assert await stream.receive_some() == b"hello"
            assert book.guests == [(peer(0), "127.0.0.1")]
        assert address.peer == peer(1) and book.turned == []


async def test_nothing_that_is_said_is_readable_on_the_wire() -> None:
    async with (
        listening() as (address, _),
        recorded(address) as (through, record),
        await noise(0).dial(through) as stream,
    ):
        await stream.send_all(b"a secret" * 10)
        await stream.receive_some()
    said, heard = bytes(record[0]), bytes(record[1])
    assert len(said) > 200 < len(heard)
    assert not any(word in each for word in (b"secret", peer(0), peer(1)) for each in (said, heard))


async def test_a_dial_says_why_it_failed() -> None:
    async with listening() as (address, _):
        with pytest.raises(WrongPeer) as wrong:
            await noise(0).dial(PeerAddress(peer(2), address.host, address.port))
        assert str(wrong.value) == f"{peer(1).hex()} answers where {peer(2).hex()} was dialled"
        with pytest.raises(HandshakeFailed) as other:
            await noise(0, genesis=OTHER_GENESIS).dial(address)
        assert str(other.value) == f"message 2 of the handshake does not decrypt: {ELSEWHERE}"
        with pytest.raises(HandshakeFailed) as self_dialled:
            await noise(1).dial(address)
        assert str(self_dialled.value) == "the peer is this node itself"
    with pytest.raises(DialFailed) as nobody:
        await noise(0).dial(address)
    assert str(nobody.value) == f"{address} does not answer: Connection refused"


async def test_a_dial_is_bounded_in_time() -> None:
    """Somebody listens, and says nothing."""
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    host, port = listeners[0].socket.getsockname()
    with pytest.raises(HandshakeFailed) as silent:
        await noise(0, limits=HASTY).dial(PeerAddress(peer(1), host, port))
    assert str(silent.value) == "no handshake within 0.3 s"
    await listeners[0].aclose()


async def test_a_taken_port_is_told() -> None:
    async with listening() as (address, _):
        with pytest.raises(CannotListen) as taken:
            await noise(2, port=address.port).serve(Guestbook())
        assert str(taken.value) == (
            f"cannot listen for peers on 127.0.0.1:{address.port}: the port is taken; choose another with "
            "--listen-port"
        )


async def test_who_does_not_listen_can_still_dial() -> None:
    async with listening() as (address, book), trio.open_nursery() as nursery:
        silent = noise(0, port=None)
        assert await nursery.start(silent.serve, Guestbook()) is None
        async with await silent.dial(address):
            await until(lambda: book.guests == [(peer(0), "127.0.0.1")])
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "a message has 18245 bytes; from 17 to 32 are allowed"),
        (bytes(2), "a message has 0 bytes; from 17 to 32 are allowed"),
        (b"\x00\x20" + bytes(32), "the peer's key is of small order and leaves no secret"),
        (b"\x00\x1f" + bytes(31), "message 1 of the handshake has 31 bytes, not 32"),
        (
            b"\x00\x20" + b"k" * 32 + b"\x00\xa0" + bytes(160),
            f"message 3 of the handshake does not decrypt: {ELSEWHERE}",
        ),
        (b"\x00\x20" + b"k" * 32 + b"\xff\xff", "a message has 65535 bytes; from 17 to 160 are allowed"),
        (b"\x00", "no handshake within 0.3 s"),
        (b"", "no handshake within 0.3 s"),
    ],
)
async def test_whatever_is_no_handshake_is_turned_away(said: bytes, reason: str) -> None:
    """Garbage at once; who opens a connection and is silent, in time."""
    limits = HASTY if reason.startswith("no handshake") else None
    async with listening(limits=limits) as (address, book):
        async with await raw(address) as stream:
            await stream.send_all(said)
            await ended(stream)
        await until(lambda: bool(book.turned))
        assert book.turned == [("127.0.0.1", reason)] and book.guests == []


async def test_who_leaves_early_is_noticed() -> None:
    async with listening() as (address, book):
        async with await raw(address) as stream:
            await stream.send_all(b"\x00\x20" + b"k" * 32)
        await until(lambda: bool(book.turned))
        assert book.turned == [("127.0.0.1", "the peer closed the connection during the handshake")]


async def test_of_too_many_silent_callers_the_oldest_must_go_and_the_honest_get_in() -> None:
    async with listening(limits=NetworkLimits(handshakes_max=4)) as (address, book):
        silent = [await raw(address) for _ in range(10)]
        await until(lambda: len(book.turned) == 6)
        assert {reason for _, reason in book.turned} == {"too many others wait to prove who they are"}
        for stream in silent[:6]:
            assert await ended(stream) == b""
        for _ in range(20):
            async with await noise(0).dial(address) as stream:
                await stream.send_all(b"x")
                assert await stream.receive_some() == b"x"
        for stream in silent:
            await stream.aclose()


@asynccontextmanager
async def recorded(address: PeerAddress) -> AsyncIterator[tuple[PeerAddress, tuple[bytearray, bytearray]]]:
    """A wire tap before a node: its address, and what went in and out."""
    record = bytearray(), bytearray()

    async def tap(caller: trio.SocketStream) -> None:
        async with await raw(address) as callee, trio.open_nursery() as nursery:

            async def carry(source: trio.SocketStream, target: trio.SocketStream, tape: bytearray) -> None:
                try:
                    async for data in source:
                        tape.extend(data)
                        await target.send_all(data)
                except (trio.BrokenResourceError, trio.ClosedResourceError):
                    pass
                nursery.cancel_scope.cancel()

            nursery.start_soon(carry, caller, callee, record[0])
            nursery.start_soon(carry, callee, caller, record[1])

    async with trio.open_nursery() as nursery:
        serve: Callable[..., Awaitable[object]] = trio.serve_tcp
        listeners = await nursery.start(lambda **kwargs: serve(tap, 0, host="127.0.0.1", **kwargs))
        yield PeerAddress(address.peer, "127.0.0.1", listeners[0].socket.getsockname()[1]), record
        nursery.cancel_scope.cancel()


async def test_a_recorded_connection_played_again_is_refused() -> None:
    """Handshake, greeting and all: what was said once proves nothing to either side."""
    async with listening() as (address, book):
        async with recorded(address) as (through, record), await noise(0).dial(through) as stream:
            await stream.send_all(b"transfer everything")
            await stream.receive_some()
        said, heard = map(bytes, record)
        async with await raw(address) as replay:
            await replay.send_all(said)
            await ended(replay)
        await until(lambda: bool(book.turned))
        assert book.turned == [("127.0.0.1", f"message 3 of the handshake does not decrypt: {ELSEWHERE}")]
        assert len(book.guests) == 1

    async def play(stream: trio.SocketStream) -> None:
        await stream.send_all(heard)
        await ended(stream)

    async with trio.open_nursery() as nursery:
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, play, listeners)
        host, port = listeners[0].socket.getsockname()
        with pytest.raises(HandshakeFailed) as refused:
            await noise(0).dial(PeerAddress(peer(1), host, port))
        assert str(refused.value) == f"message 2 of the handshake does not decrypt: {ELSEWHERE}"
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("place", [1, 2, 10, -1])
async def test_bytes_changed_on_the_way_break_the_connection(place: int) -> None:
    """Behind the handshake too: lengths, text and tag."""
    handshake = 2 + 32 + 2 + 160

    async def meddle(caller: trio.SocketStream, callee: trio.SocketStream) -> None:
        passed = bytearray()
        async for data in caller:
            at = len(passed)
            passed += data
            if len(passed) > handshake:
                struck = bytearray(passed[handshake:])
                struck[place] ^= 1
                passed[handshake:] = struck
            await callee.send_all(passed[at:])
            if len(passed) > handshake:
                return

    async with listening() as (address, book), trio.open_nursery() as nursery:

        async def tap(caller: trio.SocketStream) -> None:
            async with await raw(address) as callee, trio.open_nursery() as inner:
                inner.start_soon(meddle, caller, callee)
                async for data in callee:
                    await caller.send_all(data)

        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        nursery.start_soon(trio.serve_listeners, tap, listeners)
        host, port = listeners[0].socket.getsockname()
        async with await noise(0).dial(PeerAddress(peer(1), host, port)) as stream:
            await stream.send_all(b"hello")
            assert await ended(stream) == b""
        assert book.guests == [(peer(0), "127.0.0.1")]
        nursery.cancel_scope.cancel()


# Whole networks.


def fleet(count: int, **config: object) -> list[PeerNetwork]:
    return [network(noise(place), seed=place, **config) for place in range(count)]


async def test_four_nodes_become_a_mesh_and_talk() -> None:
    nodes = fleet(4)
    inboxes = [node.incoming("votes") for node in nodes]

    async def answer(asker: PeerId, data: bytes) -> bytes:
        return data * 1_000_000

    nodes[3].on_request("blocks/1", answer)
    async with running(*nodes) as addresses:
        for node in nodes:
            node.set_reserved(addresses)
        await meshed(*nodes)
        for node in nodes:
            await node.broadcast("votes", b"of " + node.me)
        with trio.fail_after(5):
            for place, inbox in enumerate(inboxes):
                heard = {await inbox.receive() for _ in range(3)}
                others = [other.me for other in nodes if other is not nodes[place]]
                assert heard == {(each, "votes", b"of " + each) for each in others}
        assert await nodes[0].request(peer(3), "blocks/1", b"8 bytes!") == b"8 bytes!" * 1_000_000


async def test_a_killed_node_is_back_within_three_seconds() -> None:
    nodes = fleet(2)
    async with running(*nodes) as addresses:
        async with trio.open_nursery() as nursery:
            third = network(noise(2), reserved=tuple(addresses))
            third_address = await nursery.start(third.run)
            for node in nodes:
                node.set_reserved((*addresses, third_address))
            await meshed(*nodes, third)
            nursery.cancel_scope.cancel()
        await trio.sleep(1.5)
        assert all(len(node.peers()) == 1 for node in nodes)
        again = network(noise(2, port=third_address.port), reserved=tuple(addresses))
        async with running(again):
            await meshed(*nodes, again, seconds=3)


async def test_nodes_of_two_chains_never_meet() -> None:
    here = network(noise(0))
    async with running(here) as (address,):
        assert address is not None
        there = network(noise(1, genesis=OTHER_GENESIS), reserved=(address,))
        async with running(there):
            await until(lambda: here.stats().events.get("handshakes failed", 0) >= 2)
            assert here.peers() == () == there.peers()
            assert here.stats().bans == (), "this machine is not banned for what one process of it does"


async def test_a_node_that_stops_leaves_no_connection_behind() -> None:
    nodes = fleet(2)
    async with running(nodes[0]) as (address,):
        nodes[1].set_reserved([address])
        async with running(nodes[1]):
            await meshed(*nodes)
        await connected(nodes[0])
