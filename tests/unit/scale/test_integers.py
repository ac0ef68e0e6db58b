"""Integers, bool and char: their bytes, and every way in which a value or bytes may not be one."""

from __future__ import annotations

import pytest

from runtime.scale import (
    I8,
    I16,
    I32,
    I64,
    I128,
    I256,
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    Char,
    DecodeError,
    EncodeError,
    codec_of,
)

WIDTHS = [(U8, 8), (U16, 16), (U32, 32), (U64, 64), (U128, 128), (U256, 256)]
SIGNED = [(I8, 8), (I16, 16), (I32, 32), (I64, 64), (I128, 128), (I256, 256)]


@pytest.mark.parametrize(("annotation", "bits"), WIDTHS)
def test_unsigned_integers_are_little_endian_and_never_wrap(annotation: object, bits: int) -> None:
    codec = codec_of(annotation)
    largest = (1 << bits) - 1
    for value in (0, 1, 0x42, largest >> 1, (largest >> 1) + 1, largest):
        assert codec.encode(value) == value.to_bytes(bits // 8, "little")
        assert codec.decode(codec.encode(value)) == value
    assert codec.fixed_size == codec.min_size == bits // 8
    for value in (-1, largest + 1, 1 << 257):
        with pytest.raises(EncodeError) as refusal:
            codec.encode(value)
        assert str(refusal.value) == f"u{bits}: {value} is not an integer from 0 to {largest}"


@pytest.mark.parametrize(("annotation", "bits"), SIGNED)
def test_signed_integers_are_twos_complement_and_never_wrap(annotation: object, bits: int) -> None:
    codec = codec_of(annotation)
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    for value in (low, -1, 0, 1, high):
        assert codec.encode(value) == value.to_bytes(bits // 8, "little", signed=True)
        assert codec.decode(codec.encode(value)) == value
    for value in (low - 1, high + 1):
        with pytest.raises(EncodeError) as refusal:
            codec.encode(value)
        assert str(refusal.value) == f"i{bits}: {value} is not an integer from {low} to {high}"


@pytest.mark.parametrize(("annotation", "bits"), WIDTHS + SIGNED)
@pytest.mark.parametrize("value", [1.0, "1", None, b"\1", (1,)])
def test_only_integers_are_integers(annotation: object, bits: int, value: object) -> None:
    with pytest.raises(EncodeError, match=" is not an integer from "):
        codec_of(annotation).encode(value)


@pytest.mark.parametrize(("annotation", "bits"), WIDTHS + SIGNED)
def test_an_integer_is_whole_and_alone(annotation: object, bits: int) -> None:
    codec, size = codec_of(annotation), bits // 8
    with pytest.raises(DecodeError) as refusal:
        codec.decode(b"\0" * (size - 1))
    assert str(refusal.value) == f"{codec.name}: needs {size} bytes, {size - 1} remain, at byte 0"
    with pytest.raises(DecodeError) as refusal:
        codec.decode(b"\0" * (size + 2))
    assert str(refusal.value) == f"{codec.name}: 2 bytes remain after the value, at byte {size}"


def test_a_huge_integer_is_refused_without_writing_it_out() -> None:
    with pytest.raises(EncodeError) as refusal:
        codec_of(U8).encode(1 << 100_000)
    assert str(refusal.value) == "u8: an integer of 100001 bits is not an integer from 0 to 255"


def test_bool_is_zero_or_one() -> None:
    codec = codec_of(bool)
    assert (codec.encode(False), codec.encode(True)) == (b"\0", b"\1")
    assert codec.decode(b"\1") is True
    assert codec.decode(b"\0") is False
    with pytest.raises(DecodeError) as refusal:
        codec.decode(b"\2")
    assert str(refusal.value) == "bool: 2 is no bool: only 0 and 1 are, at byte 0"


@pytest.mark.parametrize("value", [0, 1, None, "", b"\1"])
def test_nothing_else_is_a_bool(value: object) -> None:
    with pytest.raises(EncodeError) as refusal:
        codec_of(object_of(bool)).encode(value)
    assert str(refusal.value) == f"bool: {value!r} is not a bool"


def object_of(annotation: object) -> object:
    """The annotation, with its type forgotten: so that a test may offer values that type checkers refuse."""
    return annotation


@pytest.mark.parametrize("char", ["a", "\0", "ß", "\ud7ff", "\ue000", "\U0010ffff"])
def test_char_is_four_bytes_of_one_scalar(char: str) -> None:
    codec = codec_of(Char)
    assert codec.encode(char) == ord(char).to_bytes(4, "little")
    assert codec.decode(codec.encode(char)) == char


@pytest.mark.parametrize("scalar", [0xD800, 0xDFFF, 0x110000, 0xFFFFFFFF])
def test_surrogates_and_numbers_beyond_unicode_are_no_char(scalar: int) -> None:
    with pytest.raises(DecodeError) as refusal:
        codec_of(Char).decode(scalar.to_bytes(4, "little"))
    assert str(refusal.value) == f"char: {scalar:#x} is no Unicode scalar value, at byte 0"


@pytest.mark.parametrize("value", ["", "ab", "\ud800", 65, b"a"])
def test_only_one_scalar_is_a_char(value: object) -> None:
    with pytest.raises(EncodeError) as refusal:
        codec_of(Char).encode(value)
    assert str(refusal.value) == f"char: {value!r} is not one Unicode scalar value"


def test_decode_takes_bytes_only() -> None:
    with pytest.raises(TypeError, match=r"^decode needs bytes, not bytearray$"):
        codec_of(U8).decode(bytearray(b"\1"))
