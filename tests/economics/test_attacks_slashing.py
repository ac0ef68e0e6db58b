"""Attacks on slashing, each by its name: the defence stops it, and without the defence it succeeds."""

from __future__ import annotations

import pytest

from pallets.slashing import Slashing
from pallets.slashing import pallet as slashing
from runtime.frame import slash
from runtime.frame.coin import Fault
from runtime.types.fixed import PPB
from support.coin import ALICE, BOB, COIN, CONFIG, ISSUERS, CoinChain

ONE, TWO, *_ = ISSUERS
EVIDENCE = bytes(32)
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


@defended
def test_put_everything_into_one_building(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Concentration. Defence: an outage costs the more, the more of all capacity fails with it."""
    if not is_defended:
        monkeypatch.setattr(slashing, "STEEPNESS", 0)
    chain = CoinChain(still="days")
    chain[Slashing].outage(ONE, 0)
    chain[Slashing].outage(TWO, PPB * 35 // 100)
    alone, together = (chain[Slashing].pending[number].amount for number in (0, 1))
    assert (together > 20 * alone) is is_defended


@defended
def test_refuse_more_than_a_week_can_cost(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail once, and then for nothing. Defence: failed pieces are summed, without a cap in the span."""
    if not is_defended:

        def capped(self: Slashing, who: bytes, fault: Fault, amount: int, reporter: bytes | None) -> None:
            if (who, fault) not in self.gathering:
                note(self, who, fault, amount, reporter)

        note = Slashing._note
        monkeypatch.setattr(Slashing, "_note", capped)
    chain = CoinChain(still="hours")
    for _ in range(20):
        chain[Slashing].fault(ONE, Fault.FailedPiece, COIN)
        chain.run()
    waiting = sum(each.amount for each in chain[Slashing].pending.values())
    assert waiting == (20 * COIN if is_defended else COIN)


@defended
def test_be_slashed_by_a_friend(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Report oneself through a friend. Defence: a reporter gets a fifth at most, and debts come first."""
    if not is_defended:
        monkeypatch.setattr(slash, "REPORTER_PERCENT", 100)
    chain = CoinChain(still="days")
    chain[Slashing].fault(ONE, Fault.FailedPiece, 100 * COIN, reporter=BOB)
    chain.run()
    free, bond = chain.balances.free_balance(BOB), chain.providers.bond_of(ONE)
    for _ in range(3):
        chain._replayable = False
        chain.run()
    lost, back = bond - chain.providers.bond_of(ONE), chain.balances.free_balance(BOB) - free
    assert lost == 100 * COIN
    assert back == (20 * COIN if is_defended else lost)


@defended
def test_a_broken_program_convicts_the_honest(is_defended: bool) -> None:
    """Defence: a slash waits for three days, in which it can be cancelled with evidence."""
    delay = {"Slashing": {"delay_hours": 72 if is_defended else 0}}
    chain = CoinChain(still="hours", config={**CONFIG, **delay})
    bond = chain.providers.bond_of(ONE)
    chain[Slashing].fault(ONE, Fault.FailedPiece, COIN)
    chain.run()
    chain.next_block(10)  # an hour in which somebody wakes up
    if is_defended:
        chain.root(chain[Slashing].cancel.call(0, EVIDENCE))
        chain.run()
    chain.next_block(10)
    assert (chain.providers.bond_of(ONE) == bond) is is_defended


@defended
def test_fill_the_chain_with_small_faults(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: faults of one kind are gathered for an hour, so that what waits is bounded by providers."""
    if not is_defended:
        monkeypatch.setattr(slashing, "GATHER_HOURS", 0)
    chain = CoinChain(still="hours")
    for _ in range(10):
        chain[Slashing].fault(ONE, Fault.FailedPiece, 1)
        chain.run()
    assert len(list(chain[Slashing].pending)) == (1 if is_defended else 10)


@defended
def test_keep_what_a_fraud_has_left(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be banned while owing nothing. Defence: what no debt takes of the bond goes to reporter and reserve."""
    if not is_defended:
        monkeypatch.setattr(Slashing, "_share_out", lambda self, who, rest, reporter: (0, 0))
    chain = CoinChain(still="days")
    chain.ledger.orphan(ONE, chain.ledger.debt_of(ONE).owed)
    chain[Slashing].fault(ONE, Fault.FalseCapacity, 0, reporter=ALICE)
    assert (chain.providers.bond_of(ONE) == 0) is is_defended
