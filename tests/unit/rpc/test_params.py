"""Parameters are read by their annotations, and what does not fit is named."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
import pytest

from node.rpc import U32, BlockNumber, Hash, HexBytes, InvalidParams, Param, Unfit
from node.rpc.params import Parameters


class Item(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    type: Literal["value", "hash"] = "value"


def _even(value: object) -> object:
    if not isinstance(value, int) or value % 2:
        raise Unfit("expected an even number")
    return value


Even = Annotated[int, Param("an even number", _even)]


async def handler(
    ctx: object,
    number: BlockNumber | list[BlockNumber],
    at: Hash | None = None,
    data: HexBytes = b"\x07",
    kind: Literal["a", "b"] = "a",
    items: list[Item] | None = None,
    count: U32 = 3,
    even: Even = 0,
    flag: bool = False,
) -> None: ...


parameters = Parameters(handler, given=1)
HASH = "0x" + "ab" * 32


def test_defaults_stand_for_what_is_absent_or_null() -> None:
    assert parameters.convert([5]) == [5]
    assert parameters.convert([5, None, None, None, None, None, None, None]) == [
        5,
        None,
        b"\x07",
        "a",
        None,
        3,
        0,
        False,
    ]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([0], [0]),
        (["0x2a"], [42]),
        ([[1, "0x2"]], [[1, 2]]),
        ([1, HASH], [1, b"\xab" * 32]),
        ([1, "ab" * 32], [1, b"\xab" * 32]),
        ([1, None, ""], [1, None, b""]),
        ([1, None, "0x0102", "b"], [1, None, b"\x01\x02", "b"]),
        ([1, None, "0102", "b", [{"key": "k"}]], [1, None, b"\x01\x02", "b", [Item("k")]]),
        ([1, None, "", "a", [], 0, 2, True], [1, None, b"", "a", [], 0, 2, True]),
    ],
)
def test_values_that_fit(given: list[object], expected: list[object]) -> None:
    assert parameters.convert(given) == expected


NUMBER = 'a block number (an integer, or hex such as "0x2a")'
NUMBERS = f"{NUMBER} or an array, each {NUMBER}"
U32_RANGE = "an integer from 0 to 2^32 - 1"
MISSING = "Object missing required field `key`"
ITEM = "an object with 'key', 'type'"
ITEMS = f"an array, each {ITEM} or null"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], f"'number' (position 1): missing, expected {NUMBERS}"),
        ([-1], f"'number' (position 1): expected {NUMBERS}, got -1"),
        ([True], f"'number' (position 1): expected {NUMBERS}, got true"),
        ([1.5], f"'number' (position 1): expected {NUMBERS}, got 1.5"),
        ([10**80], f"'number' (position 1): expected {NUMBERS}, got a number of 81 digits"),
        ([["0x"]], f"'number' (position 1): element 0: expected {NUMBER}, got \"0x\""),
        ([None], f"'number' (position 1): expected {NUMBERS}, got null"),
        ([1, "0x12"], "'at' (position 2): expected a hash (32 bytes in hex) or null, got \"0x12\""),
        ([1, {}], "'at' (position 2): expected a hash (32 bytes in hex) or null, got an object"),
        ([1, None, "0xzz"], "'data' (position 3): expected bytes in hex, got \"0xzz\""),
        ([1, None, "0x123"], "'data' (position 3): expected bytes in hex, got \"0x123\""),
        ([1, None, "é" * 50], "'data' (position 3): expected bytes in hex, got \"" + "é" * 40 + '…"'),
        ([1, None, "", 1], "'kind' (position 4): expected \"a\" or \"b\", got 1"),
        ([1, None, "", "a", {}], f"'items' (position 5): expected {ITEMS}, got an object"),
        ([1, None, "", "a", [{}]], f"'items' (position 5): element 0: expected {ITEM}; {MISSING}"),
        ([1, None, "", "a", [], 2**32], f"'count' (position 6): expected {U32_RANGE}, got 4294967296"),
        ([1, None, "", "a", [], 1, 3], "'even' (position 7): expected an even number"),
        ([1, None, "", "a", [], 1, 2, 0], "'flag' (position 8): expected true or false, got 0"),
        ([1] * 9, "at most 8 parameters, 9 given"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_named(given: list[object], message: str) -> None:
    with pytest.raises(InvalidParams) as refusal:
        parameters.convert(given)
    assert (refusal.value.code, refusal.value.message) == (-32602, f"Invalid params: {message}")


def test_an_annotation_that_json_cannot_carry_is_refused_when_it_is_declared() -> None:
    async def takes_bytes(ctx: object, data: bytes) -> None: ...

    with pytest.raises(
        TypeError, match=r"no JSON parameter can be read as <class 'bytes'>: annotate it with Param"
    ):
        Parameters(takes_bytes, given=1)


def test_a_handler_without_the_servers_parameters_is_refused() -> None:
    async def takes_nothing() -> None: ...

    with pytest.raises(TypeError, match=r"takes_nothing must take 1 or more plain positional parameters"):
        Parameters(takes_nothing, given=1)


class Tide(StrEnum):
    EBB = "ebb"
    FLOOD = "flood"


def test_a_name_of_an_enum_becomes_its_member() -> None:
    async def tell(ctx: object, tide: Tide, other: Tide | None = None) -> None: ...

    parameters = Parameters(tell, given=1)
    (found,) = parameters.convert(["ebb"])
    assert found is Tide.EBB
    for wrong in ("neap", "EBB", 1, ["ebb"]):
        with pytest.raises(InvalidParams) as refusal:
            parameters.convert([wrong])
        assert refusal.value.message.startswith(
            'Invalid params: \'tide\' (position 1): expected "ebb" or "flood", got '
        )
