"""`ballast simulate anchor`: what its chains keep and its foils do not, and what it says of them."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest

from node.economy.anchor import life as lives
from node.economy.anchor.chains import runtime_of
from node.economy.anchor.chart import svg_of
from node.economy.anchor.life import Life, Month, live
from node.economy.anchor.market import days_of
from node.economy.anchor.promises import FIXED, IDLE, LITERAL, OURS, Promise
from node.economy.anchor.runner import lives_of
from node.economy.anchor.table import row_of
from pallets.standards import Standards
from pallets.standards.types import Reason
from runtime.frame import hookimpl
from runtime.frame.coin import Mode
from runtime.frame.invalid import InvariantBroken
from runtime.types import BlockNumber, Weight, db
from runtime.types.fixed import PPB
from support.cli import ballast, refusal

SHORT = 4
"""Months."""


@pytest.fixture(scope="module", params=[OURS, FIXED, LITERAL], ids=lambda each: each.name)
def life(request: pytest.FixtureRequest) -> Life:
    """The first months of each promise in the same market; the whole sixty are lived through by hand."""
    return live(request.param, 7, months=SHORT)


def test_a_promise_moves_as_it_says(life: Life) -> None:
    moved = [month.work_ppb for month in life.months]
    market = days_of(Random("anchor market 7"), SHORT * 30)
    mainstream = market[-1].progress_ppb
    assert moved == sorted(moved)
    if life.promise is FIXED:
        assert set(moved) == {PPB}
    elif life.promise is OURS:
        assert PPB < moved[-1] <= PPB * 10_009 ** (SHORT * 30) // 10_000 ** (SHORT * 30)
    else:
        assert PPB < moved[-1] <= mainstream
        assert moved[-1] > mainstream * 98 // 100  # behind by half of the thirty days that are looked at


def test_coverage_falls_with_a_promise_that_nobody_buys_hardware_for() -> None:
    """Literal: W moves and nothing else does, so E / S is what it was by W_1 / W."""
    months = live(LITERAL, 7, months=SHORT).months
    fixed = live(FIXED, 7, months=SHORT).months
    assert months[-1].supply == fixed[-1].supply
    expected = fixed[-1].lowest_ppb * PPB // months[-1].work_ppb
    assert months[-1].lowest_ppb == pytest.approx(expected, rel=1e-3)


def test_the_same_seed_lives_the_same_life(life: Life) -> None:
    assert live(life.promise, 7, months=1).months == life.months[:1]


class Reckless(Standards):
    """Standards that leap, under the invariants of all chains."""

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        _, work = self.standard_now()
        self._enact(2 * work, Reason.Step, self.issuers.effective_under(2 * work))
        return db()


def test_what_a_foil_does_is_refused_where_i11_is_on() -> None:
    with pytest.raises(InvariantBroken, match="I11"):
        live(Promise(name="reckless", title="", standards=Reckless), 7, months=1)


def test_only_the_foils_have_substitutes() -> None:
    for promise in (OURS, IDLE):
        assert promise.is_ours
        runtime = runtime_of(promise)
        assert type(runtime.pallets["Standards"]).__module__ == "pallets.standards.pallet"
        assert type(runtime.pallets["Providers"]).__module__ == "pallets.providers.pallet"
    for promise in (FIXED, LITERAL):
        assert not promise.is_ours
        others = [
            name
            for name, pallet in runtime_of(promise).pallets.items()
            if not type(pallet).__module__.startswith("pallets.")
        ]
        assert others == ["Standards", "Providers"]


# The market.


def test_costs_halve_and_the_mainstream_grows_as_said() -> None:
    years = [days_of(Random(seed), 1_826) for seed in range(40)]
    halvings = sorted(each[0].cost / each[-1].cost for each in years)
    assert halvings[20] == pytest.approx(2 ** (5 / 2.3), rel=0.15)
    growth = [each[-1].progress_ppb / PPB for each in years]
    assert min(growth) > 1.31**5 * 0.95 and max(growth) < 1.31**5 * 1.05
    assert all(
        late.progress_ppb > early.progress_ppb for early, late in zip(years[0], years[0][1:], strict=False)
    )


# The table and the chart.


def told(promise: Promise, lowest: list[float], dollars: list[float]) -> Life:
    months = [
        Month(round(low * PPB), round(price * PPB), PPB, 1, Mode.Green)
        for low, price in zip(lowest, dollars, strict=True)
    ]
    return Life(promise, 0, months)


def test_the_figures_of_a_row() -> None:
    flat = [1.0] * 12
    a = told(OURS, [1.2] * 58 + [0.9, 0.99], [*flat, *flat, *flat, *flat, *[0.5] * 12])
    b = told(OURS, [1.1] * 60, [1.0] * 60)
    c = told(OURS, [1.0] * 60, [1.0] * 60)
    row = row_of(OURS, [a, b, c])
    assert row.lowest_coverage == 0.9
    assert (row.months_below_1, row.months_below_1_worst) == (0, 2)
    assert row.dollars_a_year == 0
    assert row_of(OURS, [a]).dollars_a_year == pytest.approx(0.5 ** (365 / 1_440) - 1)
    many = [told(OURS, [low / 100] * 2, [1.0] * 2) for low in range(100, 140)]
    assert row_of(OURS, many).lowest_coverage == 1.02


def test_the_chart_is_a_drawing_with_a_line_and_a_name_for_each_promise() -> None:
    lives_ = {
        OURS: [told(OURS, [1.2, 1.3], [1, 1]), told(OURS, [1.1, 1.2], [1, 1])],
        LITERAL: [told(LITERAL, [0.4, 0.5], [1, 1])] * 2,
    }
    root = ElementTree.fromstring(svg_of(lives_))
    namespace = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{namespace}polyline")) == 4
    texts = [each.text for each in root.iter(f"{namespace}text")]
    assert texts.count(OURS.title) == texts.count(LITERAL.title) == 2


# The command.


def test_a_chart_without_a_place_is_refused_at_once(tmp_path: Path) -> None:
    place = tmp_path / "nowhere" / "anchor.svg"
    told = refusal("simulate", "anchor", "--chart", str(place), status=2)
    assert told == f"{place.parent} is no folder: the chart has no place"


@pytest.mark.parametrize("seeds", ["0", "10001"])
def test_so_many_seeds_are_refused(seeds: str) -> None:
    assert "--seeds" in refusal("simulate", "anchor", "--seeds", seeds, status=2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_command_says_its_figures_and_draws_its_chart(
    jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lives are short here: the figures are those of two months."""
    monkeypatch.setattr(lives, "MONTHS", 2)
    chart = tmp_path / "anchor.svg"
    ended = ballast(
        "simulate", "anchor", "--seeds", "1", "--jobs", str(jobs), "--chart", str(chart), "--json"
    )
    figures = json.loads(ended.out)
    assert ended.status == 0
    assert (figures["seeds"], figures["months"], figures["chart"]) == (1, 2, str(chart))
    assert [each["name"] for each in figures["promises"]] == ["gated", "fixed", "literal"]
    assert all(each["months_below_1"] == 0 for each in figures["promises"])
    assert ended.err.splitlines()[-1].startswith("3 of 3 lives: seed 0, literal, at least 1.")
    assert ElementTree.parse(chart).getroot().tag.endswith("svg")


def test_processes_change_nothing() -> None:
    alone, together = (list(lives_of((OURS, FIXED), range(2), 1, jobs=jobs)) for jobs in (1, 2))
    assert alone == together
    assert [(life.promise, life.seed) for life in alone] == [(OURS, 0), (FIXED, 0), (OURS, 1), (FIXED, 1)]


def test_who_stops_looking_ends_the_processes() -> None:
    found = lives_of((OURS,), range(3), 1, jobs=2)
    next(found)
    found.close()
    assert not multiprocessing.active_children()
