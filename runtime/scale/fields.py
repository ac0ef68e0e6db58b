"""Fields: a compiler of types that are one value after another, such as structs, tuples and variants."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any, Protocol

from runtime.scale.codec import (
    AnyCodec,
    Codec,
    CompositeType,
    Description,
    Field,
    Parameters,
    Read,
    TupleType,
    Wrap,
    Write,
)
from runtime.scale.errors import DecodeError, EncodeError, is_tuple, show
from runtime.scale.layout import LAYOUT_ITEMS_MAX, RUN_ERRORS, Layout, Span, missing
from runtime.scale.source import Source


class Shape(Protocol):
    """How the values of the fields become one value, and come apart again; written as source."""

    def make(self, source: Source, values: Sequence[str]) -> str:
        """Expression of the value that holds `values`; may add lines."""
        ...

    def take(self, source: Source, value: str, error: str) -> list[str]:
        """Expressions of the fields of `value`; adds a line that raises `error` when it is not one."""
        ...

    def wrong(self, value: object) -> EncodeError:
        """The error for a value that is not of this shape."""
        ...


@dataclass(frozen=True, slots=True)
class TupleShape:
    """A plain tuple."""

    length: int

    def make(self, source: Source, values: Sequence[str]) -> str:
        return f"({''.join(f'{value}, ' for value in values)})"

    def take(self, source: Source, value: str, error: str) -> list[str]:
        with source.block(f"if not isinstance({value}, tuple) or len({value}) != {self.length}:"):
            source.line(f"raise {error}")
        names = [source.fresh() for _ in range(self.length)]
        if names:
            source.line(f"({''.join(f'{name}, ' for name in names)}) = {value}")
        return names

    def wrong(self, value: object) -> EncodeError:
        if is_tuple(value):
            return EncodeError(f"a tuple of {len(value)}, not of {self.length}")
        return EncodeError(f"{show(value)} is not a tuple")


@dataclass(frozen=True, slots=True)
class CustomShape:
    """Any value, through functions: `construct(*fields)` and `split(value)` -> fields, or EncodeError."""

    construct: Callable[..., Any]
    split: Callable[[Any], Sequence[Any]]
    length: int

    def make(self, source: Source, values: Sequence[str]) -> str:
        return f"{source.bind(self.construct)}({', '.join(values)})"

    def take(self, source: Source, value: str, error: str) -> list[str]:
        names = [source.fresh() for _ in range(self.length)]
        parts = source.fresh()
        source.line(f"{parts} = {source.bind(self.split)}({value})")
        with source.block(f"if len({parts}) != {self.length}:"):
            source.line(f"raise {error}")
        if names:
            source.line(f"({''.join(f'{name}, ' for name in names)}) = {parts}")
        return names

    def wrong(self, value: object) -> EncodeError:
        return EncodeError(f"{show(value)} does not hold {self.length} fields")


@dataclass(frozen=True, slots=True)
class RecordShape:
    """A record class."""

    record: type[Any]
    names: tuple[str, ...]

    def make(self, source: Source, values: Sequence[str]) -> str:
        return f"{source.bind(self.record)}({', '.join(values)})"

    def take(self, source: Source, value: str, error: str) -> list[str]:
        with source.block(f"if {value}.__class__ is not {source.bind(self.record)}:"):
            source.line(f"raise {error}")
        return [f"{value}.{name}" for name in self.names]

    def wrong(self, value: object) -> EncodeError:
        return EncodeError(f"{show(value)} is not of {self.record.__name__}")


@dataclass(frozen=True, slots=True)
class Compiled:
    """What the compiler makes of a list of fields."""

    read: Read[Any]
    write: Write[Any]
    min_size: int
    fixed_size: int | None
    layout: Layout | None


Fields = Sequence[tuple[str, AnyCodec]]
"""Label for paths (such as `.free` or `[3]`) and codec of each field."""


def _blame(fields: Fields) -> Callable[..., Exception]:
    """The error for a run that would not pack: that of the first field that does not fit by itself."""

    def blame(error: Exception, *values: Any) -> Exception:
        for (label, codec), value in zip(fields, values, strict=True):
            try:
                codec.write(value)
            except EncodeError as refusal:
                return refusal.inside(label)
        return error

    return blame


def _merged(fields: Fields, shape: Shape) -> Layout | None:
    """The layout of the whole, when every field has one and they are not too many."""
    layouts = [codec.layout for _, codec in fields]
    known = [layout for layout in layouts if layout is not None]
    items = tuple(item for layout in known for item in layout.items)
    if len(known) < len(layouts) or not items or len(items) > LAYOUT_ITEMS_MAX:
        return None

    def read(source: Source, names: Sequence[str], offset: int, path: str) -> str:
        values: list[str] = []
        first = 0
        for (label, _), layout in zip(fields, known, strict=True):
            last = first + len(layout.items)
            values.append(layout.read(source, names[first:last], offset, path + label))
            first, offset = last, offset + layout.size
        return shape.make(source, values)

    def write(source: Source, value: str) -> list[str]:
        expressions: list[str] = []
        for taken, layout in zip(shape.take(source, value, "TypeError"), known, strict=True):
            name = source.fresh()
            source.line(f"{name} = {taken}")
            expressions += layout.write(source, name)
        return expressions

    def spans(path: str) -> list[Span]:
        return [
            span
            for (label, _), layout in zip(fields, known, strict=True)
            for span in layout.spans(path + label)
        ]

    return Layout(items, read, write, spans)


def compile_fields(fields: Fields, shape: Shape, prefix: bytes = b"", label: str = "") -> Compiled:
    """Read and write functions for fields that follow one another; `write` alone puts `prefix` first, and
    `label` before the path of what it refuses.
    """
    sizes = [codec.fixed_size for _, codec in fields]
    known = [size for size in sizes if size is not None]
    return Compiled(
        _compile_read(fields, shape),
        _compile_write(fields, shape, prefix, label),
        sum(codec.min_size for _, codec in fields),
        sum(known) if len(known) == len(sizes) else None,
        _merged(fields, shape),
    )


def _runs(fields: Fields) -> list[tuple[bool, list[tuple[str, AnyCodec]]]]:
    """The fields in order, neighbours of fixed layout together."""
    return [
        (merged, list(group)) for merged, group in groupby(fields, lambda field: field[1].layout is not None)
    ]


def _layout(codec: AnyCodec) -> Layout:
    assert codec.layout is not None
    return codec.layout


def _compile_read(fields: Fields, shape: Shape) -> Read[Any]:
    source = Source()
    values: list[str] = []
    for merged, run in _runs(fields):
        if not merged:
            for label, codec in run:
                if codec.fixed_size == 0:
                    values.append(source.bind(codec.read(b"", 0)[0]))
                    continue
                name = source.fresh()
                if codec.is_compact:
                    _read_compact(source, name, label, codec)
                else:
                    _read_apart(source, name, label, codec)
                values.append(name)
            continue
        layouts = [(label, _layout(codec)) for label, codec in run]
        packer = struct.Struct("<" + "".join(item for _, layout in layouts for item in layout.items))
        spans = [span for label, layout in layouts for span in layout.spans(label)]
        items = [[source.fresh("i") for _ in layout.items] for _, layout in layouts]
        with source.block("try:"):
            names = "".join(f"{item}, " for group in items for item in group)
            source.line(f"({names}) = {source.bind(packer.unpack_from)}(data, at)")
        with source.block(f"except {source.bind(struct.error)}:"):
            source.line(f"raise {source.bind(missing(spans))}(data, at) from None")
        offset = 0
        for (label, layout), group in zip(layouts, items, strict=True):
            expression = layout.read(source, group, offset, label)
            if not expression.isidentifier():
                name = source.fresh()
                source.line(f"{name} = {expression}")
                expression = name
            values.append(expression)
            offset += layout.size
        source.line(f"at += {packer.size}")
    source.line(f"return {shape.make(source, values)}, at")
    read: Read[Any] = source.function("read", "data, at")
    return read


def _read_apart(source: Source, name: str, label: str, codec: AnyCodec) -> None:
    """Read a field by its own codec."""
    with source.block("try:"):
        source.line(f"{name}, at = {source.bind(codec.read)}(data, at)")
    with source.block(f"except {source.bind(DecodeError)} as error:"):
        source.line(f"error.inside({label!r})")
        source.line("raise")


def _read_compact(source: Source, name: str, label: str, codec: AnyCodec) -> None:
    """Read a compact integer in place if it takes one byte, and otherwise by its own codec."""
    with source.block("try:"):
        source.line(f"{name} = data[at]")
    with source.block("except IndexError:"):
        source.line(f"{name} = 3")
    with source.block(f"if {name} & 3:"):
        _read_apart(source, name, label, codec)
    with source.block("else:"):
        source.line(f"{name} >>= 2")
        source.line("at += 1")


def _compile_write(fields: Fields, shape: Shape, prefix: bytes, label: str) -> Write[Any]:
    source = Source()
    if label:
        with source.block("try:"):
            _write_fields(source, fields, shape, prefix)
        with source.block(f"except {source.bind(EncodeError)} as error:"):
            source.line(f"error.inside({source.bind(label)})")
            source.line("raise")
    else:
        _write_fields(source, fields, shape, prefix)
    write: Write[Any] = source.function("write", "value")
    return write


def _write_fields(source: Source, fields: Fields, shape: Shape, prefix: bytes) -> None:
    taken = iter(shape.take(source, "value", f"{source.bind(shape.wrong)}(value)"))
    parts: list[str] = []
    for merged, run in _runs(fields):
        if not merged:
            for label, codec in run:
                name = source.fresh()
                with source.block("try:"):
                    source.line(f"{name} = {source.bind(codec.write)}({next(taken)})")
                with source.block(f"except {source.bind(EncodeError)} as error:"):
                    source.line(f"error.inside({label!r})")
                    source.line("raise")
                parts.append(name)
            continue
        values: list[str] = []
        for _ in run:
            name = source.fresh()
            source.line(f"{name} = {next(taken)}")
            values.append(name)
        form, expressions = "<", list[str]()
        if prefix and not parts:
            form, expressions, prefix = f"<{len(prefix)}s", [source.bind(prefix)], b""
        form += "".join(item for _, codec in run for item in _layout(codec).items)
        packed = source.fresh()
        with source.block("try:"):
            for value, (_, codec) in zip(values, run, strict=True):
                expressions += _layout(codec).write(source, value)
            source.line(f"{packed} = {source.bind(struct.Struct(form).pack)}({', '.join(expressions)})")
        with source.block(f"except {source.bind(RUN_ERRORS)} as error:"):
            source.line(f"raise {source.bind(_blame(run))}(error, {', '.join(values)}) from None")
        parts.append(packed)
    if prefix:
        parts.insert(0, source.bind(prefix))
    if len(parts) > 3:
        source.line(f"return {source.bind(b'')}.join(({', '.join(parts)}))")
    else:
        source.line(f"return {' + '.join(parts) or source.bind(b'')}")


def labels_of(fields: Sequence[Field]) -> list[tuple[str, AnyCodec]]:
    """The fields as the compiler wants them: by name, or by position."""
    return [
        (f".{index if field.name is None else field.name}", field.codec) for index, field in enumerate(fields)
    ]


def tuple_codec(
    codecs: Sequence[AnyCodec],
    *,
    name: str | None = None,
    labels: Sequence[str] | None = None,
    describe: Callable[[], Description] | None = None,
) -> Codec[tuple[Any, ...]]:
    """A tuple of unlike types; `()` is the unit type."""
    codecs = tuple(codecs)
    labels = [f".{index}" for index in range(len(codecs))] if labels is None else labels
    compiled = compile_fields(list(zip(labels, codecs, strict=True)), TupleShape(len(codecs)))
    inner = ", ".join(codec.name for codec in codecs) + ("," if len(codecs) == 1 else "")
    return Codec(
        f"({inner})" if name is None else name,
        compiled.read,
        compiled.write,
        min_size=compiled.min_size,
        fixed_size=compiled.fixed_size,
        layout=compiled.layout,
        describe=(lambda: Description(TupleType(codecs))) if describe is None else describe,
    )


def struct_codec(
    name: str,
    fields: Sequence[Field],
    shape: Shape | None = None,
    *,
    path: Sequence[str] | str = (),
    params: Parameters = (),
    docs: Sequence[str] = (),
) -> AnyCodec:
    """A struct. Values are tuples of the fields, unless `shape` says otherwise.

    `path` is the type's in metadata, such as `sp_runtime::generic::era::Era`; `name` alone when absent.
    """
    fields = tuple(fields)
    shape = TupleShape(len(fields)) if shape is None else shape
    compiled = compile_fields(labels_of(fields), shape)
    segments = path_of(path) or (name,)
    single = fields[0].codec if len(fields) == 1 else None
    codec: AnyCodec = Codec(
        name,
        compiled.read,
        compiled.write,
        min_size=compiled.min_size,
        fixed_size=compiled.fixed_size,
        layout=compiled.layout,
        describe=lambda: Description(CompositeType(fields), segments, params, tuple(docs)),
        wraps=None if single is None else _wrap(single, shape),
    )
    return codec


def _wrap(codec: AnyCodec, shape: Shape) -> Wrap:
    making, taking = Source(), Source()
    making.line(f"return {shape.make(making, ['value'])}")
    (part,) = shape.take(taking, "value", f"{taking.bind(shape.wrong)}(value)")
    taking.line(f"return {part}")
    return Wrap(codec, making.function("make", "value"), taking.function("take", "value"))


@cache
def newtype_codec(codec: AnyCodec, path: tuple[str, ...] | str, *, docs: tuple[str, ...] = ()) -> AnyCodec:
    """The values and bytes of `codec`; in metadata, a struct at `path` whose one unnamed field is `codec`."""
    segments = path_of(path)
    field = Field(None, codec)
    named: AnyCodec = Codec(
        segments[-1],
        codec.read,
        codec.write,
        min_size=codec.min_size,
        fixed_size=codec.fixed_size,
        layout=codec.layout,
        bits=None,
        describe=lambda: Description(CompositeType((field,)), segments, (), tuple(docs)),
        wraps=Wrap(codec, same, same),
    )
    return named


def same(value: Any) -> Any:
    """The value of a newtype is that of the type in it."""
    return value


def path_of(path: Sequence[str] | str) -> tuple[str, ...]:
    """Segments of `sp_core::crypto::AccountId32`, or the segments themselves."""
    return tuple(path.split("::")) if isinstance(path, str) and path else tuple(path)
