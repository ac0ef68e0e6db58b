"""The 90-day mean of a provider's effective capacity, by daily samples.

A sample is the mean of E_i over the blocks since the last one, rounded down: E_i is summed block by block in
O(1), whenever it moves. A sample is due a day after the last; one that comes days late counts for each of
them. The mean is the sum of the last 90 samples by 90, rounded down, so the days before a provider was Active
count as 0, and a fleet that has grown weighs as much as it has lasted.
"""

from __future__ import annotations

from typing import Final

DAYS: Final = 90
"""How many daily samples the mean is taken over."""


def sampled(days: tuple[int, ...], sample: int, count: int) -> tuple[int, ...]:
    """The last 90 samples, the newest last, with one more that counts for so many days."""
    return (*days, *(sample,) * min(DAYS, count))[-DAYS:]


def mean_of(days: tuple[int, ...]) -> int:
    """The mean over 90 days; those without a sample are 0."""
    return sum(days) // DAYS
