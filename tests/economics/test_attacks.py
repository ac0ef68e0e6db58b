"""Attacks on the coin, each by its name: the defence stops it, and without the defence it succeeds.

These are the attacks that concern the coin's pallets as far as they are built; each is run twice, with its
defence and with the defence taken out.
"""

from __future__ import annotations

import pytest

from pallets.issuance import pallet as issuance
from pallets.issuance.types import NotActive
from pallets.providers import types as p
from pallets.redemption import pallet as redemption
from pallets.redemption import types as r
from pallets.redemption.tickets import ESCROW
from runtime.frame import FundsUnavailable
from runtime.frame.coin import Mode, ProviderState
from runtime.frame.invalid import InvariantBroken
from runtime.testing import refuses
from support.coin import (
    ALICE,
    BOB,
    CAROL,
    COIN,
    CPU_CLASS,
    ISSUERS,
    LOADED,
    CoinChain,
)

ONE, TWO, *_ = ISSUERS
JOB, RESULT = bytes(32), b"\xbb" * 32
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


def redeem(chain: CoinChain, amount: int, who: bytes = ALICE, region: int = 0) -> int:
    first = chain.redemption.next_ticket
    chain.by(who, chain.redemption.redeem.call(amount, r.Service.Train, CPU_CLASS, region, JOB))
    return first


def serve(chain: CoinChain, number: int) -> int:
    """Serve a ticket that is matched to its end; how much work its owner got."""
    ticket, calls = chain.redemption.tickets[number], chain.redemption
    assert ticket.server is not None
    chain.by(ticket.server, calls.accept.call(number))
    chain.by(ticket.owner, calls.begin.call(number))
    chain.by(ticket.server, calls.ready.call(number))
    chain.by(ticket.server, calls.deliver.call(number, RESULT))
    chain.by(ticket.owner, calls.confirm.call(number))
    return ticket.amount


def lose(chain: CoinChain, *who: bytes) -> None:
    for each in who:
        chain.by(each, chain.providers.remove_unit.call(0))


# Capacity that is not there.


@defended
def test_rent_a_fleet_and_vanish(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: what is minted vests over 28 windows passed; who stops answering sells nothing more."""
    if not is_defended:
        monkeypatch.setattr(issuance, "VESTING_WINDOWS", 1)
    chain = CoinChain(still="days")
    free = chain.balances.free_balance(ONE)
    chain.by(ONE, chain.issuance.mint.call(20_000 * COIN, 0))
    chain.issuance.window_counted(ONE, True)  # the fleet is there for one more window, then gone
    for _ in range(27):
        chain.issuance.window_counted(ONE, False)
    if is_defended:
        with refuses(chain, FundsUnavailable):
            chain.balances.transfer(ONE, BOB, free + 1_000 * COIN)
    else:
        chain.balances.transfer(ONE, BOB, free + 19_000 * COIN)


def test_stop_the_agents_and_the_chain_degrades() -> None:
    """Nobody answers: capacity falls, providers become Deficient, and minting stops."""
    chain = CoinChain()
    seen = []
    while chain.ledger.mode_now() != Mode.Red:
        chain.until_window()
        chain.until_window(False)
        if chain.ledger.mode_now() not in seen:
            seen.append(chain.ledger.mode_now())
    assert seen == sorted(seen)
    assert {chain.providers.state_of(who) for who in ISSUERS} == {ProviderState.Deficient}
    with refuses(chain, NotActive):
        chain.by(ONE, chain.issuance.mint.call(COIN, 0))


# Not serving.


@defended
def test_refuse_everything(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: each failed ticket is compensated from the bond, and three in a week end minting."""
    if not is_defended:
        monkeypatch.setattr(p, "FAILURES_MAX", 1 << 20)
        monkeypatch.setattr(redemption, "COMPENSATION", 1 << 60)
    chain = CoinChain(still="hours")
    lose(chain, *ISSUERS[1:])
    bond = chain.providers.bond_of(ONE)
    redeem(chain, 5 * COIN)
    chain.next_block(92)
    assert (chain.providers.state_of(ONE) == ProviderState.Deficient) is is_defended
    lost = bond - chain.providers.bond_of(ONE)
    assert lost == 3 * 5 * COIN // 10 if is_defended else lost <= 3


@defended
def test_choose_ones_own_server(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cherry-picking. Defence: the beacon draws, by weight of debt; nobody chooses whom."""
    if not is_defended:
        monkeypatch.setattr(redemption.Redemption, "_draw", lambda self, number, who: who[0][:2])
    chain = CoinChain(still="hours")
    for _ in range(30):
        redeem(chain, COIN)
    chain.next_block(3)
    servers = {ticket.server for ticket in chain.redemption.tickets.values()}
    assert (len(servers) == len(ISSUERS)) is is_defended


@defended
def test_false_no_show(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a server that never says `ready` cannot make its consumer lose half."""
    if not is_defended:
        no_show = redemption.Redemption._not_shown
        monkeypatch.setattr(redemption.Redemption, "_fail", no_show)
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
        monkeypatch.setattr(redemption, "div_ceil", lambda a, b: 0)
    chain = CoinChain(still="hours")
    chain.redemption.base = r.Base(0, 0)
    number = chain.redemption._new_number()
    chain.balances.transfer(ALICE, chain.redemption.account_id, 10 * COIN)
    chain.balances.hold(ESCROW, chain.redemption.account_id, 10 * COIN)
    ticket = r.Ticket(
        owner=ALICE,
        amount=10 * COIN,
        service=r.Service.Infer,
        class_floor=0,
        region=0,
        job=JOB,
        place=number,
        state=r.TicketState.Accepted,
        queued_at=0,
        server=ONE,
        deadline=chain.number + 1,
        is_ready=True,
    )
    chain.redemption._put(number, ticket)
    chain.ledger.assign(ONE, 10 * COIN)
    free = chain.balances.free_balance(ALICE)
    chain.run()
    back = chain.balances.free_balance(ALICE) - free
    assert back == (5 * COIN if is_defended else 10 * COIN)


# The queue.


@defended
def test_split_ticket_flood(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a ticket holds a coin at least, and more in a large supply."""
    if not is_defended:
        monkeypatch.setattr(redemption, "COIN", 1)
        monkeypatch.setattr(redemption, "SMALLEST_SHARE", 1 << 100)
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
            "pallets.redemption.tickets._queue_key",
            lambda number, ticket: (CPU_CLASS, 0, ticket.place.to_bytes(8, "big"), number.to_bytes(8, "big")),
        )
    chain = CoinChain(still="hours")
    redeem(chain, COIN, region=1)
    lose(chain, ONE)  # the only one in region 1
    free = redeem(chain, COIN, BOB)
    chain.run()
    assert (chain.redemption.tickets[free].state == r.TicketState.Matched) is is_defended


# Runs.


@defended
def test_being_first_in_a_run(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: in Red each ticket first bears its share of the loss: the same service per coin for all."""
    if not is_defended:
        monkeypatch.setattr(redemption.Redemption, "_share_loss", lambda self, number, amount, shared: 0)
    chain = CoinChain(still="hours")
    chain.ledger.orphan(ONE, chain.ledger.supply // 8)
    chain.run()
    assert chain.ledger.mode_now() == Mode.Red
    amount, served = 1_000 * COIN, []
    for who in (ALICE, BOB, CAROL):
        number = redeem(chain, amount, who)
        chain.run()
        served.append(serve(chain, number))
    chain.run()
    assert (max(served) < amount) is is_defended
    assert max(served) - min(served) <= amount // 1_000  # nothing is gained by being first


# Pallets.


@defended
def test_a_malicious_pallet_mints(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: I1, summed from the accounts. Without the check the block would be sealed."""
    chain = CoinChain(still="days")
    chain.balances.mint_into(ALICE, COIN)
    if is_defended:
        with pytest.raises(InvariantBroken) as broken:
            chain.run()
        assert broken.value.name == "I1"
    else:
        others = tuple(each for each in chain.runtime.parts.checks if each.invariant.name not in ("I1", "I3"))
        object.__setattr__(chain.runtime.parts, "checks", others)
        try:
            chain.run()
        finally:
            LOADED.clear()
