"""The service: what runs at the start of a block, in which order, and what happens to what does not fit.

Every agenda that is due is served, the oldest first, each by priority, until the block's share is used up.
What is left stays where it is and goes on in the next block, so nothing runs twice and nothing is lost.
"""

from __future__ import annotations

from typing import Any, Final

from governance.scheduler import types as t
from governance.scheduler.agenda import BLOCK_MAX, Agendas
from runtime.frame import Call, DispatchError, InvalidBlock, Other, hookimpl
from runtime.scale import Err, Ok
from runtime.types import BlockNumber, Weight, db
from runtime.types.limits import BLOCK_MAX as BLOCK_WEIGHT

SHARE: Final = Weight(BLOCK_WEIGHT.ref_time // 2, BLOCK_WEIGHT.proof_size // 2)
"""How much of a block tasks may use; rounded down."""
AGENDAS_MAX: Final = 64
"""How many blocks' agendas one block looks at, when several were left behind."""
SERVICE: Final = db(reads=1, writes=1)
"""A block without a task."""
AGENDA: Final = db(reads=1, writes=1, compute=50_000_000)
"""One agenda."""
TASK: Final = db(reads=4, writes=5, compute=50_000_000)
"""One task beside its call: its preimage, its name, its retries, its next time."""


class Service(Agendas):
    """Runs what is due."""

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        since: BlockNumber | None = self.incomplete_since
        used, first = SERVICE, now if since is None else since
        left_behind: BlockNumber | None = None
        for when in range(first, min(now + 1, first + AGENDAS_MAX)):
            used += AGENDA
            if not used.fits(SHARE):
                left_behind = when
                break
            used, is_whole = self._serve(when, now, used)
            if not is_whole:
                left_behind = when
                break
        else:
            if first + AGENDAS_MAX <= now:
                left_behind = first + AGENDAS_MAX
        if left_behind != since:
            self.incomplete_since = left_behind
        return used

    def _serve(self, when: BlockNumber, now: BlockNumber, used: Weight) -> tuple[Weight, bool]:
        """Run what there is room for of one agenda; what was used by then, and whether nothing is left."""
        agenda = self.agenda[when]
        order = sorted((task.priority, index) for index, task in enumerate(agenda) if task is not None)
        for _, index in order:
            # What ran before may have cancelled what is to come, or put something in its place.
            agenda = self.agenda[when]
            task = agenda[index] if index < len(agenda) else None
            if task is None:
                continue
            more = self._run(task, (when, index), now, used)
            if more is None:
                self.emit(t.AgendaIncomplete(when))
                return used, False
            used = more
        return used, True

    def _run(
        self, task: t.ScheduledTask, address: t.TaskAddress, now: BlockNumber, used: Weight
    ) -> Weight | None:
        """Run one task; what was used by then, or None if this block has no room for it."""
        try:
            call = self.preimages.peek(task.call)
        except DispatchError:
            self._drop(task, address)
            self.emit(t.CallUnavailable(address, task.maybe_id))
            return used + TASK
        if not (SERVICE + AGENDA + TASK + call.weight).fits(SHARE):
            self._drop(task, address)
            self.emit(t.PermanentlyOverweight(address, task.maybe_id))
            return used + TASK
        if not (used + TASK + call.weight).fits(SHARE):
            return None
        retry = self.retries.get(address)
        self.take(address)
        spent, refusal = self._dispatch(call, task.origin)
        result: Any = Ok(()) if refusal is None else Err(self.host.failure(refusal))
        self.emit(t.Dispatched(address, task.maybe_id, result))
        is_again = refusal is not None and retry is not None and self._retry(task, address, retry, now)
        is_next = task.maybe_periodic is not None and self._renew(task, address, retry, now)
        for _ in range(is_again + is_next):
            self.preimages.request(task.call)
        self.preimages.drop(task.call)
        return used + TASK + spent

    def _dispatch(self, call: Call, origin: Any) -> tuple[Weight, DispatchError | None]:
        """Make a call; what it used, and why it was refused, if it was. A call that breaks is refused: it
        must not take the block with it, and with that block every other.
        """
        try:
            return self.host.dispatch(call, origin).weight_of(call), None
        except InvalidBlock:
            raise
        except DispatchError as refusal:
            return call.weight, refusal
        except Exception as broken:  # noqa: BLE001
            return call.weight, Other(type(broken).__name__)

    def _drop(self, task: t.ScheduledTask, address: t.TaskAddress) -> None:
        self.take(address)
        self.preimages.drop(task.call)

    def _retry(
        self, task: t.ScheduledTask, address: t.TaskAddress, retry: t.RetryConfig, now: BlockNumber
    ) -> bool:
        """Let a task that was refused run once more, without its name; whether it will."""
        if not retry.remaining:
            return False
        again = task.replace(maybe_id=None, maybe_periodic=None)
        when = min(BLOCK_MAX, now + max(1, retry.period))
        place = self._try_place(when, again)
        if place is None:
            self.emit(t.RetryFailed(address, task.maybe_id))
            return False
        self.retries[place] = retry.replace(remaining=retry.remaining - 1)
        return True

    def _renew(
        self,
        task: t.ScheduledTask,
        address: t.TaskAddress,
        retry: t.RetryConfig | None,
        now: BlockNumber,
    ) -> bool:
        """Let a task that runs more than once run its next time; whether it will."""
        assert task.maybe_periodic is not None
        period, times = task.maybe_periodic
        following = task.replace(maybe_periodic=(period, times - 1) if times > 1 else None)
        place = self._try_place(min(BLOCK_MAX, max(address[0] + period, now + 1)), following)
        if place is None:
            self.emit(t.PeriodicFailed(address, task.maybe_id))
            return False
        if retry is not None:
            self.retries[place] = retry.replace(remaining=retry.total_retries)
        return True

    def _try_place(self, when: BlockNumber, task: t.ScheduledTask) -> t.TaskAddress | None:
        try:
            return self.place(when, task)
        except t.FailedToSchedule:
            return None
