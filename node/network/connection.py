"""One connection to one peer: frames in and out, questions and answers, signs of life, and why it ended.

Nothing here waits for the peer but the one task that writes: what is to be sent goes to a bounded outbox,
and what arrives is handed on at once. A connection is over when the stream breaks, when the peer says
goodbye, is silent or reads too slowly, or when somebody here calls `disconnect`; the peer is then told why,
if it still reads.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import trio

from node.network.address import PeerId
from node.network.errors import BadFrame, OversizedFrame
from node.network.frames import (
    Frame,
    FrameReader,
    Goodbye,
    Gossip,
    Head,
    Hello,
    Ping,
    Pong,
    Refusal,
    Request,
    Response,
    encode,
    shortened,
)
from node.network.limits import NetworkLimits
from node.network.outbox import Outbox
from node.network.reputation import FLOOD, MALFORMED_FRAME, OVERSIZED_FRAME, SILENT, UNASKED_ANSWER, Fault
from node.network.requests import Answer, Answering, Asking
from node.network.topics import Catalogue, Priority

RECEIVE_BYTES: Final = 65_536
PING_NUMBER_MAX: Final = (1 << 32) - 1

_GONE: Final = (trio.BrokenResourceError, trio.ClosedResourceError)


class Referee(Protocol):
    """Who judges what peers do."""

    def charge(self, connection: Connection, size: int) -> bool:
        """Whether the peer may send so much."""
        ...

    def blame(self, connection: Connection, fault: Fault) -> None:
        """The peer did what it should not."""
        ...


class Listener(Protocol):
    """For whom peers' messages are."""

    def told(self, peer: PeerId, topic: str, data: bytes) -> None:
        """A message has come."""
        ...

    def answer_to(self, protocol: str) -> Answer | None:
        """Who answers requests of a protocol."""
        ...

    def dropped(self, why: str) -> None:
        """A message was dropped."""
        ...


class Connection:
    """A peer that has proven who it is."""

    def __init__(
        self,
        referee: Referee,
        listener: Listener,
        peer: PeerId,
        host: str,
        stream: trio.abc.Stream,
        catalogue: Catalogue,
        limits: NetworkLimits,
        *,
        is_outbound: bool,
    ) -> None:
        self.peer = peer
        self.host = host
        self.is_outbound = is_outbound
        """Whether it was dialled from here."""
        self.since = trio.current_time()
        """When it was made; later, when it was taken as the peer's one connection."""
        self.bytes_in = self.bytes_out = self.messages_in = self.messages_out = 0
        self.round_trip: float | None = None
        """Seconds, once it was measured."""
        self.reason: str | None = None
        """Why the connection is over."""
        self._referee = referee
        self._listener = listener
        self._stream = stream
        self._catalogue = catalogue
        self._limits = limits
        self._reader = FrameReader(self._data_bytes_max)
        self._early: list[Frame] = []
        self._outbox = Outbox(limits)
        self._asking = Asking(peer, limits)
        self._answering = Answering(peer, limits)
        self._heard = self.since
        self._pinged = (0, self.since)
        self._greeting: trio.CancelScope | None = None
        self._writing: trio.CancelScope | None = None

    @property
    def waiting_bytes(self) -> int:
        """What waits to be read by the peer."""
        return self._outbox.waiting_bytes

    # Life.

    async def greet(self, mine: Hello) -> Hello | None:
        """Exchange greetings; None when the peer does not, `reason` then says why."""
        seconds = self._limits.handshake_seconds_max
        with trio.move_on_after(seconds) as self._greeting:
            try:
                greeting = encode(mine)
                await self._stream.send_all(greeting)
                self.bytes_out += len(greeting)
                self.messages_out += 1
                while received := await self._stream.receive_some(RECEIVE_BYTES):
                    self._count_in(received)
                    self._early += self._reader.feed(received)
                    if self._early:
                        return self._read_greeting(self._early.pop(0))
            except BadFrame as error:
                self._break(error)
            except _GONE:
                pass
            self.disconnect("it left before it greeted")
        self.disconnect(f"no greeting within {seconds:g} s")
        return None

    async def turn_away(self, reason: str) -> None:
        """Say why the peer is not taken, in bounded time."""
        self.disconnect(reason)
        await self._write()

    async def run(self) -> None:
        """Serve the connection until it is over."""
        try:
            async with trio.open_nursery() as nursery:

                async def until_over(job: Callable[[], Awaitable[None]]) -> None:
                    await job()
                    nursery.cancel_scope.cancel()

                nursery.start_soon(until_over, self._write)
                nursery.start_soon(self._keep_alive)
                await self._read(nursery)
        finally:
            self.disconnect("this node stops")
            self._asking.end()

    def disconnect(self, reason: str) -> None:
        """End the connection, unless it is over; the first reason stands."""
        if self.reason is None:
            self.reason = reason
            self._outbox.close()
            if self._greeting is not None:
                self._greeting.cancel()
            if self._writing is not None:
                last = trio.current_time() + self._limits.close_seconds_max
                self._writing.deadline = min(self._writing.deadline, last)

    # Sending.

    def post(self, frame: bytes, priority: Priority) -> bool:
        """Queue a frame; False when it has no room. For urgent ones that is the end of the connection."""
        if self._outbox.put(frame, priority):
            self.messages_out += 1
            return True
        if priority is Priority.URGENT:
            self.disconnect("it reads too slowly")
        return False

    async def ask(self, protocol: str, data: bytes, seconds: float) -> bytes:
        """The peer's answer. Raises PeerGone and every RequestFailed."""
        try:
            return await self._asking.ask(
                self._catalogue.protocol(protocol), data, seconds, self._post_answer
            )
        finally:
            if self._asking.is_ignored and self.reason is None:
                self.disconnect("it does not answer requests")
                self._referee.blame(self, SILENT)

    def _post_answer(self, frame: bytes) -> bool:
        return self.post(frame, Priority.ANSWER)

    async def _write(self) -> None:
        with trio.CancelScope() as self._writing:
            while batch := await self._outbox.take():
                data = b"".join(batch)
                self._writing.deadline = trio.current_time() + self._limits.send_seconds_max
                try:
                    await self._stream.send_all(data)
                except _GONE:
                    self.disconnect("the connection broke")
                    return
                self._writing.deadline = math.inf
                self.bytes_out += len(data)
        if self._writing.cancelled_caught:
            self.disconnect("it reads too slowly")
            return
        with trio.move_on_after(self._limits.close_seconds_max):
            try:
                await self._stream.send_all(encode(Goodbye(shortened(self.reason or ""))))
            except _GONE:
                return

    async def _keep_alive(self) -> None:
        limits = self._limits
        number = 0
        while self.reason is None:
            await trio.sleep(limits.ping_seconds)
            now = trio.current_time()
            if now - self._heard >= limits.silent_seconds_max:
                self.disconnect("it is silent")
            else:
                number = number % PING_NUMBER_MAX + 1
                self._pinged = number, now
                self.post(encode(Ping(number)), Priority.URGENT)

    # Receiving.

    async def _read(self, nursery: trio.Nursery) -> None:
        for frame in self._early:
            self._take(frame, nursery)
        self._early.clear()
        try:
            while self.reason is None:
                received = await self._stream.receive_some(RECEIVE_BYTES)
                if not received:
                    break
                self._count_in(received)
                for frame in self._reader.feed(received):
                    if self.reason is None:
                        self._take(frame, nursery)
        except BadFrame as error:
            self._break(error)
        except _GONE:
            pass
        self.disconnect("it closed the connection")

    def _take(self, frame: Frame, nursery: trio.Nursery) -> None:
        self.messages_in += 1
        is_asked_for = isinstance(frame.head, Response | Refusal)
        if not is_asked_for and not self._referee.charge(self, frame.size):
            self._listener.dropped("flood")
            self._referee.blame(self, FLOOD)
            return
        match frame.head:
            case Response(number):
                self._settle(number, frame.data, None)
            case Refusal(number, reason):
                self._settle(number, None, reason)
            case Gossip(topic):
                self._listener.told(self.peer, topic, frame.data)
            case Request(number, protocol):
                self._serve(number, protocol, frame.data, nursery)
            case Ping(number):
                self.post(encode(Pong(number)), Priority.URGENT)
            case Pong(number) if number == self._pinged[0]:
                self.round_trip = trio.current_time() - self._pinged[1]
            case Goodbye(reason):
                self.disconnect(f"it said goodbye: {reason}")
            case Hello():
                self._break(BadFrame("a second greeting"))
            case _:
                return

    def _read_greeting(self, frame: Frame) -> Hello | None:
        self.messages_in += 1
        match frame.head:
            case Hello() as hello:
                return hello
            case Goodbye(reason):
                self.disconnect(f"it said goodbye: {reason}")
            case head:
                self._break(BadFrame(f"{type(head).__name__} stands where the greeting belongs"))
        return None

    def _serve(self, number: int, protocol: str, data: bytes, nursery: trio.Nursery) -> None:
        answer = self._listener.answer_to(protocol)
        if answer is None or not self._answering.begin():
            reason = "this node answers no such requests" if answer is None else "too many requests at once"
            self._post_answer(encode(Refusal(number, reason)))
            return
        asked = self._catalogue.protocol(protocol)
        nursery.start_soon(self._answering.answer, number, asked, data, answer, self._post_answer)

    def _settle(self, number: int, answer: bytes | None, reason: str | None) -> None:
        if not self._asking.settle(number, answer, reason):
            self._referee.blame(self, UNASKED_ANSWER)

    def _data_bytes_max(self, head: Head) -> int:
        match head:
            case Gossip(topic):
                return self._catalogue.topic(topic).bytes_max
            case Request(_, protocol):
                return self._catalogue.protocol(protocol).request_bytes_max
            case Response(number):
                return self._asking.answer_bytes_max(number)
            case _:
                return 0

    def _break(self, error: BadFrame) -> None:
        self.disconnect(str(error))
        self._referee.blame(self, OVERSIZED_FRAME if isinstance(error, OversizedFrame) else MALFORMED_FRAME)

    def _count_in(self, received: bytes | bytearray) -> None:
        self.bytes_in += len(received)
        self._heard = trio.current_time()
