"""The simulation of economies: it finds what is planted, reaches everything, and is the same for a seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from node.cli.main import run as command
from node.economy.cast import EVERYBODY
from node.economy.chain import coin_runtime
from node.economy.episode import Episode, Outcome
from node.economy.habits import HABITS
from node.economy.habits.root import parameters
from node.economy.harness import episode_of, simulate
from node.economy.register import calls_of
from node.economy.themes import THEMES
from pallets.ledger import Ledger
from pallets.providers import Providers
from pallets.redemption import Redemption
from pallets.rewards import Rewards
from pallets.slashing import Slashing
from runtime.frame.parameter import Parameter

FEW = 150
ACTORS_MIN = 50


def test_every_call_of_the_coin_has_a_habit() -> None:
    calls = set(calls_of(coin_runtime(1)))
    assert calls - set(HABITS) == set()
    assert set(HABITS) - calls == {"System.set_storage"}


def test_there_are_fifty_people_and_nobody_twice() -> None:
    assert len(set(EVERYBODY)) == len(EVERYBODY) >= ACTORS_MIN


def test_every_parameter_of_the_coin_is_moved() -> None:
    world = Episode(THEMES[0], "parameters").world
    declared = {
        f"{name}.{attribute}"
        for name, pallet in world.chain.runtime.pallets.items()
        for kind in type(pallet).__mro__
        for attribute, value in vars(kind).items()
        if isinstance(value, Parameter)
    }
    assert {name for name, _, _ in parameters(world)} == declared
    assert len(declared) > 10


def test_a_seed_replays_exactly() -> None:
    first, second = (episode_of(0, 7).run(FEW) for _ in range(2))
    assert first == second
    assert first != episode_of(0, 8).run(FEW)


def test_twenty_thousand_acts_break_nothing_and_reach_everything() -> None:
    """The long form is for hands: `ballast simulate economy --actions 1000000`."""
    summary = simulate(20_000, 1)
    for number, outcome in summary.failed:
        print(number, outcome.theme, outcome.violations, outcome.stuck)
    print(json.dumps(summary.figures, indent=1))
    assert summary.wrong == []
    assert summary.actions == 20_000


def _nothing(pallet: Any, *args: Any, **kwargs: Any) -> None:
    """Nothing is done."""


PLANTED: dict[str, tuple[type[Any], str, Callable[..., Any], str]] = {
    "coins from nowhere": (
        Ledger,
        "issue",
        lambda self, issuer, to, amount: self.coin.mint_into(to, amount),
        "I1",
    ),
    "fees promised twice": (Rewards, "_release", _nothing, "I7"),
    "a wait that is not kept": (Providers, "debt_moved", _nothing, "I12"),
    "a slash that nobody gets": (Slashing, "_took", lambda self, who, amount: None, "I13"),
    "tickets nobody serves": (Redemption, "_match", lambda self: (0, 0), "stuck"),
}
"""A fault, where it is planted, and the name under which it is found."""


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    where, name, instead, found = PLANTED[fault]
    monkeypatch.setattr(where, name, instead)
    outcomes: list[Outcome] = []
    for number in range(len(THEMES)):
        outcomes.append(episode_of(number, 3).run(600))
        if outcomes[-1].violations or outcomes[-1].stuck:
            break
    last = outcomes[-1]
    names = [each.invariant for each in last.violations] + ["stuck"] * bool(last.stuck)
    assert names == [found], last


def test_the_command_tells_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    assert command(["simulate", "economy", "--actions", "60", "--seed", "5", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["actions"] == 60
    assert told["violations"] == told["stuck"] == 0
    assert told["modes_seen"] == ["Green"]
    assert told["succeeded"] > 12
    assert told["supply"] > 0 < told["coverage"]
    assert told["unreached"]


def test_a_violation_prints_the_command_that_shows_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Ledger, "issue", PLANTED["coins from nowhere"][2])
    assert command(["simulate", "economy", "--actions", "400", "--seed", "5", "--json"]) == 1
    output = capsys.readouterr()
    assert json.loads(output.out)["violations"] == 1
    assert "I1: I1 is broken" in output.err
    assert "`ballast simulate economy --seed 5 --first-episode 0 --actions" in output.err


def test_an_interrupted_run_tells_what_it_did(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    act = Episode.act

    def interrupted(episode: Episode) -> None:
        act(episode)
        if episode.outcome.actions == 50:
            raise KeyboardInterrupt

    monkeypatch.setattr(Episode, "act", interrupted)
    assert command(["simulate", "economy", "--actions", "500", "--json"]) == 130
    told = json.loads(capsys.readouterr().out)
    assert told["actions"] == 50
    assert told["succeeded"] > 10
