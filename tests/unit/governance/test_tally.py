"""The tally: sums that come apart again, and fractions that are monotone and round down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.conviction import VOTES_MAX, Conviction
from governance.tally import (
    EMPTY,
    NOBODY,
    Delegations,
    approval_ppb,
    joined,
    minus,
    one_sided,
    parted,
    plus,
    power,
    split,
    support_ppb,
)
from runtime.frame import Overflow, Underflow
from runtime.frame.governance import Tally
from runtime.types.fixed import PPB

amounts = st.integers(0, VOTES_MAX // 8)
tallies = st.builds(Tally, amounts, amounts, amounts)
behind = st.builds(Delegations, amounts, amounts)


def test_what_votes_contribute() -> None:
    coins = power(100, Conviction.Locked3x)
    assert coins == Delegations(votes=300, capital=100)
    assert one_sided(True, coins) == Tally(ayes=300, nays=0, support=100)
    assert one_sided(False, coins) == Tally(ayes=0, nays=300, support=0)
    assert split(55, 29) == Tally(ayes=5, nays=2, support=55)
    assert split(55, 29, 1_000) == Tally(ayes=5, nays=2, support=1_055)


@given(tallies, tallies)
def test_a_contribution_goes_as_it_came(tally: Tally, more: Tally) -> None:
    assert minus(plus(tally, more), more) == tally
    assert plus(tally, more) == plus(more, tally)
    assert plus(tally, EMPTY) == minus(tally, EMPTY) == tally


@given(behind, behind)
def test_coins_part_as_they_were_joined(first: Delegations, second: Delegations) -> None:
    assert parted(joined(first, second), second) == first
    assert joined(first, NOBODY) == parted(first, NOBODY) == first


@given(st.booleans(), behind, behind)
def test_voices_add_up_to_their_coins(aye: bool, first: Delegations, second: Delegations) -> None:
    assert plus(one_sided(aye, first), one_sided(aye, second)) == one_sided(aye, joined(first, second))


@pytest.mark.parametrize("field", ["ayes", "nays", "support"])
def test_a_tally_never_leaves_its_numbers(field: str) -> None:
    full, one = EMPTY.replace(**{field: VOTES_MAX}), EMPTY.replace(**{field: 1})
    assert plus(minus(full, one), one) == full
    with pytest.raises(Overflow):
        plus(full, one)
    with pytest.raises(Underflow):
        minus(EMPTY, one)


@pytest.mark.parametrize("field", ["votes", "capital"])
def test_coins_never_leave_their_numbers(field: str) -> None:
    full, one = NOBODY.replace(**{field: VOTES_MAX}), NOBODY.replace(**{field: 1})
    with pytest.raises(Overflow):
        joined(full, one)
    with pytest.raises(Underflow):
        parted(NOBODY, one)


def test_a_split_that_no_number_holds_is_refused() -> None:
    with pytest.raises(Overflow):
        split(VOTES_MAX, 0, 1)


@given(tallies, amounts)
def test_approval_is_a_fraction_and_monotone(tally: Tally, more: int) -> None:
    found = approval_ppb(tally)
    assert 0 <= found <= PPB
    assert approval_ppb(plus(tally, Tally(more, 0, 0))) >= found
    assert approval_ppb(plus(tally, Tally(0, more, more))) <= found
    assert found + approval_ppb(Tally(tally.nays, tally.ayes, 0)) in (0, PPB - 1, PPB)


@given(tallies, st.integers(0, VOTES_MAX), amounts)
def test_support_is_a_fraction_and_monotone(tally: Tally, turnout: int, more: int) -> None:
    found = support_ppb(tally, turnout)
    assert 0 <= found <= PPB
    assert support_ppb(plus(tally, Tally(0, 0, more)), turnout) >= found
    assert support_ppb(tally, turnout + more) <= found


def test_ties_and_edges() -> None:
    assert approval_ppb(EMPTY) == 0
    assert support_ppb(EMPTY, 0) == 0
    assert approval_ppb(Tally(7, 7, 0)) == PPB // 2
    assert approval_ppb(Tally(1, 2, 0)) == 333_333_333
    assert approval_ppb(Tally(1, 0, 0)) == PPB
    assert support_ppb(Tally(0, 0, 2), 3) == 666_666_666
    assert support_ppb(Tally(0, 0, 5), 3) == PPB
