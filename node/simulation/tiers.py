"""Tiers: what is simulated, by number; each is a module with a function `simulate`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple, Protocol, cast

from node.simulation.outcome import Outcome


class Simulate(Protocol):
    """Runs one seed for so many simulated seconds; `show` is told everything."""

    def __call__(self, seed: int, seconds: int, *, show: Callable[[str], None] | None = None) -> Outcome: ...


class Tier(NamedTuple):
    """One kind of simulation."""

    module: str
    what: str


TIERS: Final[dict[int, Tier]] = {
    1: Tier("node.simulation.agreement", "the agreement's cores with stub signatures"),
    2: Tier("node.simulation.nodes.run", "whole nodes on machines that fail"),
}


class UnknownTier(Exception):
    """There is no such tier; says which there are."""

    def __init__(self, number: int) -> None:
        known = "; ".join(f"{each}, {tier.what}" for each, tier in sorted(TIERS.items()))
        super().__init__(f"there is no tier {number}: there are {known}")


def simulate_of(number: int) -> Simulate:
    """How a tier runs a seed. Raises UnknownTier."""
    if number not in TIERS:
        raise UnknownTier(number)
    return cast(Simulate, import_module(TIERS[number].module).simulate)
