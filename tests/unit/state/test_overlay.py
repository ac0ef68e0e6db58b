"""The overlay: layers that undo exactly, raw writes, walks that see what is not committed, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from runtime.scale import U8, U32, EncodeError, codec_of
from runtime.state import MemoryStates
from runtime.state.backend import ABSENT
from runtime.state.overlay import LAYERS_MAX, LayersTooDeep, MutableValue, Overlay, TwoWriters

NUMBER = codec_of(U32)
TEXT = codec_of(str)


def overlay_over(values: Mapping[bytes, int] | None = None) -> Overlay:
    states = MemoryStates()
    states.genesis({key: NUMBER.encode(value) for key, value in (values or {}).items()})
    return Overlay(states.head)


def get(overlay: Overlay, key: bytes) -> Any:
    return overlay.get(key, NUMBER.decode)


def put(overlay: Overlay, key: bytes, value: Any) -> None:
    overlay.put(key, value, NUMBER.write)


def test_a_value_reads_from_below_until_it_is_written() -> None:
    overlay = overlay_over({b"a": 1})
    assert get(overlay, b"a") == 1
    assert get(overlay, b"b") is ABSENT
    assert not ABSENT
    assert repr(ABSENT) == "ABSENT"
    put(overlay, b"a", 2)
    assert get(overlay, b"a") == 2
    assert overlay.before(b"a", NUMBER.decode) == 1
    assert overlay.before(b"b", NUMBER.decode) is ABSENT
    assert overlay.state.get(b"a") == NUMBER.encode(1)
    assert overlay.changes() == {b"a": NUMBER.encode(2)}


def test_a_value_is_decoded_once_however_often_it_is_read() -> None:
    overlay = overlay_over({b"a": 1})
    decoded = []

    def decode(raw: bytes) -> int:
        decoded.append(raw)
        return NUMBER.decode(raw)

    assert [overlay.get(b"a", decode) for _ in range(3)] == [1, 1, 1]
    assert len(decoded) <= 1


def test_undoing_a_layer_restores_values_absence_and_events() -> None:
    overlay = overlay_over({b"a": 1, b"b": 2})
    outer = overlay.open()
    put(overlay, b"a", 10)
    overlay.events.append(b"outer")
    inner = overlay.open()
    put(overlay, b"a", 11)
    overlay.delete(b"b", NUMBER.write)
    put(overlay, b"c", 12)
    overlay.events.append(b"inner")
    overlay.undo(inner)
    assert (get(overlay, b"a"), get(overlay, b"b"), get(overlay, b"c")) == (10, 2, ABSENT)
    assert overlay.events == [b"outer"]
    overlay.keep(outer)
    assert overlay.changes() == {b"a": NUMBER.encode(10)}
    assert overlay.is_idle


def test_what_an_inner_layer_keeps_its_outer_layer_still_undoes() -> None:
    overlay = overlay_over()
    outer = overlay.open()
    inner = overlay.open()
    put(overlay, b"a", 1)
    overlay.keep(inner)
    overlay.undo(outer)
    assert get(overlay, b"a") is ABSENT
    assert overlay.changes() == {}


def test_a_value_that_does_not_fit_its_type_undoes_the_unit_that_wrote_it() -> None:
    overlay = overlay_over()
    first = overlay.open()
    put(overlay, b"a", 1)
    overlay.keep(first)
    second = overlay.open()
    put(overlay, b"a", 2)
    put(overlay, b"b", 1 << 32)
    with pytest.raises(EncodeError):
        overlay.keep(second)
    assert (get(overlay, b"a"), get(overlay, b"b")) == (1, ABSENT)
    assert overlay.is_idle
    assert overlay.changes() == {b"a": NUMBER.encode(1)}


@pytest.mark.parametrize("value", [[], {}, set[int](), bytearray()])
def test_a_mutable_value_is_refused_when_it_is_written(value: object) -> None:
    overlay = overlay_over()
    message = f"a stored value must be frozen, and {type(value).__name__} is not: write a tuple or a record"
    with pytest.raises(MutableValue) as refusal:
        put(overlay, b"a", value)
    assert str(refusal.value) == message
    assert overlay.changes() == {}


def test_layers_nest_up_to_a_limit() -> None:
    overlay = overlay_over()
    marks = [overlay.open() for _ in range(LAYERS_MAX)]
    with pytest.raises(LayersTooDeep) as refusal:
        overlay.open()
    assert str(refusal.value) == "more than 64 storage layers are open: a call nests too deep"
    for mark in reversed(marks):
        overlay.keep(mark)
    assert overlay.is_idle


def test_a_result_is_asked_for_only_when_every_layer_is_closed() -> None:
    overlay = overlay_over()
    mark = overlay.open()
    with pytest.raises(RuntimeError, match=r"^a storage layer is still open$"):
        overlay.changes()
    overlay.keep(mark)
    assert overlay.changes() == {}


def test_keys_are_seen_in_order_with_uncommitted_writes_and_without_deleted_ones() -> None:
    overlay = overlay_over({b"k1": 1, b"k3": 3, b"k5": 5, b"x": 0})
    put(overlay, b"k2", 2)
    put(overlay, b"k5", 50)
    overlay.delete(b"k3", NUMBER.write)
    assert list(overlay.keys(b"k")) == [b"k1", b"k2", b"k5"]
    assert list(overlay.keys(b"k", b"k1")) == [b"k2", b"k5"]
    assert overlay.written(b"k") == (b"k2", b"k3", b"k5")


def test_an_iteration_sees_what_is_written_ahead_of_it() -> None:
    overlay = overlay_over({b"k1": 1, b"k5": 5})
    seen = []
    for key in overlay.keys(b"k"):
        seen.append(key)
        if key == b"k1":
            put(overlay, b"k0", 0)
            put(overlay, b"k3", 3)
            overlay.delete(b"k5", NUMBER.write)
    assert seen == [b"k1", b"k3"]


# Raw writes.


def test_a_raw_write_is_decoded_by_the_first_read_that_asks() -> None:
    overlay = overlay_over({b"a": 1})
    assert get(overlay, b"a") == 1
    overlay.put_raw(b"a", NUMBER.encode(7))
    assert get(overlay, b"a") == 7
    overlay.put_raw(b"t", TEXT.encode("hello"))
    assert overlay.get(b"t", TEXT.decode) == "hello"
    overlay.put_raw(b"a", None)
    assert get(overlay, b"a") is ABSENT
    assert list(overlay.keys(b"")) == [b"t"]
    assert overlay.changes() == {b"a": None, b"t": TEXT.encode("hello")}


def test_raw_writes_are_undone_exactly_over_typed_ones_and_over_each_other() -> None:
    overlay = overlay_over({b"a": 1})
    first = overlay.open()
    put(overlay, b"a", 2)
    second = overlay.open()
    overlay.put_raw(b"a", NUMBER.encode(3))
    assert get(overlay, b"a") == 3
    third = overlay.open()
    put(overlay, b"a", 4)
    overlay.put_raw(b"a", NUMBER.encode(5))
    overlay.put_raw(b"a", NUMBER.encode(6))
    assert get(overlay, b"a") == 6
    overlay.undo(third)
    assert get(overlay, b"a") == 3
    overlay.undo(second)
    assert get(overlay, b"a") == 2
    overlay.undo(first)
    assert get(overlay, b"a") == 1
    assert overlay.changes() == {}


def test_a_raw_write_reaches_the_state_as_it_is() -> None:
    overlay = overlay_over()
    mark = overlay.open()
    overlay.put_raw(b"a", b"anything at all")
    overlay.put_raw(b"b", NUMBER.encode(9))
    assert get(overlay, b"b") == 9
    overlay.keep(mark)
    state = overlay.commit()
    assert state.get(b"a") == b"anything at all"
    assert state.read(b"b", NUMBER.decode) == 9


def test_a_typed_write_over_a_raw_one_is_encoded_again() -> None:
    overlay = overlay_over()
    overlay.put_raw(b"a", NUMBER.encode(1))
    put(overlay, b"a", 2)
    assert overlay.changes() == {b"a": NUMBER.encode(2)}


# Writers.


def test_a_key_is_written_as_one_type_in_one_unit_of_work() -> None:
    overlay = overlay_over({b"a": 1})
    message = (
        "storage key 0x61 is written as two types: remove it and write it anew in two units of work, such as "
        "two steps of a migration"
    )
    mark = overlay.open()
    put(overlay, b"a", 2)
    overlay.put(b"a", "two", TEXT.write)
    with pytest.raises(EncodeError, match="'two' is not an integer"):
        overlay.keep(mark)
    assert get(overlay, b"a") == 1
    mark = overlay.open()
    overlay.delete(b"a", NUMBER.write)
    inner = overlay.open()
    overlay.put(b"a", 3, codec_of(U8).write)
    with pytest.raises(TwoWriters) as refusal:
        overlay.try_encode(inner)
    assert str(refusal.value) == message
    overlay.keep(inner)
    with pytest.raises(TwoWriters) as refusal:
        overlay.keep(mark)
    assert str(refusal.value) == message
    assert refusal.value.key == b"a"
    assert get(overlay, b"a") == 1
    assert overlay.changes() == {}


def test_a_key_may_be_written_as_another_type_in_the_next_unit_of_work() -> None:
    overlay = overlay_over({b"a": 1})
    first = overlay.open()
    overlay.delete(b"a", NUMBER.write)
    overlay.keep(first)
    second = overlay.open()
    overlay.put(b"a", "two", TEXT.write)
    overlay.keep(second)
    assert overlay.changes() == {b"a": TEXT.encode("two")}


def test_over_what_came_encoded_any_type_may_be_written() -> None:
    overlay = overlay_over({b"a": 1})
    mark = overlay.open()
    put(overlay, b"a", 2)
    overlay.put_raw(b"a", b"")
    overlay.put(b"a", "two", TEXT.write)
    overlay.keep(mark)
    assert overlay.changes() == {b"a": TEXT.encode("two")}
    mark = overlay.open()
    overlay.put(b"a", "three", TEXT.write)
    overlay.put_raw(b"a", b"")
    overlay.keep(mark)
    assert overlay.changes() == {b"a": b""}


def test_a_walk_that_counts_as_it_goes_looks_at_each_key_once() -> None:
    overlay = overlay_over({bytes([n]): n for n in range(1, 4)})
    mark = overlay.open()
    seen = []
    for key in overlay.keys(b""):
        seen.append(key)
        put(overlay, b"\0", len(seen))
        put(overlay, b"\4", len(seen))
    overlay.keep(mark)
    assert seen == [b"\1", b"\2", b"\3", b"\4"]
