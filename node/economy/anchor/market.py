"""The market: what the work of one SCU-h under standard 1 costs each day, and what the mainstream does.

Costs halve in 2.3 years on average. Around that they wander, and about three times a year a shock moves them
by up to 30 % either way, of which half is gone after two months. The mainstream, what the median hour sold
does, grows by about 31 % a year and never shrinks.
"""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from runtime.types.fixed import PPB

MILLION: Final = 1_000_000
FALL_PPM: Final = -826
"""What costs fall by a day: ln 2 over 2.3 years."""
GROWTH_PPM: Final = 740
"""What the mainstream grows by a day: ln 1.31 over a year."""
NOISE_PPM: Final = 3_000
"""How far costs wander in a day at most, either way."""
GROWTH_NOISE_PPM: Final = 300
SHOCK_DAYS: Final = 120
"""A shock comes once in so many days."""
SHOCKS_PPM: Final = (100_000, 300_000)
"""The least and the greatest of them."""
FADING_DAYS: Final = 87
"""What costs are off their trend by fades by this part a day: half of it in 60 days."""


class Day(NamedTuple):
    """One day of the market."""

    cost: int
    """What the work of one SCU-h under standard 1 costs, in 10^-9 of the currency."""
    progress_ppb: int
    """What the median hour sold does, as a part of what it did on the first day."""


def days_of(random: Random, count: int) -> tuple[Day, ...]:
    """So many days of a market, by lot."""
    found: list[Day] = []
    trend = progress = PPB
    off_ppm = 0
    for _ in range(count):
        found.append(Day(max(1, trend * (MILLION + off_ppm) // MILLION), progress))
        trend = trend * (MILLION + FALL_PPM) // MILLION
        progress = progress * (MILLION + GROWTH_PPM + _either(random, GROWTH_NOISE_PPM)) // MILLION
        off_ppm += _either(random, NOISE_PPM) - off_ppm // FADING_DAYS
        if not random.randrange(SHOCK_DAYS):
            size = random.randint(*SHOCKS_PPM) * random.choice((-1, 1))
            off_ppm = (MILLION + off_ppm) * (MILLION + size) // MILLION - MILLION
    return tuple(found)


def _either(random: Random, most: int) -> int:
    return random.randint(-most, most)
