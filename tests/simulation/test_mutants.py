"""Mutants: the machine with one rule broken each is caught, by a checker's name, where it is known to die."""

from __future__ import annotations

import pytest

from node.consensus.ballots import Ballots
from node.simulation.hunt import is_caught, load
from node.simulation.mutants import MUTANTS
from node.simulation.patches import Patch
from node.simulation.scenarios import SCENARIOS

MUTANTS_MIN = 30


@pytest.mark.parametrize("name", MUTANTS)
def test_no_mutant_lives(name: str) -> None:
    """After a change of the machine one may die elsewhere: `tests/simulation/keep.py` looks where."""
    kept = load()
    assert name in kept, "where it dies is not known"
    assert is_caught(name, kept[name]), MUTANTS[name].sentence


def test_all_are_known_and_none_is_left_over() -> None:
    assert len(MUTANTS) >= MUTANTS_MIN
    assert list(load()) == list(MUTANTS)
    for catch in load().values():
        assert (catch.scenario is None) == (catch.seed is not None)
        assert catch.scenario is None or catch.scenario in SCENARIOS


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_leaves_the_machine_whole(name: str) -> None:
    whole = vars(Ballots).copy()
    with Patch() as patch:
        MUTANTS[name].apply(patch)
    assert vars(Ballots) == whole
