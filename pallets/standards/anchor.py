"""The arithmetic of standards: where the anchor should be, how far a day's step goes, what a splice keeps.

    W*  = min( W_0 (U_0 / U_t)^0.9 , M_t )      W'  = floor( W min(W* / W, 1.0009) )

Integers of any size, so nothing is lost before the one division that each line names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

STEP: Final = 10_009
"""A day's step goes this far at most, in ten-thousandths: 2.7 % a month, 1.39-fold a year."""
STEP_UNIT: Final = 10_000
LAG_PERCENT: Final = 125
"""A target this far above the standard is a lag."""


def iroot10(value: int) -> int:
    """The tenth root, rounded down: the largest r with r^10 <= value, found bit by bit."""
    root = 0
    for bit in range(value.bit_length() // 10, -1, -1):
        larger = root | 1 << bit
        if larger**10 <= value:
            root = larger
    return root


def target(first_work: int, first_price: int, price: int, mainstream: int) -> int:
    """W*, rounded down: what the cost of compute allows, but no more than the mainstream does."""
    by_price = iroot10(first_work**10 * first_price**9 // price**9)
    return min(by_price, mainstream)


def furthest(work: int) -> int:
    """The largest W' that one step from `work` may reach, rounded down."""
    return work * STEP // STEP_UNIT


def next_work(work: int, wanted: int) -> int:
    """W': the whole way to the target, or a day's step."""
    return min(wanted, furthest(work))


def lags(work: int, wanted: int) -> bool:
    """W* / W > 1.25."""
    return 100 * wanted > LAG_PERCENT * work


def spliced(work: int, changes: Sequence[tuple[int, int]]) -> int:
    """The work of a standard under which the one in the middle keeps what it had.

    `changes` says of each what it does by the old measure and by the new, the work of the standard being the
    same. It keeps its rating under `work * new / old`, rounded up, so that nobody's is rounded up; of all
    these the median is taken, the upper one of two. At least one.
    """
    kept = sorted(-(-work * new // old) for old, new in changes)
    return max(1, kept[len(kept) // 2])
