"""The service: what runs at the start of a block, in which order, and what happens to what does not fit.

    due --room--> run --> gone, or to come again (its next period, its next try)
        --none--> left where it is; the next block begins with it

There is none while the migrations of a new runtime are not over: calls would meet storage that their pallets
do not know.

Tasks run in the order of their blocks, then of priority, then of place, and none passes another: the first
that finds no room ends the service. So nothing runs twice, nothing is lost, and whatever fits into an empty
block runs.
"""

from __future__ import annotations

from typing import Final

from governance import whatif
from governance.scheduler import types as t
from governance.scheduler.agenda import BLOCK_MAX, Agendas, length_of
from governance.whatif.types import CallRefused
from runtime.executive.migrate import is_migrating
from runtime.frame import Call, DispatchError, hookimpl
from runtime.frame.governance import Outlooks
from runtime.scale import Err, Ok
from runtime.types import BlockNumber, Weight, db
from runtime.types.dispatch import DispatchResult, OtherError
from runtime.types.limits import BLOCK_MAX as BLOCK_WEIGHT

SHARE: Final = Weight(BLOCK_WEIGHT.ref_time // 2, BLOCK_WEIGHT.proof_size // 2)
"""How much of a block tasks may use; rounded down."""
AGENDAS_MAX: Final = 64
"""How many blocks' agendas one block looks at, when several were left behind."""
AGENDA_BYTES_MAX: Final = t.AGENDA_MAX * 224
"""The longest encoding of an agenda."""
BYTE_PICOSECONDS: Final = 600_000
"""What it takes to decode and to weigh one byte of a call."""
SERVICE: Final = db(reads=2, writes=1)
"""A block without a task."""
AGENDA: Final = db(reads=1, writes=1, compute=400_000_000) + Weight(0, AGENDA_BYTES_MAX)
"""One agenda that is read and written."""
TASK: Final = db(reads=4, writes=4, compute=50_000_000)
"""One task beside its call: its preimage, its name, its retries."""
AGAIN: Final = AGENDA + db(reads=2, writes=3)
"""One task that comes to stand in another agenda."""
_OUTSIDE: Final = (MemoryError, RecursionError)
"""What is the machine's fault, and no pallet's."""


def weight_of_task(length: int, follow_ups: int) -> Weight:
    """A task whose call has so many bytes and from which so many may follow, beside its call."""
    return TASK + AGAIN.times(follow_ups) + Weight(length * BYTE_PICOSECONDS, length)


class Service(Agendas):
    """Runs what is due."""

    outlooks: tuple[Outlooks, ...]

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        since: BlockNumber | None = self.incomplete_since
        used, when = SERVICE, now if since is None else since
        last, is_whole = min(now, when + AGENDAS_MAX - 1), not is_migrating(self.host)
        while is_whole and when <= last and (used + AGENDA).fits(SHARE):
            used, is_whole = self._serve(when, now, used + AGENDA)
            if is_whole:
                when += 1
        left = when if when <= now else None
        if left is not None:
            self.emit(t.AgendaIncomplete(left))
        if left != since:
            self.incomplete_since = left
        return used

    def _serve(self, when: BlockNumber, now: BlockNumber, used: Weight) -> tuple[Weight, bool]:
        """Run what there is room for of one agenda; what was used by then, and whether nothing is left."""
        agenda = self.agenda[when]
        order = sorted((task.priority, index) for index, task in enumerate(agenda) if task is not None)
        for _, index in order:
            # What ran before may have cancelled what is to come; nothing is added to what is due.
            agenda = self.agenda[when]
            task = agenda[index] if index < len(agenda) else None
            if task is None:
                continue
            used, is_done = self._run(task, (when, index), now, used)
            if not is_done:
                return used, False
        return used, True

    def _run(
        self, task: t.ScheduledTask, address: t.TaskAddress, now: BlockNumber, used: Weight
    ) -> tuple[Weight, bool]:
        """Run one task; what was used by then, and whether this block had room for it."""
        retry = self.retries.get(address)
        follow_ups = (task.maybe_periodic is not None) + (retry is not None)
        beside = weight_of_task(length_of(task.call), follow_ups)
        if not (used + beside).fits(SHARE):
            return used, False
        used += beside
        try:
            call = self.preimages.peek(task.call)
        except DispatchError:
            self._drop(task, address)
            self.emit(t.CallUnavailable(address, task.maybe_id))
            return used, True
        weight = self._weight_of(task, call)
        if not (SERVICE + AGENDA + beside + weight).fits(SHARE):
            self._drop(task, address)
            self.emit(t.PermanentlyOverweight(address, task.maybe_id))
            return used, True
        if not (used + weight).fits(SHARE):
            return used, False
        self.take(address)
        spent, result, reverted = self._dispatch(task, call)
        self.emit(t.Dispatched(address, task.maybe_id, result))
        if reverted is not None:
            self.emit(t.TaskReverted(address, task.maybe_id, reverted))
        if isinstance(result, Err) and retry is not None and retry.remaining:
            self._retry(task, address, retry, now)
        if task.maybe_periodic is not None:
            self._renew(task, address, retry, now)
        self.preimages.drop(task.call)
        return used + spent.least(weight), True

    def _weight_of(self, task: t.ScheduledTask, call: Call) -> Weight:
        """What running a task uses at most."""
        return whatif.weight_of(call) if task.is_judged and self.outlooks else call.weight

    def _dispatch(
        self, task: t.ScheduledTask, call: Call
    ) -> tuple[Weight, DispatchResult, whatif.Refusal | None]:
        """Make a call; what it used, how it ended, and what speaks against what it did, if it was judged.

        A call that breaks is refused: it must not take the block with it, and with that block every other.
        """
        host = self.host
        for outlooks in self.outlooks if task.is_judged else ():
            look = whatif.enact(host, outlooks, call, task.origin)
            if isinstance(look.refusal, CallRefused):
                return look.weight, Err(look.refusal.error), None
            return look.weight, Ok(()) if look.refusal is None else Err(OtherError()), look.refusal
        overlay = host.overlay
        mark = overlay.open()
        try:
            spent = host.dispatch(call, task.origin).weight_of(call)
            overlay.try_encode(mark)
        except DispatchError as refusal:
            overlay.undo(mark)
            return call.weight, Err(host.failure(refusal)), None
        except _OUTSIDE:
            overlay.undo(mark)
            raise
        except Exception:  # noqa: BLE001 - a broken task is refused, and stops no chain
            overlay.undo(mark)
            return call.weight, Err(OtherError()), None
        overlay.keep(mark)
        return spent, Ok(()), None

    def _drop(self, task: t.ScheduledTask, address: t.TaskAddress) -> None:
        """Take away a task that will never run."""
        self.take(address)
        self.preimages.drop(task.call)

    def _retry(
        self, task: t.ScheduledTask, address: t.TaskAddress, retry: t.RetryConfig, now: BlockNumber
    ) -> None:
        """Let a task that was refused run once more, without its name."""
        again = task.replace(maybe_id=None, maybe_periodic=None)
        tried = retry.replace(remaining=retry.remaining - 1)
        if not self._come_again(now + max(1, retry.period), again, tried):
            self.emit(t.RetryFailed(address, task.maybe_id))

    def _renew(
        self, task: t.ScheduledTask, address: t.TaskAddress, retry: t.RetryConfig | None, now: BlockNumber
    ) -> None:
        """Let a task that runs more than once run a period later: than it ran, so that what was late does
        not run twice in one.
        """
        assert task.maybe_periodic is not None
        period, times = task.maybe_periodic
        following = task.replace(maybe_periodic=(period, times - 1) if times > 1 else None)
        if not self._come_again(now + period, following, retry):
            self.emit(t.PeriodicFailed(address, task.maybe_id))

    def _come_again(self, when: int, task: t.ScheduledTask, retry: t.RetryConfig | None) -> bool:
        """Whether there was room for a task in another agenda, where it now stands with its retries."""
        try:
            place = self.place(min(BLOCK_MAX, when), task)
        except t.FailedToSchedule:
            return False
        self.preimages.request(task.call)
        if retry is not None:
            self.retries[place] = retry
        return True
