"""What is true of every SCALE type: one value, one encoding, and no other input is accepted."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.scale import AnyCodec, DecodeError, EncodeError, Registry
from support.scale_types import KINDS, Kind, typed_values

FAST = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def accepts_only_its_own_encoding(codec: AnyCodec, data: bytes) -> None:
    """The input is refused as such, or is exactly what the value it gives is encoded as."""
    try:
        value = codec.decode(data)
    except DecodeError as error:
        assert 0 <= error.offset <= len(data), error
        assert error.path.startswith(codec.name), error
        return
    assert codec.encode(value) == data


@FAST
@given(typed_values())
def test_values_come_back(drawn: tuple[AnyCodec, Any]) -> None:
    codec, value = drawn
    encoded = codec.encode(value)
    assert codec.decode(encoded) == value
    assert len(encoded) >= codec.min_size
    assert codec.fixed_size in (None, len(encoded))


@FAST
@given(typed_values(), st.binary(max_size=5), st.binary(max_size=5))
def test_reading_stops_where_the_value_ends(drawn: tuple[AnyCodec, Any], before: bytes, after: bytes) -> None:
    codec, value = drawn
    encoded = codec.write(value)
    assert codec.read(before + encoded + after, len(before)) == (value, len(before) + len(encoded))


@FAST
@given(typed_values(), st.data())
def test_mutated_encodings_are_refused_or_are_encodings(
    drawn: tuple[AnyCodec, Any], data: st.DataObject
) -> None:
    codec, value = drawn
    mutant = bytearray(codec.encode(value))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(mutant)))
        change = data.draw(st.sampled_from(["set", "insert", "delete", "cut"]))
        byte = data.draw(st.sampled_from([0, 1, 2, 3, 4, 0xFC, 0xFD, 0xFE, 0xFF]) | st.integers(0, 255))
        if change == "insert":
            mutant.insert(position, byte)
        elif change == "cut":
            del mutant[position:]
        elif position < len(mutant):
            if change == "set":
                mutant[position] = byte
            else:
                del mutant[position]
    accepts_only_its_own_encoding(codec, bytes(mutant))


@FAST
@given(KINDS, st.binary(max_size=64))
def test_arbitrary_bytes_are_refused_or_are_encodings(kind: Kind, data: bytes) -> None:
    accepts_only_its_own_encoding(kind.codec, data)


@FAST
@given(typed_values())
def test_an_encoding_cut_short_is_refused(drawn: tuple[AnyCodec, Any]) -> None:
    codec, value = drawn
    encoded = codec.encode(value)
    for length in {0, len(encoded) // 2, len(encoded) - 1} - {len(encoded), -1}:
        try:
            codec.decode(encoded[:length])
        except DecodeError as error:
            assert error.offset <= length
        else:
            raise AssertionError("a prefix of an encoding is an encoding")


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=3),
    st.binary(max_size=3),
    st.lists(st.integers(), max_size=2),
    st.tuples(st.integers(), st.text(max_size=2)),
    st.dictionaries(st.integers(), st.integers(), max_size=1),
    st.just(object()),
)


@FAST
@given(KINDS, JUNK)
def test_values_of_another_type_are_refused_or_encode_to_what_decodes(kind: Kind, junk: Any) -> None:
    try:
        encoded = kind.codec.encode(junk)
    except EncodeError as error:
        assert error.path.startswith(kind.codec.name), error
        return
    assert kind.codec.decode(encoded) == junk


@FAST
@given(st.lists(KINDS, min_size=1, max_size=3))
def test_every_type_has_a_portable_description(kinds: list[Kind]) -> None:
    first, second = Registry(), Registry()
    for registry in (first, second):
        for kind in kinds:
            registry.register(kind.codec)
    assert first.encode() == second.encode()
    count = len(first.types())
    assert [each.id for each in first.types()] == list(range(count))
