"""Structs: frozen, cheap, and encoded field after field; refusals name the field."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Annotated, ClassVar

import pytest

from runtime.scale import (
    H256,
    U8,
    U32,
    U64,
    U128,
    U256,
    Char,
    Compact,
    DecodeError,
    EncodeError,
    Fixed,
    Struct,
    codec_of,
)


class AccountData(Struct, path="pallet_balances::types::AccountData"):
    """All that an account holds."""

    free: U128
    reserved: U128 = 0
    frozen: U128 = 0
    flags: U128 = 0


class AccountInfo(Struct, path="frame_system::AccountInfo"):
    """An account, as the chain counts it."""

    nonce: U32
    consumers: U32
    providers: U32
    sufficients: U32
    data: AccountData


class Mixed(Struct):
    """Runs of fixed width, with others between them."""

    kind: ClassVar[str] = "mixed"

    first: U8
    flag: bool
    text: str
    letter: Char
    hash: H256
    info: AccountInfo
    tip: Compact[U128]
    large: U256
    pair: tuple[U8, bool]
    words: Annotated[tuple[U64, ...], Fixed(2)]


class Nothing(Struct):
    """A struct without fields."""


INFO = AccountInfo(7, 0, 1, 0, AccountData(free=10**18, flags=1 << 127))
MIXED = Mixed(1, True, "two", "3", b"h" * 32, INFO, 5, 6, (7, False), (8, 9))


def test_account_info_is_eighty_bytes_in_the_order_of_the_fields() -> None:
    codec = codec_of(AccountInfo)
    expected = (
        b"\7\0\0\0"
        + bytes(4)
        + b"\1\0\0\0"
        + bytes(4)
        + (10**18).to_bytes(16, "little")
        + bytes(47)
        + b"\x80"
    )
    assert codec.encode(INFO) == expected
    assert codec.decode(expected) == INFO
    assert codec.fixed_size == 80


def test_runs_and_others_alternate() -> None:
    codec = codec_of(Mixed)
    encoded = codec.encode(MIXED)
    assert encoded == b"".join(
        (
            b"\1\1\x0ctwo3\0\0\0",
            b"h" * 32,
            codec_of(AccountInfo).encode(INFO),
            b"\x14" + (6).to_bytes(32, "little") + b"\7\0",
            (8).to_bytes(8, "little") + (9).to_bytes(8, "little"),
        )
    )
    decoded = codec.decode(encoded)
    assert decoded == MIXED
    assert type(decoded) is Mixed
    assert type(decoded.info.data) is AccountData
    assert codec.fixed_size is None
    assert codec.min_size == len(encoded) - 3


def test_a_struct_without_fields_has_no_bytes() -> None:
    codec = codec_of(Nothing)
    assert codec.encode(Nothing()) == b""
    assert codec.decode(b"") == Nothing()


def test_records_are_values() -> None:
    twin = INFO.replace()
    assert twin == INFO
    assert twin is not INFO
    assert hash(twin) == hash(INFO)
    assert INFO.replace(nonce=8) != INFO
    assert INFO.replace(nonce=8).nonce == 8
    assert AccountData(1, 0, 0, 0) == AccountData(1)
    assert AccountData(1) != (1, 0, 0, 0)
    assert Nothing() == Nothing()
    assert pickle.loads(pickle.dumps(INFO)) == copy.deepcopy(INFO) == INFO
    assert repr(AccountData(1)) == "AccountData(free=1, reserved=0, frozen=0, flags=0)"
    match INFO:
        case AccountInfo(nonce, data=AccountData(free)):
            assert (nonce, free) == (7, 10**18)


def test_replace_knows_the_fields() -> None:
    with pytest.raises(TypeError, match=r"^`AccountData` has no field 'fee'$"):
        AccountData(1).replace(fee=2)


@pytest.mark.parametrize("record", [AccountData(1), codec_of(AccountData).decode(bytes(64))])
def test_records_are_frozen_however_they_were_made(record: AccountData) -> None:
    expected = r"^immutable type: 'AccountData'$"
    with pytest.raises(AttributeError, match=expected):
        setattr(record, "free", 3)  # noqa: B010
    with pytest.raises(AttributeError, match=expected):
        delattr(record, "free")
    with pytest.raises(AttributeError, match=expected):
        setattr(record, "other", 3)  # noqa: B010
    with pytest.raises(TypeError):
        object.__setattr__(record, "free", 3)
    assert not hasattr(record, "__dict__")


@pytest.mark.parametrize(
    ("length", "message"),
    [
        (0, "AccountInfo.nonce: needs 4 bytes, 0 remain, at byte 0"),
        (15, "AccountInfo.sufficients: needs 4 bytes, 3 remain, at byte 12"),
        (20, "AccountInfo.data.free: needs 16 bytes, 4 remain, at byte 16"),
        (79, "AccountInfo.data.flags: needs 16 bytes, 15 remain, at byte 64"),
        (81, "AccountInfo: 1 bytes remain after the value, at byte 80"),
    ],
)
def test_bytes_that_end_early_or_late_name_the_field(length: int, message: str) -> None:
    with pytest.raises(DecodeError) as refusal:
        codec_of(AccountInfo).decode(bytes(length))
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("position", "byte", "message"),
    [
        (1, 2, "Mixed.flag: 2 is no bool: only 0 and 1 are, at byte 1"),
        (2, 0xFD, "Mixed.text: 7487 bytes claimed, 169 remain, at byte 2"),
        (3, 0xFF, "Mixed.text: not UTF-8: invalid start byte, at byte 3"),
        (9, 0xFF, "Mixed.letter: 0xff000033 is no Unicode scalar value, at byte 6"),
        (156, 9, "Mixed.pair.1: 9 is no bool: only 0 and 1 are, at byte 156"),
    ],
)
def test_wrong_bytes_name_the_field(position: int, byte: int, message: str) -> None:
    data = bytearray(codec_of(Mixed).encode(MIXED))
    data[position] = byte
    with pytest.raises(DecodeError) as refusal:
        codec_of(Mixed).decode(bytes(data))
    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"first": 256}, "Mixed.first: 256 is not an integer from 0 to 255"),
        ({"flag": 1}, "Mixed.flag: 1 is not a bool"),
        ({"text": None}, "Mixed.text: None is not a str"),
        ({"letter": "no"}, "Mixed.letter: 'no' is not one Unicode scalar value"),
        ({"hash": b""}, "Mixed.hash: 0 bytes, exactly 32 are needed"),
        ({"hash": "h" * 32}, f"Mixed.hash: '{'h' * 32}' is not bytes"),
        ({"info": 3}, "Mixed.info: 3 is not of AccountInfo"),
        ({"info": Nothing()}, "Mixed.info: Nothing() is not of AccountInfo"),
        ({"info": INFO.replace(nonce=-1)}, "Mixed.info.nonce: -1 is not an integer from 0 to 4294967295"),
        ({"info": INFO.replace(data=None)}, "Mixed.info.data: None is not of AccountData"),
        (
            {"info": INFO.replace(data=AccountData(1 << 128))},
            f"Mixed.info.data.free: {1 << 128} is not an integer from 0 to {(1 << 128) - 1}",
        ),
        ({"large": -1}, f"Mixed.large: -1 is not an integer from 0 to {(1 << 256) - 1}"),
        ({"pair": (1, 1)}, "Mixed.pair.1: 1 is not a bool"),
        ({"pair": [1, True]}, "Mixed.pair: [1, True] is not a tuple"),
        ({"words": (1,)}, "Mixed.words: a tuple of 1, not of 2"),
        ({"words": (1, 2.0)}, "Mixed.words[1]: 2.0 is not an integer from 0 to 18446744073709551615"),
        ({"tip": -1}, f"Mixed.tip: -1 is not an integer from 0 to {(1 << 128) - 1}"),
    ],
)
def test_wrong_values_name_the_field(changes: dict[str, object], message: str) -> None:
    with pytest.raises(EncodeError) as refusal:
        codec_of(Mixed).encode(MIXED.replace(**changes))
    assert str(refusal.value) == message


def test_errors_carry_their_facts_and_survive_pickling() -> None:
    with pytest.raises(DecodeError) as refusal:
        codec_of(AccountInfo).decode(bytes(20))
    error = pickle.loads(pickle.dumps(refusal.value))
    assert (error.reason, error.path, error.offset) == (
        "needs 16 bytes, 4 remain",
        "AccountInfo.data.free",
        16,
    )
    assert str(error) == str(refusal.value)


def test_a_record_with_fields_is_no_base() -> None:
    with pytest.raises(TypeError, match=r"^Below: AccountData has fields, and cannot be a base$"):

        class Below(AccountData):  # pyright: ignore[reportUnusedClass]
            more: U8


def test_names_of_methods_are_taken() -> None:
    with pytest.raises(TypeError, match=r"^Bad.replace: the name is taken; add an underscore behind it$"):
        type(Struct)("Bad", (Struct,), {"__annotations__": {"replace": U8}})


def test_constructors_want_every_field() -> None:
    with pytest.raises(TypeError, match=r"^Missing required argument 'free'$"):
        AccountData()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert AccountData(flags=4, free=1).flags == 4


def test_reading_composes_at_offsets() -> None:
    codec = codec_of(AccountInfo)
    data = b"xyz" + codec.write(INFO) + b"tail"
    assert codec.read(data, 3) == (INFO, 83)


def test_the_collector_of_circles_does_not_visit_records() -> None:
    assert not gc.is_tracked(MIXED) and not gc.is_tracked(MIXED.info)
