"""The rules by which a parameter moves: pure functions of what is declared and of what has been.

    on whose word   the topic's safer track moves it to the safe side; the looser track, which takes longer,
                    and Root's move it to either; what has no safe side is looser both ways
    how far         within its bounds; and where it has a step, no two values that it has within 14 days are
                    further apart: what has moved may move back, and nothing creeps

The second is the same as: the moves of any stretch of 14 days, with their signs, sum up to a step at most.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from governance.tracks import DAY, ROOT, TOPICS, looser, safer

WINDOW_HOURS: Final = 14 * DAY
"""How far back a step looks."""
MOVES_MAX: Final = 32
"""How often a parameter with a step may move in that time."""


class Move(Protocol):
    """A move that was made."""

    @property
    def at(self) -> int:
        """The block."""
        ...

    @property
    def old(self) -> int:
        """The value until then."""
        ...


class Reach(NamedTuple):
    """Where a parameter may stand next, ends included; nowhere if `least` is above `most`."""

    least: int
    most: int

    def holds(self, value: int) -> bool:
        """Whether it may stand at `value`."""
        return self.least <= value <= self.most


def is_safer(side: str, old: int, new: int) -> bool:
    """Whether a move goes to the safe side: "up", "down", or "" for none."""
    return side != "" and old != new and (new > old) == (side == "up")


def track_for(topic: str, *, safe: bool) -> int:
    """The track with the least delay on which a move is decided; Root's for what no topic is about."""
    if topic not in TOPICS:
        return ROOT
    return safer(topic) if safe else looser(topic)


def may_move(track: int | None, topic: str, *, safe: bool) -> bool:
    """Whether a track may decide of a move; None is no track."""
    if track == ROOT:
        return True
    return topic in TOPICS and (track == looser(topic) or (safe and track == safer(topic)))


def values_since(block: int, now: int, moves: Iterable[Move]) -> tuple[int, ...]:
    """The values that a parameter has had after a block, the one that it has now first; from its moves, the
    last one first.
    """
    values = [now]
    for move in moves:
        if move.at <= block:
            break
        values.append(move.old)
    return tuple(values)


def reach(bounds: tuple[int, int], step: int | None, values: Sequence[int]) -> Reach:
    """Where a parameter may stand next that has had these values, at least one, within the window."""
    low, high = bounds
    if step is None:
        return Reach(low, high)
    return Reach(max(low, max(values) - step), min(high, min(values) + step))
