"""Snapshots of a development chain: final blocks to go back to, remembered while the node runs."""

from __future__ import annotations

from typing import Final, NamedTuple

SNAPSHOTS_MAX: Final = 256
"""The most that are remembered; the oldest goes first."""


class Snapshot(NamedTuple):
    """A final block, and how far the clock was moved when it was the last one."""

    number: int
    hash: bytes
    clock_offset_ms: int


class Snapshots:
    """Snapshots by number, counted from 1."""

    def __init__(self) -> None:
        self._taken: dict[int, Snapshot] = {}
        self._last = 0

    def take(self, snapshot: Snapshot) -> int:
        """Remember a snapshot; its number."""
        self._last += 1
        self._taken[self._last] = snapshot
        while len(self._taken) > SNAPSHOTS_MAX:
            del self._taken[next(iter(self._taken))]
        return self._last

    def find(self, number: int) -> Snapshot | None:
        """A snapshot, if it is remembered."""
        return self._taken.get(number)

    def forget_from(self, number: int) -> None:
        """The chain went back to a snapshot: it is used up, and later ones are of blocks that are gone."""
        self._taken = {taken: snapshot for taken, snapshot in self._taken.items() if taken < number}
