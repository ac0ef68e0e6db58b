"""The books of attestation: what was committed, who is asked for what, and what governance may move."""

from __future__ import annotations

from typing import Final

from pallets.attestation import types as t
from pallets.attestation.probe import Task, unit_seed
from runtime.frame import (
    Pallet,
    Parameter,
    StorageDoubleMap,
    StorageMap,
    StorageNMap,
    Twox64Concat,
)
from runtime.frame.coin import (
    ClassId,
    Issuers,
    Ledger,
    ProviderState,
    Region,
    Serving,
    Slasher,
    Standards,
    UnitId,
    Units,
    WindowObserver,
)
from runtime.frame.interfaces import Beacon, Currency
from runtime.scale import U8, U32, U64, U128
from runtime.types import AccountId, BlockNumber
from runtime.types.fixed import PPB

PROBED: Final = (
    ProviderState.Probation,
    ProviderState.Active,
    ProviderState.Deficient,
    ProviderState.Draining,
)
"""The states in which a provider answers windows."""
DEPOSIT: Final = t.DemandDeposit()


class Books(Pallet[t.AttestationEvent, t.AttestationError]):
    """Everything that attestation remembers."""

    hold_reason = t.HoldReason
    config: t.Config
    beacon: Beacon
    coin: Currency
    standards: Standards
    ledger: Ledger
    issuers: Issuers
    units: Units
    serving: Serving
    slasher: Slasher
    observers: tuple[WindowObserver, ...]

    commitments = StorageNMap[tuple[U32, AccountId, UnitId], t.Commitment](
        hashers=(Twox64Concat, Twox64Concat, Twox64Concat),
        doc="What the units committed to in the open window and in those kept, by window, provider and unit.",
    )
    rounds = StorageMap[ClassId, U8](
        default=1, hasher=Twox64Concat, doc="R: how many products a unit of each class chains in a window."
    )
    excuses = StorageMap[AccountId, t.Excuses](
        default=(), doc="The units of each provider that the last window found busy with a ticket."
    )
    failed = StorageDoubleMap[Region, U32, U128](
        default=0,
        hashers=(Twox64Concat, Twox64Concat),
        doc="Effective capacity that failed in the window being counted, by region and operator.",
    )
    demands = StorageNMap[tuple[U32, AccountId, UnitId], t.Demand](
        hashers=(Twox64Concat, Twox64Concat, Twox64Concat),
        doc="The rows that are demanded, by window, provider and unit.",
    )
    due = StorageMap[BlockNumber, tuple[t.Asked, ...]](
        default=(), hasher=Twox64Concat, doc="The demands by the block at whose start they count as unmet."
    )
    unmet = StorageMap[AccountId, t.UnitIds](
        default=(),
        doc="The units of each provider that left a demand unmet, and miss the next window that is counted.",
    )

    windows_a_day = Parameter[U8](
        default=4,
        bounds=(2, 12),
        track="attestation",
        safer="up",
        doc="How many windows open a day, on average.",
    )
    drawn_ppb = Parameter[U64](
        default=PPB // 10,
        bounds=(PPB // 10, PPB),
        track="attestation",
        safer="up",
        doc="The share of the units past probation that open their rows in a window.",
    )
    openings_max = Parameter[U32](
        default=256,
        bounds=(2, t.OPENINGS_MAX_MAX),
        track="attestation",
        safer="up",
        doc="The most units that open their rows in a window: half of them in probation, half past it.",
    )

    def task_of(self, window: t.Window, who: AccountId, unit: UnitId) -> Task:
        """What the open window asks of a unit."""
        return self._task(window.beacon, who, unit, self._rounds_of(who, unit))

    def _rounds_of(self, who: AccountId, unit: UnitId) -> int:
        class_id = self.units.class_of(who, unit)
        return 1 if class_id is None else self.rounds[class_id]

    def _task(self, beacon: bytes, who: AccountId, unit: UnitId, rounds: int) -> Task:
        return Task(unit_seed(beacon, who, unit), self.config.size, rounds)


def key_of(asked: t.Asked) -> tuple[int, AccountId, UnitId]:
    """The storage key of a commitment and of its demand."""
    return asked.window, asked.who, asked.unit
