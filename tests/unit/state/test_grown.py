"""By how much an overlay says that the sum over an item has grown is the sum over all keys now less that over
the state below, however it was written: read before or not, encoded or removed, in layers that are kept,
undone, or refused because a value cannot be encoded.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.scale import U32, EncodeError, codec_of
from runtime.state import MemoryStates
from runtime.state.backend import ABSENT
from runtime.state.measured import Measured
from runtime.state.overlay import ITEM_BYTES, Overlay

U = codec_of(U32)
HERE, BESIDE = b"a" * ITEM_BYTES, b"b" * ITEM_BYTES
BELOW = {item + bytes([n]): U.encode(100 + n) for item in (HERE, BESIDE) for n in range(0, 6, 2)}
TOO_LARGE = 1 << 32
keys = st.sampled_from([item + bytes([n]) for item in (HERE, HERE, HERE, BESIDE) for n in range(6)])
values = st.sampled_from([*range(10), TOO_LARGE])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("set"), keys, values),
        st.tuples(st.just("add"), keys, st.integers(1, 9)),
        st.tuples(st.just("remove"), keys),
        st.tuples(st.just("raw"), keys, st.one_of(st.none(), st.integers(0, 9))),
        st.sampled_from([("open",), ("undo",), ("keep",), ("keep",)]),
    ),
    max_size=60,
)


def _measured() -> Measured:
    return Measured(HERE, U.write, U.decode, lambda value: 3 * value)


def _sum(overlay: Overlay) -> int:
    held = [overlay.get(HERE + bytes([n]), U.decode) for n in range(6)]
    return sum(3 * value for value in held if value is not ABSENT)


@given(steps)
def test_growth_is_the_sum_now_less_the_sum_below(taken: list[tuple[Any, ...]]) -> None:
    states = MemoryStates()
    states.genesis(BELOW)
    overlay, item = Overlay(states.head), _measured()
    writes = {HERE: item, BESIDE: U.write}
    below = _sum(Overlay(states.head))
    marks: list[Any] = []
    for step, *what in taken:
        if not marks:
            marks.append(overlay.open())
        if step == "open":
            marks.append(overlay.open())
        elif step == "undo":
            overlay.undo(marks.pop())
        elif step == "keep":
            try:
                overlay.keep(marks.pop())
            except EncodeError:
                assert not marks, "only the outermost layer is encoded"
            assert overlay.grown(item) == _sum(overlay) - below
        else:
            key = what[0]
            write = writes[key[:ITEM_BYTES]]
            if step == "set":
                overlay.put(key, what[1], write)
            elif step == "add":
                old = overlay.get(key, U.decode)
                overlay.put(key, what[1] + (0 if old is ABSENT else old), write)
            elif step == "remove":
                overlay.delete(key, write)
            else:
                overlay.put_raw(key, None if what[1] is None else U.encode(what[1]))
    assert overlay.grown(item) == _sum(overlay) - below


def test_what_is_written_outside_of_any_layer_counts_too() -> None:
    states = MemoryStates()
    states.genesis(BELOW)
    overlay, item, key = Overlay(states.head), _measured(), HERE + b"\0"
    overlay.get(key, U.decode)
    overlay.put(key, 110, item)
    mark = overlay.open()
    overlay.put(key, 111, item)
    assert overlay.grown(item) == 33
    overlay.keep(mark)
    assert overlay.grown(item) == 33
    assert overlay.changes() == {key: U.encode(111)}
    assert overlay.grown(item) == 33


def test_growth_in_order_is_followed_without_looking_at_what_was_kept() -> None:
    states = MemoryStates()
    states.genesis(BELOW)
    overlay, item, key = Overlay(states.head), _measured(), HERE + b"\0"
    mark = overlay.open()
    overlay.put(key, overlay.get(key, U.decode) + 1, item)
    overlay.keep(mark)
    overlay.values[key] = 0  # had it been looked at again, this would count
    assert overlay.grown(item) == 3


def test_a_layer_that_is_refused_when_it_is_encoded_counts_for_nothing() -> None:
    states = MemoryStates()
    states.genesis(BELOW)
    overlay, item = Overlay(states.head), _measured()
    _sum(overlay)
    mark = overlay.open()
    overlay.put(HERE + b"\0", 7, item)
    overlay.put(HERE + b"\2", TOO_LARGE, item)
    with pytest.raises(EncodeError, match="4294967296"):
        overlay.keep(mark)
    assert overlay.grown(item) == 0
