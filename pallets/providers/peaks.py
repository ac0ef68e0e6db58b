"""Peaks: the greatest of up to 1,024 numbers, which one change costs two pages of 32 to keep.

A number stands at its slot: page `slot // 32`, place `slot % 32`. The summit is one more page, of the
greatest number of each page. A place that was never written, or was cleared, holds `NOTHING`.
"""

from __future__ import annotations

from typing import Final

PAGE: Final = 32
"""Numbers a page, and pages a summit."""
NOTHING: Final = -(1 << 127)
"""Less than every number."""


def placed(page: tuple[int, ...], place: int, number: int) -> tuple[int, ...]:
    """The page with the number at its place; pages end behind the last place that was ever written."""
    filled = page + (NOTHING,) * (place + 1 - len(page))
    return (*filled[:place], number, *filled[place + 1 :])


def greatest(page: tuple[int, ...], without: int | None = None) -> int:
    """The greatest number of a page, but for one place."""
    if without is None:
        return max(page, default=NOTHING)
    return max(page[:without] + page[without + 1 :], default=NOTHING)
