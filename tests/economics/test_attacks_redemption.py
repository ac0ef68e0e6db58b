"""Attacks on redemption, each by its name: the defence stops it, and without the defence it succeeds."""

from __future__ import annotations

import pytest

from pallets.providers import types as p
from pallets.providers.pallet import Providers
from pallets.redemption import matching, outcomes, pallet, tickets
from pallets.redemption import types as r
from pallets.redemption.pallet import Redemption
from pallets.slashing import Slashing
from runtime.frame.coin import Mode, ProviderState
from runtime.testing import refuses
from runtime.types.fixed import mul_div_ceil
from support.coin import ALICE, BOB, CAROL, COIN, CPU_CLASS, ED, ISSUERS, RESERVE, CoinChain

ONE, TWO, *_ = ISSUERS
JOB, RESULT = bytes(32), b"\xbb" * 32
DAY = 240
"""Blocks."""
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


def redeem(
    chain: CoinChain, amount: int, who: bytes = ALICE, region: int = 0, class_floor: int = CPU_CLASS
) -> int:
    first = chain.redemption.next_ticket
    chain.by(who, chain.redemption.redeem.call(amount, r.Service.Train, class_floor, region, JOB))
    return first


def deliver(chain: CoinChain, number: int) -> None:
    """Serve a ticket that is matched."""
    ticket, calls = chain.redemption.tickets[number], chain.redemption
    assert ticket.server is not None
    chain.by(ticket.server, calls.accept.call(number))
    chain.by(ticket.owner, calls.begin.call(number))
    chain.by(ticket.server, calls.ready.call(number))
    chain.by(ticket.server, calls.deliver.call(number, RESULT))


def serve(chain: CoinChain, number: int) -> int:
    """Serve a ticket that is matched to its end; how much work its owner got."""
    ticket = chain.redemption.tickets[number]
    deliver(chain, number)
    chain.by(ticket.owner, chain.redemption.confirm.call(number))
    return ticket.amount


def lose(chain: CoinChain, *who: bytes) -> None:
    for each in who:
        chain.by(each, chain.providers.remove_unit.call(0))


# Not serving.


@defended
def test_refuse_everything(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: each failed ticket costs 1.1 of it, a tenth at once, and three in a week end minting."""
    if not is_defended:
        monkeypatch.setattr(p, "FAILURES_MAX", 1 << 20)
        monkeypatch.setattr(outcomes, "COMPENSATION", 0)
        monkeypatch.setattr(outcomes, "SLASH_PERCENT", 0)
    chain = CoinChain(still="hours")
    bond = chain.providers.bond_of(ONE)
    redeem(chain, 5 * COIN, region=1)  # where it is the only one
    chain.next_block(92)
    assert (chain.providers.state_of(ONE) == ProviderState.Deficient) is is_defended
    assert bond - chain.providers.bond_of(ONE) == (3 * 5 * COIN // 10 if is_defended else 0)
    waiting = sum(slash.amount for slash in chain[Slashing].pending.values())
    assert waiting == (3 * 5 * COIN if is_defended else 0)


@defended
def test_keep_the_consumer_waiting(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Serve as late as possible. Defence: who failed pays for each day until another delivers."""
    if not is_defended:
        monkeypatch.setattr(outcomes, "LATE_PERCENT", 0)
    chain = CoinChain(still="days")
    number = redeem(chain, 5 * COIN, region=1)
    chain.run()
    with monkeypatch.context() as unwilling:
        unwilling.setattr(type(chain.providers), "serves", lambda *args: False)
        for _ in range(36):
            chain._replayable = False
            chain.run()
    chain.run()
    free = chain.balances.free_balance(ALICE)
    deliver(chain, number)
    days = chain.number - 32
    assert chain.balances.free_balance(ALICE) - free == (2 * days * 5 * COIN // 100 if is_defended else 0)


@defended
def test_choose_ones_own_server(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cherry-picking. Defence: the beacon draws, by weight of debt; nobody chooses whom."""
    if not is_defended:
        monkeypatch.setattr(Redemption, "_drawn", lambda self, region, seed, drain_first: iter((ONE,)))
    chain = CoinChain(still="hours")
    for _ in range(30):
        redeem(chain, COIN)
    for _ in range(5):
        chain._replayable = False
        chain.run()
    servers = {ticket.server for ticket in chain.redemption.tickets.values()}
    assert (len(servers) == len(ISSUERS)) is is_defended


@defended
def test_leave_and_refuse_everything(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who drains is drawn first, and would be for ever. Defence: not for a ticket that failed."""
    if not is_defended:
        back = Redemption._back
        monkeypatch.setattr(
            Redemption, "_back", lambda self, number, ticket, late: back(self, number, ticket)
        )
    chain = CoinChain(still="hours")
    for who in (ONE, TWO):
        chain.by(who, chain.providers.give_notice.call())
    number = redeem(chain, 5 * COIN)
    for _ in range(3):
        chain.run()
        chain.run_to(chain.redemption.tickets[number].deadline)
        if chain.redemption.tickets[number].server not in (ONE, TWO):
            break
    assert (chain.redemption.tickets[number].server not in (ONE, TWO)) is is_defended


@defended
def test_take_all_tickets_and_serve_none(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a server is given what it can do in a day, so what it sits on is served by others."""
    if not is_defended:
        monkeypatch.setattr(tickets, "BACKLOG_HOURS", 10_000)
        monkeypatch.setattr(tickets, "TICKETS_MAX", 10_000)
    chain = CoinChain(still="hours")
    chain.by(ONE, chain.providers.give_notice.call())  # is drawn before everybody
    redeem(chain, chain.ledger.supply // 12)
    for _ in range(8):
        chain._replayable = False
        chain.run()
    server = chain.redemption.servers[ONE]
    assert (server.work <= 24 * chain.providers.capacity_of(ONE)) is is_defended


@defended
def test_false_no_show(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a server that never says `ready` cannot make its consumer lose half."""
    if not is_defended:
        monkeypatch.setattr(Redemption, "_fail", Redemption._not_shown)
    chain = CoinChain(still="hours")
    number = redeem(chain, 10 * COIN)
    chain.run()
    server = chain.redemption.tickets[number].server
    assert server is not None
    chain.by(server, chain.redemption.accept.call(number))
    chain.next_block(61)
    assert (number in chain.redemption.tickets) is is_defended


@defended
def test_griefing_by_no_show(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: half of a real no-show is burned, with the debt of the server that was kept waiting."""
    if not is_defended:
        monkeypatch.setattr(outcomes, "div_ceil", lambda a, b: 0)
    chain = CoinChain(still="hours")
    number = redeem(chain, 10 * COIN)
    chain.run()
    server = chain.redemption.tickets[number].server
    assert server is not None
    chain.by(server, chain.redemption.accept.call(number))
    chain.by(server, chain.redemption.ready.call(number))
    free = chain.balances.free_balance(ALICE)
    chain._replayable = False
    chain.run_to(chain.redemption.tickets[number].deadline)
    back = chain.balances.free_balance(ALICE) - free
    assert back == (5 * COIN if is_defended else 10 * COIN)


@defended
def test_be_paid_for_failing_oneself(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redeem, be drawn, and fail: the compensation would pull coins out of the bond. Defence: nobody is his
    own victim.
    """
    if not is_defended:

        def compensate(self: Slashing, who: bytes, victim: bytes, amount: int) -> int:
            return self.issuers.take_bond(who, victim, amount)

        monkeypatch.setattr(Slashing, "compensate", compensate)
    chain = CoinChain(still="hours")
    number = redeem(chain, 10 * COIN, ONE, region=1)
    chain.run()
    free = chain.balances.free_balance(ONE)
    chain.next_block(30)
    assert chain.redemption.tickets[number].late is not None
    assert chain.balances.free_balance(ONE) - free == (0 if is_defended else COIN)


# The queue.


@defended
def test_split_ticket_flood(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a ticket holds a coin at least, and more in a large supply."""
    if not is_defended:
        monkeypatch.setattr(tickets, "COIN", 1)
        monkeypatch.setattr(tickets, "SMALLEST_SHARE", 1 << 100)
    chain = CoinChain(still="hours")
    if is_defended:
        with refuses(chain, r.TooSmall):
            redeem(chain, 1)
    else:
        redeem(chain, 1)


@defended
def test_unservable_heads(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: each pair of wishes has a queue of its own, so a head nobody can serve stops no other."""
    if not is_defended:
        one = r.Queue(CPU_CLASS, 0)
        monkeypatch.setattr(r.Ticket, "queue", property(lambda ticket: one))
        monkeypatch.setattr(
            "pallets.redemption.tickets.queue_key",
            lambda number, ticket: (CPU_CLASS, 0, ticket.place.to_bytes(8, "big"), number.to_bytes(8, "big")),
        )
    chain = CoinChain(still="hours")
    redeem(chain, COIN, region=1)
    lose(chain, ONE)  # the only one in region 1
    free = redeem(chain, COIN, BOB)
    chain.run()
    assert (chain.redemption.tickets[free].state == r.TicketState.Matched) is is_defended


@defended
def test_occupy_all_queues(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tickets with all sorts of wishes. Defence: the last queue is kept for those that wish nothing."""
    if not is_defended:
        monkeypatch.setattr(pallet, "ANYTHING", None)
    monkeypatch.setattr(r, "QUEUES_MAX", 5)
    chain = CoinChain(still="hours")
    for region in range(1, 5):
        redeem(chain, COIN, region=region)
    with refuses(chain, r.TooManyQueues):
        redeem(chain, COIN, BOB, region=5)
    if is_defended:
        redeem(chain, COIN, BOB, class_floor=0)
    else:
        with refuses(chain, r.TooManyQueues):
            redeem(chain, COIN, BOB, class_floor=0)


@defended
def test_buy_the_way_out_of_a_run(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run on the coin. Defence: an exit costs the more the more are leaving, and nothing when it matters."""
    if not is_defended:
        monkeypatch.setattr(pallet, "grown", lambda base, amount, supply: 0)
    chain = CoinChain(still="hours")
    redeem(chain, chain.ledger.supply // 50, BOB)
    free = chain.balances.free_balance(ALICE)
    redeem(chain, 100 * COIN)
    fee = free - 100 * COIN - chain.balances.free_balance(ALICE)
    assert (fee >= 100 * COIN * 13 // 1_000) is is_defended  # 0.3 %, and half of the 2 % before
    chain.ledger.judge(Mode.Orange)
    free = chain.balances.free_balance(ALICE)
    redeem(chain, 100 * COIN)
    assert chain.balances.free_balance(ALICE) == free - 100 * COIN


# Loss.


@defended
def test_being_first_in_a_run(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: each ticket first bears its share of the loss: the same service per coin for all."""
    if not is_defended:
        monkeypatch.setattr(Redemption, "_bear_loss", lambda self, number, ticket: ticket)
    chain = CoinChain(still="hours")
    chain.ledger.orphan(ONE, chain.ledger.supply // 8)
    chain.run()
    assert chain.ledger.mode_now() == Mode.Orange
    amount, served = 1_000 * COIN, []
    for who in (ALICE, BOB, CAROL):
        number = redeem(chain, amount, who)
        chain.run()
        served.append(serve(chain, number))
    chain.run()
    assert (max(served) < amount) is is_defended
    assert max(served) - min(served) <= 1  # nothing is gained by being first


@defended
def test_being_first_while_the_loss_is_small(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than a twentieth of all coins is nobody's debt: as the others redeem it becomes more than that.
    Defence: a loss is shared from the first coin of it on, in every mode, and not from a twentieth on.
    """
    if not is_defended:
        bear = Redemption._bear_loss

        def above_a_twentieth(self: Redemption, number: int, ticket: r.Ticket) -> r.Ticket:
            is_small = 20 * self.ledger.total_orphaned() <= self.ledger.total_supply()
            return ticket if is_small else bear(self, number, ticket)

        monkeypatch.setattr(Redemption, "_bear_loss", above_a_twentieth)
    chain = CoinChain(still="hours")
    chain.ledger.orphan(ONE, chain.ledger.supply * 497 // 10_000)
    chain.balances.transfer(RESERVE, BOB, chain.ledger.reserve_balance() - ED)
    chain.run()
    amount, served = 4_000 * COIN, []
    for who in (ALICE, BOB, CAROL) * 2:
        number = redeem(chain, amount, who)
        chain.run()
        served.append(serve(chain, number))
        chain.run()
    assert max(served) < amount or not is_defended
    assert (served == sorted(served)) is is_defended  # the fees of the first cancel some of it


@defended
def test_being_first_before_the_loss_is_settled(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of five are gone, and nobody's debts are orphan debt for 14 days: who is served meanwhile is
    served in full. Defence: in Red the loss is settled before anybody else is served.
    """
    if not is_defended:
        monkeypatch.setattr(Providers, "_patience", lambda self: self.standards.blocks_in(14 * 24))
    chain = CoinChain(still="hours")
    for who in ISSUERS[:3]:
        for _ in range(5):
            chain.providers.record_window(who, {0: False})
    chain.run()
    assert chain.ledger.mode_now() == Mode.Red
    amount, served = 1_000 * COIN, []
    for who in (ALICE, BOB, CAROL):
        number = redeem(chain, amount, who)
        chain.run()
        served.append(serve(chain, number))
    assert (max(served) < amount) is is_defended
    assert max(served) - min(served) <= 1


@defended
def test_being_last_in_a_run(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait until others have borne the loss. Defence: the share is that of the coins that have not borne it,
    so it is the same for all, however many are matched and not settled. By that of all coins it would fall.
    """
    if not is_defended:

        def by_supply(self: Redemption, number: int, ticket: r.Ticket) -> r.Ticket:
            orphaned = self.ledger.total_orphaned()
            share = mul_div_ceil(ticket.amount, orphaned, self.ledger.total_supply())
            return self._cancel_orphaned(number, ticket, share)

        monkeypatch.setattr(matching.Matching, "_bear_loss", by_supply)
    chain = CoinChain(still="hours")
    chain.ledger.orphan(ONE, chain.ledger.supply // 8)
    chain.run()
    amount, holders = 3_000 * COIN, (ALICE, BOB, CAROL) * 4
    numbers = [redeem(chain, amount, who) for who in holders]
    chain.next_block(6)
    served = dict.fromkeys(numbers, 0)
    for each in chain.redemption.tickets.values():
        served[each.place] += each.amount
    assert all(chain.redemption.tickets[number].has_shared for number in numbers)
    assert (served[numbers[-1]] - served[numbers[0]] <= len(numbers)) is is_defended
