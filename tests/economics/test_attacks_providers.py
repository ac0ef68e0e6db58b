"""Attacks on what stands behind the coin, each by its name, run with its defence and with the defence out."""

from __future__ import annotations

import pytest

from pallets.issuance.types import BondLine, GroupLine
from pallets.providers import bonds, pallet, registry
from pallets.providers import types as p
from pallets.providers.pallet import Providers
from pallets.solvency.mode import condition
from runtime.frame.coin import ANONYMOUS, Mode, ProviderState, Tier
from runtime.testing import refuses
from support.coin import ALICE, BOB, COIN, CPU_CLASS, DEPOSIT, ED, ISSUERS, RESERVE, CoinChain

ONE, TWO, *_ = ISSUERS
HERE = p.Domain(7, 7)
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


def pass_windows(chain: CoinChain, who: bytes, units: int, count: int = 28) -> None:
    for _ in range(count):
        chain.providers.record_window(who, dict.fromkeys(range(units), True))


# Capacity that is not there.


@defended
def test_units_that_exist_for_a_moment(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sybil capacity. Defence: a unit counts after 28 windows in a row, one added to a fleet too."""
    if not is_defended:
        for module in (registry, pallet):
            monkeypatch.setattr(module, "UNIT_PROBATION", 1)
    chain = CoinChain(still="days")
    before = chain.providers.effective
    chain.by(ALICE, chain.providers.register.call(66, HERE, (CPU_CLASS,) * 20))
    pass_windows(chain, ALICE, 20, 1)
    assert (chain.providers.effective == before) is is_defended
    assert (chain.providers.state_of(ALICE) == ProviderState.Probation) is is_defended
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.add_units.call((CPU_CLASS,) * 20))
    pass_windows(chain, ONE, 21, 1)
    assert (chain.providers.effective == before) is is_defended


@defended
def test_one_operator_under_many_names(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sybil operators. Defence: all whom nobody vouches for are one group, whatever group they declare."""
    if not is_defended:
        monkeypatch.setattr(p.Provider, "counts_to", property(lambda provider: provider.group))
    chain = CoinChain(still="days")
    for who in ISSUERS:
        chain.root(chain.providers.set_tier.call(who, Tier.Anonymous, 50 + who[0]))
    chain.run()
    owed = chain.ledger.supply
    assert (chain.ledger.group_owes(ANONYMOUS) == owed) is is_defended
    assert (chain.solvency.coverage.margin < 0) is is_defended  # one failure would take all of it


@defended
def test_grow_the_fleet_after_the_tier_is_earned(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rent a large fleet for a week, as an accountable name, mint against a quarter of bond, and vanish.
    Defence: above the 90-day mean every coin is bonded.
    """
    if not is_defended:
        monkeypatch.setattr(Providers, "_proven_debt", lambda self, provider: 1 << 127)
    chain = CoinChain(still="days")
    for who in (ONE, TWO):  # two of them, so that neither is the heaviest group by far
        chain.by(who, chain.providers.add_units.call((CPU_CLASS,) * 3))
        pass_windows(chain, who, 4)
    room = chain.providers.effective_of(ONE) * 100 // 125 - chain.ledger.debt_of(ONE).owed
    mint = chain.issuance.mint.call(room, room * 30 // 100)
    if is_defended:
        with refuses(chain, BondLine):
            chain.by(ONE, mint)
    else:
        chain.by(ONE, mint)


@defended
def test_be_counted_on_for_days_after_one_is_gone(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Availability is of 56 windows, so capacity fades long after its owner has left. Defence: who is
    silent for more than four windows has no term, and E has it no more.
    """
    if not is_defended:
        monkeypatch.setattr(p.Provider, "is_silent", property(lambda provider: False))
    chain = CoinChain(still="days")
    for who in ISSUERS[:3]:
        for _ in range(5):
            chain.providers.record_window(who, {0: False})
    chain.run()
    assert (chain.ledger.mode_now() == Mode.Red) is is_defended


@defended
def test_one_issuer_vanishes_and_takes_the_coin_along(
    is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than a twentieth of all coins is nobody's debt, though the others could serve every one of them.
    Defence: that stops minting and frees the exit, and only E < S leads to the wind-down.
    """
    if not is_defended:

        def with_orphans(e: int, s: int, n1: int, o: int, kappa_ppb: int) -> Mode:
            return Mode.Red if 20 * o > s else condition(e, s, n1, o, kappa_ppb)

        monkeypatch.setattr("pallets.solvency.pallet.condition", with_orphans)
    chain = CoinChain(still="days")
    chain.providers.ban(ONE)
    chain.run()
    assert chain.providers.effective > chain.ledger.supply
    assert 20 * chain.ledger.orphaned > chain.ledger.supply
    assert (chain.ledger.mode_now() == Mode.Orange) is is_defended
    chain.next_block(92)
    assert (chain.ledger.mode_now() == Mode.WindDown) is not is_defended
    if is_defended:  # the reserve is given what ends the loss, and a week later coins are minted again
        chain.balances.transfer(ALICE, RESERVE, chain.ledger.orphaned + COIN)
        chain.run()
        chain.next_block(8)
        assert chain.ledger.mode_now() < Mode.Orange


@defended
def test_shed_a_debt_by_being_away(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stay away until one's debt is everybody's, and come back with all capacity and none of the debt.
    Defence: who comes back takes it back.
    """
    if not is_defended:
        monkeypatch.setattr(Providers, "_resume", lambda self, who: None)
    chain = CoinChain(still="days")
    owed, bond = chain.ledger.debt_of(ONE).owed, chain.providers.bond_of(ONE)
    for _ in range(5):
        chain.providers.record_window(ONE, {0: False})
    chain.run()
    chain.next_block(14)
    assert chain.ledger.debt_of(ONE).owed == 0
    for _ in range(56):
        chain.providers.record_window(ONE, {0: True})
    chain.run()
    chain.next_block()
    assert chain.ledger.debt_of(ONE).owed == (owed - bond - COIN + ED if is_defended else 0)


# Taking the bond along.


@defended
def test_unbond_after_minting_fully_bonded(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: the N-1 line is a condition of `unbond` too, or a bond that counted for it could leave."""
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.add_units.call((CPU_CLASS,) * 3))  # the largest operator by far
    pass_windows(chain, ONE, 4)
    chain.providers.days[ONE] = (chain.providers.effective_of(ONE),) * 90  # and of old
    chain.run()
    x = 1_000_000 * COIN
    with refuses(chain, GroupLine):
        chain.by(ONE, chain.issuance.mint.call(x, x // 4))
    chain.by(ONE, chain.issuance.mint.call(x, x * 997 // 1000))
    unbond = chain.providers.unbond.call(740_000 * COIN)
    if is_defended:
        with refuses(chain, p.GroupTooHeavy):
            chain.by(ONE, unbond)
    else:
        monkeypatch.setattr(Providers, "survives", lambda *args, **changes: True)
        chain.by(ONE, unbond)
        chain.run()
        assert chain.solvency.coverage.margin < 0


@defended
def test_unbond_before_the_slash_is_applied(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slash waits for three days. Defence: coins that wait to leave are called back for it."""
    if not is_defended:
        monkeypatch.setattr(Providers, "_recall", lambda self, who, amount: None)
    chain = CoinChain(still="days")
    chain.by(ALICE, chain.issuance.burn.call(ONE, chain.ledger.debt_of(ONE).owed))
    bond = chain.providers.bond_of(ONE)
    chain.by(ONE, chain.providers.unbond.call(bond))
    chain.run()
    chain.next_block(3)
    assert chain.providers.take_bond(ONE, BOB, bond) == (bond if is_defended else 0)


@defended
def test_exit_of_an_issuer(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider leaves with all its debt. Defence: its capacity counts only for what is left of its term,
    and its bond pays for the rest day by day. So coins never seem covered by one who is about to be gone.
    """
    if not is_defended:
        monkeypatch.setattr(
            Providers, "_term", lambda self, each: 720 if each.state.name in ("Active", "Draining") else 0
        )
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.give_notice.call())
    chain.run()
    chain.next_block(28)
    could_still_serve = chain.providers.capacity_of(ONE) * 24
    assert (chain.providers.effective_of(ONE) == could_still_serve) is is_defended
    assert (chain.providers.bond_of(ONE) == 0) is is_defended


@defended
def test_prove_ones_own_fraud(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """About to be found out, a cheat lets a friend prove it, and has the deposit back. Defence: half."""
    if not is_defended:
        monkeypatch.setattr(bonds, "BOUNTY_PERCENT", 100)
    chain = CoinChain(still="days")
    free = chain.balances.free_balance(BOB)
    chain.providers.pay_bounty(ONE, BOB)
    chain.providers.ban(ONE)
    assert (chain.balances.free_balance(BOB) - free < DEPOSIT) is is_defended


@defended
def test_hand_on_the_debt_that_a_bond_stands_behind(
    is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure of a fully bonded issuer takes no debt along; what it novates, its bond no longer covers.
    Defence: a novation may not let n1 fall below zero, nor further below.
    """
    chain = CoinChain(still="days")
    for who, giver in ((ONE, ALICE), (TWO, BOB)):
        missing = chain.ledger.debt_of(who).owed - chain.providers.bond_of(who)
        chain.balances.transfer(giver, who, missing)
        chain.by(who, chain.providers.bond.call(missing))
    for who in ISSUERS[2:]:
        chain.by(who, chain.providers.remove_unit.call(0))
    before, amount = chain.providers.margin_now(), chain.ledger.debt_of(ONE).owed // 10
    assert before < 0
    chain.by(ONE, chain.providers.offer_novation.call(TWO, amount))
    accept = chain.providers.accept_novation.call(ONE, amount)
    if is_defended:
        with refuses(chain, p.GroupTooHeavy):
            chain.by(TWO, accept)
        return
    with monkeypatch.context() as without:
        without.setattr(Providers, "margin_now", lambda self: 0)
        chain.by(TWO, accept)
    chain.run()
    assert chain.solvency.coverage.margin == before - amount


@defended
def test_put_off_the_end_of_a_deficit(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A deficient provider moves a coin into its bond every day, to be looked at later. Defence: who is on
    the agenda keeps its turn.
    """
    if not is_defended:
        awaited = Providers._awaited

        def postponed(self: Providers, who: bytes, provider: p.Provider) -> p.Provider:
            found = awaited(self, who, provider.replace(wakes_at=0))
            return found.replace(wakes_at=max(found.wakes_at, self.host.number + 2))

        monkeypatch.setattr(Providers, "_awaited", postponed)
    chain = CoinChain(still="days")
    owed = chain.ledger.debt_of(ONE).owed
    while 105 * owed <= 100 * 2 * chain.providers.effective_of(ONE):
        chain.providers.record_window(ONE, {0: False})
    for _ in range(20):
        chain.by(ONE, chain.providers.bond.call(1))
        chain.run()
    assert (chain.ledger.debt_of(ONE).owed < owed) is is_defended
