"""A value that moves with care, and expires by being read.

A new figure within 15 % of the accepted one is accepted at once. A greater move waits, and is accepted when
three more rounds, one after the other, have confirmed it. While it waits the accepted value grows old.
"""

from __future__ import annotations

from typing import Final

from pallets.oracle.types import Status, Value
from runtime.types import BlockNumber
from runtime.types.fixed import mul_div_floor, saturate

MOVE_PERCENT: Final = 15
"""The greatest move that needs no confirmation."""
CONFIRMATIONS: Final = 3
"""How many rounds confirm a greater one."""
FIGURE_MAX: Final = (1 << 128) - 1
"""The largest figure that is kept."""


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
    """The value by another measure; what waits waits no more."""
    return Value(by_measure(value.value, old, new), value.at)


def by_measure(figure: int, old: int, new: int) -> int:
    """A rating when what was `old` is `new`: rounded down, at least one, and no more than can be stored."""
    return max(1, saturate(mul_div_floor(figure, new, old), FIGURE_MAX))


def status(value: Value, now: BlockNumber, fresh: int, halted: int) -> Status:
    """How good the value is, if it stays Fresh and does not halt for so many blocks."""
    if value.at is None or now - value.at > halted:
        return Status.Halted
    return Status.Fresh if now - value.at <= fresh else Status.Stale


def _is_near(new: int, old: int) -> bool:
    return 100 * abs(new - old) <= MOVE_PERCENT * old
