"""The mode: a pure function of the figures, the mode before, and since when each condition has held.

    Red      E < S, or 20 O > S
    Orange   E < 1.10 S
    Yellow   E < (kappa - 0.05) S, or n1 < 0
    Green    else

The worst row that matches counts at once; a better mode needs its condition for 7 days.
"""

from __future__ import annotations

from pallets.solvency.types import Since
from runtime.frame.coin import Mode
from runtime.types import BlockNumber
from runtime.types.fixed import PPB

YELLOW_SLACK_PPB = PPB // 20
"""How far coverage may fall below kappa before minting stops."""


def condition(effective: int, supply: int, margin: int, orphaned: int, kappa_ppb: int) -> Mode:
    """The row that the figures match, worst first."""
    if effective < supply or 20 * orphaned > supply:
        return Mode.Red
    if 100 * effective < 110 * supply:
        return Mode.Orange
    if effective * PPB < (kappa_ppb - YELLOW_SLACK_PPB) * supply or margin < 0:
        return Mode.Yellow
    return Mode.Green


def held_since(since: Since, now: BlockNumber, matched: Mode) -> Since:
    """The last blocks in which each condition did not hold, after a block that matched `matched`."""
    return Since(
        green=now if matched > Mode.Green else since.green,
        yellow=now if matched > Mode.Yellow else since.yellow,
        orange=now if matched > Mode.Orange else since.orange,
    )


def judge(old: Mode, matched: Mode, since: Since, now: BlockNumber, week: int) -> Mode:
    """The mode of the next block: worse at once, better once its own condition has held for a week."""
    if matched >= old:
        return matched
    for mode, start in ((Mode.Green, since.green), (Mode.Yellow, since.yellow), (Mode.Orange, since.orange)):
        if matched <= mode < old and now - start >= week:
            return mode
    return old
