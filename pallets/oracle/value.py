"""A value that moves with care, and expires by being read.

A new figure within 15 % of the accepted one is accepted at once. A greater move waits, and is accepted when
three more rounds, one after the other, have confirmed it. While it waits the accepted value grows old.
"""

from __future__ import annotations

from typing import Final

from pallets.oracle.types import Status, Value
from runtime.types import BlockNumber
from runtime.types.fixed import mul_div_floor

MOVE_PERCENT: Final = 15
"""The greatest move that needs no confirmation."""
CONFIRMATIONS: Final = 3
"""How many rounds confirm a greater one."""


def moved(old: Value, new: int, now: BlockNumber) -> Value:
    """The value after a round that found `new` (above zero)."""
    if not old.value or _is_near(new, old.value):
        return Value(new, now)
    if not old.waiting or not _is_near(new, old.waiting):
        return old.replace(waiting=new, confirmed=0)
    if old.confirmed + 1 < CONFIRMATIONS:
        return old.replace(confirmed=old.confirmed + 1)
    return Value(new, now)


def rescaled(value: Value, old: int, new: int) -> Value:
    """The value by another measure, rounded down and at least one; what waits waits no more."""
    return Value(max(1, mul_div_floor(value.value, new, old)), value.at)


def status(value: Value, now: BlockNumber, fresh: int, halted: int) -> Status:
    """How good the value is, if it stays Fresh and does not halt for so many blocks."""
    if value.at is None or now - value.at > halted:
        return Status.Halted
    return Status.Fresh if now - value.at <= fresh else Status.Stale


def _is_near(new: int, old: int) -> bool:
    return 100 * abs(new - old) <= MOVE_PERCENT * old
