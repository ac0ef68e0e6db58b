"""A small node behind a real RPC port, for tests of the port itself."""

from __future__ import annotations

import http.client
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import trio
from trio_websocket import WebSocketConnection, wrap_client_stream

from node.rpc import Address, BlockNumber, Context, Hash, Registry, RpcConfig, RpcError, Sink, serve

registry: Registry[Node] = Registry()


@dataclass
class Node:
    """What the handlers below answer from."""

    name: str = "a node"
    log: list[str] = field(default_factory=list[str])
    ended: list[str] = field(default_factory=list[str])


@registry.method("echo")
async def echo(ctx: Context[Node], value: object = None) -> object:
    return value


@registry.method("node_name", aliases=("node_alias",))
async def node_name(ctx: Context[Node]) -> str:
    return ctx.node.name


@registry.method("note")
async def note(ctx: Context[Node], text: str) -> None:
    ctx.node.log.append(text)


@registry.method("typed")
async def typed(
    ctx: Context[Node], numbers: BlockNumber | list[BlockNumber], at: Hash | None = None
) -> object:
    return [numbers, at and at.hex()]


@registry.method("refuse")
async def refuse(ctx: Context[Node]) -> None:
    raise RpcError(1010, "Invalid Transaction", "Transaction is outdated")


@registry.method("bug")
async def bug(ctx: Context[Node]) -> None:
    raise ZeroDivisionError("a bug")


@registry.method("slow")
async def slow(ctx: Context[Node]) -> None:
    await trio.sleep_forever()


@registry.method("large")
async def large(ctx: Context[Node], size: int) -> str:
    return "x" * size


@registry.method("dev_reset", unsafe=True)
async def dev_reset(ctx: Context[Node]) -> bool:
    return True


@registry.subscription("count_subscribe", unsubscribe="count_unsubscribe", notification="count")
async def count_subscribe(ctx: Context[Node], sink: Sink, upto: int) -> None:
    """Counts, then stays until it is ended."""
    try:
        await sink.accept()
        for number in range(upto):
            await sink.send(number)
        await trio.sleep_forever()
    finally:
        ctx.node.ended.append(sink.id)


@registry.subscription(
    "brief_subscribe", unsubscribe="brief_unsubscribe", notification="brief", unsubscribe_says_null=True
)
async def brief_subscribe(ctx: Context[Node], sink: Sink, refuse: bool = False) -> None:
    """Sends one value and ends, unless it refuses."""
    if refuse:
        raise RpcError(1014, "Priority is too low: (2 vs 1)")
    sink.attachment = ctx.node
    await sink.send("once")


@registry.method("attachment")
async def attachment(ctx: Context[Node], subscription: str) -> str | None:
    found = ctx.session.find(subscription, Node)
    return found and found.name


class Server:
    """A server that a test stops while its clients stay."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._scope = trio.CancelScope()
        self._stopped = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[Address]) -> None:
        with self._scope:
            await serve(registry, self._node, RpcConfig(port=0), task_status=task_status)
        self._stopped.set()

    async def stop(self) -> float:
        """Stop it; the seconds that it took."""
        before = trio.current_time()
        self._scope.cancel()
        await self._stopped.wait()
        return trio.current_time() - before


@asynccontextmanager
async def running(config: RpcConfig | None = None, node: Node | None = None) -> AsyncIterator[Address]:
    """The server, on a port of its own."""
    async with trio.open_nursery() as nursery:
        yield await nursery.start(serve, registry, node or Node(), config or RpcConfig(port=0))
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def websocket(
    address: Address, *, read_ahead: int = 1_000, goodbye: bool = True
) -> AsyncIterator[WebSocketConnection]:
    """A connection that reads at most so many messages ahead, and leaves with or without a goodbye."""
    stream = await trio.open_tcp_stream(address.host, address.port)
    async with stream, trio.open_nursery() as nursery:
        socket = await wrap_client_stream(
            nursery, stream, f"{address.host}:{address.port}", "/", message_queue_size=read_ahead
        )
        yield socket
        if goodbye:
            await socket.aclose()
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def client(
    config: RpcConfig | None = None, node: Node | None = None
) -> AsyncIterator[WebSocketConnection]:
    """A WebSocket to a server of its own."""
    async with running(config, node) as address, websocket(address) as socket:
        yield socket


def request(method: str, *params: object, identity: object = 1) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": identity, "method": method, "params": list(params)}


async def call(socket: WebSocketConnection, method: str, *params: object) -> Any:
    """The next message after a request."""
    await socket.send_message(json.dumps(request(method, *params)))
    return await receive(socket)


async def receive(socket: WebSocketConnection) -> Any:
    with trio.fail_after(5):
        return json.loads(await socket.get_message())


JSON = {"content-type": "application/json"}


async def http_request(
    address: Address, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = JSON
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of one HTTP exchange by the standard library's client."""

    def exchange() -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=5)
        try:
            connection.request(method, path, body or None, dict(headers))
            response = connection.getresponse()
            return response.status, response.read(), {k.lower(): v for k, v in response.headers.items()}
        finally:
            connection.close()

    return await trio.to_thread.run_sync(exchange)
