"""One WebSocket connection on a Trio stream: wsproto is the protocol, this is the bounds and the goodbye.

No compression is agreed to: the size of a compressed message is known only once it has been inflated.
"""

from __future__ import annotations

from typing import Final

import trio
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.frame_protocol import CloseReason

from node.rpc.limits import Limits
from node.rpc.subscriptions import Outbox

RECEIVE_BYTES: Final = 65_536
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError)


class WebSocket:
    """Texts in, bounded; frames out through an outbox, with a deadline on every write."""

    def __init__(self, stream: trio.abc.HalfCloseableStream, limits: Limits, trailing: bytes = b"") -> None:
        """`trailing` is what arrived behind the handshake."""
        self.outbox = Outbox(limits, self._lose_patience)
        self._stream = stream
        self._limits = limits
        self._wire = Connection(ConnectionType.SERVER, [], trailing)
        self._events = self._wire.events()
        self._heard = trio.current_time()
        self._gone = False
        self._broken = False
        """True when the peer broke the protocol: what else it sends cannot be read as frames."""
        self._writing: trio.CancelScope | None = None
        self._code: int = CloseReason.GOING_AWAY
        self._reason = "the node stops"

    def frame(self, text: bytes) -> bytes:
        """JSON text as a frame; nothing once the connection is closing."""
        if self._wire.state is not ConnectionState.OPEN:
            return b""
        return self._wire.send(TextMessage(data=text.decode()))

    async def receive(self) -> bytes | None:
        """The next message, or None when the connection is to be closed. Answers pings on the way."""
        message = bytearray()
        while (event := await self._event()) is not None:
            if isinstance(event, TextMessage | BytesMessage):
                message += event.data.encode() if isinstance(event, TextMessage) else event.data
                if len(message) > self._limits.message_bytes_max:
                    at_most = f"a message has at most {self._limits.message_bytes_max} bytes"
                    self._leave(CloseReason.MESSAGE_TOO_BIG, at_most)
                    break
                if event.message_finished:
                    return bytes(message)
            elif isinstance(event, Ping):
                self.outbox.put(self._wire.send(event.response()))
            elif isinstance(event, CloseConnection):
                self._broken = self._wire.state is ConnectionState.OPEN
                self._leave(event.code, event.reason or "")
                break
        return None

    async def write(self) -> None:
        """Send what the outbox holds until the peer has gone or reads too slowly."""
        while frames := await self.outbox.take():
            with trio.move_on_after(self._limits.send_seconds_max) as self._writing:
                try:
                    await self._stream.send_all(b"".join(frames))
                except _GONE:
                    break
            if self._writing.cancelled_caught:
                break
            self._writing = None
        else:
            self._leave(CloseReason.POLICY_VIOLATION, "too many messages wait to be read")

    async def keep_alive(self) -> None:
        """Ping a silent peer; return when it has not been heard of for too long."""
        limits = self._limits
        while trio.current_time() - self._heard < limits.idle_seconds_max:
            await trio.sleep(limits.ping_seconds)
            if self._wire.state is ConnectionState.OPEN:
                self.outbox.put(self._wire.send(Ping()))
        self._gone = True

    async def goodbye(self) -> None:
        """Say why, and hear the peer's own goodbye, in bounded time whatever happens around."""
        deadline = trio.current_time() + self._limits.close_seconds_max
        with trio.CancelScope(deadline=deadline, shield=True):
            try:
                if self._gone or self._writing is not None:
                    return
                if self._wire.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
                    last = self.outbox.rest()
                    close = self._wire.send(CloseConnection(code=self._code, reason=self._reason))
                    await self._stream.send_all(b"".join(last) + close)
                if self._broken:
                    await self._stream.send_eof()
                    while await self._stream.receive_some(RECEIVE_BYTES):
                        pass
                while self._wire.state is ConnectionState.LOCAL_CLOSING and not self._gone:
                    await self._event()
            except _GONE:
                return

    def _lose_patience(self) -> None:
        """The outbox overflows: the write that is stuck must end soon, or the goodbye is lost."""
        if self._writing is not None:
            last = trio.current_time() + self._limits.close_seconds_max
            self._writing.deadline = min(self._writing.deadline, last)

    def _leave(self, code: int, reason: str) -> None:
        self._code, self._reason = code, reason

    async def _event(self) -> object:
        """The next event of the wire, None when the peer has gone."""
        while True:
            for event in self._events:
                return event
            try:
                data = await self._stream.receive_some(RECEIVE_BYTES)
            except _GONE:
                data = b""
            if not data:
                self._gone = True
                return None
            self._heard = trio.current_time()
            self._wire.receive_data(bytes(data))
            self._events = self._wire.events()
