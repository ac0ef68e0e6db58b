"""What a look forecasts is what enactment then does, to the last unit, in economies that live."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from governance.whatif import Figure, Look, effect_of, enact, look, weight_of
from governance.whatif import types as t
from node.economy.cast import LARGE_CLASS, PROVIDERS, SMALL_CLASS
from node.economy.episode import Episode
from node.economy.habits import HABITS
from node.economy.themes import THEMES, Theme
from node.economy.world import World
from pallets.standards.types import ClassWork
from pallets.system import System
from pallets.utility import Utility
from runtime.frame import Root
from runtime.frame.coin import Tier
from runtime.frame.host import Call

PROPOSALS = ("Standards.splice", "Standards.set_floors", "System.set_storage", "Providers.set_tier")
"""What root does in an economy that moves a figure."""
ROUNDS = 40
ACTS_BETWEEN = 12
DAYS_BETWEEN = 2


def moved(found: Look) -> set[Figure]:
    """The figures that a change moves."""
    effect = effect_of(found)
    assert effect is not None
    return {figure for figure in Figure if getattr(effect, figure.name.lower())}


def assert_was_forecast(world: World, forecast: Look) -> None:
    """The block that was sealed last says of itself what was said of it before."""
    figures, after = world.solvency.coverage, forecast.after
    assert (figures.supply, figures.effective, figures.ratio_ppb) == (
        after.supply,
        after.effective,
        after.coverage_ppb,
    )
    assert (figures.margin, figures.wait_hours, figures.mode) == (after.margin, after.wait_hours, after.mode)


def proposal_of(world: World) -> Call:
    """Another measure of work, by which large units do less; two operators that were one all along; a higher
    kappa.
    """
    works = [world.standards.classes[number].work_per_hour for number in (SMALL_CLASS, LARGE_CLASS)]
    kappa = world.issuance.__dict__["kappa_ppb"]
    return world.chain[Utility].batch_all.call(
        (
            world.standards.splice.call(
                (ClassWork(SMALL_CLASS, works[0] * 101 // 100), ClassWork(LARGE_CLASS, works[1]))
            ),
            world.providers.set_tier.call(PROVIDERS[8], Tier.Accountable, 19),
            world.chain[System].set_storage.call(((kappa.key, (1_300_000_000).to_bytes(8, "little")),)),
        )
    )


def test_a_proposal_that_moves_four_figures_does_what_was_seen_a_week_before() -> None:
    """Looked at, recorded, enacted within the band a week later; and what was seen at the enactment is what
    the header then says.
    """
    world = World(6, Random(0))
    host, judge = world.chain.runtime.host, world.solvency
    call = proposal_of(world)
    early = look(host, judge, call, Root())
    assert early.refusal is None
    assert moved(early) >= {Figure.Effective, Figure.Coverage, Figure.Margin, Figure.Headroom}
    world.chain.pass_blocks(28)
    forecast = look(host, judge, call, Root())
    assert enact(host, judge, call, Root(), effect_of(early)) == forecast
    assert forecast.refusal is None
    world.chain.seal()
    assert_was_forecast(world, forecast)
    world.chain.try_state()


@pytest.mark.parametrize("theme", THEMES[1:4], ids=lambda theme: theme.name)
def test_every_forecast_in_an_economy_that_lives_comes_true(theme: Theme) -> None:
    """Root does whatever it likes here, by a key that asks nobody: so what the rule would refuse happens too,
    and must be what the look said of it.
    """
    seen = live(theme)
    assert seen["moved three"] >= 3, seen
    assert seen["enacted"] >= 10, seen
    assert seen["refused by the rule"] >= 1, seen


def live(theme: Theme) -> Counter[str]:
    """An economy in which root proposes something after every few acts; what was seen."""
    episode = Episode(theme, f"what-if: {theme.name}")
    world, seen = episode.world, Counter[str]()
    host, judge = world.chain.runtime.host, world.solvency
    for turn in range(ROUNDS):
        for _ in range(ACTS_BETWEEN):
            episode.act()
        call = None
        while call is None:
            act = HABITS[PROPOSALS[turn % len(PROPOSALS)]].make(world)
            call = None if act is None or act.who is not None else act.call
        if not weight_of(call).fits(world.chain.builder.weight_left):
            world.chain.seal()
        forecast = look(host, judge, call, Root())
        if isinstance(forecast.refusal, t.InvariantBroken):
            seen["broken"] += 1
            continue
        refusal = world.perform(None, call)
        assert (refusal is not None) == isinstance(forecast.refusal, t.CallRefused)
        world.chain.seal()
        assert_was_forecast(world, forecast)
        seen["enacted"] += refusal is None
        seen["refused by the rule"] += isinstance(forecast.refusal, (t.WorseMode, t.MadeDeficient))
        seen["moved three"] += refusal is None and len(moved(forecast)) >= 3
        for _ in range(DAYS_BETWEEN):
            episode.pass_block()
    world.chain.try_state()
    return seen
