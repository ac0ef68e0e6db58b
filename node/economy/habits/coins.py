"""Coins: minted, burned, sent about, and what providers are paid."""

from __future__ import annotations

from genesis.coin import COIN
from node.economy.cast import CONSUMERS, EVERYBODY, HOSTILE
from node.economy.register import Act, habit
from node.economy.world import World
from runtime.frame.coin import ProviderState
from runtime.types import Address
from runtime.types.fixed import PPB


@habit("Issuance.mint", often=8)
def mint(world: World) -> Act | None:
    who = world.provider(ProviderState.Active)
    if who is None:
        return None
    kappa, owed = world.issuance.kappa_now(), world.ledger.debt_of(who).owed
    own = world.providers.effective_of(who) * PPB // kappa - owed
    amount = world.part(max(1, own) // world.random.choice((1, 8, 64)))
    needed = max(0, world.providers.bond_needed(who, owed + amount) - world.providers.bond_of(who))
    most = amount - amount // 50
    placed = min(most, world.random.choice((0, needed, needed + 1, amount // 2, amount)))
    return Act(who, world.issuance.mint.call(amount, placed))


@habit("Issuance.burn", often=2)
def burn(world: World) -> Act | None:
    who, payer = world.provider(), world.random.choice(EVERYBODY)
    if who is None:
        return None
    amount = world.part(min(world.free(payer) - COIN, world.ledger.debt_of(who).unassigned))
    return Act(payer, world.issuance.burn.call(who, amount))


@habit("Rewards.claim", often=2)
def claim(world: World) -> Act | None:
    who = world.provider()
    return None if who is None else Act(world.random.choice(EVERYBODY), world.rewards.claim.call(who))


@habit("Balances.transfer_keep_alive", often=4)
def pay(world: World) -> Act:
    """People pay one another; those who have much pay those who have little, so that bonds can grow."""
    source = max(world.random.sample(EVERYBODY, 3), key=world.free)
    dest = min(world.random.sample(EVERYBODY, 3), key=world.free)
    amount = world.part(world.free(source) // world.random.choice((1, 4, 16)))
    return Act(source, world.balances.transfer_keep_alive.call(Address(dest), amount))


@habit("Balances.transfer_allow_death")
def pay_all(world: World) -> Act:
    """Now and then all, so that the dust of an account is somebody's."""
    source, dest = world.random.sample(EVERYBODY, 2)
    whole = world.balances.reducible_balance(source, keep_alive=False)
    amount = whole - world.random.choice((0, 1, 1_000)) if world.chance(0.1) else whole // 8
    return Act(source, world.balances.transfer_allow_death.call(Address(dest), max(0, amount)))


@habit("Balances.transfer_all")
def pay_everything(world: World) -> Act:
    source, dest = world.random.choice((*CONSUMERS, *HOSTILE)), world.random.choice(EVERYBODY)
    return Act(source, world.balances.transfer_all.call(Address(dest), world.chance(0.5)))


@habit("Balances.force_transfer")
def seize(world: World) -> Act:
    source, dest = world.random.sample(EVERYBODY, 2)
    return Act(
        None, world.balances.force_transfer.call(Address(source), Address(dest), world.random.randrange(COIN))
    )
