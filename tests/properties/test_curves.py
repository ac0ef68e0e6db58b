"""Curves: never rising, at home in their numbers, and their delay the inverse of their threshold; with the
vectors of Substrate's own tests, and the curves of Polkadot's published tracks.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.curves import (
    FIXED_MAX,
    FIXED_MIN,
    NEVER,
    Curve,
    LinearDecreasing,
    Reciprocal,
    SteppedDecreasing,
    linear,
    percent,
    reciprocal,
)
from governance.tracks import TRACKS
from runtime.scale import codec_of
from runtime.types.fixed import PPB

parts = st.one_of(st.integers(0, PPB), st.sampled_from([0, 1, PPB // 2, PPB - 1, PPB]))
positive = st.one_of(st.integers(1, PPB), st.sampled_from([1, PPB]))
fixed = st.integers(FIXED_MIN, FIXED_MAX)


@st.composite
def linears(draw: st.DrawFn) -> LinearDecreasing:
    floor, ceil = sorted((draw(parts), draw(parts)))
    return LinearDecreasing(draw(parts), floor, ceil)


@st.composite
def steps(draw: st.DrawFn) -> SteppedDecreasing:
    end, begin = sorted((draw(parts), draw(parts)))
    return SteppedDecreasing(begin, end, draw(positive), draw(positive))


@st.composite
def reciprocals(draw: st.DrawFn) -> Reciprocal:
    """Those that fall from one percentage to another, as all that are in use."""
    floor = draw(st.integers(0, 99))
    ceil = draw(st.integers(floor + 1, 100))
    level = draw(st.integers(floor, ceil))
    period = draw(st.integers(2, 1_000))
    return reciprocal(draw(st.integers(1, period - 1)), period, level=level, floor=floor, ceil=ceil)


curves = st.one_of(linears(), steps(), reciprocals())


@given(curves, parts, parts)
def test_a_curve_never_rises_and_stays_a_fraction(curve: Curve, first: int, second: int) -> None:
    early, late = sorted((first, second))
    assert 0 <= curve.threshold(late) <= curve.threshold(early) <= PPB


@given(curves, parts, parts)
def test_more_never_waits_longer(curve: Curve, first: int, second: int) -> None:
    less, more = sorted((first, second))
    assert 0 <= curve.delay(more) <= curve.delay(less) <= NEVER


@given(st.one_of(steps(), reciprocals()), parts)
def test_what_is_waited_for_passes_then(curve: Curve, y: int) -> None:
    delay = curve.delay(y)
    assert delay == NEVER or curve.passing(delay, y)


@given(steps(), parts)
def test_a_step_is_not_passed_before(curve: SteppedDecreasing, y: int) -> None:
    delay = curve.delay(y)
    assert delay == 0 or not curve.passing(delay - 1, y)


@given(linears(), parts)
def test_a_line_passes_at_its_delay_or_the_next_instant(curve: LinearDecreasing, y: int) -> None:
    delay = curve.delay(y)
    if y < curve.floor:
        assert delay == NEVER
        assert not curve.passing(PPB, y)
    else:
        assert curve.passing(min(PPB, delay + 1), y)


@given(linears(), parts)
def test_a_line_is_not_passed_long_before(curve: LinearDecreasing, y: int) -> None:
    """By two roundings up, of a part and of what it lowers: a slope's worth of 10^-9."""
    assume(curve.floor <= y < curve.ceil)
    slack = 2 + 2 * -(-curve.length // (curve.ceil - curve.floor))
    early = curve.delay(y) - slack
    assert early < 0 or not curve.passing(early, y)


@given(fixed, fixed, fixed, parts)
def test_no_reciprocal_leaves_its_numbers(factor: int, x_offset: int, y_offset: int, at: int) -> None:
    """Whatever stands in a constant is answered with a fraction."""
    curve = Reciprocal(factor, x_offset, y_offset)
    assert 0 <= curve.threshold(at) <= PPB
    assert 0 <= curve.delay(at) <= PPB


@given(curves)
def test_a_curve_is_read_back(curve: Curve) -> None:
    codec = codec_of(Curve)
    assert codec.decode(codec.encode(curve)) == curve


@given(st.integers(1, 27), st.integers(0, 48))
def test_a_reciprocal_meets_its_ends_and_its_level(delay: int, floor: int) -> None:
    """To a millionth: its factor is searched for in 10^-9. One that is nearly straight has no such factor."""
    level = floor + 10
    curve = reciprocal(delay, 28, level=level, floor=floor, ceil=100)
    assume(curve.factor < PPB - 1)
    near = 2_000
    assert abs(curve.threshold(0) - PPB) <= near
    assert abs(curve.threshold(PPB) - percent(floor)) <= near
    assert abs(curve.threshold(delay * PPB // 28) - percent(level)) <= near


@given(reciprocals(), parts)
def test_a_reciprocal_is_the_hyperbola_that_it_says(curve: Reciprocal, x: int) -> None:
    assume(x + curve.x_offset > 0)
    exact = Fraction(curve.factor * PPB, x + curve.x_offset) + curve.y_offset
    assert curve.threshold(x) == min(PPB, max(0, exact.__floor__()))


def test_the_curves_of_published_tracks() -> None:
    """Polkadot's, as its chain publishes `Referenda.Tracks`: root, and the administrator of staking."""
    assert reciprocal(4, 28, level=80, floor=50, ceil=100) == Reciprocal(222222224, 333333335, 333333332)
    assert linear(28, 28, floor=0, ceil=50) == LinearDecreasing(PPB, 0, 500_000_000)
    assert linear(17, 28, floor=50, ceil=100) == LinearDecreasing(607142857, 500_000_000, PPB)
    assert reciprocal(12, 28, level=1, floor=0, ceil=50) == Reciprocal(7892829, 15544040, -7772020)


@pytest.mark.parametrize("y", [*range(0, PPB, 9_696_969), 139_845_532, 139_845_533, PPB])
def test_a_moved_reciprocal(y: int) -> None:
    """The vector `translated_reciprocal_works` of `pallet_referenda`."""
    curve = Reciprocal(31_250_000, 36_330_683, 139_845_532)
    delay = curve.delay(y)
    assert delay == NEVER or curve.passing(delay, y)


def test_what_is_above_the_whole_curve_need_not_wait() -> None:
    curve = reciprocal(12, 28, level=1, floor=0, ceil=50)
    assert curve.delay(percent(80)) == curve.delay(percent(50) + 1_000) == 0
    assert reciprocal(4, 28, level=80, floor=50, ceil=100).delay(percent(33)) == NEVER


def test_a_staircase() -> None:
    """The vector `stepped_decreasing_works` of `pallet_referenda`, point by point."""
    curve = SteppedDecreasing(percent(80), percent(30), percent(10), percent(15))
    for step in range(6):
        assert curve.threshold(percent(15 * step)) == percent(80 - 10 * step)
        if step:
            assert curve.threshold(percent(15 * step) - 1) == percent(90 - 10 * step)
        assert curve.delay(percent(80 - 10 * step)) == percent(15 * step)
        after = percent(15 * (step + 1)) if step < 5 else NEVER
        assert curve.delay(percent(80 - 10 * step) - 1) == after
    assert curve.threshold(PPB) == percent(30)
    assert curve.delay(PPB) == 0
    assert curve.delay(0) == NEVER


def test_ties_pass() -> None:
    for track in TRACKS:
        for curve in (track.min_approval, track.min_support):
            needed = curve.threshold(PPB // 3)
            assert curve.passing(PPB // 3, needed)
            assert not curve.passing(PPB // 3, needed - 1)
