"""The queue of a track: referenda that wait for a place, by how many ayes they have.

Who has most ayes is last in the tuple, and first served. Of two with as many, who came first is served first.
When the queue is full, who has fewest ayes has to leave, the newest first.
"""

from __future__ import annotations

from bisect import bisect_left

from governance.referenda.types import QUEUED_MAX, Queue
from runtime.types import Balance


def queued(queue: Queue, index: int, ayes: Balance) -> tuple[Queue, int | None]:
    """The queue with a referendum that is not in it, and who had to leave for it: perhaps itself."""
    at = bisect_left(queue, ayes, key=_ayes)
    longer = (*queue[:at], (index, ayes), *queue[at:])
    if len(longer) <= QUEUED_MAX:
        return longer, None
    (left, _), *rest = longer
    return tuple(rest), left


def unqueued(queue: Queue, index: int) -> Queue:
    """The queue without a referendum."""
    return tuple(each for each in queue if each[0] != index)


def _ayes(place: tuple[int, Balance]) -> Balance:
    return place[1]
