"""Referenda: places on a track, the queue for them, and the clockwork that moves both."""

from __future__ import annotations

import pytest

from governance.origins import FeesSafer, SlashCancel
from governance.referenda import queue
from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.clockwork import ENACTMENT, NUDGE, name_of
from governance.tracks import COIN, ROOT
from runtime.crypto.hashing import blake2b_256
from runtime.frame import Root
from runtime.frame.governance import Tally
from runtime.testing import refuses
from support.referenda import (
    ALICE,
    ALL,
    BOB,
    CAROL,
    FAILING,
    PASSING,
    ReferendaChain,
)


@pytest.fixture
def chain() -> ReferendaChain:
    return ReferendaChain()


# Places and the queue.


def test_a_track_decides_so_many_at_once_and_then_who_has_most_ayes(chain: ReferendaChain) -> None:
    """Root has two places. Of two who wait with as many ayes the first to come is the first served."""
    indices = [chain.submit_one(Root()) for _ in range(5)]
    for index, ayes in zip(indices, (1, 2, 5, 9, 5), strict=True):
        chain.place(index)
        chain.say(index, Tally(ayes * COIN, ALL, 0))
    chain.run_to(25)
    assert chain.referenda.deciding_count[ROOT] == 2
    running = [index for index in indices if chain.status(index).deciding]
    waiting = [index for index in indices if chain.status(index).in_queue]
    assert running == [0, 1]
    assert [index for index, _ in chain.referenda.track_queue[ROOT]] == [4, 2, 3]
    assert all(chain.status(index).alarm is None for index in waiting)
    chain.say(4, Tally(8 * COIN, ALL, 0))
    chain.next_block()
    assert [index for index, _ in chain.referenda.track_queue[ROOT]] == [2, 4, 3]
    chain.try_state()
    chain.root(chain.referenda.cancel.call(0))
    chain.root(chain.referenda.cancel.call(1))
    chain.next_block()
    assert chain.status(3).deciding == s.DecidingStatus(chain.number)
    chain.next_block()
    assert chain.status(4).deciding == s.DecidingStatus(chain.number)
    assert [index for index, _ in chain.referenda.track_queue[ROOT]] == [2]
    chain.root(chain.referenda.cancel.call(2))
    assert chain.referenda.track_queue[ROOT] == ()
    chain.try_state()


def test_who_comes_later_does_not_pass_who_waits(chain: ReferendaChain) -> None:
    """A place is free, and somebody waits for it with fewer ayes: the next block decides between them."""
    for index in range(4):
        assert chain.submit_one(Root()) == index
    for index in range(3):
        chain.place(index)
    chain.run_to(25)
    assert chain.status(2).in_queue
    chain.root(chain.referenda.cancel.call(0))
    chain.say(3, Tally(1, ALL, 0))
    chain.place(3)
    assert chain.status(3).in_queue
    chain.next_block()
    assert chain.status(3).deciding == s.DecidingStatus(chain.number)
    assert chain.status(2).in_queue
    chain.try_state()


def test_a_full_queue_keeps_who_has_most_ayes(chain: ReferendaChain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who finds no room looks again each hour, until its time to begin is over."""
    monkeypatch.setattr(queue, "QUEUED_MAX", 2)
    for index in range(6):
        chain.submit_one(Root())
        chain.say(index, Tally(index * COIN, ALL, 0))
        chain.place(index)
    chain.run_to(25)
    assert [index for index, _ in chain.referenda.track_queue[ROOT]] == [4, 5]
    for index in (2, 3):
        status = chain.status(index)
        assert not status.in_queue
        assert status.alarm is not None
        assert status.alarm[0] <= chain.number + 2
    chain.try_state()
    chain.say(2, Tally(10 * COIN, ALL, 0))
    chain.next_block()
    assert [index for index, _ in chain.referenda.track_queue[ROOT]] == [5, 2]
    chain.run_to(1 + 14 * 24)
    assert isinstance(chain.info(3), s.TimedOut)
    assert isinstance(chain.info(4), s.TimedOut)
    chain.try_state()


def test_nobody_gets_more_places_by_asking(chain: ReferendaChain) -> None:
    for index in range(4):
        chain.submit_one(Root())
        chain.place(index)
    chain.run_to(25)
    for who in (ALICE, BOB):
        chain.by(who, chain.referenda.one_fewer_deciding.call(ROOT))
        chain.root(chain.referenda.one_fewer_deciding.call(ROOT))
        chain.by(who, chain.referenda.nudge_referendum.call(3))
    assert chain.referenda.deciding_count[ROOT] == 2
    chain.root(chain.referenda.cancel.call(3))  # it waits: no place is free by that
    chain.next_block()
    assert chain.referenda.deciding_count[ROOT] == 2
    with refuses(chain, t.BadTrack):
        chain.by(ALICE, chain.referenda.one_fewer_deciding.call(9))
    with refuses(chain, t.NotOngoing):
        chain.by(ALICE, chain.referenda.nudge_referendum.call(3))
    chain.try_state()


# The clockwork.


def test_a_referendum_has_one_alarm(chain: ReferendaChain) -> None:
    index = chain.decided(FeesSafer())
    for tally in (PASSING, FAILING, PASSING):
        chain.say(index, tally)
        chain.by(ALICE, chain.referenda.nudge_referendum.call(index))
        alarm = chain.status(index).alarm
        assert alarm is not None
        assert chain.agenda.planned_for(name_of(NUDGE, index)) == alarm[0] > chain.number
    assert sum(len(tasks) for _, tasks in chain.agenda.tasks.items()) == 2  # and the look
    chain.root(chain.referenda.cancel.call(index))
    assert chain.agenda.planned_for(name_of(NUDGE, index)) is None


def test_names_are_substrates() -> None:
    """BLAKE2b-256 of ("assembly", "enactment", 5u32): where clients look up what was approved."""
    assert name_of(ENACTMENT, 5) == blake2b_256(b"assembly" + b"\x24enactment" + b"\x05\0\0\0")


def test_where_no_agenda_has_room_anybody_may_ask() -> None:
    """All blocks of the next days are full: nothing is lost, and nothing happens until somebody nudges."""
    chain = ReferendaChain(tasks_max=0)
    index = chain.submit_one(FeesSafer())
    assert chain.status(index).alarm is None
    chain.place(index)
    chain.run_to(5)
    assert chain.status(index).deciding is None
    chain.by(CAROL, chain.referenda.nudge_referendum.call(index))
    assert chain.status(index).deciding == s.DecidingStatus(5)
    chain.say(index, PASSING)
    chain.by(CAROL, chain.referenda.nudge_referendum.call(index))
    chain.run_to(7)
    chain.by(CAROL, chain.referenda.nudge_referendum.call(index))
    assert isinstance(chain.info(index), s.Ongoing)  # confirmed, and approved when there is room for it
    assert chain.shelf.wanted.get(bytes(32)) is None
    chain.try_state()


def test_an_alarm_that_finds_no_room_rings_a_bit_later() -> None:
    chain = ReferendaChain(tasks_max=1)
    first, second, third = (chain.submit_one(FeesSafer()) for _ in range(3))
    alarms = [chain.status(index).alarm for index in (first, second, third)]
    assert [alarm and alarm[0] for alarm in alarms] == [337, 338, 339]


def test_however_many_are_voted_on_at_once_all_are_looked_at_soon() -> None:
    """Thirty referenda, ten tasks a block: each is woken within eight blocks, by its vote alone; and another
    vote moves no alarm further away.
    """
    chain = ReferendaChain(tasks_max=10)
    indices = [chain.submit_one(SlashCancel()) for _ in range(30)]
    chain.next_block()
    for _ in range(2):
        for index in indices:
            chain.say(index, PASSING)
    alarms = [chain.status(index).alarm for index in indices]
    assert sorted(alarm[0] for alarm in alarms if alarm) == [3] * 10 + [4] * 10 + [5] * 10
    first = alarms[0]
    assert first is not None
    assert first[0] == 3
    chain.try_state()
