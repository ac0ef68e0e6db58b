"""The plan of a sync by blocks: whom to ask for which heights, what to import next, who has failed. Pure.

The planner is told what happens (a peer says how far it is, an answer came or did not, blocks were imported)
and answers with what is to be done. Ranges of heights are asked for ahead of the import, each from one peer,
the least recently asked first, one request a peer at a time. An answer may be shorter than the range: what is
missing is asked for again, of whoever is next.

A peer that is behind is not asked, and that is all. A peer that does not answer in time, or has not what it
said it had, rests, longer each time, and is left alone after `FAILURES_MAX` times in a row. A peer whose
answer was false is left alone at once. What such peers said of their height no longer counts, so nobody can
keep a sync from being done by claiming a height that it cannot show.

Memory is bounded: `RANGES_MAX` answers and one more wait for their turn, each of one reply's size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from node.network.address import PeerId
from node.sync.blocks import BLOCKS_MAX, Batch

RANGES_MAX: Final = 4
"""Ranges that are asked for, or answered and not yet imported."""
PEERS_MAX: Final = 256
"""Peers that are known at once."""
FAILURES_MAX: Final = 3
"""After so many failures in a row a peer is left alone."""
REST_SECONDS: Final = 2.0
"""How long a peer rests after its first failure; twice as long after each further one."""


class Fault(StrEnum):
    """What a peer did wrong."""

    Stalled = "did not answer in time"
    Withheld = "has not the blocks that it said it had"
    Refused = "refused to answer"
    Malformed = "sent what cannot be read"
    Incoherent = "sent blocks that do not hang together"
    Unproven = "sent a certificate that does not convince"
    Foreign = "sent blocks that do not follow what is final here"
    Forged = "sent content that is not what it stands for"

    @property
    def is_lie(self) -> bool:
        """Whether no honest peer ever does it, however slow or busy it is."""
        return self not in (Fault.Stalled, Fault.Withheld, Fault.Refused)


@dataclass(frozen=True, slots=True)
class Heard:
    """A peer says which blocks it holds: `first` to `height`."""

    peer: PeerId
    first: int
    height: int


@dataclass(frozen=True, slots=True)
class Hinted:
    """A peer told of a block that is not known here: it has the next one at least."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Gone:
    """A peer is no longer connected."""

    peer: PeerId


@dataclass(frozen=True, slots=True)
class Replied:
    """A peer answered with blocks that hang together, from the height on that it was asked for."""

    peer: PeerId
    batch: Batch


@dataclass(frozen=True, slots=True)
class Failed:
    """A peer did not give what it was asked for."""

    peer: PeerId
    fault: Fault
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """The chain is final up to a height; with `imported` because the batch at hand is done."""

    height: int
    imported: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The batch at hand was false; the chain is final up to a height."""

    height: int
    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed."""


Happening: TypeAlias = Heard | Hinted | Gone | Replied | Failed | Moved | Refused | Ticked


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask a peer for `count` blocks from `first` on; the answer is `Replied`, `Failed` or `Gone`."""

    peer: PeerId
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Import:
    """Import a batch, whose first block is the next one or known; the answer is `Moved` or `Refused`."""

    batch: Batch


@dataclass(frozen=True, slots=True)
class Blame:
    """Tell whoever keeps the peers' reputation."""

    peer: PeerId
    fault: Fault
    detail: str


@dataclass(frozen=True, slots=True)
class Done:
    """Nobody who can be asked has more than the chain."""


Action: TypeAlias = Ask | Import | Blame | Done


@dataclass(slots=True)
class _Peer:
    first: int
    height: int
    asked: tuple[int, int] | None = None
    """The heights that it was asked for and owes."""
    turn: int = 0
    """When it was asked last, in requests."""
    failures: int = 0
    rests_until: float = 0.0
    is_shunned: bool = False


class Planner:
    """The plan of one sync. Feed `step`, do what it says in order."""

    def __init__(self, height: int) -> None:
        """`height` is up to where the chain is final."""
        self.height = height
        self._peers: dict[PeerId, _Peer] = {}
        self._ready: dict[int, tuple[PeerId, Batch]] = {}
        """Answers that wait for their turn, by their first height."""
        self._importing: tuple[PeerId, Batch] | None = None
        self._turn = 0
        self.is_done = False
        """Whether nobody who can be asked has more than the chain."""

    @property
    def target(self) -> int:
        """The highest height that can be had, as far as peers say."""
        return max((each.height for each in self._useful()), default=self.height)

    @property
    def known(self) -> frozenset[PeerId]:
        """Who is there and said how far it is, or told of a block."""
        return frozenset(self._peers)

    @property
    def is_stranded(self) -> bool:
        """Whether others have more, and nobody the next block any more."""
        more = [each for each in self._peers.values() if each.height > self.height and not each.is_shunned]
        return bool(more) and not any(each.first <= self.height + 1 for each in more)

    def step(self, happening: Happening, now: float) -> list[Action]:
        """What is to be done; `now` in seconds, of a clock that never goes back."""
        out: list[Action] = []
        match happening:
            case Heard(peer, first, height):
                self._on_heard(peer, first, height)
            case Hinted(peer):
                self._on_hinted(peer)
            case Gone(peer):
                self._peers.pop(peer, None)
            case Replied(peer, batch):
                self._on_replied(peer, batch)
            case Failed(peer, fault, detail):
                self._fault(peer, fault, detail, now, out)
            case Moved(height, imported):
                self._on_moved(height, imported)
            case Refused(height, fault, detail):
                self._on_refused(height, fault, detail, now, out)
            case Ticked():
                pass
            case _:
                assert_never(happening)
        self._plan(now, out)
        return out

    # What happened.

    def _on_heard(self, peer: PeerId, first: int, height: int) -> None:
        known = self._peers.get(peer)
        if known is not None:
            known.first, known.height = first, height
        elif len(self._peers) < PEERS_MAX:
            self._peers[peer] = _Peer(first, height)

    def _on_hinted(self, peer: PeerId) -> None:
        known = self._peers.get(peer)
        following = self.height + 1
        if known is None:
            self._on_heard(peer, following, following)
        else:
            known.height = max(known.height, following)

    def _on_replied(self, peer: PeerId, batch: Batch) -> None:
        known = self._peers.get(peer)
        if known is None or known.asked is None or known.is_shunned:
            return
        known.asked = None
        known.failures = 0
        if batch.last > self.height:
            self._ready[batch.first] = peer, batch

    def _on_moved(self, height: int, imported: bool) -> None:
        self.height = max(self.height, height)
        if imported:
            self._importing = None
        self._ready = {first: each for first, each in self._ready.items() if each[1].last > self.height}

    def _on_refused(self, height: int, fault: Fault, detail: str, now: float, out: list[Action]) -> None:
        assert self._importing is not None, "only a batch that was to be imported is refused"
        peer, _ = self._importing
        self._on_moved(height, True)
        self._fault(peer, fault, detail, now, out)

    def _fault(self, peer: PeerId, fault: Fault, detail: str, now: float, out: list[Action]) -> None:
        out.append(Blame(peer, fault, detail))
        known = self._peers.get(peer)
        if known is None:
            return
        known.asked = None
        known.failures += 1
        known.rests_until = now + REST_SECONDS * 2 ** (known.failures - 1)
        known.is_shunned |= fault.is_lie or known.failures >= FAILURES_MAX
        if fault.is_lie:
            self._ready = {first: each for first, each in self._ready.items() if each[0] != peer}

    # What to do.

    def _plan(self, now: float, out: list[Action]) -> None:
        self._import(out)
        for first, count in self._wanted():
            peer = self._next_peer(first, now)
            if peer is None:
                break
            self._turn += 1
            known = self._peers[peer]
            known.asked, known.turn = (first, first + count - 1), self._turn
            out.append(Ask(peer, first, count))
        was_done = self.is_done
        self.is_done = self.target <= self.height and self._importing is None
        if self.is_done and not was_done:
            out.append(Done())

    def _import(self, out: list[Action]) -> None:
        if self._importing is None:
            for first, (peer, batch) in self._ready.items():
                if first <= self.height + 1:
                    del self._ready[first]
                    self._importing = peer, batch
                    out.append(Import(batch))
                    return

    def _wanted(self) -> Iterator[tuple[int, int]]:
        """Ranges that nobody was asked for and that may be asked for now, the lowest first."""
        under_way = sum(each.asked is not None for each in self._peers.values()) + len(self._ready)
        at, end = self.height + 1, self.height + BLOCKS_MAX * (RANGES_MAX + 1)
        for first, last in (*sorted(self._covered()), (end + 1, end)):
            while at < first:
                # What comes next is always asked for: without it nothing that is here can be used.
                if under_way >= RANGES_MAX and (at > self.height + 1 or under_way > RANGES_MAX):
                    return
                count = min(BLOCKS_MAX, first - at)
                yield at, count
                under_way += 1
                at += count
            at = max(at, last + 1)

    def _covered(self) -> Iterable[tuple[int, int]]:
        """The heights that are at hand or asked for."""
        for each in self._peers.values():
            if each.asked is not None:
                yield each.asked
        for _, batch in self._ready.values():
            yield batch.first, batch.last
        if self._importing is not None:
            batch = self._importing[1]
            yield batch.first, batch.last

    def _next_peer(self, height: int, now: float) -> PeerId | None:
        """Whom to ask for a height: the one among those who have it whose last turn is longest ago."""
        able = [
            (each.turn, place, peer)
            for place, (peer, each) in enumerate(self._peers.items())
            if each.asked is None
            and not each.is_shunned
            and each.rests_until <= now
            and each.first <= height <= each.height
        ]
        return min(able)[2] if able else None

    def _useful(self) -> Iterator[_Peer]:
        """Those who can bring the chain on."""
        for each in self._peers.values():
            if not each.is_shunned and each.first <= self.height + 1:
                yield each
