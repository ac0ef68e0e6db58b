"""The clockwork: tasks that a referendum leaves with the scheduler, each under a name of its own.

An agenda may be full. So a task is tried in its block and in some after it, ever further away; and where none
has room, nothing is lost: what a task would have done, anybody may ask for by a call.
"""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

from governance.referenda import types as t
from governance.referenda.status import ReferendumStatus
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call, Pallet, Root
from runtime.frame.governance import Preimages, Schedule
from runtime.scale import U32, codec_of
from runtime.types import BlockNumber, Weight, db

ASSEMBLY: Final = b"assembly"
"""What the names of all tasks are hashed with; Substrate's."""
SPREAD: Final = (0, 1, 2, 4, 8, 16, 32, 64)
"""How many blocks later a task is tried that finds no room."""
BLOCK_MAX: Final = (1 << 32) - 1
"""The last block that there can be."""
AGENDA: Final = db(reads=1, compute=400_000_000) + Weight(0, 12_288)
"""One agenda that is read; full, it holds fifty tasks."""
BOOK: Final = AGENDA.times(1 + len(SPREAD)) + db(reads=1, writes=3)
"""A task that is scheduled, moved or cancelled: the agenda that it leaves, those that are tried, its name."""
_number = codec_of(U32)
_text = codec_of(bytes)


class Task(NamedTuple):
    """A kind of task."""

    label: bytes
    priority: int
    """Lower numbers go first; Substrate's are 63 for what was approved, 128 for alarms. A look comes before
    the alarm that may end what it looks at.
    """


NUDGE: Final = Task(b"nudge", 128)
NEXT: Final = Task(b"next", 128)
LOOK: Final = Task(b"look", 96)
ENACTMENT: Final = Task(b"enactment", 63)


def name_of(task: Task, number: int) -> bytes:
    """The name of a task: BLAKE2b-256 of `ASSEMBLY`, its label and its number, as SCALE has them."""
    return blake2b_256(ASSEMBLY + _text.encode(task.label) + _number.encode(number))


class Clockwork(Pallet[t.ReferendaEvent, t.ReferendaError]):
    """Tasks by name, and the one alarm of each referendum."""

    config: t.Config
    schedule: Schedule
    preimages: Preimages

    def _call_of(self, task: Task, number: int) -> Call:
        """What a task does: a call of Root."""
        raise NotImplementedError

    def _book(self, task: Task, number: int, when: BlockNumber) -> BlockNumber | None:
        """Let a task run in block `when`, or soon after; it is moved there, if there is such a task already.
        The block that had room; None if none had, and then all is as before.
        """
        name, earliest = name_of(task, number), max(when, self.host.number + 1)
        planned = self.schedule.planned_for(name)
        if planned is None:
            call = self.preimages.bound(self._call_of(task, number))
            book = partial(self.schedule.plan, name, priority=task.priority, origin=Root(), call=call)
        else:
            book = partial(self.schedule.replan, name)
        for later in SPREAD:
            at = min(BLOCK_MAX, earliest + later)
            if planned is not None and earliest <= planned <= at:
                return planned
            if self.attempt(partial(book, at)) is None:
                return at
        return None

    def _wake(self, index: int, status: ReferendumStatus, when: BlockNumber) -> ReferendumStatus:
        """The referendum with its alarm at `when` or soon after; where no agenda has room, with the one that
        it had.
        """
        at = self._book(NUDGE, index, when)
        return status if at is None else status.replace(alarm=(at, name_of(NUDGE, index)))

    def _silence(self, status: ReferendumStatus) -> ReferendumStatus:
        """The referendum without an alarm."""
        if status.alarm is not None:
            _, name = status.alarm
            self.attempt(partial(self.schedule.unplan, name))
        return status.replace(alarm=None)
