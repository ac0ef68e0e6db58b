"""Whose turn it is: by weight, evenly, the same for everybody, and quickly found whatever the view."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from node.consensus.leader import TURNS, Leaders, leaders_of, schedule_of
from runtime.simplex import VALIDATORS_MAX, Committee, Validator

WEIGHTS = st.lists(st.integers(1, 10**24), min_size=1, max_size=12)


@given(WEIGHTS)
def test_everybody_leads_as_often_as_he_weighs(weights: list[int]) -> None:
    turns = schedule_of(weights)
    assert len(turns) == TURNS
    for place, weight in enumerate(weights):
        due = TURNS * weight // sum(weights)
        assert due - len(weights) <= turns.count(place) <= due + len(weights)


@given(WEIGHTS)
def test_turns_are_spread_evenly(weights: list[int]) -> None:
    """In any beginning of the schedule nobody is far from his share."""
    turns, total = schedule_of(weights), sum(weights)
    had = [0] * len(weights)
    for count, leader in enumerate(turns, start=1):
        had[leader] += 1
        for place, weight in enumerate(weights):
            assert abs(had[place] * total - count * weight) <= total * len(weights)


def test_equals_take_turns_in_their_order() -> None:
    leaders = Leaders([5, 5, 5, 5])
    assert [leaders.leader(view) for view in range(1, 10)] == [0, 1, 2, 3, 0, 1, 2, 3, 0]


def test_the_known_example() -> None:
    """nginx's own: weights 5, 1, 1 give a a b a c a a."""
    assert schedule_of([5, 1, 1])[:7] == (0, 0, 1, 0, 2, 0, 0)


def test_who_weighs_nothing_never_leads() -> None:
    assert 1 not in schedule_of([3, 0, 7])


def test_far_views_cost_no_more_than_near_ones() -> None:
    leaders = Leaders([3, 2])
    assert leaders.leader(1 + TURNS * 10**15) == leaders.leader(1)


def test_a_committee_has_one_schedule() -> None:
    members = tuple(
        Validator(bytes(32), bytes([place]) * 48, bytes([place]) * 32, 1 + place)
        for place in range(VALIDATORS_MAX)
    )
    assert leaders_of(Committee(7, members)) is leaders_of(Committee(7, members))
    assert leaders_of(Committee(7, members)).schedule == schedule_of(range(1, VALIDATORS_MAX + 1))
