"""The RPC port: JSON-RPC over WebSocket and HTTP POST, and a few pages by GET, on one address.

h11 and wsproto are driven directly, one task a connection, so that every size, wait and count is bounded here
and a stop is always clean. Who may call: a browser only from allowed origins, any client only by an allowed
host name (a page elsewhere cannot rebind its name to this machine), unsafe methods only from this machine.
"""

from __future__ import annotations

import errno
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Generic, TypeVar
from urllib.parse import urlsplit

import msgspec
import trio

from node.rpc.errors import CannotListen, PortTaken
from node.rpc.http import Head, HttpConnection, HttpRefusal, PeerGone, Response
from node.rpc.jsonrpc import Dispatcher, Registry
from node.rpc.limits import Limits
from node.rpc.subscriptions import Session
from node.rpc.websocket import WebSocket

log = logging.getLogger(__name__)

N = TypeVar("N")

Page = Callable[[], Awaitable[Response]]

JSON: Final = "application/json"
LOOPBACK_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers that a reverse proxy adds: the real caller is then elsewhere, whatever the socket says."""
HEALTH: Final = b'{"jsonrpc":"2.0","id":0,"method":"system_health"}'


@dataclass(frozen=True, slots=True)
class RpcConfig:
    """Where to listen, and to whom."""

    host: str = "127.0.0.1"
    """An IP address, or `localhost`."""
    port: int = 9944
    """0 lets the system choose; the address that `serve` reports has the real one."""
    hosts: tuple[str, ...] = ()
    """Host names, besides those of the loopback, by which clients may call; `*` allows any."""
    origins: tuple[str, ...] = ()
    """Web origins such as `https://polkadot.js.org`, besides pages on this machine; `*` allows any."""
    limits: Limits = field(default_factory=Limits)
    pages: Mapping[str, Page] = field(default_factory=dict[str, Page])
    """What GET finds, by path; `/health` is built in."""
    crash_on_bug: bool = False
    """Let an unknown exception of a handler end the server. Off, it is logged and answered as an error."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens."""

    host: str
    port: int

    @property
    def url(self) -> str:
        """The WebSocket address."""
        return f"ws://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


async def serve(
    registry: Registry[N],
    node: N,
    config: RpcConfig | None = None,
    *,
    task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Answer calls until cancelled; open WebSockets are then told so (1001).

    Reports its Address once it listens. Raises PortTaken, or CannotListen for any other reason.
    """
    config = config or RpcConfig()
    listeners = await _listen(config)
    host, port = listeners[0].socket.getsockname()[:2]
    server = _Server(registry, node, config)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, server.welcome, listeners)
        task_status.started(Address(host, port))


async def _listen(config: RpcConfig) -> list[trio.SocketListener]:
    host = "127.0.0.1" if config.host == "localhost" else config.host
    try:
        return await trio.open_tcp_listeners(config.port, host=host)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, config.port) from None
        raise CannotListen(host, config.port, error.strerror or str(error)) from None


class _Server(Generic[N]):
    """All connections of one port."""

    def __init__(self, registry: Registry[N], node: N, config: RpcConfig) -> None:
        self._config = config
        self._limits = config.limits
        self._dispatcher = Dispatcher(registry, node, crash_on_bug=config.crash_on_bug)
        self._has_health = "system_health" in registry
        self._open = 0

    async def welcome(self, stream: trio.SocketStream) -> None:
        """Serve one connection, unless there are too many."""
        self._open += 1
        try:
            async with stream:
                over = self._open - self._limits.connections_max
                if over <= 0:
                    await self._serve(stream)
                elif over <= self._limits.refusals_max:
                    await self._turn_away(stream)
        finally:
            self._open -= 1

    async def _turn_away(self, stream: trio.SocketStream) -> None:
        connection = HttpConnection(stream, self._limits)
        busy = Response(HTTPStatus.SERVICE_UNAVAILABLE, b"too many connections")
        try:
            await connection.respond(busy, close=True)
        except PeerGone:
            return
        await connection.linger()

    async def _serve(self, stream: trio.SocketStream) -> None:
        connection = HttpConnection(stream, self._limits)
        try:
            while True:
                head = await connection.head()
                self._check_caller(head, stream)
                if head.has_token("connection", "upgrade") and head.has_token("upgrade", "websocket"):
                    await self._websocket(stream, await connection.upgrade(), is_trusted(stream, head))
                    return
                response = await self._http(connection, head, stream)
                await connection.respond(response)
                if not connection.reuse():
                    break
        except HttpRefusal as refusal:
            try:
                await connection.respond(Response(refusal.status, refusal.reason.encode()), close=True)
            except PeerGone:
                return
        except PeerGone:
            return
        await connection.linger()

    async def _http(self, connection: HttpConnection, head: Head, stream: trio.SocketStream) -> Response:
        match head.method:
            case "POST" if head.path == "/":
                if head.get("content-type").partition(";")[0].strip().lower() != JSON:
                    reason = f"the content type of a call is {JSON}"
                    raise HttpRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, reason)
                body = await connection.body()
                session = Session(self._limits, trusted=is_trusted(stream, head))
                answer = await self._dispatcher.answer(self._dispatcher.context(session), body)
                return self._shared(head, _json(answer))
            case "GET" | "HEAD":
                await connection.body()
                return self._shared(head, await self._page(head.path))
            case "OPTIONS":
                await connection.body()
                allow = (
                    ("access-control-allow-methods", "GET, POST"),
                    ("access-control-allow-headers", "content-type"),
                    ("access-control-max-age", "600"),
                )
                return self._shared(head, Response(HTTPStatus.NO_CONTENT, headers=allow))
            case "POST":
                raise HttpRefusal(HTTPStatus.NOT_FOUND, "calls are posted to /")
            case _:
                raise HttpRefusal(
                    HTTPStatus.METHOD_NOT_ALLOWED, "calls are posted to /; pages are read by GET"
                )

    async def _page(self, path: str) -> Response:
        if page := self._config.pages.get(path):
            return await page()
        if path == "/health":
            if not self._has_health:
                return _json(b'{"isSyncing":false}')
            context = self._dispatcher.context(Session(self._limits))
            answer = await self._dispatcher.answer(context, HEALTH) or b"{}"
            fields = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])
            if "result" in fields:
                return _json(bytes(fields["result"]))
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, bytes(fields["error"]), JSON)
        raise HttpRefusal(HTTPStatus.NOT_FOUND, "nothing here; calls are posted to /")

    @staticmethod
    def _shared(head: Head, response: Response) -> Response:
        """Let the page that asked read the answer: its origin was checked before."""
        origin = head.get("origin")
        if not origin:
            return response
        share = (("access-control-allow-origin", origin), ("vary", "origin"))
        return Response(response.status, response.body, response.content_type, (*response.headers, *share))

    async def _websocket(self, stream: trio.SocketStream, trailing: bytes, trusted: bool) -> None:
        socket = WebSocket(stream, self._limits, trailing)
        try:
            async with trio.open_nursery() as nursery:

                async def until_over(job: Callable[[], Awaitable[None]]) -> None:
                    await job()
                    nursery.cancel_scope.cancel()

                nursery.start_soon(until_over, socket.write)
                nursery.start_soon(until_over, socket.keep_alive)
                session = Session(
                    self._limits, trusted=trusted, outbox=socket.outbox, nursery=nursery, frame=socket.frame
                )
                context = self._dispatcher.context(session)
                while (text := await socket.receive()) is not None:
                    answer = await self._dispatcher.answer(context, text)
                    if answer is not None:
                        session.post(answer)
                    session.release()
                    await socket.outbox.drained()
                nursery.cancel_scope.cancel()
        finally:
            await socket.goodbye()

    # Who may call.

    def _check_caller(self, head: Head, stream: trio.SocketStream) -> None:
        host, origin = _host_of(f"//{head.get('host')}"), head.get("origin")
        if not self._is_allowed_host(host, stream):
            raise HttpRefusal(HTTPStatus.FORBIDDEN, f"the host name {host!r} is not allowed")
        if origin and not self._is_allowed_origin(origin):
            raise HttpRefusal(HTTPStatus.FORBIDDEN, f"the origin {origin!r} is not allowed")

    def _is_allowed_host(self, host: str, stream: trio.SocketStream) -> bool:
        allowed = self._config.hosts
        local = str(stream.socket.getsockname()[0])
        return "*" in allowed or host in LOOPBACK_NAMES or host in allowed or host == local

    def _is_allowed_origin(self, origin: str) -> bool:
        allowed = self._config.origins
        return "*" in allowed or origin in allowed or _host_of(origin) in LOOPBACK_NAMES


def _host_of(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


def is_trusted(stream: trio.SocketStream, head: Head) -> bool:
    """True when both ends are on this machine and no proxy stands between."""
    try:
        ends = (stream.socket.getsockname()[0], stream.socket.getpeername()[0])
    except OSError:  # the caller is gone already
        return False
    return all(_is_loopback(str(end)) for end in ends) and not any(head.get(name) for name in FORWARDED)


def _is_loopback(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return (mapped or ip).is_loopback


def _json(body: bytes | None) -> Response:
    return Response(HTTPStatus.OK, body, JSON) if body is not None else Response(HTTPStatus.NO_CONTENT)
