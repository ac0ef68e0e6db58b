"""The register of habits: how a random person comes to make each call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from node.economy.world import World
from runtime.frame.call import BoundCall
from runtime.frame.host import Call
from runtime.runtime import Runtime
from runtime.types import AccountId

OUTSIDE: Final = frozenset({"System", "Timestamp", "TransactionPayment", "Utility", "Sudo"})
"""Pallets that are no part of the coin: what they do is tested elsewhere."""


class Act(NamedTuple):
    """A call, and whose."""

    who: AccountId | None
    """None for root."""
    call: Call


Maker = Callable[[World], Act | None]
"""Makes an act out of how the world is; None when it gives no occasion."""


@dataclass(frozen=True, slots=True)
class Habit:
    """What leads to one call."""

    name: str
    often: int
    """How often it comes up, against others."""
    make: Maker


HABITS: Final[dict[str, Habit]] = {}
"""Every habit, by the call that it makes."""


def habit(name: str, often: int = 1) -> Callable[[Maker], Maker]:
    """Register what makes the call `name`, as `Pallet.call`."""

    def register(make: Maker) -> Maker:
        if name in HABITS:
            raise ValueError(f"two habits make {name}")
        HABITS[name] = Habit(name, often, make)
        return make

    return register


def calls_of(runtime: Runtime) -> Iterator[str]:
    """Every call of the coin's pallets, as `Pallet.call`."""
    for pallet_name, pallet in runtime.pallets.items():
        if pallet_name not in OUTSIDE:
            for value in vars(pallet).values():
                if isinstance(value, BoundCall):
                    yield f"{pallet_name}.{value.name}"
