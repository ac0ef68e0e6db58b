"""The scheduler: calls that run at later blocks, once or again and again.

Calls, storage, events and errors are Substrate's `pallet_scheduler`. A task runs at the start of its block,
before any transaction, on the authority that was named when it was scheduled; one that finds the block full
runs in the next. Only Root schedules by calls, and what it does so is judged when it runs, as what a
referendum enacts; other pallets schedule for themselves, and answer for what they do.
"""

from __future__ import annotations

from typing import Final

from governance.scheduler import types as t
from governance.scheduler.agenda import BLOCK_MAX
from governance.scheduler.service import AGENDA, SHARE, Service
from runtime.frame import Call, Origin, Root, RuntimeCall, call, constant, hookimpl
from runtime.frame.governance import BoundedCall, TaskName
from runtime.scale import U8, U32
from runtime.types import BlockNumber, Weight, db

BYTE_PICOSECONDS: Final = 400_000
"""What it takes to encode one byte of a call, and to keep it."""
CANCEL: Final = AGENDA + db(reads=4, writes=5)
"""An agenda, a name, retries, and a preimage that is let go."""
SCHEDULE: Final = CANCEL + Weight(t.CALL_BYTES_MAX * BYTE_PICOSECONDS, 0)
"""The same, with a preimage that is kept."""
RETRY: Final = AGENDA + db(reads=2, writes=1)
"""What is said of a task's retries."""


class Scheduler(Service):
    """Runs calls at later blocks."""

    # Calls.

    @call(index=0, weight=SCHEDULE)
    def schedule(
        self,
        origin: Root,
        when: BlockNumber,
        maybe_periodic: t.Period | None,
        priority: U8,
        call: RuntimeCall,
    ) -> None:
        """Anonymously schedule a task."""
        self._schedule(None, when, maybe_periodic, priority, call)

    @call(index=1, weight=CANCEL)
    def cancel(self, origin: Root, when: BlockNumber, index: U32) -> None:
        """Cancel a scheduled task, named or not."""
        self.cancel_at((when, index))

    @call(index=2, weight=SCHEDULE)
    def schedule_named(
        self,
        origin: Root,
        id: TaskName,
        when: BlockNumber,
        maybe_periodic: t.Period | None,
        priority: U8,
        call: RuntimeCall,
    ) -> None:
        """Schedule a named task."""
        self._schedule(id, when, maybe_periodic, priority, call)

    @call(index=3, weight=CANCEL)
    def cancel_named(self, origin: Root, id: TaskName) -> None:
        """Cancel a named scheduled task."""
        self.cancel_at(self.address_of(id))

    @call(index=4, weight=SCHEDULE)
    def schedule_after(
        self,
        origin: Root,
        after: BlockNumber,
        maybe_periodic: t.Period | None,
        priority: U8,
        call: RuntimeCall,
    ) -> None:
        """Anonymously schedule a task after a delay: 0 is the next block."""
        self._schedule(None, self._after(after), maybe_periodic, priority, call)

    @call(index=5, weight=SCHEDULE)
    def schedule_named_after(
        self,
        origin: Root,
        id: TaskName,
        after: BlockNumber,
        maybe_periodic: t.Period | None,
        priority: U8,
        call: RuntimeCall,
    ) -> None:
        """Schedule a named task after a delay: 0 is the next block."""
        self._schedule(id, self._after(after), maybe_periodic, priority, call)

    @call(index=6, weight=RETRY)
    def set_retry(self, origin: Root, task: t.TaskAddress, retries: U8, period: BlockNumber) -> None:
        """Set how often a task is tried again that was refused, and after how many blocks each time; 0 is 1.
        Each try is a task without a name; a periodic task goes on beside it.
        """
        self._set_retry(task, self.task_at(task).maybe_id, retries, period)

    @call(index=7, weight=RETRY)
    def set_retry_named(self, origin: Root, id: TaskName, retries: U8, period: BlockNumber) -> None:
        """Set how often a named task is tried again that was refused, and after how many blocks each time."""
        self._set_retry(self.address_of(id), id, retries, period)

    @call(index=8, weight=RETRY)
    def cancel_retry(self, origin: Root, task: t.TaskAddress) -> None:
        """Remove the retry configuration of a task."""
        self._cancel_retry(task, self.task_at(task).maybe_id)

    @call(index=9, weight=RETRY)
    def cancel_retry_named(self, origin: Root, id: TaskName) -> None:
        """Remove the retry configuration of a named task."""
        self._cancel_retry(self.address_of(id), id)

    # Constants, named as Substrate's.

    @constant
    def maximum_weight(self) -> Weight:
        """The maximum weight that may be scheduled per block for any dispatchables."""
        return SHARE

    @constant
    def max_scheduled_per_block(self) -> U32:
        """The maximum number of scheduled calls in the queue for a single block."""
        return t.AGENDA_MAX

    # runtime.frame.governance.Schedule

    def plan(self, name: bytes, when: BlockNumber, priority: int, origin: Origin, call: BoundedCall) -> None:
        self.preimages.request(call)
        self.add(name, when, None, priority, origin, call)

    def unplan(self, name: bytes) -> None:
        self.cancel_at(self.address_of(name))

    def replan(self, name: bytes, when: BlockNumber) -> None:
        address = self.address_of(name)
        self.check_time(when)
        if address[0] == when:
            return
        retry = self.retries.get(address)
        task = self.take(address)
        self.emit(t.Canceled(*address))
        place = self.place(when, task)
        if retry is not None:
            self.retries[place] = retry

    def planned_for(self, name: bytes) -> BlockNumber | None:
        address = self.lookup.get(name)
        return None if address is None else address[0]

    # Below the calls.

    def _after(self, blocks: int) -> int:
        return min(BLOCK_MAX, self.host.number + 1 + blocks)

    def _schedule(
        self, name: bytes | None, when: BlockNumber, periodic: t.Period | None, priority: int, call: Call
    ) -> None:
        bound = self.preimages.bound(call)
        self.add(name, when, periodic, priority, Root(), bound, is_judged=True)

    def _set_retry(self, task: t.TaskAddress, name: bytes | None, retries: int, period: int) -> None:
        self.retries[task] = t.RetryConfig(retries, retries, period)
        self.emit(t.RetrySet(task, name, period, retries))

    def _cancel_retry(self, task: t.TaskAddress, name: bytes | None) -> None:
        self.retries.discard(task)
        self.emit(t.RetryCancelled(task, name))

    @hookimpl
    def try_state(self) -> None:
        """No task is forgotten; each name leads to its task, and each task of a name has it; no agenda ends
        in nothing; what is to be tried again is there.
        """
        named: dict[bytes, t.TaskAddress] = {}
        since = self.incomplete_since
        served_from = self.host.number + 1 if since is None else since
        for when, agenda in self.agenda.items():
            assert when >= served_from, f"nobody comes back to the agenda of block {when}"
            assert agenda and agenda[-1] is not None, f"the agenda of block {when} ends in nothing"
            for index, task in enumerate(agenda):
                if task is not None and task.maybe_id is not None:
                    assert task.maybe_id not in named, f"two tasks are named 0x{task.maybe_id.hex()}"
                    named[task.maybe_id] = when, index
        assert dict(self.lookup.items()) == named, "names and tasks"
        for address in self.retries:
            self.task_at(address)
