"""Conviction: what a coin counts and for how long it is locked, at each of the seven steps."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.conviction import BLOCK_MAX, VOTES_MAX, Conviction
from runtime.frame import Overflow
from runtime.scale import DecodeError, codec_of

convictions = st.sampled_from(Conviction)
coins = st.integers(0, VOTES_MAX // 6)


def test_the_seven_steps_are_substrates() -> None:
    """`pallet_conviction_voting::conviction`: votes of 1,000 coins, and periods of lock."""
    assert [(each.votes(1_000), each.lock_periods) for each in Conviction] == [
        (100, 0),
        (1_000, 1),
        (2_000, 2),
        (3_000, 4),
        (4_000, 8),
        (5_000, 16),
        (6_000, 32),
    ]


def test_it_is_one_byte() -> None:
    codec = codec_of(Conviction)
    assert [codec.decode(bytes([number])) for number in range(7)] == list(Conviction)
    with pytest.raises(DecodeError, match="no variant has index 7"):
        codec.decode(b"\7")


@given(convictions, coins, coins)
def test_more_coins_never_count_less(conviction: Conviction, first: int, second: int) -> None:
    low, high = sorted((first, second))
    assert conviction.votes(low) <= conviction.votes(high)


@given(coins)
def test_more_conviction_never_counts_less(amount: int) -> None:
    for low, high in pairwise(Conviction):
        assert low.votes(amount) <= high.votes(amount)
        assert low.lock_periods < high.lock_periods


@given(convictions, st.lists(st.integers(0, 10**12), max_size=20))
def test_coins_that_are_divided_never_count_more(conviction: Conviction, parts: list[int]) -> None:
    """Rounding is down, so nobody gains by many small accounts; with conviction nothing is lost either."""
    apart, together = sum(map(conviction.votes, parts)), conviction.votes(sum(parts))
    assert apart == together if conviction else together - len(parts) <= apart <= together


def test_what_no_number_holds_is_refused() -> None:
    assert Conviction.Locked6x.votes(VOTES_MAX // 6) <= VOTES_MAX
    with pytest.raises(Overflow):
        Conviction.Locked6x.votes(VOTES_MAX // 6 + 1)


@given(convictions, st.integers(0, BLOCK_MAX), st.integers(0, BLOCK_MAX))
def test_a_lock_ends_after_its_periods_or_with_the_last_block(
    conviction: Conviction, end: int, period: int
) -> None:
    at = conviction.unlocks_at(end, period)
    assert end <= at <= BLOCK_MAX
    assert at in (BLOCK_MAX, end + (0, 1, 2, 4, 8, 16, 32)[conviction] * period)
