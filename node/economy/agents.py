"""The agents of all providers: what honest ones do about an open window in each block, and what cheats do.

A cheat commits to the product of another task than its own. It has nothing that it could open; whoever saw
its rows can prove the fraud.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from node.economy.world import Key, World
from node.provider.challenge import Work
from pallets.attestation.probe import Opening
from pallets.attestation.types import Asked, Leaf, Phase, Stage, Window
from runtime.frame.coin import UnitId
from runtime.types import AccountId

KEPT_WINDOWS: Final = 3
"""The works of so many windows are kept, for demands and for proofs of fraud."""
ELSEWHERE: Final = 1_000
"""Added to a unit's number, it gives a task that is nobody's."""


def act(world: World) -> None:
    """What all agents do in this block."""
    _meet(world)
    window = world.attestation.window
    if window is None:
        return
    if window.number not in world.works:
        works = world.works[window.number] = {}
        for old in sorted(world.works)[:-KEPT_WINDOWS]:
            del world.works[old]
        for who, units in tuple(world.providers.units_before(window.opened_at)):
            for unit in units:
                _commit(world, window, works, who, unit)
    elif window.phase == Phase.Opening and window.challenge is not None:
        _open(world, window, window.challenge)


def _commit(world: World, window: Window, works: dict[Key, Work], who: AccountId, unit: UnitId) -> None:
    if who in world.dead or (who, unit) in world.dead_units or not world.chance(world.diligence):
        return
    offset = ELSEWHERE if who in world.cheats else 0
    work = Work(world.attestation.task_of(window, who, unit))
    if offset:
        other = world.attestation.task_of(window, who, unit + offset)
        work = Work(type(work.task)(other.seed, work.task.size, work.task.rounds))
    if world.perform(who, world.attestation.commit.call(unit, work.root)) is None:
        works[who, unit] = work
        if offset:
            world.frauds[window.number, who, unit] = None


def _open(world: World, window: Window, challenge: bytes) -> None:
    for (who, unit), work in world.works[window.number].items():
        key = window.number, who, unit
        commitment = world.attestation.commitments.get(key)
        if commitment is None or commitment.stage != Stage.Drawn or key in world.frauds:
            continue
        leaves = leaves_of(work.answer(challenge, world.attestation.config.positions))
        world.perform(who, world.attestation.open.call(unit, leaves))


def _meet(world: World) -> None:
    """Show the rows that are demanded."""
    for number, who, unit in tuple(world.attestation.demands):
        asked = Asked(number, who, unit)
        if who in world.dead or not world.chance(world.diligence):
            continue
        leaves = demanded(world, asked)
        if leaves is not None:
            world.perform(who, world.attestation.meet_demand.call(number, unit, leaves))


def demanded(world: World, asked: Asked) -> tuple[Leaf, ...] | None:
    """The rows that meet a demand, of one whose work is kept."""
    work = world.works.get(asked.window, {}).get((asked.who, asked.unit))
    demand = world.attestation.demands.get((asked.window, asked.who, asked.unit))
    if work is None or demand is None:
        return None
    return leaves_of(work.open((demand.position,)))


def leaves_of(openings: Iterable[Opening]) -> tuple[Leaf, ...]:
    """Opened rows, as calls carry them."""
    return tuple(Leaf(each.round, each.position, each.inputs, each.outputs, each.path) for each in openings)
