"""The measure of a class: its figures follow from one another, and stay within what a transaction holds."""

from __future__ import annotations

import json

import pytest

from node.provider.challenge import Work
from node.provider.measure import Plan, measure, opening_bytes, rounds_possible, size_wanted
from pallets.attestation.probe import COUNT_MAX, ROUNDS_MAX, Task
from pallets.attestation.types import Leaf
from runtime.scale import codec_of
from runtime.types.limits import BLOCK_LENGTH
from support.cli import ballast, refusal

PLAN = Plan(size=64, positions=4, window_seconds=0.05, seconds=0)


def test_figures_follow_from_what_was_measured() -> None:
    told: list[str] = []
    figures = measure(PLAN, told.append)
    assert told[0] == "warming up"
    assert figures["runs"] == 3
    assert 1 <= figures["rounds"] <= figures["roundsPossible"] == ROUNDS_MAX
    assert figures["rounds"] == max(1, min(figures["roundsWanted"], ROUNDS_MAX))
    assert figures["margin"] <= 1 - figures["windowShare"] + 1e-3
    per_second = figures["rounds"] * 64**3 / (figures["windowShare"] * PLAN.window_seconds)
    assert figures["workPerHour"] == pytest.approx(3_600 * per_second, rel=0.02)
    assert figures["workPerHour"] <= 3_601 * 64**3 * figures["productsPerSecond"]
    assert figures["openingBytes"] == opening_bytes(64, 4, figures["rounds"])


def test_rounds_fill_the_same_part_of_a_longer_window() -> None:
    figures = [
        measure(Plan(size=32, positions=4, window_seconds=each, seconds=0), lambda text: None)
        for each in (1e-6, 3_600)
    ]
    assert [each["rounds"] for each in figures] == [1, ROUNDS_MAX]
    assert figures[0]["margin"] < 0 <= figures[1]["margin"]
    assert size_wanted(figures[0]) is None
    wanted = size_wanted(figures[1])
    assert wanted is not None
    assert wanted > 32
    assert wanted % 64 == 0


@pytest.mark.parametrize(("size", "positions", "rounds"), [(12, 4, 3), (64, 16, 5), (5, 16, 1)])
def test_an_opening_is_as_long_as_it_says(size: int, positions: int, rounds: int) -> None:
    openings = Work(Task(bytes(32), size, rounds)).answer(bytes(32), positions)
    leaves = [Leaf(e.round, e.position, e.inputs, e.outputs, e.path) for e in openings]
    encoded = sum(len(codec_of(Leaf).encode(leaf)) for leaf in leaves)
    bound = opening_bytes(size, positions, rounds)
    assert encoded <= bound <= encoded + 16 * len(leaves)


def test_no_class_has_more_rounds_than_its_opening_can_hold() -> None:
    assert rounds_possible(512, 16) == ROUNDS_MAX
    assert rounds_possible(512, COUNT_MAX) == 1
    limit = BLOCK_LENGTH.max.normal
    rounds = rounds_possible(1_024, 16)
    assert opening_bytes(1_024, 16, rounds) <= limit < opening_bytes(1_024, 16, rounds + 1)


def test_the_command_says_the_same_to_people_and_to_programs() -> None:
    options = ("provider", "bench", "--size", "32", "--seconds", "0", "--window", "10")
    figures = json.loads(ballast(*options, "--json").out)
    assert (figures["size"], figures["windowSeconds"], figures["rounds"]) == (32, 10.0, ROUNDS_MAX)
    said = ballast(*options).out
    assert "rounds R" in said
    assert refusal("provider", "bench", "--size", "0", status=2) == "--size 0 is outside [1, 8192]"
    assert f"R is held to {ROUNDS_MAX} by what an opening may hold" in said
