"""`ballast provider bench`: what this machine does of the probe, and how its class is to be sized."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Final

from cyclopts import Parameter

from genesis.seats import POSITIONS, PROBE_SIZE
from node.cli.faults import Fault
from node.cli.output import Json, columns, print_json, say
from node.provider.measure import FILL, Plan, measure, size_wanted
from pallets.attestation.probe import COUNT_MAX

SIZE_MAX: Final = 8_192
"""A product of this size needs 2 GB; the chain's own n is far below."""
WINDOW_SECONDS: Final = 60.0
"""Thirty blocks of two seconds."""
SECONDS_MAX: Final = 600.0

_NAMES: Final = {
    "size": "n",
    "productsPerSecond": "products a second, hashed",
    "workPerHour": "probe work an hour, byte multiply-adds",
    "coresBusy": "cores kept busy",
    "cores": "  of",
    "windowSeconds": "a window takes commitments for, s",
    "rounds": "rounds R",
    "windowShare": "  of the window they take",
    "margin": "  of it left where nine of ten are faster",
    "roundsWanted": f"  for {FILL:.0%} of it there would be",
    "openingBytes": "an opening, when drawn, bytes",
    "checkMs": "to check one round of it, ms of a node's core",
    "runs": "runs measured",
}


def bench(
    *,
    size: Annotated[int, Parameter(help="n of the chain's probe.")] = PROBE_SIZE,
    positions: Annotated[int, Parameter(help="q of the chain's probe.")] = POSITIONS,
    window: Annotated[
        float, Parameter(help="For how many seconds a window takes commitments.")
    ] = WINDOW_SECONDS,
    seconds: Annotated[float, Parameter(help="For how long it is measured.")] = 5.0,
    json: Json = False,
) -> None:
    """Measure the probe on this machine, and size a class of such units.

    It times what the agent does in a window, and nothing else: integer products
    through the machine's BLAS, and hashes. From it follow the work an hour that a
    class is rated with, and the rounds R with which such a unit needs 70 % of a
    window. Run it on an idle machine: what else runs is taken for the machine's
    own.
    """
    _check("--size", size, 1, SIZE_MAX)
    _check("--positions", positions, 1, min(size, COUNT_MAX))
    _check("--window", window, 0.001, 86_400)
    _check("--seconds", seconds, 0, SECONDS_MAX)
    plan = Plan(size=size, positions=positions, window_seconds=window, seconds=seconds)
    figures = measure(plan, lambda text: print(text, file=sys.stderr, flush=True))
    if json:
        print_json({**figures, "sizeWanted": size_wanted(figures)})
        return
    for line in columns([(words, _words(name, figures[name])) for name, words in _NAMES.items()]):
        say(line)
    better = size_wanted(figures)
    if better is not None:
        say(
            f"R is held to {figures['roundsPossible']} by what an opening may hold: a machine like this one "
            f"wants an n of about {better}, or shorter windows."
        )


def _words(name: str, value: Any) -> str:
    return f"{value:.1%}" if name in ("windowShare", "margin") else f"{value:,}"


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise Fault(f"{name} {value:g} is outside [{low:g}, {high:g}]")
