"""Layouts: values of fixed width as runs of `struct` items, which is what makes whole records one unpack."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runtime.scale.errors import DecodeError, EncodeError
from runtime.scale.source import Source

LAYOUT_ITEMS_MAX = 64
"""Widest run of struct items that is merged into the record around it."""

RUN_ERRORS: Final = (struct.error, TypeError, AttributeError, OverflowError, ValueError)
"""What packing a run raises for a value that does not fit; each field's codec then says which and why."""


@dataclass(frozen=True, slots=True)
class Span:
    """One field of a run: where it is in the type, and how many bytes it takes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How one value of fixed width becomes `struct` items, and comes back."""

    items: tuple[str, ...]
    """Format of each item, such as `I` or `32s`."""

    read: Callable[[Source, Sequence[str], int, str], str]
    """(source, item names, offset from `at`, path) -> expression of the value; may add lines."""

    write: Callable[[Source, str], list[str]]
    """(source, name of the value) -> expression of each item; may add lines, which may raise RUN_ERRORS."""

    spans: Callable[[str], list[Span]]
    """path -> the fields inside, for naming the one that is missing."""

    plain: bool = False
    """True when the value *is* its single item, with nothing to check or convert."""

    @property
    def is_bytes(self) -> bool:
        """Whether the only item is written as bytes of its size: there is nothing left to pack."""
        return len(self.items) == 1 and self.items[0].endswith("s")

    @property
    def size(self) -> int:
        """Bytes of the value."""
        return struct.calcsize("<" + "".join(self.items))


def item_layout(
    items: tuple[str, ...],
    read: Callable[[Source, Sequence[str], int, str], str],
    write: Callable[[Source, str], list[str]],
    plain: bool = False,
) -> Layout:
    """The layout of one leaf value."""
    size = struct.calcsize("<" + "".join(items))
    return Layout(items, read, write, lambda path: [Span(path, size)], plain)


def short(spans: Sequence[Span], data: bytes, at: int) -> DecodeError:
    """The error for input that ends inside a run: names the first field that is not whole."""
    for span in spans:
        if at + span.size > len(data):
            break
        at += span.size
    else:
        raise AssertionError("the run is whole")
    return DecodeError(f"needs {span.size} bytes, {max(len(data) - at, 0)} remain", at, span.path)


def missing(spans: Sequence[Span]) -> Callable[[bytes, int], DecodeError]:
    """`short` for one run."""
    return lambda data, at: short(spans, data, at)


def compile_leaf(
    layout: Layout, refuse: Callable[[Any], EncodeError]
) -> tuple[Callable[[bytes, int], tuple[Any, int]], Callable[[Any], bytes]]:
    """The read and write functions of a leaf that stands alone."""
    packer = struct.Struct("<" + "".join(layout.items))
    reading = Source()
    items = [reading.fresh("i") for _ in layout.items]
    with reading.block("try:"):
        reading.line(
            f"({''.join(f'{item}, ' for item in items)}) = {reading.bind(packer.unpack_from)}(data, at)"
        )
    with reading.block(f"except {reading.bind(struct.error)}:"):
        reading.line(f"raise {reading.bind(missing(layout.spans('')))}(data, at) from None")
    value = layout.read(reading, items, 0, "")
    reading.line(f"return {value}, at + {packer.size}")

    writing = Source()
    with writing.block("try:"):
        expressions = ", ".join(layout.write(writing, "value"))
        if layout.is_bytes:
            writing.line(f"return {expressions}")
        else:
            writing.line(f"return {writing.bind(packer.pack)}({expressions})")
    with writing.block(f"except {writing.bind(RUN_ERRORS)}:"):
        writing.line(f"raise {writing.bind(refuse)}(value) from None")
    return reading.function("read", "data, at"), writing.function("write", "value")
