"""Prices: reporters bond, commit and show, well or wrongly; the standard itself nobody moves but root."""

from __future__ import annotations

from genesis.coin import COIN
from node.economy.cast import REPORTERS
from node.economy.register import Act, habit
from node.economy.reporting import SALT, commitment, reports_of
from node.economy.world import World


@habit("Oracle.admit")
def admit(world: World) -> Act | None:
    who = world.pick([who for who in REPORTERS if who not in world.oracle.reporters])
    if who is None:
        return None
    number = REPORTERS.index(who)
    return Act(None, world.oracle.admit.call(who, number, 1 + number % 4, number, number))


@habit("Oracle.dismiss")
def dismiss(world: World) -> Act | None:
    seated = [who for who in world.oracle.roster if not world.oracle.reporters[who].is_dismissed]
    who = world.pick(seated)
    if who is None or (len(seated) < 7 and world.chance(0.9)):
        return None
    return Act(None, world.oracle.dismiss.call(who))


@habit("Oracle.bond", often=2)
def bond(world: World) -> Act | None:
    who = world.pick(world.oracle.roster)
    return None if who is None else Act(who, world.oracle.bond.call(world.part(world.free(who) - COIN)))


@habit("Oracle.unbond")
def unbond(world: World) -> Act | None:
    who = world.pick(world.oracle.roster)
    if who is None:
        return None
    return Act(who, world.oracle.unbond.call(world.part(max(1, world.oracle.reporters[who].bond // 2))))


@habit("Oracle.withdraw_unbonded")
def withdraw(world: World) -> Act | None:
    who = world.pick([who for who in world.oracle.roster if world.oracle.reporters[who].leaving])
    return None if who is None else Act(who, world.oracle.withdraw_unbonded.call())


@habit("Oracle.commit", often=2)
def commit(world: World) -> Act | None:
    """What is shown later, or never; now and then far off."""
    who = world.pick(world.oracle.roster)
    if who is None:
        return None
    reports = reports_of(world, who, wrong=world.chance(0.3))
    world.committed[who] = world.oracle.round_now(), reports
    return Act(who, world.oracle.commit.call(commitment(world.oracle.round_now(), who, reports)))


@habit("Oracle.reveal", often=2)
def reveal(world: World) -> Act | None:
    last = world.oracle.round_now() - 1
    ready = [who for who, (round_, _) in world.committed.items() if round_ == last]
    who = world.pick(ready)
    if who is None:
        return None
    _, reports = world.committed.pop(who)
    return Act(who, world.oracle.reveal.call(reports, SALT))


@habit("Oracle.cancel_slash")
def pardon(world: World) -> Act | None:
    who = world.pick([who for who in world.oracle.roster if world.oracle.reporters[who].slash is not None])
    return None if who is None else Act(None, world.oracle.cancel_slash.call(who, bytes(32)))
