"""The hunt: which mutants the simulation catches, each on the seed or in the scenario kept for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from node.simulation.agreement import simulate
from node.simulation.mutants import MUTANTS
from node.simulation.outcome import Violation
from node.simulation.patches import Patch
from node.simulation.scenarios import SCENARIOS

SEEDS_FIRST: Final = 40
"""Seeds that are tried before the scenarios."""
FILE: Final = Path(__file__).with_name("mutants.json")


class Catch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a mutant dies, and which checker saw it first when that was found."""

    checker: str
    seed: int | None = None
    seconds: int | None = None
    scenario: str | None = None


def load(file: Path = FILE) -> dict[str, Catch]:
    """What is kept of each mutant."""
    return msgspec.json.decode(file.read_bytes(), type=dict[str, Catch])


def save(catches: dict[str, Catch], file: Path = FILE) -> None:
    """Keep it, in the mutants' order."""
    ordered = {name: catches[name] for name in MUTANTS if name in catches}
    file.write_bytes(msgspec.json.format(msgspec.json.encode(ordered), indent=2) + b"\n")


def is_caught(name: str, catch: Catch) -> bool:
    """Whether a mutant dies where it should, of whatever checker."""
    return bool(_violations(name, catch))


def catch(name: str, seeds: Iterable[int], seconds: int) -> Catch | None:
    """Where a mutant dies first: in one of some seeds, in a scenario, in another seed. None when it lives."""
    for each in _places(seeds, seconds):
        found = _violations(name, each)
        if found:
            return msgspec.structs.replace(each, checker=found[0].checker)
    return None


def _places(seeds: Iterable[int], seconds: int) -> Iterator[Catch]:
    left = iter(seeds)
    for seed in islice(left, SEEDS_FIRST):
        yield Catch("", seed=seed, seconds=seconds)
    for scenario in SCENARIOS:
        yield Catch("", scenario=scenario)
    for seed in left:
        yield Catch("", seed=seed, seconds=seconds)


def _violations(name: str, where: Catch) -> list[Violation]:
    with Patch() as patch:
        MUTANTS[name].apply(patch)
        try:
            if where.scenario is not None:
                return SCENARIOS[where.scenario]()
            if where.seed is None or where.seconds is None:
                return []
            outcome = simulate(where.seed, where.seconds)
        except Exception:  # noqa: BLE001 - a mutant may fail in any way: that is no catch
            return []
        return [*outcome.safety, *outcome.liveness]
