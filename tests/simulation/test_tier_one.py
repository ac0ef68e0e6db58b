"""Tier one: seeds of the agreement under faults and villains; the same seed is the same run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.simulation.agreement import Run, simulate
from node.simulation.outcome import Outcome
from node.simulation.plan import ENDLESS, GOOD, SLOW, VILLAINS, draw, key_of
from node.simulation.runner import Summary, replay, run_seeds
from node.simulation.scenarios import SCENARIOS, quiet_plan

SECONDS = 300
JOBS = 2


@pytest.fixture(scope="module")
def summary(request: pytest.FixtureRequest) -> Summary:
    seeds: int = request.config.getoption("--vopr-seeds")
    return run_seeds(1, range(seeds), SECONDS, jobs=JOBS)


def test_every_seed_is_safe_and_alive(summary: Summary) -> None:
    found = [
        f"{each.checker} at {each.at_ms} ms: {each.facts}; {replay(1, outcome.seed, SECONDS)}"
        for outcome in summary.failed
        for each in (*outcome.safety, *outcome.liveness)
    ]
    assert found == []
    assert (summary.safety_violations, summary.liveness_failures) == (0, 0)


def test_the_seeds_make_blocks(summary: Summary) -> None:
    """Ten a minute once all is mended are two dozen a seed; most make hundreds."""
    assert summary.sim_seconds == summary.seeds * SECONDS
    assert summary.blocks > 100 * summary.seeds


def test_the_seeds_hold_what_they_should() -> None:
    """All villains, all sizes, endless and short epochs, restarts and partitions are among them."""
    plans = [draw(seed, SECONDS) for seed in range(200)]
    assert {name for plan in plans for name in plan.villains.values()} == set(VILLAINS)
    assert {plan.size for plan in plans} == {4, 5, 6, 7, 8, 10}
    assert {5, 10, 20, 40, ENDLESS} == {plan.epoch_blocks for plan in plans}
    assert {plan.healed for plan in plans} == {GOOD, SLOW}
    assert any(plan.crashes for plan in plans) and any(plan.partitions for plan in plans)
    assert any(crash.is_writing for plan in plans for crash in plan.crashes)
    for plan in plans[:50]:
        for epoch in range(4):
            members = plan.committee(epoch).validators
            keys = {key_of(place) for place in plan.villains}
            villains = sum(each.weight for each in members if each.bls in keys)
            assert 3 * villains < sum(each.weight for each in members)


def test_the_same_seed_is_the_same_run() -> None:
    for seed in (3, 14):
        first, second = simulate(seed, 60), simulate(seed, 60)
        assert (first.trace_hash, first.blocks, first.messages) == (
            second.trace_hash,
            second.blocks,
            second.messages,
        )
    assert simulate(3, 60).trace_hash != simulate(14, 60).trace_hash


def test_hash_seeds_and_processes_do_not_matter() -> None:
    code = (
        "from node.simulation.runner import run_seeds; "
        "print(run_seeds(1, range(6), 40, jobs={jobs}).trace_hash)"
    )
    root = Path(__file__).resolve().parent.parent.parent
    hashes = [
        subprocess.run(
            [sys.executable, "-c", code.format(jobs=jobs)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed, jobs in (("1", 1), ("2", 1))
    ]
    assert hashes[0] == hashes[1]
    assert hashes[0].strip() == run_seeds(1, range(6), 40, jobs=2).trace_hash


def test_in_quiet_times_every_view_makes_a_block() -> None:
    outcome = Outcome(0, 60)
    run = Run(quiet_plan(4, 60), outcome)
    run.run()
    assert outcome.is_good
    core = run.world.hosts[0].machine.core
    assert core.view - 1 - outcome.blocks <= 1, "no view was skipped"
    assert outcome.blocks > 100


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_arranged_goes_well(name: str) -> None:
    assert SCENARIOS[name]() == []
