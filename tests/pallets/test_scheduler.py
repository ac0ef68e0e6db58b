"""The scheduler: each task at its block, by priority, once; what does not fit goes on in the next block."""

from __future__ import annotations

import pytest

from governance.preimages import Preimage
from governance.scheduler import Scheduler
from governance.scheduler import types as t
from governance.scheduler.service import AGENDA, SERVICE, SHARE, TASK
from runtime.frame import (
    BadOrigin,
    Root,
    Signed,
)
from runtime.frame.governance import Lookup
from runtime.testing import TestChain, refuses
from support.diary import (
    ALICE,
    HALF,
    NAME,
    OTHER,
    Diary,
    diary_chain,
    lines,
    root,
    write,
)


@pytest.fixture
def chain() -> TestChain:
    return diary_chain()


@pytest.fixture
def scheduler(chain: TestChain) -> Scheduler:
    return chain[Scheduler]


def left_behind(scheduler: Scheduler) -> int | None:
    return scheduler.incomplete_since


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
