"""Tier two: seeds of whole nodes on machines that fail; the same seed is the same run, to the byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from node.simulation.nodes import clockwork
from node.simulation.nodes.life import open_chain
from node.simulation.nodes.line import on_the_line
from node.simulation.nodes.logs import heard_by
from node.simulation.nodes.plan import VILLAINS, Break, Change, End, draw
from node.simulation.nodes.run import Run, simulate
from node.simulation.nodes.villains import VILLAINS as KINDS
from node.simulation.outcome import Outcome
from node.simulation.runner import Summary, replay, run_seeds
from runtime.api.simplex import committee_after

SECONDS = 60
JOBS = 2
SHARE = 20
"""For so many seeds of tier one there is one of tier two."""
ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="module")
def summary(request: pytest.FixtureRequest) -> Summary:
    seeds: int = request.config.getoption("--vopr-seeds")
    return run_seeds(2, range(max(1, seeds // SHARE)), SECONDS, jobs=JOBS)


def test_every_seed_is_safe_and_alive(summary: Summary) -> None:
    found = [
        f"{each.checker} at {each.at_ms} ms: {each.facts}; {replay(2, outcome.seed, SECONDS)}"
        for outcome in summary.failed
        for each in (*outcome.safety, *outcome.liveness)
    ]
    assert found == []


def test_the_seeds_make_blocks(summary: Summary) -> None:
    assert summary.sim_seconds == summary.seeds * SECONDS
    assert summary.blocks > 40 * summary.seeds


def test_the_seeds_hold_what_they_should() -> None:
    """All villains, all ends of a life, all kinds of partitions and of changes are among them."""
    plans = [draw(seed, SECONDS) for seed in range(200)]
    assert set(VILLAINS) == set(KINDS)
    assert {name for plan in plans for name in plan.villains.values()} == set(VILLAINS)
    assert {crash.end for plan in plans for crash in plan.crashes} == set(End)
    assert {each.how for plan in plans for each in plan.partitions} == set(Break)
    assert {change for plan in plans for _, _, change in plan.changes} == set(Change)
    assert {plan.size for plan in plans} == {4, 5, 6, 7}
    assert any(plan.slow for plan in plans)
    for plan in plans:
        honest = sorted(plan.bonds[place] for place in range(plan.size) if place not in plan.villains)
        assert len(honest) > 2
        least = sum(honest[:-1] if len(honest) > 3 else honest)
        villains = sum(plan.bonds[place] for place in plan.villains)
        assert 3 * villains < villains + least, "also when the largest bond stands aside"


@pytest.mark.parametrize(
    ("seed", "committee"),
    [(23, [1, 2, 3, 4]), (22, [0, 1, 2, 3])],
    ids=["one joins", "one leaves and is back"],
)
def test_committees_change_as_the_chain_says(seed: int, committee: list[int]) -> None:
    """The equivocator is convicted, pays, and is elected no more; the others are those who want to."""
    plan, outcome = draw(seed, SECONDS), Outcome(seed, SECONDS)
    run = Run(plan, outcome)
    with on_the_line(), heard_by(run.trace):
        clockwork.run(seed, run.main)
        follower = run.checkers.machines[-1]
        follower.begin_life()
        chain = open_chain(follower)
        found = committee_after(chain.runtime, chain.finalized.state)
    assert outcome.is_good
    assert found is not None
    accounts = {machine.secrets.account.public: machine.place for machine in run.checkers.machines}
    assert sorted(accounts[each.account] for each in found.validators) == committee
    (villain,) = plan.villains
    assert [accounts[each] for each in run.checkers.convicted] == [villain]
    assert [accounts[each] for each in run.checkers.slashed] == [villain]
    assert all(machine.lives > 2 for machine in run.checkers.honest)


@pytest.mark.parametrize("seed", [3, 4])
def test_whether_somebody_looks_does_not_matter(seed: int) -> None:
    lines: list[str] = []
    shown = simulate(seed, 20, show=lines.append)
    unseen = simulate(seed, 20)
    assert (shown.trace_hash, shown.blocks, shown.messages) == (
        unseen.trace_hash,
        unseen.blocks,
        unseen.messages,
    )
    assert any(line.endswith("starts, block 0") for line in lines)
    assert any("final: block 1," in line for line in lines)


def test_time_that_stands_still_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clockwork, "READINGS_MAX", 100)
    outcome = simulate(3, 20)
    assert [each.checker for each in outcome.liveness] == ["Livelock"]


def test_seeds_differ() -> None:
    assert simulate(3, 20).trace_hash != simulate(4, 20).trace_hash


def test_hash_seeds_and_processes_do_not_matter() -> None:
    code = "from node.simulation.runner import run_seeds; print(run_seeds(2, range(2), 20).trace_hash)"
    hashes = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert hashes[0] == hashes[1]
