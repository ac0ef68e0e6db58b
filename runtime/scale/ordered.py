"""Collections with an order or packing of their own: maps and sets by key, bits by the byte."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from runtime.scale.codec import (
    AnyCodec,
    ArrayType,
    BitSequenceType,
    Codec,
    CompactType,
    CompositeType,
    Description,
    Field,
    LateCodec,
    Parameters,
    PrimitiveType,
    SequenceType,
    TupleType,
)
from runtime.scale.collections import vec_codec
from runtime.scale.compact import length_bytes, read_length
from runtime.scale.errors import DecodeError, EncodeError, show
from runtime.scale.fields import same, tuple_codec
from runtime.scale.integers import UNSIGNED


def _ordered(
    name: str, inner: AnyCodec, key_of: Callable[[Any], Any], described: Parameters
) -> Codec[tuple[Any, ...]]:
    """A vector whose keys go strictly up, as Rust writes ordered maps and sets."""

    def disorder(values: tuple[Any, ...]) -> int | None:
        keys = [key_of(value) for value in values]
        for position in range(1, len(keys)):
            if not keys[position - 1] < keys[position]:
                return position
        return None

    def read(data: bytes, at: int) -> tuple[tuple[Any, ...], int]:
        values, end = inner.read(data, at)
        position = disorder(values)
        if position is not None:
            raise DecodeError("keys must go strictly up", at, f"[{position}]")
        return values, end

    def write(values: tuple[Any, ...]) -> bytes:
        encoded = inner.write(values)
        position = disorder(values)
        if position is not None:
            raise EncodeError("keys must go strictly up", f"[{position}]")
        return encoded

    def describe() -> Description:
        return Description(CompositeType((Field(None, inner),)), (name.partition("<")[0],), described)

    return Codec(name, read, write, min_size=1, describe=describe)


def _is_orderable(codec: AnyCodec) -> bool:
    """Whether Python compares the values as Rust does: numbers, text, bytes, and tuples of them."""
    if isinstance(codec, LateCodec):
        return False
    match codec.description.definition:
        case PrimitiveType():
            return True
        case CompactType(inner) | SequenceType(inner) | ArrayType(_, inner):
            return _is_orderable(inner)
        case TupleType(codecs):
            return all(_is_orderable(each) for each in codecs)
        case CompositeType() if codec.wraps is not None and codec.wraps.take is same:
            return _is_orderable(codec.wraps.codec)
        case _:
            return False


def _require_orderable(name: str, key: AnyCodec) -> None:
    if not _is_orderable(key):
        raise TypeError(f"{name}: keys must be numbers, text, bytes, or tuples of them")


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]


@cache
def map_codec(key: AnyCodec, value: AnyCodec, limit: int | None = None) -> Codec[tuple[Any, ...]]:
    """`BTreeMap<K, V>` as a tuple of pairs, keys strictly going up: keys of types that Python can order."""
    name = f"BTreeMap<{key.name}, {value.name}>"
    _require_orderable(name, key)
    inner = vec_codec(tuple_codec((key, value)), limit)
    return _ordered(name, inner, _first, (("K", key), ("V", value)))


@cache
def set_codec(key: AnyCodec, limit: int | None = None) -> Codec[tuple[Any, ...]]:
    """`BTreeSet<T>` as a tuple, strictly going up: elements of types that Python can order."""
    name = f"BTreeSet<{key.name}>"
    _require_orderable(name, key)
    return _ordered(name, vec_codec(key, limit), same, (("T", key),))


BITS_MAX: Final = (1 << 28) - 1
"""Longest bit sequence, as in Rust's implementation of SCALE for 32-bit machines."""


def _lsb0() -> Description:
    return Description(CompositeType(()), ("bitvec", "order", "Lsb0"))


LSB0: Final[AnyCodec] = Codec(
    "Lsb0", lambda data, at: ((), at), lambda value: b"", fixed_size=0, describe=_lsb0
)
"""Stands for the order of bits in metadata; holds nothing."""


@cache
def bits_codec(limit: int = BITS_MAX) -> Codec[tuple[bool, ...]]:
    """`BitVec<u8, Lsb0>` as a tuple of bools: the first is the lowest bit of the first byte."""

    def read(data: bytes, at: int) -> tuple[tuple[bool, ...], int]:
        length, start = read_length(data, at)
        if length > limit:
            raise DecodeError(f"{length} bits, at most {limit} are allowed", at)
        end = start + (length + 7 >> 3)
        if end > len(data):
            raise DecodeError(f"{length} bits need {end - start} bytes, {len(data) - start} remain", at)
        bits = int.from_bytes(data[start:end], "little")
        if bits >> length:
            raise DecodeError("bits behind the last one are not zero", end - 1)
        if not length:
            return (), end
        return tuple(digit == "1" for digit in reversed(f"{bits:0{length}b}")), end

    def write(value: tuple[bool, ...]) -> bytes:
        if not isinstance(value, tuple):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise EncodeError(f"{show(value)} is not a tuple")
        if len(value) > limit:
            raise EncodeError(f"{len(value)} bits, at most {limit} are allowed")
        for position, bit in enumerate(value):
            if bit is not True and bit is not False:
                raise EncodeError(f"{show(bit)} is not a bool", f"[{position}]")
        digits = "".join("1" if bit else "0" for bit in reversed(value))
        return length_bytes(len(value)) + int(digits or "0", 2).to_bytes(len(value) + 7 >> 3, "little")

    return Codec(
        "BitVec<u8, Lsb0>",
        read,
        write,
        min_size=1,
        describe=lambda: Description(BitSequenceType(UNSIGNED[8], LSB0)),
    )
