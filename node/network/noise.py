"""The transport of real networks: TCP, and Noise on it. Every byte behind the handshake is encrypted.

A Noise message on the wire is its length (u16, big-endian) and its bytes, as in libp2p's noise.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import AsyncExitStack
from typing import Final, cast

import trio
from noise.connection import NoiseConnection
from noise.exceptions import NoiseInvalidMessage, NoiseMaxNonceError

from node.network.address import PeerAddress, PeerId
from node.network.errors import CannotListen, DialFailed, HandshakeFailed
from node.network.handshake import TAG_BYTES, Credentials, Handshake
from node.network.limits import NetworkLimits
from node.network.transport import Door
from node.network.turns import Turns, check_max_bytes
from node.wallet.signer import Keypair

LENGTH_BYTES: Final = 2
MESSAGE_BYTES_MAX: Final = 65_535
"""Noise's own bound."""
PLAIN_BYTES_MAX: Final = MESSAGE_BYTES_MAX - TAG_BYTES
RECEIVE_BYTES: Final = 65_536

_GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError)


class NoiseTransport:
    """Connections over TCP between nodes of one chain."""

    def __init__(
        self,
        identity: Keypair,
        genesis_hash: bytes,
        *,
        host: str = "127.0.0.1",
        port: int | None = 0,
        limits: NetworkLimits | None = None,
    ) -> None:
        """Callers are taken at `host` and `port`: 0 is any free one, None is none."""
        self._credentials = Credentials(identity, genesis_hash)
        self._host = host
        self._port = port
        self._limits = limits or NetworkLimits()
        self._strangers: dict[trio.CancelScope, None] = {}
        """Handshakes of callers under way, the oldest first."""

    @property
    def me(self) -> PeerId:
        """This node."""
        return self._credentials.peer

    async def dial(self, address: PeerAddress) -> trio.abc.Stream:
        """A stream to exactly that peer. Raises DialFailed, HandshakeFailed."""
        try:
            with trio.fail_after(self._limits.dial_seconds_max):
                stream = await trio.open_tcp_stream(address.host, address.port)
        except OSError as error:
            raise DialFailed(address, _words(error)) from None
        except trio.TooSlowError:
            reason = f"no connection within {self._limits.dial_seconds_max:g} s"
            raise DialFailed(address, reason) from None
        _, proven = await self._prove(stream, address.peer)
        return proven

    async def serve(
        self, door: Door, *, task_status: trio.TaskStatus[PeerAddress | None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Take callers until cancelled; reports where it listens. Raises CannotListen."""
        if self._port is None:
            task_status.started(None)
            await trio.sleep_forever()
        assert self._port is not None
        try:
            listeners = await trio.open_tcp_listeners(self._port, host=self._host)
        except OSError as error:
            taken = "the port is taken; choose another with --listen-port"
            reason = taken if error.errno == errno.EADDRINUSE else _words(error)
            raise CannotListen(self._host, self._port, reason) from None

        async def take(stream: trio.SocketStream) -> None:
            await self._take(door, stream)

        host, port = listeners[0].socket.getsockname()[:2]
        task_status.started(PeerAddress(self.me, str(host), int(port)))
        await trio.serve_listeners(take, listeners)

    async def _take(self, door: Door, stream: trio.SocketStream) -> None:
        """Hear one caller out, and send it on once it has proven who it is."""
        try:
            host = str(stream.socket.getpeername()[0])
        except OSError:
            host = ""
        if not host or not door.admits(host):
            await trio.aclose_forcefully(stream)
            return
        proven: tuple[PeerId, NoiseStream] | None = None
        with trio.CancelScope() as scope:
            self._queue(scope)
            try:
                proven = await self._prove(stream, None)
            except HandshakeFailed as failure:
                door.turned_away(host, failure)
                return
            finally:
                self._strangers.pop(scope, None)
        if proven is None:
            door.turned_away(host, HandshakeFailed("too many others wait to prove who they are"))
            return
        peer, private = proven
        await door.welcome(peer, host, private)

    def _queue(self, scope: trio.CancelScope) -> None:
        """One more stranger; when there are too many, the one that was here longest must go: an honest
        handshake is over in a few round trips.
        """
        self._strangers[scope] = None
        if len(self._strangers) > self._limits.handshakes_max:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.cancel()

    async def _prove(self, stream: trio.abc.Stream, dialled: PeerId | None) -> tuple[PeerId, NoiseStream]:
        """Go through a handshake in bounded time; closes the stream when it fails."""
        seconds = self._limits.handshake_seconds_max
        handshake = Handshake(self._credentials, dialled)
        messages = _Messages(stream)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(trio.aclose_forcefully, stream)
            try:
                with trio.fail_after(seconds):
                    while not handshake.is_over:
                        if handshake.is_mine:
                            await messages.send(handshake.write())
                        else:
                            handshake.read(await messages.receive(handshake.bytes_next))
            except trio.TooSlowError:
                raise HandshakeFailed(f"no handshake within {seconds:g} s") from None
            except (*_GONE, EOFError):
                raise HandshakeFailed("the peer closed the connection during the handshake") from None
            except _BadMessage as error:
                raise HandshakeFailed(str(error)) from None
            undo.pop_all()
        return handshake.peer, NoiseStream(messages, handshake.ciphers)


class NoiseStream(trio.abc.Stream):
    """A byte stream that is encrypted and authenticated in both directions."""

    def __init__(self, messages: _Messages, ciphers: NoiseConnection) -> None:
        self._messages = messages
        self._ciphers = ciphers
        self._plain = bytearray()
        self._is_closed = False
        self._sending, self._receiving = Turns("sending on"), Turns("receiving on")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt and send. A cancelled call leaves a stream that is good for closing only, as Trio says."""
        with self._sending:
            await trio.lowlevel.checkpoint()
            self._check_open()
            view = memoryview(data)
            for begin in range(0, len(view), PLAIN_BYTES_MAX):
                try:
                    sealed = self._ciphers.encrypt(bytes(view[begin : begin + PLAIN_BYTES_MAX]))
                except NoiseMaxNonceError as error:
                    raise trio.BrokenResourceError("the connection's keys are used up") from error
                await self._messages.send(sealed)

    async def wait_send_all_might_not_block(self) -> None:
        with self._sending:
            await self._messages.stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Decrypted bytes; none at the end. Raises BrokenResourceError when they are not the peer's own."""
        check_max_bytes(max_bytes)
        with self._receiving:
            await trio.lowlevel.checkpoint()
            self._check_open()
            if not self._plain:
                try:
                    self._plain += self._ciphers.decrypt(await self._messages.receive(MESSAGE_BYTES_MAX))
                except EOFError:
                    return b""
                except (_BadMessage, NoiseInvalidMessage, NoiseMaxNonceError) as error:
                    raise trio.BrokenResourceError(f"a message is not the peer's own: {error}") from error
            size = len(self._plain) if max_bytes is None else max_bytes
            data = bytes(self._plain[:size])
            del self._plain[:size]
            return data

    async def aclose(self) -> None:
        self._is_closed = True
        await self._messages.stream.aclose()

    def _check_open(self) -> None:
        if self._is_closed:
            raise trio.ClosedResourceError("this end was closed")


class _BadMessage(Exception):
    """The length of a Noise message is none that it may have."""


class _Messages:
    """Messages with their lengths, on a stream of bytes. A cancelled `receive` loses nothing."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._buffer = bytearray()

    async def send(self, message: bytes) -> None:
        await self.stream.send_all(len(message).to_bytes(LENGTH_BYTES, "big") + message)

    async def receive(self, bytes_max: int) -> bytes:
        """The next message. Raises EOFError behind the last one, BrokenResourceError within one, and
        _BadMessage as soon as its length is known to be none.
        """
        buffer = self._buffer
        while True:
            if len(buffer) >= LENGTH_BYTES:
                size = int.from_bytes(buffer[:LENGTH_BYTES], "big")
                if not TAG_BYTES < size <= bytes_max:
                    raise _BadMessage(
                        f"a message has {size} bytes; from {TAG_BYTES + 1} to {bytes_max} are allowed"
                    )
                end = LENGTH_BYTES + size
                if len(buffer) >= end:
                    message = bytes(buffer[LENGTH_BYTES:end])
                    del buffer[:end]
                    return message
            data = await self.stream.receive_some(RECEIVE_BYTES)
            if not data:
                if buffer:
                    raise trio.BrokenResourceError("the connection ended within a message")
                raise EOFError
            buffer += data


def _words(error: OSError) -> str:
    """What the system says, for one line."""
    if isinstance(error, socket.gaierror):
        return "the host's name is unknown"
    cause = error.__cause__
    if isinstance(cause, BaseExceptionGroup):
        cause = cast("BaseExceptionGroup[BaseException]", cause).exceptions[0]
    if isinstance(cause, OSError):
        return _words(cause)
    return os.strerror(error.errno) if error.errno is not None else str(error)
