"""Names: legal entities write who they are, registrars look, root watches the registrars."""

from __future__ import annotations

from genesis.coin import COIN
from node.economy.cast import EVERYBODY, REGISTRARS
from node.economy.register import Act, habit
from node.economy.world import World
from pallets.identity import types as t
from pallets.identity.pallet import hash_of
from runtime.types import AccountId

JUDGEMENTS = (t.Reasonable(), t.KnownGood(), t.KnownGood(), t.OutOfDate(), t.LowQuality(), t.Erroneous())


@habit("Identity.set_identity", often=2)
def write(world: World) -> Act:
    who = world.provider() or world.random.choice(EVERYBODY)
    name = f"entity {world.random.randrange(4)} of {who.hex()[:8]}".encode()
    entity = t.LegalEntity(name, b"CH", b"42", bytes(32), b"https://entity.example")
    return Act(who, world.identity.set_identity.call(entity))


@habit("Identity.clear_identity")
def clear(world: World) -> Act | None:
    who = _recorded(world)
    return None if who is None else Act(who, world.identity.clear_identity.call())


@habit("Identity.request_judgement", often=2)
def ask(world: World) -> Act | None:
    who = _recorded(world)
    if who is None:
        return None
    return Act(
        who, world.identity.request_judgement.call(_registrar(world), world.random.randrange(4 * COIN))
    )


@habit("Identity.cancel_request")
def ask_no_more(world: World) -> Act | None:
    who = _recorded(world)
    return None if who is None else Act(who, world.identity.cancel_request.call(_registrar(world)))


@habit("Identity.set_fee")
def price(world: World) -> Act:
    number = _registrar(world)
    return Act(_account(world, number), world.identity.set_fee.call(number, world.random.randrange(3 * COIN)))


@habit("Identity.provide_judgement", often=3)
def judge(world: World) -> Act | None:
    who = _recorded(world)
    if who is None:
        return None
    number, seen = _registrar(world), hash_of(world.identity.identity_of[who].info)
    call = world.identity.provide_judgement.call(number, who, world.random.choice(JUDGEMENTS), seen)
    return Act(_account(world, number), call)


@habit("Identity.review")
def review(world: World) -> Act | None:
    who = _recorded(world)
    return None if who is None else Act(world.random.choice(EVERYBODY), world.identity.review.call(who))


@habit("Identity.kill_identity")
def strike(world: World) -> Act | None:
    who = _recorded(world)
    return None if who is None or world.chance(0.5) else Act(None, world.identity.kill_identity.call(who))


@habit("Identity.add_registrar")
def admit(world: World) -> Act | None:
    if len(world.identity.registrars) > 8 and world.chance(0.9):
        return None
    return Act(None, world.identity.add_registrar.call(world.random.choice(REGISTRARS)))


@habit("Identity.remove_registrar")
def remove(world: World) -> Act | None:
    seated = [number for number, each in enumerate(world.identity.registrars) if each is not None]
    if len(seated) < 2:
        return None
    return Act(None, world.identity.remove_registrar.call(world.random.choice(seated)))


def _recorded(world: World) -> AccountId | None:
    """Somebody with a record."""
    return world.pick([who for who in EVERYBODY if who in world.identity.identity_of])


def _registrar(world: World) -> int:
    return world.random.randrange(max(1, len(world.identity.registrars)))


def _account(world: World, number: int) -> AccountId:
    registrars = world.identity.registrars
    info = registrars[number] if number < len(registrars) else None
    return info.account if info is not None else REGISTRARS[0]
