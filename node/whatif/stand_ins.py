"""Stand-ins: the pallets of a chain that a fork cannot run as they are, for what they want of the world.

The beacon wants a signature of the author, the authorities want to know who that is, and attestation wants
work from every unit. On a fork the dice are the scenario's, the validators stay who they are, and a window is
a roll call: who is gone misses it, and everybody else passes. All that follows from a window is the real
thing: histories, capacities, vesting, common outages, slashes.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.attestation import Attestation
from pallets.attestation import types as t
from pallets.attestation.books import PROBED
from pallets.authorities import Authorities
from pallets.beacon.wheel import Wheel
from runtime.frame import StorageMap, StorageValue, hookimpl
from runtime.types import AccountId, BlockNumber, Weight, db

DAY_HOURS: Final = 24
CALLS_MAX: Final = 12
"""The most windows that are made up for in one block: a day's, at most."""


class Dice(Wheel):
    """Randomness from whatever bytes the block brings."""

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Turn the wheel."""
        self.turn(now)
        return db(writes=1)

    def is_signed(self, now: BlockNumber, signature: bytes) -> bool:
        return True

    # runtime.frame.interfaces.Beacon

    def is_biasable(self) -> bool:
        return True


class Standing(Authorities):
    """A committee that stays, whatever epoch it is."""

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Nobody says who proposed."""
        return db()

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        """Let the committee be that of the next block's epoch."""
        epoch = now // self.config.blocks_per_epoch
        if self.committee.epoch != epoch:
            self._install(self.committee.replace(epoch=epoch))


class RollCall(Attestation):
    """Windows at equal distances, in which all but the gone answer."""

    gone = StorageMap[AccountId, bool](default=False, doc="Who answers no window any more.")
    called_at = StorageValue[BlockNumber](default=0, doc="The last block that made up for its windows.")

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Hold the windows that are due since the last block."""
        spacing = max(1, self.standards.blocks_in(DAY_HOURS) // self.windows_a_day)
        last = self.called_at or now
        self.called_at = now
        self._forget(now)
        for _ in range(min(CALLS_MAX, now // spacing - last // spacing)):
            self._call(now)
        return db()

    def _call(self, now: BlockNumber) -> None:
        """One window, from its opening to its end."""
        self._open(now)
        window = self.window
        assert window is not None
        there = {
            who: self.units.units_of(who, now)
            for who in self.issuers.roster_now()
            if self.issuers.state_of(who) in PROBED
        }
        absent = sum(len(units) for who, units in there.items() if self.gone[who])
        self.tally = t.Tally(units=sum(map(len, there.values())), absent=absent)
        window = self._begin_count(window, now)
        if not self.tally.is_waived:
            for who, units in there.items():
                if units:
                    answered = dict.fromkeys(units, not self.gone[who])
                    self.attempt(partial(self._record, who, answered))
        self._close(window, now)
