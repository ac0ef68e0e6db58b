"""Timestamp: the time of each block, set by its author as an inherent, checked by importers against their own
clock.

Names, call and storage are those of Substrate's pallet_timestamp.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from runtime.frame import Call, Error, NoEvent, Pallet, StorageValue, Unsigned, call, hookimpl
from runtime.frame.inherents import TIMESTAMP
from runtime.frame.invalid import Unfinished
from runtime.scale import U64, Compact, Doc, Struct
from runtime.types import BlockNumber, DispatchClass, Moment, db

DRIFT_MS_MAX: Final = 30_000
"""How far ahead of an importer's clock a block's time may be."""


class Config(Struct):
    """Constants of the chain."""

    minimum_period: Annotated[U64, Doc("The least time between two blocks, in milliseconds.")] = 1


class TimestampError(Error):
    """Why Timestamp refuses."""


class AlreadySet(TimestampError, index=0):
    """The time of this block is set already."""


class TooEarly(TimestampError, index=1):
    """The time is not later than the last block's by the least period."""


class Timestamp(Pallet[NoEvent, TimestampError]):
    """The time of each block."""

    config: Config

    now = StorageValue[Moment](default=0, doc="The time of this block, in milliseconds since the Unix epoch.")
    did_update = StorageValue[bool](default=False, doc="Whether the time was set in this block.")

    @call(index=0, weight=db(reads=2, writes=2), dispatch_class=DispatchClass.Mandatory)
    def set(self, origin: Unsigned, now: Compact[Moment]) -> None:
        """Set the time of the block. The author does, once a block."""
        if self.did_update:
            raise AlreadySet
        before = self.now
        if before and now < before + self.config.minimum_period:
            raise TooEarly
        self.now = now
        self.did_update = True

    @hookimpl
    def create_inherent(self, data: Mapping[bytes, bytes]) -> Call | None:
        raw = data.get(TIMESTAMP)
        if raw is None:
            return None
        observed = int.from_bytes(raw, "little")
        return self.set.call(max(observed, self.now + self.config.minimum_period if self.now else 0))

    @hookimpl
    def check_inherent(self, call: Call, data: Mapping[bytes, bytes]) -> str | None:
        if call.info is not self.set:
            return None
        observed = data.get(TIMESTAMP)
        if observed is None:
            return None
        latest = int.from_bytes(observed, "little") + DRIFT_MS_MAX
        (now,) = call.args
        return None if now <= latest else f"time {now} is more than {DRIFT_MS_MAX} ms ahead of the clock"

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        if not self.did_update:
            raise Unfinished("the block does not say its time: it lacks Timestamp.set")
        del self.did_update

    # runtime.frame.interfaces.Clock

    def moment(self) -> Moment:
        return self.now
