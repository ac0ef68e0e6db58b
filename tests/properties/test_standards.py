"""The arithmetic of standards is exact: targets, steps and splices against fractions."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from hypothesis import given
from hypothesis import strategies as st

from pallets.standards.anchor import furthest, iroot10, next_work, spliced, target

amounts = st.integers(1, 10**24)
works = st.integers(1, 10**30)


@given(st.integers(0, 10**300))
def test_the_tenth_root_is_rounded_down(value: int) -> None:
    root = iroot10(value)
    assert root**10 <= value < (root + 1) ** 10


@given(works, works, works, works)
def test_the_target_is_what_the_formula_says(work: int, first: int, price: int, mainstream: int) -> None:
    found = target(work, first, price, mainstream)
    exact = Fraction(work**10 * first**9, price**9)
    assert found <= mainstream and found**10 <= exact
    assert found == mainstream or (found + 1) ** 10 > exact


@given(works, works)
def test_at_the_first_price_the_target_is_the_first_work(work: int, price: int) -> None:
    assert target(work, price, price, work) == work


@given(works, st.integers(2, 20))
def test_honouring_a_coin_becomes_cheaper_as_compute_does(work: int, factor: int) -> None:
    """U_t W* never exceeds U_0^0.9 U_t^0.1 W_0: below what it cost at first."""
    first = 10**12
    price = first // factor
    wanted = target(work, first, price, 10**60)
    assert wanted >= work
    assert (price * wanted) ** 10 <= first**9 * price * work**10 <= (first * work) ** 10


@given(works, works)
def test_a_step_goes_as_far_as_the_target_and_never_further_than_a_day(work: int, wanted: int) -> None:
    new = next_work(work, wanted)
    assert new == floor(min(Fraction(wanted), work * Fraction(10_009, 10_000)))
    assert new <= furthest(work)


def test_a_month_leads_up_by_two_point_seven_and_a_year_by_thirty_nine_percent() -> None:
    work = 10**20
    after = [work]
    for _ in range(365):
        after.append(next_work(after[-1], 10**30))
    assert 1.027 < after[30] / work < 1.0275
    assert 1.38 < after[365] / work < 1.39


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=9), amounts)
def test_half_lose_nothing_by_a_splice_and_half_gain_nothing(
    changes: list[tuple[int, int]], work: int
) -> None:
    new_work = spliced(work, changes)
    gains = [Fraction(new * work, old * new_work) for old, new in changes]
    assert 2 * sum(gain <= 1 for gain in gains) >= len(gains)
    exact = sorted(Fraction(work * new, old) for old, new in changes)[len(changes) // 2]
    assert new_work == max(1, ceil(exact))
