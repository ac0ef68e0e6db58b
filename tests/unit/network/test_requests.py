"""Requests are answered, refused or ended, each in bounded time and space; in memory, in simulated time."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from node.network.errors import (
    CannotAnswer,
    PeerBusy,
    PeerGone,
    RequestRefused,
    RequestTimedOut,
)
from node.network.frames import Goodbye, Refusal, Request, Response
from node.network.limits import NetworkLimits
from node.network.topics import Protocol
from support.network import World, connected, mesh_of, meshed, peer, running

MINUTE = 60.0


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
