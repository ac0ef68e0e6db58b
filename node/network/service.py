"""The network: what consensus, sync and the mempool see of other nodes, and the node's one implementation
of it.

`PeerNetwork` keeps one connection to each peer, over any `Transport`. Messages to all go out by
`broadcast`, to one by `send_to`; what comes is received topic by topic. All three are best effort, and none
waits for a peer. `request` asks one peer and waits for its answer. Who sent a message is who passed it on:
author and signature are in the data.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from random import Random
from typing import Final, Protocol

import trio

from node.network.address import PeerAddress, PeerId
from node.network.anchors import load_anchors, save_anchors
from node.network.config import NetworkConfig
from node.network.connection import Connection
from node.network.errors import BadFrame, NetworkError, TooLong
from node.network.exchange import read_addresses, write_addresses
from node.network.frames import Gossip, encode
from node.network.gossip import Seen, chosen
from node.network.inbox import Inbox, Incoming
from node.network.mesh import Mesh
from node.network.reputation import BAD_ADDRESSES, Fault
from node.network.requests import Answer
from node.network.stats import NetworkStats, PeerStats
from node.network.topics import PEERS, Catalogue, Topic
from node.network.transport import Transport

REQUEST_SECONDS: Final = 10.0
EXCHANGE_PAUSE_SECONDS: Final = 0.5
"""The least time between two questions for addresses."""
ANCHOR_SECONDS: Final = 30.0
"""How often the anchors are written down, when they have changed."""

log = logging.getLogger(__name__)


class Network(Protocol):
    """The other nodes, as the rest of this one sees them."""

    @property
    def me(self) -> PeerId:
        """This node."""
        ...

    def peers(self) -> Collection[PeerId]:
        """Who is connected."""
        ...

    async def changed(self) -> None:
        """Return when a peer has come or gone."""
        ...

    async def run(
        self, *, task_status: trio.TaskStatus[PeerAddress | None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listen, dial and redial until cancelled; reports where it listens."""
        ...

    async def broadcast(self, topic: str, data: bytes, *, exclude: Collection[PeerId] = ()) -> None:
        """Tell all peers, or for a flooded topic a few that do not know it. Best effort. Raises TooLong."""
        ...

    async def send_to(self, peer: PeerId, topic: str, data: bytes) -> None:
        """Tell one peer. Best effort. Raises PeerGone, TooLong."""
        ...

    async def request(
        self, peer: PeerId, protocol: str, data: bytes, seconds: float = REQUEST_SECONDS
    ) -> bytes:
        """Ask one peer. Raises PeerGone, PeerBusy, RequestTimedOut, RequestRefused, TooLong."""
        ...

    def on_request(self, protocol: str, answer: Answer) -> None:
        """Let `answer` answer requests of a protocol."""
        ...

    def incoming(self, topic: str) -> trio.abc.ReceiveChannel[Incoming]:
        """What is told of a topic, from now on. Bounded and fair between peers; drops are counted."""
        ...

    def report(self, peer: PeerId, fault: Fault) -> None:
        """A peer did what it should not; enough of that, and it is banned for a while."""
        ...

    def set_reserved(self, peers: Iterable[PeerAddress]) -> None:
        """Keep connections to exactly these, come what may. Raises TooManyReserved."""
        ...

    def set_named(self, peers: Iterable[PeerId]) -> None:
        """Keep connections to these too, wherever they are found, until others are named. Raises
        TooManyReserved.
        """
        ...


class PeerNetwork:
    """The network of one node, for the Trio run that it is made in."""

    def __init__(self, transport: Transport, config: NetworkConfig, random: Random) -> None:
        """`random` spreads dials and gossip; a simulation gives a seeded one."""
        self._me = transport.me
        self._config = config
        self._random = random
        self._catalogue = Catalogue(config.topics, config.protocols)
        self._mesh = Mesh(transport, config, self._catalogue, self, random)
        self._seen = Seen(config.limits)
        self._inboxes: dict[str, Inbox] = {}
        self._answers: dict[str, Answer] = {PEERS: self._tell_addresses}
        self._drops: Counter[str] = Counter()
        self._duplicates = 0

    @property
    def me(self) -> PeerId:
        """This node."""
        return self._me

    @property
    def address(self) -> PeerAddress | None:
        """Where this node listens, once it runs."""
        return self._mesh.address

    def peers(self) -> Collection[PeerId]:
        """Who is connected, in the order in which they came."""
        return tuple(self._mesh.connections)

    async def changed(self) -> None:
        """Return when a peer has come or gone."""
        await self._mesh.changed()

    async def run(
        self, *, task_status: trio.TaskStatus[PeerAddress | None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listen, dial and redial until cancelled; reports where it listens. Raises CannotListen,
        TooManyReserved.
        """
        config, book = self._config, self._mesh.peers
        if config.anchors_file is not None:
            for address in load_anchors(config.anchors_file, config.limits.anchors_max):
                book.add(address, None, is_anchor=True)
        for address in config.bootnodes:
            book.add(address, None)
        if config.reserved:
            book.reserve(config.reserved, trio.current_time())
        async with trio.open_nursery() as nursery:
            listening: PeerAddress | None = await nursery.start(self._mesh.run)
            nursery.start_soon(self._keep_asking)
            if config.anchors_file is not None:
                nursery.start_soon(self._keep_anchors, config.anchors_file)
            task_status.started(listening)

    # Telling and asking.

    async def broadcast(self, topic: str, data: bytes, *, exclude: Collection[PeerId] = ()) -> None:
        """Tell all peers, or for a flooded topic a few that do not know it. Best effort. Raises TooLong."""
        about, frame = self._message(topic, data)
        connections = self._mesh.connections
        if about.floods:
            self._seen.note(topic, data, None, trio.current_time())
            without = (*exclude, *self._seen.holders(topic, data))
            targets = chosen(connections, without, self._random)
        else:
            targets = [peer for peer in connections if peer not in exclude]
        for peer in targets:
            self._post(connections[peer], about, frame)
        await trio.lowlevel.checkpoint()

    async def send_to(self, peer: PeerId, topic: str, data: bytes) -> None:
        """Tell one peer. Best effort. Raises PeerGone, TooLong."""
        about, frame = self._message(topic, data)
        self._post(self._mesh.connection(peer), about, frame)
        await trio.lowlevel.checkpoint_if_cancelled()

    async def request(
        self, peer: PeerId, protocol: str, data: bytes, seconds: float = REQUEST_SECONDS
    ) -> bytes:
        """Ask one peer. Raises PeerGone, PeerBusy, RequestTimedOut, RequestRefused, TooLong."""
        size_max = self._catalogue.protocol(protocol).request_bytes_max
        if len(data) > size_max:
            raise TooLong(f"a request for {protocol!r}", len(data), size_max)
        return await self._mesh.connection(peer).ask(protocol, data, seconds)

    def on_request(self, protocol: str, answer: Answer) -> None:
        """Let `answer` answer requests of a protocol."""
        self._answers[protocol] = answer

    def incoming(self, topic: str) -> Inbox:
        """What is told of a topic, from now on. Bounded and fair between peers; drops are counted. One
        channel a topic, until it is closed.
        """
        assert self._catalogue.knows(topic), f"{topic}: no topic of this network"
        inbox = self._inboxes.get(topic)
        if inbox is None or inbox.is_closed:
            inbox = self._inboxes[topic] = Inbox(self._catalogue.topic(topic))
        return inbox

    # Who is spoken to.

    def report(self, peer: PeerId, fault: Fault) -> None:
        """A peer did what it should not; enough of that, and it is banned for a while."""
        self._mesh.report(peer, fault)

    def set_reserved(self, peers: Iterable[PeerAddress]) -> None:
        """Keep connections to exactly these, come what may. Raises TooManyReserved."""
        self._mesh.peers.reserve(peers, trio.current_time())
        self._mesh.redial()

    def set_named(self, peers: Iterable[PeerId]) -> None:
        """Keep connections to these too, wherever they are found. Raises TooManyReserved."""
        self._mesh.peers.name(peers)
        self._mesh.redial()

    def stats(self) -> NetworkStats:
        """The network as it is now."""
        mesh, now = self._mesh, trio.current_time()
        return NetworkStats(
            me=self.me,
            address=mesh.address,
            peers=tuple(self._stats_of(connection, now) for connection in mesh.connections.values()),
            known=len(mesh.peers),
            reserved=mesh.peers.reserved_count,
            bans=mesh.reputation.bans(now),
            drops=dict(self._drops),
            duplicates=self._duplicates,
            events=dict(mesh.events),
            waiting={topic: inbox.count for topic, inbox in self._inboxes.items()},
        )

    # For whom peers' messages are: `Listener`.

    def told(self, peer: PeerId, topic: str, data: bytes) -> None:
        """A message has come."""
        inbox = self._inboxes.get(topic)
        if inbox is None:
            self.dropped("unheard topic" if self._catalogue.knows(topic) else "unknown topic")
            return
        if self._catalogue.topic(topic).floods:
            if not self._seen.note(topic, data, peer, trio.current_time()):
                self._duplicates += 1
                return
        if dropped := inbox.put(Incoming(peer, topic, data)):
            self._drops[f"inbox of {topic}"] += dropped

    def answer_to(self, protocol: str) -> Answer | None:
        """Who answers requests of a protocol."""
        return self._answers.get(protocol)

    def dropped(self, why: str) -> None:
        """A message was dropped."""
        self._drops[why] += 1

    # Within.

    def _message(self, topic: str, data: bytes) -> tuple[Topic, bytes]:
        assert self._catalogue.knows(topic), f"{topic}: no topic of this network"
        about = self._catalogue.topic(topic)
        if len(data) > about.bytes_max:
            raise TooLong(f"a message of {topic!r}", len(data), about.bytes_max)
        return about, encode(Gossip(topic), data)

    def _post(self, connection: Connection, about: Topic, frame: bytes) -> None:
        if not connection.post(frame, about.priority):
            self.dropped(f"outbox of {about.name}")

    async def _keep_asking(self) -> None:
        """Ask peers for addresses while too few are dialled, or one that is named is not found."""
        mesh, connections = self._mesh, self._mesh.connections
        while True:
            came = mesh.events["connected"]
            if (mesh.peers.missing or mesh.peers.lost) and connections:
                await self._ask_addresses(connections[self._random.choice(list(connections))])
            await trio.sleep(EXCHANGE_PAUSE_SECONDS)
            if mesh.events["connected"] == came:
                with trio.move_on_after(self._config.limits.exchange_seconds):
                    await self.changed()

    async def _ask_addresses(self, connection: Connection) -> None:
        try:
            answer = await connection.ask(PEERS, b"", REQUEST_SECONDS)
            addresses = read_addresses(answer, connection.host)
        except BadFrame:
            self.report(connection.peer, BAD_ADDRESSES)
        except NetworkError as error:
            log.debug("no addresses: %s", error)
        else:
            for each in addresses:
                self._mesh.peers.add(each, connection.peer)
            self._mesh.redial()

    async def _tell_addresses(self, peer: PeerId, request: bytes) -> bytes:
        known = [address for address in self._mesh.peers.proven() if address.peer != peer]
        return write_addresses(known, self._config.limits.exchange_addresses_max, self._random)

    async def _keep_anchors(self, path: Path) -> None:
        kept: list[PeerAddress] = []
        while True:
            await trio.sleep(ANCHOR_SECONDS)
            anchors = self._mesh.peers.anchors()
            if anchors and anchors != kept:
                try:
                    save_anchors(path, anchors)
                except OSError as error:
                    log.warning("anchors not kept: file=%s reason=%r", path, error.strerror)
                kept = anchors

    def _stats_of(self, connection: Connection, now: float) -> PeerStats:
        address = self._mesh.peers.address_of(connection.peer)
        return PeerStats(
            peer=connection.peer,
            address=connection.host if address is None else str(address),
            is_outbound=connection.is_outbound,
            is_reserved=self._mesh.peers.is_reserved(connection.peer),
            seconds=now - connection.since,
            bytes_in=connection.bytes_in,
            bytes_out=connection.bytes_out,
            messages_in=connection.messages_in,
            messages_out=connection.messages_out,
            waiting_bytes=connection.waiting_bytes,
            round_trip_seconds=connection.round_trip,
            score=self._mesh.reputation.score(connection.peer, now),
        )
