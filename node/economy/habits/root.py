"""Root: classes of hardware, floors, splices, slashes cancelled, and parameters within their bounds."""

from __future__ import annotations

from typing import Final, TypeGuard

from genesis.coin import CPU_WORK_PER_HOUR
from node.economy.register import Act, habit
from node.economy.world import World
from pallets.standards.types import ClassWork, Floors
from pallets.system import System
from runtime.frame.bound import BoundValue
from runtime.frame.coin import Mode
from runtime.frame.parameter import Parameter

WORK_MAX: Final = (1 << 128) - 1
CLASS_MAX: Final = (1 << 16) - 1
CLASSES_MOST: Final = 12
"""Beyond so many, classes are hardly added any more."""


@habit("Standards.add_class")
def rate(world: World) -> Act | None:
    known = sorted(world.standards.classes)
    if len(known) >= CLASSES_MOST and world.chance(0.95):
        return None
    number = min(CLASS_MAX, known[-1] + world.random.choice((0, 1, 1, 1)))
    work = CPU_WORK_PER_HOUR * world.random.randrange(1, 9) // 2
    return Act(None, world.standards.add_class.call(number, b"more", work, 16, 100))


@habit("Standards.splice")
def splice(world: World) -> Act | None:
    """Rarely: all works change a little, each in its way."""
    if world.chance(0.7):
        return None
    works = tuple(
        ClassWork(number, _changed(world, found.work_per_hour))
        for number, found in sorted(world.standards.classes.items())
    )
    return Act(None, world.standards.splice.call(works))


@habit("Standards.set_floors")
def floors(world: World) -> Act:
    """Mostly back to none: a floor that the large class alone meets takes the small ones away."""
    high = world.chance(0.2)
    return Act(None, world.standards.set_floors.call(Floors(40, 200) if high else Floors()))


@habit("Slashing.cancel")
def pardon(world: World) -> Act | None:
    first, last = world.slashing.first_id, world.slashing.next_id
    if first == last or world.chance(0.5):
        return None
    return Act(None, world.slashing.cancel.call(world.random.randrange(first, last), bytes(32)))


@habit("Solvency.wind_down")
def wind_down(world: World) -> Act | None:
    """In good times only a joke."""
    if world.ledger.mode_now() != Mode.Red and world.chance(0.95):
        return None
    return Act(None, world.solvency.wind_down.call())


@habit("System.set_storage", often=2)
def govern(world: World) -> Act:
    """One parameter of the coin, anywhere within its bounds, by a step where it has one; mostly back to what
    it was in the beginning.
    """
    _, parameter, value = world.random.choice(parameters(world))
    low, high = parameter.bounds
    wanted = int(parameter.default)
    if world.chance(0.4):
        now = int(value.get())
        near = parameter.step or max(1, now // 4)
        wanted = world.random.choice((low, high, now - near, now + near, now + near // 2))
        if parameter.step is not None:
            wanted = max(now - parameter.step, min(now + parameter.step, wanted))
    raw = encoded(world, parameter, max(low, min(high, wanted)))
    return Act(None, world.chain[System].set_storage.call(((value.key, raw),)))


def _changed(world: World, work: int) -> int:
    return min(WORK_MAX, max(1, work * world.random.randrange(90, 115) // 100))


def parameters(world: World) -> list[tuple[str, Parameter[int], BoundValue[int]]]:
    """Every parameter of the chain, by `Pallet.name`."""
    found: list[tuple[str, Parameter[int], BoundValue[int]]] = []
    for pallet_name, pallet in world.chain.runtime.pallets.items():
        for kind in type(pallet).__mro__:
            for name, declared in vars(kind).items():
                if is_parameter(declared):
                    found.append((f"{pallet_name}.{name}", declared, vars(pallet)[name]))
    return found


def is_parameter(value: object) -> TypeGuard[Parameter[int]]:
    """Whether an attribute of a pallet's class declares a parameter."""
    return isinstance(value, Parameter)


def encoded(world: World, parameter: Parameter[int], value: int) -> bytes:
    """A parameter's value as it is stored."""
    return world.chain.runtime.host.codec(parameter.value_type).encode(value)
