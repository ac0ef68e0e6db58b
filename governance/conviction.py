"""Conviction: for how long a voter is willing to lock coins, and how much more they count for it.

The multiples and the lock periods are those of Substrate's `pallet_conviction_voting`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from runtime.frame import Overflow
from runtime.types import Balance, BlockNumber

VOTES_MAX: Final = (1 << 128) - 1
"""The most that votes can weigh together."""
BLOCK_MAX: Final = (1 << 32) - 1
"""The last block that there can be."""
UNLOCKED_DIVISOR: Final = 10
"""Coins that are not locked count a tenth."""


class Conviction(IntEnum):
    """How much coins count, and for how many periods they are locked if their side wins."""

    __type_path__ = ("pallet_conviction_voting", "conviction", "Conviction")

    None_ = 0
    """0.1 votes a coin, not locked."""
    Locked1x = 1
    """1 vote a coin, locked for 1 period."""
    Locked2x = 2
    """2 votes a coin, locked for 2 periods."""
    Locked3x = 3
    """3 votes a coin, locked for 4 periods."""
    Locked4x = 4
    """4 votes a coin, locked for 8 periods."""
    Locked5x = 5
    """5 votes a coin, locked for 16 periods."""
    Locked6x = 6
    """6 votes a coin, locked for 32 periods."""

    @property
    def lock_periods(self) -> int:
        """For how many periods the winners' coins are locked: 0, then a power of two."""
        return 1 << (self - 1) if self else 0

    def votes(self, coins: Balance) -> Balance:
        """What so many coins weigh; a tenth is rounded down. Raises `Overflow`."""
        found = coins * self if self else coins // UNLOCKED_DIVISOR
        if found > VOTES_MAX:
            raise Overflow
        return found

    def unlocks_at(self, end: BlockNumber, period: BlockNumber) -> BlockNumber:
        """The first block in which coins are free that were locked by what ended in block `end`; `period` is
        in blocks. What would be after the last block is the last block.
        """
        return min(BLOCK_MAX, end + self.lock_periods * period)
