"""Compact integers: one, two or four bytes for small values, a length and bytes for large ones."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from runtime.scale.codec import AnyCodec, Codec, CompactType, Description, Read, Write
from runtime.scale.errors import DecodeError, EncodeError, show

_ONE: Final = tuple(bytes((value << 2,)) for value in range(1 << 6))


def compact_bytes(value: int) -> bytes:
    """The shortest form of `value`, which must be from 0 to 2**536 - 1; not checked."""
    if value < 1 << 6:
        return _ONE[value]
    if value < 1 << 14:
        return (value << 2 | 1).to_bytes(2, "little")
    if value < 1 << 30:
        return (value << 2 | 2).to_bytes(4, "little")
    size = (value.bit_length() + 7) >> 3
    return bytes(((size - 4) << 2 | 3,)) + value.to_bytes(size, "little")


def _form(first: int) -> tuple[int, int, int]:
    mode = first & 3
    if mode < 3:
        return ((1, 0, 2), (2, 1 << 6, 2), (4, 1 << 14, 2))[mode]
    payload = (first >> 2) + 4
    return 1 + payload, 1 << (30 if payload == 4 else (payload - 1) * 8), 8


_FORMS: Final = tuple(_form(first) for first in range(256))
"""By the first byte: how many bytes the integer takes, the least one that needs so many, and how many of its
lowest bits only tell the form.
"""


def _reader(bits: int) -> Read[int]:
    limit, from_bytes = 1 << bits, int.from_bytes

    def read(data: bytes, at: int) -> tuple[int, int]:
        try:
            first = data[at]
        except IndexError:
            raise DecodeError("ends where a compact integer begins", at) from None
        if not first & 3:
            return first >> 2, at + 1
        size, least, tail = _FORMS[first]
        end = at + size
        if end > len(data):
            raise DecodeError(f"needs {size} bytes, {len(data) - at} remain", at)
        value = from_bytes(data[at:end], "little") >> tail
        if not least <= value < limit:
            if value < least:
                raise DecodeError(f"compact integer {value} is not in its shortest form", at)
            raise DecodeError(f"compact integer {show(value)} is larger than a u{bits}", at)
        return value, end

    return read


def _writer(bits: int) -> Write[int]:
    limit, one = 1 << bits, _ONE

    def write(value: int) -> bytes:
        try:
            if 0 <= value < limit:
                return one[value] if value < 64 else compact_bytes(value)
        except (TypeError, AttributeError):
            pass
        raise EncodeError(f"{show(value)} is not an integer from 0 to {limit - 1}")

    return write


@cache
def compact_codec(codec: AnyCodec) -> AnyCodec:
    """The compact form of an unsigned integer, or of a type whose one field is an unsigned integer."""
    name = f"Compact<{codec.name}>"

    def describe() -> Description:
        return Description(CompactType(codec))

    if codec.bits is not None:
        read_plain, write_plain = _reader(codec.bits), _writer(codec.bits)
        return Codec(name, read_plain, write_plain, min_size=1, is_compact=True, describe=describe)
    if codec.wraps is None:
        raise TypeError(
            f"{name}: only unsigned integers, and types that hold just one of them, have a compact form"
        )
    inner, make, take = compact_codec(codec.wraps.codec), codec.wraps.make, codec.wraps.take

    def read(data: bytes, at: int) -> tuple[Any, int]:
        value, at = inner.read(data, at)
        return make(value), at

    def write(value: Any) -> bytes:
        return inner.write(take(value))

    return Codec(name, read, write, min_size=1, describe=describe)


_length: Final = _reader(32)
_LENGTH_MAX: Final = (1 << 32) - 1


def read_length(data: bytes, at: int) -> tuple[int, int]:
    """A collection's length, with the offset after it."""
    try:
        first = data[at]
    except IndexError:
        raise DecodeError("ends where a length begins", at) from None
    if not first & 3:
        return first >> 2, at + 1
    return _length(data, at)


def length_bytes(length: int) -> bytes:
    """The prefix of a collection of that length."""
    if length < 1 << 6:
        return _ONE[length]
    if length > _LENGTH_MAX:
        raise EncodeError(f"{length} elements, at most {_LENGTH_MAX} fit any collection")
    return compact_bytes(length)
