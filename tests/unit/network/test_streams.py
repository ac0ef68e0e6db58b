"""Streams of both transports: Trio's own examination finds them to be streams; what a link does to bytes."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import pytest
import trio
from trio.testing import MockClock, check_two_way_stream

from node.network.address import PeerAddress
from node.network.errors import CannotListen, DialFailed, WrongPeer
from node.network.memory import WINDOW_BYTES_MAX, Link, MemoryHub
from node.network.noise import NoiseTransport
from node.network.transport import Transport
from support.network import Guestbook, noise, peer

Ends: TypeAlias = tuple[trio.abc.Stream, trio.abc.Stream]


class Meeting(Guestbook):
    """A door behind which a test finds the streams that came in."""

    def __init__(self) -> None:
        super().__init__()
        self._send, self._receive = trio.open_memory_channel[trio.abc.Stream](1)

    async def welcome(self, peer: bytes, host: str, stream: trio.abc.Stream) -> None:
        await self._send.send(stream)
        await trio.sleep_forever()

    async def pair(self, dialler: Transport, address: PeerAddress) -> Ends:
        """Both ends of a new connection."""
        return await dialler.dial(address), await self._receive.receive()


async def meet(
    nursery: trio.Nursery, dialler: Transport, listener: Transport
) -> Callable[[], Awaitable[Ends]]:
    """What makes connections between two transports."""
    meeting = Meeting()
    address = await nursery.start(listener.serve, meeting)
    return lambda: meeting.pair(dialler, address)


class Script:
    """A link that answers what it is told to."""

    def __init__(self) -> None:
        self.opening: float | None = 0.0
        self.carrying: float | None = 1.0
        self.sizes: list[int] = []

    def opens(self, dialler: bytes, listener: bytes) -> float | None:
        return self.opening

    def carries(self, sender: bytes, receiver: bytes, size: int) -> float | None:
        self.sizes.append(size)
        return self.carrying


async def set_soon(event: trio.Event) -> None:
    event.set()


def pair_of(hub: MemoryHub) -> tuple[Transport, Transport]:
    return hub.transport(peer(0), "10.0.0.1"), hub.transport(peer(1), "10.0.1.1")


async def test_noise_streams_are_streams() -> None:
    async with trio.open_nursery() as nursery:
        pair = await meet(nursery, noise(0), noise(1))
        await check_two_way_stream(pair, None)
        nursery.cancel_scope.cancel()


async def test_memory_streams_are_streams(autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        pair = await meet(nursery, *pair_of(MemoryHub()))

        async def clogged() -> Ends:
            ends = await pair()
            for stream in ends:
                await stream.send_all(bytes(WINDOW_BYTES_MAX))
            return ends

        await check_two_way_stream(pair, clogged)
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("size", [1, 65_519, 65_520, 1_000_000])
async def test_any_amount_passes_through_noise(size: int) -> None:
    """Below, at, and beyond what one Noise message holds."""
    data = bytes(place % 251 for place in range(size))
    async with trio.open_nursery() as nursery:
        pair = await meet(nursery, noise(0), noise(1))
        here, there = await pair()
        received = bytearray()

        async def receive() -> None:
            while len(received) < size:
                received.extend(await there.receive_some())

        with trio.fail_after(10):
            async with here, trio.open_nursery() as both:
                both.start_soon(here.send_all, data)
                both.start_soon(receive)
        assert received == data
        nursery.cancel_scope.cancel()


# Memory: what the link says happens.


async def test_a_chunk_takes_as_long_as_the_link_says_and_overtakes_none(autojump_clock: MockClock) -> None:
    link = Script()
    async with trio.open_nursery() as nursery:
        pair = await meet(nursery, *pair_of(MemoryHub(link)))
        here, there = await pair()
        start = trio.current_time()
        await here.send_all(b"slow")
        link.carrying = 0.25
        await here.send_all(b"fast")
        assert trio.current_time() == start
        assert await there.receive_some() == b"slow"
        assert trio.current_time() == start + 1
        assert await there.receive_some() == b"fast"
        assert trio.current_time() == start + 1
        await here.send_all(b"then")
        assert await there.receive_some() == b"then"
        assert trio.current_time() == start + 1.25
        assert link.sizes == [4, 4, 4]
        nursery.cancel_scope.cancel()


async def test_who_sends_need_not_let_others_run(autojump_clock: MockClock) -> None:
    """But hears that it is cancelled all the same."""
    async with trio.open_nursery() as nursery:
        hub = MemoryHub(pause=trio.lowlevel.checkpoint_if_cancelled)
        pair = await meet(nursery, *pair_of(hub))
        here, there = await pair()
        others = trio.Event()
        trio.lowlevel.spawn_system_task(set_soon, others)
        await here.send_all(b"at once")
        assert not others.is_set()
        with trio.CancelScope() as cancelled:
            cancelled.cancel()
            await here.send_all(b"never")
        assert cancelled.cancelled_caught
        await here.aclose()
        assert [await there.receive_some(), await there.receive_some()] == [b"at once", b""]
        nursery.cancel_scope.cancel()


async def test_a_link_that_is_down_is_silent(autojump_clock: MockClock) -> None:
    """Neither bytes nor the end arrive, and the sender sees its window fill up."""
    link = Script()
    async with trio.open_nursery() as nursery:
        pair = await meet(nursery, *pair_of(MemoryHub(link)))
        here, there = await pair()
        link.carrying = math.inf
        with trio.move_on_after(1_000) as stuck:
            await here.send_all(bytes(2 * WINDOW_BYTES_MAX))
        assert stuck.cancelled_caught
        await here.aclose()
        link.carrying = 0.0
        with trio.move_on_after(1_000) as silent:
            await there.receive_some()
        assert silent.cancelled_caught
        await there.send_all(b"still there?")
        nursery.cancel_scope.cancel()


async def test_a_link_that_breaks_breaks_both_ends(autojump_clock: MockClock) -> None:
    link = Script()
    async with trio.open_nursery() as nursery:
        pair = await meet(nursery, *pair_of(MemoryHub(link)))
        here, there = await pair()
        link.carrying = None
        with pytest.raises(trio.BrokenResourceError):
            await here.send_all(b"x")
        for stream in (here, there):
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("strike", [lambda hub: hub.cut(peer(1), peer(0)), lambda hub: hub.crash(peer(1))])
async def test_connections_are_cut(strike: Callable[[MemoryHub], None], autojump_clock: MockClock) -> None:
    hub = MemoryHub()
    async with trio.open_nursery() as nursery:
        pair = await meet(nursery, *pair_of(hub))
        other = await meet(nursery, hub.transport(peer(0), "10.0.0.1"), hub.transport(peer(2), "10.0.2.1"))
        here, there = await pair()
        kept, _ = await other()
        strike(hub)
        for stream in (here, there):
            with pytest.raises(trio.BrokenResourceError):
                await stream.send_all(b"x")
        await kept.send_all(b"x")
        nursery.cancel_scope.cancel()


async def test_a_dial_in_memory_finds_who_it_means_or_says_why_not(autojump_clock: MockClock) -> None:
    link = Script()
    hub = MemoryHub(link)
    dialler, listener = pair_of(hub)
    there = PeerAddress(peer(1), "10.0.1.1", 30_333)
    with pytest.raises(DialFailed) as nobody:
        await dialler.dial(there)
    assert str(nobody.value) == f"{there} does not answer: Connection refused"
    async with trio.open_nursery() as nursery:
        await nursery.start(listener.serve, Guestbook())
        with pytest.raises(CannotListen) as taken:
            await hub.transport(peer(2), "10.0.1.1").serve(Guestbook())
        assert str(taken.value) == "cannot listen for peers on 10.0.1.1:30333: the port is taken"
        with pytest.raises(WrongPeer) as wrong:
            await dialler.dial(PeerAddress(peer(2), "10.0.1.1", 30_333))
        assert str(wrong.value) == f"{peer(1).hex()} answers where {peer(2).hex()} was dialled"
        link.opening = None
        with pytest.raises(DialFailed) as down:
            await dialler.dial(there)
        assert str(down.value) == f"{there} does not answer: the link is down"
        link.opening = math.inf
        with trio.move_on_after(1_000) as waiting:
            await dialler.dial(there)
        assert waiting.cancelled_caught
        nursery.cancel_scope.cancel()


def test_the_links_are_links() -> None:
    link: Link = Script()
    transport: Transport = noise(0)
    assert isinstance(transport, NoiseTransport) and link.opens(b"", b"") == 0
