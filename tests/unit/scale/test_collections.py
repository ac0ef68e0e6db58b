"""Collections: published bytes, and lengths that lie."""

from __future__ import annotations

from typing import Annotated

import pytest

from runtime.scale import (
    EMPTY_ELEMENTS_MAX,
    H256,
    U8,
    U16,
    U32,
    U64,
    U128,
    BitVec,
    BTreeMap,
    BTreeSet,
    Compact,
    DecodeError,
    EncodeError,
    Err,
    Fixed,
    Max,
    Ok,
    Result,
    array_codec,
    codec_of,
    option_codec,
)

VECTORS: list[tuple[object, object, str]] = [
    (tuple[U16, ...], (4, 8, 15, 16, 23, 42), "18040008000f00100017002a00"),
    (tuple[Compact[U32], bool], (3, False), "0c00"),
    (str, "", "00"),
    (str, "Hello, World!", "3448656c6c6f2c20576f726c6421"),
    (str, "Здравствуй, мир!", "74d097d0b4d180d0b0d0b2d181d182d0b2d183d0b92c20d0bcd0b8d18021"),
    (bytes, b"\1\2", "080102"),
    (U8 | None, None, "00"),
    (U8 | None, 1, "0101"),
    (bool | None, None, "00"),
    (bool | None, True, "0101"),
    (bool | None, False, "0100"),
    (Result[U8, bool], Ok(42), "002a"),
    (Result[U8, bool], Err(False), "0100"),
    (Result[None, U8], Ok(None), "00"),
    (tuple[()], (), ""),
    (None, None, ""),
    (tuple[U8], (7,), "07"),
    (Annotated[bytes, Fixed(4)], b"abcd", "61626364"),
    (Annotated[tuple[U32, ...], Fixed(2)], (1, 2), "0100000002000000"),
    (Annotated[tuple[bool, ...], Fixed(70)], (True,) * 70, "01" * 70),
    (Annotated[tuple[str, ...], Fixed(2)], ("a", ""), "046100"),
    (BTreeMap[U8, str], ((1, "a"), (2, "")), "080104610200"),
    (BTreeSet[U16], (1, 256), "0801000001"),
    (BitVec, (), "00"),
    (BitVec, (True, False, True, True), "100d"),
    (BitVec, (False,) * 8 + (True,), "240001"),
    (BitVec, (True,) * 9, "24ff01"),
    (Annotated[str, Max(3)], "abc", "0c616263"),
    (tuple[tuple[()], ...], ((), (), ()), "0c"),
]


@pytest.mark.parametrize(("annotation", "value", "expected"), VECTORS)
def test_known_bytes(annotation: object, value: object, expected: str) -> None:
    codec = codec_of(annotation)
    assert codec.encode(value).hex() == expected
    assert codec.decode(bytes.fromhex(expected)) == value


REFUSED_BYTES: list[tuple[object, str, str]] = [
    (bytes, "", "Vec<u8>: ends where a length begins, at byte 0"),
    (bytes, "0c0102", "Vec<u8>: 3 bytes claimed, 2 remain, at byte 0"),
    (bytes, "feffffff", "Vec<u8>: 1073741823 bytes claimed, 0 remain, at byte 0"),
    (bytes, "07" + "ff" * 5, "Vec<u8>: compact integer 1099511627775 is larger than a u32, at byte 0"),
    (bytes, "010000", "Vec<u8>: compact integer 0 is not in its shortest form, at byte 0"),
    (bytes, "0401ff", "Vec<u8>: 1 bytes remain after the value, at byte 2"),
    (Annotated[bytes, Max(1)], "080102", "Vec<u8>: 2 bytes, at most 1 are allowed, at byte 0"),
    (Annotated[bytes, Fixed(3)], "0102", "[u8; 3]: needs 3 bytes, 2 remain, at byte 0"),
    (str, "08c328", "str: not UTF-8: invalid continuation byte, at byte 1"),
    (str, "1061eda080", "str: not UTF-8: invalid continuation byte, at byte 2"),
    (str, "04c3", "str: not UTF-8: unexpected end of data, at byte 1"),
    (Annotated[str, Max(1)], "086161", "str: 2 bytes, at most 1 are allowed, at byte 0"),
    (tuple[U32, ...], "feffffff", "Vec<u32>: 1073741823 elements need 4294967292 bytes, 0 remain, at byte 0"),
    (
        tuple[str, ...],
        "feffffff00",
        "Vec<str>: 1073741823 elements need 1073741823 bytes, 1 remain, at byte 0",
    ),
    (tuple[bool, ...], "080102", "Vec<bool>[1]: 2 is no bool: only 0 and 1 are, at byte 2"),
    (tuple[U8 | None, ...], "0c000102", "Vec<Option<u8>>[2]: ends where an option begins, at byte 4"),
    (
        tuple[tuple[()], ...],
        "06000100",
        "Vec<()>: 16385 elements of no bytes, at most 4096 are allowed, at byte 0",
    ),
    (Annotated[tuple[U8, ...], Max(2)], "0c010203", "Vec<u8>: 3 elements, at most 2 are allowed, at byte 0"),
    (Annotated[tuple[U8, ...], Fixed(2)], "01", "[u8; 2][1]: needs 1 bytes, 0 remain, at byte 1"),
    (
        Annotated[tuple[str, ...], Fixed(3)],
        "0000",
        "[str; 3]: 3 elements need 3 bytes, 2 remain, at byte 0",
    ),
    (
        tuple[U8, tuple[U16, bool]],
        "01020003",
        "(u8, (u16, bool)).1.1: 3 is no bool: only 0 and 1 are, at byte 3",
    ),
    (tuple[U8, tuple[U16, bool]], "0102", "(u8, (u16, bool)).1.0: needs 2 bytes, 1 remain, at byte 1"),
    (U8 | None, "02", "Option<u8>: 2 is no option: only 0 and 1 are, at byte 0"),
    (U8 | None, "", "Option<u8>: ends where an option begins, at byte 0"),
    (Result[U8, U8], "02", "Result<u8, u8>: no variant has index 2, at byte 0"),
    (Result[U8, U16], "0101", "Result<u8, u16>.Err.0: needs 2 bytes, 1 remain, at byte 1"),
    (BTreeMap[U8, U8], "0802000100", "BTreeMap<u8, u8>[1]: keys must go strictly up, at byte 0"),
    (BTreeMap[U8, U8], "0801000101", "BTreeMap<u8, u8>[1]: keys must go strictly up, at byte 0"),
    (BTreeSet[U8], "0c010302", "BTreeSet<u8>[2]: keys must go strictly up, at byte 0"),
    (Annotated[BTreeSet[U8], Max(1)], "080102", "BTreeSet<u8>: 2 elements, at most 1 are allowed, at byte 0"),
    (BitVec, "101d", "BitVec<u8, Lsb0>: bits behind the last one are not zero, at byte 1"),
    (BitVec, "24ff", "BitVec<u8, Lsb0>: 9 bits need 2 bytes, 1 remain, at byte 0"),
    (BitVec, "feffffff", "BitVec<u8, Lsb0>: 1073741823 bits, at most 268435455 are allowed, at byte 0"),
    (Annotated[BitVec, Max(8)], "24ff01", "BitVec<u8, Lsb0>: 9 bits, at most 8 are allowed, at byte 0"),
]


@pytest.mark.parametrize(("annotation", "data", "message"), REFUSED_BYTES)
def test_refused_bytes(annotation: object, data: str, message: str) -> None:
    with pytest.raises(DecodeError) as refusal:
        codec_of(annotation).decode(bytes.fromhex(data))
    assert str(refusal.value) == message


REFUSED_VALUES: list[tuple[object, object, str]] = [
    (bytes, "ab", "Vec<u8>: 'ab' is not bytes"),
    (bytes, bytearray(b"a"), "Vec<u8>: bytearray(b'a') is not bytes"),
    (Annotated[bytes, Max(1)], b"ab", "Vec<u8>: 2 bytes, at most 1 are allowed"),
    (Annotated[bytes, Fixed(3)], b"ab", "[u8; 3]: 2 bytes, exactly 3 are needed"),
    (Annotated[bytes, Fixed(3)], "abc", "[u8; 3]: 'abc' is not bytes"),
    (str, b"a", "str: b'a' is not a str"),
    (str, "a\ud800", "str: 'a\\ud800' has no UTF-8 form: surrogates not allowed"),
    (Annotated[str, Max(1)], "ß", "str: 2 bytes, at most 1 are allowed"),
    (tuple[U8, ...], [1], "Vec<u8>: [1] is not a tuple"),
    (tuple[U8, ...], b"\1", "Vec<u8>: b'\\x01' is not a tuple"),
    (tuple[U8, ...], (1, 256), "Vec<u8>[1]: 256 is not an integer from 0 to 255"),
    (tuple[U8, ...], (0,) * 99 + ("1",), "Vec<u8>[99]: '1' is not an integer from 0 to 255"),
    (tuple[bool, ...], (True, 1), "Vec<bool>[1]: 1 is not a bool"),
    (Annotated[tuple[U8, ...], Max(2)], (1, 2, 3), "Vec<u8>: 3 elements, at most 2 are allowed"),
    (
        tuple[tuple[()], ...],
        ((),) * (EMPTY_ELEMENTS_MAX + 1),
        "Vec<()>: 4097 elements of no bytes, at most 4096 are allowed",
    ),
    (Annotated[tuple[U8, ...], Fixed(2)], (1,), "[u8; 2]: a tuple of 1, not of 2"),
    (Annotated[tuple[U8, ...], Fixed(2)], (1, -1), "[u8; 2][1]: -1 is not an integer from 0 to 255"),
    (Annotated[tuple[str, ...], Fixed(2)], ("",), "[str; 2]: 1 elements, exactly 2 are needed"),
    (tuple[U8, U8], 3, "(u8, u8): 3 is not a tuple"),
    (tuple[U8, tuple[U16, bool]], (1, (2, 3)), "(u8, (u16, bool)).1.1: 3 is not a bool"),
    (tuple[U8, tuple[U16, bool]], (1, (2,)), "(u8, (u16, bool)).1: a tuple of 1, not of 2"),
    (tuple[U8, str], (1, 2), "(u8, str).1: 2 is not a str"),
    (U8 | None, 256, "Option<u8>: 256 is not an integer from 0 to 255"),
    (Result[U8, U8], 3, "Result<u8, u8>: 3 is no variant of Result<u8, u8>"),
    (Result[U8, U8], Err(-1), "Result<u8, u8>.Err.0: -1 is not an integer from 0 to 255"),
    (Result[None, U8], Ok(1), "Result<(), u8>.Ok.0: 1 is not None"),
    (BTreeMap[U8, U8], ((2, 0), (1, 0)), "BTreeMap<u8, u8>[1]: keys must go strictly up"),
    (BTreeMap[U8, U8], ((2, 0), (2, 0)), "BTreeMap<u8, u8>[1]: keys must go strictly up"),
    (BTreeMap[U8, U8], {1: 1}, "BTreeMap<u8, u8>: {1: 1} is not a tuple"),
    (BTreeMap[U8, U8], ((1, 256),), "BTreeMap<u8, u8>[0].1: 256 is not an integer from 0 to 255"),
    (BTreeSet[str], ("b", "a"), "BTreeSet<str>[1]: keys must go strictly up"),
    (BitVec, (True, 1), "BitVec<u8, Lsb0>[1]: 1 is not a bool"),
    (BitVec, [True], "BitVec<u8, Lsb0>: [True] is not a tuple"),
    (Annotated[BitVec, Max(1)], (True, True), "BitVec<u8, Lsb0>: 2 bits, at most 1 are allowed"),
    (bytes, "a" * 1000, "Vec<u8>: a str of length 1000 is not bytes"),
]


@pytest.mark.parametrize(("annotation", "value", "message"), REFUSED_VALUES)
def test_refused_values(annotation: object, value: object, message: str) -> None:
    with pytest.raises(EncodeError) as refusal:
        codec_of(annotation).encode(value)
    assert str(refusal.value) == message


def test_elements_of_no_bytes_are_bounded_on_both_sides() -> None:
    codec = codec_of(tuple[tuple[()], ...])
    most = ((),) * EMPTY_ELEMENTS_MAX
    assert codec.decode(codec.encode(most)) == most


def test_a_long_array_of_nothing_is_no_type() -> None:
    with pytest.raises(TypeError, match=r"^\[\(\); 5000\]: at most 4096 elements of no bytes are allowed$"):
        array_codec(codec_of(tuple[()]), 5_000)


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (BTreeMap[U8 | None, U8], "BTreeMap<Option<u8>, u8>"),
        (BTreeSet[Result[U8, U8]], "BTreeSet<Result<u8, u8>>"),
        (BTreeSet[tuple[U8, BitVec]], "BTreeSet<(u8, BitVec<u8, Lsb0>)>"),
    ],
)
def test_keys_without_an_order_are_no_keys(annotation: object, name: str) -> None:
    with pytest.raises(TypeError) as refusal:
        codec_of(annotation)
    assert str(refusal.value) == f"{name}: keys must be numbers, text, bytes, or tuples of them"


def test_keys_of_named_types_and_tuples_are_keys() -> None:
    for annotation, value in (
        (BTreeSet[H256], (b"a" * 32, b"b" * 32)),
        (BTreeMap[tuple[U8, Annotated[bytes, Max(3)]], U8], (((1, b"b"), 0), ((2, b"a"), 0))),
        (BTreeSet[Compact[U32]], (1, 1 << 20)),
    ):
        codec = codec_of(annotation)
        assert codec.decode(codec.encode(value)) == value


def test_an_option_of_an_option_is_no_type() -> None:
    with pytest.raises(TypeError, match=r"^Option<Option<u8>>: None could not be told from Some\(None\)$"):
        option_codec(option_codec(codec_of(U8)))


@pytest.mark.parametrize("length", [0, 1, 63, 64, 16383, 16384, 100_000])
def test_lengths_across_the_modes_of_the_prefix(length: int) -> None:
    for annotation, value in ((bytes, b"x" * length), (tuple[U64, ...], (7,) * length), (str, "y" * length)):
        codec = codec_of(annotation)
        assert codec.decode(codec.encode(value)) == value


@pytest.mark.parametrize(
    ("annotation", "size"),
    [
        (tuple[U8, U128], 17),
        (Annotated[bytes, Fixed(48)], 48),
        (Annotated[tuple[U128, ...], Fixed(100)], 1600),
        (tuple[U8, ...], None),
        (tuple[U8, str], None),
        (U8 | None, None),
        (Result[U8, bool], 2),
        (tuple[()], 0),
    ],
)
def test_types_know_whether_their_size_is_fixed(annotation: object, size: int | None) -> None:
    assert codec_of(annotation).fixed_size == size
