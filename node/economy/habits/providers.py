"""Providers: they come with a deposit, add and lose units, put up coins, hand debts on, and leave."""

from __future__ import annotations

from genesis.coin import COIN
from node.economy.cast import HOSTILE, LARGE_CLASS, REGIONS, SMALL_CLASS
from node.economy.register import Act, habit
from node.economy.world import World
from pallets.providers.types import Domain
from runtime.frame.coin import ProviderState, Tier
from runtime.types import AccountId

COUNTED = (ProviderState.Active, ProviderState.Deficient, ProviderState.Draining)


@habit("Providers.register", often=2)
def come(world: World) -> Act | None:
    who = world.pick(world.outsiders()) if world.chance(0.8) else world.random.choice(HOSTILE)
    if who is None:
        return None
    place = Domain(1 + world.random.randrange(REGIONS), world.random.randrange(6))
    group = 1 + world.random.randrange(20)
    return Act(who, world.providers.register.call(group, place, _units(world)))


@habit("Providers.add_units", often=2)
def grow(world: World) -> Act | None:
    who = world.provider()
    if who is None or (world.providers.providers[who].units >= 3 and world.chance(0.9)):
        return None
    return Act(who, world.providers.add_units.call(_units(world)))


@habit("Providers.remove_unit")
def shrink(world: World) -> Act | None:
    who = world.provider()
    if who is None:
        return None
    provider = world.providers.providers[who]
    if provider.units < 2 and world.chance(0.8):
        return None
    return Act(who, world.providers.remove_unit.call(world.random.randrange(max(1, provider.next_unit))))


@habit("Providers.set_tier")
def know(world: World) -> Act | None:
    who = world.provider()
    if who is None:
        return None
    tier = world.random.choice((Tier.Anonymous, Tier.Attested, Tier.Accountable, Tier.Accountable))
    return Act(None, world.providers.set_tier.call(who, tier, 1 + world.random.randrange(30)))


@habit("Providers.bond", often=3)
def bond(world: World) -> Act | None:
    who = world.provider()
    return None if who is None else Act(who, world.providers.bond.call(world.part(world.free(who) - COIN)))


@habit("Providers.unbond", often=3)
def unbond(world: World) -> Act | None:
    who = world.provider(ProviderState.Active)
    if who is None:
        return None
    held = world.providers.bond_of(who)
    spare = held - world.providers.bond_needed(who, world.ledger.debt_of(who).owed)
    amount = spare if world.chance(0.8) else held
    return Act(who, world.providers.unbond.call(world.part(max(1, amount))))


@habit("Providers.withdraw_unbonded", often=2)
def withdraw(world: World) -> Act | None:
    who = world.pick([who for who in world.providers.roster_now() if who in world.providers.unbonding])
    return None if who is None else Act(who, world.providers.withdraw_unbonded.call())


@habit("Providers.give_notice")
def leave(world: World) -> Act | None:
    """Rarely more than a quarter at a time: the others have to carry on."""
    roster = world.providers.roster_now()
    leaving = [who for who in roster if world.providers.state_of(who) not in COUNTED[:2]]
    who = world.provider()
    if who is None or (4 * len(leaving) > len(roster) and world.chance(0.95)):
        return None
    return Act(who, world.providers.give_notice.call())


@habit("Providers.offer_novation", often=2)
def offer(world: World) -> Act | None:
    debtor, to = world.provider(*COUNTED), world.provider(ProviderState.Active)
    if debtor is None or to is None:
        return None
    amount = world.part(world.ledger.debt_of(debtor).unassigned // world.random.choice((1, 8)))
    return Act(debtor, world.providers.offer_novation.call(to, amount))


@habit("Providers.accept_novation", often=2)
def accept(world: World) -> Act | None:
    found = _offer(world)
    if found is None:
        return None
    debtor, to, amount = found
    return Act(to, world.providers.accept_novation.call(debtor, amount))


@habit("Providers.cancel_novation")
def cancel(world: World) -> Act | None:
    found = _offer(world)
    if found is None:
        return None
    debtor, to, _ = found
    return Act(world.random.choice((debtor, to)), world.providers.cancel_novation.call(debtor, to))


def _offer(world: World) -> tuple[AccountId, AccountId, int] | None:
    offers = [(debtor, to, amount) for (debtor, to), amount in world.providers.offers.items()]
    return world.pick(offers)


def _units(world: World) -> tuple[int, ...]:
    return tuple(
        world.random.choice((SMALL_CLASS, LARGE_CLASS)) for _ in range(world.random.choice((1, 1, 2)))
    )
