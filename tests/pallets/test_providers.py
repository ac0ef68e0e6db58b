"""Providers: capacity counts only when it is proven, and a line that fails is answered in the same block."""

from decimal import ROUND_FLOOR, Decimal, getcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.build import GenesisError, build_genesis
from pallets.providers import types as t
from pallets.providers.registry import UNIT_PROBATION, WINDOWS_MAX
from pallets.providers.wilson import wilson_ppb
from runtime.frame import BadOrigin
from runtime.frame.coin import ANONYMOUS, Mode, ProviderState, Tier
from runtime.frame.error import FundsUnavailable
from runtime.frame.invalid import InvariantBroken
from runtime.frame.parameter import OutOfBounds
from runtime.state import MemoryStates
from runtime.testing import refuses
from support.coin import ALICE, BOB, CPU_CLASS, DEPOSIT, ISSUERS, CoinChain, coin_parts

ONE, TWO, THREE, *_ = ISSUERS
HERE = t.Domain(3, 9)
Z = Decimal("3.841459")


def provider(chain: CoinChain, who: bytes) -> t.Provider:
    return chain.providers.providers[who]


def join(chain: CoinChain, who: bytes = ALICE, units: int = 1, group: int = 77) -> None:
    chain.by(who, chain.providers.register.call(group, HERE, (CPU_CLASS,) * units))


def windows(chain: CoinChain, who: bytes, *passed: bool, units: tuple[int, ...] = (0,)) -> None:
    for each in passed:
        chain.providers.record_window(who, dict.fromkeys(units, each))


@given(st.integers(1, 56), st.data())
def test_availability_is_wilsons_lower_bound_rounded_down(seen: int, data: st.DataObject) -> None:
    """Against the textbook's formula in 60 decimal digits."""
    passed = data.draw(st.integers(0, seen))
    getcontext().prec = 60
    k, n = Decimal(passed), Decimal(seen)
    exact = (k + Z / 2 - (Z * (k * (n - k) / n + Z / 4)).sqrt()) / (n + Z) * 10**9
    assert wilson_ppb(passed, seen) == max(0, int((exact + Decimal("1e-30")).to_integral_value(ROUND_FLOOR)))


def test_availability_of_no_history_is_nothing_and_of_a_perfect_one_less_than_one() -> None:
    assert wilson_ppb(0, 0) == wilson_ppb(0, 56) == 0
    assert wilson_ppb(56, 56) == 935_806_060
    assert [wilson_ppb(k, 56) for k in range(57)] == sorted(wilson_ppb(k, 56) for k in range(57))


def test_a_newcomer_deposits_and_counts_nothing() -> None:
    chain = CoinChain(still="days")
    before = chain.providers.effective
    join(chain, units=2)
    chain.assert_event(t.Registered(ALICE, 77))
    chain.assert_event(t.UnitAdded(ALICE, 1, CPU_CLASS))
    assert chain.balances.on_hold(t.Deposit(), ALICE) == DEPOSIT
    assert provider(chain, ALICE).state == ProviderState.Probation
    assert (chain.providers.effective, chain.providers.effective_of(ALICE)) == (before, 0)
    chain.run()
    chain.try_state()


def test_registration_is_refused_with_its_reason() -> None:
    chain = CoinChain(still="days")
    call = chain.providers.register.call
    with refuses(chain, t.AnonymousGroup):
        chain.by(ALICE, call(ANONYMOUS, HERE, ()))
    with refuses(chain, t.NoRegion):
        chain.by(ALICE, call(7, t.Domain(0, 1), ()))
    with refuses(chain, t.UnknownClass, "UnknownClass: Nobody rated this class of hardware."):
        chain.by(ALICE, call(7, HERE, (CPU_CLASS, 9)))
    with refuses(chain, t.AlreadyRegistered):
        chain.by(ONE, call(7, HERE, ()))
    with refuses(chain, FundsUnavailable):
        chain.by(b"\x55" * 32, call(7, HERE, ()))
    with refuses(chain, t.NotRegistered):
        chain.by(ALICE, chain.providers.add_units.call((CPU_CLASS,)))
    with refuses(chain, t.UnknownUnit):
        chain.by(ONE, chain.providers.remove_unit.call(5))


def test_the_provider_list_and_the_units_of_one_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = CoinChain(still="days")
    monkeypatch.setattr(t, "PROVIDERS_MAX", len(ISSUERS))
    monkeypatch.setattr(t, "UNITS_MAX", 3)
    with refuses(chain, t.TooManyProviders):
        join(chain)
    with refuses(chain, t.TooManyUnits):
        chain.by(ONE, chain.providers.add_units.call((CPU_CLASS,) * 3))


def test_a_provider_becomes_active_after_28_windows_in_a_row() -> None:
    chain = CoinChain(still="days")
    join(chain)
    windows(chain, ALICE, *[True] * 27, False, *[True] * 27)
    assert provider(chain, ALICE).state == ProviderState.Probation
    assert chain.providers.effective_of(ALICE) == 0
    windows(chain, ALICE, True)
    assert provider(chain, ALICE).state == ProviderState.Active
    chain.assert_event(t.UnitCounted(ALICE, 0))
    chain.assert_event(t.StateChanged(ALICE, ProviderState.Active))
    rating = chain.providers.standards.rating_of(CPU_CLASS)
    assert rating is not None
    capacity = rating * wilson_ppb(55, 56) // 10**9
    assert provider(chain, ALICE).capacity == capacity
    assert chain.providers.effective_of(ALICE) == capacity * 720
    chain.run()
    chain.try_state()


def test_an_added_unit_has_a_probation_of_its_own() -> None:
    chain = CoinChain(still="days")
    before = provider(chain, ONE)
    chain.by(ONE, chain.providers.add_units.call((CPU_CLASS,)))
    windows(chain, ONE, *[True] * (UNIT_PROBATION - 1), units=(0, 1))
    assert provider(chain, ONE).capacity == before.capacity
    windows(chain, ONE, True, units=(0, 1))
    assert provider(chain, ONE).rating == 2 * before.rating
    assert chain.providers.effective_of(ONE) == 2 * before.capacity * 720


def test_a_window_is_passed_if_every_counted_unit_answered() -> None:
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.add_units.call((CPU_CLASS,)))
    record = chain.providers.record_window
    assert record(ONE, {0: True, 1: False})  # unit 1 is on probation: it counts neither for nor against
    assert not record(ONE, {0: False, 1: True})
    assert provider(chain, ONE).history == (1 << WINDOWS_MAX) - 2
    assert chain.providers.units[ONE, 1].passed == 1


def test_a_removed_unit_is_gone_at_once_and_its_number_is_not_given_again() -> None:
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.remove_unit.call(0))
    chain.assert_event(t.UnitRemoved(ONE, 0))
    assert provider(chain, ONE).capacity == chain.providers.effective_of(ONE) == 0
    chain.by(ONE, chain.providers.add_units.call((CPU_CLASS,)))
    assert chain.providers.unit_since(ONE, 0) is None
    assert chain.providers.unit_since(ONE, 1) == chain.number
    chain.run()
    chain.try_state()


def test_missed_windows_lower_capacity_until_the_line_fails_and_the_provider_is_flagged() -> None:
    chain = CoinChain(still="days")
    owed = chain.ledger.debt_of(ONE).owed
    missed = 0
    while 105 * owed <= 100 * chain.providers.effective_of(ONE):
        assert provider(chain, ONE).state == ProviderState.Active
        windows(chain, ONE, False)
        missed += 1
        chain.run()
    assert 0 < missed < 28
    assert provider(chain, ONE).state == ProviderState.Deficient
    assert provider(chain, ONE).short_since == chain.number - 1
    while provider(chain, ONE).state == ProviderState.Deficient:
        windows(chain, ONE, True)
        chain.run()
    assert provider(chain, ONE).short_since is None
    chain.try_state()


def starve(chain: CoinChain, who: bytes) -> None:
    """Take capacity away until about half of the debt is short, of one who is heard of now and then."""
    owed = chain.ledger.debt_of(who).owed
    while 105 * owed <= 100 * 2 * chain.providers.effective_of(who):
        windows(chain, who, False, False, False, False, True)
    chain.run()


def test_a_shortfall_of_14_days_is_burned_from_the_bond_and_the_rest_is_orphaned() -> None:
    chain = CoinChain(still="days")
    starve(chain, ONE)
    before, debt = provider(chain, ONE), chain.ledger.debt_of(ONE)
    supply, since = chain.ledger.supply, before.short_since
    assert since is not None
    short = debt.owed - chain.providers.effective_of(ONE) * 100 // 105
    assert 0 < before.bond < short
    chain.run_to(since + 14)
    assert provider(chain, ONE).state == ProviderState.Deficient
    orphaned, burned = short - before.bond, before.bond
    assert provider(chain, ONE).bond == 0
    assert chain.ledger.debt_of(ONE).owed == debt.owed - short
    chain.assert_event(t.Liquidated(ONE, burned, orphaned))
    offset = orphaned - chain.ledger.orphaned  # what the reserve can spare cancels some of it
    assert chain.ledger.supply == supply - burned - offset
    chain.run()
    chain.try_state()
    assert provider(chain, ONE).short_since is None  # only the bond is short now, and that starts no clock
    assert provider(chain, ONE).state == ProviderState.Deficient


def test_debt_under_a_ticket_waits_until_it_is_free_before_it_is_settled() -> None:
    chain = CoinChain(still="days")
    starve(chain, ONE)
    debt, since = chain.ledger.debt_of(ONE), provider(chain, ONE).short_since
    assert since is not None
    chain.ledger.assign(ONE, debt.owed)
    chain._replayable = False
    chain.run_to(since + 14 + 2)
    assert chain.ledger.debt_of(ONE).owed == debt.owed
    chain.ledger.unassign(ONE, debt.owed)
    chain.run()
    assert chain.ledger.debt_of(ONE).owed < debt.owed
    chain.run()


def test_a_short_bond_makes_deficient_and_runs_no_clock() -> None:
    chain = CoinChain(still="days")
    chain.root(chain.providers.set_tier.call(ONE, Tier.Anonymous, 1))
    chain.run()
    assert provider(chain, ONE).state == ProviderState.Deficient
    assert provider(chain, ONE).short_since is None
    supply = chain.ledger.supply
    chain.next_block(14)
    assert chain.ledger.supply == supply
    chain.root(chain.providers.set_tier.call(ONE, Tier.Accountable, 1))
    chain.run()
    assert provider(chain, ONE).state == ProviderState.Active


def test_a_moved_beta_is_judged_for_everyone_in_the_same_block() -> None:
    chain = CoinChain(still="days")
    chain.providers.beta_accountable_ppb = 400_000_000
    chain.run()
    assert {provider(chain, who).state for who in ISSUERS} == {ProviderState.Deficient}
    with pytest.raises(OutOfBounds) as refused:
        chain.providers.beta_accountable_ppb = 199_999_999
    assert str(refused.value) == "BetaAccountablePpb = 199999999 is outside [200000000, 1000000000]"


def test_an_anonymous_provider_counts_to_the_group_of_all_anonymous() -> None:
    chain = CoinChain(still="days")
    for who in (ONE, TWO):
        chain.root(chain.providers.set_tier.call(who, Tier.Anonymous, 55))
    effective = chain.providers.effective_of(ONE) + chain.providers.effective_of(TWO)
    assert chain.providers.groups[ANONYMOUS].effective == effective
    owed = chain.ledger.debt_of(ONE).owed + chain.ledger.debt_of(TWO).owed
    assert chain.ledger.group_owes(ANONYMOUS) == owed
    chain.root(chain.providers.set_tier.call(ONE, Tier.Attested, 55))
    assert chain.providers.groups[55].effective == chain.providers.effective_of(ONE)
    assert (provider(chain, ONE).group, chain.ledger.group_owes(1)) == (55, 0)
    with refuses(chain, t.AnonymousGroup):
        chain.root(chain.providers.set_tier.call(ONE, Tier.Attested, ANONYMOUS))
    with pytest.raises(BadOrigin):
        chain.by(ONE, chain.providers.set_tier.call(ONE, Tier.Accountable, 1))
    chain.run()
    chain.try_state()


# The bond.


def test_a_bond_grows_by_free_coins() -> None:
    chain = CoinChain(still="days")
    before = provider(chain, ONE).bond
    chain.by(ONE, chain.providers.bond.call(5))
    assert provider(chain, ONE).bond == before + 5 == chain.balances.on_hold(t.Bond(), ONE)
    with refuses(chain, t.NothingToBond):
        chain.by(ONE, chain.providers.bond.call(0))
    with refuses(chain, FundsUnavailable):
        chain.by(ONE, chain.providers.bond.call(10**20))
    with refuses(chain, t.NotRegistered):
        chain.by(ALICE, chain.providers.bond.call(5))


def test_unbonded_coins_wait_for_seven_days() -> None:
    chain = CoinChain(still="days")
    free, bond = chain.balances.free_balance(ONE), provider(chain, ONE).bond
    chain.by(ONE, chain.providers.unbond.call(300))
    until = chain.number + 7
    chain.assert_event(t.Unbonded(ONE, 300, until))
    assert provider(chain, ONE).bond == bond - 300
    chain.run_to(until - 2)
    chain.by(ONE, chain.providers.unbond.call(50))  # more of it begins the wait again
    with refuses(chain, t.StillUnbonding):
        chain.by(ONE, chain.providers.withdraw_unbonded.call())
    chain.run_to(until - 2 + 7)
    chain.by(ONE, chain.providers.withdraw_unbonded.call())
    assert chain.balances.free_balance(ONE) == free + 350
    with refuses(chain, t.NothingUnbonding):
        chain.by(ONE, chain.providers.withdraw_unbonded.call())


def test_unbonding_is_refused_line_by_line() -> None:
    chain = CoinChain(still="days")
    call, owed = chain.providers.unbond.call, chain.ledger.debt_of(ONE).owed
    spare = provider(chain, ONE).bond - -(-owed // 4)
    with refuses(chain, t.NothingToBond):
        chain.by(ONE, call(0))
    with refuses(chain, t.BondTooSmall):
        chain.by(ONE, call(10**18))
    with refuses(chain, t.BondNeeded, "BondNeeded: The bond line wants what is left to be more."):
        chain.by(ONE, call(spare + 1))
    chain.ledger.judge(Mode.Orange)
    with refuses(chain, t.UnbondingFrozen):
        chain.by(ONE, call(1))
    chain.ledger.judge(Mode.Yellow)
    chain.by(ONE, call(spare))
    chain.ledger.judge(Mode.Green)
    chain.run()
    chain.root(chain.providers.set_tier.call(ONE, Tier.Anonymous, 1))
    chain.run()
    with refuses(chain, t.NotActive):
        chain.by(ONE, call(1))


def test_the_third_failed_ticket_in_a_week_makes_deficient_for_a_week() -> None:
    chain = CoinChain(still="days")
    for _ in range(2):
        chain.providers.ticket_failed(ONE)
        chain.run()
    assert provider(chain, ONE).state == ProviderState.Active
    chain.providers.ticket_failed(ONE)
    chain.assert_last_event(t.TicketFailed(ONE, 3))
    last = chain.number
    chain.run()
    assert provider(chain, ONE).state == ProviderState.Deficient
    chain.run_to(last + 6)
    assert provider(chain, ONE).state == ProviderState.Deficient
    chain.next_block()
    assert provider(chain, ONE).state == ProviderState.Active


def test_three_failures_in_more_than_a_week_are_forgiven() -> None:
    chain = CoinChain(still="days")
    for _ in range(3):
        chain.providers.ticket_failed(ONE)
        chain.run()
        chain.next_block(4)
    assert provider(chain, ONE).state == ProviderState.Active


def test_what_is_taken_from_a_bond_never_exceeds_it_and_a_lost_receiver_gets_nothing() -> None:
    chain = CoinChain(still="days")
    bond, free = provider(chain, ONE).bond, chain.balances.free_balance(BOB)
    assert chain.providers.take_bond(ONE, b"\x66" * 32, 1) == 0  # below the existential deposit
    assert chain.providers.take_bond(ONE, BOB, 0) == 0
    assert provider(chain, ONE).bond == bond
    assert chain.providers.take_bond(ONE, BOB, 30) == 30
    chain.assert_last_event(t.BondTaken(ONE, BOB, 30))
    assert chain.providers.take_bond(ONE, BOB, bond) == bond - 30
    assert chain.balances.free_balance(BOB) == free + bond
    assert provider(chain, ONE).bond == chain.balances.on_hold(t.Bond(), ONE) == 0
    with refuses(chain, t.NotRegistered):
        chain.providers.take_bond(ALICE, BOB, 1)
    chain.run()
    assert provider(chain, ONE).state == ProviderState.Deficient
    chain.try_state()


def test_a_slash_calls_back_the_coins_that_wait_to_leave() -> None:
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.unbond.call(300))
    bond = provider(chain, ONE).bond
    assert chain.providers.take_bond(ONE, BOB, bond + 100) == bond + 100
    assert chain.providers.unbonding[ONE].amount == chain.balances.on_hold(t.LeavingBond(), ONE) == 200
    assert chain.providers.take_bond(ONE, BOB, 10**20) == 200
    assert ONE not in chain.providers.unbonding
    chain.run()
    chain.try_state()


def test_a_burned_bond_cancels_own_debt_that_no_ticket_holds() -> None:
    chain = CoinChain(still="days")
    owed, supply, bond = chain.ledger.debt_of(ONE).owed, chain.ledger.supply, provider(chain, ONE).bond
    chain.ledger.assign(ONE, owed - 70)
    assert chain.providers.burn_bond(ONE, 50) == 50
    assert chain.providers.burn_bond(ONE, 50) == 20
    assert (chain.ledger.debt_of(ONE).owed, chain.ledger.supply) == (owed - 70, supply - 70)
    assert provider(chain, ONE).bond == bond - 70
    chain._replayable = False


# Invariants and genesis.


@pytest.mark.parametrize(
    ("change", "name"),
    [({"capacity": 1}, "I2"), ({"bond": 0}, "I5")],
)
def test_an_active_provider_whose_line_fails_makes_the_block_invalid(
    change: dict[str, int], name: str
) -> None:
    """Were the flag forgotten, the block would be refused by the invariant's name."""
    chain = CoinChain(still="days")
    chain.providers.providers[ONE] = provider(chain, ONE).replace(**change)
    with pytest.raises(InvariantBroken) as broken:
        chain.builder.check_invariants()
    assert broken.value.name == name
    assert "0x" + ONE.hex() in broken.value.figures


def test_a_wait_that_is_not_kept_makes_the_block_invalid() -> None:
    chain = CoinChain(still="days")
    wait = chain.providers.wait_now()
    owed, capacity = chain.ledger.debt_of(ONE).owed, provider(chain, ONE).capacity
    assert wait == -(-owed // capacity)
    chain.providers.ticket_failed(ONE)  # the block touches it
    chain.providers._set_peak(t.Figure.Wait, 0, wait + 1)
    with pytest.raises(InvariantBroken) as broken:
        chain.builder.check_invariants()
    assert str(broken.value) == (
        f"I12 is broken: W_max = max ceil(m_i / c_i); 0x{ONE.hex()} is kept with another wait than its "
        f"{wait} hours"
    )


def test_a_debt_without_capacity_waits_for_ever() -> None:
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.remove_unit.call(0))
    chain.run()
    assert chain.providers.wait_now() == (1 << 32) - 1


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("group", 0, t.AnonymousGroup),
        ("units", [], t.GenesisRefused),
        ("units", [9], t.UnknownClass),
        ("bond", 1, t.GenesisRefused),
        ("domain", {"region": 0, "operator": 1}, t.NoRegion),
        ("account", "0x" + TWO.hex(), t.AlreadyRegistered),
    ],
)
def test_a_genesis_provider_that_is_not_whole_is_refused(
    key: str, value: object, error: type[Exception]
) -> None:
    chain = CoinChain()
    genesis = coin_parts()
    genesis["Providers"]["providers"][2 if key == "account" else 0][key] = value
    with pytest.raises(GenesisError) as refused:
        build_genesis(chain.runtime, genesis, MemoryStates().head)
    assert str(refused.value) == f"genesis of Providers: {error()}"
