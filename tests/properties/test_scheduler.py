"""Whatever is scheduled, moved, cancelled, and however heavy: each task runs once a period, never before its
block, in the order of block, priority and place; none is lost, none is passed, and no room is left unused.

A model knows what is to come. Each event must be what follows from it, and what is left must have had to
wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from governance.preimages import types as p
from governance.scheduler import types as t
from governance.scheduler.service import AGENDA, SERVICE, SHARE
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Call, DispatchError, Root, RuntimeCall
from runtime.frame.governance import Lookup
from runtime.scale import Err
from support.agendas import LONG, Address, Agendas, PlanChain, Task, need

NAMES: Final = tuple(bytes([number]) * 32 for number in range(1, 5))
FAR: Final = 8
"""How many blocks ahead is scheduled at most."""
DRAIN_MAX: Final = 400
"""Blocks in which all that is scheduled must have come to its end."""
NOTHING: Final = (0, 0, 0)
Refusal = type[DispatchError] | None

aheads = st.integers(0, FAR)
names = st.sampled_from(NAMES)
picks = st.integers(0, 2**16)
"""Which of some; taken modulo how many there are."""
PERIODS: Final = (None, None, None, (1, 3), (2, 2), (0, 5), (3, 1), (4, 0))


class Plans(RuleBasedStateMachine):
    """A chain and a model that are told the same."""

    chain: PlanChain

    @initialize()
    def begin(self) -> None:
        self.chain = PlanChain()
        self.scheduler, self.preimage = self.chain.scheduler, self.chain.preimage
        self.codec = self.chain.host.codec(RuntimeCall)
        self.agendas, self.tag = Agendas(), 0
        self.missing: dict[bytes, bytes] = {}
        """Preimages that are waited for."""
        self.done: Counter[str] = Counter()

    @property
    def now(self) -> int:
        return self.chain.number

    def call(self, call: Call, refusal: Refusal = None) -> bool:
        """Make a call, and see that it ends exactly as the model says."""
        found: Refusal = None
        try:
            self.chain.dispatch(call, Root())
        except DispatchError as error:
            found = type(error)
        assert found is refusal, f"{call}"
        self.done[call.info.name if refusal is None else refusal.__name__] += 1
        return refusal is None

    def work(self, parts: int, is_refused: bool, is_long: bool) -> tuple[Call, Task]:
        self.tag += 1
        work = self.chain.labour.work.call(self.tag, parts, is_refused, bytes(LONG if is_long else 0))
        raw = self.codec.encode(work)
        task = Task(self.tag, parts, is_refused, length=len(raw))
        return work, replace(task, hash=blake2b_256(raw)) if is_long else task

    def some(self, pick: int) -> Address:
        """Where a task stands; seldom where none does."""
        known = sorted(self.agendas.tasks)
        return known[pick // 8 % len(known)] if known and pick % 8 else (self.now + 1, t.AGENDA_MAX)

    # What is done to both.

    @rule(
        ahead=aheads,
        priority=st.integers(0, 3),
        parts=st.sampled_from([0, 0, 1, 4, 8, 9, 15, 16]),
        is_refused=st.booleans(),
        is_long=st.booleans(),
        id=st.sampled_from([None, None, *NAMES]),
        periodic=st.sampled_from(PERIODS),
        is_after=st.booleans(),
    )
    def schedule(
        self,
        ahead: int,
        priority: int,
        parts: int,
        is_refused: bool,
        is_long: bool,
        id: bytes | None,
        periodic: tuple[int, int] | None,
        is_after: bool,
    ) -> None:
        work, task = self.work(parts, is_refused, is_long)
        period, times = periodic if periodic and periodic[0] and periodic[1] > 1 else (0, 1)
        task = replace(task, priority=priority, name=id, period=period, more=times - 1)
        when = self.now + ahead + is_after
        calls = self.scheduler
        if id is None:
            at, after = calls.schedule.call, calls.schedule_after.call
            act = after(ahead, periodic, priority, work) if is_after else at(when, periodic, priority, work)
        elif is_after:
            act = calls.schedule_named_after.call(id, ahead, periodic, priority, work)
        else:
            act = calls.schedule_named.call(id, when, periodic, priority, work)
        refusal: Refusal = None
        if when <= self.now:
            refusal = t.TargetBlockNumberInPast
        elif self.agendas.named(id) or not self.agendas.has_room(when):
            refusal = t.FailedToSchedule
        if self.call(act, refusal):
            assert self.agendas.place(when, task)

    @rule(ahead=aheads, name=names, is_misnamed=st.booleans())
    def plan_what_is_missing(self, ahead: int, name: bytes, is_misnamed: bool) -> None:
        """A pallet plans a call whose preimage may come, or never can, since it has another length."""
        when = self.now + 1 + ahead
        if self.agendas.named(name) or not self.agendas.has_room(when):
            return
        work, task = self.work(1, False, True)
        raw = self.codec.encode(work)
        hash = blake2b_256(raw)
        if is_misnamed:
            task = replace(task, length=len(raw) - 1)
        else:
            self.missing[hash] = raw
        self.chain.plan(name, when, Lookup(hash, task.length))
        assert self.agendas.place(when, replace(task, name=name))

    @rule(pick=picks)
    def note(self, pick: int) -> None:
        """Root notes what is waited for; it stays for whoever waits, and is Root's own if nobody does."""
        if self.missing:
            waited = sorted(self.missing)
            raw = self.missing.pop(waited[pick % len(waited)])
            self.call(self.preimage.note_preimage.call(raw))

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        address = self.some(pick)
        refusal = None if address in self.agendas.tasks else t.NotFound
        if self.call(self.scheduler.cancel.call(*address), refusal):
            self.agendas.take(address)

    @rule(name=names)
    def cancel_named(self, name: bytes) -> None:
        address = self.agendas.named(name)
        self.call(self.scheduler.cancel_named.call(name), None if address else t.NotFound)
        if address is not None:
            self.agendas.take(address)

    @rule(name=names, ahead=aheads)
    def replan(self, name: bytes, ahead: int) -> None:
        address, when = self.agendas.named(name), self.now + 1 + ahead
        if address is None or (when != address[0] and not self.agendas.has_room(when)):
            return
        self.chain.replan(name, when)
        if when != address[0]:
            assert self.agendas.place(when, self.agendas.take(address))
        self.done["replan"] += 1

    @rule(pick=picks, retries=st.integers(0, 3), every=st.integers(0, 3), by_name=st.booleans())
    def set_retry(self, pick: int, retries: int, every: int, by_name: bool) -> None:
        address = self.some(pick)
        task = self.agendas.tasks.get(address)
        if by_name and task is not None and task.name is not None:
            act = self.scheduler.set_retry_named.call(task.name, retries, every)
        else:
            act = self.scheduler.set_retry.call(address, retries, every)
        self.call(act, None if task else t.NotFound)
        if task is not None:
            self.agendas.tasks[address] = replace(task, retry=(retries, retries, every))

    @rule(pick=picks, by_name=st.booleans())
    def cancel_retry(self, pick: int, by_name: bool) -> None:
        address = self.some(pick)
        task = self.agendas.tasks.get(address)
        if by_name and task is not None and task.name is not None:
            act = self.scheduler.cancel_retry_named.call(task.name)
        else:
            act = self.scheduler.cancel_retry.call(address)
        self.call(act, None if task else t.NotFound)
        if task is not None:
            self.agendas.tasks[address] = replace(task, retry=None)

    @rule(ahead=aheads)
    def fill(self, ahead: int) -> None:
        """An agenda to its last place."""
        when = self.now + 1 + ahead
        while self.agendas.has_room(when):
            work, task = self.work(0, False, False)
            assert self.call(self.scheduler.schedule.call(when, None, 3, work))
            self.agendas.place(when, replace(task, priority=3))

    @rule(count=st.integers(1, 3))
    def wait(self, count: int) -> None:
        for _ in range(count):
            self.chain.next_block()
            self.follow()

    # What a block did.

    def follow(self) -> None:
        """Read what the block tells, and see that it is what follows from what was to come."""
        told = [event for event in self.chain.events if isinstance(event, t.SchedulerEvent)]
        last, waits = NOTHING, None
        match told:
            case [*_, t.AgendaIncomplete(when)]:
                waits = when
                told.pop()
            case _:
                pass
        while told:
            event = told.pop(0)
            assert isinstance(event, (t.Dispatched, t.CallUnavailable, t.PermanentlyOverweight)), event
            address = event.task
            assert address in self.agendas.tasks, f"{address} runs, and is not to come"
            assert address[0] <= self.now, f"{address} runs early, in {self.now}"
            task = self.agendas.take(address)
            assert last < task.key(address), f"{address} runs behind {last}"
            last = task.key(address)
            self.done[type(event).__name__] += 1
            assert event.id == task.name
            if isinstance(event, t.CallUnavailable):
                assert task.hash is not None and (task.hash, task.length) not in self.preimage.preimage_for
            elif isinstance(event, t.PermanentlyOverweight):
                assert not (SERVICE + AGENDA + need(task)).fits(SHARE)
            else:
                assert isinstance(event.result, Err) == task.is_refused
                for expected in self.follow_ups(task, address):
                    assert told.pop(0) == expected
        self.see_what_waits(last, waits)

    def follow_ups(self, task: Task, address: Address) -> list[t.SchedulerEvent]:
        """What must be told of a task that has run: its next try, its next time."""
        expected: list[t.SchedulerEvent] = []
        if task.is_refused and task.retry is not None and task.retry[1]:
            total, still, every = task.retry
            again = replace(task, name=None, period=0, more=0, retry=(total, still - 1, every))
            failed = t.RetryFailed(address, task.name)
            expected.append(self.follow_up(self.now + max(1, every), again, failed))
        if task.more:
            following = replace(task, more=task.more - 1)
            failed_ = t.PeriodicFailed(address, task.name)
            expected.append(self.follow_up(self.now + task.period, following, failed_))
        return expected

    def follow_up(self, when: int, task: Task, failure: t.SchedulerEvent) -> t.SchedulerEvent:
        place = self.agendas.place(when, task)
        self.done["again" if place else type(failure).__name__] += 1
        return failure if place is None else t.Scheduled(*place)

    def see_what_waits(self, last: tuple[int, int, int], waits: int | None) -> None:
        due = self.agendas.due(self.now)
        assert self.chain.used.fits(SHARE)
        assert waits == (due[0][0] if due else None)
        assert self.scheduler.incomplete_since == waits
        if due:
            when, _, index = due[0]
            assert last != NOTHING, "nothing ran, and something waits"
            assert last < due[0], f"{due[0]} was passed by {last}"
            head = self.agendas.tasks[when, index]
            assert not (self.chain.used + need(head)).fits(SHARE), f"{due[0]} waits, and there is room"
            self.done["waits"] += 1

    # What holds.

    @invariant()
    def storage_is_what_is_to_come(self) -> None:
        self.chain.try_state()
        scheduler, tasks = self.scheduler, self.agendas.tasks
        stored = {
            (when, index): (task.priority, task.maybe_id, task.maybe_periodic)
            for when, agenda in scheduler.agenda.items()
            for index, task in enumerate(agenda)
            if task is not None
        }
        assert stored == {
            address: (task.priority, task.name, (task.period, task.more) if task.more else None)
            for address, task in tasks.items()
        }
        sizes = {when: len(agenda) for when, agenda in scheduler.agenda.items()}
        assert sizes == {when: len(taken) for when, taken in self.agendas.taken.items()}
        retries = {
            at: (each.total_retries, each.remaining, each.period) for at, each in scheduler.retries.items()
        }
        assert retries == {at: task.retry for at, task in tasks.items() if task.retry is not None}
        for name in NAMES:
            address = self.agendas.named(name)
            assert scheduler.planned_for(name) == (None if address is None else address[0])

    @invariant()
    def preimages_are_kept_while_a_task_needs_them(self) -> None:
        needed = Counter(task.hash for task in self.agendas.tasks.values() if task.hash is not None)
        statuses = dict(self.preimage.request_status_for.items())
        for hash, count in needed.items():
            status = statuses.pop(hash)
            assert isinstance(status, p.RequestedStatus)
            assert status.count == count
        for status in statuses.values():
            assert isinstance(status, p.RequestedStatus)
            assert status.count == 1 and status.maybe_len is not None, (
                "nobody needs it, and Root noted it not"
            )

    def teardown(self) -> None:
        """Whatever was scheduled comes to an end, and leaves nothing."""
        if not hasattr(self, "chain"):
            return
        for _ in range(DRAIN_MAX):
            if not self.agendas.tasks:
                break
            self.wait(1)
        assert not self.agendas.tasks
        scheduler = self.scheduler
        for kept in (scheduler.agenda, scheduler.lookup, scheduler.retries):
            assert list(kept.keys()) == []
        assert scheduler.incomplete_since is None
        self.chain.next_block()


TestPlans = Plans.TestCase
TestPlans.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)

STEPS: Final = (
    *(("schedule",) * 12),
    *(
        "plan_what_is_missing",
        "note",
        "cancel",
        "cancel_named",
        "replan",
        "set_retry",
        "set_retry",
        "set_retry",
    ),
    *("cancel_retry", "wait", "wait"),
)
FILL_ONE_IN: Final = 60
DRAWN: Final[dict[str, Sequence[Any]]] = {
    **dict.fromkeys(("is_refused", "is_long", "is_after", "is_misnamed", "by_name"), (True, False)),
    **dict.fromkeys(("retries", "every", "priority"), range(4)),
    "ahead": range(FAR + 1),
    "parts": (0, 0, 1, 4, 8, 9, 15, 16),
    "id": (None, None, *NAMES),
    "name": NAMES,
    "periodic": PERIODS,
    "pick": range(2**16),
    "count": (1, 1, 2),
}


def walk(seed: int, steps: int) -> Counter[str]:
    """The same machine on an even walk, so that agendas fill and work piles up; what was done on it."""
    random, machine = Random(seed), Plans()
    machine.begin()
    for _ in range(steps):
        step = getattr(machine, random.choice(STEPS) if random.randrange(FILL_ONE_IN) else "fill")
        step(**{each: random.choice(DRAWN[each]) for each in signature(step).parameters})
        machine.storage_is_what_is_to_come()
        machine.preimages_are_kept_while_a_task_needs_them()
    machine.teardown()
    return machine.done


def test_the_walk_goes_everywhere() -> None:
    done: Counter[str] = Counter()
    for seed in range(6):
        done += walk(seed, 250)
    wanted = [
        "schedule",
        "schedule_named",
        "schedule_after",
        "schedule_named_after",
        "cancel",
        "cancel_named",
    ]
    wanted += [
        "set_retry",
        "set_retry_named",
        "cancel_retry",
        "cancel_retry_named",
        "replan",
        "note_preimage",
    ]
    wanted += ["TargetBlockNumberInPast", "FailedToSchedule", "NotFound", "waits", "again", "Dispatched"]
    wanted += ["CallUnavailable", "PermanentlyOverweight", "PeriodicFailed", "RetryFailed"]
    assert [name for name in wanted if not done[name]] == []
