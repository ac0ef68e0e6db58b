"""What the codec says when bytes or values are not what their type allows."""

from __future__ import annotations

from collections.abc import Sized
from typing import Self, TypeGuard

SHOWN_CHARACTERS_MAX = 80
"""Longest piece of a refused value, and of each end of a longer text, that a message repeats."""

SHOWN_INTEGER_BITS_MAX = 260
"""Longest integer that a message writes out in digits."""


class CodecError(ValueError):
    """A refusal, and where in the type it happened."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        """What is wrong, in words."""
        self.path = path
        """Where, such as `AccountInfo.data.free` or `Vec<u32>[3]`; empty for the value itself."""

    def inside(self, segment: str) -> Self:
        """The same error, seen from the type that holds the refused one as `segment`."""
        self.path = segment + self.path
        return self

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.reason, self.path))

    def __str__(self) -> str:
        path = self.path.lstrip(".")
        return f"{abridged(path)}: {self.reason}" if path else self.reason


class EncodeError(CodecError):
    """A value does not fit its type; nothing was written."""


class DecodeError(CodecError):
    """Bytes are not the one encoding of any value of the type."""

    def __init__(self, reason: str, offset: int, path: str = "") -> None:
        super().__init__(reason, path)
        self.offset = offset
        """Position in the input of the first byte that is wrong or missing."""

    def __reduce__(self) -> tuple[object, ...]:
        return (type(self), (self.reason, self.offset, self.path))

    def __str__(self) -> str:
        return f"{super().__str__()}, at byte {self.offset}"


def is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    """Whether `value` is a tuple, of whatever."""
    return isinstance(value, tuple)


def abridged(text: str, end_max: int = SHOWN_CHARACTERS_MAX) -> str:
    """A text that others had a hand in, short enough for a message: of a long one its two ends, each of
    `end_max` characters.
    """
    return text if len(text) <= 2 * end_max else f"{text[:end_max]}...{text[-end_max:]}"


def show(value: object) -> str:
    """A refused value, short enough for a message."""
    if isinstance(value, int) and value.bit_length() > SHOWN_INTEGER_BITS_MAX:
        return f"an integer of {value.bit_length()} bits"
    if isinstance(value, Sized) and len(value) > SHOWN_CHARACTERS_MAX:
        return f"a {type(value).__name__} of length {len(value)}"
    text = repr(value)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[:SHOWN_CHARACTERS_MAX]}..."
