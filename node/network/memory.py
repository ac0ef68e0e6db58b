"""The transport of simulations: connections in memory, whose every chunk a `Link` delays, withholds or
breaks.

No cryptography, no sockets, no threads and no dice: who a node says it is, it is; what happens to its bytes
the link decides, and a link that draws from one seeded generator makes a network that can be replayed. Time
is Trio's, so under a mock clock it is simulated.

A connection keeps what TCP keeps: bytes arrive in order or not at all, a sender waits when its window is
full, an end is told behind the last byte, and a connection whose link is down is silent, not closed.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final, Protocol

import trio

from node.network.address import PeerAddress, PeerId
from node.network.errors import CannotListen, DialFailed, WrongPeer
from node.network.transport import Door
from node.network.turns import Turns, check_max_bytes

CHUNK_BYTES_MAX: Final = 65_536
WINDOW_BYTES_MAX: Final = 262_144
"""What may be under way in one direction."""


class Link(Protocol):
    """What lies between two nodes. It is asked for each event, at the time of the event, in seconds."""

    def opens(self, dialler: PeerId, listener: PeerId) -> float | None:
        """How long a connection takes to open; None refuses it, infinity leaves the dialler waiting."""
        ...

    def carries(self, sender: PeerId, receiver: PeerId, size: int) -> float | None:
        """How long a chunk of `size` bytes takes, 0 bytes being an end; None breaks the connection,
        infinity swallows the chunk and all behind it.
        """
        ...


class Latency:
    """A link of one constant delay."""

    def __init__(self, seconds: float = 0.001) -> None:
        self._seconds = seconds

    def opens(self, dialler: PeerId, listener: PeerId) -> float | None:
        return 2 * self._seconds

    def carries(self, sender: PeerId, receiver: PeerId, size: int) -> float | None:
        return self._seconds


class MemoryHub:
    """All nodes of one simulated network."""

    def __init__(self, link: Link | None = None) -> None:
        self.link: Link = link or Latency()
        self._listeners: dict[tuple[str, int], _Listener] = {}
        self._wires: dict[_Wire, None] = {}

    def transport(self, me: PeerId, host: str, port: int = 30_333) -> MemoryTransport:
        """The transport of the node `me`, which listens at `host`."""
        return MemoryTransport(self, PeerAddress(me, host, port))

    def cut(self, first: PeerId, second: PeerId) -> None:
        """Break every connection between two nodes, for both at once."""
        for wire in [wire for wire in self._wires if wire.ends == {first, second}]:
            wire.snap()

    def crash(self, peer: PeerId) -> None:
        """Break every connection of a node, as its operating system does when the process is killed."""
        for wire in [wire for wire in self._wires if peer in wire.ends]:
            wire.snap()

    async def connect(self, dialler: PeerAddress, address: PeerAddress) -> trio.abc.Stream:
        """The dialler's end of a new connection. Raises DialFailed, WrongPeer."""
        seconds = self.link.opens(dialler.peer, address.peer)
        if seconds is None:
            await trio.lowlevel.checkpoint()
            raise DialFailed(address, "the link is down")
        await trio.sleep(seconds)
        listener = self._listeners.get((address.host, address.port))
        if listener is None or not listener.door.admits(dialler.host):
            raise DialFailed(address, "Connection refused")
        if listener.me != address.peer:
            raise WrongPeer(address.peer, listener.me)
        wire = _Wire(self, dialler.peer, listener.me)
        self._wires[wire] = None
        listener.nursery.start_soon(listener.door.welcome, dialler.peer, dialler.host, wire.listener)
        return wire.dialler

    def check_free(self, address: PeerAddress) -> None:
        """Raises CannotListen when somebody listens there."""
        if (address.host, address.port) in self._listeners:
            raise CannotListen(address.host, address.port, "the port is taken")

    def listen(self, address: PeerAddress, listener: _Listener) -> None:
        """Let callers reach a node."""
        self._listeners[address.host, address.port] = listener

    def leave(self, address: PeerAddress) -> None:
        """Undo `listen`."""
        del self._listeners[address.host, address.port]

    def forget(self, wire: _Wire) -> None:
        """A connection is over."""
        self._wires.pop(wire, None)


class MemoryTransport:
    """One node's way into a `MemoryHub`."""

    def __init__(self, hub: MemoryHub, address: PeerAddress) -> None:
        self.address = address
        self._hub = hub

    @property
    def me(self) -> PeerId:
        """This node."""
        return self.address.peer

    async def dial(self, address: PeerAddress) -> trio.abc.Stream:
        """A stream to exactly that peer. Raises DialFailed, WrongPeer."""
        return await self._hub.connect(self.address, address)

    async def serve(
        self, door: Door, *, task_status: trio.TaskStatus[PeerAddress | None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Take callers until cancelled. Raises CannotListen."""
        self._hub.check_free(self.address)
        async with trio.open_nursery() as nursery:
            self._hub.listen(self.address, _Listener(self.me, door, nursery))
            try:
                task_status.started(self.address)
                await trio.sleep_forever()
            finally:
                self._hub.leave(self.address)


class _Listener:
    """A node that takes callers."""

    def __init__(self, me: PeerId, door: Door, nursery: trio.Nursery) -> None:
        self.me = me
        self.door = door
        self.nursery = nursery


class _Wire:
    """One connection: two ends, and a pipe in each direction."""

    def __init__(self, hub: MemoryHub, dialler: PeerId, listener: PeerId) -> None:
        self.ends = {dialler, listener}
        self.hub = hub
        there, back = _Pipe(dialler, listener), _Pipe(listener, dialler)
        self.dialler = MemoryStream(self, outgoing=there, incoming=back)
        self.listener = MemoryStream(self, outgoing=back, incoming=there)

    def snap(self) -> None:
        """Break it; what is under way is lost."""
        self.hub.forget(self)
        for pipe in (self.dialler.outgoing, self.listener.outgoing):
            pipe.is_broken = True
            pipe.wake()


class _Pipe:
    """One direction: chunks under way, each with the time at which it arrives."""

    def __init__(self, sender: PeerId, receiver: PeerId) -> None:
        self.sender = sender
        self.receiver = receiver
        self.chunks: deque[tuple[float, bytes]] = deque()
        """An empty chunk is the end."""
        self.size = 0
        self.latest = -math.inf
        """When the last chunk arrives: none overtakes another."""
        self.deaf_from = math.inf
        """When the sender learns that nobody reads any more."""
        self.is_broken = False
        self.changed = trio.Event()

    def wake(self) -> None:
        self.changed.set()
        self.changed = trio.Event()

    def put(self, seconds: float, chunk: bytes) -> None:
        self.latest = max(self.latest, trio.current_time() + seconds)
        self.chunks.append((self.latest, chunk))
        self.size += len(chunk)
        self.wake()


class MemoryStream(trio.abc.Stream):
    """One end of a connection in memory."""

    def __init__(self, wire: _Wire, *, outgoing: _Pipe, incoming: _Pipe) -> None:
        self.outgoing = outgoing
        self._incoming = incoming
        self._wire = wire
        self._is_closed = False
        self._sending, self._receiving = Turns("sending on"), Turns("receiving on")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        with self._sending:
            await trio.lowlevel.checkpoint()
            self._check_writable()
            view = memoryview(data)
            for begin in range(0, len(view), CHUNK_BYTES_MAX):
                await self._room()
                self._send(bytes(view[begin : begin + CHUNK_BYTES_MAX]))

    async def wait_send_all_might_not_block(self) -> None:
        with self._sending:
            await trio.lowlevel.checkpoint()
            await self._room()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        check_max_bytes(max_bytes)
        with self._receiving:
            await trio.lowlevel.checkpoint()
            pipe = self._incoming
            while True:
                if self._is_closed:
                    raise trio.ClosedResourceError("this end was closed")
                if pipe.is_broken:
                    raise trio.BrokenResourceError("the connection broke")
                arrival = pipe.chunks[0][0] if pipe.chunks else math.inf
                if arrival <= trio.current_time():
                    return self._take(max_bytes)
                with trio.move_on_at(arrival):
                    await pipe.changed.wait()

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            hub = self._wire.hub
            hub.forget(self._wire)
            there, back = self.outgoing, self._incoming
            seconds = hub.link.carries(there.sender, there.receiver, 0)
            if seconds is not None and not there.is_broken:
                there.put(seconds, b"")
                back.deaf_from = there.latest
            back.chunks.clear()
            back.size = 0
            there.wake()
            back.wake()
        await trio.lowlevel.checkpoint()

    async def _room(self) -> None:
        """Return once the window has room."""
        pipe = self.outgoing
        self._check_writable()
        while pipe.size >= WINDOW_BYTES_MAX:
            with trio.move_on_at(pipe.deaf_from):
                await pipe.changed.wait()
            self._check_writable()

    def _send(self, chunk: bytes) -> None:
        pipe = self.outgoing
        seconds = self._wire.hub.link.carries(pipe.sender, pipe.receiver, len(chunk))
        if seconds is None:
            self._wire.snap()
            self._check_writable()
        else:
            pipe.put(seconds, chunk)

    def _take(self, max_bytes: int | None) -> bytes:
        pipe = self._incoming
        arrival, chunk = pipe.chunks[0]
        if not chunk:
            return b""
        pipe.chunks.popleft()
        taken, rest = (chunk, b"") if max_bytes is None else (chunk[:max_bytes], chunk[max_bytes:])
        if rest:
            pipe.chunks.appendleft((arrival, rest))
        pipe.size -= len(taken)
        pipe.wake()
        return taken

    def _check_writable(self) -> None:
        if self._is_closed:
            raise trio.ClosedResourceError("this end was closed")
        if self.outgoing.is_broken or self.outgoing.deaf_from <= trio.current_time():
            raise trio.BrokenResourceError("nobody reads any more")
