"""Frames on their way to one peer: bounded for each priority, the most urgent first."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import trio

from node.network.limits import NetworkLimits
from node.network.topics import Priority


@dataclass(slots=True)
class _Lane:
    """What waits of one priority, and how much may."""

    frames_max: int
    bytes_max: int
    frames: deque[bytes] = field(default_factory=deque[bytes])
    bytes: int = 0


class Outbox:
    """Frames that wait for one reader."""

    def __init__(self, limits: NetworkLimits) -> None:
        self._batch_bytes = limits.batch_bytes
        self._lanes = {
            Priority.URGENT: _Lane(limits.urgent_frames_max, limits.urgent_bytes_max),
            Priority.ANSWER: _Lane(limits.answer_frames_max, limits.answer_bytes_max),
            Priority.BULK: _Lane(limits.bulk_frames_max, limits.bulk_bytes_max),
        }
        self._changed = trio.Event()
        self._is_closed = False

    @property
    def waiting_bytes(self) -> int:
        """All that waits."""
        return sum(lane.bytes for lane in self._lanes.values())

    def put(self, frame: bytes, priority: Priority) -> bool:
        """Queue a frame; False when there is no room, or the box is closed."""
        lane = self._lanes[priority]
        if self._is_closed or len(lane.frames) >= lane.frames_max or lane.bytes + len(frame) > lane.bytes_max:
            return False
        lane.frames.append(frame)
        lane.bytes += len(frame)
        self._changed.set()
        return True

    def close(self) -> None:
        """Take no more, and drop what waits."""
        self._is_closed = True
        for lane in self._lanes.values():
            lane.frames.clear()
            lane.bytes = 0
        self._changed.set()

    async def take(self) -> list[bytes]:
        """The next frames to write together, once there are any; none when the box is closed."""
        while not self._is_closed:
            if batch := self._batch():
                return batch
            self._changed = trio.Event()
            await self._changed.wait()
        return []

    def _batch(self) -> list[bytes]:
        """One frame, and as many more as fit beside it."""
        batch: list[bytes] = []
        size = 0
        for lane in self._lanes.values():
            while lane.frames and (not batch or size + len(lane.frames[0]) <= self._batch_bytes):
                frame = lane.frames.popleft()
                lane.bytes -= len(frame)
                size += len(frame)
                batch.append(frame)
        return batch
