"""Leaving: by notice and by ban, nobody takes more than is left when every debt has its coins."""

from __future__ import annotations

import pytest

from pallets.providers import books
from pallets.providers import types as t
from runtime.frame.coin import Mode, ProviderState, Tier
from runtime.testing import refuses
from support.coin import ALICE, BOB, CPU_CLASS, DEPOSIT, ISSUERS, CoinChain

ONE, TWO, THREE, *_ = ISSUERS
HERE = t.Domain(3, 9)
DAYS = 30
"""T on a chain of a block a day."""


def provider(chain: CoinChain, who: bytes) -> t.Provider:
    return chain.providers.providers[who]


def leave(chain: CoinChain, who: bytes = ONE) -> int:
    """Give notice; the block in which the term ends."""
    chain.by(who, chain.providers.give_notice.call())
    end = provider(chain, who).end
    assert end is not None
    return end


def repay(chain: CoinChain, who: bytes) -> None:
    """Somebody burns all that a provider owes."""
    owed = chain.ledger.debt_of(who).owed
    chain.by(ALICE, chain.issuance.burn.call(who, owed))


def heavy(chain: CoinChain) -> None:
    """Let all mint as much as they may, all of it with a bond behind it, so that terms matter."""
    for who in ISSUERS:
        room = chain.providers.effective_of(who) * 100 // 125 - chain.ledger.debt_of(who).owed
        chain.by(who, chain.issuance.mint.call(room * 9 // 10, room * 3 // 10))


# Notice.


def test_notice_lasts_t_and_capacity_falls_with_what_is_left_of_it() -> None:
    chain = CoinChain(still="days")
    capacity, total = provider(chain, ONE).capacity, chain.providers.effective
    now = chain.number
    assert leave(chain) == now + DAYS
    chain.assert_event(t.NoticeGiven(ONE, now + DAYS))
    chain.assert_event(t.StateChanged(ONE, ProviderState.Draining))
    for day in range(DAYS):
        assert chain.providers.effective_of(ONE) == capacity * 24 * (DAYS - day)
        assert chain.providers.effective == total - capacity * 24 * day
        assert chain.providers.capacity_of(ONE) == capacity
        chain.try_state()
        chain.run()


def test_within_an_hour_the_term_is_rounded_down() -> None:
    chain = CoinChain(still="hours")
    capacity = provider(chain, ONE).capacity
    leave(chain)
    chain.run()
    assert chain.providers.effective_of(ONE) == capacity * 719
    chain.next_block(9)
    assert chain.providers.effective_of(ONE) == capacity * 719
    chain.next_block()
    assert chain.providers.effective_of(ONE) == capacity * 718
    chain.try_state()


def test_what_the_term_no_longer_covers_is_burned_from_the_bond_each_block() -> None:
    chain = CoinChain(still="days")
    heavy(chain)
    chain.run()
    end = leave(chain)
    chain.run()
    shrunk = 0
    while chain.number < end:
        bond, debt = provider(chain, ONE).bond, chain.ledger.debt_of(ONE)
        line = chain.providers.effective_of(ONE) * 100 // 105
        assert debt.owed <= line or not bond, "as long as there is bond, the line holds"
        shrunk += provider(chain, ONE).bond == 0
        chain.run()
    assert shrunk, "the bond has come to its end before the term has"
    chain.try_state()


def test_at_the_end_unvested_coins_then_the_bond_cancel_debt_and_the_rest_is_orphaned() -> None:
    chain = CoinChain(still="days")
    heavy(chain)
    chain.run()
    end = leave(chain)
    chain.by(ONE, chain.providers.bond.call(50))
    chain.run_to(end - 1)
    debt, bond, unvested = chain.ledger.debt_of(ONE).owed, provider(chain, ONE).bond, vesting(chain, ONE)
    assert debt > unvested > 0
    chain.next_block()
    chain.assert_event(t.StateChanged(ONE, ProviderState.Unbonding))
    chain.assert_event(t.DebtEnded(ONE, unvested, bond, debt - unvested - bond))
    assert chain.ledger.debt_of(ONE).owed == vesting(chain, ONE) == provider(chain, ONE).bond == 0
    assert chain.providers.effective_of(ONE) == 0
    chain.try_state()


def vesting(chain: CoinChain, who: bytes) -> int:
    held = chain.issuance.vesting.get(who)
    return 0 if held is None else held.amount


def test_who_owes_nothing_gets_its_bond_back_and_may_come_again() -> None:
    chain = CoinChain(still="days")
    repay(chain, ONE)
    chain.run()
    bond, free = provider(chain, ONE).bond, chain.balances.free_balance(ONE)
    chain.by(ONE, chain.providers.unbond.call(40))
    end = leave(chain)
    chain.run_to(end + 7)
    assert chain.balances.free_balance(ONE) == free + bond + DEPOSIT
    chain.try_state()
    chain.by(ONE, chain.providers.register.call(5, HERE, (CPU_CLASS,)))
    fresh = provider(chain, ONE)
    assert (fresh.state, fresh.tier, fresh.mean) == (ProviderState.Probation, Tier.Anonymous, 0)
    assert fresh.slot == 0  # the place that was free
    chain.run()
    chain.try_state()


@pytest.mark.parametrize("mode", [Mode.Red, Mode.WindDown], ids=["in Red", "in the wind-down"])
def test_who_owes_nothing_is_out_after_seven_days_however_bad_it_is(mode: Mode) -> None:
    """Its debt is cancelled. Held until the mode is better, its coins would be held for ever at the end."""
    chain = CoinChain(still="days")
    repay(chain, ONE)
    for who in ISSUERS[1:]:
        chain.by(who, chain.providers.remove_unit.call(0))
    chain.run()
    assert chain.ledger.mode_now() == Mode.Red
    while chain.ledger.mode_now() != mode:
        chain.next_block()
    bond, free = provider(chain, ONE).bond, chain.balances.free_balance(ONE)
    end = leave(chain)
    chain.run_to(end + 6)
    assert chain.ledger.mode_now() >= mode
    assert provider(chain, ONE).state == ProviderState.Unbonding
    chain.run()
    assert ONE not in chain.providers.roster
    assert chain.balances.free_balance(ONE) == free + bond + DEPOSIT
    chain.try_state()


def test_one_on_probation_owes_nothing_and_unbonds_at_once() -> None:
    chain = CoinChain(still="days")
    free = chain.balances.free_balance(ALICE)
    chain.by(ALICE, chain.providers.register.call(5, HERE, (CPU_CLASS,) * 3))
    chain.by(ALICE, chain.providers.give_notice.call())
    assert provider(chain, ALICE).state == ProviderState.Unbonding
    assert chain.providers.units_of(ALICE, chain.number + 1) == ()
    since = chain.number
    chain.run_to(since + 7)
    assert ALICE not in chain.providers.providers
    assert chain.balances.free_balance(ALICE) == free
    chain.try_state()


def test_units_of_one_that_left_are_forgotten_a_page_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pallets.providers.leaving.UNITS_CLEARED_MAX", 2)
    chain = CoinChain(still="days")
    chain.by(ALICE, chain.providers.register.call(5, HERE, (CPU_CLASS,) * 5))
    chain.by(ALICE, chain.providers.give_notice.call())
    left = []
    for _ in range(4):
        left.append(provider(chain, ALICE).units)
        chain.try_state()
        chain.run()
    assert left == [5, 3, 1, 0]


def test_notice_ends_the_clock_of_a_deficit_for_the_bond_pays_at_once() -> None:
    chain = CoinChain(still="days")
    owed = chain.ledger.debt_of(ONE).owed
    while 105 * owed <= 100 * chain.providers.effective_of(ONE):
        chain.providers.record_window(ONE, {0: False})
    chain.run()
    assert provider(chain, ONE).short_since is not None
    bond = provider(chain, ONE).bond
    leave(chain)
    assert provider(chain, ONE).short_since is None
    chain.run()
    assert provider(chain, ONE).bond < bond


@pytest.mark.parametrize("state", ["Draining", "Unbonding", "Banned"])
def test_who_leaves_may_not_do_what_stayers_may(state: str) -> None:
    chain = CoinChain(still="days")
    calls = chain.providers
    if state == "Banned":
        calls.ban(ONE)
    else:
        end = leave(chain)
        chain.run_to(end if state == "Unbonding" else chain.number + 1)
    assert provider(chain, ONE).state.name == state
    with refuses(chain, t.Leaving):
        chain.by(ONE, calls.give_notice.call())
    with refuses(chain, t.Leaving):
        chain.by(ONE, calls.add_units.call((CPU_CLASS,)))
    with refuses(chain, t.NotActive):
        chain.by(ONE, calls.unbond.call(1))
    with refuses(chain, t.Expelled if state == "Banned" else t.AlreadyRegistered):
        chain.by(ONE, calls.register.call(5, HERE, ()))
    if state == "Draining":
        chain.by(ONE, calls.bond.call(1))
        return
    with refuses(chain, t.Leaving):
        chain.by(ONE, calls.bond.call(1))
    with refuses(chain, t.Leaving):
        chain.by(ONE, calls.remove_unit.call(0))
    with refuses(chain, t.NotActive):
        chain.by(ONE, calls.offer_novation.call(TWO, 1))


# Ban.


def test_a_ban_cancels_debt_with_all_there_is_and_orphans_the_rest() -> None:
    chain = CoinChain(still="days")
    heavy(chain)
    chain.by(ONE, chain.providers.unbond.call(7))
    debt, bond, unvested = chain.ledger.debt_of(ONE).owed, provider(chain, ONE).bond, vesting(chain, ONE)
    supply, total = chain.ledger.supply, chain.providers.effective
    own = chain.providers.effective_of(ONE)
    chain.providers.ban(ONE)
    chain.assert_event(t.StateChanged(ONE, ProviderState.Banned))
    rest = debt - unvested - bond - 7
    chain.assert_event(t.DebtEnded(ONE, unvested, bond + 7, rest))
    assert chain.ledger.debt_of(ONE).owed == 0
    assert (chain.ledger.orphaned, chain.ledger.supply) == (rest, supply - unvested - bond - 7)
    assert chain.providers.effective == total - own
    assert chain.balances.on_hold(t.Deposit(), ONE) == DEPOSIT
    chain.providers.ban(ONE)  # twice is once
    assert chain.ledger.orphaned == rest
    chain.run()
    chain.try_state()


def test_what_a_ban_leaves_is_the_slashers_for_a_week_and_then_the_reserves() -> None:
    chain = CoinChain(still="days")
    repay(chain, ONE)
    chain.run()
    bond = provider(chain, ONE).bond
    assert chain.providers.pay_bounty(ONE, BOB) == DEPOSIT // 2
    chain.assert_event(t.BountyPaid(ONE, BOB, DEPOSIT // 2))
    chain.providers.ban(ONE)
    assert provider(chain, ONE).bond == bond
    assert chain.providers.take_bond(ONE, BOB, 100) == 100
    since = chain.number
    chain.run()
    chain.run_to(since + 6)
    before = chain.ledger.reserve_balance()
    chain.run()
    assert chain.ledger.reserve_balance() == before + bond - 100 + DEPOSIT // 2
    assert chain.providers.state_of(ONE) == ProviderState.Banned
    assert ONE not in chain.providers.roster
    chain.try_state()
    with refuses(chain, t.Expelled, "Expelled: The account was banned, for ever."):
        chain.by(ONE, chain.providers.register.call(5, HERE, ()))
    chain.run()
    chain.try_state()


def test_delivered_work_is_settled_before_its_server_is_gone() -> None:
    """Debt under a ticket survives the ban; what the ticket gives free is cancelled or orphaned then."""
    chain = CoinChain(still="days")
    owed, bond = chain.ledger.debt_of(ONE).owed, provider(chain, ONE).bond
    chain.ledger.assign(ONE, owed)
    chain._replayable = False
    chain.providers.ban(ONE)
    assert (chain.ledger.debt_of(ONE).owed, chain.ledger.orphaned) == (owed, 0)
    chain.run()
    chain.next_block(8)
    assert ONE in chain.providers.roster
    chain.ledger.unassign(ONE, owed)
    chain.run()
    assert chain.ledger.debt_of(ONE).owed == 0
    assert ONE not in chain.providers.roster
    chain.assert_event(t.DebtEnded(ONE, 0, bond, owed - bond))


def test_a_stranger_is_not_banned() -> None:
    chain = CoinChain(still="days")
    with refuses(chain, t.NotRegistered):
        chain.providers.ban(ALICE)
    with refuses(chain, t.NotRegistered):
        chain.providers.pay_bounty(ALICE, BOB)


# Time.


def test_what_time_brings_waits_its_turn_when_there_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Daily samples of five providers, two a block: the oldest turn comes first, and none is forgotten."""
    monkeypatch.setattr(books, "WAKES_MAX", 2)
    chain = CoinChain(still="hours")
    chain.run_to(240)
    assert [provider(chain, who).sampled_at for who in ISSUERS] == [240, 240, 0, 0, 0]
    chain.try_state()
    chain.next_block(2)
    assert [provider(chain, who).sampled_at for who in ISSUERS] == [240, 240, 241, 241, 242]
    chain.try_state()
