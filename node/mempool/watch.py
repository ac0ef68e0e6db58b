"""Who wants to know what happens to a transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterable
from contextlib import contextmanager
from typing import Final

import trio

from node.mempool.events import Event, is_final

EVENTS_MAX: Final = 64
"""Events that a watch may leave unread; one more ends it."""


class Watch(AsyncIterator[Event]):
    """The events of one transaction, in order, up to the final one."""

    def __init__(self, receive: trio.MemoryReceiveChannel[Event]) -> None:
        self._receive = receive

    async def __anext__(self) -> Event:
        return await self._receive.__anext__()


class Watchers:
    """All watches, by transaction."""

    def __init__(self) -> None:
        self._channels: dict[bytes, list[trio.MemorySendChannel[Event]]] = {}

    def __len__(self) -> int:
        """How many transactions are watched."""
        return len(self._channels)

    @contextmanager
    def watch(self, transaction: bytes) -> Generator[Watch, None, None]:
        """The events of a transaction from now on."""
        send, receive = trio.open_memory_channel[Event](EVENTS_MAX)
        self._channels.setdefault(transaction, []).append(send)
        try:
            with send, receive:
                yield Watch(receive)
        finally:
            self._forget(transaction, send)

    def publish(self, events: Iterable[Event]) -> None:
        """Tell each event to those who watch its transaction."""
        for event in events:
            for channel in tuple(self._channels.get(event.hash, ())):
                try:
                    channel.send_nowait(event)
                except (trio.WouldBlock, trio.BrokenResourceError, trio.ClosedResourceError):
                    channel.close()
                else:
                    if is_final(event):
                        channel.close()

    def _forget(self, transaction: bytes, channel: trio.MemorySendChannel[Event]) -> None:
        channels = self._channels[transaction]
        channels.remove(channel)
        if not channels:
            del self._channels[transaction]
