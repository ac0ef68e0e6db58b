"""Numbers and letters of fixed width: u8 to u256, i8 to i256, bool, char."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from runtime.scale.codec import Codec, Description, PrimitiveType
from runtime.scale.errors import DecodeError, EncodeError, show
from runtime.scale.layout import Layout, compile_leaf, item_layout
from runtime.scale.source import Source

_ITEMS: Final = {8: ("b",), 16: ("h",), 32: ("i",), 64: ("q",)}
_CHAR_MAX = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


def _plain_read(source: Source, items: Sequence[str], offset: int, path: str) -> str:
    return items[0]


def _plain_write(source: Source, value: str) -> list[str]:
    return [value]


def _layout(bits: int, signed: bool) -> Layout:
    if bits in _ITEMS:
        (item,) = _ITEMS[bits]
        return item_layout((item if signed else item.upper(),), _plain_read, _plain_write, plain=True)

    def read(source: Source, items: Sequence[str], offset: int, path: str) -> str:
        more = ", signed=True" if signed else ""
        return f"{source.bind(int.from_bytes)}({items[0]}, 'little'{more})"

    def write(source: Source, value: str) -> list[str]:
        # Many amounts are nothing, and that is there already. No other value is the integer 0 itself.
        more = ", signed=True" if signed else ""
        zero, zeros = source.bind(0), source.bind(bytes(bits // 8))
        return [f"{zeros} if {value} is {zero} else {value}.to_bytes({bits // 8}, 'little'{more})"]

    return item_layout((f"{bits // 8}s",), read, write)


def _integer_codec(bits: int, signed: bool) -> Codec[int]:
    name = f"{'i' if signed else 'u'}{bits}"
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)

    def refuse(value: object) -> EncodeError:
        return EncodeError(f"{show(value)} is not an integer from {low} to {high}")

    layout = _layout(bits, signed)
    read, write = compile_leaf(layout, refuse)
    return Codec(
        name,
        read,
        write,
        layout=layout,
        bits=None if signed else bits,
        describe=lambda: Description(PrimitiveType(name)),
    )


_WIDTHS = (8, 16, 32, 64, 128, 256)

UNSIGNED: Final = {bits: _integer_codec(bits, signed=False) for bits in _WIDTHS}
"""Codecs of u8 to u256, by width in bits."""

SIGNED: Final = {bits: _integer_codec(bits, signed=True) for bits in _WIDTHS}
"""Codecs of i8 to i256, by width in bits."""


def _bad_bool(byte: int, at: int, path: str) -> bool:
    raise DecodeError(f"{byte} is no bool: only 0 and 1 are", at, path)


def _bool_read(source: Source, items: Sequence[str], offset: int, path: str) -> str:
    byte, refuse = items[0], source.bind(_bad_bool)
    return f"({byte} == 1 if {byte} < 2 else {refuse}({byte}, at + {offset}, {path!r}))"


def _bool_write(source: Source, value: str) -> list[str]:
    with source.block(f"if {value} is not True and {value} is not False:"):
        source.line("raise TypeError")
    return [value]


def _refuse_bool(value: object) -> EncodeError:
    return EncodeError(f"{show(value)} is not a bool")


def _bool_codec() -> Codec[bool]:
    layout = item_layout(("B",), _bool_read, _bool_write)
    read, write = compile_leaf(layout, _refuse_bool)
    return Codec("bool", read, write, layout=layout, describe=lambda: Description(PrimitiveType("bool")))


BOOL: Final = _bool_codec()
"""The codec of bool."""


def _char(scalar: int, at: int, path: str) -> str:
    if scalar > _CHAR_MAX or scalar in _SURROGATES:
        raise DecodeError(f"{scalar:#x} is no Unicode scalar value", at, path)
    return chr(scalar)


def _scalar(char: str) -> int:
    scalar = ord(char)
    if scalar in _SURROGATES or not isinstance(char, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError
    return scalar


def _char_read(source: Source, items: Sequence[str], offset: int, path: str) -> str:
    return f"{source.bind(_char)}({items[0]}, at + {offset}, {path!r})"


def _char_write(source: Source, value: str) -> list[str]:
    return [f"{source.bind(_scalar)}({value})"]


def _refuse_char(value: object) -> EncodeError:
    return EncodeError(f"{show(value)} is not one Unicode scalar value")


def _char_codec() -> Codec[str]:
    layout = item_layout(("I",), _char_read, _char_write)
    read, write = compile_leaf(layout, _refuse_char)
    return Codec("char", read, write, layout=layout, describe=lambda: Description(PrimitiveType("char")))


CHAR: Final = _char_codec()
"""The codec of char: one Unicode scalar value."""
