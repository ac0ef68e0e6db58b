"""A network within one process: requests are calls, and each peer answers as the test wants."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

import trio

from node.network.address import PeerId
from node.network.errors import CannotAnswer, PeerGone, RequestRefused, RequestTimedOut

Answer = Callable[[PeerId, bytes], Awaitable[bytes]]


def peer_named(name: str) -> PeerId:
    """A peer's key that can be read."""
    return name.encode().ljust(32, b".")


def name_of(peer: PeerId) -> str:
    return peer.rstrip(b".").decode()


class Hub:
    """Everybody, fully connected."""

    def __init__(self) -> None:
        self.ports: dict[PeerId, Port] = {}

    def join(self, name: str) -> Port:
        """A new node."""
        port = Port(self, peer_named(name))
        self.ports[port.me] = port
        return port

    def leave(self, name: str) -> None:
        """A node is gone."""
        del self.ports[peer_named(name)]


class Port:
    """One node's place in the network; a `node.sync.peers.Network`."""

    def __init__(self, hub: Hub, me: PeerId) -> None:
        self.me = me
        self.asked: list[tuple[str, str]] = []
        """Whom this node has asked for what."""
        self.told: list[tuple[str, bytes]] = []
        """What it has told everybody."""
        self.answers: dict[str, Answer] = {}
        self._hub = hub

    def peers(self) -> Collection[PeerId]:
        return [peer for peer in self._hub.ports if peer != self.me]

    async def request(self, peer: PeerId, protocol: str, data: bytes, seconds: float) -> bytes:
        self.asked.append((name_of(peer), protocol))
        await trio.sleep(0.01)
        port = self._hub.ports.get(peer)
        if port is None:
            raise PeerGone(peer)
        if protocol not in port.answers:
            raise RequestRefused(peer, protocol, "nobody answers it here")
        with trio.move_on_after(seconds):
            try:
                return await port.answers[protocol](self.me, data)
            except CannotAnswer as why:
                raise RequestRefused(peer, protocol, why.reason) from None
        raise RequestTimedOut(peer, protocol, f"no answer in {seconds} s")

    def on_request(self, protocol: str, answer: Answer) -> None:
        self.answers[protocol] = answer

    async def broadcast(self, topic: str, data: bytes) -> None:
        await trio.lowlevel.checkpoint()
        self.told.append((topic, data))
