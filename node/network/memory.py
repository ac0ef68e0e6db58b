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
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, TypeAlias

import trio

from node.network.address import PeerAddress, PeerId
from node.network.errors import CannotListen, DialFailed, WrongPeer
from node.network.transport import Door
from node.network.turns import Turns, check_max_bytes

CHUNK_BYTES_MAX: Final = 65_536
WINDOW_BYTES_MAX: Final = 262_144
"""What may be under way in one direction."""

Alarm: TypeAlias = Callable[[float, Callable[[], None]], None]
"""Has a job done when a time has come, which is neither past nor infinite."""


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


def sleeper(when: float, job: Callable[[], None]) -> None:
    """An `Alarm` that needs nothing but Trio: a task that sleeps."""

    async def ring() -> None:
        await trio.sleep_until(when)
        job()

    trio.lowlevel.spawn_system_task(ring)


class MemoryHub:
    """All nodes of one simulated network."""

    def __init__(
        self,
        link: Link | None = None,
        *,
        alarm: Alarm = sleeper,
        pause: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint,
    ) -> None:
        """`pause` is awaited by whoever sends: as Trio wants it of a stream, it lets others run. They do so
        soon enough without it where thousands of chunks are sent for each second that is simulated.
        """
        self.link: Link = link or Latency()
        self.alarm = alarm
        self.pause = pause
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
        there, back = _Pipe(dialler, listener, hub.alarm), _Pipe(listener, dialler, hub.alarm)
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

    def __init__(self, sender: PeerId, receiver: PeerId, alarm: Alarm) -> None:
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
        self._alarm = alarm
        self._readable, self._writable = trio.Event(), trio.Event()
        """Set when the reader, and the writer, should look again."""

    @property
    def is_due(self) -> bool:
        """Whether a chunk, or the end, has arrived."""
        return bool(self.chunks) and self.chunks[0][0] <= trio.current_time()

    def wake(self) -> None:
        """Let both look again."""
        self._wake_reader()
        self.wake_writer()

    def _wake_reader(self) -> None:
        self._readable.set()

    def wake_writer(self) -> None:
        """Let the writer look again."""
        self._writable.set()

    async def readable(self) -> None:
        """Return when something may have changed for the reader."""
        self._readable = trio.Event()
        await self._readable.wait()

    async def writable(self) -> None:
        """Return when something may have changed for the writer."""
        self._writable = trio.Event()
        await self._writable.wait()

    def put(self, seconds: float, chunk: bytes) -> None:
        """A chunk is under way."""
        arrival = max(self.latest, trio.current_time() + seconds)
        if arrival > self.latest:
            self.latest = arrival
            self._at(arrival, self._wake_reader)
        self.chunks.append((arrival, chunk))
        self.size += len(chunk)

    def take(self, max_bytes: int | None) -> bytes:
        """What has arrived first; the end stays."""
        arrival, chunk = self.chunks[0]
        if not chunk:
            return b""
        self.chunks.popleft()
        taken, rest = (chunk, b"") if max_bytes is None else (chunk[:max_bytes], chunk[max_bytes:])
        if rest:
            self.chunks.appendleft((arrival, rest))
        self.size -= len(taken)
        self.wake_writer()
        return taken

    def deafen(self, when: float) -> None:
        """Nobody reads any more, and the sender learns it then."""
        self.chunks.clear()
        self.size = 0
        self.deaf_from = when
        self._at(when, self.wake_writer)

    def _at(self, when: float, job: Callable[[], None]) -> None:
        if when <= trio.current_time():
            job()
        elif when < math.inf:
            self._alarm(when, job)


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
            await self._wire.hub.pause()
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
            pipe, has_yielded = self._incoming, False
            while not (self._is_closed or pipe.is_broken or pipe.is_due):
                await pipe.readable()
                has_yielded = True
            if not has_yielded:
                await trio.lowlevel.checkpoint()
            if self._is_closed:
                raise trio.ClosedResourceError("this end was closed")
            if pipe.is_broken:
                raise trio.BrokenResourceError("the connection broke")
            return pipe.take(max_bytes)

    async def aclose(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            hub = self._wire.hub
            hub.forget(self._wire)
            there, back = self.outgoing, self._incoming
            seconds = hub.link.carries(there.sender, there.receiver, 0)
            if seconds is not None and not there.is_broken:
                there.put(seconds, b"")
                back.deafen(there.latest)
            else:
                back.deafen(math.inf)
            there.wake()
            back.wake()
        await trio.lowlevel.checkpoint()

    async def _room(self) -> None:
        """Return once the window has room."""
        pipe = self.outgoing
        self._check_writable()
        while pipe.size >= WINDOW_BYTES_MAX:
            await pipe.writable()
            self._check_writable()

    def _send(self, chunk: bytes) -> None:
        pipe = self.outgoing
        seconds = self._wire.hub.link.carries(pipe.sender, pipe.receiver, len(chunk))
        if seconds is None:
            self._wire.snap()
            self._check_writable()
        else:
            pipe.put(seconds, chunk)

    def _check_writable(self) -> None:
        if self._is_closed:
            raise trio.ClosedResourceError("this end was closed")
        if self.outgoing.is_broken or self.outgoing.deaf_from <= trio.current_time():
            raise trio.BrokenResourceError("nobody reads any more")
