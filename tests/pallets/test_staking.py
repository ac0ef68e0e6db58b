"""Staking: the largest bonds are elected, none outweighs the others, no coin leaves while it must answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.balances import Balances
from pallets.ledger import Ledger
from pallets.staking import Staking
from pallets.staking import types as t
from pallets.staking.election import weights_of
from pallets.staking.pallet import STAKED
from pallets.standards.ratings import Ratings
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import Call
from runtime.frame.coin import ProviderState
from runtime.frame.error import FundsUnavailable
from runtime.frame.invalid import InvariantBroken
from runtime.frame.parameter import OutOfBounds
from runtime.testing import TestChain, refuses
from support.coin import ALICE, COIN, CONFIG, ISSUERS, coin_parts
from support.validators import (
    ANSWERED,
    BOND,
    VALIDATORS,
    WORKING,
    ValidatorChain,
    signer,
    validator_parts,
)

ONE, TWO, THREE, FOUR, FIFTH = ISSUERS
MINIMUM = 1_000 * COIN
bonds = st.lists(st.integers(1, 2**90), min_size=1, max_size=128).map(lambda each: sorted(each, reverse=True))


@pytest.fixture
def chain() -> ValidatorChain:
    return ValidatorChain()


def well(chain: ValidatorChain, call: Call, who: bytes) -> None:
    chain.submit_well(call, who)


def join(chain: ValidatorChain, who: bytes, bond: int, name: str = "4") -> None:
    """Bond, register keys, stand for election."""
    staking, keys = chain.staking, signer(name)
    well(chain, staking.bond.call(bond), who)
    well(chain, chain.authorities.set_keys.call(keys.keys, keys.proof(who, chain.genesis_hash)), who)
    well(chain, staking.validate.call(), who)


def elected(chain: ValidatorChain) -> dict[bytes, int]:
    return {each.account: each.weight for each in chain.committee.validators}


# The election, as a function.


@given(bonds)
def test_no_weight_is_above_a_tenth_and_the_level_is_the_highest_that_allows_it(
    given_bonds: list[int],
) -> None:
    weights = weights_of(given_bonds)
    if len(given_bonds) < 10:
        assert weights == tuple(given_bonds)
        return
    assert 10 * max(weights) <= sum(weights)
    assert all(0 < weight <= bond for weight, bond in zip(weights, given_bonds, strict=True))
    level = max(weights)
    assert weights == tuple(min(bond, level) for bond in given_bonds)
    if level < given_bonds[0]:  # somebody was cut, so one more would be too much
        higher = [min(bond, level + 1) for bond in given_bonds]
        assert 10 * max(higher) > sum(higher)


@given(bonds)
def test_weights_keep_the_order_of_bonds(given_bonds: list[int]) -> None:
    weights = weights_of(given_bonds)
    assert list(weights) == sorted(weights, reverse=True)


@pytest.mark.parametrize(
    ("given_bonds", "weights"),
    [
        ([7], [7]),
        ([100] + [1] * 8, [100] + [1] * 8),
        ([100] + [1] * 9, [1] * 10),
        ([100, 50] + [2] * 9, [2] * 11),
        ([100, 50] + [2] * 12, [3, 3] + [2] * 12),
        ([9] * 10, [9] * 10),
    ],
)
def test_weights_of_small_sets(given_bonds: list[int], weights: list[int]) -> None:
    assert list(weights_of(given_bonds)) == weights


# The election, on a chain.


def test_a_newcomer_is_elected_at_the_next_boundary_by_its_bond(chain: ValidatorChain) -> None:
    join(chain, FIFTH, 2 * BOND)
    chain.assert_event(t.Bonded(FIFTH, 2 * BOND))
    chain.assert_event(t.Announced(FIFTH))
    assert chain.balances.on_hold(STAKED, FIFTH) == 2 * BOND
    assert FIFTH not in elected(chain)
    chain.next_epoch()
    assert list(elected(chain).items()) == [(FIFTH, 2 * BOND), *((who, BOND) for who in VALIDATORS)]
    chain.next_epoch(2)  # it proposes blocks now
    chain.try_state()


def test_ten_validators_are_cut_to_a_tenth() -> None:
    names = tuple(bytes([0x40 + place]) * 32 for place in range(10))
    parts = {**coin_parts(providers=names, working=WORKING), **validator_parts(names)}
    parts["Staking"]["validators"][3]["bond"] = 4 * BOND
    chain = ValidatorChain(validators=names, genesis=parts)
    assert dict(chain.staking.elect(lambda who: who != names[9]))[names[3]] == 4 * BOND  # nine are too few
    chain.next_epoch()
    assert elected(chain) == dict.fromkeys((names[3], *names[:3], *names[4:]), BOND)
    chain.try_state()


def test_only_so_many_are_elected_and_ties_go_to_the_lower_account(
    chain: ValidatorChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pallets.staking.pallet.VALIDATORS_MAX", 3)
    chain.next_epoch()
    assert list(elected(chain)) == [ONE, TWO, THREE]


def test_who_chills_leaves_with_the_epoch(chain: ValidatorChain) -> None:
    well(chain, chain.staking.chill.call(), TWO)
    chain.assert_event(t.Chilled(TWO))
    assert TWO in elected(chain)
    chain.next_epoch()
    assert list(elected(chain)) == [ONE, THREE, FOUR]
    with refuses(chain, t.NotValidating):
        chain.by(TWO, chain.staking.chill.call())


def test_a_candidate_that_falls_short_is_passed_over_until_it_is_well_again(chain: ValidatorChain) -> None:
    providers = chain.providers
    healthy = providers.providers[TWO]
    for state, is_elected in (
        (ProviderState.Deficient, True),
        (ProviderState.Banned, False),
        (ProviderState.Active, True),
    ):
        providers.providers[TWO] = healthy.replace(state=state)
        assert (TWO in dict(chain.staking.elect(lambda _: True))) == is_elected
    assert TWO not in dict(chain.staking.elect(lambda who: who != TWO))  # without keys
    chain.staking.minimum_bond = BOND + 1
    assert chain.staking.elect(lambda _: True) == ()
    chain.run()
    chain.next_epoch()
    assert list(elected(chain)) == list(VALIDATORS)  # nobody is left, so the committee stays


# Standing for election.


def test_standing_is_refused_with_its_reason(chain: ValidatorChain) -> None:
    validate = chain.staking.validate.call
    with refuses(chain, t.NotStash, "NotStash: The account has bonded nothing: bond first."):
        chain.by(FIFTH, validate())
    with refuses(chain, t.AlreadyValidating):
        chain.by(ONE, validate())
    well(chain, chain.staking.bond.call(MINIMUM), ALICE)
    with refuses(
        chain, t.NotProvider, "NotProvider: Only a provider that is Active or Deficient may validate."
    ):
        chain.by(ALICE, validate())
    well(chain, chain.staking.bond.call(MINIMUM - 1), FIFTH)
    with refuses(chain, t.InsufficientBond):
        chain.by(FIFTH, validate())
    well(chain, chain.staking.bond_extra.call(1), FIFTH)
    well(chain, validate(), FIFTH)
    chain.next_block()
    chain.try_state()


def test_candidates_are_bounded(chain: ValidatorChain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(t, "CANDIDATES_MAX", len(VALIDATORS))
    well(chain, chain.staking.bond.call(BOND), FIFTH)
    with refuses(chain, t.TooManyValidators):
        chain.by(FIFTH, chain.staking.validate.call())


def test_the_minimum_has_bounds(chain: ValidatorChain) -> None:
    for wrong in (COIN - 1, 10_000_000 * COIN + 1):
        with refuses(chain, OutOfBounds):
            chain.staking.minimum_bond = wrong


# Coins in and out.


def test_bonding_is_refused_with_its_reason(chain: ValidatorChain) -> None:
    with refuses(chain, t.AlreadyBonded):
        chain.by(ONE, chain.staking.bond.call(1))
    with refuses(chain, t.NotStash):
        chain.by(ALICE, chain.staking.bond_extra.call(1))
    with refuses(chain, t.NothingToBond):
        chain.by(ALICE, chain.staking.bond.call(0))
    with refuses(chain, FundsUnavailable):
        chain.by(ALICE, chain.staking.bond.call(10**30))
    with refuses(chain, t.NotStash):
        chain.by(ALICE, chain.staking.unbond.call(1))
    with refuses(chain, t.NotStash):
        chain.by(ALICE, chain.staking.withdraw_unbonded.call())
    with refuses(chain, t.NothingToBond):
        chain.by(ONE, chain.staking.unbond.call(0))
    with refuses(chain, t.BondTooSmall):
        chain.by(ONE, chain.staking.unbond.call(BOND + 1))
    with refuses(chain, t.InsufficientBond):
        chain.by(ONE, chain.staking.unbond.call(BOND - MINIMUM + 1))
    chain.by(ONE, chain.staking.unbond.call(BOND - MINIMUM))


def test_unbonded_coins_are_free_after_seven_days_to_the_block(chain: ValidatorChain) -> None:
    free = chain.balances.free_balance(ONE)
    well(chain, chain.staking.unbond.call(4 * COIN), ONE)
    until = chain.number + ANSWERED
    chain.assert_event(t.Unbonded(ONE, 4 * COIN, until))
    assert chain.staking.stake_of(ONE) == BOND
    chain.next_block()
    well(chain, chain.staking.unbond.call(COIN), ONE)
    well(chain, chain.staking.unbond.call(COIN), ONE)  # of the same block: one portion
    assert [chunk.value for chunk in chain.staking.stakes[ONE].unlocking] == [4 * COIN, 2 * COIN]
    chain.run_to(until - 1)
    with refuses(chain, t.StillUnbonding):
        chain.by(ONE, chain.staking.withdraw_unbonded.call())
    chain.next_block()
    well(chain, chain.staking.withdraw_unbonded.call(), ONE)
    chain.assert_event(t.Withdrawn(ONE, 4 * COIN))
    assert chain.balances.free_balance(ONE) == free + 4 * COIN
    assert chain.staking.stakes[ONE] == t.Stake(BOND - 6 * COIN, (t.UnlockChunk(2 * COIN, until + 1),))
    chain.next_block()
    chain.try_state()


def test_who_leaves_wholly_leaves_nothing_behind(chain: ValidatorChain) -> None:
    well(chain, chain.staking.chill.call(), ONE)
    well(chain, chain.staking.unbond.call(BOND), ONE)
    with refuses(chain, t.InsufficientBond):
        chain.by(ONE, chain.staking.validate.call())
    chain.run_to(chain.number + ANSWERED)
    well(chain, chain.staking.withdraw_unbonded.call(), ONE)
    assert ONE not in chain.staking.stakes
    assert chain.staking.staked == 3 * BOND
    with refuses(chain, t.NotStash):
        chain.by(ONE, chain.staking.withdraw_unbonded.call())
    chain.next_block()
    chain.try_state()


def test_portions_on_their_way_out_are_bounded(
    chain: ValidatorChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(t, "CHUNKS_MAX", 2)
    with refuses(chain, t.NothingUnbonding):
        chain.by(ONE, chain.staking.withdraw_unbonded.call())
    for _ in range(2):
        well(chain, chain.staking.unbond.call(COIN), ONE)
        chain.next_block()
    with refuses(chain, t.NoMoreChunks):
        chain.by(ONE, chain.staking.unbond.call(COIN))


# Taking coins.


def test_coins_are_taken_bonded_ones_first_then_those_that_would_be_free_last(chain: ValidatorChain) -> None:
    for amount in (2, 3):
        well(chain, chain.staking.unbond.call(amount * COIN), ONE)
        chain.next_block()
    old, new = chain.staking.stakes[ONE].unlocking
    before = chain.balances.total_balance(ALICE)
    chain.staking.take_stake(ONE, ALICE, COIN)
    assert chain.staking.stakes[ONE] == t.Stake(BOND - 6 * COIN, (old, new))
    chain.staking.take_stake(ONE, ALICE, BOND - 5 * COIN)
    assert chain.staking.stakes[ONE] == t.Stake(0, (old, new.replace(value=2 * COIN)))
    chain.staking.take_stake(ONE, ALICE, 3 * COIN)
    assert chain.staking.stakes[ONE] == t.Stake(0, (old.replace(value=COIN),))
    with refuses(chain, t.BondTooSmall):
        chain.staking.take_stake(ONE, ALICE, COIN + 1)
    chain.staking.take_stake(ONE, ALICE, COIN)
    assert ONE not in chain.staking.stakes
    assert chain.balances.total_balance(ALICE) == before + BOND == before + chain.staking.slashed_total()


def test_coins_are_burned_against_the_own_debt_alone(chain: ValidatorChain) -> None:
    owed, supply = chain.ledger.debt_of(ONE).owed, chain.ledger.total_supply()
    chain.staking.burn_stake(ONE, BOND)
    assert chain.ledger.debt_of(ONE).owed == owed - BOND
    assert chain.ledger.total_supply() == supply - BOND
    assert chain.staking.stake_of(ONE) == 0


def test_the_accused_are_banned_and_their_coins_stay_until_it_is_settled(chain: ValidatorChain) -> None:
    staking = chain.staking
    well(chain, staking.unbond.call(COIN), ONE)
    chain.run_to(chain.number + ANSWERED)
    staking.accuse(ONE)
    staking.accuse(ONE)
    chain.assert_event(t.Banned(ONE))
    assert ONE not in staking.candidates
    with refuses(chain, t.IsBanned):
        chain.by(ONE, staking.validate.call())
    for _ in range(2):
        with refuses(chain, t.Accused):
            chain.by(ONE, staking.withdraw_unbonded.call())
        staking.settle(ONE)
    chain.by(ONE, staking.withdraw_unbonded.call())
    with refuses(chain, t.IsBanned):
        chain.by(ONE, staking.validate.call())


def test_a_pardon_lifts_the_ban_that_the_accusation_brought(chain: ValidatorChain) -> None:
    staking = chain.staking
    staking.accuse(ONE)
    staking.pardon(ONE)
    assert ONE not in staking.standings
    chain.by(ONE, staking.validate.call())
    staking.accuse(ONE)
    staking.accuse(ONE)
    staking.settle(ONE)
    staking.pardon(ONE)
    assert staking.standings[ONE] == t.Standing(0, 1)
    with refuses(chain, t.IsBanned):
        chain.by(ONE, staking.validate.call())


def test_a_stake_that_is_not_on_hold_makes_no_block(chain: ValidatorChain) -> None:
    chain.staking.stakes[ONE] = t.Stake(BOND + 1)
    with pytest.raises(InvariantBroken) as broken:
        chain.run()
    assert str(broken.value) == (
        "V2 is broken: every stake is on hold, and all of them are what is staked; "
        f"0x{ONE.hex()} has a stake of {BOND + 1}, and {BOND} on hold"
    )


def test_a_sum_that_is_no_sum_makes_no_block(chain: ValidatorChain) -> None:
    chain.staking.staked += 7
    with pytest.raises(InvariantBroken) as broken:
        chain.run()
    assert str(broken.value) == (
        "V2 is broken: every stake is on hold, and all of them are what is staked; "
        "the sum of stakes is off by 7"
    )


# The genesis.


@pytest.mark.parametrize(
    ("stakes", "error"),
    [
        ([(ALICE, BOND)], t.NotProvider),
        ([(ONE, MINIMUM - 1)], t.InsufficientBond),
        ([(ONE, 0)], t.NothingToBond),
        ([(ONE, BOND), (ONE, BOND)], t.AlreadyBonded),
        ([(ONE, 10**30)], FundsUnavailable),
    ],
)
def test_a_genesis_without_a_right_stake_is_refused(
    stakes: list[tuple[bytes, int]], error: type[Exception]
) -> None:
    part = {"validators": [{"account": who, "bond": bond} for who, bond in stakes]}
    with pytest.raises(error):
        ValidatorChain(genesis={"Staking": part})


def test_the_genesis_may_set_the_minimum() -> None:
    chain = ValidatorChain(genesis={"Staking": {"minimum_bond": COIN, "validators": []}})
    assert chain.staking.minimum_bond == COIN


def test_without_providers_everybody_with_a_bond_may_validate() -> None:
    chain = TestChain(
        System,
        Timestamp,
        Balances,
        Ledger,
        Ratings,
        Staking,
        config={
            "Balances": CONFIG["Balances"],
            "Ledger": CONFIG["Ledger"],
            "Ratings": {"blocks_per_hour": 1},
        },
        genesis={
            "Balances": {"balances": [[ALICE, 2 * BOND]]},
            "Ledger": {"debts": [{"issuer": ALICE, "amount": 2 * BOND}]},
            "Ratings": {"work": 1},
        },
    )
    staking = chain[Staking]
    chain.submit(staking.bond.call(BOND), ALICE)
    chain.submit(staking.validate.call(), ALICE)
    assert staking.elect(lambda _: True) == ((ALICE, BOND),)
    chain.next_block()
    chain.try_state()
