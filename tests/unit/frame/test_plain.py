"""Plain values: what JSON can say, to and from declared types, with refusals that say where."""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.crypto import ss58
from runtime.frame.plain import PlainError, from_plain, to_plain
from runtime.scale import I8, U8, U16, U128, Enum, Fixed, Struct
from runtime.types import AccountId, Address, MultiAddress
from runtime.types.era import Era

ALICE = bytes(range(32))


class Tier(IntEnum):
    """A field-less enum."""

    Bronze = 0
    Gold = 1


class Shape(Enum):
    """An enum with data."""


class Dot(Shape, index=0):
    """Nothing."""


class Box(Shape, index=1):
    """Two numbers."""

    width: U8
    from_: U8


class Row(Struct):
    """A record with everything."""

    who: AccountId
    amount: U128
    tier: Tier
    shape: Shape
    maybe: U16 | None
    pairs: tuple[tuple[U8, str], ...]
    code: Annotated[bytes, Fixed(2)]
    is_open: bool = True


PLAIN: dict[str, Any] = {
    "who": "0x" + ALICE.hex(),
    "amount": "1_000_000",
    "tier": "Gold",
    "shape": {"Box": {"width": 1, "from": 2}},
    "maybe": None,
    "pairs": [[1, "one"], [2, "two"]],
    "code": "0x0102",
}
FIELDS = "no field of that name; fields are: "
ROW = Row(ALICE, 1_000_000, Tier.Gold, Box(1, 2), None, ((1, "one"), (2, "two")), b"\1\2")


def test_a_record_is_read_and_written() -> None:
    assert from_plain(Row, PLAIN) == ROW
    assert to_plain(ROW) == PLAIN | {"amount": 1_000_000, "is_open": True}
    assert from_plain(Row, ROW) is ROW


def test_words_that_say_the_same() -> None:
    assert from_plain(AccountId, ss58.encode(ALICE, 42)) == ALICE
    assert from_plain(Shape, "Dot") == from_plain(Shape, {"Dot": {}}) == Dot()
    account = "0x" + ALICE.hex()
    assert from_plain(MultiAddress, {"Id": account}) == Address(ALICE)
    assert from_plain(MultiAddress, {"Id": {"account": account}}) == Address(ALICE)
    assert from_plain(U8, "0xff") == from_plain(U8, "255") == from_plain(U8, 255) == 255
    assert from_plain(bytes, "plain text") == b"plain text"
    assert from_plain(tuple[()], []) == ()
    assert to_plain((Tier.Bronze, Dot(), b"\0", Era(64, 3))) == [
        "Bronze",
        "Dot",
        "0x00",
        {"period": 64, "phase": 3},
    ]


@given(
    st.integers(0, 2**128 - 1),
    st.binary(min_size=2, max_size=2),
    st.lists(st.tuples(st.integers(0, 255), st.text())),
)
def test_what_is_written_reads_back(amount: int, code: bytes, pairs: list[tuple[int, str]]) -> None:
    row = ROW.replace(amount=amount, code=code, pairs=tuple(pairs))
    assert from_plain(Row, to_plain(row)) == row


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"who": "0x00"}, "who: 1 bytes, and the type has 32"),
        ({"amount": -1}, f"amount: -1 is outside [0, {2**128 - 1}]"),
        ({"amount": 1.5}, "amount: 1.5 is no whole number"),
        ({"amount": "many"}, "amount: 'many' is no whole number"),
        ({"tier": "Lead"}, "tier: 'Lead' is none of Bronze, Gold"),
        ({"tier": ["Gold"]}, "tier: ['Gold'] is none of Bronze, Gold"),
        ({"shape": "Blob"}, "shape: 'Blob' is none of Dot, Box"),
        ({"shape": {"Box": {"width": 1}}}, "shape.Box.from: is missing"),
        ({"shape": {"Box": {"width": 1, "from": 256}}}, "shape.Box.from: 256 is outside [0, 255]"),
        ({"shape": {"Box": {"width": 1, "from": 2, "up": 3}}}, "shape.Box.up: " + FIELDS + "width, from"),
        ({"shape": {"Box": 5}}, "shape.Box: 5 is no object"),
        ({"shape": 3}, 'shape: 3 is neither "Name" nor {"Name": ...}'),
        ({"maybe": 65_536}, "maybe: 65536 is outside [0, 65535]"),
        ({"pairs": [[1, "one"], [2]]}, "pairs[1]: 1 elements, and the type has 2"),
        ({"pairs": [[1, 1]]}, "pairs[0][1]: 1 is no text"),
        ({"pairs": "one"}, "pairs: 'one' is no list"),
        ({"code": "0xzz"}, "code: '0xzz' is no hex"),
        ({"code": 5}, "code: 5 is no bytes: write 0x and hex digits"),
        ({"is_open": 1}, "is_open: 1 is neither true nor false"),
        (
            {"colour": 1},
            "colour: " + FIELDS + "who, amount, tier, shape, maybe, pairs, code, is_open",
        ),
    ],
)
def test_what_does_not_fit_says_where_and_why(change: dict[str, Any], message: str) -> None:
    with pytest.raises(PlainError) as refusal:
        from_plain(Row, PLAIN | change)
    assert str(refusal.value) == message


def test_what_is_missing_is_named() -> None:
    with pytest.raises(PlainError, match=r"^code: is missing$"):
        from_plain(Row, {key: value for key, value in PLAIN.items() if key != "code"})
    with pytest.raises(PlainError, match=r"^\[\] is no object$"):
        from_plain(Row, [])


def test_signed_integers_have_their_own_bounds() -> None:
    assert from_plain(I8, -128) == -128
    with pytest.raises(PlainError, match=r"^128 is outside \[-128, 127\]$"):
        from_plain(I8, 128)


def test_what_has_no_plain_form_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match=r"^no plain form of object$"):
        to_plain(object())
    with pytest.raises(PlainError, match=r"^no plain form of <class 'object'>$"):
        from_plain(object, 1)
