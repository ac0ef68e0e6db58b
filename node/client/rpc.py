"""The client: JSON-RPC 2.0 over one WebSocket, as tasks of Trio may share it.

    async with connect("ws://127.0.0.1:9944") as client:
        chain = await client.call("system_chain")
        async with client.subscribe("chain_subscribeFinalizedHeads", unsubscribe=...) as heads:
            async for head in heads: ...

One task reads; it gives each answer to who asked, and each notification to its subscription, in order.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from urllib.parse import urlsplit

import msgspec
import trio
from trio_websocket import ConnectionClosed, HandshakeError, WebSocketConnection, wrap_client_stream

from node.client.errors import (
    BadAnswer,
    CannotConnect,
    Disconnected,
    FellBehind,
    NoAnswer,
    RemoteError,
    RpcRefusal,
)

CONNECT_SECONDS: Final = 10.0
"""How long a node may take to welcome a client."""
ANSWER_SECONDS: Final = 30.0
"""How long it may take to answer, unless the caller says otherwise."""
GOODBYE_SECONDS: Final = 1.0
MESSAGE_BYTES_MAX: Final = 16 << 20
"""The longest message that is read; a node's longest answer is a little shorter."""
NOTIFICATIONS_MAX: Final = 1_024
"""Notifications of one subscription that may wait to be read."""


class _Error(msgspec.Struct):
    code: int
    message: str
    data: Any = None


class _Notification(msgspec.Struct):
    subscription: int | str
    result: Any = None


class _Message(msgspec.Struct):
    """An answer, or a notification when it has a method."""

    id: int | str | None = None
    result: Any = msgspec.UNSET
    error: _Error | None = None
    method: str | None = None
    params: _Notification | None = None


_DECODER: Final = msgspec.json.Decoder(_Message)


class _Question:
    """A request on its way."""

    __slots__ = ("answered", "error", "method", "result", "subscription")

    def __init__(self, method: str, subscription: Subscription | None) -> None:
        self.method = method
        self.subscription = subscription
        self.answered = trio.Event()
        self.result: Any = None
        self.error: Exception | None = None


class Subscription:
    """What a node tells of its own accord; iterate over it. Ends with `FellBehind` or `Disconnected`."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.id: int | str = ""
        """By what the node knows it."""
        self._send, self._receive = trio.open_memory_channel[Any](NOTIFICATIONS_MAX)
        self._end: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether no more notifications come; some may still wait to be read."""
        return self._end is not None

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._receive.receive()
        except trio.EndOfChannel:
            if self._end is not None:
                raise self._end from None
            raise StopAsyncIteration from None

    async def next(self, timeout_s: float | None = None) -> Any:
        """The next notification; raises `NoAnswer` when none comes in time."""
        if timeout_s is None:
            return await self.__anext__()
        with trio.move_on_after(timeout_s):
            return await self.__anext__()
        raise NoAnswer(f"{self.method} (a notification)", timeout_s)

    def put(self, value: Any) -> None:
        """Keep a notification for the reader; never waits."""
        try:
            self._send.send_nowait(value)
        except trio.WouldBlock:
            self.end(FellBehind(self.method, NOTIFICATIONS_MAX))
        except trio.ClosedResourceError:
            return

    def end(self, reason: Exception | None) -> None:
        """No more notifications come."""
        self._end = self._end or reason
        self._send.close()


class Client:
    """An open connection to a node; made by `connect`."""

    def __init__(self, socket: WebSocketConnection, url: str, timeout_s: float) -> None:
        self.url = url
        self._socket = socket
        self._timeout_s = timeout_s
        self._last_id = 0
        self._questions: dict[int | str | None, _Question] = {}
        self._subscriptions: dict[int | str, Subscription] = {}
        self._closed = False
        self._why: RemoteError = Disconnected(url)

    async def call(self, method: str, *params: Any, timeout_s: float | None = None) -> Any:
        """The result of `method`. Raises `RpcRefusal`, `NoAnswer`, `Disconnected`."""
        return await self._ask(_Question(method, None), params, timeout_s)

    @asynccontextmanager
    async def subscribe(self, method: str, *params: Any, unsubscribe: str) -> AsyncGenerator[Subscription]:
        """The notifications of a subscription, which ends with the block. Raises as `call` does."""
        subscription = Subscription(method)
        subscription.id = await self._ask(_Question(method, subscription), params, None)
        try:
            yield subscription
        finally:
            subscription.end(None)
            del self._subscriptions[subscription.id]
            if not self._closed:
                with trio.move_on_after(GOODBYE_SECONDS, shield=True):
                    await self._send({"method": unsubscribe, "params": [subscription.id]})

    async def _ask(self, question: _Question, params: tuple[Any, ...], timeout_s: float | None) -> Any:
        seconds = self._timeout_s if timeout_s is None else timeout_s
        self._last_id += 1
        identity = self._last_id
        self._questions[identity] = question
        try:
            with trio.move_on_after(seconds) as deadline:
                await self._send({"id": identity, "method": question.method, "params": params})
                await question.answered.wait()
            if deadline.cancelled_caught:
                raise NoAnswer(question.method, seconds)
        finally:
            self._questions.pop(identity, None)
        if question.error is not None:
            raise question.error
        return question.result

    async def _send(self, message: dict[str, Any]) -> None:
        if self._closed:
            raise self._why
        try:
            await self._socket.send_message(msgspec.json.encode({"jsonrpc": "2.0", **message}).decode())
        except ConnectionClosed:
            raise Disconnected(self.url) from None

    async def read(self) -> None:
        """Hand out what the node sends, until the connection ends."""
        try:
            while True:
                self._take(await self._socket.get_message())
        except ConnectionClosed:
            return
        except (msgspec.MsgspecError, RecursionError) as error:
            self._why = BadAnswer("a call", str(error))
        finally:
            self._closed = True
            for question in self._questions.values():
                question.error = self._why
                question.answered.set()
            for subscription in self._subscriptions.values():
                subscription.end(self._why)

    async def goodbye(self) -> None:
        """Close the connection, without waiting for long."""
        self._closed = True
        with trio.move_on_after(GOODBYE_SECONDS, shield=True):
            await self._socket.aclose()
        # trio-websocket leaves the stream of a peer that died open, and has no public way to it.
        await trio.aclose_forcefully(self._socket._stream)  # pyright: ignore[reportPrivateUsage]

    def _take(self, text: str | bytes) -> None:
        message = _DECODER.decode(text)
        if message.method is None:
            self._settle(message)
        elif message.params is not None:
            subscription = self._subscriptions.get(message.params.subscription)
            if subscription is not None:
                subscription.put(message.params.result)

    def _settle(self, answer: _Message) -> None:
        question = self._questions.get(answer.id)
        if question is None:
            return
        if answer.error is not None:
            error = answer.error
            question.error = RpcRefusal(question.method, error.code, error.message, error.data)
        elif answer.result is msgspec.UNSET:
            question.error = BadAnswer(question.method, "neither result nor error")
        else:
            question.result = answer.result
            if question.subscription is not None:
                # Registered here, before the next message is read: no notification can come too early.
                self._subscriptions[answer.result] = question.subscription
        question.answered.set()


@asynccontextmanager
async def connect(url: str, *, timeout_s: float = ANSWER_SECONDS) -> AsyncGenerator[Client]:
    """A connection to the node at `url`, closed with the block. Raises `CannotConnect`."""
    failure: Exception | None = None
    try:
        async with trio.open_nursery() as nursery:
            client: Client | None = None
            try:
                client = Client(await _open(nursery, url), url, timeout_s)
                nursery.start_soon(client.read)
                yield client
            except Exception as error:  # noqa: BLE001 -- raised again below, outside of the nursery's group
                failure = error
            finally:
                if client is not None:
                    await client.goodbye()
                nursery.cancel_scope.cancel()
    except* HandshakeError:
        failure = CannotConnect(url, "what listens there is no node, or does not welcome this client")
    if failure is not None:
        raise failure


async def _open(nursery: trio.Nursery, url: str) -> WebSocketConnection:
    try:
        host, port, resource, secure = _parts(url)
    except ValueError as error:
        raise CannotConnect(url, f"{error}; an address reads ws://HOST:PORT") from None
    try:
        with trio.fail_after(CONNECT_SECONDS):
            stream = await _stream(host, port, secure=secure)
            try:
                return await wrap_client_stream(
                    nursery, stream, f"{host}:{port}", resource, max_message_size=MESSAGE_BYTES_MAX
                )
            except BaseException:
                await trio.aclose_forcefully(stream)
                raise
    except trio.TooSlowError:
        raise CannotConnect(url, f"no answer within {CONNECT_SECONDS:g} s") from None
    except OSError as error:
        raise CannotConnect(url, _reason(error)) from None


def _parts(url: str) -> tuple[str, int, str, bool]:
    """Host, port, resource, and whether the connection is encrypted. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError("that is no WebSocket address")
    secure = parts.scheme == "wss"
    resource = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return parts.hostname, parts.port or (443 if secure else 80), resource, secure


async def _stream(
    host: str, port: int, *, secure: bool
) -> trio.SocketStream | trio.SSLStream[trio.SocketStream]:
    if secure:
        return await trio.open_ssl_over_tcp_stream(host, port, https_compatible=True)
    return await trio.open_tcp_stream(host, port)


def _reason(error: OSError) -> str:
    """What the system says, below what Trio makes of it; and what to do."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):
            cause = cast("BaseExceptionGroup[BaseException]", cause).exceptions[0]
        elif isinstance(cause, OSError) and cause.errno:
            number = cause.errno
            text = os.strerror(number) if number > 0 else str(cause.strerror)
            return f"{text}; is the node running?"
        else:
            cause = cause.__cause__
    return f"{error}; is the node running?"
