"""Notices: what happens to the chain, told to whoever watches, each in order and from a bounded queue."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

import trio

from runtime.state import State
from runtime.types.block import Block, Header

NOTICES_MAX: Final = 1_024
"""Notices that a watcher may leave unread; one more ends its watch."""


@dataclass(frozen=True, slots=True)
class Imported:
    """A block was executed and is known."""

    hash: bytes
    block: Block
    state: State

    @property
    def header(self) -> Header:
        """The block's header."""
        return self.block.header


@dataclass(frozen=True, slots=True)
class NewBest:
    """Another known block is the head now: one just imported, or one on another branch."""

    hash: bytes
    header: Header
    state: State


@dataclass(frozen=True, slots=True)
class Finalized:
    """Blocks became final; they are durable."""

    hashes: tuple[bytes, ...]
    """Each the child of the one before."""
    header: Header
    """That of the last."""
    pruned: tuple[bytes, ...]
    """Blocks that lost to these and are forgotten."""


@dataclass(frozen=True, slots=True)
class Reverted:
    """A development chain was taken back to an earlier block."""

    hash: bytes
    header: Header
    state: State


Notice: TypeAlias = Imported | NewBest | Finalized | Reverted


class Watch(AsyncIterator[Notice]):
    """The notices from now on."""

    def __init__(self, receive: trio.MemoryReceiveChannel[Notice]) -> None:
        self._receive = receive

    async def __anext__(self) -> Notice:
        return await self._receive.__anext__()


class Notices:
    """All who watch."""

    def __init__(self) -> None:
        self._channels: list[trio.MemorySendChannel[Notice]] = []

    @contextmanager
    def watch(self) -> Generator[Watch]:
        """The notices from now on; the watch ends when its reader falls too far behind."""
        send, receive = trio.open_memory_channel[Notice](NOTICES_MAX)
        self._channels.append(send)
        try:
            with send, receive:
                yield Watch(receive)
        finally:
            if send in self._channels:
                self._channels.remove(send)

    def publish(self, notice: Notice) -> None:
        """Tell everybody; never waits."""
        for channel in tuple(self._channels):
            try:
                channel.send_nowait(notice)
            except (trio.WouldBlock, trio.BrokenResourceError):
                channel.close()
                self._channels.remove(channel)
