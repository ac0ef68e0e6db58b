"""The mode: a pure function of the figures, the mode before, and since when each condition has held.

    WindDown  Red for 90 days; or for 30 days, and a vote. It is never left.
    Red       E < S
    Orange    E < 1.10 S, or 20 O > S
    Yellow    E < (kappa - 0.05) S, or n1 < 0
    Green     else

The worst row that matches counts at once; a better mode needs its condition for 7 days.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from pallets.solvency.types import Since
from runtime.frame.coin import Mode
from runtime.types import BlockNumber
from runtime.types.fixed import PPB

YELLOW_SLACK_PPB: Final = PPB // 20
"""How far coverage may fall below kappa before minting stops."""


def condition(effective: int, supply: int, margin: int, orphaned: int, kappa_ppb: int) -> Mode:
    """The row that the figures match, worst first."""
    if effective < supply:
        return Mode.Red
    if 100 * effective < 110 * supply or 20 * orphaned > supply:
        return Mode.Orange
    if effective * PPB < (kappa_ppb - YELLOW_SLACK_PPB) * supply or margin < 0:
        return Mode.Yellow
    return Mode.Green


def held_since(since: Since, now: BlockNumber, matched: Mode) -> Since:
    """The last blocks in which each condition did not hold, after a block that matched `matched`."""
    return since.replace(
        green=now if matched > Mode.Green else since.green,
        yellow=now if matched > Mode.Yellow else since.yellow,
        orange=now if matched > Mode.Orange else since.orange,
    )


class Times(NamedTuple):
    """How many blocks a mode waits for."""

    better: int
    """For a better mode, its own condition."""
    voted: int
    """In Red, for a vote on winding down."""
    longest: int
    """In Red, for anything to happen."""


def judge(old: Mode, matched: Mode, since: Since, now: BlockNumber, better: int) -> Mode:
    """The worst row at once, a better one once its own condition has held for so long."""
    if matched >= old or old == Mode.WindDown:
        return max(matched, old)
    for mode, start in ((Mode.Green, since.green), (Mode.Yellow, since.yellow), (Mode.Orange, since.orange)):
        if matched <= mode < old and now - start >= better:
            return mode
    return old


def step(
    old: Mode, matched: Mode, before: Since, now: BlockNumber, times: Times, *, is_voted: bool
) -> tuple[Mode, Since]:
    """The mode of the next block, and since when conditions have held, after a block that matched
    `matched`; `is_voted` if in this block a vote on winding down has passed.
    """
    since = held_since(before, now, matched)
    mode = judge(old, matched, since, now, times.better)
    if mode != Mode.Red:
        return mode, since.replace(red=None)
    began = now if since.red is None else since.red
    if now - began >= (times.voted if is_voted else times.longest):
        return Mode.WindDown, since.replace(red=None)
    return mode, since.replace(red=began)
