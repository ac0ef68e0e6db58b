"""The scheduler where it hurts: what breaks, what comes again, what is late, long, full or forgotten."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from governance.preimages import Preimage
from governance.scheduler import Scheduler
from governance.scheduler import types as t
from governance.scheduler.service import AGENDAS_MAX, BYTE_PICOSECONDS
from pallets.balances import Balances
from pallets.sudo import Sudo
from pallets.sudo.types import Sudid
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    BadOrigin,
    Root,
    RuntimeCall,
    Signed,
)
from runtime.frame.governance import Legacy, Lookup
from runtime.frame.host import CallFiltered
from runtime.scale import Err, Ok
from runtime.testing import TestChain, refuses
from runtime.types.dispatch import OtherError
from runtime.types.limits import BLOCK_MAX
from support.diary import (
    ALICE,
    NAME,
    OTHER,
    POT,
    Diary,
    Nope,
    diary_chain,
    lines,
    refused,
    root,
    told,
    write,
)


@pytest.fixture
def chain() -> TestChain:
    return diary_chain()


@pytest.fixture
def scheduler(chain: TestChain) -> Scheduler:
    return chain[Scheduler]


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
