"""Attestation: capacity is measured by unannounced windows, not declared.

    opens    by the beacon, with a probability per block; at most one is open
    commit   each unit multiplies the matrices of its own seed, and posts the Merkle root over the rows
    open     the beacon of the block after the commitment draws rows: the unit opens them
    counted  at the start of the block `closes_at`: a bit of history for every provider

A provider passes if all its counted units answered (all its units, while none counts). A window that more
than a third of all units missed counts neither way, twice in 7 days at most. The mathematics is in
`probe.py`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.attestation import types as t
from pallets.attestation.probe import COUNT_MAX, SIZE_MAX, InvalidOpening, Task, check, unit_seed
from runtime.frame import (
    Pallet,
    Parameter,
    PostInfo,
    Signed,
    StorageDoubleMap,
    StorageMap,
    StorageOption,
    StorageValue,
    Twox64Concat,
    call,
    hookimpl,
)
from runtime.frame.coin import Standards, UnitId, Units, WindowObserver
from runtime.frame.interfaces import Beacon
from runtime.scale import U8, U32
from runtime.types import AccountId, BlockNumber, Hash, Weight, db

DAY_HOURS: Final = 24
WAIVER_HOURS: Final = 7 * 24
DRAW_TAG: Final = 8
"""How many bytes of the beacon decide whether a window opens."""
OPENING: Final = db(reads=5, writes=1, compute=12_000_000_000)
"""Expanding the matrices, one product with a vector, and the rows opened."""


class Attestation(Pallet[t.AttestationEvent, t.AttestationError]):
    """Measures what compute the providers have."""

    config: t.Config
    beacon: Beacon
    standards: Standards
    units: Units
    observers: tuple[WindowObserver, ...]

    window = StorageOption[t.Window](doc="The window that is open.")
    opened = StorageValue[U32](default=0, doc="How many windows were opened so far.")
    commitments = StorageDoubleMap[AccountId, UnitId, t.Commitment](
        hashers=(Twox64Concat, Twox64Concat), doc="What the units committed to in the open window."
    )
    challenges = StorageMap[BlockNumber, Hash](
        hasher=Twox64Concat,
        doc="The beacons since the window opened; that of the block after a commitment asks.",
    )
    waived = StorageValue[tuple[BlockNumber, ...]](default=(), doc="When windows were waived, within 7 days.")
    last = StorageOption[t.Outcome](doc="How the last window ended.")

    windows_a_day = Parameter[U8](
        default=4,
        bounds=(2, 12),
        track="attestation",
        safer="up",
        doc="How many windows open a day, on average.",
    )

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        config = self.config
        if not (1 <= config.size <= SIZE_MAX and 1 <= config.positions <= min(COUNT_MAX, config.size)):
            raise t.BadSize
        if not (config.commit_blocks and config.open_blocks):
            raise t.BadSize
        self.windows_a_day = genesis.windows_a_day

    # Calls.

    @call(index=0, weight=db(reads=4, writes=1))
    def commit(self, origin: Signed, unit: UnitId, root: Hash) -> PostInfo:
        """Commit to the product that the window asks of one's unit. Costs nothing."""
        window, key = self._probed(origin.who, unit), (origin.who, unit)
        if self.host.number >= window.commit_until:
            raise t.TooLate
        if key in self.commitments:
            raise t.AlreadyCommitted
        self.commitments[key] = t.Commitment(root, self.host.number)
        self.emit(t.Committed(origin.who, unit, root))
        return PostInfo(pays=False)

    @call(index=1, weight=OPENING)
    def open(self, origin: Signed, unit: UnitId, leaves: t.Leaves) -> PostInfo:
        """Open the rows that the challenge asks for, in its order. Costs nothing if they are right."""
        window, key = self._probed(origin.who, unit), (origin.who, unit)
        commitment = self.commitments.get(key)
        if commitment is None:
            raise t.NotCommitted
        if commitment.is_open:
            raise t.AlreadyAnswered
        challenge = self.challenges.get(commitment.at + 1)
        if challenge is None:
            raise t.NotChallenged
        task = Task(unit_seed(window.beacon, origin.who, unit), self.config.size)
        openings = tuple(leaf.opening for leaf in leaves)
        try:
            check(task, commitment.root, challenge, self.config.positions, openings)
        except InvalidOpening as wrong:
            raise t.WrongOpening(str(wrong)) from None
        self.commitments[key] = commitment.replace(is_open=True)
        self.emit(t.Answered(origin.who, unit))
        return PostInfo(pays=False)

    # Hooks.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Count the window whose time is over; open one if the beacon says so."""
        window = self.window
        if window is None:
            if self._is_drawn():
                self._open(now)
            return db(reads=3, writes=3)
        if now < window.closes_at:
            self.challenges[now] = self.beacon.randomness()
            return db(reads=2, writes=1)
        probed = self._close(window, now)
        return db(reads=6 + 3 * probed, writes=4 + 4 * probed)

    # The life of a window.

    def _is_drawn(self) -> bool:
        drawn = int.from_bytes(self.beacon.randomness()[:DRAW_TAG], "little")
        blocks_a_day = self.standards.blocks_in(DAY_HOURS)
        return drawn * blocks_a_day < self.windows_a_day << 8 * DRAW_TAG

    def _open(self, now: BlockNumber) -> None:
        self.opened += 1
        commit_until = now + self.config.commit_blocks
        closes_at = commit_until + self.config.open_blocks
        self.window = t.Window(self.opened, now, commit_until, closes_at, self.beacon.randomness())
        self.emit(t.WindowOpened(self.opened, commit_until, closes_at))

    def _close(self, window: t.Window, now: BlockNumber) -> int:
        answers = {
            who: {unit: self._has_answered(who, unit) for unit in units}
            for who, units in self.units.units_before(window.opened_at)
        }
        units = sum(map(len, answers.values()))
        missed = sum(not passed for each in answers.values() for passed in each.values())
        span = self.standards.blocks_in(WAIVER_HOURS)
        waived = tuple(block for block in self.waived if now - block < span)
        is_counted = 3 * missed <= units or len(waived) >= t.WAIVED_MAX
        self.waived = waived if is_counted else (*waived, now)
        if is_counted:
            for who, answered in answers.items():
                self.attempt(partial(self._count, who, answered))
        for key in tuple(self.commitments.keys()):
            del self.commitments[key]
        for block in range(window.opened_at + 1, window.closes_at):
            self.challenges.discard(block)
        self.window = None
        self.last = outcome = t.Outcome(window.number, units, missed, is_counted)
        self.emit(t.WindowClosed(outcome))
        return units

    def _count(self, who: AccountId, answered: dict[UnitId, bool]) -> None:
        passed = self.units.record_window(who, answered)
        for observer in self.observers:
            observer.window_counted(who, passed)

    def _has_answered(self, who: AccountId, unit: UnitId) -> bool:
        commitment = self.commitments.get((who, unit))
        return commitment is not None and commitment.is_open

    def _probed(self, who: AccountId, unit: UnitId) -> t.Window:
        """The open window, if it probes this unit."""
        window = self.window
        if window is None:
            raise t.NoWindow
        since = self.units.unit_since(who, unit)
        if since is None or since >= window.opened_at:
            raise t.NotProbed
        return window

    @hookimpl
    def try_state(self) -> None:
        if self.window is None:
            assert not tuple(self.commitments.keys()), "commitments without a window"
            assert not tuple(self.challenges.keys()), "challenges without a window"
