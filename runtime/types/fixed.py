"""Fixed-point arithmetic on integers, every division with its rounding in its name."""

from __future__ import annotations

from typing import Final

PPM: Final = 1_000_000
"""Parts per million."""
PPB: Final = 1_000_000_000
"""Parts per billion."""


def mul_div_floor(a: int, b: int, divisor: int) -> int:
    """a * b / divisor, rounded down; the product is exact."""
    return a * b // divisor


def mul_div_ceil(a: int, b: int, divisor: int) -> int:
    """a * b / divisor, rounded up; the product is exact."""
    return -(-(a * b) // divisor)


def div_ceil(a: int, divisor: int) -> int:
    """a / divisor, rounded up."""
    return -(-a // divisor)


def saturate(value: int, most: int) -> int:
    """`value` held within [0, most]."""
    return 0 if value < 0 else most if value > most else value
