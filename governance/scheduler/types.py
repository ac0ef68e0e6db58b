"""What Scheduler stores, tells and refuses; Substrate's `pallet_scheduler`, name by name."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from governance.whatif import Refusal
from runtime.frame import Error, Event, RuntimeOrigin
from runtime.frame.governance import BoundedCall, TaskName
from runtime.scale import U8, U32, Doc, Max, Struct
from runtime.types import BlockNumber
from runtime.types.dispatch import DispatchResult

AGENDA_MAX: Final = 50
"""The most tasks of one block: Substrate's figure on most chains."""
CALL_BYTES_MAX: Final = 65_536
"""The longest encoding of a task's call: as long as a proposal may be."""

Period: TypeAlias = tuple[BlockNumber, U32]
"""Every so many blocks, and how often: in a call in all, in an agenda beside the next time."""
TaskAddress: TypeAlias = tuple[BlockNumber, U32]
"""The block of a task, and its place in that block's agenda."""


class ScheduledTask(
    Struct,
    path="pallet_scheduler::Scheduled",
    params={
        "Name": TaskName,
        "Call": BoundedCall,
        "BlockNumber": BlockNumber,
        "PalletsOrigin": RuntimeOrigin,
    },
):
    """A call that will run."""

    maybe_id: Annotated[TaskName | None, Doc("Its name, if it has one.")]
    priority: Annotated[U8, Doc("Lower numbers go first; 127 is in the middle.")]
    call: BoundedCall
    maybe_periodic: Annotated[Period | None, Doc("If it runs more than once: how often after that.")]
    origin: RuntimeOrigin
    """On whose authority."""
    is_judged: Annotated[
        bool, Doc("Whether it is undone if the coin is worse off by it; not in Substrate's.")
    ] = False


Agenda: TypeAlias = Annotated[tuple[ScheduledTask | None, ...], Max(AGENDA_MAX)]
"""The tasks of a block; None where one was cancelled."""


class RetryConfig(Struct, path="pallet_scheduler::RetryConfig", params={"Period": BlockNumber}):
    """How often a task is tried again that was refused."""

    total_retries: Annotated[U8, Doc("How often at most.")]
    remaining: Annotated[U8, Doc("How often still.")]
    period: Annotated[BlockNumber, Doc("After how many blocks each time.")]


class SchedulerEvent(Event, path="pallet_scheduler::pallet::Event"):
    """What Scheduler tells the world."""


class Scheduled(SchedulerEvent, index=0):
    """Scheduled some task."""

    when: BlockNumber
    index: U32


class Canceled(SchedulerEvent, index=1):
    """Canceled some task."""

    when: BlockNumber
    index: U32


class Dispatched(SchedulerEvent, index=2):
    """Dispatched some task; how it ended."""

    task: TaskAddress
    id: TaskName | None
    result: DispatchResult


class RetrySet(SchedulerEvent, index=3):
    """Set a retry configuration for some task."""

    task: TaskAddress
    id: TaskName | None
    period: BlockNumber
    retries: U8


class RetryCancelled(SchedulerEvent, index=4):
    """A retry configuration of some task was removed."""

    task: TaskAddress
    id: TaskName | None


class CallUnavailable(SchedulerEvent, index=5):
    """The call for the provided hash was not found, so the task has been dropped."""

    task: TaskAddress
    id: TaskName | None


class PeriodicFailed(SchedulerEvent, index=6):
    """The given task was unable to be renewed since the agenda is full at that block, or its name is
    taken.
    """

    task: TaskAddress
    id: TaskName | None


class RetryFailed(SchedulerEvent, index=7):
    """The given task was unable to be retried since the agenda is full at that block."""

    task: TaskAddress
    id: TaskName | None


class PermanentlyOverweight(SchedulerEvent, index=8):
    """The given task can never be executed since it is overweight; it has been dropped."""

    task: TaskAddress
    id: TaskName | None


class AgendaIncomplete(SchedulerEvent, index=9):
    """Agenda is incomplete from `when`: what is left of it runs in the next block."""

    when: BlockNumber


class TaskReverted(SchedulerEvent, index=10):
    """A task of Root was undone, since the coin would have been worse off by it, or the block could not have
    ended.
    """

    task: TaskAddress
    id: TaskName | None
    refusal: Refusal


class SchedulerError(Error):
    """Why Scheduler refuses."""


class FailedToSchedule(SchedulerError, index=0):
    """Failed to schedule a call: its block has no room for one more task, or its name is taken."""


class NotFound(SchedulerError, index=1):
    """Cannot find the scheduled call."""


class TargetBlockNumberInPast(SchedulerError, index=2):
    """Given target block number is in the past."""


class TooLong(SchedulerError, index=5):
    """The call is longer than that of a task may be, or it is named without its length."""
