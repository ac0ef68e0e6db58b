"""Dates by the chain's pace, votes by their sides."""

from __future__ import annotations

import pytest

from governance.conviction import Conviction
from governance.tally import NOBODY, Delegations
from governance.voting.votes import Split, SplitAbstain, Standard, Vote
from node.gov.clock import Clock
from node.gov.voices import Sides, Voice, sides

CLOCK = Clock(number=1_000, now_ms=1_764_504_000_000, block_ms=2_000)
"""2025-11-30 12:00 UTC."""


@pytest.mark.parametrize(
    ("block", "date", "left"),
    [
        (1_000, "2025-11-30 12:00 UTC", "0 s ago"),
        (1_005, "2025-11-30 12:00 UTC", "in 10 s"),
        (970, "2025-11-30 11:59 UTC", "1 min ago"),
        (1_000 + 1_800, "2025-11-30 13:00 UTC", "in 1 h"),
        (1_000 + 1_830, "2025-11-30 13:01 UTC", "in 1 h 1 min"),
        (1_000 + 25 * 1_800, "2025-12-01 13:00 UTC", "in 1 d 1 h"),
        (1_000 + 48 * 1_800, "2025-12-02 12:00 UTC", "in 2 d"),
        (1 << 40, "after the year 9999", "in 25,451,658 d"),
    ],
)
def test_about_when_a_block_is(block: int, date: str, left: str) -> None:
    assert (CLOCK.date(block), CLOCK.left(block)) == (date, left)


def test_followers_count_with_the_side_of_their_delegate() -> None:
    behind = Delegations(votes=900, capital=300)
    heard = [
        Voice(b"a", Standard(Vote(True, Conviction.Locked2x), 100), behind),
        Voice(b"b", Standard(Vote(False, Conviction.None_), 50), Delegations(7, 7)),
        Voice(b"c", Split(10, 20), NOBODY),
        Voice(b"d", SplitAbstain(1, 2, 3), NOBODY),
    ]
    assert sides(heard) == Sides(ayes=411, nays=79, abstained=3, voters=4)
