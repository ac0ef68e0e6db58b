"""Nodes that talk to each other, on sockets and in memory; and peers that misbehave."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

import trio

from node.network.address import PeerAddress, PeerId
from node.network.config import NetworkConfig
from node.network.errors import HandshakeFailed
from node.network.frames import Frame, FrameReader, Goodbye, Head, Hello, encode
from node.network.limits import NetworkLimits
from node.network.memory import Link, MemoryHub
from node.network.noise import NoiseTransport
from node.network.service import PeerNetwork
from node.network.topics import BLOCK_MESSAGE_BYTES_MAX
from node.network.transport import Transport
from node.wallet.signer import Keypair
from runtime.crypto.hashing import blake2b_256

GENESIS = blake2b_256(b"genesis of the tests")
OTHER_GENESIS = blake2b_256(b"another genesis")
SECONDS_MAX = 10


def identity(name: object) -> Keypair:
    """The identity of a node of this name."""
    return Keypair.from_seed(blake2b_256(f"node {name}".encode()), "ed25519")


IDENTITIES = sorted((identity(number) for number in range(256)), key=lambda pair: pair.public)
"""Identities in ascending order of their peers."""


def peer(place: int) -> PeerId:
    """The peer at a place of `IDENTITIES`."""
    return IDENTITIES[place].public


def noise(
    place: int, *, genesis: bytes = GENESIS, port: int | None = 0, limits: NetworkLimits | None = None
) -> NoiseTransport:
    """A transport on this machine's sockets."""
    return NoiseTransport(IDENTITIES[place], genesis, port=port, limits=limits)


def network(transport: Transport, *, seed: int = 0, **config: object) -> PeerNetwork:
    """A network over a transport; `config` are fields of `NetworkConfig`."""
    return PeerNetwork(transport, NetworkConfig(**config), Random(seed))


class World:
    """Nodes in memory, the one at place n of `IDENTITIES` at 10.0.n.1."""

    def __init__(self, link: Link | None = None) -> None:
        self.hub = MemoryHub(link)

    @staticmethod
    def address(place: int) -> PeerAddress:
        """Where the node at this place listens."""
        return PeerAddress(peer(place), f"10.0.{place}.1", 30_333)

    def node(self, place: int, *, host: str | None = None, **config: object) -> PeerNetwork:
        """A node that is not running yet."""
        transport = self.hub.transport(peer(place), host or f"10.0.{place}.1")
        return network(transport, seed=place, **config)

    async def dial(self, place: int, to: int) -> trio.abc.Stream:
        """A stream of a peer that has only proven who it is."""
        return await self.hub.transport(peer(place), f"10.0.{place}.1").dial(self.address(to))

    async def raw(self, place: int, to: int) -> RawPeer:
        """A peer that has greeted, and then does what a test wants."""
        return await RawPeer.greet(await self.dial(place, to))


def mesh_of(world: World, count: int, **config: object) -> list[PeerNetwork]:
    """Nodes that all reserve each other."""
    places = range(count)
    return [world.node(each, reserved=tuple(map(world.address, places)), **config) for each in places]


class TurnedAway(Exception):
    """A node said goodbye instead of greeting."""


class RawPeer:
    """A peer without any manners: frames in and out by hand."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream
        self._reader = FrameReader(lambda _: BLOCK_MESSAGE_BYTES_MAX)
        self._frames: list[Frame] = []

    @classmethod
    async def greet(cls, stream: trio.abc.Stream) -> RawPeer:
        """Greet and be greeted; closes the stream when that fails, as by TurnedAway."""
        raw = cls(stream)
        async with AsyncExitStack() as undo:
            undo.push_async_callback(trio.aclose_forcefully, stream)
            await raw.send(Hello("", 0))
            head = (await raw.frame()).head
            if isinstance(head, Goodbye):
                raise TurnedAway(head.reason)
            assert isinstance(head, Hello)
            undo.pop_all()
        return raw

    async def send(self, head: Head, data: bytes = b"") -> None:
        await self.stream.send_all(encode(head, data))

    async def frame(self) -> Frame:
        """The next frame; raises EOFError behind the last."""
        with trio.fail_after(SECONDS_MAX * 10):
            while not self._frames:
                received = await self.stream.receive_some(65_536)
                if not received:
                    raise EOFError
                self._frames += self._reader.feed(received)
        return self._frames.pop(0)

    async def find(self, kind: type[Head]) -> Frame:
        """The next frame of a kind; others before it are passed over."""
        while not isinstance((frame := await self.frame()).head, kind):
            pass
        return frame


@asynccontextmanager
async def running(*networks: PeerNetwork) -> AsyncIterator[list[PeerAddress]]:
    """Run networks; their addresses."""
    async with trio.open_nursery() as nursery:
        addresses = [await nursery.start(each.run) for each in networks]
        yield addresses
        nursery.cancel_scope.cancel()


async def until(fact: Callable[[], bool], seconds: float = SECONDS_MAX) -> None:
    """Return once something is so."""
    with trio.fail_after(seconds):
        while not fact():
            await trio.sleep(0.01)


async def connected(network: PeerNetwork, *peers: PeerId, seconds: float = SECONDS_MAX) -> None:
    """Return once a node is connected to exactly these."""
    await until(lambda: sorted(network.peers()) == sorted(peers), seconds)


async def meshed(*networks: PeerNetwork, seconds: float = SECONDS_MAX) -> None:
    """Return once each is connected to all others."""
    for one in networks:
        await connected(one, *(other.me for other in networks if other is not one), seconds=seconds)


class Guestbook:
    """A door that takes everybody, and notes who came."""

    def __init__(self, serve: Callable[[trio.abc.Stream], Awaitable[None]] | None = None) -> None:
        self.guests: list[tuple[PeerId, str]] = []
        self.turned: list[tuple[str, str]] = []
        self._serve = serve

    def admits(self, host: str) -> bool:
        return True

    def turned_away(self, host: str, why: HandshakeFailed) -> None:
        self.turned.append((host, str(why)))

    async def welcome(self, peer: PeerId, host: str, stream: trio.abc.Stream) -> None:
        self.guests.append((peer, host))
        async with stream:
            if self._serve is not None:
                await self._serve(stream)
