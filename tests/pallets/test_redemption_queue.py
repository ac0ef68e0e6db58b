"""The queues of redemption: large wishes in pieces, first in first out, who serves whom, and the ways out."""

from __future__ import annotations

import pytest

from pallets.redemption import types as t
from pallets.redemption.matching import MATCHES_MAX
from pallets.redemption.pallet import LARGEST_SHARE
from pallets.redemption.types import TicketState
from pallets.standards import Standards
from pallets.system import System
from runtime.testing import refuses
from support.coin import ALICE, BOB, COIN, ISSUERS, RICH, CoinChain
from support.tickets import HOUR, RESULT, X, halt, redeem, server, ticket


@pytest.fixture
def chain() -> CoinChain:
    return CoinChain(still="hours")


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
