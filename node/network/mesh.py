"""The mesh: one connection to each peer, dialled again when it is lost, and who is shut out of it."""

from __future__ import annotations

import logging
from collections import Counter
from random import Random

import trio

from node.network.address import PeerAddress, PeerId, is_loopback, short
from node.network.config import NetworkConfig
from node.network.connection import Connection, Listener
from node.network.errors import BadAddress, DialFailed, HandshakeFailed, PeerGone
from node.network.exchange import is_credible
from node.network.frames import Hello
from node.network.peers import Peers, newer_wins
from node.network.reputation import BAD_HANDSHAKE, BANNED_GUEST, Ban, Fault, Reputation
from node.network.topics import Catalogue
from node.network.transport import Transport

log = logging.getLogger(__name__)


class Mesh:
    """All connections of one node: the door at which callers knock, and the referee of what they do."""

    def __init__(
        self,
        transport: Transport,
        config: NetworkConfig,
        catalogue: Catalogue,
        listener: Listener,
        random: Random,
    ) -> None:
        self.peers = Peers(transport.me, config.limits, random)
        self.reputation = Reputation(config.limits)
        self.connections: dict[PeerId, Connection] = {}
        """Those that stand."""
        self.events: Counter[str] = Counter()
        self.address: PeerAddress | None = None
        """Where the node listens."""
        self._transport = transport
        self._config = config
        self._catalogue = catalogue
        self._limits = config.limits
        self._listener = listener
        self._greeting: dict[Connection, None] = {}
        self._changed = trio.Event()
        self._redial = trio.Event()

    async def run(
        self, *, task_status: trio.TaskStatus[PeerAddress | None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listen, dial and redial until cancelled; reports where it listens. Raises CannotListen."""
        async with trio.open_nursery() as nursery:
            self.address = await nursery.start(self._transport.serve, self)
            log.info("listening for peers: address=%s", self.address)
            task_status.started(self.address)
            while True:
                self._redial = trio.Event()
                now = trio.current_time()
                for address in self.peers.due(now):
                    nursery.start_soon(self._dial, address)
                with trio.move_on_at(self.peers.next_due(now)):
                    await self._redial.wait()

    async def changed(self) -> None:
        """Return when a peer has come or gone."""
        await self._changed.wait()

    def redial(self) -> None:
        """See anew whom to dial: something was learned."""
        self._redial.set()

    def connection(self, peer: PeerId) -> Connection:
        """The connection to a peer. Raises PeerGone."""
        connection = self.connections.get(peer)
        if connection is None or connection.reason is not None:
            raise PeerGone(peer)
        return connection

    # The door, at which the transport brings callers.

    def admits(self, host: str) -> bool:
        """Whether a caller from this host is listened to at all."""
        return self.reputation.ban_of(host, trio.current_time()) is None

    def turned_away(self, host: str, why: HandshakeFailed) -> None:
        """A caller did not prove who it is."""
        self.events["handshakes failed"] += 1
        log.debug("caller turned away: host=%s reason=%r", host, why.reason)
        self._blame_host(host, BAD_HANDSHAKE)

    async def welcome(self, peer: PeerId, host: str, stream: trio.abc.Stream) -> None:
        """Serve a caller that is proven to be `peer`; closes the stream."""
        await self._converse(peer, host, stream, is_outbound=False)

    # The referee.

    def charge(self, connection: Connection, size: int) -> bool:
        """Whether the peer may send so much."""
        return self.reputation.spend(connection.peer, size, trio.current_time())

    def blame(self, connection: Connection, fault: Fault) -> None:
        """A peer did what it should not, on this connection."""
        self.report(connection.peer, fault, connection)

    def report(self, peer: PeerId, fault: Fault, connection: Connection | None = None) -> None:
        """A peer did what it should not; enough of that, and it is banned for a while."""
        now = trio.current_time()
        ban = self.reputation.blame(peer, fault, now)
        if ban is None:
            return
        log.warning("peer banned: peer=%s fault=%r seconds=%d", short(peer), fault.name, ban.until - now)
        self.events["bans"] += 1
        self.peers.hold(peer, ban.until)
        standing = self.connections.get(peer)
        for each in (connection, standing):
            if each is not None:
                each.disconnect(_words(ban))
        caller = connection or standing
        if caller is not None and not caller.is_outbound:
            self._blame_host(caller.host, BANNED_GUEST)

    def _blame_host(self, host: str, fault: Fault) -> None:
        """Hosts answer for their callers; those of this machine are told apart by identity alone."""
        if not is_loopback(host) and self.reputation.blame(host, fault, trio.current_time()) is not None:
            log.warning("host banned: host=%s fault=%r", host, fault.name)
            self.events["bans"] += 1

    # Connections.

    async def _dial(self, address: PeerAddress) -> None:
        stream: trio.abc.Stream | None = None
        try:
            with trio.move_on_after(self._limits.dial_seconds_max + self._limits.handshake_seconds_max):
                stream = await self._transport.dial(address)
        except (DialFailed, HandshakeFailed) as failure:
            log.debug("dial failed: address=%s reason=%r", address, failure.reason)
        if stream is None or not await self._converse(address.peer, address.host, stream, is_outbound=True):
            self.events["dials failed"] += 1
            self.peers.failed(address.peer, trio.current_time())
            self._redial.set()

    async def _converse(self, peer: PeerId, host: str, stream: trio.abc.Stream, *, is_outbound: bool) -> bool:
        """A connection from its greeting to its end; whether it stood in between. Closes the stream."""
        connection = Connection(
            self, self._listener, peer, host, stream, self._catalogue, self._limits, is_outbound=is_outbound
        )
        async with stream:
            if (refusal := self._refusal(connection)) is not None:
                await connection.turn_away(refusal)
                return False
            hello = await self._greet(connection)
            if hello is None:
                log.debug("no greeting: peer=%s host=%s reason=%r", short(peer), host, connection.reason)
                return False
            if (refusal := self._refusal(connection) or self._yields(connection)) is not None:
                await connection.turn_away(refusal)
                return False
            self._connect(connection, hello)
            try:
                await connection.run()
            finally:
                self._disconnect(connection)
        return True

    async def _greet(self, connection: Connection) -> Hello | None:
        """Exchange greetings. When too many take their time over it, the slowest must go."""
        self._greeting[connection] = None
        if len(self._greeting) > self._limits.handshakes_max:
            next(iter(self._greeting)).disconnect("too many others wait to be greeted")
        try:
            port = 0 if self.address is None else self.address.port
            return await connection.greet(Hello(self._config.public_host, port))
        finally:
            del self._greeting[connection]

    def _refusal(self, connection: Connection) -> str | None:
        """Why the peer is not to be spoken to."""
        ban = self.reputation.ban_of(connection.peer, trio.current_time())
        if ban is not None:
            return _words(ban)
        return None if connection.is_outbound else self.peers.refusal(connection.peer, connection.host)

    def _yields(self, connection: Connection) -> str | None:
        """Why a connection gives way to the one that stands; if it does not, that one ends."""
        old = self.connections.get(connection.peer)
        if old is None:
            return None
        if not newer_wins(
            self._transport.me,
            connection.peer,
            old_is_mine=old.is_outbound,
            new_is_mine=connection.is_outbound,
            old_age=trio.current_time() - old.since,
        ):
            return "another connection stands"
        old.disconnect("a newer connection stands")
        self._disconnect(old)
        return None

    def _connect(self, connection: Connection, hello: Hello) -> None:
        peer, now = connection.peer, trio.current_time()
        connection.since = now
        self.connections[peer] = connection
        self._learn(connection, hello)
        self.peers.connected(peer, connection.host, is_outbound=connection.is_outbound, now=now)
        self.events["connected"] += 1
        self._notice()
        way = "outbound" if connection.is_outbound else "inbound"
        log.info("peer connected: peer=%s host=%s direction=%s", short(peer), connection.host, way)

    def _disconnect(self, connection: Connection) -> None:
        """The connection no longer stands, if it still did."""
        peer = connection.peer
        if self.connections.get(peer) is not connection:
            return
        del self.connections[peer]
        self.peers.gone(peer, trio.current_time())
        self.events["disconnected"] += 1
        self._notice()
        log.info("peer gone: peer=%s host=%s reason=%r", short(peer), connection.host, connection.reason)

    def _learn(self, connection: Connection, hello: Hello) -> None:
        """Note where a caller says that it listens."""
        if connection.is_outbound or not hello.port:
            return
        try:
            address = PeerAddress(connection.peer, hello.host or connection.host, hello.port)
        except BadAddress:
            return
        if is_credible(address, connection.host):
            self.peers.add(address, connection.peer)

    def _notice(self) -> None:
        self._changed.set()
        self._changed = trio.Event()
        self._redial.set()


def _words(ban: Ban) -> str:
    return f"banned: {ban.fault}"
