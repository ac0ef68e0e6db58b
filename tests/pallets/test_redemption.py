"""Redemption: a ticket goes its way to the end, whoever fails pays, and the coins served are burned."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.build import GenesisError, build_genesis
from pallets.redemption import types as t
from pallets.redemption.fee import FEE_PPB_MAX, decayed, fee_ppb, grown
from pallets.redemption.matching import ACCEPT_BLOCKS
from pallets.redemption.tickets import ESCROW, RECEIPTS_MAX
from pallets.redemption.types import Service, TicketState
from runtime.frame.coin import Mode, ProviderState
from runtime.frame.invalid import InvariantBroken
from runtime.frame.parameter import OutOfBounds
from runtime.state import MemoryStates
from support.coin import ALICE, BOB, COIN, ISSUERS, RESERVE, RICH, CoinChain, coin_parts
from support.coin import ESCROW as ESCROW_ACCOUNT
from support.tickets import HOUR, JOB, RESULT, X, bring, bring_on, halt, redeem, server, ticket


@pytest.fixture
def chain() -> CoinChain:
    return CoinChain(still="hours")


def test_a_ticket_goes_all_the_way_and_is_burned(chain: CoinChain) -> None:
    calls, supply, free = chain.redemption, chain.ledger.supply, chain.balances.free_balance(ALICE)
    number = redeem(chain)
    fee = free - X - chain.balances.free_balance(ALICE)
    assert calls.escrowed == X == chain.balances.on_hold(ESCROW, calls.account_id)
    assert calls.queue_now() == (1, X)
    chain.run()
    who = server(chain, number)
    assert calls.queue_now() == (0, 0)
    owed = chain.ledger.debt_of(who)
    assert owed.assigned == X
    assert ticket(chain, number).standard == 1
    chain.by(who, calls.accept.call(number))
    chain.assert_last_event(t.Accepted(number, who))
    chain.by(ALICE, calls.begin.call(number))
    chain.by(who, calls.ready.call(number))
    started = ticket(chain, number)
    assert started.state == TicketState.Running
    work_blocks = -(-X * HOUR // chain.providers.capacity_of(who))
    assert started.deadline == chain.number + work_blocks + HOUR
    chain.by(who, calls.deliver.call(number, RESULT))
    chain.run()
    chain.by(ALICE, calls.confirm.call(number))
    chain.assert_last_event(t.Settled(number, who, X, RESULT))
    assert number not in calls.tickets
    assert (chain.ledger.supply, calls.escrowed) == (supply - X, 0)
    assert chain.ledger.debt_of(who).owed == owed.owed - X
    assert chain.ledger.debt_of(who).assigned == 0
    assert calls.receipts[number] == t.Receipt(ALICE, who, X, Service.Train, JOB, RESULT, 1, chain.number)
    assert chain.balances.free_balance(RESERVE) == COIN + fee
    chain.run()
    chain.try_state()


def test_silence_accepts_after_a_day(chain: CoinChain) -> None:
    number = redeem(chain)
    bring(chain, number, TicketState.Delivered)
    chain.next_block(24 * HOUR - 1)
    assert ticket(chain, number).state == TicketState.Delivered
    chain.next_block()
    assert number not in chain.redemption.tickets
    assert number in chain.redemption.receipts


def test_a_ticket_has_an_eta_at_every_step(chain: CoinChain) -> None:
    calls = chain.redemption
    assert calls.eta_of(0) is None
    number, other = redeem(chain, 4_000 * COIN), redeem(chain, 1_000 * COIN)
    together = chain.providers.effective_total() // 720
    assert calls.eta_of(number) == chain.number + -(-5_000 * COIN * HOUR // together)
    chain.run()
    who = server(chain, number)
    work = sum(each.amount for each in calls.tickets.values() if each.server == who)
    assert calls.eta_of(number) == chain.number + -(-work * HOUR // chain.providers.capacity_of(who))
    bring_on(chain, number, who)
    assert calls.eta_of(number) == ticket(chain, number).deadline
    halt(chain)
    calls._back(other, ticket(chain, other))
    assert calls.eta_of(other) is None  # nobody has capacity


# Whose fault.


@pytest.mark.parametrize("reached", [TicketState.Matched, TicketState.Accepted, TicketState.Running])
def test_a_server_that_stays_away_pays_and_the_ticket_is_back_in_its_place(
    chain: CoinChain, reached: TicketState
) -> None:
    first = redeem(chain)
    chain.run()
    who = bring(chain, first, reached) if reached > TicketState.Matched else server(chain, first)
    free, bond = chain.balances.free_balance(ALICE), chain.providers.bond_of(who)
    chain.run_to(ticket(chain, first).deadline - 1)
    second = redeem(chain, who=BOB)  # too late to fail too, whoever serves it
    chain.run()
    chain.redemption.try_state()
    failed = ticket(chain, first)
    assert failed.place == first
    assert chain.balances.free_balance(ALICE) == free + X // 10
    assert chain.providers.bond_of(who) == bond - X // 10
    assert len(chain.providers.providers[who].failures) == 1
    assert failed.state == TicketState.Matched  # it was matched again in the same block, before any later one
    assert failed.has_begun is (reached == TicketState.Running)
    assert second in chain.redemption.tickets
    chain.run()
    chain.try_state()


def test_neither_begin_nor_ready_is_the_servers_fault(chain: CoinChain) -> None:
    number = redeem(chain)
    who = bring(chain, number, TicketState.Accepted)
    chain.next_block(6 * HOUR)
    assert len(chain.providers.providers[who].failures) == 1
    assert ticket(chain, number).place == number


def test_a_server_cannot_make_a_no_show_of_a_consumer_who_has_begun(chain: CoinChain) -> None:
    """False no-show: `begin` is on chain, so the server that is not ready has failed."""
    number = redeem(chain)
    chain.by(ALICE, chain.redemption.begin.call(number))  # the consumer may say so from the start
    who = bring(chain, number, TicketState.Accepted)
    chain.next_block(6 * HOUR)
    assert len(chain.providers.providers[who].failures) == 1


def test_a_consumer_who_does_not_show_loses_half(chain: CoinChain) -> None:
    number = redeem(chain, X + 1)
    who = bring(chain, number, TicketState.Accepted)
    chain.by(who, chain.redemption.ready.call(number))
    supply, owed = chain.ledger.supply, chain.ledger.debt_of(who).owed
    free = chain.balances.free_balance(ALICE)
    chain.next_block(6 * HOUR)
    burned = (X + 2) // 2  # rounded up
    assert number not in chain.redemption.tickets
    assert chain.ledger.supply == supply - burned
    assert chain.ledger.debt_of(who).owed == owed - burned
    assert chain.ledger.debt_of(who).assigned == 0
    assert chain.balances.free_balance(ALICE) == free + X + 1 - burned
    assert chain.providers.providers[who].failures == ()
    chain.try_state()


def test_what_an_owner_who_is_gone_would_get_back_goes_to_the_reserve(chain: CoinChain) -> None:
    number = redeem(chain)
    chain.by(ALICE, chain.redemption.transfer.call(number, b"\x66" * 32))
    chain.redemption._put(number, ticket(chain, number).replace(amount=10))
    chain.balances.transfer_on_hold(ESCROW, chain.redemption.account_id, ALICE, X - 10)
    who = bring(chain, number, TicketState.Accepted)
    chain.by(who, chain.redemption.ready.call(number))
    reserve = chain.balances.free_balance(RESERVE)
    chain.run_to(ticket(chain, number).deadline)
    assert chain.balances.free_balance(RESERVE) == reserve + 5
    chain.try_state()


# Loss sharing.


@pytest.mark.parametrize(("part", "mode"), [(10, Mode.Orange), (25, Mode.Green)])
def test_while_there_is_orphan_debt_each_ticket_first_bears_its_share_of_it(part: int, mode: Mode) -> None:
    chain = CoinChain(still="hours")
    chain.ledger.orphan(ISSUERS[0], chain.ledger.supply // part)
    chain.run()
    assert chain.ledger.mode_now() == mode
    number = redeem(chain)
    fee = RICH - X - chain.balances.free_balance(ALICE)
    assert (fee == 0) == (mode == Mode.Orange)
    supply, orphaned = chain.ledger.supply - fee, chain.ledger.orphaned - fee  # by way of the reserve
    chain.run()
    share = -(-X * orphaned // supply)
    assert chain.ledger.orphaned == orphaned - share
    assert ticket(chain, number).amount == X - share
    assert ticket(chain, number).has_shared
    chain.next_block(ACCEPT_BLOCKS)  # matched again after a failure, it bears no second share
    assert chain.ledger.orphaned == orphaned - share
    chain.run()
    chain.try_state()


# The fee.


@given(st.integers(0, FEE_PPB_MAX), st.integers(0, 400))
def test_the_base_halves_every_twelve_hours(base: int, hours: int) -> None:
    exact = Fraction(base) / 2 ** (hours // 12)
    assert decayed(base, hours) >= 0
    if hours % 12 == 0 and hours // 12 < base.bit_length():
        assert exact <= decayed(base, hours) < exact + 1
    assert decayed(base, hours + 1) <= decayed(base, hours)


@given(st.integers(0, FEE_PPB_MAX), st.integers(1, 10**18), st.integers(1, 10**18))
def test_the_base_grows_by_half_the_share_redeemed(base: int, amount: int, supply: int) -> None:
    exact = min(Fraction(FEE_PPB_MAX), base + Fraction(amount * 10**9, 2 * supply))
    assert exact <= grown(base, amount, supply) < exact + 1
    assert fee_ppb(3_000_000, FEE_PPB_MAX) == FEE_PPB_MAX


def test_the_fee_rises_with_a_run_and_falls_with_time(chain: CoinChain) -> None:
    def charged(amount: int) -> int:
        before = chain.balances.free_balance(ALICE)
        redeem(chain, amount)
        return before - amount - chain.balances.free_balance(ALICE)

    small = charged(COIN)
    assert small == pytest.approx(COIN * 3 / 1000, rel=1e-3)
    redeem(chain, chain.ledger.supply // 20, BOB)
    assert charged(COIN) == COIN // 50  # 2 % at most: 0.3 % and half of 5 % would be more
    chain.run()
    chain.redemption.base = t.Base(FEE_PPB_MAX, 0)
    chain.next_block(12 * HOUR - chain.number)
    assert charged(COIN) == pytest.approx(COIN * (3 + 10) / 1000, rel=1e-3)


def test_the_fee_floor_stays_within_its_bounds(chain: CoinChain) -> None:
    with pytest.raises(OutOfBounds) as refused:
        chain.redemption.fee_floor_ppb = 20_000_001
    assert str(refused.value) == "FeeFloorPpb = 20000001 is outside [0, 20000000]"


# Books.


def test_receipts_are_kept_round_and_round(chain: CoinChain, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RECEIPTS_MAX == 4_096
    monkeypatch.setattr("pallets.redemption.tickets.RECEIPTS_MAX", 2)
    for _ in range(3):
        number = redeem(chain)
        bring(chain, number, TicketState.Delivered)
        chain.by(ALICE, chain.redemption.confirm.call(number))
    assert sorted(chain.redemption.receipts.keys()) == [1, 2]
    assert chain.redemption.settled == 3


@pytest.mark.parametrize("broken", ["escrow", "sum", "number", "place", "order"])
def test_books_that_do_not_agree_make_the_block_invalid(chain: CoinChain, broken: str) -> None:
    calls = chain.redemption
    if broken in ("place", "order"):
        halt(chain)
    first, second = redeem(chain), redeem(chain)
    if broken in ("place", "order"):
        chain.run()
    says: dict[str, Any] = {
        "escrow": f"open tickets hold {2 * X}, and the escrow {2 * X - 1}",
        "sum": f"in this block the tickets grew by {2 * X - 1}, their sum by {2 * X}",
        "number": "ticket 7 is new, and numbers went from 0 to 2",
        "place": "ticket 0 moved from place 0 to 5",
        "order": "place 1 was served before ticket 0",
    }
    if broken == "escrow":
        chain.balances.transfer_on_hold(ESCROW, calls.account_id, BOB, 1)
    elif broken == "sum":
        calls.tickets[first] = ticket(chain, first).replace(amount=X - 1)
    elif broken == "number":
        calls.tickets[7] = ticket(chain, first).replace(place=7)
    elif broken == "place":
        calls.tickets[first] = ticket(chain, first).replace(place=5)
    else:
        matched = {"state": TicketState.Matched, "server": ISSUERS[0], "deadline": 9}
        calls._put(second, ticket(chain, second).replace(**matched))
    with pytest.raises(InvariantBroken) as refused:
        chain.builder.check_invariants()
    assert refused.value.name == "I9"
    assert refused.value.figures == says[broken]


def test_a_genesis_without_an_escrow_account_is_refused(chain: CoinChain) -> None:
    genesis = coin_parts()
    genesis["Balances"]["balances"] = [
        each for each in genesis["Balances"]["balances"] if each[0] != "0x" + ESCROW_ACCOUNT.hex()
    ]
    with pytest.raises(GenesisError) as refused:
        build_genesis(CoinChain().runtime, genesis, MemoryStates().head)
    assert str(refused.value) == (
        "genesis of Redemption: NoEscrow: The escrow account needs the existential deposit in the genesis."
    )


def test_three_failed_tickets_make_deficient(chain: CoinChain) -> None:
    for who in ISSUERS[1:]:
        chain.by(who, chain.providers.remove_unit.call(0))
    redeem(chain)
    chain.next_block(3 * ACCEPT_BLOCKS + 2)
    assert chain.providers.state_of(ISSUERS[0]) == ProviderState.Deficient
    assert len(chain.providers.providers[ISSUERS[0]].failures) == 3
