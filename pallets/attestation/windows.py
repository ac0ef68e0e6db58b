"""The life of a window: opened by the beacon, drawn, counted, kept for an hour, forgotten.

Both passes over the units, the draw and the count, take a page of them each block, and begin at a place in
the list of providers that the beacon chooses, so that no place in it is better than another.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.attestation import types as t
from pallets.attestation.books import DEPOSIT, PROBED, Books, key_of
from pallets.attestation.probe import Task
from runtime.crypto.hashing import blake2b_256
from runtime.frame import StorageOption, StorageValue, hookimpl
from runtime.frame.coin import OUTAGE_WINDOWS, UnitId
from runtime.scale import U32
from runtime.types import AccountId, BlockNumber, Weight, db
from runtime.types.fixed import PPB, mul_div_floor

DAY_HOURS: Final = 24
WAIVER_HOURS: Final = 7 * 24
EXCUSE_HOURS: Final = 24
"""So long, at most, a unit may be busy with a ticket instead of answering windows."""
KEEP_HOURS: Final = 1
"""For so long a provider keeps what it committed to."""
TAG_BYTES: Final = 8
"""How many bytes of a hash decide a draw."""
PAGE_UNITS: Final = 1_024
"""After so many units a block leaves the rest of the draw, or of the count, to the next."""
FORGOTTEN_PER_BLOCK_MAX: Final = 256
LOT_TAG: Final = b"ballast/attestation/lot"


class Windows(Books):
    """Opens windows, draws who has to prove its root, and counts."""

    window = StorageOption[t.Window](doc="The window that is open.")
    opened = StorageValue[U32](default=0, doc="How many windows were opened so far.")
    probed = StorageValue[t.Probed](
        default=(), doc="The providers of the open window, in the order of its draw, once it is drawn."
    )
    tally = StorageValue[t.Tally](default=t.Tally(), doc="The figures of the open window.")
    outages = StorageValue[t.Probed](
        default=(), doc="Providers for which the window being counted was the fifth missed in a row."
    )
    waived = StorageValue[tuple[BlockNumber, ...]](default=(), doc="When windows were waived, within 7 days.")
    last = StorageOption[t.Outcome](doc="How the last window ended.")
    kept = StorageValue[tuple[t.Kept, ...]](
        default=(), doc="The windows that are over and whose leaves can be demanded, the oldest first."
    )

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Take the open window a step further; forget what is kept no longer."""
        weight = self._forget(now) + self._expire(now)
        window = self.window
        if window is None:
            if len(self.kept) < t.KEPT_MAX and self._is_time():
                self._open(now)
            return weight + db(reads=3, writes=2)
        if window.phase == t.Phase.Committing and now >= window.commit_until:
            window = self._begin_draw(window)
        elif window.phase == t.Phase.Opening and now >= window.closes_at:
            window = self._begin_count(window, now)
        if window.phase == t.Phase.Drawing:
            return weight + self._draw(window, now)
        if window.phase == t.Phase.Counting:
            return weight + self._count(window, now)
        return weight + db(reads=1)

    def _is_time(self) -> bool:
        drawn = int.from_bytes(self.beacon.randomness()[:TAG_BYTES], "little")
        blocks_a_day = self.standards.blocks_in(DAY_HOURS)
        return drawn * blocks_a_day < self.windows_a_day << 8 * TAG_BYTES

    def _open(self, now: BlockNumber) -> None:
        number = self.opened + 1
        self.opened = number
        commit_until = now + self.config.commit_blocks
        closes_at = commit_until + self.config.open_blocks
        self.window = t.Window(number, now, commit_until, closes_at, self.beacon.randomness())
        self.emit(t.WindowOpened(number, commit_until, closes_at))

    # The draw.

    def _begin_draw(self, window: t.Window) -> t.Window:
        challenge = self.beacon.randomness()
        roster = self.issuers.roster_now()
        start = int.from_bytes(challenge[:TAG_BYTES], "little") % max(1, len(roster))
        self.probed = roster[start:] + roster[:start]
        return window.replace(phase=t.Phase.Drawing, challenge=challenge)

    def _draw(self, window: t.Window, now: BlockNumber) -> Weight:
        tally, probed = self.tally, self.probed
        first = tally.units
        while tally.place < len(probed) and tally.units - first < PAGE_UNITS:
            tally = self._draw_of(window, probed[tally.place], tally.replace(place=tally.place + 1))
        looked = tally.units - first
        if tally.place == len(probed):
            tally = tally.replace(place=0)
            window = window.replace(phase=t.Phase.Opening, closes_at=now + self.config.open_blocks)
            self.emit(t.WindowDrawn(window.number, tally.drawn, window.closes_at))
        self.tally = tally
        self.window = window
        return db(reads=6 + 4 * looked, writes=3 + looked)

    def _draw_of(self, window: t.Window, who: AccountId, tally: t.Tally) -> t.Tally:
        """The tally with one provider's units: who is absent, who is excused, who has to open."""
        assert window.challenge is not None
        units, unmet = self._probed_units(window, who), self.unmet[who]
        posted = self._posted(window, who, units)
        absent = tuple(unit for unit in units if unit not in posted and unit not in unmet)
        excused = len(self._excuse(window, who, absent))
        missing = len(absent) + sum(unit in unmet for unit in units) - excused
        share, most = self.drawn_ppb, self.openings_max
        newcomers_max, of_one_max = _newcomers_max(most)
        drawn: list[UnitId] = []
        newcomers = 0
        for unit in units:
            if unit in unmet or unit not in posted:
                continue
            if self.units.is_probation(who, unit):
                if newcomers < of_one_max and tally.newcomers + newcomers < newcomers_max:
                    newcomers += 1
                    drawn.append(unit)
            elif tally.others + len(drawn) - newcomers < most - newcomers_max:
                if is_lot(window.challenge, who, unit, share):
                    drawn.append(unit)
        for unit in drawn:
            self.commitments[window.number, who, unit] = posted[unit].replace(stage=t.Stage.Drawn)
        return tally.replace(
            units=tally.units + len(units),
            absent=tally.absent + missing,
            excused=tally.excused + excused,
            newcomers=tally.newcomers + newcomers,
            others=tally.others + len(drawn) - newcomers,
        )

    def _posted(
        self, window: t.Window, who: AccountId, units: tuple[UnitId, ...]
    ) -> dict[UnitId, t.Commitment]:
        found = ((unit, self.commitments.get((window.number, who, unit))) for unit in units)
        return {unit: each for unit, each in found if each is not None}

    def _probed_units(self, window: t.Window, who: AccountId) -> tuple[UnitId, ...]:
        if self.issuers.state_of(who) not in PROBED:
            return ()
        return self.units.units_of(who, window.opened_at)

    def _excuse(self, window: t.Window, who: AccountId, absent: tuple[UnitId, ...]) -> tuple[UnitId, ...]:
        """The absent units that are busy with tickets: as many as the coins under tickets keep busy for an
        hour, each for 24 hours at most from the first window that it was excused from.
        """
        earlier = {each.unit: each.since for each in self.excuses[who]}
        since = self.serving.serving_since(who) if absent else None
        found: list[t.Excuse] = []
        busy: list[UnitId] = []
        if since is not None and since < window.commit_until:
            span = self.standards.blocks_in(EXCUSE_HOURS)
            left = self.ledger.debt_of(who).assigned
            for unit in absent:
                if left <= 0:
                    break
                left -= self._done_in_an_hour(who, unit)
                excuse = t.Excuse(unit, earlier.get(unit, window.opened_at))
                found.append(excuse)
                if window.opened_at - excuse.since < span:
                    busy.append(unit)
        if found:
            self.excuses[who] = tuple(found)
        elif earlier:
            self.excuses.discard(who)
        return tuple(busy)

    def _done_in_an_hour(self, who: AccountId, unit: UnitId) -> int:
        """In 10^-9 SCU-h, and so in 10^-9 coins."""
        class_id = self.units.class_of(who, unit)
        return 0 if class_id is None else self.standards.rating_of(class_id) or 0

    def _note_opened(self) -> None:
        self.tally = self.tally.replace(opened=self.tally.opened + 1)

    # The count.

    def _begin_count(self, window: t.Window, now: BlockNumber) -> t.Window:
        tally = self.tally.replace(effective=self.issuers.effective_total())
        span = self.standards.blocks_in(WAIVER_HOURS)
        waived = tuple(block for block in self.waived if now - block < span)
        if 3 * tally.missed > tally.units and len(waived) < t.WAIVED_MAX:
            waived = (*waived, now)
            tally = tally.replace(place=len(self.probed), is_waived=True)
        self.waived = waived
        self.tally = tally
        return window.replace(phase=t.Phase.Counting)

    def _count(self, window: t.Window, now: BlockNumber) -> Weight:
        tally, probed = self.tally, self.probed
        looked = 0
        while tally.place < len(probed) and looked < PAGE_UNITS:
            who = probed[tally.place]
            tally = tally.replace(place=tally.place + 1)
            units = self._probed_units(window, who)
            looked += len(units)
            self.attempt(partial(self._count_of, window, who, units))
        self.tally = tally
        self.window = window
        if tally.place == len(probed):
            self._close(window, now)
        return db(reads=6 + 6 * looked, writes=4 + 2 * looked)

    def _count_of(self, window: t.Window, who: AccountId, units: tuple[UnitId, ...]) -> None:
        unmet, posted = self.unmet[who], self._posted(window, who, units)
        span = self.standards.blocks_in(EXCUSE_HOURS)
        busy = tuple(each.unit for each in self.excuses[who] if window.opened_at - each.since < span)
        answered: dict[UnitId, bool] = {}
        unproven: list[UnitId] = []
        for unit in units:
            commitment = posted.get(unit)
            if unit in unmet:
                answered[unit] = False
            elif commitment is None:
                if unit not in busy:
                    answered[unit] = False
            elif commitment.stage != t.Stage.Posted:
                answered[unit] = commitment.stage == t.Stage.Opened
                if not answered[unit]:
                    unproven.append(unit)
            elif not self.units.is_probation(who, unit):
                answered[unit] = True
        if unmet:
            self.unmet.discard(who)
        if answered:
            self._record(who, answered)
        for unit in unproven:
            self.units.restart(who, unit)
            self.emit(t.UnitRestarted(who, unit))

    def _record(self, who: AccountId, answered: dict[UnitId, bool]) -> None:
        effective = self.issuers.effective_of(who)
        passed = self.units.record_window(who, answered)
        for observer in self.observers:
            observer.window_counted(who, passed)
        if not passed:
            self.failed[self.issuers.domain_of(who)] += effective
            if self.units.missed_in_row(who) == OUTAGE_WINDOWS + 1:
                self.outages = (*self.outages, who)

    def _close(self, window: t.Window, now: BlockNumber) -> None:
        tally = self.tally
        for who in self.outages:
            failed = self.failed[self.issuers.domain_of(who)]
            share = min(PPB, mul_div_floor(failed, PPB, tally.effective)) if tally.effective else 0
            self.attempt(partial(self.slasher.outage, who, share))
        self.failed.clear(limit=t.PROBED_MAX)
        del self.outages, self.probed, self.tally
        self.window = None
        until = now + self.standards.blocks_in(KEEP_HOURS)
        self.kept = (*self.kept, t.Kept(window.number, window.beacon, until))
        self.last = outcome = t.Outcome(
            window.number, tally.units, tally.missed, not tally.is_waived, tally.excused, tally.drawn
        )
        self.emit(t.WindowClosed(outcome))

    # What is over.

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

    def _forget(self, now: BlockNumber) -> Weight:
        """Remove the commitments of the oldest window that is kept, once nobody can be asked for its rows."""
        kept = self.kept
        if not kept or now < kept[0].until + self.config.open_blocks:
            return db(reads=1)
        gone = self.commitments.clear_under(kept[0].number, limit=FORGOTTEN_PER_BLOCK_MAX)
        if gone < FORGOTTEN_PER_BLOCK_MAX:
            self.kept = kept[1:]
        return db(reads=1 + gone, writes=1 + gone)

    def _expire(self, now: BlockNumber) -> Weight:
        """Count the demands that nobody met in time against their units; the deposits go back."""
        overdue = self.due[now]
        for asked in overdue:
            self.attempt(partial(self._note_unmet, asked))
        if overdue:
            self.due.discard(now)
        return db(reads=1 + 4 * len(overdue), writes=4 * len(overdue))

    def _note_unmet(self, asked: t.Asked) -> None:
        demand = self.demands.get(key_of(asked))
        if demand is None:
            return
        del self.demands[key_of(asked)]
        self.coin.release(DEPOSIT, demand.by, demand.deposit)
        units = dict.fromkeys((*self.unmet[asked.who], asked.unit))
        there = tuple(unit for unit in units if self.units.class_of(asked.who, unit) is not None)
        if there:
            self.unmet[asked.who] = there
        self.emit(t.DemandUnmet(asked))


def _newcomers_max(openings_max: int) -> tuple[int, int]:
    """How many of a window's openings are for units in probation, and how many of those for one provider:
    half and half, so that who registers many units stands in nobody's way but its own.
    """
    return openings_max // 2, max(1, openings_max // 4)


def is_lot(challenge: bytes, who: AccountId, unit: UnitId, share_ppb: int) -> bool:
    """Whether the challenge draws a unit, which it does with a probability of `share_ppb`."""
    lot = blake2b_256(LOT_TAG + challenge + who + unit.to_bytes(4, "little"))[:TAG_BYTES]
    return int.from_bytes(lot, "little") * PPB < share_ppb << 8 * TAG_BYTES
