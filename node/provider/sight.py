"""What a provider sees of the chain at one final block: the open window, and the tickets drawn for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from node.provider.coin import Coin
from pallets.attestation.probe import Task, unit_seed
from pallets.attestation.types import Commitment, Window
from pallets.redemption.types import Ticket
from runtime.frame.coin import ProviderState


@dataclass(frozen=True, slots=True)
class UnitSight:
    """A unit that the open window probes."""

    unit: int
    task: Task
    """What it has to multiply."""
    commitment: Commitment | None
    challenge: bytes | None
    """The beacon that draws the rows, once it is there."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One provider's sight of one block."""

    number: int
    """The block's height."""
    state: ProviderState | None
    """None: the chain knows no such provider."""
    window: Window | None
    units: tuple[UnitSight, ...]
    positions: int
    """q: how many rows a challenge asks for."""
    tickets: Mapping[int, Ticket]
    """The open tickets that this provider serves."""
    work: int
    """W_k of the standard in force: what a coin buys, in byte multiply-adds."""


def look(coin: Coin, whos: Sequence[bytes]) -> dict[bytes, Sight]:
    """What each of these providers sees over the state that the pallets stand over."""
    window = coin.attestation.window
    tickets = dict(coin.redemption.tickets.items()) if coin.redemption.escrowed else {}
    _, work = coin.standards.standard_now()
    return {
        who: Sight(
            number=coin.attestation.host.number,
            state=coin.providers.state_of(who),
            window=window,
            units=_units(coin, who, window) if window is not None else (),
            positions=coin.attestation.config.positions,
            tickets={number: each for number, each in tickets.items() if each.server == who},
            work=work,
        )
        for who in whos
    }


def _units(coin: Coin, who: bytes, window: Window) -> tuple[UnitSight, ...]:
    attestation = coin.attestation
    seen: list[UnitSight] = []
    for (_, unit), registered in coin.providers.units.under(who):
        if registered.since >= window.opened_at:
            continue
        commitment = attestation.commitments.get((who, unit))
        challenge = None if commitment is None else attestation.challenges.get(commitment.at + 1)
        task = Task(unit_seed(window.beacon, who, unit), attestation.config.size)
        seen.append(UnitSight(unit, task, commitment, challenge))
    return tuple(seen)
