"""Windows: units commit and open, in time or not, with what they were asked or with something else; rows are
demanded, and frauds proven.
"""

from __future__ import annotations

from node.economy.agents import demanded, leaves_of
from node.economy.cast import EVERYBODY, LARGE_CLASS, SMALL_CLASS
from node.economy.register import Act, habit
from node.economy.world import World
from pallets.attestation.types import Asked, Leaf
from runtime.types import AccountId


@habit("Attestation.commit", often=2)
def commit(world: World) -> Act | None:
    """Of a unit that may have committed already, or is not asked."""
    who, unit = _unit(world)
    if who is None:
        return None
    return Act(who, world.attestation.commit.call(unit, world.random.randbytes(32)))


@habit("Attestation.open")
def answer(world: World) -> Act | None:
    """Rows that nobody multiplied."""
    who, unit = _unit(world)
    if who is None:
        return None
    return Act(who, world.attestation.open.call(unit, (Leaf(0, 0, bytes(8), bytes(32), ()),)))


@habit("Attestation.set_rounds")
def rounds(world: World) -> Act:
    class_id = world.random.choice((SMALL_CLASS, LARGE_CLASS))
    return Act(None, world.attestation.set_rounds.call(class_id, world.random.randrange(1, 4)))


@habit("Attestation.demand_leaf", often=3)
def demand(world: World) -> Act | None:
    asked = _committed(world)
    if asked is None:
        return None
    by, row = world.random.choice(EVERYBODY), world.random.randrange(world.attestation.config.size)
    return Act(by, world.attestation.demand_leaf.call(asked.window, asked.who, asked.unit, row))


@habit("Attestation.meet_demand")
def meet(world: World) -> Act | None:
    for number, who, unit in world.attestation.demands:
        leaves = demanded(world, Asked(number, who, unit))
        if leaves is not None:
            return Act(who, world.attestation.meet_demand.call(number, unit, leaves))
    return None


@habit("Attestation.prove_fraud", often=2)
def convict(world: World) -> Act | None:
    """Of somebody who cheated, if anybody knows one; else, rarely, of somebody honest."""
    fraud = world.pick([key for key in world.frauds if key[0] in world.works])
    asked = Asked(*fraud) if fraud is not None else _committed(world)
    if asked is None or (fraud is None and world.chance(0.8)):
        return None
    work = world.works[asked.window].get((asked.who, asked.unit))
    if work is None:
        return None
    (leaf,) = leaves_of(work.open((0,)))[:1]
    by = world.random.choice(EVERYBODY)
    return Act(by, world.attestation.prove_fraud.call(asked.window, asked.who, asked.unit, leaf, None))


def _committed(world: World) -> Asked | None:
    """A commitment of some window that is over."""
    kept = world.pick([each.number for each in world.attestation.kept if each.number in world.works])
    if kept is None:
        return None
    found = world.pick(list(world.works[kept]))
    return None if found is None else Asked(kept, *found)


def _unit(world: World) -> tuple[AccountId | None, int]:
    who = world.provider()
    if who is None or (world.attestation.window is None and world.chance(0.9)):
        return None, 0
    return who, world.random.randrange(max(1, world.providers.providers[who].next_unit))
