"""Themes: what kind of time an economy lives through, so that together they reach everything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """One kind of time."""

    name: str
    hours: int
    """How long a block lasts."""
    block_chance: float = 0.08
    """How likely a block ends after an act."""
    while_chance: float = 0.004
    """How likely a while passes after an act, in which nothing else is done."""
    while_blocks: int = 24
    """How many blocks that is at most."""
    absurd_chance: float = 0.12
    diligence: float = 0.97
    """How likely an honest person does its part in a block."""
    death_chance: float = 0.02
    """How likely the dead are other ones after a block."""
    deaths: tuple[float, ...] = (0.0, 0.0, 0.0, 0.1)
    """What parts of all providers may be dead."""
    cheat_chance: float = 0.0
    """How likely it is that a dead provider cheats instead."""
    liars: int = 0
    """How many reporters are wrong more often than not."""
    drift_ppm: int = -400
    """How what work costs moves, a block."""
    shock_ppm: int = 2_000
    """And how far it jumps, either way."""
    boosts: Mapping[str, int] = field(default_factory=dict[str, int])
    """What comes up so many times as often as usual."""


THEMES: Final = (
    Theme(name="ordinary days", hours=6),
    Theme(
        name="a run",
        hours=6,
        deaths=(0.0, 0.1, 0.3, 0.5),
        boosts={"Redemption.redeem": 4, "Redemption.confirm": 2, "Providers.give_notice": 3},
    ),
    Theme(
        name="fraud",
        hours=6,
        deaths=(0.0, 0.1, 0.2),
        cheat_chance=0.5,
        boosts={"Attestation.prove_fraud": 20, "Providers.register": 3},
    ),
    Theme(
        name="months",
        hours=24,
        while_chance=0.01,
        while_blocks=60,
        drift_ppm=-6_000,
        deaths=(0.0, 0.0, 0.05),
        liars=1,
        boosts={"Oracle.cancel_slash": 200, "Providers.withdraw_unbonded": 3, "Issuance.mint": 2},
    ),
    Theme(
        name="the end",
        hours=6,
        while_chance=0.008,
        while_blocks=120,
        deaths=(0.9, 0.9, 0.5),
        death_chance=0.005,
        cheat_chance=0.1,
        boosts={"Solvency.wind_down": 30, "Providers.give_notice": 3, "Redemption.redeem": 2},
    ),
    Theme(
        name="decline",
        hours=6,
        death_chance=0.01,
        deaths=(0.5, 0.6, 0.7),
        drift_ppm=-3_000,
        boosts={"Providers.bond": 3, "Redemption.cancel": 3},
    ),
    Theme(name="single hours", hours=1, block_chance=0.2, while_blocks=48, boosts={"Redemption.cancel": 3}),
)
