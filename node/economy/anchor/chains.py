"""The chain that keeps a promise: the seats of a development chain, blocks of twelve hours, forty providers.

Windows are answered with probes of n = 16, every row of which is opened; all else is as on any chain.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, Final

from genesis.coin import COIN, Backing, coin_genesis, covering_work
from genesis.seats import ESCROW, EXISTENTIAL_DEPOSIT, FEES, RESERVE, Timing, coin_seats
from node.economy.anchor.promises import Promise
from node.economy.chain import AUTHOR, Chain, account, accounts, hex_of
from node.plugins import discover
from pallets.attestation import Attestation
from pallets.oracle import Oracle
from pallets.providers import Providers
from pallets.standards import Standards
from runtime.frame import Pallet
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.spec import Found, RuntimeSpec, SeatSpec
from runtime.types.fixed import PPB

HOURS_PER_BLOCK: Final = 12
BLOCKS_A_DAY: Final = 2
PROBE_SIZE: Final = 16
POSITIONS: Final = 16
WINDOW_BLOCKS: Final = 5
"""How long a window takes commitments, and then openings. In blocks so long a window of ten, as elsewhere,
would last for ten days, and the probation of a unit for ten months.
"""
ROOT: Final = account("root")
HOLDERS: Final = accounts("holder", 20)
REPORTERS: Final = accounts("reporter", 5)
PROVIDERS: Final = accounts("provider", 40)
WEALTH: Final = 50_000 * COIN
SEAT_BOND: Final = 2_000 * COIN
SMALLEST: Final = 3
LARGEST: Final = 11
"""The first provider is as large as this many parts, the others from `SMALLEST` to `MIDDLE_MAX`."""
MIDDLE_MAX: Final = 6
PART_WORK: Final = 10**13
"""What one part of hardware does in an hour on the first day, in byte multiply-adds."""
FIRST_COVERAGE_PPB: Final = 1_350_000_000
"""What the smallest fleet covers on the first day; larger ones have room to mint."""
SIZES: Final = (*range(SMALLEST, MIDDLE_MAX + 1), LARGEST)
FIRST_VINTAGE: Final = 100
"""The number of the first class that comes later."""


@cache
def runtime_of(promise: Promise) -> Runtime:
    """The runtime of a promise; its chains take turns with it."""
    timing = Timing(blocks_per_hour=1, commit_blocks=WINDOW_BLOCKS, open_blocks=WINDOW_BLOCKS)
    substitutes: dict[str, type[Pallet[Any, Any]]] = {
        "Standards": promise.standards,
        "Providers": promise.providers,
    }
    chosen = tuple(_seat(seat, substitutes) for seat in coin_seats(timing, sudo=True))
    found = {each.__name__: Found(pallet=each) for each in substitutes.values()}
    return load(RuntimeSpec(spec_version=1, pallets=chosen), {**found, **discover()})


def _seat(seat: SeatSpec, substitutes: dict[str, type[Pallet[Any, Any]]]) -> SeatSpec:
    ours: dict[str, dict[str, Any]] = {
        "Attestation": {"size": PROBE_SIZE, "positions": POSITIONS},
        "Standards": {"hours": HOURS_PER_BLOCK},
    }
    config = {**seat.config, **ours.get(seat.pallet, {})}
    taken = substitutes.get(seat.pallet)
    return replace(
        seat, pallet=taken.__name__ if taken else seat.pallet, name=seat.name or seat.pallet, config=config
    )


class AnchorChain(Chain):
    """One promise's chain, with its providers' parts of hardware, the largest first."""

    def __init__(self, promise: Promise, parts: tuple[int, ...]) -> None:
        super().__init__(runtime_of(promise), genesis_of(parts), ROOT)
        self.promise = promise
        self.attestation = self[Attestation]
        self.oracle = self[Oracle]
        self.standards: Standards = self[promise.standards]
        self.providers: Providers = self[promise.providers]


def genesis_of(parts: tuple[int, ...]) -> dict[str, Any]:
    """A genesis in which each provider has one unit of so many parts; it owes what the smallest can carry."""
    endowed: list[tuple[bytes | str, int]] = [(who, WEALTH) for who in (*HOLDERS, *REPORTERS, ROOT)]
    endowed += [(RESERVE, COIN), (ESCROW, EXISTENTIAL_DEPOSIT), (FEES, EXISTENTIAL_DEPOSIT)]
    backing = Backing(
        providers=PROVIDERS,
        author=bytes(AUTHOR.verify_key),
        windows_a_day=4,
        work_per_hour=SMALLEST * PART_WORK,
    )
    work = covering_work(endowed, backing, FIRST_COVERAGE_PPB)
    found = coin_genesis(endowed, replace(backing, work=work))
    found["Standards"]["classes"] = [
        {"id": size, "name": f"{size} parts", "work_per_hour": size * PART_WORK} for size in SIZES
    ]
    for provider, size in zip(found["Providers"]["providers"], parts, strict=True):
        provider["units"] = [size]
    found["Attestation"]["rounds"] = []
    found["Oracle"]["reporters"] = [
        {
            "account": hex_of(who),
            "entity": number,
            "region": number,
            "operator": number,
            "source": number,
            "bond": SEAT_BOND,
        }
        for number, who in enumerate(REPORTERS, start=1)
    ]
    found["Sudo"] = {"key": hex_of(ROOT)}
    return found


def vintage(quarter: int, size: int) -> int:
    """The class of a unit that is brought out in a quarter, for fleets that began with so many parts."""
    return FIRST_VINTAGE + quarter * len(SIZES) + SIZES.index(size)


def vintage_work(size: int, progress_ppb: int) -> int:
    """What such a unit does in an hour: half of the first fleet, as hardware of its time makes it."""
    return size * PART_WORK * progress_ppb // (2 * PPB)
