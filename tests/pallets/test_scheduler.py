"""The scheduler: each task at its block, by priority, once; what does not fit goes on in the next block."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import pytest

from governance.preimages import Preimage
from governance.scheduler import Scheduler
from governance.scheduler import types as t
from governance.scheduler.service import AGENDA, AGENDAS_MAX, BYTE_PICOSECONDS, SERVICE, SHARE, TASK
from pallets.balances import Balances
from pallets.sudo import Sudo
from pallets.sudo.types import Sudid
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    BadOrigin,
    Call,
    DispatchError,
    Error,
    Event,
    Pallet,
    Root,
    RuntimeCall,
    Signed,
    StorageValue,
    call,
    hookimpl,
)
from runtime.frame.governance import BoundedCall, Legacy, Lookup, Schedule, TaskName
from runtime.frame.host import CallFiltered
from runtime.scale import U32, Err, Max, Ok
from runtime.testing import TestChain, refuses
from runtime.types import Weight, db
from runtime.types.dispatch import OtherError
from runtime.types.limits import BLOCK_MAX

ALICE, POT = bytes([1]) * 32, bytes([9]) * 32
NAME, OTHER = bytes([7]) * 32, bytes([8]) * 32
HALF: Final = Weight(SHARE.ref_time // 2, SHARE.proof_size // 2)


class DiaryEvent(Event):
    """What Diary tells."""


class DiaryError(Error):
    """Why Diary refuses."""


class Nope(DiaryError, index=0):
    """It never works."""


class Diary(Pallet[DiaryEvent, DiaryError]):
    """Writes down what ran, and when."""

    schedule: Schedule

    lines = StorageValue[Annotated[tuple[tuple[U32, U32], ...], Max(256)]](default=())

    @call(index=0, weight=db(writes=1))
    def write(self, origin: Root, what: U32) -> None:
        """Write one line."""
        self.lines = (*self.lines, (self.host.number, what))

    @call(index=1, weight=HALF)
    def write_slowly(self, origin: Root, what: U32) -> None:
        """Write one line, using half of what tasks may use."""
        self.lines = (*self.lines, (self.host.number, what))

    @call(index=2, weight=SHARE)
    def too_heavy(self, origin: Root) -> None:
        """Never fits."""

    @call(index=3, weight=db())
    def fail(self, origin: Root, what: U32) -> None:
        """Write, and be refused."""
        self.lines = (*self.lines, (self.host.number, what))
        raise Nope

    @call(index=4, weight=db())
    def break_(self, origin: Root) -> None:
        """A pallet with a fault."""
        raise ZeroDivisionError

    @call(index=5, weight=db(writes=1))
    def long(self, origin: Root, text: Annotated[bytes, Max(2 * t.CALL_BYTES_MAX)]) -> None:
        """A call that is too long to stand in the agenda."""
        self.lines = (*self.lines, (self.host.number, len(text)))

    @call(index=6, weight=db())
    def plan(self, origin: Root, name: TaskName, when: U32, call: BoundedCall) -> None:
        """Schedule something as pallets do."""
        self.schedule.plan(name, when, 1, Root(), call)

    @call(index=7, weight=db(writes=1))
    def scrawl(self, origin: Root) -> None:
        """Write what the page does not hold."""
        self.lines = ((-1, -1),)

    @call(index=8, weight=db())
    def whisper(self, origin: Signed, what: U32) -> None:
        """Write as somebody who is not root."""
        self.lines = (*self.lines, (self.host.number, what))

    @hookimpl
    def filter_call(self, call: Call) -> bool:
        return call != self.whisper.call(0)


@pytest.fixture
def chain() -> TestChain:
    return TestChain(
        System,
        Timestamp,
        Balances,
        Preimage,
        Scheduler,
        Diary,
        config={
            "Balances": {"existential_deposit": 1, "dust_account": POT},
            "Preimage": {"base_deposit": 1, "byte_deposit": 1},
        },
        genesis={"Balances": {"balances": [[ALICE, 1_000_000]]}},
    )


@pytest.fixture
def scheduler(chain: TestChain) -> Scheduler:
    return chain[Scheduler]


def root(chain: TestChain, call: Call) -> None:
    chain.dispatch(call, Root())


def left_behind(scheduler: Scheduler) -> int | None:
    return scheduler.incomplete_since


def lines(chain: TestChain) -> tuple[tuple[int, int], ...]:
    return chain[Diary].lines


def write(chain: TestChain, what: int) -> Call:
    return chain[Diary].write.call(what)


def test_tasks_run_at_their_block_in_the_order_of_their_priorities(
    chain: TestChain, scheduler: Scheduler
) -> None:
    start = chain.number
    root(chain, scheduler.schedule.call(start + 2, None, 200, write(chain, 1)))
    root(chain, scheduler.schedule.call(start + 2, None, 100, write(chain, 2)))
    root(chain, scheduler.schedule_after.call(0, None, 127, write(chain, 3)))
    root(chain, scheduler.schedule.call(start + 2, None, 100, write(chain, 4)))
    chain.next_block()
    assert lines(chain) == ((start + 1, 3),)
    chain.next_block()
    assert lines(chain)[1:] == ((start + 2, 2), (start + 2, 4), (start + 2, 1))
    assert not list(scheduler.agenda)
    scheduler.try_state()
    chain.next_block(2)
    assert len(lines(chain)) == 4


def test_the_past_and_a_name_that_is_taken_are_refused(chain: TestChain, scheduler: Scheduler) -> None:
    with refuses(chain, t.TargetBlockNumberInPast):
        root(chain, scheduler.schedule.call(chain.number, None, 1, write(chain, 1)))
    root(chain, scheduler.schedule_named.call(NAME, chain.number + 1, None, 1, write(chain, 1)))
    with refuses(chain, t.FailedToSchedule):
        root(chain, scheduler.schedule_named.call(NAME, chain.number + 5, None, 1, write(chain, 1)))
    with refuses(chain, BadOrigin):
        chain.dispatch(scheduler.schedule.call(chain.number + 1, None, 1, write(chain, 1)), Signed(ALICE))


def test_an_agenda_is_bounded_and_a_cancelled_place_is_free_again(
    chain: TestChain, scheduler: Scheduler
) -> None:
    when = chain.number + 3
    for number in range(t.AGENDA_MAX):
        root(chain, scheduler.schedule.call(when, None, 1, write(chain, number)))
    with refuses(chain, t.FailedToSchedule):
        root(chain, scheduler.schedule.call(when, None, 1, write(chain, 99)))
    root(chain, scheduler.cancel.call(when, 7))
    with refuses(chain, t.NotFound):
        root(chain, scheduler.cancel.call(when, 7))
    root(chain, scheduler.schedule.call(when, None, 1, write(chain, 99)))
    scheduler.try_state()
    chain.next_block(3)
    assert sorted(what for _, what in lines(chain)) == sorted({*range(t.AGENDA_MAX), 99} - {7})


def test_what_a_block_has_no_room_for_goes_on_in_the_next(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    for what in (1, 2, 3):
        root(chain, scheduler.schedule.call(start + 1, None, what, chain[Diary].write_slowly.call(what)))
    root(chain, scheduler.schedule.call(start + 2, None, 0, write(chain, 9)))
    chain.next_block()
    assert lines(chain) == ((start + 1, 1),)
    assert left_behind(scheduler) == start + 1
    chain.next_block()
    assert lines(chain)[1:] == ((start + 2, 2),)
    chain.next_block()
    assert lines(chain)[2:] == ((start + 3, 3), (start + 3, 9))
    assert left_behind(scheduler) is None
    scheduler.try_state()


def test_a_call_that_never_fits_is_dropped_with_a_word(chain: TestChain, scheduler: Scheduler) -> None:
    root(chain, scheduler.schedule_named.call(NAME, chain.number + 1, None, 1, chain[Diary].too_heavy.call()))
    chain.next_block()
    assert t.PermanentlyOverweight((chain.number, 0), NAME) in chain.events
    assert NAME not in scheduler.lookup and not list(scheduler.agenda)
    assert (SERVICE + AGENDA + TASK + HALF).fits(SHARE)


def test_a_task_that_fails_or_breaks_undoes_itself_alone(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    root(chain, scheduler.schedule.call(start + 1, None, 1, chain[Diary].fail.call(1)))
    root(chain, scheduler.schedule.call(start + 1, None, 2, chain[Diary].break_.call()))
    root(chain, scheduler.schedule.call(start + 1, None, 3, write(chain, 3)))
    chain.next_block()
    assert lines(chain) == ((start + 1, 3),)
    results = [event.result for event in chain.events if isinstance(event, t.Dispatched)]
    assert [type(result).__name__ for result in results] == ["Err", "Err", "Ok"]


def test_a_task_runs_as_often_as_was_said(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    root(chain, scheduler.schedule_named.call(NAME, start + 1, (2, 3), 1, write(chain, 1)))
    chain.next_block(9)
    assert lines(chain) == ((start + 1, 1), (start + 3, 1), (start + 5, 1))
    assert NAME not in scheduler.lookup
    scheduler.try_state()


def test_a_task_is_tried_again_as_often_as_was_said(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    root(chain, scheduler.schedule_named.call(NAME, start + 1, None, 1, chain[Diary].fail.call(1)))
    root(chain, scheduler.set_retry_named.call(NAME, 2, 3))
    chain.assert_last_event(t.RetrySet((start + 1, 0), NAME, 3, 2))
    seen: list[int] = []
    for _ in range(12):
        chain.next_block()
        seen += [chain.number for event in chain.events if isinstance(event, t.Dispatched)]
    assert seen == [start + 1, start + 4, start + 7]
    assert not list(scheduler.retries) and not list(scheduler.agenda)


def test_retries_can_be_called_off(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    root(chain, scheduler.schedule.call(start + 1, None, 1, chain[Diary].fail.call(1)))
    root(chain, scheduler.set_retry.call((start + 1, 0), 2, 3))
    root(chain, scheduler.cancel_retry.call((start + 1, 0)))
    chain.next_block()
    assert not list(scheduler.agenda)
    with refuses(chain, t.NotFound):
        root(chain, scheduler.cancel_retry_named.call(OTHER))


def test_a_long_call_is_kept_as_a_preimage_until_it_has_run(chain: TestChain, scheduler: Scheduler) -> None:
    start, preimages = chain.number, chain[Preimage]
    long = chain[Diary].long.call(bytes(500))
    root(chain, scheduler.schedule_named.call(NAME, start + 2, (1, 2), 1, long))
    (task,) = scheduler.agenda[start + 2]
    assert task is not None and isinstance(task.call, Lookup)
    chain.next_block(2)
    assert preimages.have(task.call)
    chain.next_block()
    assert lines(chain) == ((start + 2, 500), (start + 3, 500))
    assert not list(preimages.request_status_for)

    root(chain, scheduler.schedule_named.call(NAME, chain.number + 2, None, 1, long))
    root(chain, scheduler.cancel_named.call(NAME))
    assert not list(preimages.request_status_for)


def test_a_preimage_that_is_missing_costs_the_task(chain: TestChain, scheduler: Scheduler) -> None:
    missing = Lookup(bytes(32), 300)
    root(chain, chain[Diary].plan.call(NAME, chain.number + 1, missing))
    chain.next_block()
    assert t.CallUnavailable((chain.number, 0), NAME) in chain.events
    assert not list(scheduler.lookup) and not list(chain[Preimage].request_status_for)


def test_other_pallets_move_and_take_back_what_they_named(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    bound = chain[Preimage].bound(write(chain, 5))
    scheduler.plan(NAME, start + 1, 1, Root(), bound)
    before = scheduler.agenda[start + 1]
    scheduler.replan(NAME, start + 1)
    assert scheduler.agenda[start + 1] == before
    with refuses(chain, t.TargetBlockNumberInPast):
        scheduler.replan(NAME, start)
    scheduler.replan(NAME, start + 3)
    assert scheduler.planned_for(NAME) == start + 3 and scheduler.planned_for(OTHER) is None
    with refuses(chain, t.NotFound):
        scheduler.unplan(OTHER)
    scheduler.try_state()
    scheduler.unplan(NAME)
    assert not list(scheduler.agenda)


def told(chain: TestChain) -> list[t.SchedulerEvent]:
    return [event for event in chain.events if isinstance(event, t.SchedulerEvent)]


def refused(chain: TestChain, error: DispatchError) -> Err[Any]:
    return Err(chain.host.failure(error))


def test_what_does_not_fit_where_it_is_kept_is_undone_and_stops_no_chain(
    chain: TestChain, scheduler: Scheduler
) -> None:
    start = chain.number
    root(chain, scheduler.schedule.call(start + 1, None, 1, chain[Diary].scrawl.call()))
    root(chain, scheduler.schedule.call(start + 1, None, 2, write(chain, 2)))
    chain.next_block()
    assert told(chain) == [
        t.Dispatched((start + 1, 0), None, Err(OtherError())),
        t.Dispatched((start + 1, 1), None, Ok(())),
    ]
    assert lines(chain) == ((start + 1, 2),)
    chain.next_block()


def test_a_call_that_gives_its_own_name_away_has_no_next_time(chain: TestChain, scheduler: Scheduler) -> None:
    """The name is free while its task runs; who takes it keeps it."""
    start = chain.number
    anew = chain[Diary].plan.call(NAME, start + 5, chain[Preimage].bound(write(chain, 1)))
    root(chain, scheduler.schedule_named.call(NAME, start + 1, (2, 3), 1, anew))
    chain.next_block()
    assert told(chain) == [
        t.Scheduled(start + 5, 0),
        t.Dispatched((start + 1, 0), NAME, Ok(())),
        t.PeriodicFailed((start + 1, 0), NAME),
    ]
    assert scheduler.planned_for(NAME) == start + 5
    scheduler.try_state()
    chain.next_block(4)
    assert lines(chain) == ((start + 5, 1),)


def test_a_task_may_call_off_one_that_stands_behind_it(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    root(chain, scheduler.schedule.call(start + 1, None, 1, scheduler.cancel.call(start + 1, 1)))
    root(chain, scheduler.schedule_named.call(NAME, start + 1, None, 2, write(chain, 1)))
    root(chain, scheduler.schedule.call(start + 1, None, 3, write(chain, 2)))
    chain.next_block()
    assert lines(chain) == ((start + 1, 2),)
    assert t.Canceled(start + 1, 1) in told(chain)
    scheduler.try_state()


def test_what_was_late_does_not_run_twice_in_a_period(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    slow, often = chain[Diary].write_slowly.call(7), write(chain, 1)
    for _ in range(3):
        root(chain, scheduler.schedule.call(start + 1, None, 1, slow))
    root(chain, scheduler.schedule.call(start + 1, (2, 3), 2, often))
    chain.next_block(8)
    assert [block for block, what in lines(chain) if what == 1] == [start + 3, start + 5, start + 7]


def test_no_task_passes_another(chain: TestChain, scheduler: Scheduler) -> None:
    """A light one waits behind a heavy one, so that no heavy one ever waits for ever."""
    start = chain.number
    for what in (1, 2):
        root(chain, scheduler.schedule.call(start + 1, None, 1, chain[Diary].write_slowly.call(what)))
    root(chain, scheduler.schedule.call(start + 1, None, 2, write(chain, 3)))
    chain.next_block()
    assert lines(chain) == ((start + 1, 1),)
    assert told(chain)[-1] == t.AgendaIncomplete(start + 1)
    chain.next_block()
    assert lines(chain)[1:] == ((start + 2, 2), (start + 2, 3))


def test_a_task_that_cannot_come_again_says_so(chain: TestChain, scheduler: Scheduler) -> None:
    start, long = chain.number, chain[Diary].long.call(bytes(500))
    root(chain, scheduler.schedule.call(start + 1, (4, 2), 1, long))
    root(chain, scheduler.schedule.call(start + 1, None, 2, chain[Diary].fail.call(2)))
    root(chain, scheduler.set_retry.call((start + 1, 1), 1, 4))
    for number in range(t.AGENDA_MAX):
        root(chain, scheduler.schedule.call(start + 5, None, 1, write(chain, number)))
    chain.next_block()
    assert told(chain) == [
        t.Dispatched((start + 1, 0), None, Ok(())),
        t.PeriodicFailed((start + 1, 0), None),
        t.Dispatched((start + 1, 1), None, refused(chain, Nope())),
        t.RetryFailed((start + 1, 1), None),
    ]
    assert not list(chain[Preimage].request_status_for) and not list(scheduler.retries)
    scheduler.try_state()


def test_a_periodic_task_that_fails_is_tried_again_beside_its_next_time(
    chain: TestChain, scheduler: Scheduler
) -> None:
    start = chain.number
    root(chain, scheduler.schedule_named.call(NAME, start + 1, (3, 2), 1, chain[Diary].fail.call(1)))
    root(chain, scheduler.set_retry.call((start + 1, 0), 1, 0))
    ran: list[tuple[int, bytes | None]] = []
    for _ in range(8):
        chain.next_block()
        ran += [(chain.number, event.id) for event in told(chain) if isinstance(event, t.Dispatched)]
        scheduler.try_state()
    assert ran == [(start + 1, NAME), (start + 2, None), (start + 4, NAME), (start + 5, None)]
    assert not list(scheduler.retries)


def test_a_call_is_no_longer_than_a_task_may_be(chain: TestChain, scheduler: Scheduler) -> None:
    when, long = chain.number + 1, chain[Diary].long
    room = t.CALL_BYTES_MAX - len(chain.host.codec(RuntimeCall).encode(long.call(bytes(60_000)))) + 60_000
    root(chain, scheduler.schedule.call(when, None, 1, long.call(bytes(room))))
    with refuses(chain, t.TooLong):
        root(chain, scheduler.schedule.call(when, None, 1, long.call(bytes(room + 1))))
    for name in (Legacy(bytes(32)), Lookup(bytes(32), t.CALL_BYTES_MAX + 1)):
        with refuses(chain, t.TooLong):
            scheduler.plan(NAME, when, 1, Root(), name)
    chain.next_block()
    assert lines(chain) == ((when, room),)


def test_what_is_read_is_paid_for_by_its_length(chain: TestChain, scheduler: Scheduler) -> None:
    def used(padding: int) -> int:
        root(chain, scheduler.schedule_after.call(0, None, 1, chain[Diary].long.call(bytes(padding))))
        chain.next_block()
        assert lines(chain)[-1] == (chain.number, padding)
        return BLOCK_MAX.ref_time - chain.builder.weight_left.ref_time

    assert used(40_000) - used(20_000) == 20_000 * BYTE_PICOSECONDS


def test_a_task_runs_on_its_own_authority_and_by_the_filters_of_the_chain(
    chain: TestChain, scheduler: Scheduler
) -> None:
    start, diary, bound = chain.number, chain[Diary], chain[Preimage].bound
    root(chain, write(chain, 0))
    scheduler.plan(NAME, start + 1, 1, Signed(ALICE), bound(diary.whisper.call(1)))
    scheduler.plan(OTHER, start + 1, 2, Signed(ALICE), bound(diary.whisper.call(0)))
    scheduler.plan(bytes(32), start + 1, 3, Signed(ALICE), bound(write(chain, 3)))
    chain.next_block()
    assert told(chain) == [
        t.Dispatched((start + 1, 0), NAME, Ok(())),
        t.Dispatched((start + 1, 1), OTHER, refused(chain, CallFiltered())),
        t.Dispatched((start + 1, 2), bytes(32), refused(chain, BadOrigin())),
    ]
    assert lines(chain)[1:] == ((start + 1, 1),)


def test_many_blocks_left_behind_are_gone_through_a_part_at_a_time(
    chain: TestChain, scheduler: Scheduler
) -> None:
    """As after an agenda was left behind whose tasks were then all called off."""
    chain.next_block(AGENDAS_MAX + 10)
    root(chain, scheduler.schedule_after.call(0, None, 1, write(chain, 1)))
    scheduler.incomplete_since = 1
    left: list[int | None] = []
    for _ in range(2):
        assert lines(chain) == ()
        chain.next_block()
        left.append(scheduler.incomplete_since)
    assert left == [AGENDAS_MAX + 1, None]
    assert [what for _, what in lines(chain)] == [1]


def test_what_is_in_blocks_is_executed_again_alike() -> None:
    chain = TestChain(
        *(System, Timestamp, Balances, Preimage, Scheduler, Diary, Sudo),
        config={
            "Balances": {"existential_deposit": 1, "dust_account": POT},
            "Preimage": {"base_deposit": 1, "byte_deposit": 1},
        },
        genesis={"Balances": {"balances": [[ALICE, 1_000_000]]}, "Sudo": {"key": ALICE}},
    )
    start, scheduler, diary = chain.number, chain[Scheduler], chain[Diary]
    for act in (
        scheduler.schedule_named.call(NAME, start + 2, (1, 3), 1, diary.long.call(bytes(500))),
        scheduler.set_retry_named.call(NAME, 2, 1),
        scheduler.schedule.call(start + 2, None, 0, diary.fail.call(1)),
        scheduler.set_retry.call((start + 2, 1), 2, 1),
        scheduler.schedule.call(start + 2, None, 2, diary.write_slowly.call(2)),
        scheduler.schedule.call(start + 2, None, 3, diary.write_slowly.call(3)),
    ):
        assert chain.submit(chain[Sudo].sudo.call(act), ALICE).failure is None
    assert Sudid(Ok(())) in chain.events
    for _ in range(8):
        chain.next_block()
        chain.try_state()
    assert lines(chain) == (
        *((start + 2, 500), (start + 2, 2), (start + 3, 3)),
        *((start + 3, 500), (start + 4, 500)),
    )


def test_an_unkept_promise_is_found(chain: TestChain, scheduler: Scheduler) -> None:
    start = chain.number
    root(chain, scheduler.schedule_named.call(NAME, start + 2, None, 1, write(chain, 1)))
    (task,) = scheduler.agenda[start + 2]
    breaches: tuple[Callable[[], object], ...] = (
        lambda: scheduler.lookup.discard(NAME),
        lambda: scheduler.lookup.__setitem__(NAME, (start + 2, 1)),
        lambda: scheduler.lookup.__setitem__(OTHER, (start + 2, 0)),
        lambda: scheduler.agenda.__setitem__(start + 2, (task, None)),
        lambda: scheduler.agenda.__setitem__(start, (task,)),
        lambda: scheduler.retries.__setitem__((start + 3, 0), t.RetryConfig(1, 1, 1)),
    )
    overlay = chain.host.overlay
    for breach in breaches:
        mark = overlay.open()
        breach()
        with pytest.raises((AssertionError, t.NotFound)):
            scheduler.try_state()
        overlay.undo(mark)
    scheduler.try_state()
