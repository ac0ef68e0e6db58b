"""What carries connections: all that a simulation replaces."""

from __future__ import annotations

from typing import Protocol

import trio

from node.network.address import PeerAddress, PeerId
from node.network.errors import HandshakeFailed


class Door(Protocol):
    """Who decides about callers."""

    def admits(self, host: str) -> bool:
        """Whether a caller from this host is listened to at all."""
        ...

    def turned_away(self, host: str, why: HandshakeFailed) -> None:
        """A caller did not prove who it is."""
        ...

    async def welcome(self, peer: PeerId, host: str, stream: trio.abc.Stream) -> None:
        """Serve a caller that is proven to be `peer`; closes the stream."""
        ...


class Transport(Protocol):
    """How this node reaches others, and they reach it. Every stream that it gives is authenticated."""

    @property
    def me(self) -> PeerId:
        """This node."""
        ...

    async def dial(self, address: PeerAddress) -> trio.abc.Stream:
        """A stream to exactly that peer. Raises DialFailed, HandshakeFailed."""
        ...

    async def serve(
        self, door: Door, *, task_status: trio.TaskStatus[PeerAddress | None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Take callers until cancelled; reports where it listens, None when it does not. Raises
        CannotListen.
        """
        ...
