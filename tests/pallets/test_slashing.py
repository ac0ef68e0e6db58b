"""Slashing: each fault costs what the table says, after three days, and the coins go where they should."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.providers import types as providers
from pallets.slashing import Slashing
from pallets.slashing import types as t
from pallets.slashing.pallet import OUTAGE_PPB_MAX, PAGE, outage_ppb
from runtime.frame import BadOrigin, Root, Signed
from runtime.frame.coin import Debt, Fault, ProviderState
from runtime.frame.invalid import InvariantBroken
from runtime.frame.slash import Settled, excess_of, reward_of
from runtime.testing import refuses
from support.coin import ALICE, BOB, COIN, CONFIG, ISSUERS, RESERVE, CoinChain

ONE, TWO, *_ = ISSUERS
STRANGER = b"\x66" * 32
EVIDENCE = b"\xee" * 32
DELAY = 3
"""Blocks in 3 days, on a chain of a block a day."""
PPB = 10**9


@pytest.fixture
def chain() -> CoinChain:
    return CoinChain(still="days")


def slashing(chain: CoinChain) -> Slashing:
    return chain[Slashing]


def note(chain: CoinChain, amount: int, who: bytes = ONE, reporter: bytes | None = None) -> None:
    """Note a fault, as the pallets that see faults do."""
    slashing(chain).fault(who, Fault.FailedPiece, amount, reporter=reporter)
    chain._replayable = False


def waiting(chain: CoinChain) -> list[int]:
    """What the slashes that wait cost, in the order of their numbers."""
    pending = slashing(chain).pending
    return [pending[number].amount for number in sorted(pending)]


# The table.


@given(st.integers(0, PPB))
def test_an_outage_costs_more_the_more_it_is_shared(failed_share: int) -> None:
    share = Fraction(failed_share, PPB)
    exact = Fraction(5, 1000) * (1 + 8 * max(Fraction(0), share - Fraction(1, 10)) / Fraction(1, 10))
    found = outage_ppb(failed_share)
    assert found == min(OUTAGE_PPB_MAX, ceil(exact * PPB))
    assert found <= outage_ppb(failed_share + 1)


@pytest.mark.parametrize(
    ("failed_percent", "permille"), [(0, 5), (10, 5), (15, 25), (20, 45), (50, 165), (60, 200), (100, 200)]
)
def test_outages_by_the_table(failed_percent: int, permille: int) -> None:
    assert outage_ppb(failed_percent * PPB // 100) == permille * PPB // 1000


@given(st.integers(0, 10**18), st.integers(0, 10**18), st.integers(0, 10**18), st.integers(PPB, 2 * PPB))
def test_own_debt_is_burned_until_capacity_covers_it_kappa_times(
    owed: int, assigned: int, effective: int, kappa: int
) -> None:
    debt = Debt(owed, min(owed, assigned))
    excess = excess_of(debt, effective, kappa)
    assert 0 <= excess <= debt.unassigned
    left = owed - excess
    assert kappa * left <= PPB * effective or excess == debt.unassigned
    if excess:
        assert kappa * (left + 1) > PPB * effective


def test_a_reporter_gets_a_fifth_rounded_down() -> None:
    assert [reward_of(rest) for rest in (0, 4, 5, 99, 100)] == [0, 0, 1, 19, 20]


# From the fault to the slash.


def test_a_fault_waits_three_days_and_goes_to_the_reserve(chain: CoinChain) -> None:
    bond, reserve = chain.providers.bond_of(ONE), chain.balances.free_balance(RESERVE)
    note(chain, 50 * COIN)
    due = chain.number + DELAY
    chain.assert_last_event(t.Noted(0, ONE, Fault.FailedPiece, 50 * COIN, due))
    chain.run()
    chain.run_to(due - 1)
    assert chain.providers.bond_of(ONE) == bond
    chain.next_block()
    chain.assert_event(t.Applied(0, ONE, 0, 0, 50 * COIN))
    assert chain.providers.bond_of(ONE) == bond - 50 * COIN
    assert chain.balances.free_balance(RESERVE) == reserve + 50 * COIN
    assert chain.ledger.records[ONE].slashed == 50 * COIN
    assert slashing(chain).settled == Settled(reserve=50 * COIN)
    assert (slashing(chain).first_id, slashing(chain).next_id) == (1, 1)
    assert not list(slashing(chain).pending)
    assert not list(slashing(chain).gathering.keys())
    chain.next_block()
    chain.try_state()


def test_own_debt_comes_first_then_the_reporter_then_the_reserve(chain: CoinChain) -> None:
    provider, debt = chain.providers.providers[ONE], chain.ledger.debt_of(ONE)
    kappa = chain.issuance.kappa_now()
    effective = (debt.owed - 20 * COIN) * kappa // PPB
    chain.providers.providers[ONE] = provider.replace(effective=effective)
    note(chain, 50 * COIN, reporter=BOB)
    bob, reserve = (chain.balances.free_balance(each) for each in (BOB, RESERVE))
    supply = chain.ledger.total_supply()
    slashing(chain).on_initialize(chain.number + DELAY)
    excess = debt.owed - effective * PPB // kappa
    rest = 50 * COIN - excess
    chain.assert_last_event(t.Applied(0, ONE, excess, rest // 5, rest - rest // 5))
    assert chain.ledger.total_supply() == supply - excess
    assert chain.ledger.debt_of(ONE).owed == debt.owed - excess
    assert chain.balances.free_balance(BOB) == bob + rest // 5
    assert chain.balances.free_balance(RESERVE) == reserve + rest - rest // 5
    assert slashing(chain).slashed == 50 * COIN == chain.ledger.records[ONE].slashed


def test_debt_under_a_ticket_is_not_burned(chain: CoinChain) -> None:
    debt = chain.ledger.debt_of(ONE)
    chain.providers.providers[ONE] = chain.providers.providers[ONE].replace(effective=0)
    chain.ledger.assign(ONE, debt.owed - 7)
    note(chain, 50 * COIN)
    slashing(chain).on_initialize(chain.number + DELAY)
    chain.assert_last_event(t.Applied(0, ONE, 7, 0, 50 * COIN - 7))


def test_who_reports_itself_gets_nothing(chain: CoinChain) -> None:
    note(chain, 50 * COIN, reporter=ONE)
    slashing(chain).on_initialize(chain.number + DELAY)
    chain.assert_last_event(t.Applied(0, ONE, 0, 0, 50 * COIN))


def test_a_reporter_that_could_not_exist_leaves_its_share_to_the_reserve(chain: CoinChain) -> None:
    note(chain, 1_000, reporter=STRANGER)
    slashing(chain).on_initialize(chain.number + DELAY)
    chain.assert_last_event(t.Applied(0, ONE, 0, 0, 1_000))
    assert chain.balances.total_balance(STRANGER) == 0


def test_faults_of_an_hour_are_gathered_and_each_has_its_three_days() -> None:
    chain = CoinChain(still="hours")
    start = chain.number
    note(chain, 3 * COIN)
    chain.run()
    chain.next_block(8)
    note(chain, 4 * COIN)
    due = start + 9 + 720
    chain.assert_last_event(t.Noted(0, ONE, Fault.FailedPiece, 4 * COIN, due))
    note(chain, 1 * COIN, who=TWO)
    note(chain, 1 * COIN, reporter=BOB)
    chain.run()
    note(chain, 5 * COIN)  # an hour later, and another began meanwhile
    assert waiting(chain) == [7 * COIN, 1 * COIN, 1 * COIN, 5 * COIN]
    chain.run()
    chain.try_state()
    chain.run_to(due)
    chain.assert_event(t.Applied(0, ONE, 0, 0, 7 * COIN))
    chain.next_block(20)
    assert slashing(chain).slashed == 14 * COIN
    chain.try_state()


def test_a_block_applies_a_page() -> None:
    many = tuple(bytes([0x30 + n]) * 32 for n in range(PAGE + 5))
    chain = CoinChain(still="days", providers=many)
    for who in many:
        note(chain, COIN, who=who)
    chain.run()
    chain.run_to(chain.number + DELAY - 1)
    assert slashing(chain).slashed == PAGE * COIN
    chain.next_block()
    assert slashing(chain).slashed == len(many) * COIN
    chain.try_state()


def test_an_outage_counts_once_in_a_span() -> None:
    chain = CoinChain(still="days")
    bond = chain.providers.bond_of(ONE)
    chain.run_to(8)  # a span begins with block 7
    for _ in range(2):
        slashing(chain).outage(ONE, PPB // 5)
    slashing(chain).outage(TWO, 0)
    chain._replayable = False
    amounts = waiting(chain)
    assert amounts == [ceil(Fraction(bond * 45, 1000)), ceil(Fraction(chain.providers.bond_of(TWO), 200))]
    chain.run()
    chain.run_to(14)
    assert slashing(chain).slashed == sum(amounts)
    slashing(chain).outage(ONE, 0)
    chain._replayable = False
    assert len(list(slashing(chain).pending)) == 1
    chain.run()
    chain.next_block(2)
    assert {span for span, _ in slashing(chain).outages.keys()} == {2}  # noqa: SIM118
    chain.try_state()


def test_faults_of_strangers_and_of_no_coins_are_nothing(chain: CoinChain) -> None:
    before = chain.events
    slashing(chain).fault(STRANGER, Fault.FailedPiece, COIN)
    slashing(chain).fault(STRANGER, Fault.FalseCapacity, 0)
    slashing(chain).outage(STRANGER, PPB)
    slashing(chain).fault(ONE, Fault.OracleDeviation, 0)
    assert slashing(chain).compensate(STRANGER, ALICE, COIN) == 0
    assert slashing(chain).compensate(ONE, ALICE, 0) == 0
    assert chain.events == before


def test_on_a_network_for_tests_the_slash_comes_with_the_next_block() -> None:
    chain = CoinChain(still="hours", config={**CONFIG, "Slashing": {"delay_hours": 0}})
    note(chain, COIN)
    chain.run()
    chain.assert_event(t.Applied(0, ONE, 0, 0, COIN))


# A bond that shrank, a provider that left, a slash that cannot be.


def test_a_bond_that_shrank_loses_what_it_holds(chain: CoinChain) -> None:
    note(chain, 50 * COIN, reporter=BOB)
    chain.providers.take_bond(ONE, ALICE, chain.providers.bond_of(ONE) - 10 * COIN)
    slashing(chain).on_initialize(chain.number + DELAY)
    chain.assert_last_event(t.Applied(0, ONE, 0, 2 * COIN, 8 * COIN))
    assert chain.providers.bond_of(ONE) == 0


def test_coins_that_were_unbonded_meanwhile_are_called_back() -> None:
    chain = CoinChain(still="days", bond_share_ppb=500_000_000)
    bond = chain.providers.bond_of(ONE)
    note(chain, bond - 5 * COIN)
    needed = chain.providers.bond_needed(ONE, chain.ledger.debt_of(ONE).owed)
    chain.by(ONE, chain.providers.unbond.call(bond - needed))
    chain.run()
    chain.next_block(DELAY)
    assert slashing(chain).slashed == bond - 5 * COIN
    assert chain.providers.bond_of(ONE) == 0
    assert chain.providers.unbonding[ONE].amount == 5 * COIN
    chain.try_state()


def test_a_slash_of_a_provider_that_is_gone_lapses(chain: CoinChain) -> None:
    note(chain, 50 * COIN)
    del chain.providers.providers[ONE]
    slashing(chain).on_initialize(chain.number + DELAY)
    chain.assert_last_event(t.Lapsed(0, ONE))
    assert (slashing(chain).slashed, list(slashing(chain).pending)) == (0, [])


def test_a_slash_that_cannot_be_applied_waits_once_more(
    chain: CoinChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> int:
        raise providers.NotRegistered

    note(chain, 50 * COIN)
    monkeypatch.setattr(type(chain.providers), "take_bond", refuse)
    chain.run()
    for _ in range(DELAY - 1):
        chain._replayable = False
        chain.run()
    chain.assert_event(t.Postponed(1, ONE))
    assert slashing(chain).pending[1].due == chain.number + DELAY
    monkeypatch.undo()
    chain.run()
    chain.next_block(DELAY - 1)
    chain.assert_event(t.Applied(1, ONE, 0, 0, 50 * COIN))
    chain.try_state()


# Cancelling.


def test_root_cancels_with_evidence_and_nobody_else_does(chain: CoinChain) -> None:
    note(chain, 50 * COIN)
    cancel = slashing(chain).cancel.call(0, EVIDENCE)
    with refuses(chain, BadOrigin):
        chain.dispatch(cancel, Signed(ALICE))
    message = "UnknownSlash: No slash of this number waits; it may be applied, or cancelled."
    with refuses(chain, t.UnknownSlash, message):
        chain.dispatch(slashing(chain).cancel.call(1, EVIDENCE), Root())
    chain.root(cancel)
    chain.assert_last_event(t.Cancelled(0, ONE, EVIDENCE))
    with refuses(chain, t.UnknownSlash):
        chain.root(cancel)
    note(chain, 3 * COIN)  # is not added to what was cancelled
    assert waiting(chain) == [3 * COIN]
    chain.run()
    chain.next_block(DELAY)
    assert slashing(chain).slashed == 3 * COIN
    chain.try_state()


# Everything.


def test_false_capacity_costs_everything_at_once(chain: CoinChain) -> None:
    bond, debt = chain.providers.bond_of(ONE), chain.ledger.debt_of(ONE)
    supply, orphaned = chain.ledger.total_supply(), chain.ledger.total_orphaned()
    slashing(chain).fault(ONE, Fault.FalseCapacity, 0, reporter=BOB)
    assert chain.providers.state_of(ONE) == ProviderState.Banned
    assert chain.providers.bond_of(ONE) == 0
    assert chain.ledger.debt_of(ONE).owed == 0
    assert chain.ledger.total_supply() == supply - bond
    assert chain.ledger.total_orphaned() == orphaned + debt.owed - bond
    chain.assert_last_event(t.Forfeited(ONE, bond, 0, 0))
    assert slashing(chain).settled == Settled(burned=bond)
    assert slashing(chain).slashed == bond == chain.ledger.records[ONE].slashed
    slashing(chain).fault(ONE, Fault.FalseCapacity, 0, reporter=BOB)  # there is nothing left
    assert slashing(chain).slashed == bond
    chain.run()
    chain.try_state()


def test_what_a_ban_leaves_of_a_bond_is_shared_with_the_reporter(chain: CoinChain) -> None:
    debt = chain.ledger.debt_of(ONE)
    chain.ledger.orphan(ONE, debt.owed - 30 * COIN)
    rest = chain.providers.bond_of(ONE) - 30 * COIN
    bob, reserve = (chain.balances.free_balance(each) for each in (BOB, RESERVE))
    slashing(chain).fault(ONE, Fault.FalseCapacity, 0, reporter=BOB)
    chain.assert_last_event(t.Forfeited(ONE, 30 * COIN, rest // 5, rest - rest // 5))
    assert chain.balances.free_balance(BOB) == bob + rest // 5
    assert chain.balances.free_balance(RESERVE) == reserve + rest - rest // 5
    assert slashing(chain).slashed == slashing(chain).settled.total == rest + 30 * COIN
    chain.run()
    chain.try_state()


# Victims.


def test_victims_are_paid_at_once(chain: CoinChain) -> None:
    bond, alice = chain.providers.bond_of(ONE), chain.balances.free_balance(ALICE)
    assert slashing(chain).compensate(ONE, ALICE, 3 * COIN) == 3 * COIN
    chain.assert_last_event(t.Compensated(ONE, ALICE, 3 * COIN))
    assert chain.balances.free_balance(ALICE) == alice + 3 * COIN
    assert slashing(chain).compensate(ONE, ALICE, bond) == bond - 3 * COIN
    assert slashing(chain).settled == Settled(victims=bond)
    assert slashing(chain).compensate(ONE, ALICE, 1) == 0
    assert slashing(chain).compensate(TWO, STRANGER, 5) == 0  # less than an account may hold
    assert slashing(chain).compensate(TWO, TWO, COIN) == 0  # nobody is his own victim
    assert slashing(chain).slashed == bond
    chain.run()
    chain.try_state()


# I13.


def test_coins_that_were_taken_and_did_not_arrive_make_no_block(
    chain: CoinChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(chain.providers), "take_bond", lambda self, who, to, amount: amount)
    slashing(chain).compensate(ONE, ALICE, 5)
    with pytest.raises(InvariantBroken) as broken:
        chain.run()
    assert str(broken.value) == (
        "I13 is broken: slashed = victims + burned + reporters + reserve; taken from providers are 5, "
        "and given 0: Settled(victims=0, burned=0, reporters=0, reserve=0)"
    )
