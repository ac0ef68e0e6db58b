"""Tickets on a chain of the coin, brought as far as a test wants them."""

from __future__ import annotations

from pallets.redemption.types import Service, Ticket, TicketState
from support.coin import ALICE, COIN, CPU_CLASS, ISSUERS, CoinChain

JOB, RESULT = b"\xaa" * 32, b"\xbb" * 32
HOUR = 10
X = 5 * COIN


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


def bring_on(chain: CoinChain, number: int, who: bytes) -> None:
    """Bring a matched ticket as far as Running."""
    chain.by(who, chain.redemption.accept.call(number))
    chain.by(ALICE, chain.redemption.begin.call(number))
    chain.by(who, chain.redemption.ready.call(number))


def halt(chain: CoinChain) -> None:
    """Take every unit out of service."""
    for who in ISSUERS:
        chain.by(who, chain.providers.remove_unit.call(0))
