"""Compact integers: the published vectors, the boundaries of the modes, and only the shortest form."""

from __future__ import annotations

from typing import Annotated

import pytest

from runtime.scale import (
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    Compact,
    DecodeError,
    EncodeError,
    Newtype,
    Struct,
    codec_of,
)
from runtime.scale.errors import CodecError

VECTORS = {
    0: "00",
    1: "04",
    42: "a8",
    63: "fc",
    64: "0101",
    69: "1501",
    16383: "fdff",
    16384: "02000100",
    65535: "feff0300",
    1073741823: "feffffff",
    1073741824: "0300000040",
    4294967295: "03ffffffff",
    4294967296: "070000000001",
    100000000000000: "0b00407a10f35a",
    1099511627776: "0b000000000001",
    281474976710656: "0f00000000000001",
    72057594037927935: "0fffffffffffffff",
    72057594037927936: "130000000000000001",
    18446744073709551615: "13ffffffffffffffff",
}
"""Published: the encoding page of the Polkadot documentation, and parity-scale-codec's own tests."""


@pytest.mark.parametrize(("value", "expected"), VECTORS.items())
def test_published_vectors(value: int, expected: str) -> None:
    codec = codec_of(Compact[U64])
    assert codec.encode(value).hex() == expected
    assert codec.decode(bytes.fromhex(expected)) == value


@pytest.mark.parametrize(
    ("annotation", "bits"),
    [(Compact[U8], 8), (Compact[U16], 16), (Compact[U32], 32), (Compact[U64], 64), (Compact[U128], 128)],
)
def test_the_limits_are_those_of_the_integer(annotation: object, bits: int) -> None:
    codec, largest = codec_of(annotation), (1 << bits) - 1
    assert codec.decode(codec.encode(largest)) == largest
    too_large = codec_of(Compact[U256]).encode(largest + 1)
    with pytest.raises(DecodeError) as refusal:
        codec.decode(too_large)
    expected = f"Compact<u{bits}>: compact integer {largest + 1} is larger than a u{bits}, at byte 0"
    assert str(refusal.value) == expected
    for value in (-1, largest + 1, 0.5, 100.5, 1 << 20_000, None, "1"):
        with pytest.raises(EncodeError, match=f" is not an integer from 0 to {largest}$"):
            codec.encode(value)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("0100", 0),
        ("fd00", 63),
        ("02000000", 0),
        ("feff0000", 16383),
        ("0300000000", 0),
        ("03ffffff3f", (1 << 30) - 1),
        ("07ffffffff00", (1 << 32) - 1),
        ("0b000000400000", 1 << 30),
    ],
)
def test_only_the_shortest_form_is_an_encoding(data: str, value: int) -> None:
    with pytest.raises(DecodeError) as refusal:
        codec_of(Compact[U64]).decode(bytes.fromhex(data))
    expected = f"Compact<u64>: compact integer {value} is not in its shortest form, at byte 0"
    assert str(refusal.value) == expected


@pytest.mark.parametrize(("data", "size"), [("01", 2), ("020304", 4), ("03000000", 5), ("ff" * 60, 68)])
def test_a_compact_integer_is_whole(data: str, size: int) -> None:
    with pytest.raises(DecodeError) as refusal:
        codec_of(Compact[U128]).decode(bytes.fromhex(data))
    assert str(refusal.value) == f"Compact<u128>: needs {size} bytes, {len(data) // 2} remain, at byte 0"
    with pytest.raises(DecodeError) as refusal:
        codec_of(Compact[U128]).decode(b"")
    assert str(refusal.value) == "Compact<u128>: ends where a compact integer begins, at byte 0"


class Perbill(Struct, unnamed=True):
    """Parts per billion."""

    parts: U32


Moment = Annotated[int, *U64.__metadata__, Newtype("pallet_timestamp::Moment")]


def test_types_that_hold_one_integer_have_a_compact_form() -> None:
    codec = codec_of(Compact[Perbill])
    assert codec.encode(Perbill(42)) == b"\xa8"
    assert codec.decode(b"\xa8") == Perbill(42)
    with pytest.raises(EncodeError) as refusal:
        codec.encode(42)
    assert str(refusal.value) == "Compact<Perbill>: 42 is not of Perbill"
    moment = codec_of(Compact[Moment])
    assert moment.decode(moment.encode(42)) == 42


@pytest.mark.parametrize(
    "annotation", [Compact[bool], Compact[str], Compact[tuple[U8, U8]], Compact[Compact[U8]]]
)
def test_other_types_have_none(annotation: object) -> None:
    with pytest.raises(TypeError, match="only unsigned integers, and types that hold just one of them"):
        codec_of(annotation)


def test_every_refusal_is_a_codec_error() -> None:
    for data in range(256):
        try:
            codec_of(Compact[U32]).decode(bytes((data,)))
        except CodecError as error:
            assert data & 3 != 0, error
        else:
            assert data & 3 == 0
