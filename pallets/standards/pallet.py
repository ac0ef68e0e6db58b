"""Standards: what one SCU-h of work is, moved with the mainstream day by day, and no further than covered.

Once a day, if the oracle is Fresh, the standard takes a step towards its target (`anchor.py`), of 0.09 % at
most, and only if

    S > 0,   the mode is Green or Yellow,   E' = E recomputed exactly under W' >= kappa_u S

so an upgrade that would break coverage cannot be enacted. While the target has been more than a quarter ahead
for 180 days, capacity counts W / W* of itself when coins are minted: issuance stops before the promise does.
A splice is another way to measure: all works change at once, and the provider in the middle keeps its rating.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

from pallets.standards import types as t
from pallets.standards.anchor import furthest, lags, next_work, spliced, target
from pallets.standards.queries import Queries
from pallets.standards.ratings import FIRST
from runtime.frame import Overflow, Parameter, Root, call, hookimpl, invariant
from runtime.frame.coin import Issuers, Ledger, Mode, Oracle
from runtime.frame.voted import Lists
from runtime.scale import U32, U64
from runtime.types import BlockNumber, Weight, db
from runtime.types.fixed import PPB, mul_div_ceil, mul_div_floor

DAY_HOURS: Final = 24
LAG_HOURS: Final = 180 * DAY_HOURS
"""For how long a lag is borne."""
WORST_FOR_STEP: Final = Mode.Yellow
"""A step is taken in this mode and in better ones."""
PROVIDERS: Final = 1_024
"""How many providers a new standard rates again at most, for the weight."""
WORK_MAX: Final = (1 << 128) - 1
LOOK: Final = db(reads=9, writes=2)
RERATE: Final = db(reads=4 * PROVIDERS, writes=2 * PROVIDERS)
UNCOUNTED: Final = (t.Held.OracleSilent, t.Held.NothingIssued, t.Held.Unsound, t.Held.WindDown)
"""What holds a step before any capacity is counted again."""
KAPPA_U_BOUNDS: Final = (1_100_000_000, 1_500_000_000)
FACTOR_BOUNDS: Final = (PPB // 10, 10 * PPB)


def weight_of_splice(works: tuple[t.ClassWork, ...]) -> Weight:
    """Every class is written, and every provider rated twice."""
    return db(reads=10 + len(works), writes=10 + len(works)) + RERATE.times(2)


class Standards(Queries):
    """What one SCU-h of work is."""

    ledger: Ledger
    issuers: Issuers
    oracle: Oracle

    kappa_u_ppb = Parameter[U64](
        default=1_100_000_000,
        bounds=KAPPA_U_BOUNDS,
        track="standards",
        safer="up",
        doc="kappa_u: effective capacity that a coin has behind it after an upgrade.",
    )
    train_ppb = Parameter[U64](
        default=PPB,
        bounds=FACTOR_BOUNDS,
        track="standards",
        doc="Work that an hour of training is worth, as a part of W_k.",
    )
    fine_tune_ppb = Parameter[U64](
        default=PPB, bounds=FACTOR_BOUNDS, track="standards", doc="The same of an hour of fine-tuning."
    )
    infer_ppb = Parameter[U64](
        default=PPB, bounds=FACTOR_BOUNDS, track="standards", doc="The same of an hour of inference."
    )

    # Calls.

    @call(index=1, weight=weight_of_splice)
    def splice(self, origin: Root, works: t.Works) -> None:
        """Measure work in another way: what each class does in an hour by it. W moves so that the median
        provider keeps its rating.
        """
        if self.ledger.mode_now() == Mode.WindDown:
            raise t.StandardFrozen
        self._check_complete(works)
        issuers, (_, work) = self.issuers, self.standard_now()
        before, classes = self._capacities(), [self.classes[each.id].work_per_hour for each in works]
        effective = issuers.effective_total()
        for each in works:
            self.classes[each.id] = self.classes[each.id].replace(work_per_hour=each.work_per_hour)
            self.emit(t.ClassRated(each.id, each.work_per_hour))
        issuers.rerate()
        providers = [(old, new) for old, new in zip(before, self._capacities(), strict=True) if old]
        by_class = list(zip(classes, [each.work_per_hour for each in works], strict=True))
        new_work = spliced(work, providers or by_class)
        if new_work > WORK_MAX:
            raise Overflow
        self._enact(new_work, t.Reason.Splice, issuers.effective_under(new_work))
        self._check_covered(effective)
        self.oracle.rescale(work, new_work)
        lag = self.lag
        if lag is not None:
            self.lag = lag.replace(target=min(WORK_MAX, mul_div_ceil(lag.target, new_work, work)))

    @call(index=2, weight=db(reads=8, writes=2) + RERATE)
    def set_floors(self, origin: Root | Lists, floors: t.Floors) -> None:
        """Say what a unit has at least. Classes with less yield nothing from now on."""
        if self.ledger.mode_now() == Mode.WindDown:
            raise t.StandardFrozen
        effective = self.issuers.effective_total()
        self.floors = floors
        self.issuers.rerate()
        self._check_covered(effective)
        self.emit(t.FloorsSet(floors))

    def _check_complete(self, works: t.Works) -> None:
        ids = [each.id for each in works]
        is_ordered = all(low < high for low, high in pairwise(ids))
        if not is_ordered or len(ids) != self.class_count or not all(each in self.classes for each in ids):
            raise t.WorksIncomplete
        if not ids or not all(each.work_per_hour for each in works):
            raise t.WorkMissing

    def _check_covered(self, before: int) -> None:
        """What root changes leaves kappa_u S covered, or what was covered before."""
        needed = self.kappa_u_ppb * self.ledger.total_supply()
        if self.issuers.effective_total() * PPB < min(needed, before * PPB):
            raise t.WouldUncover

    def _capacities(self) -> list[int]:
        """The capacity of every provider, in the order of registration."""
        return [self.issuers.capacity_of(who) for who in self.issuers.roster_now()]

    # The daily step.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Once a day: a step towards the target, if it is covered."""
        if now % self.blocks_in(DAY_HOURS):
            return db()
        held = self._step(now)
        if held != self.held:
            self.held = held
            if held is not None:
                self.emit(t.StepHeld(held))
        return LOOK if held in UNCOUNTED else LOOK + RERATE

    def _step(self, now: BlockNumber) -> t.Held | None:
        """Take the day's step, if there is one to take; what holds it."""
        if self.ledger.mode_now() == Mode.WindDown:
            return t.Held.WindDown
        wanted = self._target()
        if wanted is None:
            return t.Held.OracleSilent
        held = self._advance(wanted)
        self._note_lag(wanted, now)
        return held

    def _target(self) -> int | None:
        """W*; None while the oracle is not Fresh."""
        price, mainstream = self.oracle.price_now(), self.oracle.mainstream_now()
        if price is None or mainstream is None:
            return None
        first_price, first_work = self.oracle.origin_now()
        return target(first_work, first_price, price, mainstream)

    def _advance(self, wanted: int) -> t.Held | None:
        _, work = self.standard_now()
        new_work = next_work(work, wanted)
        if new_work <= work:
            return None
        supply = self.ledger.total_supply()
        if not supply:
            return t.Held.NothingIssued
        if self.ledger.mode_now() > WORST_FOR_STEP:
            return t.Held.Unsound
        effective = self.issuers.effective_under(new_work)
        if not is_covered(effective, supply, self.kappa_u_ppb):
            return t.Held.Uncovered
        self._enact(new_work, t.Reason.Step, effective)
        return None

    def _enact(self, work: int, reason: t.Reason, effective: int) -> None:
        """Put the next standard into force, and rate every provider by it."""
        supply = self.ledger.total_supply()
        number = self._begin(t.Standard(work, self.host.number, reason, effective, supply))
        self.issuers.rerate()
        self.emit(t.StandardEnacted(number, work, reason))

    def _note_lag(self, wanted: int, now: BlockNumber) -> None:
        _, work = self.standard_now()
        lag = self.lag
        if not lags(work, wanted):
            if lag is not None:
                self.lag = None
                self.emit(t.LagEnded())
        elif lag is None:
            self.lag = t.Lag(now, wanted)
            self.emit(t.LagBegan(work, wanted))
        else:
            self.lag = lag.replace(target=wanted)

    # runtime.frame.coin.Standards

    def lag_now(self) -> tuple[int, int]:
        lag = self.lag
        if lag is None or self.host.number - lag.since < self.blocks_in(LAG_HOURS):
            return 1, 1
        return self.standard_now()[1], lag.target

    def work_owed(self, amount: int) -> tuple[int, int, int]:
        """What a ticket of so many coins is owed if it is matched now, in work rounded down: for training,
        fine-tuning and inference.
        """
        whole = amount * self.standard_now()[1]
        train, fine_tune, infer = (
            mul_div_floor(whole, factor, PPB * PPB)
            for factor in (self.train_ppb, self.fine_tune_ppb, self.infer_ppb)
        )
        return train, fine_tune, infer

    # Invariants.

    @invariant("I11", "a step leads up by 0.09 % at most, and E' >= kappa_u S; no standard changes")
    def steps_are_gated(self) -> str | None:
        kappa_u = min(self.kappa_u_ppb, self.before("kappa_u_ppb"))
        latest: int = self.before("current")
        for change in sorted(self.standards.changes()):
            if change.old is not None or change.new is None:
                return f"standard {change.key} was {change.old}, and is {change.new}"
            if change.key != FIRST:
                latest += 1
            if change.key != latest:
                return f"standard {change.key} follows on {latest - 1}"
            if broken := self._broken(change.key, change.new, kappa_u):
                return broken
        return None if self.current == latest else f"standard {self.current} is in force, not {latest}"

    def _broken(self, number: U32, standard: t.Standard, kappa_u_ppb: int) -> str | None:
        """What is wrong with a standard that this block enacted."""
        if standard.reason != t.Reason.Step:
            return None
        old = self.standards[number - 1].work
        if not old <= standard.work <= furthest(old):
            return f"standard {number} leads from {old} to {standard.work}"
        if not is_covered(standard.effective, standard.supply, kappa_u_ppb):
            return (
                f"standard {number} was enacted with a capacity of {standard.effective} behind "
                f"{standard.supply} coins"
            )
        return None

    @hookimpl
    def try_state(self) -> None:
        current = self.current
        assert sorted(self.standards) == list(range(FIRST, current + 1)), "a standard is missing"
        for number in range(FIRST + 1, current + 1):
            broken = self._broken(number, self.standards[number], KAPPA_U_BOUNDS[0])
            assert broken is None, broken
        assert self.class_count == sum(1 for _ in self.classes), "the classes are not counted"


def is_covered(effective: int, supply: int, kappa_u_ppb: int) -> bool:
    """E' >= kappa_u S."""
    return effective * PPB >= kappa_u_ppb * supply
