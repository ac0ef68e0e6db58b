"""Leaders: whose turn it is to propose, by weight, the same for everybody who knows the committee.

Smooth weighted round-robin, as in nginx: at each turn everybody's credit grows by its weight; who has most
leads, the first in the committee among equals, and pays the weight of all. Turns are spread evenly: in any
row of them each has its share, give or take a turn or two. The schedule has a fixed number of turns, and
repeats.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from runtime.simplex import Committee

TURNS: Final = 1_024
"""The turns of a schedule. A weight below about a thousandth of all may have none."""

SCHEDULES_MAX: Final = 16
"""Committees whose schedules are kept."""


class Leaders:
    """The schedule of one committee."""

    def __init__(self, weights: Sequence[int]) -> None:
        self.schedule = schedule_of(weights)

    def leader(self, view: int) -> int:
        """Who leads a view, by its place in the committee; an epoch's first view is 1."""
        return self.schedule[(view - 1) % TURNS]


@lru_cache(maxsize=SCHEDULES_MAX)
def leaders_of(committee: Committee) -> Leaders:
    """A committee's schedule, computed once."""
    return Leaders([each.weight for each in committee.validators])


def schedule_of(weights: Sequence[int]) -> tuple[int, ...]:
    """Who leads at each turn, for these weights."""
    total = sum(weights)
    credits_ = [0] * len(weights)
    turns: list[int] = []
    for _ in range(TURNS):
        best = 0
        for place, weight in enumerate(weights):
            credits_[place] += weight
            if credits_[place] > credits_[best]:
                best = place
        credits_[best] -= total
        turns.append(best)
    return tuple(turns)
