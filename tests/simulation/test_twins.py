"""Twins: four validators, one of them twice, every way of parting them in the first views."""

from __future__ import annotations

import pytest

from node.simulation.mutants import MUTANTS
from node.simulation.patches import Patch
from node.simulation.twins import SIZE, SPLITS, run, scenarios

STEP = 5
"""Of the rows of three views each fifth is run; of two, all."""
BROKEN = ("quorum of two thirds", "finalize after nullify", "two notarizations a view")


def test_all_partitions_of_two_views() -> None:
    every = list(scenarios(2))
    assert len(every) == SIZE * len(SPLITS) ** 2
    assert [each for each in every if run(*each)] == []


def test_partitions_of_three_views() -> None:
    every = list(scenarios(3))[::STEP]
    assert {place for place, _ in every} == set(range(SIZE))
    assert [each for each in every if run(*each)] == []


@pytest.mark.parametrize("name", BROKEN)
def test_twins_see_what_is_broken(name: str) -> None:
    with Patch() as patch:
        MUTANTS[name].apply(patch)
        found = next((found for each in scenarios(2) if (found := run(*each))), None)
    assert found, "no partition of two views shows it"
