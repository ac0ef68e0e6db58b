"""Proofs: the certificates that a validator has seen hold, and those that wait to be verified."""

from __future__ import annotations

from collections import deque
from typing import Final

from node.consensus.messages import Peer
from runtime.simplex import Certificate, Kind, Statement

IN_FLIGHT_MAX: Final = 64
"""Certificates that are being verified at the same time."""
WAITING_MAX: Final = 1_024
"""Certificates that wait for it."""
WAITING_PEER_MAX: Final = 160
"""Of one peer: two a view of a full answer, and what is new."""


class Proofs:
    """The certificates of one epoch: all above the last finalization, some below."""

    def __init__(self) -> None:
        self.notarizations: dict[int, Certificate] = {}
        self.nullifications: dict[int, Certificate] = {}
        self.finalization: Certificate | None = None
        """The highest one."""
        self.floor = 0
        """The view of the last finalization."""

    def has(self, statement: Statement) -> bool:
        """Whether a certificate for this statement would teach nothing."""
        view = statement.view
        if view <= self.floor:
            return True
        if statement.kind == Kind.Notarize:
            return view in self.notarizations
        return statement.kind == Kind.Nullify and view in self.nullifications

    def is_skipped(self, view: int) -> bool:
        """Whether a view above the floor is nullified: it can never be final."""
        return view > self.floor and view in self.nullifications

    def add(self, certificate: Certificate) -> None:
        """Keep one that holds and teaches something."""
        view = certificate.statement.view
        match certificate.statement.kind:
            case Kind.Notarize:
                self.notarizations[view] = certificate
            case Kind.Nullify:
                self.nullifications[view] = certificate
            case Kind.Finalize:
                self.finalization = certificate
                self.floor = view

    def conflict(self, statement: Statement) -> Certificate | None:
        """A certificate held that cannot be beside one for this statement; None when there is none."""
        view = statement.view
        final = self.finalization if view == self.floor else None
        if statement.kind == Kind.Nullify:
            return final
        notarized = self.notarizations.get(view)
        if notarized is not None and notarized.statement.block != statement.block:
            return notarized
        if final is not None and final.statement.block != statement.block:
            return final
        return self.nullifications.get(view) if statement.kind == Kind.Finalize else None

    def of_view(self, view: int) -> tuple[Certificate, ...]:
        """What is held of a view; for one at or below the floor the finalization, which answers for it."""
        if view <= self.floor:
            return () if self.finalization is None else (self.finalization,)
        found = (self.notarizations.get(view), self.nullifications.get(view))
        return tuple(each for each in found if each is not None)

    def above(self, view: int) -> tuple[Certificate, ...]:
        """The notarizations and nullifications of the views above one at or above the floor, by view."""
        views = sorted({*self.notarizations, *self.nullifications})
        return tuple(each for of in views if of > view for each in self.of_view(of))

    @property
    def size(self) -> int:
        """How many certificates are held."""
        return len(self.notarizations) + len(self.nullifications)

    def forget_below(self, view: int) -> None:
        """Drop notarizations and nullifications of the views below."""
        for held in (self.notarizations, self.nullifications):
            for old in [each for each in held if each < view]:
                del held[old]


class Queue:
    """Certificates from peers on their way to the verifier: one for each statement of a kind and view at a
    time, so that the same news from a hundred peers is verified once, and a bad one keeps no good one out.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple[Kind, int], deque[tuple[Peer, Certificate]]] = {}
        """By what they decide; the first in each line is being verified, or the line is in `_ready`."""
        self._ready: dict[tuple[Kind, int], None] = {}
        self._in_flight: dict[tuple[Kind, int], None] = {}
        self._of_peer: dict[Peer, int] = {}
        self._waiting = 0

    def add(self, peer: Peer, certificate: Certificate) -> None:
        """Let a certificate wait; nothing happens where the peer has one in this line, or too many."""
        key = (certificate.statement.kind, certificate.statement.view)
        line = self._lines.get(key)
        if line is not None and any(each == peer for each, _ in line):
            return
        count = self._of_peer.get(peer, 0)
        if count >= WAITING_PEER_MAX or self._waiting >= WAITING_MAX:
            return
        self._of_peer[peer] = count + 1
        self._waiting += 1
        if line is None:
            self._lines[key] = deque([(peer, certificate)])
            self._ready[key] = None
        else:
            line.append((peer, certificate))

    def next(self) -> Certificate | None:
        """The next to verify; None when nothing waits or enough is in flight."""
        if not self._ready or len(self._in_flight) >= IN_FLIGHT_MAX:
            return None
        key = next(iter(self._ready))
        del self._ready[key]
        self._in_flight[key] = None
        return self._lines[key][0][1]

    def settle(self, certificate: Certificate, *, is_good: bool) -> Peer | None:
        """The verifier has answered: who brought the certificate; None when it was not asked."""
        key = (certificate.statement.kind, certificate.statement.view)
        line = self._lines.get(key)
        if line is None or key not in self._in_flight or line[0][1] != certificate:
            return None
        del self._in_flight[key]
        peer, _ = line.popleft()
        self._left(peer)
        if is_good:
            while line:
                self._left(line.popleft()[0])
        if line:
            self._ready[key] = None
        else:
            del self._lines[key]
        return peer

    def _left(self, peer: Peer) -> None:
        self._waiting -= 1
        self._of_peer[peer] -= 1
        if not self._of_peer[peer]:
            del self._of_peer[peer]
