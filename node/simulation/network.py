"""The network: delays, loses, repeats and reorders messages, and does not pass what a partition cuts."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Protocol

from node.consensus.messages import AnyMessage, Peer
from node.simulation.loop import Loop
from node.simulation.plan import Conditions


class Station(Protocol):
    """A host, as the network sees it. Twins are two with one peer's name."""

    @property
    def place(self) -> int: ...
    @property
    def peer(self) -> Peer: ...
    def receive(self, sender: int, peer: Peer, message: AnyMessage) -> None: ...


class Network:
    """All hosts can reach all others, if nothing is broken."""

    def __init__(self, loop: Loop, dice: random.Random, conditions: Conditions) -> None:
        self._loop = loop
        self._random = dice.random
        self._stations: list[Station] = []
        self._by_peer: dict[Peer, list[Station]] = {}
        self.conditions = conditions
        self.cut: frozenset[tuple[int, int]] = frozenset()
        """Pairs of places between which nothing goes, from and to."""
        self.passes: Callable[[Station, Station, AnyMessage], bool] | None = None
        """Whether a message passes, where that is arranged."""
        self.messages = 0

    def join(self, station: Station) -> None:
        """A host has an address."""
        self._stations.append(station)
        self._by_peer.setdefault(station.peer, []).append(station)

    def leave(self, station: Station) -> None:
        """A host is no more."""
        self._stations.remove(station)
        self._by_peer[station.peer].remove(station)

    def send(self, source: Station, peer: Peer, message: AnyMessage) -> None:
        """Carry a message to whoever has a peer's name."""
        for station in self._by_peer.get(peer, ()):
            if station is not source:
                self._carry(source, station, message)

    def broadcast(self, source: Station, message: AnyMessage) -> None:
        """Carry a message to everybody else."""
        for station in self._stations:
            if station is not source:
                self._carry(source, station, message)

    def _carry(self, source: Station, target: Station, message: AnyMessage) -> None:
        if self.cut and (source.place, target.place) in self.cut:
            return
        if self.passes is not None and not self.passes(source, target, message):
            return
        how = self.conditions
        if how.loss_ppt and self._random() * 1_000 < how.loss_ppt:
            return
        self._deliver(source, target, message)
        if how.duplicate_ppt and self._random() * 1_000 < how.duplicate_ppt:
            self._deliver(source, target, message)

    def _deliver(self, source: Station, target: Station, message: AnyMessage) -> None:
        how = self.conditions
        delay_ms = how.delay_min_ms + int(self._random() * (how.delay_max_ms - how.delay_min_ms))
        if how.late_ppt and self._random() * 1_000 < how.late_ppt:
            delay_ms = int(self._random() * how.late_max_ms)
        self.messages += 1
        self._loop.after(delay_ms, target.receive, source.place, source.peer, message)
