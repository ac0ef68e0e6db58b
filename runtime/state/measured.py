"""Measured items: those of which an overlay follows what they sum to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.state.backend import ABSENT, Read, Write


class Measured:
    """How the values of an item are written and read, and what each counts in the sum over the item."""

    __slots__ = ("decode", "item", "measure", "write")

    def __init__(self, item: bytes, write: Write, decode: Read, measure: Callable[[Any], int]) -> None:
        self.item = item
        """What every key of the item starts with, `ITEM_BYTES` long."""
        self.write = write
        self.decode = decode
        self.measure = measure

    def __call__(self, value: Any) -> bytes:
        return self.write(value)

    def step(self, old: Any, new: Any) -> int:
        """By how much the sum grows when `new` replaces `old`; a key that holds nothing counts 0."""
        measure = self.measure
        return (0 if new is ABSENT else measure(new)) - (0 if old is ABSENT else measure(old))
