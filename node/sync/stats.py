"""Figures of a sync: where it began, where it is, where it goes, how fast."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

SYNCING_MIN: Final = 5
"""A node that is this many blocks behind or fewer counts as being in sync: blocks are always on their way."""
RATE_SAMPLES: Final = 10
"""Over how many samples, one a second, the speed is taken."""


@dataclass(slots=True)
class SyncStats:
    """Heights of final blocks, and the speed between them."""

    starting: int = 0
    """Where the node stood when it began."""
    current: int = 0
    highest: int = 0
    """What the peers have, as far as they say and could show so far."""
    faults: int = 0
    """How often a peer failed."""
    _samples: deque[tuple[float, int]] = field(
        default_factory=lambda: deque[tuple[float, int]](maxlen=RATE_SAMPLES)
    )

    @property
    def is_syncing(self) -> bool:
        """Whether the node is far behind."""
        return self.highest - self.current > SYNCING_MIN

    @property
    def blocks_per_second(self) -> float:
        """How fast the node came on in the last seconds."""
        if len(self._samples) < 2:
            return 0.0
        (since, first), (until, last) = self._samples[0], self._samples[-1]
        return (last - first) / (until - since) if until > since else 0.0

    def note(self, current: int, target: int) -> None:
        """Where the node is now, and what can be had."""
        self.current, self.highest = current, max(current, target)

    def sample(self, now: float) -> None:
        """Take the present height for the speed."""
        self._samples.append((now, self.current))
