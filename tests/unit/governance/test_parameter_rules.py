"""On whose word and how far a parameter moves, case by case."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from governance.parameters.registry import (
    MOVES_MAX,
    WINDOW_HOURS,
    Reach,
    is_safer,
    may_move,
    reach,
    track_for,
    values_since,
)
from governance.tracks import BY_ID, LISTS, ROOT, TOPICS


class Move(NamedTuple):
    """A move that was made."""

    at: int
    old: int


@pytest.mark.parametrize(
    ("side", "up", "down"), [("up", True, False), ("down", False, True), ("", False, False)]
)
def test_the_safe_side_is_what_the_pallet_says(side: str, up: bool, down: bool) -> None:
    assert (is_safer(side, 5, 6), is_safer(side, 6, 5)) == (up, down)
    assert not is_safer(side, 5, 5)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_has_two_tracks_and_root_has_all(topic: str) -> None:
    allowed = {
        safe: [BY_ID[track].name for track in BY_ID if may_move(track, topic, safe=safe)]
        for safe in (True, False)
    }
    assert allowed == {
        True: ["root", f"{topic}_safer", f"{topic}_looser"],
        False: ["root", f"{topic}_looser"],
    }
    assert BY_ID[track_for(topic, safe=True)].name == f"{topic}_safer"
    assert BY_ID[track_for(topic, safe=False)].name == f"{topic}_looser"
    assert not may_move(None, topic, safe=True)


def test_what_no_topic_is_about_is_roots_alone() -> None:
    for topic in ("board", "", "lists", "root", "fees_safer"):
        assert track_for(topic, safe=True) == track_for(topic, safe=False) == ROOT
        assert [track for track in BY_ID if may_move(track, topic, safe=True)] == [ROOT]
        assert not may_move(LISTS, topic, safe=False)


def test_a_value_counts_until_the_window_has_passed_since_it_was_left() -> None:
    moves = (Move(at=100, old=4), Move(at=90, old=3), Move(at=50, old=2))
    assert values_since(89, 5, moves) == (5, 4, 3)
    assert values_since(90, 5, moves) == (5, 4)
    assert values_since(100, 5, moves) == (5,)
    assert values_since(0, 5, moves) == (5, 4, 3, 2)
    assert values_since(0, 5, ()) == (5,)


@pytest.mark.parametrize(
    ("step", "values", "expected"),
    [
        (None, (50,), (10, 90)),
        (5, (50,), (45, 55)),
        (5, (53, 50), (48, 55)),
        (5, (55, 50), (50, 55)),  # it may move back, and not further up
        (5, (50, 55, 50), (50, 55)),
        (5, (12,), (10, 17)),
        (5, (88,), (83, 90)),
        (200, (50,), (10, 90)),
        (2, (50, 55), (53, 52)),  # a step that code has made smaller: nowhere, until the window has passed
    ],
)
def test_how_far_it_reaches(step: int | None, values: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert reach((10, 90), step, values) == expected


def test_a_reach_has_its_ends() -> None:
    assert [value for value in range(10) if Reach(3, 5).holds(value)] == [3, 4, 5]
    assert not any(Reach(5, 4).holds(value) for value in range(10))


def test_the_window_is_fourteen_days() -> None:
    assert (WINDOW_HOURS, MOVES_MAX) == (14 * 24, 32)
