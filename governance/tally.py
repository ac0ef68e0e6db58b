"""The tally: what the votes on a referendum come to. It is a sum of contributions, one a voter, and a
contribution is itself a tally; so whatever a voter does is a difference of two.

Approval and support are those of OpenGov: ayes among all votes that take sides, and coins that say aye or
abstain among all coins.
"""

from __future__ import annotations

from typing import Final

from governance.conviction import VOTES_MAX, Conviction
from runtime.frame import Overflow, Underflow
from runtime.frame.governance import Tally
from runtime.scale import Struct
from runtime.types import Balance
from runtime.types.fixed import PPB, mul_div_floor

EMPTY: Final = Tally(0, 0, 0)
"""No votes."""


class Delegations(Struct, path="pallet_conviction_voting::types::Delegations", params={"Balance": Balance}):
    """Coins that stand behind one voice, and what they weigh."""

    votes: Balance = 0
    """Their votes: by conviction."""
    capital: Balance = 0
    """The coins, without conviction."""


NOBODY: Final = Delegations()
"""No coins."""


def power(coins: Balance, conviction: Conviction) -> Delegations:
    """So many coins of one conviction. Raises `Overflow`."""
    return Delegations(conviction.votes(coins), coins)


def joined(first: Delegations, second: Delegations) -> Delegations:
    """The coins of both. Raises `Overflow`."""
    return Delegations(_sum(first.votes, second.votes), _sum(first.capital, second.capital))


def parted(whole: Delegations, part: Delegations) -> Delegations:
    """The whole without a part of it. Raises `Underflow` if it is no part."""
    return Delegations(_rest(whole.votes, part.votes), _rest(whole.capital, part.capital))


def one_sided(aye: bool, behind: Delegations) -> Tally:
    """The contribution of coins that are all for it, or all against it."""
    return Tally(behind.votes, 0, behind.capital) if aye else Tally(0, behind.votes, 0)


def split(aye: Balance, nay: Balance, abstain: Balance = 0) -> Tally:
    """The contribution of coins that are divided: without conviction, each part rounded down by itself.
    Raises `Overflow`.
    """
    votes = Conviction.None_.votes
    return Tally(votes(aye), votes(nay), _sum(aye, abstain))


def plus(tally: Tally, more: Tally) -> Tally:
    """With one contribution more. Raises `Overflow`."""
    return Tally(_sum(tally.ayes, more.ayes), _sum(tally.nays, more.nays), _sum(tally.support, more.support))


def minus(tally: Tally, less: Tally) -> Tally:
    """With one contribution less. Raises `Underflow` if it was none."""
    return Tally(
        _rest(tally.ayes, less.ayes), _rest(tally.nays, less.nays), _rest(tally.support, less.support)
    )


def approval_ppb(tally: Tally) -> int:
    """Ayes among all votes for and against, in 10^-9, rounded down; none without votes. Half of them for
    each side, a tie, is exactly half of 10^9.
    """
    return mul_div_floor(tally.ayes, PPB, max(1, tally.ayes + tally.nays))


def support_ppb(tally: Tally, turnout_max: Balance) -> int:
    """Coins that say aye or abstain among `turnout_max`, in 10^-9, rounded down; all of them at most."""
    return min(PPB, mul_div_floor(tally.support, PPB, max(1, turnout_max)))


def _sum(first: int, second: int) -> int:
    found = first + second
    if found > VOTES_MAX:
        raise Overflow
    return found


def _rest(whole: int, part: int) -> int:
    if part > whole:
        raise Underflow
    return whole - part
