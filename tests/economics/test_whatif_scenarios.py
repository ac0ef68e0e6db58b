"""What-if for people: positions come true, scenarios show what they are about, the origin stays as it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import cache
from random import Random
from typing import cast

import pytest
import trio
from economics.test_whatif_forecast import proposal_of

from genesis.build import build_genesis
from genesis.coin import COIN
from genesis.presets.local import local
from governance.parameters import Parameters
from node.client import ChainClient, Client
from node.economy.cast import CONSUMERS, HOSTILE
from node.economy.run import HOLDERS
from node.economy.run import Run as EconomyRun
from node.economy.world import World
from node.gov.distant import over
from node.plugins import discover
from node.whatif import NoFork, Report, Scenario, UnknownScenario, what_if
from node.whatif.position import position_of
from pallets.redemption import types as r
from pallets.system import System
from runtime.crypto.derive import dev_public
from runtime.frame import Root, Signed
from runtime.frame.coin import Mode
from runtime.frame.host import Call
from runtime.loader import load
from runtime.state import MemoryStates, State
from runtime.types.account import Address
from support.coin import CoinChain
from support.distance import DistantNode

READER = CONSUMERS[0]
ACCOUNTS = 100_000
SECONDS_MAX = 2.0
KEYS_MAX = 1_000


@pytest.fixture(scope="module")
def world() -> World:
    """An economy of six-hour blocks, three of them old."""
    world = World(6, Random(0))
    world.chain.pass_blocks(3)
    return world


@pytest.fixture(scope="module")
def crowd() -> World:
    """One in which a hundred thousand people have accounts."""
    world = World(6, Random(0))
    chain = world.chain
    mark = chain.builder.overlay.open()
    for number in range(ACCOUNTS):
        world.balances.transfer(HOSTILE[0], b"crowd" + number.to_bytes(27, "big"), COIN // 100)
    chain.builder.overlay.keep(mark)
    chain.seal()
    return world


def asked(world: World, call: Call, scenario: str | None = None, *, seed: int = 0) -> Report:
    """A report over the last sealed block; nothing else of the world moves by it."""
    chain = world.chain
    overlay, number, root = chain.builder.overlay, chain.number, chain.state.root
    values, events = dict(overlay.values), list(overlay.events)
    found = what_if(chain.state, chain.runtime, call, Root(), scenario, READER, seed=seed)
    host = chain.runtime.host
    assert (host.overlay, host.number) == (overlay, number)
    assert (overlay.values, overlay.events, chain.state.root) == (values, events, root)
    return found


# The look, and the reader's own position.


def test_a_state_of_a_hundred_thousand_accounts_is_answered_within_two_seconds(crowd: World) -> None:
    call = proposal_of(crowd)
    asked(crowd, call)
    started = time.process_time()
    found = asked(crowd, call)
    assert time.process_time() - started < SECONDS_MAX
    assert found.look.refusal is None
    assert found.number == crowd.chain.header.number
    assert found.positions is not None


def test_who_asks_from_afar_is_told_the_same_and_fetches_little(crowd: World) -> None:
    """However many have accounts."""
    chain, call = crowd.chain, proposal_of(crowd)
    node = DistantNode(chain.header, chain.state)
    client = ChainClient(cast(Client, node), chain.runtime)

    def question(state: State) -> Report:
        return what_if(state, chain.runtime, call, Root(), None, READER)

    assert trio.run(over, client, chain.header.hash, question) == asked(crowd, call)
    assert len(node.told) < KEYS_MAX
    assert set(node.told.values()) == {1}


def test_a_position_is_what_a_redemption_then_is(world: World) -> None:
    """To the coin: so much, and not one more, at this fee."""
    found = asked(world, proposal_of(world)).positions
    assert found is not None
    here, runtime = found.before, world.chain.runtime
    assert here == position_of(runtime, READER)
    overlay = world.chain.builder.overlay
    mark = overlay.open()
    try:
        call = world.redemption.redeem.call
        for amount in (here.redeemed + 1, here.redeemed):
            inner = overlay.open()
            refused = False
            try:
                runtime.host.dispatch(call(amount, r.Service.Infer, 0, 0, bytes(32)), Signed(READER))
            except Exception:  # noqa: BLE001 - whatever refuses it
                refused = True
            assert refused == (amount > here.redeemed)
            (overlay.undo if refused else overlay.keep)(inner)
        told = next(each for each in world.chain.events() if isinstance(each, r.Redeemed))
        assert (told.amount, told.fee) == (here.redeemed, here.fee)
        assert here.redeemed + here.fee <= here.spendable == here.total
    finally:
        overlay.undo(mark)
    assert here.served == here.redeemed
    assert here.borne == 0
    assert here.wait_hours is not None
    assert 0 < here.wait_hours <= here.promised_hours


def test_the_position_with_a_proposal_is_another_one(world: World) -> None:
    """The work of a coin is measured otherwise; and a call that takes the coins leaves none to redeem."""
    found = asked(world, proposal_of(world)).positions
    assert found is not None and found.after is not None
    assert found.after.redeemed == found.before.redeemed
    assert found.after.work > found.before.work
    all_gone = what_if(
        world.chain.state,
        world.chain.runtime,
        world.balances.transfer_all.call(Address(CONSUMERS[1]), False),
        Signed(READER),
        account=READER,
    ).positions
    assert all_gone is not None and all_gone.after is not None
    assert (all_gone.after.total, all_gone.after.redeemed) == (0, 0)
    assert all_gone.after.refusal.startswith("NothingToRedeem")


def test_a_call_that_would_be_refused_has_no_afterwards(world: World) -> None:
    refused = world.chain[System].set_storage.call(((b"\xff" * 40, b""),))
    found = what_if(world.chain.state, world.chain.runtime, refused, Signed(READER), "run", READER)
    assert found.look.refusal is not None
    assert found.positions is not None and found.positions.after is None
    assert found.played is not None and found.played.after is None
    assert json.loads(json.dumps(found.plain()))["played"]["after"] is None


def test_a_report_is_plain(world: World) -> None:
    found = asked(world, proposal_of(world))
    plain = json.loads(json.dumps(found.plain()))
    assert plain["look"]["before"]["mode"] == "Green"
    assert plain["positions"]["before"]["account"] == "0x" + READER.hex()
    assert plain["played"] is None


def test_what_cannot_be_asked_is_said(world: World) -> None:
    call = proposal_of(world)
    with pytest.raises(UnknownScenario) as unknown:
        asked(world, call, "rain")
    assert str(unknown.value) == "no scenario is named 'rain'; there are: price, run, gone"
    still = CoinChain(still="days")
    with pytest.raises(NoFork) as lacking:
        what_if(still.state, still.runtime, still.issuance.burn.call(READER, 1), Root(), "gone")
    assert str(lacking.value) == (
        "a scenario needs the pallet RollCall, and the chain has none: look without a scenario"
    )


# Scenarios.


@pytest.fixture(scope="module")
def play(world: World) -> Callable[[str], Report]:
    """Each scenario, once."""

    @cache
    def once(scenario: str) -> Report:
        return asked(world, proposal_of(world), scenario)

    return once


@pytest.mark.parametrize("scenario", Scenario)
def test_a_scenario_is_the_same_for_a_seed_and_the_call_makes_the_difference_it_was_said_to(
    play: Callable[[str], Report], world: World, scenario: Scenario
) -> None:
    played = play(scenario)
    assert played.played is not None
    before, after = played.played.before, played.played.after
    assert after is not None
    assert asked(world, proposal_of(world), scenario) == played
    for outcome in (before, after):
        assert outcome.reader is not None
        assert outcome.reader.refusal == ""
        assert outcome.reader.redeemed == outcome.reader.served + outcome.reader.borne
        assert 0 < outcome.reader.waited_hours <= 720
        assert outcome.days[0].hour == 0
        hours = [day.hour for day in outcome.days]
        assert hours == sorted(set(hours))
        assert outcome.lowest_coverage_ppb <= min(day.outlook.coverage_ppb for day in outcome.days)
        assert outcome.longest_wait_hours >= max(day.outlook.wait_hours for day in outcome.days)
    look = played.look
    if scenario != Scenario.PRICE:
        assert before.days[0].outlook.headroom > after.days[0].outlook.headroom
    assert look.before.effective > look.after.effective
    assert before.days[-1].outlook.effective > after.days[-1].outlook.effective


def test_a_run_burns_what_was_redeemed_and_everybody_waits_no_longer_than_was_promised(
    play: Callable[[str], Report],
) -> None:
    found = play("run").played
    assert found is not None
    outcome, reader = found.before, found.before.reader
    assert reader is not None
    first, last = outcome.days[0].outlook, outcome.days[-1].outlook
    assert outcome.taking_part > first.supply // 4
    burned = first.supply - last.supply
    assert 0 < burned <= outcome.taking_part + reader.redeemed
    assert outcome.hours <= first.wait_hours
    assert reader.waited_hours <= outcome.hours


def test_with_the_largest_issuer_gone_its_capacity_is_gone_and_its_debt_is_settled(
    play: Callable[[str], Report], world: World
) -> None:
    found = play("gone").played
    assert found is not None
    outcome = found.before
    groups = world.providers.groups
    heaviest = max(world.ledger.group_owes(each) for each in groups.keys())  # noqa: SIM118
    assert outcome.taking_part == heaviest
    assert outcome.hours >= 720
    first, last = outcome.days[0].outlook, outcome.days[-1].outlook
    assert last.effective < first.effective
    assert last.supply < first.supply - heaviest // 2


def test_the_standard_follows_a_price_that_falls_and_other_dice_throw_another_path(
    play: Callable[[str], Report], world: World
) -> None:
    one, other = play("price").played, asked(world, proposal_of(world), "price", seed=1).played
    assert one is not None and other is not None
    assert one.before.hours >= 60 * 24
    assert one.before.days[-1].outlook.effective < one.before.days[0].outlook.effective
    assert one.before.days != other.before.days
    assert other.seed == 1


def test_a_chain_of_validators_has_scenarios_too() -> None:
    """A hundred and twenty blocks an hour, and epochs that pass unseen."""
    spec = local()
    runtime, states = load(spec.runtime, discover()), MemoryStates()
    state = states.finalize(build_genesis(runtime, spec.genesis, states.head).state)
    (who,) = (each for each in runtime.pallets.values() if isinstance(each, Parameters))
    call = who.set_parameter.call("Issuance.KappaPpb", 1_300_000_000)
    reader = dev_public("//Alice", "sr25519")
    found = what_if(state, runtime, call, Root(), "gone", reader)
    assert found.look.refusal is None
    assert found.played is not None and found.played.after is not None
    for outcome in (found.played.before, found.played.after):
        assert outcome.hours >= 720
        assert outcome.worst_mode > Mode.Green
        assert outcome.reader is not None and outcome.reader.unserved == 0
    first, other = found.played.before.days[0].outlook, found.played.after.days[0].outlook
    assert first.replace(headroom=other.headroom) == other
    assert first.headroom > other.headroom


def test_a_run_on_the_fork_is_the_run_of_the_economy() -> None:
    """The same economy, the same holders, everybody at once: on a fork as in the simulation, everybody gets
    all of its work within W_max, and in the end as many coins are left.
    """
    run = EconomyRun(0, 0, lambda line: None)
    world = run.world
    world.chain.pass_blocks(1)
    state, runtime = world.chain.state, world.chain.runtime
    call = world.chain[System].remark.call(b"")
    played = what_if(state, runtime, call, Signed(HOLDERS[0]), "run", HOLDERS[-1]).played
    assert played is not None and played.before.reader is not None
    simulated = run.run(at_once=True)
    assert simulated.unserved == 0
    assert played.before.reader.unserved == 0
    assert played.before.reader.served == played.before.reader.redeemed
    assert played.before.hours <= played.before.days[0].outlook.wait_hours
    assert played.before.worst_mode == Mode.Green
    last = max(each.last_hours for each in simulated.holders)
    assert abs(played.before.hours - last) <= last // 5
