"""The node's clock: the system's, which a development chain may move."""

from __future__ import annotations

import time


class NodeClock:
    """Milliseconds since the Unix epoch, plus what was added to it."""

    def __init__(self) -> None:
        self.offset_ms = 0
        """What was added."""

    def now_ms(self) -> int:
        """The time of the next block."""
        return time.time_ns() // 1_000_000 + self.offset_ms

    def set(self, now_ms: int) -> None:
        """Let it be `now_ms` now, and go on from there."""
        self.offset_ms += now_ms - self.now_ms()
