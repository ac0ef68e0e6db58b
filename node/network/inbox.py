"""What arrived of one topic and waits to be received: bounded, and fair between the peers that sent it."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import NamedTuple

import trio

from node.network.address import PeerId
from node.network.topics import Topic


class Incoming(NamedTuple):
    """A message as it came. Who sent it need not be who wrote it: that is in the data."""

    peer: PeerId
    topic: str
    data: bytes


class _Queue:
    """What waits of one peer."""

    def __init__(self) -> None:
        self.messages: deque[Incoming] = deque()
        self.bytes = 0


class Inbox(trio.abc.ReceiveChannel[Incoming]):
    """The messages of one topic, each peer's in order, the peers in turn. Beyond the topic's bounds the
    peer with most messages, or most bytes, loses its latest one, so that nobody can crowd out the others.
    """

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self._queues: OrderedDict[PeerId, _Queue] = OrderedDict()
        self._changed = trio.Event()
        self.is_closed = False
        self.count = 0
        self.bytes = 0

    def put(self, message: Incoming) -> int:
        """Queue a message; how many were dropped for it, itself perhaps among them."""
        if self.is_closed:
            return 1
        queue = self._queues.setdefault(message.peer, _Queue())
        queue.messages.append(message)
        self._add(queue, 1, len(message.data))
        dropped = 0
        while self.count > self._topic.waiting_max:
            self._drop_latest(max(self._queues, key=lambda peer: len(self._queues[peer].messages)))
            dropped += 1
        while self.bytes > self._topic.waiting_bytes_max:
            self._drop_latest(max(self._queues, key=lambda peer: self._queues[peer].bytes))
            dropped += 1
        self._changed.set()
        return dropped

    async def receive(self) -> Incoming:
        """The next message. Raises trio.ClosedResourceError when the inbox is closed."""
        has_yielded = False
        while True:
            if self.is_closed:
                raise trio.ClosedResourceError("the inbox was closed")
            if self._queues and has_yielded:
                return self._next()
            if self._queues:
                await trio.lowlevel.checkpoint()
            else:
                if self._changed.is_set():
                    self._changed = trio.Event()
                await self._changed.wait()
            has_yielded = True

    async def aclose(self) -> None:
        """Receive no more; what comes is dropped."""
        self.is_closed = True
        self._queues.clear()
        self.count = self.bytes = 0
        self._changed.set()
        await trio.lowlevel.checkpoint()

    def _next(self) -> Incoming:
        peer, queue = next(iter(self._queues.items()))
        message = queue.messages.popleft()
        self._add(queue, -1, -len(message.data))
        if queue.messages:
            self._queues.move_to_end(peer)
        else:
            del self._queues[peer]
        return message

    def _drop_latest(self, peer: PeerId) -> None:
        queue = self._queues[peer]
        self._add(queue, -1, -len(queue.messages.pop().data))
        if not queue.messages:
            del self._queues[peer]

    def _add(self, queue: _Queue, count: int, size: int) -> None:
        queue.bytes += size
        self.bytes += size
        self.count += count
