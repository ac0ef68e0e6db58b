"""The books of attestation: the window that is open, what was committed in it and in those just over, and who
is asked for what.
"""

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
    StorageOption,
    StorageValue,
    Twox64Concat,
    hookimpl,
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
from runtime.types import AccountId, Balance, BlockNumber
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

    window = StorageOption[t.Window](doc="The window that is open.")
    opened = StorageValue[U32](default=0, doc="How many windows were opened so far.")
    commitments = StorageNMap[tuple[U32, AccountId, UnitId], t.Commitment](
        hashers=(Twox64Concat, Twox64Concat, Twox64Concat),
        doc="What the units committed to in the open window and in those kept, by window, provider and unit.",
    )
    rounds = StorageMap[ClassId, U8](
        default=1, hasher=Twox64Concat, doc="R: how many products a unit of each class chains in a window."
    )
    probed = StorageValue[t.Probed](
        default=(), doc="The providers of the open window, in the order of its draw, once it is drawn."
    )
    tally = StorageValue[t.Tally](default=t.Tally(), doc="The figures of the open window.")
    excuses = StorageMap[AccountId, t.Excuses](
        default=(), doc="The units of each provider that the last window found busy with a ticket."
    )
    failed = StorageDoubleMap[Region, U32, U128](
        default=0,
        hashers=(Twox64Concat, Twox64Concat),
        doc="Effective capacity that failed in the window being counted, by region and operator.",
    )
    outages = StorageValue[t.Probed](
        default=(), doc="Providers for which the window being counted was the fifth missed in a row."
    )
    waived = StorageValue[tuple[BlockNumber, ...]](default=(), doc="When windows were waived, within 7 days.")
    last = StorageOption[t.Outcome](doc="How the last window ended.")
    kept = StorageValue[tuple[t.Kept, ...]](
        default=(), doc="The windows that are over and whose leaves can be demanded, the oldest first."
    )
    demands = StorageNMap[tuple[U32, AccountId, UnitId], t.Demand](
        hashers=(Twox64Concat, Twox64Concat, Twox64Concat),
        doc="The rows that are demanded, by window, provider and unit.",
    )
    due = StorageMap[BlockNumber, tuple[t.Asked, ...]](
        default=(), hasher=Twox64Concat, doc="The demands by the block at whose start they count as unmet."
    )
    unmet = StorageDoubleMap[AccountId, UnitId, bool](
        default=False,
        hashers=(Twox64Concat, Twox64Concat),
        doc="The units that left a demand unmet, and miss the next window that is counted.",
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

    def committed(self, asked: t.Asked) -> tuple[t.Commitment, Task]:
        """A commitment that still binds, and its task."""
        window = self.window
        found = [each.beacon for each in self.kept if each.number == asked.window]
        if window is not None and window.number == asked.window:
            found.append(window.beacon)
        if not found:
            raise t.UnknownWindow
        commitment = self.commitments.get(key_of(asked))
        if commitment is None:
            raise t.NotCommitted
        return commitment, self._task(found[0], asked.who, asked.unit, commitment.rounds)

    @hookimpl
    def try_state(self) -> None:
        window, tally = self.window, self.tally
        numbers = {each.number for each in self.kept} | ({window.number} if window is not None else set())
        stages = [0] * len(t.Stage)
        for (number, _, _), commitment in self.commitments.items():
            assert number in numbers, f"commitments of window {number}, which is not kept"
            if window is not None and number == window.number:
                stages[commitment.stage] += 1
        drawn = stages[t.Stage.Drawn] + stages[t.Stage.Opened]
        assert (drawn, stages[t.Stage.Opened]) == (tally.drawn, tally.opened), (
            f"{stages} units by stage, and the tally says {tally}"
        )
        if window is None:
            assert tally == t.Tally(), "a tally without a window"
            assert not self.probed and not self.outages, "providers of no window"
        held: dict[AccountId, Balance] = {}
        waiting = {key_of(asked): block for block, each in self.due.items() for asked in each}
        for key, demand in self.demands.items():
            assert waiting.get(key) == demand.deadline, f"the demand {demand} is not due in time"
            held[demand.by] = held.get(demand.by, 0) + demand.deposit
        for who, amount in held.items():
            assert self.coin.on_hold(DEPOSIT, who) == amount, f"the deposits of 0x{who.hex()} are not on hold"


def key_of(asked: t.Asked) -> tuple[int, AccountId, UnitId]:
    """The storage key of a commitment and of its demand."""
    return asked.window, asked.who, asked.unit
