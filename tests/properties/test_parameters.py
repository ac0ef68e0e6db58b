"""Whatever is voted, a parameter with a step never has two values further apart than that within the window;
and no move is refused that would not have led there.

The model is the value of each block, one after the other. It knows neither moves nor a reach.
"""

from __future__ import annotations

from itertools import accumulate, combinations
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from governance.parameters.registry import is_safer, may_move, reach, track_for, values_since
from governance.tracks import BY_ID, ROOT, TOPICS

LOW, HIGH = 0, 40
values = st.integers(LOW - 3, HIGH + 3)


class Move(NamedTuple):
    """A move that was made."""

    at: int
    old: int
    new: int


@given(
    step=st.integers(1, HIGH),
    window=st.integers(1, 8),
    wishes=st.lists(st.tuples(st.integers(0, 4), values), max_size=30),
)
def test_no_two_values_within_the_window_are_further_apart_than_a_step(
    step: int, window: int, wishes: list[tuple[int, int]]
) -> None:
    moves: list[Move] = []
    value, block = HIGH // 2, window
    seen: list[tuple[int, int]] = []  # each value with a block in which it stood
    for pause, wish in wishes:
        stood = range(block, block + pause + 1)
        seen += [(each, value) for each in stood]
        block += pause
        recent = values_since(block - window, value, reversed(moves))
        allowed = reach((LOW, HIGH), step, recent).holds(wish)
        near = all(abs(wish - other) <= step for at, other in seen if at > block - window)
        assert allowed == (LOW <= wish <= HIGH and near), recent
        if allowed and wish != value:
            moves.append(Move(block, value, wish))
            value = wish
            seen.append((block, value))
    for (early, first), (late, second) in combinations(seen, 2):
        if late - early < window:
            assert abs(first - second) <= step
    for start in range(len(moves)):
        stretch = [each for each in moves[start:] if each.at - moves[start].at < window]
        assert all(abs(total) <= step for total in accumulate(each.new - each.old for each in stretch))


@given(step=st.integers(1, HIGH), recent=st.lists(st.integers(LOW, HIGH), min_size=1, max_size=6))
def test_what_has_moved_may_move_back(step: int, recent: list[int]) -> None:
    if max(recent) - min(recent) <= step:
        assert all(reach((LOW, HIGH), step, recent).holds(value) for value in recent)


@given(
    topic=st.sampled_from((*TOPICS, "board", "")),
    side=st.sampled_from(("", "up", "down")),
    old=values,
    new=values,
    track=st.sampled_from((None, *BY_ID)),
)
def test_who_may_loosen_may_tighten_and_the_named_track_is_the_quickest(
    topic: str, side: str, old: int, new: int, track: int | None
) -> None:
    safe = is_safer(side, old, new)
    assert not (safe and is_safer(side, new, old))
    if may_move(track, topic, safe=False):
        assert may_move(track, topic, safe=True)
    quickest = track_for(topic, safe=safe)
    assert may_move(quickest, topic, safe=safe)
    if track is not None and may_move(track, topic, safe=safe):
        assert BY_ID[quickest].enactment_hours <= BY_ID[track].enactment_hours
        assert track == ROOT or BY_ID[track].name.startswith(topic)
