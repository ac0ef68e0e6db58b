"""Serving: what honest consumers and servers do about their tickets in each block."""

from __future__ import annotations

from typing import Final

from node.economy.world import World
from pallets.redemption.types import Ticket, TicketState
from runtime.frame.host import Call
from runtime.types import AccountId

RESULT: Final = b"\x0b" * 32
SERVED_MAX: Final = 12
"""How many tickets are looked after in one block of an ordinary day."""
STEPS_MAX: Final = 4
"""Accept, begin, ready and deliver are the most that can be done for a ticket in one block."""


def serve_some(world: World) -> None:
    """Look after some tickets, drawn by lot."""
    for _ in range(SERVED_MAX):
        found = world.ticket(TicketState.Matched, TicketState.Accepted, TicketState.Running)
        if found is None:
            return
        serve(world, found[0])


def serve(world: World, number: int) -> None:
    """Do for a ticket whatever can be done now, as long as those who would do it are there and diligent."""
    for _ in range(STEPS_MAX):
        ticket = world.redemption.tickets.get(number)
        if ticket is None or not _step(world, number, ticket):
            return


def _step(world: World, number: int, ticket: Ticket) -> bool:
    """One step, if one can be taken."""
    server, calls = ticket.server, world.redemption
    if server is None:
        return False
    is_there = server not in world.dead and world.chance(world.diligence)
    match ticket.state:
        case TicketState.Matched if is_there:
            return _did(world, server, calls.accept.call(number))
        case TicketState.Accepted if not ticket.is_ready and is_there:
            return _did(world, server, calls.ready.call(number))
        case TicketState.Accepted if not ticket.has_begun and world.chance(world.diligence):
            return _did(world, ticket.owner, calls.begin.call(number))
        case TicketState.Running if is_there:
            return _did(world, server, calls.deliver.call(number, RESULT))
        case _:
            return False


def _did(world: World, who: AccountId, call: Call) -> bool:
    return world.perform(who, call) is None
