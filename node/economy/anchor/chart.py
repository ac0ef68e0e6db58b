"""The chart: coverage, and what a coin buys in dollars, over the months; the median seed as a line, all seeds
as a band. One SVG document that needs nothing else.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from node.economy.anchor.life import VANISHES, Life, Month
from node.economy.anchor.promises import Promise
from runtime.types.fixed import PPB

WIDTH: Final = 860
PANEL: Final = 250
LEFT, RIGHT, TOP, BETWEEN, BOTTOM = 48, 190, 64, 62, 40
HEIGHT: Final = TOP + 2 * PANEL + BETWEEN + BOTTOM
COLORS: Final = {"gated": "#0072b2", "gated_idle": "#56b4e9", "fixed": "#7f7f7f", "literal": "#d55e00"}
"""Told apart by the colour-blind too."""
STEP: Final = 0.25
"""Between two lines of the grid."""
LABEL_GAP: Final = 15
YEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the two drawings."""

    title: str
    top: int
    months: int
    most: float
    """The largest value that it shows; the least is zero."""

    def x(self, month: float) -> float:
        """Where a month stands."""
        return LEFT + (WIDTH - LEFT - RIGHT) * month / max(1, self.months)

    def y(self, value: float) -> float:
        """Where a value stands."""
        return self.top + PANEL * (1 - min(value, self.most) / self.most)


def svg_of(lives: dict[Promise, list[Life]]) -> str:
    """The whole chart; every promise has the same seeds."""
    seeds = len(next(iter(lives.values())))
    months = min(len(life.months) for each in lives.values() for life in each)
    if seeds == 1:
        told = "One seed."
    else:
        told = f"The median of {seeds} seeds, and all of them as a band."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(LEFT, 26, "Three promises in the same market", size=17, weight="bold"),
        _text(
            LEFT,
            45,
            f"{told} Compute halves in price in 2.3 years; with month {VANISHES} the largest issuer is gone.",
            size=12,
        ),
    ]
    for number, (title, figure) in enumerate(_PANELS):
        top = TOP + number * (PANEL + BETWEEN) + 18
        series = {promise: _series(each, months, figure) for promise, each in lives.items()}
        most = max(max(high) for _, _, high in series.values())
        panel = Panel(title, top, months, STEP * (int(most / STEP) + 1))
        parts += _axes(panel)
        for promise, (low, middle, high) in series.items():
            parts += _drawn(panel, COLORS[promise.name], low, middle, high)
        parts += _labels(panel, {promise: middle for promise, (_, middle, _) in series.items()})
    return "\n".join([*parts, "</svg>", ""])


Figure = Callable[[Month], float]
_PANELS: Final[tuple[tuple[str, Figure], ...]] = (
    ("Coverage: the lowest E / S of each month", lambda month: month.lowest_ppb / PPB),
    ("What a coin buys, in dollars; on the first day 1", lambda month: month.dollars_ppb / PPB),
)


def _series(
    lives: Sequence[Life], months: int, figure: Figure
) -> tuple[list[float], list[float], list[float]]:
    """The least, the median and the greatest of all seeds, month by month."""
    by_month = [[figure(life.months[month]) for life in lives] for month in range(months)]
    return (
        [min(each) for each in by_month],
        [statistics.median(each) for each in by_month],
        [max(each) for each in by_month],
    )


def _axes(panel: Panel) -> list[str]:
    """The title, the grid with its figures, the line of 1, and the month in which the largest is gone."""
    parts = [_text(LEFT, panel.top - 10, panel.title, size=13, weight="bold")]
    end = WIDTH - RIGHT
    for number in range(round(panel.most / STEP) + 1):
        value = number * STEP
        is_one = value == 1
        stroke = 'stroke="#333" stroke-width="1.2"' if is_one else 'stroke="#e3e3e3"'
        parts.append(
            f'<line x1="{LEFT}" x2="{end}" y1="{panel.y(value):.1f}" y2="{panel.y(value):.1f}" {stroke}/>'
        )
        parts.append(_text(LEFT - 8, panel.y(value) + 4, f"{value:g}", size=11, anchor="end"))
    below = panel.top + PANEL + 17
    parts += [
        _text(panel.x(month), below, f"{month}" if month else "month 0", size=11, anchor="middle")
        for month in range(0, panel.months + 1, YEAR)
    ]
    if panel.months >= VANISHES:
        x = panel.x(VANISHES - 1)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{panel.top}" y2="{panel.top + PANEL}" stroke="#999" '
            'stroke-dasharray="3 3"/>'
        )
    return parts


def _drawn(
    panel: Panel, color: str, low: Sequence[float], middle: Sequence[float], high: Sequence[float]
) -> list[str]:
    def points(values: Sequence[float]) -> list[str]:
        return [f"{panel.x(month):.1f},{panel.y(value):.1f}" for month, value in enumerate(values, start=1)]

    band = " ".join([*points(high), *reversed(points(low))])
    line = " ".join(points(middle))
    return [
        f'<polygon points="{band}" fill="{color}" fill-opacity="0.16"/>',
        f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2" stroke-linejoin="round"/>',
    ]


def _labels(panel: Panel, middles: dict[Promise, list[float]]) -> list[str]:
    """Each line's name at its end, none over another."""
    parts: list[str] = []
    free = panel.top + 4.0
    for promise, middle in sorted(middles.items(), key=lambda each: -each[1][-1]):
        y = max(free, panel.y(middle[-1]) + 4)
        free = y + LABEL_GAP
        parts.append(_text(WIDTH - RIGHT + 8, y, promise.title, size=12, fill=COLORS[promise.name]))
    return parts


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int,
    weight: str = "normal",
    anchor: str = "start",
    fill: str = "#333",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-family="Helvetica, Arial, sans-serif" font-size="{size}" '
        f'font-weight="{weight}" text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )
