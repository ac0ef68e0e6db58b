"""No group has more weight than its part, whatever it puts up; a median lies among what the honest say."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from pallets.oracle.statistics import (
    TOLERANCE,
    agreed,
    capped,
    median,
    median_upper,
    spread,
    weighted_median,
)
from pallets.oracle.types import Status, Value
from pallets.oracle.value import moved, rescaled, status

bonds = st.integers(1, 10**16)
values = st.integers(1, 10**24)
reporter = st.tuples(bonds, st.integers(0, 11), st.integers(0, 11), st.integers(0, 5))


@given(st.lists(values, min_size=1, max_size=64))
def test_medians_have_half_on_either_side(numbers: list[int]) -> None:
    low, high = median(numbers), median_upper(numbers)
    assert 2 * sum(each <= low for each in numbers) >= len(numbers)
    assert 2 * sum(each >= low for each in numbers) >= len(numbers)
    assert 2 * sum(each >= high for each in numbers) >= len(numbers)
    assert low <= high and (len(numbers) % 2 == 0 or low == high)


@given(st.lists(values, min_size=1, max_size=64), values)
def test_equal_weights_make_a_plain_median(numbers: list[int], weight: int) -> None:
    assert weighted_median(numbers, [weight] * len(numbers)) == median(numbers)


@given(st.lists(st.tuples(values, bonds), min_size=1, max_size=20))
def test_a_weighted_median_has_half_of_the_weight_at_or_below_it(pairs: list[tuple[int, int]]) -> None:
    found = weighted_median([value for value, _ in pairs], [weight for _, weight in pairs])
    assert found is not None
    total = sum(weight for _, weight in pairs)
    assert 2 * sum(weight for value, weight in pairs if value <= found) >= total
    assert 2 * sum(weight for value, weight in pairs if value < found) < total


def test_nothing_weighs_nothing() -> None:
    assert weighted_median([], []) is None
    assert weighted_median([1, 2], [0, 0]) is None


@given(st.lists(reporter, min_size=1, max_size=64))
def test_nobody_has_more_than_its_part_of_what_is_left(
    given_reporters: list[tuple[int, int, int, int]],
) -> None:
    weights = [bond for bond, _, _, _ in given_reporters]
    caps = [
        ([entity for _, entity, _, _ in given_reporters], 5),
        ([domain for _, _, domain, _ in given_reporters], 5),
        ([source for _, _, _, source in given_reporters], 3),
    ]
    lowered = capped(weights, caps)
    total = sum(lowered)
    assert all(0 <= low <= weight << 64 for low, weight in zip(lowered, weights, strict=True))
    for groups, parts in caps:
        if len(set(groups)) < parts:
            assert total == 0
        for group in set(groups):
            share = sum(low for low, other in zip(lowered, groups, strict=True) if other == group)
            assert parts * share <= total * Fraction(TOLERANCE + 1, TOLERANCE)


@given(st.lists(bonds, min_size=5, max_size=64))
def test_one_cap_lowers_no_more_than_it_must(weights: list[int]) -> None:
    """Of reporters that share nothing the heaviest come down to one weight, and the others keep theirs."""
    lowered = capped(weights, [(range(len(weights)), 5)])
    kept = [weight << 64 for weight in weights]
    changed = [low for low, weight in zip(lowered, kept, strict=True) if low != weight]
    assert len(changed) < 5 and sum(lowered) > 0
    if changed:
        assert max(changed) - min(changed) <= 1
        assert max(lowered) == max(changed)
        assert 5 * max(changed) * (TOLERANCE + 1) >= sum(lowered) * TOLERANCE


@given(st.lists(st.integers(9_900, 10_100), min_size=4, max_size=12), st.lists(values, max_size=3))
def test_fewer_than_half_cannot_leave_what_the_others_say(honest: list[int], liars: list[int]) -> None:
    said = honest + liars
    found = agreed(said, [1] * len(said))
    assert found is not None and min(honest) <= found <= max(honest)


@given(st.lists(values, min_size=1, max_size=20))
def test_a_spread_is_a_thousandth_at_least(numbers: list[int]) -> None:
    centre = median(numbers)
    assert spread(numbers, centre) >= max(1, centre // 1_000)
    assert spread([centre], centre) == max(1, centre // 1_000)


@given(values, values)
def test_a_value_moves_by_fifteen_percent_or_waits(old: int, new: int) -> None:
    known = Value(old, 3)
    found = moved(known, new, 9)
    if abs(Fraction(new, old) - 1) <= Fraction(15, 100):
        assert found == Value(new, 9)
        return
    assert found == Value(old, 3, new, 0)
    for confirmed in (1, 2):
        found = moved(found, new, 9 + confirmed)
        assert found == Value(old, 3, new, confirmed)
    assert moved(found, new, 12) == Value(new, 12)


@given(values, values, values)
@example(value=1 << 64, old=1, new=1 << 64)
def test_another_measure_is_rounded_down_and_leaves_something(value: int, old: int, new: int) -> None:
    """And fits what a value is kept in."""
    fits = min((1 << 128) - 1, max(1, value * new // old))
    assert rescaled(Value(value, 1, 5, 1), old, new) == Value(fits, 1)


def test_what_was_never_reported_is_halted() -> None:
    assert status(Value(5), 0, 10, 20) == Status.Halted
    assert [status(Value(5, 100), 100 + age, 10, 20) for age in (0, 10, 11, 20, 21)] == [
        Status.Fresh,
        Status.Fresh,
        Status.Stale,
        Status.Stale,
        Status.Halted,
    ]
