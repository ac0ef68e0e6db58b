"""A transaction as the pool sees it: what it requires and provides, its worth, how long it lives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LONGEVITY_MAX: Final = (1 << 64) - 1

Rank = tuple[int, int, int]
"""The order of transactions that do not depend on one another, the best one lowest."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """An extrinsic that the runtime found valid, with the tags of its ValidTransaction."""

    hash: bytes
    """blake2b-256 of `data`."""
    data: bytes
    """The encoded extrinsic, length prefix included."""
    priority: int = 0
    requires: tuple[bytes, ...] = ()
    """Tags that others must provide before it can go into a block."""
    provides: tuple[bytes, ...] = ()
    """Tags that it provides, such as (account, nonce); two transactions that share one exclude each other."""
    longevity: int = LONGEVITY_MAX
    """How many blocks it stays valid from the one it was validated on."""
    propagate: bool = True
    sender: bytes | None = None
    """The account that the per-account bounds count it for; None for an unsigned one."""

    def __post_init__(self) -> None:
        """A tag counts once, however often it is named."""
        object.__setattr__(self, "requires", tuple(dict.fromkeys(self.requires)))
        object.__setattr__(self, "provides", tuple(dict.fromkeys(self.provides)))


class Entry:
    """A transaction in a queue."""

    __slots__ = ("missing", "order", "transaction", "unmet", "valid_till")

    def __init__(self, transaction: Transaction, number: int, order: int) -> None:
        self.transaction = transaction
        self.valid_till = min(number + transaction.longevity, LONGEVITY_MAX)
        """The last block that may hold it."""
        self.order = order
        """Counts up with each arrival: the earlier one goes first."""
        self.missing: set[bytes] = set()
        """While it is future: the required tags that nothing provides."""
        self.unmet = 0
        """While it is ready: how many of its required tags another ready one provides."""

    @property
    def rank(self) -> Rank:
        """Higher priority first, then what expires earlier, then what came earlier."""
        return (-self.transaction.priority, self.valid_till, self.order)


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Bounds of the pool, in counts, bytes and blocks."""

    ready_max: int = 8_192
    ready_bytes_max: int = 20_000_000
    future_max: int = 1_024
    future_bytes_max: int = 2_000_000
    account_max: int = 2_048
    """Transactions of one account, ready and future together."""
    account_future_max: int = 256
    """Future transactions of one account."""
    banned_max: int = 4_096
    ban_blocks: int = 100
    """For how many blocks a transaction found invalid is not looked at again."""
    unfinalized_blocks_max: int = 256
    """Blocks whose transactions wait for finality."""
