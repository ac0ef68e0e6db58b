"""Availability: the lower end of Wilson's 95 % interval for a share of passed windows, in exact integers.

Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927. For k of n
passed,

    a = (k + z/2 - sqrt(z (k (n - k) / n + z / 4))) / (n + z),        z = 1.96^2 = 3.841459

With z = Z / D, numerator and denominator are multiplied by D, and the root is taken of an integer, rounded
up.
"""

from __future__ import annotations

from math import isqrt
from typing import Final

from runtime.types.fixed import PPB, div_ceil

D: Final = 1_000_000
Z: Final = 3_841_459
"""z in millionths."""


def wilson_ppb(passed: int, windows: int) -> int:
    """The lower bound in parts per billion, rounded down; 0 where nothing was passed or nothing seen."""
    if not passed:
        return 0
    square = div_ceil((4 * D * Z * passed * (windows - passed) + windows * Z * Z) * PPB * PPB, 4 * windows)
    root = isqrt(square - 1) + 1  # rounded up
    numerator = (2 * passed * D + Z) * (PPB // 2) - root
    return max(0, numerator // (windows * D + Z))
