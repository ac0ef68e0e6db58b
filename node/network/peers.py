"""Whom a node knows, whom it dials and when, and which callers it takes. Pure: time and dice are arguments.

**Reserved** peers, such as the other validators, are always dialled, and taken whenever they call. Of the
others as many are dialled as it takes for `outbound_min` connections, each in a neighbourhood (/24) of its
own, so that nobody surrounds a node by renting one block of addresses; and a few callers of each
neighbourhood are taken. **Anchors** are peers that were dialled before a restart: dialled first, so that a
restart is no chance to surround a node anew. Addresses come from the operator (bootnodes), from peers
themselves when they greet, and from other peers, who each have a share of the book and cannot push out what
was found to be true.

A dial that fails is repeated after a wait that doubles, with dice against marching in step; a peer that was
connected for a while is dialled again at once when it is gone. Two reserved peers that both want to dial
would meet halfway, so the one with the higher identity waits a moment.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from node.network.address import PeerAddress, PeerId, group_of, is_loopback
from node.network.errors import TooManyReserved
from node.network.limits import NetworkLimits

SIMULTANEOUS_SECONDS_MAX = 2.0
"""Two connections of one pair that stand within this time were dialled at the same time."""


@dataclass(slots=True)
class _Known:
    """A peer whose address is known."""

    address: PeerAddress
    source: PeerId | None
    """Who told of it; None for the operator."""
    due: float = -math.inf
    """Not dialled before."""
    failures: int = 0
    is_reserved: bool = False
    is_anchor: bool = False
    is_proven: bool = False
    """Whether it was ever connected: the address is not only hearsay."""
    is_dialling: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    """A connection that stands."""

    host: str
    is_outbound: bool
    since: float


class Peers:
    """The address book of one node, and its state of connections."""

    def __init__(self, me: PeerId, limits: NetworkLimits, random: Random) -> None:
        self._me = me
        self._limits = limits
        self._random = random
        self._book: dict[PeerId, _Known] = {}
        self._lines: dict[PeerId, _Line] = {}
        self._named: frozenset[PeerId] = frozenset()
        """Peers that are reserved though nobody may have said where they are."""

    def __len__(self) -> int:
        return len(self._book)

    # What is known.

    def reserve(self, addresses: Iterable[PeerAddress], now: float) -> None:
        """Let exactly these peers, this node aside, be reserved. Raises TooManyReserved."""
        wanted = {address.peer: address for address in addresses if address.peer != self._me}
        if len(wanted) > self._limits.reserved_max:
            raise TooManyReserved(len(wanted), self._limits.reserved_max)
        for peer, known in self._book.items():
            known.is_reserved = peer in wanted
        for peer, address in wanted.items():
            new = _Known(address, None, due=now + self._patience(peer))
            known = self._book.setdefault(peer, new)
            if known.address != address:
                known.address, known.failures, known.due = address, 0, now
            known.source, known.is_reserved = None, True

    def name(self, peers: Iterable[PeerId]) -> None:
        """Let these too be reserved, wherever they are found, until others are named. Raises
        TooManyReserved.
        """
        named = frozenset(peers) - {self._me}
        if len(named) > self._limits.reserved_max:
            raise TooManyReserved(len(named), self._limits.reserved_max)
        self._named = named

    @property
    def lost(self) -> bool:
        """Whether a named peer's address is unknown."""
        return any(peer not in self._book and peer not in self._lines for peer in self._named)

    def _reserves(self, known: _Known) -> bool:
        return known.is_reserved or known.address.peer in self._named

    def add(self, address: PeerAddress, source: PeerId | None, *, is_anchor: bool = False) -> bool:
        """Note an address, told by a peer or by the operator; whether the book has changed.

        What the operator said stands. What is proven changes on nobody's word but the peer's own.
        """
        peer = address.peer
        if peer == self._me:
            return False
        known = self._book.get(peer)
        if known is not None:
            is_open = known.source is not None and (source == peer or not known.is_proven)
            if known.address == address or not (source is None or is_open):
                return False
            known.address, known.source = address, source
            return True
        if source is not None and not self._make_room(source):
            return False
        self._book[peer] = _Known(address, source, is_anchor=is_anchor)
        return True

    def is_reserved(self, peer: PeerId) -> bool:
        """Whether the peer is reserved."""
        known = self._book.get(peer)
        return peer in self._named or (known is not None and known.is_reserved)

    @property
    def reserved_count(self) -> int:
        """How many peers are reserved."""
        return sum(self._reserves(known) for known in self._book.values())

    def address_of(self, peer: PeerId) -> PeerAddress | None:
        """Where the peer listens, when that is known."""
        known = self._book.get(peer)
        return None if known is None else known.address

    def proven(self) -> list[PeerAddress]:
        """Addresses of peers that are, or once were, connected: what may be told to others."""
        return [known.address for known in self._book.values() if known.is_proven]

    def anchors(self) -> list[PeerAddress]:
        """The peers, not reserved, that have been dialled and connected for longest."""
        dialled = [
            (line.since, known.address)
            for peer, line in self._lines.items()
            if line.is_outbound and (known := self._book.get(peer)) is not None and not self._reserves(known)
        ]
        dialled.sort(key=lambda each: each[0])
        return [address for _, address in dialled[: self._limits.anchors_max]]

    # Whom to dial.

    @property
    def missing(self) -> int:
        """How many more peers should be dialled, reserved ones aside."""
        count = sum(line.is_outbound or self.is_reserved(peer) for peer, line in self._lines.items())
        count += sum(known.is_dialling for known in self._book.values())
        return max(0, self._limits.outbound_min - count)

    def due(self, now: float) -> list[PeerAddress]:
        """Whom to dial now; each counts as being dialled from here on."""
        room = self._limits.dials_max - sum(known.is_dialling for known in self._book.values())
        idle = [known for known in self._idle() if known.due <= now]
        taken = [known for known in idle if self._reserves(known)][: max(0, room)]
        for known in taken:
            known.is_dialling = True
        others = [known for known in idle if not self._reserves(known)]
        self._random.shuffle(others)
        others.sort(key=lambda known: not known.is_anchor)
        wanted = min(self.missing, room - len(taken))
        groups = {group_of(line.host) for line in self._lines.values() if line.is_outbound}
        for known in others:
            if wanted <= 0:
                break
            host = known.address.host
            if is_loopback(host) or group_of(host) not in groups:
                groups.add(group_of(host))
                known.is_dialling = True
                taken.append(known)
                wanted -= 1
        return [known.address for known in taken]

    def next_due(self, now: float) -> float:
        """When to ask `due` again, unless something happens before: what it left over, it left for a reason
        that only a dial or a connection that ends can change.
        """
        missing = self.missing
        later = (
            known.due for known in self._idle() if known.due > now and (self._reserves(known) or missing)
        )
        return min(later, default=math.inf)

    def failed(self, peer: PeerId, now: float) -> None:
        """A dial came to nothing."""
        known = self._book.get(peer)
        if known is None:
            return
        known.is_dialling = False
        self._back_off(known, now)
        if (
            known.failures >= self._limits.failures_max
            and known.source is not None
            and not self._reserves(known)
            and peer not in self._lines
        ):
            del self._book[peer]

    def hold(self, peer: PeerId, until: float) -> None:
        """Do not dial the peer before."""
        known = self._book.get(peer)
        if known is not None:
            known.due = max(known.due, until)

    # Connections.

    def refusal(self, peer: PeerId, host: str) -> str | None:
        """Why a caller is not taken; None when it is."""
        if peer == self._me:
            return "that is this node itself"
        if self.is_reserved(peer) or peer in self._lines:
            return None
        callers = [
            line.host
            for other, line in self._lines.items()
            if not line.is_outbound and not self.is_reserved(other)
        ]
        if len(callers) >= self._limits.inbound_max:
            return "too many peers"
        group = group_of(host)
        if not is_loopback(host) and (
            sum(group_of(other) == group for other in callers) >= self._limits.inbound_per_group_max
        ):
            return "too many peers of one neighbourhood"
        return None

    def connected(self, peer: PeerId, host: str, *, is_outbound: bool, now: float) -> None:
        """A connection stands, the only one to this peer."""
        self._lines[peer] = _Line(host, is_outbound, now)
        known = self._book.get(peer)
        if known is not None:
            known.is_proven = True
            if is_outbound:
                known.is_dialling = False

    def gone(self, peer: PeerId, now: float) -> None:
        """The connection is over."""
        line = self._lines.pop(peer)
        known = self._book.get(peer)
        if known is None:
            return
        if now - line.since >= self._limits.stable_seconds:
            known.failures = 0
            known.due = max(known.due, now + self._patience(peer))
        else:
            self._back_off(known, now)

    # Within.

    def _idle(self) -> Iterable[_Known]:
        return (
            known for peer, known in self._book.items() if not known.is_dialling and peer not in self._lines
        )

    def _patience(self, peer: PeerId) -> float:
        return self._limits.yield_seconds if self._me > peer else 0.0

    def _back_off(self, known: _Known, now: float) -> None:
        limits = self._limits
        longest = limits.redial_reserved_seconds_max if self._reserves(known) else limits.redial_seconds_max
        wait = min(longest, limits.redial_seconds * 2.0 ** min(known.failures, 32))
        known.failures += 1
        known.due = max(
            known.due, now + wait * self._random.uniform(0.75, 1.0) + self._patience(known.address.peer)
        )

    def _make_room(self, source: PeerId) -> bool:
        """Whether hearsay of `source` fits in, after another one's hearsay has gone for it if need be."""
        told = sum(known.source == source for known in self._book.values())
        if told >= self._limits.book_per_source_max:
            return False
        unreserved = [peer for peer, known in self._book.items() if not self._reserves(known)]
        if len(unreserved) < self._limits.book_max:
            return True
        hearsay = [
            peer
            for peer in unreserved
            if not (known := self._book[peer]).is_proven
            and known.source is not None
            and not known.is_dialling
            and peer not in self._lines
        ]
        if not hearsay:
            return False
        del self._book[self._random.choice(hearsay)]
        return True


def newer_wins(me: PeerId, peer: PeerId, *, old_is_mine: bool, new_is_mine: bool, old_age: float) -> bool:
    """Which of two connections of one pair stays; both sides find the same without asking.

    `…_is_mine` says which were dialled from here. Of two that were dialled at the same time from both sides
    the one that the lower identity dialled stays. Otherwise the newer one: who proves to be the peer and
    dials has lost the older one.
    """
    if old_is_mine == new_is_mine or old_age > SIMULTANEOUS_SECONDS_MAX:
        return True
    return new_is_mine == (me < peer)
