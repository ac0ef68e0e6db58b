"""Weights add up as numbers do, to the most that their encoding holds: every sum can be written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime.executive.limits import BlockMeter
from runtime.scale import codec_of
from runtime.types import Weight
from runtime.types.limits import BLOCK_WEIGHTS
from runtime.types.weight import WEIGHT_MAX

MOST = (1 << 64) - 1
SIZES = st.one_of(st.integers(0, 2_000), st.integers(MOST - 2_000, MOST), st.integers(0, MOST))
WEIGHTS = st.builds(Weight, SIZES, SIZES)
CODEC = codec_of(Weight)


def written(weight: Weight) -> tuple[int, int]:
    """A weight's two sizes, once it was encoded and decoded."""
    again = CODEC.decode(CODEC.encode(weight))
    assert again == weight
    return again.ref_time, again.proof_size


@given(WEIGHTS, WEIGHTS)
def test_a_sum_is_the_numbers_sum_or_the_most_there_is(one: Weight, other: Weight) -> None:
    expected = min(MOST, one.ref_time + other.ref_time), min(MOST, one.proof_size + other.proof_size)
    assert written(one + other) == expected
    assert one + other == other + one


@given(WEIGHTS, WEIGHTS, WEIGHTS)
def test_the_order_of_a_sum_does_not_matter(one: Weight, two: Weight, three: Weight) -> None:
    assert (one + two) + three == one + (two + three)
    assert one.fits(one + two)


@given(WEIGHTS, st.one_of(st.integers(0, 64), st.integers(0, MOST)))
def test_so_is_what_is_taken_many_times(weight: Weight, factor: int) -> None:
    assert written(weight.times(factor)) == (
        min(MOST, weight.ref_time * factor),
        min(MOST, weight.proof_size * factor),
    )


@given(st.lists(WEIGHTS, max_size=4))
def test_a_block_tells_what_its_hooks_said_they_used(said: list[Weight]) -> None:
    meter = BlockMeter()
    expected = BLOCK_WEIGHTS.base_block
    for weight in said:
        meter.charge(weight)
        expected += weight
    assert meter.used().mandatory == expected
    written(meter.used().mandatory)
    assert meter.left().fits(BLOCK_WEIGHTS.max_block)


def test_the_most_is_what_its_name_says() -> None:
    assert written(WEIGHT_MAX) == (MOST, MOST)
