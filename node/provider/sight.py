"""What a provider sees of the chain at one final block: the open window, the rows that are demanded, and the
tickets drawn for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from node.provider.coin import Coin
from pallets.attestation.probe import Task
from pallets.attestation.types import Asked, Commitment, Window
from pallets.redemption.types import Ticket
from runtime.frame.coin import ProviderState


@dataclass(frozen=True, slots=True)
class UnitSight:
    """A unit that the open window probes."""

    unit: int
    task: Task
    """What it has to multiply."""
    commitment: Commitment | None


@dataclass(frozen=True, slots=True)
class DemandSight:
    """A row of a window that is over, which somebody wants to see."""

    window: int
    unit: int
    task: Task
    position: int
    deadline: int
    """The first block that takes no answer."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One provider's sight of one block."""

    number: int
    """The block's height."""
    state: ProviderState | None
    """None: the chain knows no such provider."""
    window: Window | None
    units: tuple[UnitSight, ...]
    kept: tuple[Task, ...]
    """What the windows of the last hour had it multiply, and can still be demanded."""
    demands: tuple[DemandSight, ...]
    positions: int
    """q: how many rows a challenge asks for."""
    tickets: Mapping[int, Ticket]
    """The open tickets that this provider serves."""
    work: int
    """W_k of the standard in force: what a coin buys, in byte multiply-adds."""

    @property
    def soonest(self) -> int:
        """The first block that could hold what is sent now."""
        return self.number + 1


def look(coin: Coin, whos: Sequence[bytes]) -> dict[bytes, Sight]:
    """What each of these providers sees over the state that the pallets stand over."""
    window = coin.attestation.window
    tickets = dict(coin.redemption.tickets.items()) if coin.redemption.escrowed else {}
    _, work = coin.standards.standard_now()
    return {who: _sight(coin, who, window, tickets, work) for who in whos}


def _sight(coin: Coin, who: bytes, window: Window | None, tickets: Mapping[int, Ticket], work: int) -> Sight:
    kept = dict(_kept(coin, who))
    return Sight(
        number=coin.attestation.host.number,
        state=coin.providers.state_of(who),
        window=window,
        units=_units(coin, who, window) if window is not None else (),
        kept=tuple(kept.values()),
        demands=_demands(coin, who, kept),
        positions=coin.attestation.config.positions,
        tickets={number: each for number, each in tickets.items() if each.server == who},
        work=work,
    )


def _units(coin: Coin, who: bytes, window: Window) -> tuple[UnitSight, ...]:
    attestation = coin.attestation
    return tuple(
        UnitSight(
            unit,
            attestation.task_of(window, who, unit),
            attestation.commitments.get((window.number, who, unit)),
        )
        for unit in coin.providers.units_of(who, window.opened_at)
    )


def _kept(coin: Coin, who: bytes) -> Iterator[tuple[tuple[int, int], Task]]:
    """The tasks of windows that are over, by window and unit."""
    attestation = coin.attestation
    for each in attestation.kept:
        for (number, _, unit), _ in attestation.commitments.under(each.number, who):
            _, task = attestation.committed(Asked(number, who, unit))
            yield (number, unit), task


def _demands(coin: Coin, who: bytes, kept: Mapping[tuple[int, int], Task]) -> tuple[DemandSight, ...]:
    found: list[DemandSight] = []
    for (number, unit), task in kept.items():
        demand = coin.attestation.demands.get((number, who, unit))
        if demand is not None:
            found.append(DemandSight(number, unit, task, demand.position, demand.deadline))
    return tuple(found)
