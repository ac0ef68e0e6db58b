"""What a peer has to its name: what it may send, the faults it was found at, and bans that end. Pure: the
time is an argument, in seconds.

Two buckets for each peer, of messages and of bytes, fill at a constant rate; what a peer sends beyond them
is dropped, and a fault. Each fault has a name and a weight. A score starts at 0, falls by the weight of
each fault and recovers with time; at -BAN_SCORE the peer is banned, for a minute at first, twice as long
each time. Hosts have scores too, for what happens before anybody is known, and for one who changes
identities.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias

from node.network.address import PeerId
from node.network.limits import NetworkLimits

BAN_SCORE: Final = 100.0
RECOVERY_PER_SECOND: Final = 0.1
BAN_SECONDS: Final = 60.0
BAN_SECONDS_MAX: Final = 86_400.0
RECORDS_MAX: Final = 4_096
"""Peers and hosts that are remembered; beyond it those of whom nothing was heard for longest are forgotten.
"""
BANS_MAX: Final = 1_024

Who: TypeAlias = PeerId | str
"""A peer, or a host."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a peer should not do, and how bad that is: BAN_SCORE is the worst."""

    name: str
    weight: float


FLOOD: Final = Fault("flood", 1)
"""A message beyond the peer's share."""
MALFORMED_FRAME: Final = Fault("malformed frame", 100)
OVERSIZED_FRAME: Final = Fault("oversized frame", 100)
UNASKED_ANSWER: Final = Fault("unasked answer", 20)
SILENT: Final = Fault("requests unanswered", 20)
BAD_ADDRESSES: Final = Fault("bad addresses", 50)
BAD_HANDSHAKE: Final = Fault("bad handshake", 10)
"""Of a host: a caller did not prove who it is."""
BANNED_GUEST: Final = Fault("banned guest", 30)
"""Of a host: a peer that called from there was banned."""
INVALID_MESSAGE: Final = Fault("invalid message", 100)
"""For the layers above: what no honest node would send, such as a vote whose signature is wrong."""
USELESS_MESSAGE: Final = Fault("useless message", 5)
"""For the layers above: what honest nodes send by accident, such as a transaction that just became stale."""


@dataclass(slots=True)
class _Record:
    """What is known of one peer or host."""

    messages: float
    bytes: float
    filled_at: float
    """When the buckets were last filled."""
    score: float = 0.0
    scored_at: float = 0.0
    bans: int = 0


@dataclass(frozen=True, slots=True)
class Ban:
    """Someone who is not spoken to for a while."""

    who: Who
    until: float
    fault: str


class Reputation:
    """All peers and hosts that were dealt with of late."""

    def __init__(self, limits: NetworkLimits) -> None:
        self._rates = limits.messages_per_second, limits.bytes_per_second
        self._bursts = limits.messages_burst, limits.bytes_burst
        self._records: OrderedDict[Who, _Record] = OrderedDict()
        self._bans: OrderedDict[Who, Ban] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records)

    def spend(self, peer: PeerId, size: int, now: float) -> bool:
        """Take a message of `size` bytes out of the peer's buckets; False when they do not hold so much."""
        record = self._record(peer, now)
        passed = max(0.0, now - record.filled_at)
        record.messages = min(self._bursts[0], record.messages + passed * self._rates[0])
        record.bytes = min(self._bursts[1], record.bytes + passed * self._rates[1])
        record.filled_at = now
        if record.messages < 1 or record.bytes < size:
            return False
        record.messages -= 1
        record.bytes -= size
        return True

    def blame(self, who: Who, fault: Fault, now: float) -> Ban | None:
        """Count a fault; the ban that it led to, if it did."""
        record = self._record(who, now)
        record.score = self._recovered(record, now) - fault.weight
        record.scored_at = now
        if record.score > -BAN_SCORE:
            return None
        record.score = 0.0
        seconds = min(BAN_SECONDS_MAX, BAN_SECONDS * 2.0 ** min(record.bans, 32))
        record.bans += 1
        ban = Ban(who, now + seconds, fault.name)
        self._bans[who] = ban
        self._bans.move_to_end(who)
        if len(self._bans) > BANS_MAX:
            self._bans.popitem(last=False)
        return ban

    def score(self, who: Who, now: float) -> float:
        """From 0, nothing to say against it, down to -BAN_SCORE."""
        record = self._records.get(who)
        return 0.0 if record is None else self._recovered(record, now)

    def ban_of(self, who: Who, now: float) -> Ban | None:
        """The ban that holds for a peer or host, if one does."""
        ban = self._bans.get(who)
        if ban is not None and ban.until <= now:
            del self._bans[who]
            return None
        return ban

    def bans(self, now: float) -> tuple[Ban, ...]:
        """All bans that hold."""
        return tuple(ban for ban in self._bans.values() if ban.until > now)

    def _record(self, who: Who, now: float) -> _Record:
        record = self._records.get(who)
        if record is None:
            record = self._records[who] = _Record(*self._bursts, filled_at=now)
            if len(self._records) > RECORDS_MAX:
                self._records.popitem(last=False)
        else:
            self._records.move_to_end(who)
        return record

    @staticmethod
    def _recovered(record: _Record, now: float) -> float:
        return min(0.0, record.score + (now - record.scored_at) * RECOVERY_PER_SECOND)
