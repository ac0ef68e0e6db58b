"""Roads: between each two nodes a proxy of our own, which carries their bytes until the road is cut.

Each node dials each other one at a port that is the road between them, so a partition is made of real
sockets: they go silent, as when packets are lost, or they are closed, as when a machine in between gives up.
Bytes that were on a silent road arrive when it is mended, as TCP would have it.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Final

import trio

from node.localnet.errors import HOST
from node.localnet.plan import NetworkPlan, NodePlan

CHUNK_BYTES: Final = 65_536
CONVERSATIONS_MAX: Final = 64
"""Connections that one road carries, those that wait for it to be mended included; more are hung up on."""


class Cut(enum.Enum):
    """How a road is cut."""

    SILENT = "silent"
    """Nothing arrives any more, and nobody is told."""
    CLOSED = "closed"
    """Connections are closed, and new ones hung up on."""


class Road:
    """The way by which one node reaches another, from where that one is dialled."""

    def __init__(self, target_port: int) -> None:
        self.port = 0
        """Where it begins, once it runs."""
        self._target_port = target_port
        self._cut: Cut | None = None
        self._mended = trio.Event()
        self._mended.set()
        self._conversations: set[trio.CancelScope] = set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Carry until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host=HOST)
        self.port = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as nursery:
            await nursery.start(trio.serve_listeners, self._carry, listeners)
            task_status.started()

    def cut(self, how: Cut) -> None:
        """Carry nothing more."""
        self._cut = how
        self._mended = trio.Event()
        if how is Cut.CLOSED:
            for each in self._conversations:
                each.cancel()

    def mend(self) -> None:
        """Carry again, first of all what was on its way."""
        self._cut = None
        self._mended.set()

    async def _carry(self, caller: trio.SocketStream) -> None:
        async with caller:
            if self._cut is Cut.CLOSED or len(self._conversations) >= CONVERSATIONS_MAX:
                return
            with trio.CancelScope() as scope, suppress(OSError, trio.BrokenResourceError):
                self._conversations.add(scope)
                try:
                    await self._mended.wait()
                    async with await trio.open_tcp_stream(HOST, self._target_port) as other:
                        await self._converse(caller, other)
                finally:
                    self._conversations.remove(scope)

    async def _converse(self, caller: trio.SocketStream, other: trio.SocketStream) -> None:
        """Carry both ways, until one of the two hangs up."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._pour, caller, other, nursery.cancel_scope)
            nursery.start_soon(self._pour, other, caller, nursery.cancel_scope)

    async def _pour(
        self, source: trio.SocketStream, sink: trio.SocketStream, scope: trio.CancelScope
    ) -> None:
        with suppress(trio.BrokenResourceError):
            while data := await source.receive_some(CHUNK_BYTES):
                await self._mended.wait()
                await sink.send_all(data)
        scope.cancel()


class Roads:
    """All roads of a network; made by `laid`."""

    def __init__(self, plan: NetworkPlan) -> None:
        self.by_ends = {
            (caller.name, other.name): Road(other.peer_port)
            for caller in plan.nodes
            for other in plan.nodes
            if caller is not other
        }

    def reach(self, caller: NodePlan, other: NodePlan) -> int:
        """The port at which one node dials another."""
        return self.by_ends[caller.name, other.name].port

    def part(self, side: Collection[str], how: Cut) -> None:
        """Cut the roads between the named nodes and all others."""
        for (caller, other), road in self.by_ends.items():
            if (caller in side) != (other in side):
                road.cut(how)

    def mend(self) -> None:
        """Let everybody reach everybody again."""
        for road in self.by_ends.values():
            road.mend()


@asynccontextmanager
async def laid(plan: NetworkPlan) -> AsyncGenerator[Roads]:
    """The roads of a network, for as long as the block takes."""
    roads = Roads(plan)
    async with trio.open_nursery() as nursery:
        for road in roads.by_ends.values():
            await nursery.start(road.run)
        yield roads
        nursery.cancel_scope.cancel()
