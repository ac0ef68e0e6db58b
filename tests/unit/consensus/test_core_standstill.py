"""While nothing becomes final: what is kept is bounded, and what may yet end the standstill is kept."""

from __future__ import annotations

from node.consensus.core import HASTE_VIEWS_MAX
from node.consensus.inputs import Fetched, Head, TimerName
from node.consensus.messages import Certified, Held, Proven
from node.consensus.polls import SKIPPED_VIEWS_MAX
from node.simulation.plan import peer_of
from runtime.simplex import Kind
from support.agreement import Bench, block, leader_of, said

ME = 1
OTHERS = (0, 2, 3)
NOTARIZE, NULLIFY, FINALIZE = Kind.Notarize, Kind.Nullify, Kind.Finalize
ONE = block(1)
LONG = 3 * SKIPPED_VIEWS_MAX
"""Views that are skipped."""


def skip(it: Bench, view: int) -> None:
    """A view whose block comes too late to be notarized: all vote to skip it."""
    if leader_of(view) != ME:
        it.propose(block(view), parent_view=0)
    it.ring(TimerName.Advance)
    it.votes(said(NULLIFY, view), *OTHERS)


def skipped(views: int) -> Bench:
    """A validator that has seen so many views skipped, and none final."""
    it = Bench(ME).start()
    for view in range(1, views + 1):
        skip(it, view)
    assert it.core.view == views + 1
    return it


def beside_nullifications(it: Bench) -> int:
    """How many things are held that are no proof of a skipped view; of those all are."""
    proofs = sum(isinstance(each, Proven) for each in it.core.live_records())
    assert proofs == it.core.view - 1
    return it.core.size - proofs


def test_of_views_skipped_long_ago_the_nullifications_stay_and_nothing_else() -> None:
    it = skipped(SKIPPED_VIEWS_MAX + 8)
    held = beside_nullifications(it)
    for view in range(SKIPPED_VIEWS_MAX + 9, LONG + 1):
        skip(it, view)
    assert beside_nullifications(it) == held <= 4 * SKIPPED_VIEWS_MAX
    durable = [each.candidate.view for each in it.core.live_records() if isinstance(each, Held)]
    assert durable and min(durable) >= LONG - SKIPPED_VIEWS_MAX


def test_votes_on_such_views_are_not_heard() -> None:
    it = skipped(LONG)
    held = it.core.size
    for view in range(1, LONG - SKIPPED_VIEWS_MAX):
        it.votes(said(NOTARIZE, view, block(view, salt=1), 0), *OTHERS)
        it.votes(said(FINALIZE, view, block(view, salt=1), 0), *OTHERS)
    assert it.core.size == held
    assert it.reported == [] and it.faults == []


def standing_on_one() -> Bench:
    """A block is certified in view 1, and after it views were skipped for long."""
    it = Bench(ME).start()
    it.propose(ONE)
    it.proves(said(NOTARIZE, 1, ONE))
    assert said(FINALIZE, 1, ONE) in it.signed
    for view in range(2, LONG):
        it.proves(said(NULLIFY, view))
    return it


def test_votes_to_finalize_a_view_of_long_ago_end_the_standstill() -> None:
    it = standing_on_one()
    it.votes(said(FINALIZE, 1, ONE), 0, 2)
    assert it.committed == [ONE]
    assert it.core.head == Head(ONE.hash, 1)


def test_other_votes_of_long_ago_are_not_heard() -> None:
    it = standing_on_one()
    held = it.core.size
    it.votes(said(NOTARIZE, 1, block(1, salt=1)), *OTHERS)
    assert (it.core.size, it.reported) == (held, [])


def test_a_view_skipped_long_ago_is_never_voted_final_even_after_a_restart() -> None:
    it = skipped(LONG)
    records = it.core.live_records()
    again = Bench(ME).start(records)
    for each in (it, again):
        each.forget()
        each.proves(said(NOTARIZE, 1, ONE))
        each.step(Fetched(peer_of(0), (ONE,)))
        assert Certified(0, 1, ONE.hash) in each.recorded
        assert each.signed == []


def test_a_notarized_block_of_a_skipped_view_is_kept() -> None:
    it = Bench(ME).start()
    it.propose(ONE)
    it.proves(said(NULLIFY, 1))
    it.proves(said(NOTARIZE, 1, ONE))
    for view in range(2, LONG):
        it.proves(said(NULLIFY, view))
    assert it.core.candidate(ONE.hash) == ONE


def own_view_after(views: int) -> Bench:
    """A validator in the first view that it leads after so many that are not final."""
    it = Bench(ME).start()
    view = 0
    while view < views or leader_of(view + 1) != ME:
        view += 1
        it.proves(said(NULLIFY, view))
    it.forget_sent()
    return it


def test_a_leader_that_can_build_nothing_skips_its_view_at_once() -> None:
    it = own_view_after(HASTE_VIEWS_MAX - 8)
    view = it.core.view
    assert view <= HASTE_VIEWS_MAX
    it.build(None)
    assert it.signed == [said(NULLIFY, view)]


def test_when_nothing_was_final_for_long_it_waits_for_its_time() -> None:
    it = own_view_after(HASTE_VIEWS_MAX)
    view = it.core.view
    it.build(None)
    assert it.signed == []
    it.ring(TimerName.Lead)
    assert it.signed == [said(NULLIFY, view)]


def test_a_leader_that_is_heard_to_skip_is_not_followed_at_once_then() -> None:
    for views, follows in ((HASTE_VIEWS_MAX - 8, True), (HASTE_VIEWS_MAX, False)):
        it = Bench(ME).start()
        for view in range(1, views + 1):
            it.proves(said(NULLIFY, view))
        while leader_of(it.core.view) == ME:
            it.proves(said(NULLIFY, it.core.view))
        view = it.core.view
        it.forget()
        it.votes(said(NULLIFY, view), leader_of(view))
        assert (it.signed == [said(NULLIFY, view)]) is follows
