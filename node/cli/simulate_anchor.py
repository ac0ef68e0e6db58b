"""`ballast simulate anchor`: sixty months of three promises in one market, as a table and a chart."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import Parameter
from cyclopts.validators import Number

from node.cli.faults import INTERRUPTED, REFUSED, Fault, expected
from node.cli.output import Json, columns, print_json, say

SEEDS_MAX: Final = 10_000
JOBS_MAX: Final = 256


def anchor(
    *,
    seeds: Annotated[int, Parameter(validator=Number(gte=1, lte=SEEDS_MAX), help="How many markets.")] = 3,
    first_seed: Annotated[int, Parameter(validator=Number(gte=0), help="The first of them.")] = 0,
    idle: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Also ours with providers who never buy hardware."),
    ] = False,
    jobs: Annotated[
        int | None,
        Parameter(
            validator=Number(gte=1, lte=JOBS_MAX),
            show_default=False,
            help="Processes; as many as the machine has processors unless said. The figures are the same.",
        ),
    ] = None,
    chart: Annotated[Path, Parameter(help="Where the chart is written, as SVG.")] = Path("anchor.svg"),
    json: Json = False,
) -> int:
    """Live through sixty months with our gated standards, a fixed unit, and the
    mainstream by the word.

    Forty providers on the real runtime, blocks of twelve hours, real windows,
    prices from reporters: compute halves in price in 2.3 years, shocks come and
    go, and with month 40 the largest issuer answers nothing any more. The two
    foils have other pallets in the place of Standards and Providers, and nobody
    checks I2 and I11 for them. Ctrl-C ends it with the seeds that are done.
    Status 1: a coin of ours was not covered.
    """
    from node.economy.anchor.chart import svg_of
    from node.economy.anchor.life import MONTHS, Life
    from node.economy.anchor.promises import FIXED, IDLE, LITERAL, OURS, Promise
    from node.economy.anchor.runner import lives_of
    from node.economy.anchor.table import row_of

    if not chart.parent.is_dir():
        raise Fault(f"{chart.parent} is no folder: the chart has no place")
    promises = (OURS, IDLE, FIXED, LITERAL) if idle else (OURS, FIXED, LITERAL)
    lives: dict[Promise, list[Life]] = {promise: [] for promise in promises}
    total, status = seeds * len(promises), 0
    found = lives_of(
        promises, range(first_seed, first_seed + seeds), MONTHS, jobs=jobs or os.cpu_count() or 1
    )
    try:
        for number, life in enumerate(found, start=1):
            lives[life.promise].append(life)
            lowest = min(month.lowest_ppb for month in life.months) / 10**9
            _tell(f"{number} of {total} lives: seed {life.seed}, {life.promise.name}, at least {lowest:.2f}")
    except KeyboardInterrupt:
        status = INTERRUPTED
    finally:
        found.close()
    done = min(map(len, lives.values()))
    if not done:
        return status
    lives = {promise: each[:done] for promise, each in lives.items()}
    rows = [row_of(promise, each) for promise, each in lives.items()]
    with expected(OSError):
        chart.write_text(svg_of(lives), encoding="utf-8")
    figures = {
        "seeds": done,
        "first_seed": first_seed,
        "months": MONTHS,
        "promises": [row.figures for row in rows],
        "chart": str(chart),
        "cpu_seconds": round(sum(life.cpu_seconds for each in lives.values() for life in each), 1),
    }
    _report(figures, {row.promise.name: row.promise.title for row in rows}, json)
    if status:
        return status
    return REFUSED if any(row.months_below_1_worst for row in rows if row.promise.is_ours) else 0


def _report(figures: dict[str, Any], titles: dict[str, str], json: bool) -> None:
    if json:
        print_json(figures)
        return
    rows = [("", "lowest coverage, 5 %", "months below 1", "worst seed", "dollars a year", "standard, times")]
    rows += [
        (
            titles[each["name"]],
            f"{each['lowest_coverage_5_percent']:.2f}",
            f"{each['months_below_1']:g} of {figures['months']}",
            f"{each['months_below_1_worst']}",
            f"{each['dollars_a_year_percent']:+.1f} %",
            f"{each['standard_times']:.2f}",
        )
        for each in figures["promises"]
    ]
    for line in columns(rows):
        say(line)
    say()
    say(f"{figures['seeds']} seeds, {figures['cpu_seconds']:,} s of CPU; chart: {figures['chart']}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
