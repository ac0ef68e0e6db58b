"""Tracks: the ways by which something may be decided, each with its times, its deposits and what it needs.

What makes the chain safer takes hours; what makes it looser takes two weeks after it was approved, and twice
the support. Each topic of parameters has a track for either direction, and whoever votes may lend its voice
track by track. Times are in hours of chain time, so that a chain with fewer blocks an hour has the same
tracks.

    hours             prepared   decided   confirmed   enacted after
    root                    24       336          24             336
    <topic>_safer            1        72           1               6
    <topic>_looser          24       336          24             336
    lists                   24       336          24             336
    treasury                 6       336          24             168
    slash_cancel             1        36           3               1     41 of the 72 that a slash waits
    referendum_...           1       168           3               1
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from governance.curves import Curve, LinearDecreasing, linear, reciprocal
from runtime.frame.governance import TrackId
from runtime.scale import U32, Struct
from runtime.types import Balance, BlockNumber

TRACKS_MAX: Final = 64
"""The most tracks."""
COIN: Final = 10**9
"""One coin, in the smallest unit."""
DAY: Final = 24
"""Hours."""
TOPICS: Final = ("fees", "issuance", "collateral", "attestation", "oracle", "reserve", "standards")
"""What parameters are about, in the order of their tracks; a `Parameter` names one as its track."""

ROOT: Final = 0
LISTS: Final = 24
TREASURY: Final = 30
SLASH_CANCEL: Final = 31
REFERENDUM_CANCELLER: Final = 32
REFERENDUM_KILLER: Final = 33


class Track(Struct):
    """One way to decide; times in hours."""

    id: TrackId
    name: str
    """In snake case; its origin has the same name in camel case."""
    max_deciding: U32
    """How many referenda may be decided at once."""
    decision_deposit: Balance
    prepare_hours: U32
    """How long everybody may read a proposal before its decision can begin."""
    decision_hours: U32
    """How long a decision may take, unless it is being confirmed."""
    confirm_hours: U32
    """How long it must pass without a break."""
    enactment_hours: U32
    """How long, at least, an approved proposal waits."""
    min_approval: Curve
    """Ayes needed among all votes for and against."""
    min_support: Curve
    """Coins needed that say aye or abstain, among all coins."""


class TrackDetails(
    Struct, path="pallet_referenda::types::TrackDetails", params={"Balance": Balance, "Moment": BlockNumber}
):
    """A track as clients read it from the constant `Referenda.Tracks`; times in blocks."""

    name: str
    max_deciding: U32
    decision_deposit: Balance
    prepare_period: BlockNumber
    decision_period: BlockNumber
    confirm_period: BlockNumber
    min_enactment_period: BlockNumber
    min_approval: Curve
    min_support: Curve


# What is needed: half of the votes at last, more of them at first.

WIDE: Final = reciprocal(4, 28, level=80, floor=50, ceil=100)
"""All votes at first, four fifths after a seventh of the time; OpenGov's for root."""
EASY: Final = linear(1, 2, floor=50, ceil=70)
FIRM: Final = linear(17, 28, floor=50, ceil=100)

FEW: Final = linear(1, 1, floor=1, ceil=25)
MANY: Final = LinearDecreasing(FEW.length, 2 * FEW.floor, 2 * FEW.ceil)
"""Twice as many at any time."""
MOST: Final = linear(1, 1, floor=4, ceil=50)


def safer(topic: str) -> int:
    """The track on which a parameter of the topic is moved to the safe side. Raises ValueError."""
    return 10 + 2 * TOPICS.index(topic)


def looser(topic: str) -> int:
    """The track on which it is moved to the other side. Raises ValueError."""
    return safer(topic) + 1


def _safer(topic: str) -> Track:
    return Track(safer(topic), f"{topic}_safer", 10, 100 * COIN, 1, 3 * DAY, 1, 6, EASY, FEW)


def _looser(number: int, name: str) -> Track:
    return Track(number, name, 5, 500 * COIN, DAY, 14 * DAY, DAY, 14 * DAY, WIDE, MANY)


TRACKS: Final = (
    Track(ROOT, "root", 2, 2_000 * COIN, DAY, 14 * DAY, DAY, 14 * DAY, WIDE, MOST),
    *(track for topic in TOPICS for track in (_safer(topic), _looser(looser(topic), f"{topic}_looser"))),
    _looser(LISTS, "lists"),
    Track(TREASURY, "treasury", 10, 500 * COIN, 6, 14 * DAY, DAY, 7 * DAY, WIDE, FEW),
    Track(SLASH_CANCEL, "slash_cancel", 20, 500 * COIN, 1, 36, 3, 1, WIDE, MANY),
    Track(REFERENDUM_CANCELLER, "referendum_canceller", 20, 1_000 * COIN, 1, 7 * DAY, 3, 1, FIRM, FEW),
    Track(REFERENDUM_KILLER, "referendum_killer", 20, 2_000 * COIN, 1, 7 * DAY, 3, 1, FIRM, MANY),
)
"""All of them, numbers going up."""
BY_ID: Final = MappingProxyType({track.id: track for track in TRACKS})


def details(track: Track, blocks_per_hour: int) -> TrackDetails:
    """The track with its times in blocks."""
    return TrackDetails(
        name=track.name,
        max_deciding=track.max_deciding,
        decision_deposit=track.decision_deposit,
        prepare_period=track.prepare_hours * blocks_per_hour,
        decision_period=track.decision_hours * blocks_per_hour,
        confirm_period=track.confirm_hours * blocks_per_hour,
        min_enactment_period=track.enactment_hours * blocks_per_hour,
        min_approval=track.min_approval,
        min_support=track.min_support,
    )
