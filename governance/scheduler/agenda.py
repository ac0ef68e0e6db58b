"""The agenda: which task stands where, by block and by name."""

from __future__ import annotations

from typing import Final

from governance.scheduler import types as t
from runtime.frame import Origin, Pallet, StorageMap, StorageOption, Twox64Concat
from runtime.frame.governance import BoundedCall, Inline, Legacy, Lookup, Preimages, TaskName
from runtime.types import BlockNumber

BLOCK_MAX: Final = (1 << 32) - 1
"""The last block that there can be."""


class Agendas(Pallet[t.SchedulerEvent, t.SchedulerError]):
    """Tasks, and how they come, move and go."""

    preimages: Preimages

    incomplete_since = StorageOption[BlockNumber](
        doc="Block number at which the agenda began incomplete execution."
    )
    agenda = StorageMap[BlockNumber, t.Agenda](
        default=(),
        hasher=Twox64Concat,
        doc="Items to be executed, indexed by the block number that they should be executed on.",
    )
    retries = StorageMap[t.TaskAddress, t.RetryConfig](
        doc="Retry configurations for items to be executed, indexed by task address."
    )
    lookup = StorageMap[TaskName, t.TaskAddress](
        hasher=Twox64Concat, doc="Lookup from a name to the block number and index of the task."
    )

    def place(self, when: BlockNumber, task: t.ScheduledTask) -> t.TaskAddress:
        """Put a task into the agenda of a block: at its end, and where that is reached, in the first place
        that is free again. Raises `FailedToSchedule`.
        """
        agenda = self.agenda[when]
        if task.maybe_id is not None and task.maybe_id in self.lookup:
            raise t.FailedToSchedule
        if len(agenda) < t.AGENDA_MAX:
            index = len(agenda)
            agenda = (*agenda, task)
        else:
            index = next((index for index, each in enumerate(agenda) if each is None), -1)
            if index < 0:
                raise t.FailedToSchedule
            agenda = (*agenda[:index], task, *agenda[index + 1 :])
        self.agenda[when] = agenda
        if task.maybe_id is not None:
            self.lookup[task.maybe_id] = when, index
        self.emit(t.Scheduled(when, index))
        return when, index

    def take(self, address: t.TaskAddress) -> t.ScheduledTask:
        """Take a task from its place, with its name and what is said of retries. Raises `NotFound`."""
        when, index = address
        task = self.task_at(address)
        agenda = (*self.agenda[when][:index], None, *self.agenda[when][index + 1 :])
        self.keep(when, agenda)
        self.retries.discard(address)
        if task.maybe_id is not None:
            self.lookup.discard(task.maybe_id)
        return task

    def keep(self, when: BlockNumber, agenda: tuple[t.ScheduledTask | None, ...]) -> None:
        """Write an agenda, without the free places at its end; nothing, if nothing is left."""
        while agenda and agenda[-1] is None:
            agenda = agenda[:-1]
        if agenda:
            self.agenda[when] = agenda
        else:
            self.agenda.discard(when)

    def task_at(self, address: t.TaskAddress) -> t.ScheduledTask:
        """Raises `NotFound`."""
        when, index = address
        agenda = self.agenda[when]
        task = agenda[index] if index < len(agenda) else None
        if task is None:
            raise t.NotFound
        return task

    def address_of(self, name: bytes) -> t.TaskAddress:
        """Raises `NotFound`."""
        address = self.lookup.get(name)
        if address is None:
            raise t.NotFound
        return address

    def cancel_at(self, address: t.TaskAddress) -> None:
        """Take a task away for good. Raises `NotFound`."""
        task = self.take(address)
        self.preimages.drop(task.call)
        self.emit(t.Canceled(*address))

    def add(
        self,
        name: bytes | None,
        when: BlockNumber,
        periodic: t.Period | None,
        priority: int,
        origin: Origin,
        call: BoundedCall,
        *,
        is_judged: bool = False,
    ) -> t.TaskAddress:
        """Schedule a call whose preimage is requested already. Raises what is wrong."""
        self.check_time(when)
        if isinstance(call, Legacy) or length_of(call) > t.CALL_BYTES_MAX:
            raise t.TooLong
        if periodic is not None:
            # What remains after the first time; a period of nothing is none.
            blocks, times = periodic
            periodic = (blocks, times - 1) if blocks and times > 1 else None
        return self.place(when, t.ScheduledTask(name, priority, call, periodic, origin, is_judged))

    def check_time(self, when: BlockNumber) -> None:
        """Raises `TargetBlockNumberInPast`."""
        if not self.host.number < when <= BLOCK_MAX:
            raise t.TargetBlockNumberInPast


def length_of(call: BoundedCall) -> int:
    """The bytes of a call's encoding; the most that a task may have where the name does not say it."""
    if isinstance(call, Inline):
        return len(call.data)
    return call.len if isinstance(call, Lookup) else t.CALL_BYTES_MAX
