"""Enums: an index byte and the fields of one variant; also Python's own enumerations, and custom ones."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import pytest

from runtime.scale import (
    DEPTH_MAX,
    H256,
    U8,
    U16,
    U32,
    Codec,
    Codecs,
    Compact,
    DecodeError,
    EncodeError,
    Enum,
    Field,
    Struct,
    codec_of,
    lazy,
    struct_codec,
    tuple_codec,
    variant,
    variant_codec,
    vec_codec,
)


class Address(Enum, path="sp_runtime::multiaddress::MultiAddress"):
    """Whom a call is about."""


class Id(Address, index=0, unnamed=True):
    """By account."""

    account: H256


class Index(Address, index=1, unnamed=True):
    """By number."""

    number: Compact[U32]


class Nobody(Address, index=4, name="None"):
    """No one."""


class Tree(Enum):
    """A type that contains itself."""


class Leaf(Tree, index=0):
    """An end."""

    value: U8


class Branch(Tree, index=1):
    """More trees."""

    children: tuple[Tree, ...]


class Chain(Struct):
    """A struct that contains itself."""

    value: U8
    rest: Chain | None = None


class Level(enum.IntEnum):
    """A Python enumeration."""

    LOW = 0
    HIGH = 9


def test_a_variant_is_its_index_and_its_fields() -> None:
    codec = codec_of(Address)
    for value, expected in (
        (Id(b"i" * 32), b"\0" + b"i" * 32),
        (Index(42), b"\1\xa8"),
        (Nobody(), b"\4"),
    ):
        assert codec.encode(value) == expected
        decoded = codec.decode(expected)
        assert decoded == value
        assert type(decoded) is type(value)
    assert codec.min_size == 1
    assert Id(b"") != Index(0)


def test_what_is_no_variant_is_refused() -> None:
    codec = codec_of(Address)
    for data, message in (
        (b"", "MultiAddress: ends where a variant's index begins, at byte 0"),
        (b"\2", "MultiAddress: no variant has index 2, at byte 0"),
        (b"\0" + b"i" * 31, "MultiAddress.Id.0: needs 32 bytes, 31 remain, at byte 1"),
        (b"\1\1\0", "MultiAddress.Index.0: compact integer 0 is not in its shortest form, at byte 1"),
        (b"\4\0", "MultiAddress: 1 bytes remain after the value, at byte 1"),
    ):
        with pytest.raises(DecodeError) as refusal:
            codec.decode(data)
        assert str(refusal.value) == message
    forged: list[tuple[Any, str]] = [
        (Leaf(1), "MultiAddress: Leaf(value=1) is no variant of MultiAddress"),
        (Id, f"MultiAddress: {Id!r} is no variant of MultiAddress"),
        (Id(b"short"), "MultiAddress.Id.0: 5 bytes, exactly 32 are needed"),
        (Index(-1), "MultiAddress.Index.0: -1 is not an integer from 0 to 4294967295"),
    ]
    for value, complaint in forged:
        with pytest.raises(EncodeError) as refused:
            codec.encode(value)
        assert str(refused.value) == complaint


def nested(depth: int) -> Tree:
    tree: Tree = Leaf(7)
    for _ in range(depth):
        tree = Branch((tree,))
    return tree


def test_types_may_contain_themselves_so_deep_and_no_deeper() -> None:
    codec = codec_of(Tree)
    deepest = nested(DEPTH_MAX)
    encoded = codec.encode(deepest)
    assert encoded == b"\1\4" * DEPTH_MAX + b"\0\7"
    assert codec.decode(encoded) == deepest
    with pytest.raises(DecodeError) as refusal:
        codec.decode(b"\1\4" * 1_000_000 + b"\0\7")
    assert str(refusal.value).startswith("Tree.Branch.children[0].Branch.children[0]")
    assert str(refusal.value).endswith(f": nested deeper than {DEPTH_MAX}, at byte {2 * DEPTH_MAX + 2}")
    with pytest.raises(EncodeError, match=f": nested deeper than {DEPTH_MAX}$"):
        codec.encode(nested(DEPTH_MAX + 1))


def test_width_is_not_depth_and_a_refusal_leaves_no_depth_behind() -> None:
    codec = codec_of(Tree)
    for _ in range(3):
        with pytest.raises(DecodeError):
            codec.decode(b"\1\4" * 100)
        with pytest.raises(EncodeError):
            codec.encode(nested(100))
    wide = Branch(tuple(nested(DEPTH_MAX - 1) for _ in range(50)))
    assert codec.decode(codec.encode(wide)) == wide


def test_structs_may_contain_themselves() -> None:
    codec = codec_of(Chain)
    value = Chain(1, Chain(2, Chain(3)))
    assert codec.encode(value) == b"\1\1\2\1\3\0"
    assert codec.decode(b"\1\1\2\1\3\0") == value


class Egg(Struct):
    """One of two that contain each other."""

    laid_by: tuple[Hen, ...]


class Hen(Struct):
    """The other."""

    from_: tuple[Egg, ...]


@pytest.mark.parametrize("first", [Egg, Hen])
def test_the_depth_of_types_does_not_depend_on_which_was_used_first(first: type) -> None:
    codecs = Codecs()
    codecs.codec_of(first)
    for kind in (Egg, Hen):
        codec = codecs.codec_of(kind)
        deepest = b"\4" * DEPTH_MAX + b"\0"
        assert codec.encode(codec.decode(deepest)) == deepest
        with pytest.raises(DecodeError, match=f": nested deeper than {DEPTH_MAX}, at byte"):
            codec.decode(b"\4" + deepest)


def test_python_enumerations_are_enums_without_fields() -> None:
    codec = codec_of(Level)
    assert codec.encode(Level.HIGH) == b"\x09"
    assert codec.decode(b"\x09") is Level.HIGH
    with pytest.raises(DecodeError, match=r"^Level: no variant has index 1, at byte 0$"):
        codec.decode(b"\1")
    number: Any = 9
    with pytest.raises(EncodeError, match=r"^Level: 9 is no variant of Level$"):
        codec.encode(number)


def test_declarations_that_make_no_sense_are_refused() -> None:
    with pytest.raises(TypeError, match=r"^Stray has fields, and so is a variant: it needs index=$"):

        class Stray(Tree):  # pyright: ignore[reportUnusedClass]
            value: U8

    with pytest.raises(TypeError, match=r"^Orphan: index= is for direct subclasses of an enum$"):

        class Orphan(Enum, index=0):  # pyright: ignore[reportUnusedClass]
            pass

    with pytest.raises(TypeError, match=r"^Grandchild: index= is for direct subclasses of an enum$"):

        class Grandchild(Nobody, index=0):  # pyright: ignore[reportUnusedClass]
            pass

    with pytest.raises(TypeError, match=r"^Under: a variant cannot have variants$"):

        class Under(Nobody):  # pyright: ignore[reportUnusedClass]
            pass

    with pytest.raises(TypeError, match=r"^Elsewhere: path= and params= are the enum's, not the variant's$"):

        class Fresh(Enum):
            pass

        class Elsewhere(Fresh, index=0, path="a::b"):  # pyright: ignore[reportUnusedClass]
            pass

    codec_of(Address)
    with pytest.raises(TypeError, match=r"^Late: Address is in use, and can have no more variants$"):

        class Late(Address, index=9):  # pyright: ignore[reportUnusedClass]
            pass

    for kind in (Enum, Struct, Leaf):
        with pytest.raises(TypeError, match="no encoding"):
            codec_of(kind)


def test_indices_and_names_are_unique_and_in_range() -> None:
    def pick(index: int, name: str) -> Any:
        return variant(name, index, make=tuple, take=tuple)

    for variants, message in (
        ([pick(0, "A"), pick(0, "B")], "E: two variants have the index 0"),
        ([pick(0, "A"), pick(1, "A")], "E: two variants have the name 'A'"),
        ([pick(256, "A")], "E.A: index 256 is outside [0, 255]"),
    ):
        with pytest.raises(TypeError) as refusal:
            variant_codec("E", variants)
        assert str(refusal.value) == message


@dataclass(frozen=True)
class Call:
    """A call as a frame would hold it: where, which, and with what."""

    pallet: int
    function: int
    arguments: tuple[Any, ...]


def runtime_call() -> Codec[Call]:
    """Pallet index, call index, arguments; `batch` holds calls."""
    call: Codec[Call]

    def function(pallet: int, index: int, name: str, *fields: Field) -> Any:
        return variant(
            name,
            index,
            fields,
            make=lambda *values: Call(pallet, index, values),
            take=lambda value: value.arguments,
        )

    def pallet(index: int, name: str, *functions: Any) -> Any:
        inner = variant_codec(f"{name}Call", functions, key_of=lambda value: value.function)
        return variant(
            name, index, [Field(None, inner)], make=lambda value: value, take=lambda value: (value,)
        )

    later: Codec[Call] = lazy(lambda: call, "RuntimeCall")
    call = variant_codec(
        "RuntimeCall",
        [
            pallet(0, "System", function(0, 0, "remark", Field("remark", codec_of(bytes)))),
            pallet(
                5,
                "Balances",
                function(
                    5, 3, "transfer", Field("dest", codec_of(Address)), Field("value", codec_of(Compact[U16]))
                ),
            ),
            pallet(9, "Utility", function(9, 0, "batch", Field("calls", vec_codec(later)))),
        ],
        key_of=lambda value: value.pallet,
    )
    return call


def test_a_frame_can_build_its_calls() -> None:
    codec = runtime_call()
    transfer = Call(5, 3, (Nobody(), 1))
    batch = Call(9, 0, ((Call(0, 0, (b"hi",)), transfer),))
    assert codec.encode(transfer) == b"\5\3\4\4"
    assert codec.encode(batch) == b"\x09\0\x08" + b"\0\0\x08hi" + b"\5\3\4\4"
    assert codec.decode(codec.encode(batch)) == batch
    with pytest.raises(DecodeError) as refusal:
        codec.decode(b"\x09\0\x04\5\3\4\1")
    expected = (
        "RuntimeCall.Utility.0.batch.calls[0].Balances.0.transfer.value: needs 2 bytes, 1 remain, at byte 6"
    )
    assert str(refusal.value) == expected
    for value, message in (
        (Call(1, 0, ()), f"RuntimeCall: {Call(1, 0, ())!r} is no variant of RuntimeCall"),
        (Call(5, 0, ()), f"RuntimeCall.Balances.0: {Call(5, 0, ())!r} is no variant of BalancesCall"),
        (
            Call(5, 3, (Nobody(),)),
            f"RuntimeCall.Balances.0.transfer: {Call(5, 3, (Nobody(),))!r} does not hold 2 fields",
        ),
    ):
        with pytest.raises(EncodeError) as refused:
            codec.encode(value)
        assert str(refused.value) == message
    stranger: Any = 3
    with pytest.raises(EncodeError, match=r"^RuntimeCall: 3 is no variant of RuntimeCall$"):
        codec.encode(stranger)


def test_a_type_of_no_bytes_cannot_be_late() -> None:
    late: Codec[tuple[Any, ...]] = vec_codec(lazy(lambda: codec_of(tuple[()])))
    with pytest.raises(TypeError, match=r"^\(\) may have no bytes, and so cannot be late$"):
        late.decode(b"\x04\0")


def test_structs_built_by_hand_are_tuples() -> None:
    codec = struct_codec("Pair", [Field("left", codec_of(U8)), Field("right", tuple_codec([codec_of(bool)]))])
    assert codec.encode((1, (True,))) == b"\1\1"
    assert codec.decode(b"\1\1") == (1, (True,))
    with pytest.raises(EncodeError, match=r"^Pair.right.0: 1 is not a bool$"):
        codec.encode((1, (1,)))
