"""The table: each promise over all seeds, in the three figures by which promises are compared.

lowest coverage    of each seed's sixty months the lowest E / S; of these the one that 5 % fall short of
months below 1     in which E was less than S at the end of any block; the median seed, and the worst
dollars a year     how what a coin buys changes in price: the mean of the last year against that of the
                   first, a year; the median seed
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from node.economy.anchor.life import DAYS, Life
from node.economy.anchor.promises import Promise
from runtime.types.fixed import PPB

YEAR_MONTHS = 12
YEAR_DAYS = 365
TAIL = 20
"""One in so many: 5 %."""


@dataclass(frozen=True, slots=True)
class Row:
    """One promise over all seeds."""

    promise: Promise
    lowest_coverage: float
    months_below_1: float
    months_below_1_worst: int
    dollars_a_year: float
    """As a part: -0.05 is 5 % less a year."""
    standard: float
    """W at the end, as a multiple of W_1; the median seed."""

    @property
    def figures(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "name": self.promise.name,
            "lowest_coverage_5_percent": round(self.lowest_coverage, 4),
            "months_below_1": self.months_below_1,
            "months_below_1_worst": self.months_below_1_worst,
            "dollars_a_year_percent": round(100 * self.dollars_a_year, 2),
            "standard_times": round(self.standard, 3),
        }


def row_of(promise: Promise, lives: Sequence[Life]) -> Row:
    """The row of a promise, of its lives by seed, each with a month at least."""
    lowest = sorted(min(month.lowest_ppb for month in life.months) for life in lives)
    below = [sum(month.lowest_ppb < PPB for month in life.months) for life in lives]
    return Row(
        promise,
        lowest[len(lowest) // TAIL] / PPB,
        statistics.median(below),
        max(below),
        statistics.median(map(_dollars_a_year, lives)),
        statistics.median(life.months[-1].work_ppb for life in lives) / PPB,
    )


def _dollars_a_year(life: Life) -> float:
    dollars = [month.dollars_ppb for month in life.months]
    span = min(YEAR_MONTHS, max(1, len(dollars) // 2))
    years = (len(dollars) - span) * DAYS / YEAR_DAYS
    if not years:
        return 0.0
    return float((statistics.mean(dollars[-span:]) / statistics.mean(dollars[:span])) ** (1 / years)) - 1
