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
from pallets.redemption.matching import ACCEPT_BLOCKS, MATCHES_MAX
from pallets.redemption.pallet import LARGEST_SHARE
from pallets.redemption.tickets import ESCROW, RECEIPTS_MAX
from pallets.redemption.types import Service, Ticket, TicketState
from pallets.standards import Standards
from pallets.system import System
from runtime.frame.coin import Mode, ProviderState
from runtime.frame.invalid import InvariantBroken
from runtime.frame.parameter import OutOfBounds
from runtime.state import MemoryStates
from runtime.testing import refuses
from support.coin import ALICE, BOB, COIN, CPU_CLASS, ISSUERS, RESERVE, RICH, CoinChain, coin_parts
from support.coin import ESCROW as ESCROW_ACCOUNT

JOB, RESULT = b"\xaa" * 32, b"\xbb" * 32
HOUR = 10
X = 5 * COIN


@pytest.fixture
def chain() -> CoinChain:
    return CoinChain(still="hours")


def redeem(
    chain: CoinChain, amount: int = X, who: bytes = ALICE, class_floor: int = CPU_CLASS, region: int = 0
) -> int:
    """Redeem, and give the number of the first ticket."""
    first = chain.redemption.next_ticket
    chain.by(who, chain.redemption.redeem.call(amount, Service.Train, class_floor, region, JOB))
    return first


def ticket(chain: CoinChain, number: int) -> Ticket:
    return chain.redemption.tickets[number]


def server(chain: CoinChain, number: int) -> bytes:
    found = ticket(chain, number).server
    assert found is not None
    return found


def bring(chain: CoinChain, number: int, state: TicketState) -> bytes:
    """Bring a ticket as far as `state`, and give its server."""
    calls = chain.redemption
    chain.run()
    who = server(chain, number)
    if state == TicketState.Accepted:
        chain.by(who, calls.accept.call(number))
    if state >= TicketState.Running:
        bring_on(chain, number, who)
    if state >= TicketState.Delivered:
        chain.by(who, calls.deliver.call(number, RESULT))
    assert ticket(chain, number).state == state
    return who


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


def bring_on(chain: CoinChain, number: int, who: bytes) -> None:
    """Bring a matched ticket as far as Running."""
    chain.by(who, chain.redemption.accept.call(number))
    chain.by(ALICE, chain.redemption.begin.call(number))
    chain.by(who, chain.redemption.ready.call(number))


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


# The queue.


def test_a_large_redemption_is_split_and_served_in_pieces(chain: CoinChain) -> None:
    largest = chain.ledger.supply // LARGEST_SHARE
    amount = 3 * largest + 7
    first = redeem(chain, amount)
    chain.assert_last_event(
        t.Redeemed(ALICE, amount, RICH - chain.balances.free_balance(ALICE) - amount, first, 4)
    )
    assert [ticket(chain, first + n).amount for n in range(4)] == [largest, largest, largest, 7]
    chain.run()
    assert chain.redemption.escrowed == amount
    for each in chain.redemption.tickets.values():
        if each.state != TicketState.Queued:
            assert each.server is not None
            assert each.amount <= max(COIN, chain.ledger.debt_of(each.server).owed // 20)
    chain.run()
    chain.try_state()


def test_a_piece_has_a_number_of_its_own_and_the_place_of_the_whole() -> None:
    """With twenty issuers a twentieth of a debt is half of the largest ticket."""
    chain = CoinChain(still="hours", providers=tuple(bytes([0x30 + n]) * 32 for n in range(20)))
    largest = chain.ledger.supply // LARGEST_SHARE
    number = redeem(chain, largest)
    chain.run()
    pieces = {n: each for n, each in chain.redemption.tickets.items() if n != number}
    assert pieces
    assert sum(each.amount for each in pieces.values()) + ticket(chain, number).amount == largest
    assert {each.place for each in pieces.values()} == {number}
    for each in pieces.values():
        assert each.server is not None
        assert each.amount == chain.ledger.debt_of(each.server).owed // 20
    victim = min(pieces)
    chain.run_to(pieces[victim].deadline)
    assert ticket(chain, victim).place == number
    chain.run()
    chain.try_state()


def test_smaller_than_a_ticket_is_allowed_for_a_whole_balance_only(chain: CoinChain) -> None:
    with refuses(
        chain,
        t.TooSmall,
        "TooSmall: The amount is less than a ticket may be, and it is not the whole balance.",
    ):
        redeem(chain, COIN - 1)
    poor = b"\x77" * 32
    chain.balances.transfer(ALICE, poor, COIN // 2)
    whole = (COIN // 2 - 400) * 1000 // 1003  # less would be left than an account may hold
    number = redeem(chain, whole, poor)
    assert ticket(chain, number).amount == whole
    assert not chain[System].account_exists(poor)
    chain.run()


def test_redeeming_is_refused_with_its_reason(chain: CoinChain) -> None:
    with refuses(chain, t.NothingToRedeem):
        redeem(chain, 0)
    with refuses(chain, t.UnknownClass):
        redeem(chain, class_floor=9)
    with refuses(chain, t.NobodyServes):
        redeem(chain, region=9)
    with refuses(chain, t.TooLarge):
        redeem(chain, 2 * chain.ledger.supply)


def test_there_are_so_many_queues_and_one_without_wishes_is_kept(chain: CoinChain) -> None:
    halt(chain)
    queues = tuple(t.Queue(1, 100 + n) for n in range(t.QUEUES_MAX - 1))
    for queue in queues:
        chain.redemption._count_lane(queue, opened=1)
    chain.redemption.queues = queues
    with refuses(chain, t.TooManyQueues):
        redeem(chain)
    plain = redeem(chain, class_floor=0)
    assert len(chain.redemption.queues) == t.QUEUES_MAX
    assert ticket(chain, plain).queue == t.Queue(0, 0)
    chain.redemption._drop(plain)
    assert chain.redemption.queues == queues


def test_each_call_is_for_its_own_side_and_its_own_state(chain: CoinChain) -> None:
    calls, number = chain.redemption, redeem(chain)
    with refuses(chain, t.UnknownTicket):
        chain.by(ALICE, calls.cancel.call(number + 1))
    with refuses(chain, t.NotOwner):
        chain.by(BOB, calls.cancel.call(number))
    with refuses(chain, t.NotOwner):
        chain.by(BOB, calls.transfer.call(number, BOB))
    with refuses(chain, t.WrongState):
        chain.by(ISSUERS[0], calls.accept.call(number))
    chain.run()
    who = server(chain, number)
    other = next(each for each in ISSUERS if each != who)
    with refuses(chain, t.NotServer):
        chain.by(other, calls.accept.call(number))
    with refuses(chain, t.WrongState):
        chain.by(who, calls.ready.call(number))
    with refuses(chain, t.WrongState):
        chain.by(ALICE, calls.cancel.call(number))
    chain.by(who, calls.accept.call(number))
    with refuses(chain, t.WrongState):
        chain.by(who, calls.accept.call(number))
    with refuses(chain, t.NotOwner):
        chain.by(who, calls.begin.call(number))
    with refuses(chain, t.NotServer):
        chain.by(ALICE, calls.ready.call(number))
    with refuses(chain, t.WrongState):
        chain.by(who, calls.deliver.call(number, RESULT))
    chain.by(who, calls.ready.call(number))
    chain.by(ALICE, calls.begin.call(number))
    assert ticket(chain, number).state == TicketState.Running
    with refuses(chain, t.WrongState):
        chain.by(ALICE, calls.begin.call(number))
    with refuses(chain, t.NotServer):
        chain.by(other, calls.deliver.call(number, RESULT))
    with refuses(chain, t.WrongState):
        chain.by(ALICE, calls.confirm.call(number))
    chain.by(who, calls.deliver.call(number, RESULT))
    with refuses(chain, t.NotOwner):
        chain.by(BOB, calls.confirm.call(number))
    with refuses(chain, t.WrongState):
        chain.by(who, calls.deliver.call(number, RESULT))


def halt(chain: CoinChain) -> None:
    """Take every unit out of service."""
    for who in ISSUERS:
        chain.by(who, chain.providers.remove_unit.call(0))


def test_a_waiting_ticket_is_cancelled_after_an_hour_and_the_fee_stays_paid(chain: CoinChain) -> None:
    free = chain.balances.free_balance(ALICE)
    number = redeem(chain)
    paid = free - chain.balances.free_balance(ALICE) - X
    halt(chain)
    chain.run()
    assert ticket(chain, number).state == TicketState.Queued
    with refuses(
        chain, t.TooEarly, "TooEarly: A waiting ticket may be cancelled one hour after it was queued."
    ):
        chain.by(ALICE, chain.redemption.cancel.call(number))
    chain.next_block(HOUR - 1)
    chain.by(ALICE, chain.redemption.cancel.call(number))
    chain.assert_last_event(t.Cancelled(number))
    assert chain.balances.free_balance(ALICE) == free - paid
    assert chain.redemption.queues == ()
    chain.run()
    chain.try_state()


def test_a_ticket_is_a_claim_that_can_be_given_away(chain: CoinChain) -> None:
    number = redeem(chain)
    chain.by(ALICE, chain.redemption.transfer.call(number, BOB))
    chain.run()
    who = server(chain, number)
    chain.by(who, chain.redemption.accept.call(number))
    with refuses(chain, t.NotOwner):
        chain.by(ALICE, chain.redemption.begin.call(number))
    chain.by(BOB, chain.redemption.begin.call(number))


def test_each_queue_is_first_in_first_out_and_a_head_nobody_can_serve_blocks_no_other(
    chain: CoinChain,
) -> None:
    only = ISSUERS[0]  # region 1 is served by the first provider alone
    stuck = redeem(chain, region=1)
    chain.by(only, chain.providers.remove_unit.call(0))
    free = [redeem(chain, who=BOB) for _ in range(3)]
    chain.run()
    assert ticket(chain, stuck).state == TicketState.Queued
    assert [ticket(chain, each).state for each in free] == [TicketState.Matched] * 3
    assert server(chain, free[0]) != only


def test_a_block_matches_at_most_so_many(chain: CoinChain) -> None:
    for _ in range(MATCHES_MAX + 3):
        redeem(chain, COIN)
    chain.run()
    assert chain.redemption.queue_now()[0] == 3
    chain.run()
    assert chain.redemption.queue_now()[0] == 0


def test_a_server_is_given_a_days_work_at_most(chain: CoinChain) -> None:
    chain.by(ISSUERS[0], chain.providers.give_notice.call())  # is drawn before the others
    largest = chain.ledger.supply // LARGEST_SHARE
    redeem(chain, 6 * largest)
    chain.run()
    debt, capacity = chain.ledger.debt_of(ISSUERS[0]), chain.providers.capacity_of(ISSUERS[0])
    assert 0 < debt.assigned <= 24 * capacity
    assert debt.assigned + largest > 24 * capacity
    served = {server(chain, number) for number in range(6)}
    assert len(served) > 1


def test_a_ticket_is_served_by_no_lesser_class_and_in_its_region() -> None:
    chain = CoinChain(still="hours")
    chain.root(chain[Standards].add_class.call(2, b"gpu", 72_001 * 512**3, 80, 900))
    better, number = redeem(chain, class_floor=2), redeem(chain, region=3)
    chain.run()
    assert server(chain, number) == ISSUERS[2]
    assert ticket(chain, better).state == TicketState.Queued  # nobody has such hardware


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
