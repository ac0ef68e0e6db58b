"""Variants: types that are one of several, by an index byte: enums, Option, Result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NoReturn

from runtime.scale.codec import (
    AnyCodec,
    Codec,
    Description,
    Field,
    Parameters,
    Read,
    VariantDescription,
    VariantType,
    Write,
)
from runtime.scale.errors import DecodeError, EncodeError, show
from runtime.scale.fields import CustomShape, RecordShape, Shape, compile_fields, labels_of, path_of
from runtime.scale.record import Err, Ok

VARIANT_INDEX_MAX: Final = 255
"""An enum's index is one byte."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant, as `variant_codec` takes it."""

    name: str
    index: int
    key: object
    """What `key_of` gives for values of this variant."""
    fields: tuple[Field, ...]
    shape: Shape
    docs: tuple[str, ...] = ()


def variant(
    name: str,
    index: int,
    fields: Sequence[Field] = (),
    *,
    make: Callable[..., Any],
    take: Callable[[Any], Sequence[Any]],
    key: object = None,
    docs: Sequence[str] = (),
) -> Variant:
    """A variant of any values: `make(*fields)` gives one, `take(value)` its fields.

    `key` is what the enum's `key_of` gives for such values; the index when None.
    """
    shape = CustomShape(make, take, len(fields))
    return Variant(name, index, index if key is None else key, tuple(fields), shape, tuple(docs))


def record_variant(
    record: type[Any], name: str, index: int, fields: Sequence[Field], docs: Sequence[str] = ()
) -> Variant:
    """The variant whose values are records of the class `record`, and whose key is that class."""
    shape = RecordShape(record, record.__match_args__)
    return Variant(name, index, record, tuple(fields), shape, tuple(docs))


def variant_codec(
    name: str,
    variants: Sequence[Variant],
    *,
    key_of: Callable[[Any], object] = type,
    path: Sequence[str] | str = (),
    params: Parameters = (),
    docs: Sequence[str] = (),
) -> AnyCodec:
    """An enum. `key_of(value)` finds a value's variant by its key: its class, when not told otherwise."""
    variants = tuple(sorted(variants, key=lambda each: each.index))
    _check(name, variants)
    labels = {each.index: f".{each.name}" for each in variants}
    compiled = [
        compile_fields(labels_of(each.fields), each.shape, bytes((each.index,)), labels[each.index])
        for each in variants
    ]
    readers = {each.index: functions.read for each, functions in zip(variants, compiled, strict=True)}
    writers = {each.key: functions.write for each, functions in zip(variants, compiled, strict=True)}
    size = compiled[0].fixed_size if compiled else None
    if any(functions.fixed_size != size for functions in compiled):
        size = None
    segments = path_of(path) or (name,)
    described = tuple(VariantDescription(each.name, each.fields, each.index, each.docs) for each in variants)
    codec: AnyCodec = Codec(
        name,
        _reader(readers, labels),
        _writer(writers, key_of, name),
        min_size=1 + min((functions.min_size for functions in compiled), default=0),
        fixed_size=None if size is None else 1 + size,
        writers=writers if key_of is type else {},
        describe=lambda: Description(VariantType(described), segments, params, tuple(docs)),
    )
    return codec


def _check(name: str, variants: Sequence[Variant]) -> None:
    for what, values in (
        ("index", [each.index for each in variants]),
        ("name", [each.name for each in variants]),
        ("key", [each.key for each in variants]),
    ):
        for position, value in enumerate(values):
            if value in values[:position]:
                raise TypeError(f"{name}: two variants have the {what} {value!r}")
    for each in variants:
        if not 0 <= each.index <= VARIANT_INDEX_MAX:
            raise TypeError(f"{name}.{each.name}: index {each.index} is outside [0, {VARIANT_INDEX_MAX}]")


def _no_variant(data: bytes, at: int) -> NoReturn:
    raise DecodeError(f"no variant has index {data[at - 1]}", at - 1)


def _reader(readers: Mapping[int, Read[Any]], labels: Mapping[int, str]) -> Read[Any]:
    by_index = tuple(readers.get(index, _no_variant) for index in range(VARIANT_INDEX_MAX + 1))

    def read(data: bytes, at: int) -> tuple[Any, int]:
        try:
            return by_index[data[at]](data, at + 1)
        except DecodeError as error:
            error.inside(labels.get(data[at], ""))
            raise
        except IndexError:
            if at < len(data):
                raise
            raise DecodeError("ends where a variant's index begins", at) from None

    return read


def _writer(writers: Mapping[object, Write[Any]], key_of: Callable[[Any], object], name: str) -> Write[Any]:
    def refuse(value: object) -> EncodeError:
        return EncodeError(f"{show(value)} is no variant of {name}")

    def write(value: Any) -> bytes:
        try:
            writer = writers[key_of(value)]
        except (LookupError, TypeError, AttributeError):
            raise refuse(value) from None
        return writer(value)

    def write_by_class(value: Any) -> bytes:
        writer = writers.get(value.__class__)
        if writer is None:
            raise refuse(value)
        return writer(value)

    return write_by_class if key_of is type else write


@cache
def option_codec(codec: AnyCodec) -> AnyCodec:
    """`Option<T>`: None, or the value itself. An option of an option has no such form and is refused."""
    name = f"Option<{codec.name}>"
    if codec.name.startswith("Option<"):
        raise TypeError(f"{name}: None could not be told from Some(None)")
    read_some, write_some = codec.read, codec.write

    def read(data: bytes, at: int) -> tuple[Any, int]:
        try:
            flag = data[at]
        except IndexError:
            raise DecodeError("ends where an option begins", at) from None
        if flag == 0:
            return None, at + 1
        if flag == 1:
            return read_some(data, at + 1)
        raise DecodeError(f"{flag} is no option: only 0 and 1 are", at)

    def write(value: Any) -> bytes:
        return b"\0" if value is None else b"\1" + write_some(value)

    def describe() -> Description:
        nothing = VariantDescription("None", (), 0)
        some = VariantDescription("Some", (Field(None, codec),), 1)
        return Description(VariantType((nothing, some)), ("Option",), (("T", codec),))

    return Codec(name, read, write, min_size=1, describe=describe)


@cache
def result_codec(ok: AnyCodec, err: AnyCodec) -> AnyCodec:
    """`Result<T, E>` as `Ok` and `Err`."""
    return variant_codec(
        f"Result<{ok.name}, {err.name}>",
        [
            record_variant(Ok, "Ok", 0, [Field(None, ok)]),
            record_variant(Err, "Err", 1, [Field(None, err)]),
        ],
        path="Result",
        params=(("T", ok), ("E", err)),
    )
