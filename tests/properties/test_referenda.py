"""Whatever voters, nudgers and cancellers do in whatever order, and however small the agenda: a track has
no more places than it has, deposits are where they should be, what is approved was confirmed as long as it
must be, and no referendum sticks.
"""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack, suppress
from typing import Any, Final
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from governance.origins import SlashCancel
from governance.referenda import machine, queue
from governance.referenda import status as s
from governance.referenda import types as t
from governance.tracks import BY_ID, SLASH_CANCEL
from runtime.frame import Call, DispatchError
from runtime.frame.governance import Tally
from support.referenda import ALL, BOB, CAROL, FAILING, PASSING, ReferendaChain

PLACES: Final = 2
QUEUED: Final = 3
TIMEOUT: Final = 48
REFERENDA_MAX: Final = 8
TRACK: Final = BY_ID[SLASH_CANCEL].replace(max_deciding=PLACES)
ROUND: Final = TRACK.decision_hours + TRACK.confirm_hours + TRACK.enactment_hours + 2
"""Blocks in which a place is free again, at the latest."""
LIFE: Final = TIMEOUT + (REFERENDA_MAX // PLACES + 1) * ROUND
"""Blocks after which all have ended that were submitted before."""
amounts = st.sampled_from([0, 1, ALL // 50, ALL // 4, ALL // 2, ALL])
tallies = st.one_of(st.just(PASSING), st.just(FAILING), st.builds(Tally, amounts, amounts, amounts))
numbers = st.integers(0, REFERENDA_MAX)
ENDS: Final = (t.Approved, t.Rejected, t.TimedOut, t.Cancelled, t.Killed)


class Life(RuleBasedStateMachine):
    """Referenda of one track with two places, three in its queue, two days to begin."""

    chain: ReferendaChain

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        for where, name, value in (
            (machine, "BY_ID", {SLASH_CANCEL: TRACK}),
            (machine, "UNDECIDED_HOURS_MAX", TIMEOUT),
            (queue, "QUEUED_MAX", QUEUED),
        ):
            self.stack.enter_context(patch.object(where, name, value))
        self.log: dict[int, list[tuple[int, t.ReferendaEvent]]] = defaultdict(list)

    @initialize(tasks_max=st.sampled_from([1, 2, 1_024]))
    def begin(self, tasks_max: int) -> None:
        self.chain = ReferendaChain(tasks_max=tasks_max)
        self.is_roomy = tasks_max == 1_024

    def step(self) -> None:
        """Seal a block, and remember what it told."""
        for event in self.chain.events:
            if isinstance(event, t.ReferendaEvent) and not isinstance(event, t.DepositSlashed):
                told: Any = event
                self.log[told.index].append((self.chain.number, event))
        self.chain.next_block()

    def attempt(self, who: bytes, call: Call) -> None:
        """Make a call that may be refused."""
        with suppress(DispatchError):
            self.chain.by(who, call)

    @precondition(lambda self: self.chain.referenda.referendum_count < REFERENDA_MAX)
    @rule(votes=st.lists(tallies, min_size=1, max_size=6), pays=st.sampled_from([True, True, False]))
    def submit(self, votes: list[Tally], pays: bool) -> None:
        for tally in votes[: REFERENDA_MAX - self.chain.referenda.referendum_count]:
            index = self.chain.submit_one(SlashCancel())
            self.chain.say(index, tally)
            if pays:
                self.chain.place(index)

    @rule(index=numbers)
    def place(self, index: int) -> None:
        self.attempt(BOB, self.chain.referenda.place_decision_deposit.call(index))

    @rule(index=numbers, tally=tallies)
    def say(self, index: int, tally: Tally) -> None:
        if self.chain.referenda.tally(index) is not None:
            self.chain.say(index, tally)

    @rule(index=numbers)
    def nudge(self, index: int) -> None:
        self.attempt(CAROL, self.chain.referenda.nudge_referendum.call(index))

    @rule()
    def ask_for_a_place(self) -> None:
        self.attempt(CAROL, self.chain.referenda.one_fewer_deciding.call(SLASH_CANCEL))

    @rule(index=numbers, kill=st.booleans())
    def stop(self, index: int, kill: bool) -> None:
        if self.chain.referenda.tally(index) is not None:
            calls = self.chain.referenda
            self.chain.root(calls.kill.call(index) if kill else calls.cancel.call(index))

    @rule(index=numbers)
    def refund(self, index: int) -> None:
        self.attempt(CAROL, self.chain.referenda.refund_decision_deposit.call(index))
        self.attempt(CAROL, self.chain.referenda.refund_submission_deposit.call(index))

    @rule(blocks=st.integers(1, 20))
    def wait(self, blocks: int) -> None:
        for _ in range(blocks):
            self.step()

    @invariant()
    def is_sound(self) -> None:
        self.chain.try_state()
        assert self.chain.referenda.deciding_count[SLASH_CANCEL] <= PLACES
        assert len(self.chain.referenda.track_queue[SLASH_CANCEL]) <= QUEUED

    def ongoing(self) -> list[int]:
        return [
            index
            for index, info in self.chain.referenda.referendum_info_for.items()
            if isinstance(info, s.Ongoing)
        ]

    def teardown(self) -> None:
        try:
            if hasattr(self, "chain"):
                self.end()
        finally:
            self.stack.close()

    def end(self) -> None:
        """All come to an end: by themselves where agendas have room, else as somebody asks now and then."""
        calls = self.chain.referenda
        for block in range(LIFE):
            if not self.is_roomy and block % 4 == 0:
                for index in self.ongoing():
                    self.attempt(CAROL, calls.nudge_referendum.call(index))
                self.attempt(CAROL, calls.one_fewer_deciding.call(SLASH_CANCEL))
            self.step()
        self.is_sound()
        assert self.ongoing() == []
        for story in self.log.values():
            check_story(story)


def check_story(story: list[tuple[int, t.ReferendaEvent]]) -> None:
    """One referendum's events, by block, are a life that the track allows."""
    ends = [number for number, event in story if isinstance(event, ENDS)]
    assert len(ends) == 1
    submitted, decided, confirming = story[0][0], None, None
    for number, event in story:
        match event:
            case t.DecisionStarted():
                assert decided is None
                assert number >= submitted + TRACK.prepare_hours
                decided = number
            case t.ConfirmStarted():
                assert decided is not None
                assert confirming is None
                confirming = number
            case t.ConfirmAborted():
                assert confirming is not None
                confirming = None
            case t.Confirmed():
                assert confirming is not None
                assert number >= confirming + TRACK.confirm_hours
            case t.Rejected():
                assert decided is not None
                assert number >= decided + TRACK.decision_hours
            case t.TimedOut():
                assert decided is None
                assert number >= submitted + TIMEOUT
            case t.Enacted():
                assert number >= ends[0] + TRACK.enactment_hours
            case _:
                pass


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


@given(st.lists(amounts, max_size=2 * t.QUEUED_MAX))
def test_a_queue_keeps_the_most_ayes_and_serves_who_came_first(places: list[int]) -> None:
    """Beside a model that sorts all who ever came."""
    found: t.Queue = ()
    model: list[tuple[int, int]] = []
    for number, ayes in enumerate(places):
        found, left = queue.queued(found, number, ayes)
        model = sorted([*model, (number, ayes)], key=lambda place: (place[1], -place[0]))
        gone = model[: -t.QUEUED_MAX]
        model = model[-t.QUEUED_MAX :]
        assert [left] == [number for number, _ in gone] or (left is None and not gone)
    assert list(found) == model
    for number, _ in model:
        assert list(queue.unqueued(found, number)) == [place for place in model if place[0] != number]
