"""What many reports say together: medians that a minority cannot move, and weights within their shares.

Integers only. Of two middle values the lower is taken, unless a name says otherwise.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, TypeAlias

DROP_SPREADS: Final = 4
"""A value further from the median than so many spreads does not count."""
SPREAD_LEAST: Final = 1_000
"""A spread is a thousandth of the median at least: honest sources differ in the last digits."""
PASSES_MAX: Final = 32
"""So often each cap is applied again because another one was."""
TOLERANCE: Final = 10_000
"""By which part of the whole a share may miss its cap."""
SCALE_BITS: Final = 64
"""Weights are refined by so many bits before they are lowered, so that rounding plays no part."""

Cap: TypeAlias = tuple[Sequence[Hashable], int]
"""To which group each belongs, and the part that a group has at most: one in so many."""


def median(values: Sequence[int]) -> int:
    """The middle value; of two the lower."""
    return sorted(values)[(len(values) - 1) // 2]


def median_upper(values: Sequence[int]) -> int:
    """The middle value; of two the upper."""
    return sorted(values)[len(values) // 2]


def spread(values: Sequence[int], centre: int) -> int:
    """The median absolute deviation from `centre`, and not less than a thousandth of it; at least one."""
    return max(1, centre // SPREAD_LEAST, median([abs(value - centre) for value in values]))


def is_off(value: int, centre: int, spread_: int, spreads: int) -> bool:
    """Whether a value lies further from the centre than so many spreads."""
    return abs(value - centre) > spreads * spread_


def weighted_median(values: Sequence[int], weights: Sequence[int]) -> int | None:
    """The least value that has half of the weight at or below it; None without any weight."""
    total, passed = sum(weights), 0
    for value, weight in sorted(zip(values, weights, strict=True)):
        passed += weight
        if weight and 2 * passed >= total:
            return value
    return None


def agreed(values: Sequence[int], weights: Sequence[int]) -> int | None:
    """The weighted median of those values that are not too far from the plain one."""
    centre = median(values)
    spread_ = spread(values, centre)
    kept = [place for place, value in enumerate(values) if not is_off(value, centre, spread_, DROP_SPREADS)]
    return weighted_median([values[place] for place in kept], [weights[place] for place in kept])


def capped(weights: Sequence[int], caps: Sequence[Cap]) -> list[int]:
    """The weights, lowered until no group has more than its part of what is left, by any of the caps.

    All zero where that cannot be: too few groups, or caps that contradict one another.
    """
    lowered = [weight << SCALE_BITS for weight in weights]
    for _ in range(PASSES_MAX):
        if all(_holds(lowered, cap) for cap in caps):
            return lowered
        for groups, parts in caps:
            lowered = _lower(lowered, groups, parts)
    return [0] * len(weights)


def _sums(weights: Sequence[int], groups: Sequence[Hashable]) -> dict[Hashable, int]:
    sums: dict[Hashable, int] = {}
    for weight, group in zip(weights, groups, strict=True):
        sums[group] = sums.get(group, 0) + weight
    return sums


def _holds(weights: Sequence[int], cap: Cap) -> bool:
    groups, parts = cap
    total = sum(weights)
    most = max(_sums(weights, groups).values(), default=0)
    return parts * most <= total + total // TOLERANCE


def _lower(weights: Sequence[int], groups: Sequence[Hashable], parts: int) -> list[int]:
    """Lower the heaviest groups, as few as can be, to the one sum that is their part of what results.

    With the k heaviest at c: c = (k c + rest) / parts, so c = rest / (parts - k).
    """
    sums = _sums(weights, groups)
    rest, limit = sum(weights), 0
    for heavy, most in enumerate(sorted(sums.values(), reverse=True)[:parts]):
        limit = rest // (parts - heavy)
        if most <= limit:
            break
        rest -= most
    else:
        limit = 0
    return [
        weight if sums[group] <= limit else weight * limit // sums[group]
        for weight, group in zip(weights, groups, strict=True)
    ]
