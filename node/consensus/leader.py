"""Leaders: whose turn it is to propose, by weight, the same for everybody who knows the committee.

Smooth weighted round-robin, as in nginx: at each turn everybody's credit grows by its weight; who has most
leads, the first in the committee among equals, and pays the weight of all. Turns are spread evenly: in any
row of them each has its share, give or take a turn or two. The schedule has a fixed number of turns and repeats.
"""

from __future__ import annotations

from typing import Final

from runtime.simplex import Committee

TURNS: Final = 1_024
"""The turns of a schedule. A weight below about a thousandth of all may have none."""


class Leaders:
    """The schedule of one committee."""

    def __init__(self, committee: Committee) -> None:
        self.schedule = schedule_of([each.weight for each in committee.validators])

    def leader(self, view: int) -> int:
        """Who leads a view, by its place in the committee; an epoch's first view is 1."""
        return self.schedule[(view - 1) % TURNS]


def schedule_of(weights: list[int]) -> tuple[int, ...]:
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
