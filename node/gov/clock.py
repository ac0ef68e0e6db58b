"""About when a block was or will be: the chain's pace of late, carried on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from node.client import ChainClient, RemoteError
from pallets.timestamp import Timestamp
from runtime.runtime import Runtime

PACE_BLOCKS: Final = 100
"""Over how many blocks the pace is measured."""
HOUR_MS: Final = 3_600_000
DATE: Final = "%Y-%m-%d %H:%M UTC"
MS_MAX: Final = 253_402_300_799_000
"""The last moment of the year 9999."""


@dataclass(frozen=True, slots=True)
class Clock:
    """When one block was, and how long a block takes."""

    number: int
    now_ms: int
    """Since the Unix epoch."""
    block_ms: int

    def at_ms(self, block: int) -> int:
        """About the time of a block, in milliseconds since the Unix epoch."""
        return max(0, self.now_ms + (block - self.number) * self.block_ms)

    def date(self, block: int) -> str:
        """About the time of a block, for people."""
        ms = self.at_ms(block)
        return (
            "after the year 9999" if ms > MS_MAX else datetime.fromtimestamp(ms // 1000, UTC).strftime(DATE)
        )

    def left(self, block: int) -> str:
        """About how long it is until a block, or was since: `in 2 d 3 h`, `5 min ago`."""
        seconds = abs(block - self.number) * self.block_ms // 1_000
        minutes = seconds // 60
        hours, rest = divmod(minutes, 60)
        whole, hours_rest = divmod(hours, 24)
        if whole:
            span = f"{whole:,} d {hours_rest} h" if hours_rest else f"{whole:,} d"
        elif hours:
            span = f"{hours} h {rest} min" if rest else f"{hours} h"
        else:
            span = f"{rest} min" if rest else f"{seconds} s"
        return f"in {span}" if block > self.number else f"{span} ago"


async def clock_at(chain: ChainClient, at: bytes, number: int, blocks_per_hour: int) -> Clock:
    """The clock of a block: the pace of the blocks before it, or, where too few of them are known, the one
    that the chain's hour has by its constants.
    """
    timestamp = timestamp_of(chain.runtime)
    nominal = HOUR_MS // blocks_per_hour
    if timestamp is None:
        return Clock(number, 0, nominal)
    now = await chain.view(lambda: timestamp.now, at)
    first = max(1, number - PACE_BLOCKS)
    if first >= number:
        return Clock(number, now, nominal)
    try:
        earlier = await chain.view(lambda: timestamp.now, await chain.hash_at(first))
    except RemoteError:  # the node does not keep that state any more
        return Clock(number, now, nominal)
    return Clock(number, now, max(1, (now - earlier) // (number - first)))


def timestamp_of(runtime: Runtime) -> Timestamp | None:
    """The pallet that keeps the time, if the chain has one."""
    return next((each for each in runtime.pallets.values() if isinstance(each, Timestamp)), None)
