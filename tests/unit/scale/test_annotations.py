"""From annotations to codecs: what is understood, what is refused, what the caller may bind."""

from __future__ import annotations

from typing import Annotated, Optional, TypeAlias, Union

import pytest

from runtime.scale import (
    H256,
    U8,
    U16,
    U32,
    BTreeMap,
    Codec,
    Codecs,
    Compact,
    Doc,
    Err,
    Fixed,
    Max,
    Newtype,
    Ok,
    Result,
    Struct,
    bits_codec,
    codec_of,
)

Balance: TypeAlias = U32
Pair: TypeAlias = "tuple[Balance, bool]"


class Holder(Struct):
    """Names types in every way that a module may."""

    first: Balance
    second: Annotated[Balance, Doc("Said in words.")]
    third: Optional[U8]  # noqa: UP045
    fourth: U8 | None
    fifth: Later
    sixth: tuple[Later, ...]


class Later(Struct):
    """Declared after its use."""

    value: U16


class Placeholder:
    """Stands for a type that only a runtime knows."""


class Scheduled(Struct):
    """Holds something of a type that only a runtime knows."""

    at: U32
    what: Placeholder


def test_annotations_that_mean_the_same_have_one_codec() -> None:
    assert codec_of(Balance) is codec_of(U32) is codec_of(Annotated[U32, Doc("more words")])
    assert codec_of(Optional[U8]) is codec_of(U8 | None) is codec_of(Union[None, U8])  # noqa: UP007, UP045
    assert codec_of(Holder) is codec_of(Holder)
    assert codec_of(tuple[Later, ...]) is codec_of(Annotated[tuple[Later, ...], Doc("x")])
    assert codec_of(codec_of(U8)) is codec_of(U8)
    assert codec_of(H256) is codec_of(Annotated[H256, Doc("a block")])
    assert codec_of(H256) is not codec_of(Annotated[bytes, Fixed(32)])


def test_a_codec_in_an_annotation_is_the_codec() -> None:
    bits = bits_codec(7)
    assert codec_of(Annotated[tuple[bool, ...], bits]) is bits


def test_annotations_of_a_class_are_resolved_when_first_used() -> None:
    value = Holder(1, 2, None, 3, Later(4), (Later(5), Later(6)))
    codec = codec_of(Holder)
    assert codec.encode(value).hex() == "0100000002000000000103" + "0400" + "08" + "05000600"
    assert codec.decode(codec.encode(value)) == value


def test_names_are_those_of_rust() -> None:
    for annotation, name in (
        (Compact[U32], "Compact<u32>"),
        (tuple[U8, ...], "Vec<u8>"),
        (tuple[U8], "(u8,)"),
        (tuple[U8, bool], "(u8, bool)"),
        (Annotated[tuple[U8, ...], Fixed(3)], "[u8; 3]"),
        (Result[None, str], "Result<(), str>"),
        (BTreeMap[H256, Holder], "BTreeMap<H256, Holder>"),
        (Annotated[U8 | None, Newtype("a::b::Maybe")], "Maybe"),
    ):
        assert codec_of(annotation).name == name
        assert repr(codec_of(annotation)) == f"<Codec {name}>"


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (int, "int has no SCALE encoding: use U8 to U256 or I8 to I256"),
        (float, "float has no SCALE encoding"),
        (list[U8], f"{list[U8]} has no SCALE encoding"),
        (dict, "dict has no SCALE encoding"),
        (U8 | str, f"{U8 | str} has no SCALE encoding: a choice of types is an Enum"),
        (Ok[U8], f"{Ok[U8]} has no SCALE encoding"),
        (
            Ok[U8] | Err[U8] | None,
            f"{Ok[U8] | Err[U8] | None} has no SCALE encoding: a choice of types is an Enum",
        ),
        (Annotated[str, Fixed(3)], "Fixed is for bytes and tuple[T, ...], not str"),
        (Annotated[tuple[U8, U8], Fixed(3)], f"Fixed is for bytes and tuple[T, ...], not {tuple[U8, U8]}"),
        (Annotated[int, Max(3)], "Max is for bytes, str and tuple[T, ...], not int"),
    ],
)
def test_what_has_no_encoding_is_refused(annotation: object, message: str) -> None:
    with pytest.raises(TypeError) as refusal:
        codec_of(annotation)
    assert str(refusal.value) == message


class Wrong(Struct):
    """A field of no width."""

    amount: int


def test_a_refused_field_is_named() -> None:
    for _ in range(2):
        with pytest.raises(TypeError) as refusal:
            codec_of(tuple[Wrong, ...])
        assert str(refusal.value) == "Wrong.amount: int has no SCALE encoding: use U8 to U256 or I8 to I256"


def test_fields_of_a_local_class_may_not_be_local() -> None:
    class Local(Struct):
        value: U8

    class Outer(Struct):
        value: Local

    expected = r"^Outer: name 'Local' is not defined; fields may name only what its module defines$"
    with pytest.raises(TypeError, match=expected):
        codec_of(Outer)


def test_bindings_give_meaning_to_what_only_the_caller_knows() -> None:
    with pytest.raises(TypeError, match=r"^Scheduled.what: Placeholder has no SCALE encoding$"):
        codec_of(Scheduled)
    small, large = Codecs({Placeholder: codec_of(U8)}), Codecs({Placeholder: codec_of(str)})
    text: Codec[Scheduled] = large.codec_of(Scheduled)
    forged = Scheduled(1, "x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert text.encode(forged) == b"\1\0\0\0\x04x"
    assert small.codec_of(tuple[Placeholder, ...]).decode(b"\x08\1\2") == (1, 2)
    assert small.codec_of(Scheduled).fixed_size == 5
