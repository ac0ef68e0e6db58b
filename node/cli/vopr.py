"""`ballast vopr`: simulates networks that fail, and says which seed breaks what."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from node.cli.faults import REFUSED, Fault, expected
from node.cli.output import Json, columns, is_list, print_json, say
from node.simulation.outcome import Outcome
from node.simulation.runner import ResumeError, Summary, replay, run_seeds
from node.simulation.tiers import UnknownTier, simulate_of

app = App(
    name="vopr",
    help="Simulate networks that fail; every seed replays exactly.",
    help_format="plaintext",
    help_epilogue="""A seed that fails prints its number, the checker and the command that shows it
again. Status 1: something was found.

Examples:
  ballast vopr --seeds 200 --jobs 2              the agreement, as in CI
  ballast vopr --tier 2 --seeds 10 --seconds 60  whole nodes, as in CI
  ballast vopr --first-seed 17 --seeds 1 --trace
  ballast vopr --seeds 24000 --jobs 2 --resume found.jsonl   in parts
  ballast vopr --mutants""",
)

SEEDS_MAX: Final = 10_000_000
SECONDS_MIN: Final = 4
SECONDS_MAX: Final = 86_400
JOBS_MAX: Final = 256
SHOWN_MAX: Final = 3
"""Violations shown of one seed: the first say most."""


@app.default
def vopr(
    *,
    tier: Annotated[int, Parameter(help="What is simulated: 1, the agreement alone; 2, whole nodes.")] = 1,
    seeds: Annotated[int, Parameter(help="How many seeds.")] = 20,
    first_seed: Annotated[int, Parameter(help="The first of them.")] = 0,
    seconds: Annotated[
        int, Parameter(help="Simulated seconds a seed: faults for the first half, then all is mended.")
    ] = 300,
    jobs: Annotated[int, Parameter(help="Processes. What is found does not depend on it.")] = 1,
    resume: Annotated[
        Path | None, Parameter(help="Keep finished seeds in this file, and do not run those it has.")
    ] = None,
    trace: Annotated[
        bool, Parameter(negative="", show_default=False, help="Show what happens, for one seed.")
    ] = False,
    mutants: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Break one rule at a time, and see whether the simulation sees it.",
        ),
    ] = False,
    json: Json = False,
) -> int:
    """Run validators, villains among them, on a network and on disks that fail,
    under virtual time.

    Safety is checked at each step: no two final blocks at one height, no vote
    against another, nothing lost at a restart. Liveness is checked once all is
    mended: ten blocks a minute at every honest validator.
    """
    if mutants:
        return _hunt(json)
    _check("--seeds", seeds, 1, SEEDS_MAX)
    _check("--first-seed", first_seed, 0, SEEDS_MAX)
    _check("--seconds", seconds, SECONDS_MIN, SECONDS_MAX)
    _check("--jobs", jobs, 1, JOBS_MAX)
    with expected(UnknownTier, ResumeError, OSError):
        if trace:
            summary = _traced(tier, seeds, first_seed, seconds)
        else:
            wanted = range(first_seed, first_seed + seeds)
            summary = run_seeds(tier, wanted, seconds, jobs=jobs, resume=resume, progress=_progress(seeds))
    _report(summary, seconds, json)
    return REFUSED if summary.failed else 0


def _traced(tier: int, seeds: int, seed: int, seconds: int) -> Summary:
    """Run one seed and show what happens."""
    if seeds != 1:
        raise Fault("--trace shows one seed: add --seeds 1")
    summary = Summary(tier)
    summary.add(simulate_of(tier)(seed, seconds, show=_tell))
    return summary


def _report(summary: Summary, seconds: int, json: bool) -> None:
    for outcome in summary.failed:
        _show(summary.tier, outcome, seconds)
    figures = {
        "tier": summary.tier,
        "seeds": summary.seeds,
        "sim_seconds": summary.sim_seconds,
        "blocks": summary.blocks,
        "safety_violations": summary.safety_violations,
        "liveness_failures": summary.liveness_failures,
        "cpu_seconds": round(summary.cpu_seconds, 1),
        "trace_hash": summary.trace_hash,
    }
    _print(figures, json, _FIGURES)


def _show(tier: int, outcome: Outcome, seconds: int) -> None:
    """One failing seed, on standard error."""
    found = [*outcome.safety, *outcome.liveness]
    for each in found[:SHOWN_MAX]:
        _tell(f"seed {outcome.seed}: {each.checker} at {each.at_ms / 1_000:.3f} s: {each.facts}")
    if len(found) > SHOWN_MAX:
        _tell(f"seed {outcome.seed}: and {len(found) - SHOWN_MAX} more")
    _tell(f"seed {outcome.seed}: see it again with `{replay(tier, outcome.seed, seconds)}`")


def _hunt(json: bool) -> int:
    """Run each mutant where it is known to die."""
    from node.simulation.hunt import is_caught, load
    from node.simulation.mutants import MUTANTS

    kept = load()
    survivors: list[str] = []
    for place, name in enumerate(MUTANTS, start=1):
        if name not in kept or not is_caught(name, kept[name]):
            survivors.append(name)
            _tell(f"{name} lives: {MUTANTS[name].sentence}")
        elif place % 10 == 0:
            _tell(f"{place} of {len(MUTANTS)} mutants")
    figures = {
        "mutants": len(MUTANTS),
        "caught": len(MUTANTS) - len(survivors),
        "survivors": survivors,
    }
    _print(figures, json, _MUTANTS)
    return REFUSED if survivors else 0


_FIGURES: Final = {
    "tier": "tier",
    "seeds": "seeds",
    "sim_seconds": "simulated seconds",
    "blocks": "final blocks",
    "safety_violations": "violations of safety",
    "liveness_failures": "failures of liveness",
    "cpu_seconds": "CPU seconds",
    "trace_hash": "hash of all traces",
}
_MUTANTS: Final = {"mutants": "mutants", "caught": "caught", "survivors": "survivors"}


def _print(figures: dict[str, Any], json: bool, names: dict[str, str]) -> None:
    if json:
        print_json(figures)
        return
    for line in columns([(names[name], _words(value)) for name, value in figures.items()]):
        say(line)


def _words(value: object) -> str:
    if isinstance(value, int | float):
        return f"{value:,}"
    if is_list(value):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _progress(seeds: int) -> Callable[[Summary], None]:
    """Every so many seeds a line on standard error."""
    step = max(1, seeds // 20)

    def tell(summary: Summary) -> None:
        if summary.seeds % step == 0:
            _tell(f"{summary.seeds} of {seeds} seeds, {summary.blocks} blocks, {len(summary.failed)} failed")

    return tell


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Fault(f"{name} {value} is outside [{low}, {high}]")
