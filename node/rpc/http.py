"""One HTTP/1.1 connection on a Trio stream: h11 is the protocol, this reads, writes and bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import h11
import trio
from wsproto.utilities import generate_accept_token

from node.rpc.limits import Limits

RECEIVE_BYTES: Final = 65_536
DISCARD_BYTES_MAX: Final = 8_000_000
"""How much a refused peer may still send before it is cut off without hearing why."""

Headers = Sequence[tuple[str, str]]


class PeerGone(Exception):
    """The peer has left, or does not read, or says nothing: there is no one to answer."""


class HttpRefusal(Exception):
    """A request that is answered with an error status, after which the connection is closed."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: HTTPStatus
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request; header names are in lower case, of a repeated header the last one counts."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def get(self, name: str) -> str:
        """A header, empty when it is absent."""
        return self.headers.get(name, "")

    def has_token(self, name: str, token: str) -> bool:
        """True when a header's comma-separated list holds `token`, whatever its case."""
        return any(part.strip().lower() == token for part in self.get(name).split(","))


class HttpConnection:
    """Requests in, responses out, until one side closes or the protocol becomes WebSocket."""

    def __init__(self, stream: trio.abc.HalfCloseableStream, limits: Limits) -> None:
        self._stream = stream
        self._limits = limits
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=limits.head_bytes_max)
        self._head: Head | None = None

    async def head(self) -> Head:
        """The next request's head. Raises PeerGone when none comes, HttpRefusal when it is no HTTP."""
        first = self._head is None
        limits = self._limits
        with trio.move_on_after(limits.head_seconds_max if first else limits.idle_seconds_max):
            event = await self._event()
            if not isinstance(event, h11.Request):
                raise PeerGone
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
            target = event.target.decode("latin-1")
            self._head = Head(event.method.decode("ascii"), target.partition("?")[0], headers)
            return self._head
        raise PeerGone

    async def body(self) -> bytes:
        """The whole body, refused as soon as it is known to be over the bound."""
        limits = self._limits
        length = self._head.get("content-length") if self._head else ""
        if length and int(length) > limits.message_bytes_max:
            raise _too_large(limits)
        body = bytearray()
        with trio.move_on_after(limits.body_seconds_max):
            while isinstance(event := await self._event(), h11.Data):
                body += event.data
                if len(body) > limits.message_bytes_max:
                    raise _too_large(limits)
            if isinstance(event, h11.EndOfMessage):
                return bytes(body)
            raise PeerGone
        raise HttpRefusal(HTTPStatus.REQUEST_TIMEOUT, "the body did not arrive in time")

    async def respond(self, response: Response, *, close: bool = False) -> None:
        """Send one response; with `close` it is the last."""
        body = response.body
        headers: list[tuple[str, str]] = [("content-length", str(len(body))), *response.headers]
        if body:
            headers.append(("content-type", response.content_type))
        if close:
            headers.append(("connection", "close"))
        head = h11.Response(status_code=response.status, headers=headers, reason=response.status.phrase)
        try:
            data = self._h11.send(head) or b""
            if body and not (self._head and self._head.method == "HEAD"):
                data += self._h11.send(h11.Data(data=body)) or b""
            data += self._h11.send(h11.EndOfMessage()) or b""
        except h11.LocalProtocolError:
            raise PeerGone from None
        await self._send(data)

    def reuse(self) -> bool:
        """Prepare for another request on this connection; false when it is to be closed."""
        if self._h11.our_state is not h11.DONE or self._h11.their_state is not h11.DONE:
            return False
        self._h11.start_next_cycle()
        return True

    async def upgrade(self) -> bytes:
        """Answer a WebSocket handshake; returns bytes that came after it. No extension is ever agreed to."""
        head = self._head
        if head is None or head.get("sec-websocket-version") != "13" or not head.get("sec-websocket-key"):
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "a WebSocket handshake needs version 13 and a key")
        if not isinstance(await self._event(), h11.EndOfMessage):
            raise HttpRefusal(HTTPStatus.BAD_REQUEST, "a WebSocket handshake has no body")
        token = generate_accept_token(head.get("sec-websocket-key").encode("latin-1")).decode()
        headers = [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", token)]
        accept = h11.InformationalResponse(status_code=101, headers=headers, reason="Switching Protocols")
        await self._send(self._h11.send(accept) or b"")
        return self._h11.trailing_data[0]

    async def linger(self) -> None:
        """Close so that the peer can still read the last response, though it may be sending."""
        left = DISCARD_BYTES_MAX
        with trio.move_on_after(self._limits.close_seconds_max):
            try:
                await self._stream.send_eof()
                while left > 0 and (data := await self._stream.receive_some(RECEIVE_BYTES)):
                    left -= len(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return

    async def _event(self) -> object:
        while True:
            try:
                event = self._h11.next_event()
                if event is not h11.NEED_DATA:
                    return event
            except h11.RemoteProtocolError as error:
                raise HttpRefusal(HTTPStatus(error.error_status_hint), str(error)) from None
            if self._h11.they_are_waiting_for_100_continue:
                go_on = h11.InformationalResponse(status_code=100, headers=[], reason="Continue")
                await self._send(self._h11.send(go_on) or b"")
            try:
                self._h11.receive_data(bytes(await self._stream.receive_some(RECEIVE_BYTES)))
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                raise PeerGone from None

    async def _send(self, data: bytes) -> None:
        try:
            with trio.fail_after(self._limits.send_seconds_max):
                await self._stream.send_all(data)
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            raise PeerGone from None


def _too_large(limits: Limits) -> HttpRefusal:
    return HttpRefusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body has at most {limits.message_bytes_max} bytes"
    )
