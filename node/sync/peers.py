"""What a sync asks of the network and of the blocks' keeper, and nothing else of the node."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Protocol, TypeAlias

from node.chain.records import Justification
from node.network.address import PeerId
from node.sync.sync import Fault

Answer: TypeAlias = Callable[[PeerId, bytes], Awaitable[bytes]]
"""What answers a request; raises CannotAnswer."""

Finalize: TypeAlias = Callable[[bytes, tuple[Justification, ...]], Awaitable[None]]
"""Makes a known block and its ancestors final, for all of the node that must know."""

ReportFault: TypeAlias = Callable[[PeerId, Fault, str], None]
"""Who keeps the peers' reputation is told what one did, and the particulars."""


class Network(Protocol):
    """The part of `node.network` that a sync uses."""

    def peers(self) -> Collection[PeerId]:
        """Who is connected."""
        ...

    async def request(self, peer: PeerId, protocol: str, data: bytes, seconds: float) -> bytes:
        """Ask a peer. Raises PeerGone or RequestFailed."""
        ...

    def on_request(self, protocol: str, answer: Answer) -> None:
        """Answer requests of a protocol from now on."""
        ...

    async def broadcast(self, topic: str, data: bytes) -> None:
        """Tell everybody, as far as it goes."""
        ...
