"""Roads carry bytes both ways until they are cut, silently or not; mended, they deliver what was sent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from genesis.presets.local import local
from node.localnet.errors import HOST
from node.localnet.plan import NetworkPlan, plan_network
from node.localnet.roads import CONVERSATIONS_MAX, Cut, Roads, laid

SILENT_SECONDS = 0.2
SOON_SECONDS = 5


@asynccontextmanager
async def echoing(folder: Path) -> AsyncIterator[tuple[NetworkPlan, Roads]]:
    """Three nodes, each of which says everything back, and the roads between them."""
    plan = plan_network(folder, lambda: local(3), validators=3)

    async def echo(stream: trio.SocketStream) -> None:
        async for chunk in stream:
            await stream.send_all(chunk)

    async with laid(plan) as roads, trio.open_nursery() as nursery:
        for node in plan.nodes:
            listeners = await trio.open_tcp_listeners(node.peer_port, host=HOST)
            await nursery.start(trio.serve_listeners, echo, listeners)
        yield plan, roads
        nursery.cancel_scope.cancel()


async def dial(plan: NetworkPlan, roads: Roads, caller: int, other: int) -> trio.SocketStream:
    return await trio.open_tcp_stream(HOST, roads.reach(plan.nodes[caller], plan.nodes[other]))


async def says_back(stream: trio.SocketStream, text: bytes) -> bool:
    await stream.send_all(text)
    with trio.move_on_after(SOON_SECONDS):
        return await stream.receive_some(100) == text
    return False


async def is_silent(stream: trio.SocketStream) -> bool:
    with trio.move_on_after(SILENT_SECONDS) as waiting:
        await stream.receive_some(100)
    return waiting.cancelled_caught


async def is_closed(stream: trio.SocketStream) -> bool:
    with trio.move_on_after(SOON_SECONDS):
        try:
            return await stream.receive_some(100) == b""
        except trio.BrokenResourceError:
            return True
    return False


async def test_a_silent_road_delivers_when_it_is_mended(tmp_path: Path) -> None:
    async with echoing(tmp_path) as (plan, roads):
        old, back, aside = [await dial(plan, roads, *ends) for ends in ((0, 1), (1, 0), (1, 2))]
        for stream in (old, back, aside):
            assert await says_back(stream, b"before")
        roads.part({"alice"}, Cut.SILENT)
        await old.send_all(b"held up")
        await back.send_all(b"this too")
        new = await dial(plan, roads, 2, 0)
        await new.send_all(b"and this")
        for stream in (old, back, new):
            assert await is_silent(stream)
        assert await says_back(aside, b"on the same side")
        roads.mend()
        with trio.fail_after(SOON_SECONDS):
            assert await old.receive_some(100) == b"held up"
            assert await back.receive_some(100) == b"this too"
            assert await new.receive_some(100) == b"and this"
        for stream in (old, back, aside, new):
            await stream.aclose()


async def test_a_closed_road_hangs_up(tmp_path: Path) -> None:
    async with echoing(tmp_path) as (plan, roads):
        old, aside = await dial(plan, roads, 0, 1), await dial(plan, roads, 1, 2)
        assert await says_back(old, b"before") and await says_back(aside, b"before")
        roads.part({"alice"}, Cut.CLOSED)
        assert await is_closed(old)
        async with await dial(plan, roads, 1, 0) as refused:
            assert await is_closed(refused)
        assert await says_back(aside, b"on the same side")
        roads.mend()
        async with await dial(plan, roads, 0, 1) as new:
            assert await says_back(new, b"after")
        await old.aclose()
        await aside.aclose()


async def test_the_end_of_one_side_is_told_to_the_other_and_nobody_there_is_an_end(tmp_path: Path) -> None:
    plan = plan_network(tmp_path, lambda: local(2), validators=2)
    async with laid(plan) as roads:
        async with await dial(plan, roads, 0, 1) as stream:
            assert await is_closed(stream)
        listeners = await trio.open_tcp_listeners(plan.nodes[1].peer_port, host=HOST)
        async with await dial(plan, roads, 0, 1) as stream:
            other = await listeners[0].accept()
            await other.aclose()
            assert await is_closed(stream)
        await listeners[0].aclose()


async def test_the_conversations_of_a_road_are_bounded(tmp_path: Path) -> None:
    async with echoing(tmp_path) as (plan, roads):
        roads.part({"alice"}, Cut.SILENT)
        streams = [await dial(plan, roads, 0, 1) for _ in range(CONVERSATIONS_MAX)]
        assert await is_silent(streams[-1])
        async with await dial(plan, roads, 0, 1) as one_more:
            assert await is_closed(one_more)
        for stream in streams:
            await stream.aclose()
