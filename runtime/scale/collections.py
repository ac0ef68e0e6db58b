"""Collections: bytes, text, vectors and arrays, all with lengths checked before anything is allocated."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from runtime.scale.codec import (
    AnyCodec,
    ArrayType,
    Codec,
    Description,
    PrimitiveType,
    SequenceType,
)
from runtime.scale.compact import length_bytes, read_length
from runtime.scale.errors import DecodeError, EncodeError, show
from runtime.scale.fields import tuple_codec
from runtime.scale.integers import UNSIGNED
from runtime.scale.layout import LAYOUT_ITEMS_MAX, compile_leaf, item_layout
from runtime.scale.source import Source

EMPTY_ELEMENTS_MAX: Final = 4_096
"""How many elements of no bytes, such as `()`, a vector may claim: nothing in the input bounds them."""


def _check_room(length: int, minimum: int, data: bytes, start: int, at: int) -> None:
    """Refuse a claimed length that the bytes behind it cannot hold, before anything is allocated."""
    if minimum == 0:
        if length > EMPTY_ELEMENTS_MAX:
            raise DecodeError(
                f"{length} elements of no bytes, at most {EMPTY_ELEMENTS_MAX} are allowed", start
            )
    elif length * minimum > len(data) - at:
        raise DecodeError(f"{length} elements need {length * minimum} bytes, {len(data) - at} remain", start)


# -------------------------------------------------------------------------------------- bytes and text


@cache
def bytes_codec(limit: int | None = None) -> Codec[bytes]:
    """`Vec<u8>` as bytes, of at most `limit` bytes."""

    def read(data: bytes, at: int) -> tuple[bytes, int]:
        length, start = read_length(data, at)
        if limit is not None and length > limit:
            raise DecodeError(f"{length} bytes, at most {limit} are allowed", at)
        end = start + length
        if end > len(data):
            raise DecodeError(f"{length} bytes claimed, {len(data) - start} remain", at)
        return data[start:end], end

    def write(value: bytes) -> bytes:
        if not isinstance(value, bytes):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise EncodeError(f"{show(value)} is not bytes")
        if limit is not None and len(value) > limit:
            raise EncodeError(f"{len(value)} bytes, at most {limit} are allowed")
        return length_bytes(len(value)) + value

    return Codec("Vec<u8>", read, write, min_size=1, describe=lambda: Description(SequenceType(UNSIGNED[8])))


@cache
def str_codec(limit: int | None = None) -> Codec[str]:
    """`String`, in UTF-8, of at most `limit` bytes."""
    inner = bytes_codec(limit)

    def read(data: bytes, at: int) -> tuple[str, int]:
        raw, end = inner.read(data, at)
        try:
            return raw.decode(), end
        except UnicodeDecodeError as error:
            raise DecodeError(f"not UTF-8: {error.reason}", end - len(raw) + error.start) from None

    def write(value: str) -> bytes:
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise EncodeError(f"{show(value)} is not a str")
        try:
            return inner.write(value.encode())
        except UnicodeEncodeError as error:
            raise EncodeError(f"{show(value)} has no UTF-8 form: {error.reason}") from None

    return Codec("str", read, write, min_size=1, describe=lambda: Description(PrimitiveType("str")))


@cache
def fixed_bytes_codec(length: int) -> Codec[bytes]:
    """`[u8; length]` as bytes."""

    def layout_read(source: Source, items: Sequence[str], offset: int, path: str) -> str:
        return items[0]

    def layout_write(source: Source, value: str) -> list[str]:
        with source.block(f"if {value}.__class__ is not bytes or len({value}) != {length}:"):
            source.line("raise TypeError")
        return [value]

    def refuse(value: object) -> EncodeError:
        if type(value) is bytes:
            return EncodeError(f"{len(value)} bytes, exactly {length} are needed")
        return EncodeError(f"{show(value)} is not bytes")

    layout = item_layout((f"{length}s",), layout_read, layout_write)
    read, write = compile_leaf(layout, refuse)
    return Codec(
        f"[u8; {length}]",
        read,
        write,
        layout=layout,
        describe=lambda: Description(ArrayType(length, UNSIGNED[8])),
    )


# ---------------------------------------------------------------------------------- vectors and arrays


def _elements(codec: AnyCodec) -> tuple[Any, Any]:
    """Functions that read a number of elements, and write a tuple of them."""
    read_one, write_one = codec.read, codec.write
    plain = codec.layout.items[0] if codec.layout is not None and codec.layout.plain else None

    def read_plain(data: bytes, at: int, length: int) -> tuple[tuple[Any, ...], int]:
        form = f"<{length}{plain}"
        return struct.unpack_from(form, data, at), at + struct.calcsize(form)

    def read(data: bytes, at: int, length: int) -> tuple[tuple[Any, ...], int]:
        values: list[Any] = []
        append = values.append
        try:
            for _ in range(length):
                value, at = read_one(data, at)
                append(value)
        except DecodeError as error:
            error.inside(f"[{len(values)}]")
            raise
        return tuple(values), at

    def write(values: tuple[Any, ...]) -> bytes:
        parts: list[bytes] = []
        append = parts.append
        try:
            for value in values:
                append(write_one(value))
        except EncodeError as error:
            error.inside(f"[{len(parts)}]")
            raise
        return b"".join(parts)

    def write_plain(values: tuple[Any, ...]) -> bytes:
        try:
            return struct.pack(f"<{len(values)}{plain}", *values)
        except (struct.error, TypeError):
            return write(values)

    return (read_plain, write_plain) if plain is not None else (read, write)


def _refuse_unless_tuple(value: object) -> None:
    if not isinstance(value, tuple):
        raise EncodeError(f"{show(value)} is not a tuple")


@cache
def vec_codec(codec: AnyCodec, limit: int | None = None) -> Codec[tuple[Any, ...]]:
    """`Vec<T>` as a tuple, of at most `limit` elements."""
    read_elements, write_elements = _elements(codec)
    minimum = codec.min_size

    def read(data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        length, start = read_length(data, at)
        if limit is not None and length > limit:
            raise DecodeError(f"{length} elements, at most {limit} are allowed", at)
        if not length:
            return (), start
        _check_room(length, minimum, data, at, start)
        return read_elements(data, start, length)  # type: ignore[no-any-return]

    def write(value: tuple[Any, ...]) -> bytes:
        _refuse_unless_tuple(value)
        length = len(value)
        if limit is not None and length > limit:
            raise EncodeError(f"{length} elements, at most {limit} are allowed")
        if minimum == 0 and length > EMPTY_ELEMENTS_MAX:
            raise EncodeError(f"{length} elements of no bytes, at most {EMPTY_ELEMENTS_MAX} are allowed")
        return length_bytes(length) + write_elements(value)  # type: ignore[no-any-return]

    return Codec(
        f"Vec<{codec.name}>", read, write, min_size=1, describe=lambda: Description(SequenceType(codec))
    )


@cache
def array_codec(codec: AnyCodec, length: int) -> Codec[tuple[Any, ...]]:
    """`[T; length]` as a tuple."""
    name = f"[{codec.name}; {length}]"

    def describe() -> Description:
        return Description(ArrayType(length, codec))

    if codec.layout is not None and len(codec.layout.items) * length <= LAYOUT_ITEMS_MAX:
        return tuple_codec(
            (codec,) * length, name=name, labels=[f"[{i}]" for i in range(length)], describe=describe
        )
    read_elements, write_elements = _elements(codec)
    minimum = codec.min_size * length
    if not minimum and length > EMPTY_ELEMENTS_MAX:
        raise TypeError(f"{name}: at most {EMPTY_ELEMENTS_MAX} elements of no bytes are allowed")

    def read(data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        if minimum > len(data) - at:
            raise DecodeError(f"{length} elements need {minimum} bytes, {len(data) - at} remain", at)
        return read_elements(data, at, length)  # type: ignore[no-any-return]

    def write(value: tuple[Any, ...]) -> bytes:
        _refuse_unless_tuple(value)
        if len(value) != length:
            raise EncodeError(f"{len(value)} elements, exactly {length} are needed")
        return write_elements(value)  # type: ignore[no-any-return]

    fixed = None if codec.fixed_size is None else minimum
    return Codec(name, read, write, fixed_size=fixed, min_size=minimum, describe=describe)
