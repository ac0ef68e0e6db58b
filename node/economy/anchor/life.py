"""A life: sixty months of one promise in one market, on the real runtime, and what stood behind each coin."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from random import Random
from typing import Final

from node.economy.anchor.chains import (
    BLOCKS_A_DAY,
    LARGEST,
    MIDDLE_MAX,
    PROVIDERS,
    SMALLEST,
    AnchorChain,
)
from node.economy.anchor.market import Day, days_of
from node.economy.anchor.people import People
from node.economy.anchor.promises import Promise
from pallets.solvency import Solvency
from pallets.standards.ratings import FIRST
from runtime.frame.coin import Mode
from runtime.types.fixed import PPB

MONTHS: Final = 60
DAYS: Final = 30
"""In a month."""
VANISHES: Final = 40
"""The month with whose first day the largest issuer is gone."""
QUARTER: Final = 3
"""Months."""


@dataclass(frozen=True, slots=True)
class Month:
    """How a month was, and ended."""

    lowest_ppb: int
    """The lowest E / S at the end of any of its blocks."""
    dollars_ppb: int
    """What the work that a coin buys costs on the market, as a part of what it cost on the first day."""
    work_ppb: int
    """W_k, as a part of W_1."""
    supply: int
    mode: Mode


@dataclass(slots=True)
class Life:
    """Sixty months, or as many as there were."""

    promise: Promise
    seed: int
    months: list[Month] = field(default_factory=list[Month])
    cpu_seconds: float = field(default=0.0, compare=False)


def live(promise: Promise, seed: int, *, months: int = MONTHS) -> Life:
    """Live through it; every promise has the same market and fleets by one seed.

    Raises `InvalidBlock` if any invariant that the promise knows of is broken.
    """
    started = time.process_time()
    market = days_of(Random(f"anchor market {seed}"), MONTHS * DAYS + 1)
    random = Random(f"anchor people {seed}")
    parts = (LARGEST, *(random.randint(SMALLEST, MIDDLE_MAX) for _ in PROVIDERS[1:]))
    chain = AnchorChain(promise, parts)
    people = People(chain, parts, random, reinvests=promise.reinvests)
    life = Life(promise, seed)
    for month in range(months):
        if month == VANISHES - 1:
            people.gone[PROVIDERS[0]] = None
        if promise.reinvests and month % QUARTER == 0:
            people.bring_out(month // QUARTER, market[month * DAYS])
        people.do_business()
        lowest = min(_pass_day(chain, people, market[month * DAYS + day]) for day in range(DAYS))
        life.months.append(_ended(chain, market[(month + 1) * DAYS], lowest))
    chain.try_state()
    life.cpu_seconds = time.process_time() - started
    return life


def _pass_day(chain: AnchorChain, people: People, day: Day) -> int:
    """Two blocks, and a round of the oracle that closes when the standard takes its daily step; the lowest
    coverage at their ends.
    """
    lowest: list[int] = []
    for _ in range(BLOCKS_A_DAY):
        people.answer()
        if chain.promise.reads_oracle:
            if chain.number % BLOCKS_A_DAY:
                people.show_prices()
            else:
                people.commit_prices(day)
        chain.seal()
        lowest.append(chain[Solvency].coverage.ratio_ppb)
    return min(lowest)


def _ended(chain: AnchorChain, day: Day, lowest: int) -> Month:
    figures = chain[Solvency].coverage
    first, work = chain.standards.standards[FIRST].work, figures.work
    dollars = day.cost * work // first
    return Month(lowest, dollars, work * PPB // first, figures.supply, figures.mode)
