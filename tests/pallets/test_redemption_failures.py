"""Failures: what a failed ticket costs its server at once, by the day and by the slash; what goes back."""

from __future__ import annotations

from typing import Any

import pytest

from pallets.redemption import types as t
from pallets.redemption.matching import ACCEPT_BLOCKS
from pallets.redemption.types import TicketState
from pallets.slashing import Slashing
from pallets.slashing import types as slashing
from runtime.frame.coin import Fault, Mode, ProviderState
from runtime.frame.invalid import InvariantBroken
from support import tickets
from support.coin import ALICE, BOB, COIN, ISSUERS, CoinChain
from support.tickets import RESULT, X, ticket

ONE, TWO, *_ = ISSUERS


def redeem(chain: CoinChain, amount: int = X, who: bytes = ALICE, region: int = 1) -> int:
    """Redeem where only the first provider serves."""
    return tickets.redeem(chain, amount, who, region=region)


def start(chain: CoinChain, number: int) -> None:
    """Bring a matched or accepted ticket as far as Running."""
    found, calls = ticket(chain, number), chain.redemption
    assert found.server is not None
    if found.state == TicketState.Matched:
        chain.by(found.server, calls.accept.call(number))
    chain.by(found.owner, calls.begin.call(number))
    chain.by(found.server, calls.ready.call(number))


def deliver(chain: CoinChain, number: int) -> None:
    found = ticket(chain, number)
    assert found.server is not None
    start(chain, number)
    chain.by(found.server, chain.redemption.deliver.call(number, RESULT))


def failed(chain: CoinChain, monkeypatch: pytest.MonkeyPatch) -> int:
    """A ticket that has just failed, and that nobody serves while the patch holds."""
    number = redeem(chain)
    chain.run()
    assert ticket(chain, number).state == TicketState.Matched
    monkeypatch.setattr(type(chain.providers), "serves", lambda *args: False)
    chain._replayable = False
    chain.run_to(ticket(chain, number).deadline)
    assert ticket(chain, number).late == t.Late(ONE, chain.number)
    return number


# Coins for the victim, and the slash.


def test_a_failed_ticket_costs_a_tenth_at_once_and_all_of_it_and_a_tenth_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chain = CoinChain(still="days")
    bond, free = chain.providers.bond_of(ONE), chain.balances.free_balance(ALICE)
    number = redeem(chain)
    fee = free - chain.balances.free_balance(ALICE) - X
    chain.run_to(chain.number + 1 + ACCEPT_BLOCKS)
    due = chain.number + 3
    chain.assert_event(t.Failed(number, ONE))
    chain.assert_event(slashing.Compensated(ONE, ALICE, X // 10))
    chain.assert_event(slashing.Noted(0, ONE, Fault.FailedPiece, X, due))
    assert chain.balances.free_balance(ALICE) == free - X - fee + X // 10
    assert chain.providers.bond_of(ONE) == bond - X // 10
    assert chain.ledger.records[ONE].failures == 1
    assert chain.ledger.records[ONE].failed == X
    chain.run_to(due)
    assert chain.providers.bond_of(ONE) == bond - X // 10 - X
    assert chain[Slashing].settled.total == chain[Slashing].slashed == X + X // 10
    chain.try_state()


@pytest.mark.parametrize(("days", "percent"), [(0, 0), (1, 2), (3, 6), (10, 20), (13, 20)])
def test_each_day_late_costs_two_percent_and_twenty_at_most(
    days: int, percent: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain = CoinChain(still="days")
    number = failed(chain, monkeypatch)
    chain._replayable = False
    for _ in range(days):
        chain.run()
    monkeypatch.undo()
    chain.run()
    free = chain.balances.free_balance(ALICE)
    deliver(chain, number)
    late = min(20, percent + 2)  # the match took a block, which is a day here
    assert chain.balances.free_balance(ALICE) == free + X * late // 100
    assert ticket(chain, number).late is None
    chain.run()
    chain.try_state()


def test_lateness_is_paid_to_who_cancels_too(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = CoinChain(still="days")
    number = failed(chain, monkeypatch)
    chain._replayable = False
    chain.run()
    chain.run()
    free = chain.balances.free_balance(ALICE)
    chain.by(ALICE, chain.redemption.cancel.call(number))
    assert chain.balances.free_balance(ALICE) == free + X + X * 4 // 100
    chain.run()
    chain.try_state()


def test_each_server_that_failed_pays_for_its_own_days(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = CoinChain(still="days")
    number = failed(chain, monkeypatch)
    chain._replayable = False
    chain.run()
    late = ticket(chain, number).replace(late=t.Late(TWO, chain.number - 4))
    chain.redemption._put(number, late)
    monkeypatch.undo()
    bonds = [chain.providers.bond_of(who) for who in (ONE, TWO)]
    slashed = chain[Slashing].settled
    chain.run()
    chain.run_to(ticket(chain, number).deadline)
    assert ticket(chain, number).late == t.Late(ONE, chain.number)
    assert bonds[1] - chain.providers.bond_of(TWO) == X * 20 // 100  # more than 10 days
    paid = chain[Slashing].settled.victims - slashed.victims
    assert paid == X * 20 // 100 + X // 10
    assert (
        bonds[0] - chain.providers.bond_of(ONE) == X // 10 + X
    )  # this failure's tenth, the last one's slash


def test_who_is_gone_or_failed_himself_gets_nothing_and_the_slash_is_whole() -> None:
    chain = CoinChain(still="days")
    gone, own = redeem(chain), redeem(chain)
    chain.by(ALICE, chain.redemption.transfer.call(own, ONE))
    tiny = ticket(chain, gone).replace(owner=b"\x66" * 32, amount=100)
    chain.redemption._put(gone, tiny)
    chain.balances.transfer_on_hold(t.Escrow(), chain.redemption.account_id, ALICE, X - 100)
    chain.run()
    chain.run_to(chain.number + ACCEPT_BLOCKS)
    assert chain[Slashing].settled.victims == 0
    (slash,) = chain[Slashing].pending.values()  # both within an hour: under one number
    assert slash.amount == (X + 100) * 110 // 100
    assert chain.balances.total_balance(b"\x66" * 32) == 0
    chain.run()
    chain.try_state()


def test_a_bond_that_holds_less_pays_what_it_holds() -> None:
    chain = CoinChain(still="days")
    number = redeem(chain)
    chain.run()
    chain.providers.take_bond(ONE, BOB, chain.providers.bond_of(ONE) - 7)
    chain.run()
    free = chain.balances.free_balance(ALICE)
    chain.run_to(ticket(chain, number).deadline)
    assert chain.balances.free_balance(ALICE) == free + 7
    assert ticket(chain, number).place == number
    chain.next_block(3)
    chain.try_state()


# Who serves no more.


def test_a_ban_sends_back_what_is_not_delivered_and_lets_stand_what_is() -> None:
    chain = CoinChain(still="hours")
    numbers = [redeem(chain) for _ in range(4)]
    chain.run()
    matched, accepted, running, delivered = numbers
    chain.by(ONE, chain.redemption.accept.call(accepted))
    start(chain, running)
    deliver(chain, delivered)
    free = chain.balances.free_balance(ALICE)
    owed = chain.ledger.debt_of(ONE).owed
    since = chain.redemption.serving_since(ONE)
    assert since == chain.number
    chain[Slashing].fault(ONE, Fault.FalseCapacity, 0)
    assert chain.providers.state_of(ONE) == ProviderState.Banned
    for number in (matched, accepted, running):
        back = ticket(chain, number)
        assert (back.state, back.server, back.deadline, back.place) == (TicketState.Queued, None, 0, number)
        assert (back.is_ready, back.late) == (False, None)
        chain.assert_event(t.Requeued(number, ONE))
    assert ticket(chain, running).has_begun  # the inputs are where they were
    assert ticket(chain, delivered).state == TicketState.Delivered
    assert chain.ledger.debt_of(ONE).owed == chain.ledger.debt_of(ONE).assigned == X
    assert chain.ledger.records[ONE].failures == 0
    assert chain.balances.free_balance(ALICE) == free
    assert chain.redemption.serving_since(ONE) is None
    assert owed > X
    chain.run()
    chain.try_state()
    chain.by(ALICE, chain.redemption.confirm.call(delivered))
    assert chain.ledger.debt_of(ONE).owed == 0
    chain.run()
    chain.try_state()


def test_who_drains_to_the_end_gives_its_tickets_back() -> None:
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.give_notice.call())
    chain.run_to(chain.number + 28)
    number = redeem(chain)
    chain.run()
    assert ticket(chain, number).server == ONE
    chain.next_block(3)
    assert chain.providers.state_of(ONE) == ProviderState.Unbonding
    assert ticket(chain, number).state == TicketState.Queued
    chain.try_state()


def test_a_provider_is_busy_from_what_it_accepts_to_the_delivery() -> None:
    chain = CoinChain(still="hours")
    first = redeem(chain)
    chain.run()
    assert chain.redemption.serving_since(ONE) is None
    chain.run()
    since = chain.number
    chain.by(ONE, chain.redemption.accept.call(first))
    assert chain.redemption.serving_since(ONE) == since
    second = redeem(chain)
    chain.run()
    deliver(chain, first)
    assert chain.redemption.serving_since(ONE) == since  # without a break
    deliver(chain, second)
    assert chain.redemption.serving_since(ONE) is None
    assert chain.redemption.serving_since(b"\x66" * 32) is None


# Loss.


@pytest.mark.parametrize("mode", list(Mode), ids=[mode.name for mode in Mode])
def test_a_loss_is_shared_in_every_mode(mode: Mode) -> None:
    chain = CoinChain(still="hours")
    chain.ledger.orphan(ONE, chain.ledger.debt_of(ONE).owed // 2)
    number = redeem(chain, region=2)
    chain.redemption.ledger.judge(mode)
    supply, orphaned = chain.ledger.supply, chain.ledger.orphaned
    assert chain.redemption._match() == (1, 1)
    assert ticket(chain, number).amount == X - -(-X * orphaned // supply)


def test_nobody_loses_more_for_who_is_under_way() -> None:
    """However many are matched and not settled: each loses the same part, to a unit."""
    chain = CoinChain(still="hours")
    for who in ISSUERS[:2]:
        chain.ledger.orphan(who, chain.ledger.debt_of(who).owed // 3)
    chain.run()
    assert chain.ledger.mode_now() == Mode.Orange
    supply, orphaned = chain.ledger.supply, chain.ledger.orphaned
    amounts = [(1 + n % 4) * 1_000 * COIN + 7 * n for n in range(36)]
    numbers = [redeem(chain, amount, (ALICE, BOB)[n % 2], 0) for n, amount in enumerate(amounts)]
    for _ in range(60):
        chain.run()
    shares = dict.fromkeys(numbers, 0)
    chain.try_state()
    left: dict[int, int] = dict.fromkeys(numbers, 0)
    for each in chain.redemption.tickets.values():
        left[each.place] += each.amount
        assert each.has_shared or each.is_waiting
    shares = {number: amount - left[number] for number, amount in zip(numbers, amounts, strict=True)}
    borne = [number for number in numbers if shares[number]]
    assert len(borne) > 12
    for number in borne:
        exact = amounts[numbers.index(number)] * orphaned / supply
        assert abs(shares[number] - exact) < exact / 10**9 + len(numbers)


def test_when_nobody_owes_service_any_more_what_waits_cancels_the_orphaned() -> None:
    """After 14 days, in which somebody might have come back and taken his debt back."""
    chain = CoinChain(still="days")
    for who in ISSUERS:
        chain.by(who, chain.providers.remove_unit.call(0))
        chain.ledger.orphan(who, chain.ledger.debt_of(who).owed)
    chain.run()
    assert chain.ledger.mode_now() == Mode.Red
    number = redeem(chain, region=0)
    supply = chain.ledger.supply
    chain.next_block(13)
    assert ticket(chain, number).amount == X
    chain.run()
    assert number not in chain.redemption.tickets
    assert chain.ledger.orphaned == chain.ledger.supply == supply - X
    chain.run()
    chain.try_state()


# Books.


@pytest.mark.parametrize("broken", ["work", "twice"])
def test_work_beyond_capacity_makes_the_block_invalid(broken: str) -> None:
    chain = CoinChain(still="hours")
    numbers = [redeem(chain) for _ in range(2)]
    chain.run()
    server = chain.redemption.servers[ONE]
    says: dict[str, Any] = {
        "work": f"0x{ONE.hex()} has work of {2 * X}, and could do {X} in a day",
        "twice": f"ticket {numbers[0]} is counted to 0x{TWO.hex()}, and is {ticket(chain, numbers[0])}",
    }
    if broken == "work":
        chain.redemption.servers[ONE] = server.replace(room=X)
    else:
        chain.redemption.serving[TWO, numbers[0]] = True
    with pytest.raises(InvariantBroken) as refused:
        chain.builder.check_invariants()
    assert refused.value.name == "I10"
    assert refused.value.figures == says[broken]
