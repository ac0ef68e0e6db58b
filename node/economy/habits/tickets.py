"""Tickets: coins are exchanged for work, step by step, by both sides, or by those who have no part in it."""

from __future__ import annotations

from genesis.coin import COIN
from node.economy.cast import CONSUMERS, EVERYBODY, LARGE_CLASS, REGIONS, SMALL_CLASS
from node.economy.register import Act, habit
from node.economy.world import World
from pallets.redemption.types import Service, TicketState
from runtime.frame.coin import Region
from runtime.types import AccountId

JOB, RESULT = b"\x0a" * 32, b"\x0b" * 32
OPEN = (
    TicketState.Queued,
    TicketState.Matched,
    TicketState.Accepted,
    TicketState.Running,
    TicketState.Delivered,
)


@habit("Redemption.redeem", often=8)
def redeem(world: World) -> Act:
    who = world.random.choice(CONSUMERS if world.chance(0.9) else EVERYBODY)
    free = world.balances.reducible_balance(who, keep_alive=False)
    amount = world.random.choice((COIN, 10 * COIN, 300 * COIN, free // 8, free // 2))
    if world.chance(0.05):
        amount = free
    service = world.random.choice(tuple(Service))
    call = world.redemption.redeem.call(amount, service, _floor(world), _region(world), JOB)
    return Act(who, call)


@habit("Redemption.cancel", often=2)
def cancel(world: World) -> Act | None:
    found = world.ticket(TicketState.Queued)
    return None if found is None else Act(found[1].owner, world.redemption.cancel.call(found[0]))


@habit("Redemption.transfer")
def give(world: World) -> Act | None:
    found = world.ticket(*OPEN)
    if found is None:
        return None
    return Act(found[1].owner, world.redemption.transfer.call(found[0], world.random.choice(EVERYBODY)))


@habit("Redemption.accept", often=4)
def accept(world: World) -> Act | None:
    found = world.ticket(TicketState.Matched)
    return None if found is None else Act(_server(found[1].server), world.redemption.accept.call(found[0]))


@habit("Redemption.begin", often=3)
def begin(world: World) -> Act | None:
    found = world.ticket(TicketState.Accepted, TicketState.Matched, TicketState.Queued)
    return None if found is None else Act(found[1].owner, world.redemption.begin.call(found[0]))


@habit("Redemption.ready", often=3)
def ready(world: World) -> Act | None:
    found = world.ticket(TicketState.Accepted)
    return None if found is None else Act(_server(found[1].server), world.redemption.ready.call(found[0]))


@habit("Redemption.deliver", often=3)
def deliver(world: World) -> Act | None:
    found = world.ticket(TicketState.Running)
    if found is None:
        return None
    return Act(_server(found[1].server), world.redemption.deliver.call(found[0], RESULT))


@habit("Redemption.confirm", often=2)
def confirm(world: World) -> Act | None:
    found = world.ticket(TicketState.Delivered)
    return None if found is None else Act(found[1].owner, world.redemption.confirm.call(found[0]))


def _server(server: AccountId | None) -> AccountId:
    assert server is not None, "a ticket that is out of its queue has a server"
    return server


def _floor(world: World) -> int:
    return world.random.choice((0, 0, 0, SMALL_CLASS, LARGE_CLASS))


def _region(world: World) -> Region:
    return world.random.choice((0, 0, 0, 1 + world.random.randrange(REGIONS)))
