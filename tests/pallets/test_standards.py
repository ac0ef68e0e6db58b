"""Standards: ratings follow from the work of the standard exactly, and hours from one constant."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.standards import Standards
from pallets.standards.types import (
    ClassKnown,
    ClassRated,
    Config,
    Genesis,
    GenesisClass,
    StandardsEvent,
    WorkMissing,
)
from runtime.frame import BadOrigin, Host, Root, Signed
from runtime.scale import codec_of
from runtime.testing import refuses

amounts = st.integers(1, 10**24)


def standards(work: int = 2**34, *, blocks: int = 10, hours: int = 1, rho: int = 7 * 2**40) -> Standards:
    made = Standards(host=Host(), config=Config(blocks, hours))
    made.build_genesis(Genesis(work, (GenesisClass(1, b"cpu", rho),)))
    return made


def test_the_first_standard_stands_from_block_zero() -> None:
    made = standards(2**34)
    assert made.standard_now() == (1, 2**34)
    assert made.rating_of(1) == 7 * 2**6 * 10**9
    assert made.rating_of(2) is None


@given(work=amounts, rho=amounts)
def test_a_rating_is_the_exact_quotient_rounded_down(work: int, rho: int) -> None:
    assert standards(work, rho=rho).rating_of(1) == floor(Fraction(rho * 10**9, work))


@given(st.integers(0, 10**6), st.integers(1, 10**4), st.integers(1, 48))
def test_hours_become_blocks_rounded_up_and_at_least_one(span: int, blocks: int, hours: int) -> None:
    made = standards(blocks=blocks, hours=hours)
    assert made.blocks_in(span) == max(1, ceil(Fraction(span * blocks, hours)))


@given(amounts, amounts, st.integers(1, 10**4))
def test_the_blocks_for_a_piece_of_work_are_enough_and_one_less_is_not(
    work: int, per_hour: int, blocks: int
) -> None:
    made = standards(blocks=blocks)
    needed = made.blocks_for(work, per_hour)
    assert made.done_in(per_hour, needed) >= work
    assert needed == 1 or Fraction(per_hour * (needed - 1), blocks) < work


def test_a_class_is_added_by_root_once() -> None:
    made = standards()
    assert not made.add_class.allows(Signed(b"\1" * 32))
    made.add_class(Root(), 2, b"gpu", 2**50)
    assert made.rating_of(2) == 2**16 * 10**9
    assert codec_of(StandardsEvent).decode(made.host.overlay.events[-2]) == ClassRated(2, 2**50)
    with refuses(made.host, ClassKnown):
        made.add_class(Root(), 1, b"cpu", 1)
    with refuses(made.host, WorkMissing):
        made.add_class(Root(), 3, b"none", 0)
    with pytest.raises(BadOrigin):
        made.host.dispatch(made.add_class.call(4, b"x", 1), Signed(b"\1" * 32))


def test_a_genesis_without_work_is_refused() -> None:
    with pytest.raises(WorkMissing):
        Standards(host=Host(), config=Config(10)).build_genesis(Genesis(0))
