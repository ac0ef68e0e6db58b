"""Timing: how long a view may last, longer with each view since the last final one."""

from __future__ import annotations

from typing import Final

import msgspec

GROWTH_STEPS_MAX: Final = 64
"""Views after which the wait grows no further, whatever its bound."""


class Timing(msgspec.Struct, frozen=True):
    """The waits of the agreement, in milliseconds. The unit is what a message takes and is dealt with in."""

    delta_ms: int = 1_000
    """The unit in good times."""
    delta_max_ms: int = 30_000
    """The unit's bound."""

    def delta(self, views: int) -> int:
        """The unit `views` views behind the last final one: half as long again with each, rounded down."""
        steps = views if views < GROWTH_STEPS_MAX else GROWTH_STEPS_MAX
        grown = self.delta_ms * 3**steps // 2**steps
        return grown if grown < self.delta_max_ms else self.delta_max_ms

    def lead_ms(self, views: int) -> int:
        """How long a leader may be silent."""
        return 2 * self.delta(views)

    def advance_ms(self, views: int) -> int:
        """How long a view may last."""
        return 3 * self.delta(views)

    # The waits below do not grow: after a standstill they are what ends it.

    @property
    def retry_ms(self) -> int:
        """When what was said in a view is said again."""
        return 2 * self.delta_ms

    @property
    def fetch_ms(self) -> int:
        """When another peer is asked."""
        return self.delta_ms

    @property
    def standstill_ms(self) -> int:
        """When everything since the last final view is said again."""
        return 8 * self.delta_ms
