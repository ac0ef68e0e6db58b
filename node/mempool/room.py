"""Room in a queue: who must leave so that a newcomer fits, the worst first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from node.mempool.errors import ImmediatelyDropped
from node.mempool.queues import Queue
from node.mempool.transaction import Entry


@dataclass(slots=True)
class Room:
    """What is left of a queue's bounds."""

    count: int
    bytes: int

    def fits(self, entry: Entry) -> bool:
        return self.count >= 1 and self.bytes >= len(entry.transaction.data)

    def free(self, entry: Entry) -> None:
        self.count += 1
        self.bytes += len(entry.transaction.data)


def make_room(
    room: Room,
    queue: Queue,
    entry: Entry,
    victims: Callable[[bytes], list[bytes]],
    leaving: frozenset[bytes] = frozenset(),
) -> list[bytes]:
    """Who must go so that `entry` fits: the worst first, and with each one its `victims`."""
    evicted: dict[bytes, None] = {}
    if room.fits(entry):
        return []
    with closing(queue.worst_first()) as worst_first:
        for worst in worst_first:
            member = worst.transaction.hash
            if member in leaving or member in evicted:
                continue
            if entry.rank > worst.rank:
                break
            for victim in victims(member):
                if victim not in evicted:
                    evicted[victim] = None
                    room.free(queue.entries[victim])
            if room.fits(entry):
                return list(evicted)
    raise ImmediatelyDropped("the pool is full")
