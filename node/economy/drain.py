"""Draining: from wherever an economy stands all act honestly, and everything that waits comes to its end.

Nobody mints, gives notice or redeems for gain any more. Providers answer and serve, consumers begin and
confirm, reporters report; parameters are what they were in the beginning. While the mode keeps those who
leave, holders redeem what they have, for half of the time or until it does not. What has not ended after the
longest time that the rules give it is stuck.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from genesis.coin import COIN
from node.economy.cast import EVERYBODY
from node.economy.habits.root import encoded, parameters
from node.economy.serving import serve
from node.economy.world import World
from pallets.redemption.types import Service, Ticket, TicketState
from pallets.system import System
from runtime.frame.coin import LINE_PERCENT, TERM_HOURS, UNBONDING_HOURS, Mode, ProviderState
from runtime.types import Address

DRAIN_HOURS: Final = 3 * TERM_HOURS
"""How long it may take: a notice, the week in which its coins wait, a queue as long as the rules allow."""
PATIENCE_HOURS: Final = 10 * 24
"""After so long an honest owner takes a ticket back, if nobody can serve it, or the chain promises no more to
serve it within `WAIT_MAX`.
"""
WAIT_MAX: Final = TERM_HOURS * 100 // LINE_PERCENT
REDEEMERS: Final = 2
"""How many holders redeem in one block, while the mode is bad."""
FARE: Final = COIN // 20
"""What some transactions cost."""
JOB: Final = bytes(32)


def drain(world: World, pass_block: Callable[[], None]) -> list[str]:
    """Let all be honest until nothing waits, or until it should not wait any more; what does."""
    _restore(world)
    _endow(world)
    blocks = world.blocks_in(DRAIN_HOURS)
    for left in range(blocks, 0, -1):
        world.be_honest()
        _serve_all(world)
        _withdraw(world)
        if world.ledger.mode_now() >= Mode.Orange and 2 * left > blocks:
            _redeem(world)
        pass_block()
        if not waiting(world):
            return []
    return waiting(world)


def waiting(world: World) -> list[str]:
    """Whatever has not come to its end, a line each."""
    found: list[str] = []
    for number, ticket in world.open_tickets():
        found.append(f"ticket {number} is {ticket.state.name}, of {ticket.amount}")
    now, week = world.chain.number, world.blocks_in(UNBONDING_HOURS)
    frozen = world.ledger.mode_now() >= Mode.Orange
    for who in world.providers.roster_now():
        provider = world.providers.providers[who]
        leaving = provider.state in (
            ProviderState.Draining,
            ProviderState.Unbonding,
            ProviderState.Banned,
        )
        owed = world.ledger.debt_of(who).owed
        kept = frozen and not owed and provider.state == ProviderState.Unbonding
        if leaving and not (kept and now > provider.since + week):
            found.append(f"provider 0x{who.hex()[:8]} is {provider.state.name}, owes {owed}")
    for number, slash in world.slashing.pending.items():
        found.append(f"slash {number} of {slash.amount} waits")
    window = world.attestation.window
    if window is not None and now > window.closes_at + week:
        found.append(f"window {window.number} of block {window.opened_at} is open")
    for who in world.oracle.roster:
        seat = world.oracle.reporters[who]
        if seat.slash is not None or seat.is_dismissed:
            found.append(f"reporter 0x{who.hex()[:8]} waits")
    return found


def _restore(world: World) -> None:
    for _, parameter, value in parameters(world):
        raw = encoded(world, parameter, parameter.default)
        world.perform(None, world.chain[System].set_storage.call(((value.key, raw),)))


def _endow(world: World) -> None:
    """Let everybody have what a few transactions cost."""
    owners = dict.fromkeys(ticket.owner for _, ticket in world.open_tickets())
    seated = (*world.providers.roster_now(), *world.oracle.roster)
    for who in dict.fromkeys((*EVERYBODY, *owners, *seated)):
        richest = max(EVERYBODY, key=world.free)
        if world.free(who) < FARE:
            call = world.balances.force_transfer.call(Address(richest), Address(who), FARE)
            world.perform(None, call)


def _serve_all(world: World) -> None:
    now, patience = world.chain.number, world.blocks_in(PATIENCE_HOURS)
    for number, ticket in world.open_tickets():
        serve(world, number)
        late = ticket.state == TicketState.Queued and now - ticket.queued_at > patience
        if late and (world.providers.wait_now() > WAIT_MAX or not _is_served(world, ticket)):
            world.perform(ticket.owner, world.redemption.cancel.call(number))
        elif ticket.state == TicketState.Delivered:
            world.perform(ticket.owner, world.redemption.confirm.call(number))


def _is_served(world: World, ticket: Ticket) -> bool:
    """Whether anybody who owes something may serve a ticket with such wishes."""
    return any(
        world.ledger.debt_of(who).owed and world.providers.serves(who, ticket.class_floor, ticket.region)
        for who in world.providers.roster_now()
    )


def _withdraw(world: World) -> None:
    now = world.chain.number
    for who in world.oracle.roster:
        seat = world.oracle.reporters[who]
        if (seat.leaving or seat.is_dismissed) and now >= seat.until and seat.slash is None:
            world.perform(who, world.oracle.withdraw_unbonded.call())


def _redeem(world: World) -> None:
    """The richest holders redeem a part of what they have."""
    for who in sorted(EVERYBODY, key=world.free)[-REDEEMERS:]:
        amount = world.free(who) // 3
        if amount >= COIN:
            call = world.redemption.redeem.call(amount, Service.Infer, 0, 0, JOB)
            world.perform(who, call)
