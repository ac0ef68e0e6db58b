"""Restarts: what the journal brings back, what is executed again, and that nothing is said twice."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from node.consensus.actions import Broadcast, Build, Compact, Record, Sign
from node.consensus.ancestry import AgreementBroken
from node.consensus.core import COMPACT_RECORDS
from node.consensus.inputs import Expired, Head, Timer, TimerName
from node.consensus.messages import Cast, JournalRecord, Proposal, Proved, Proven, Status, Voted
from runtime.scale import codec_of
from runtime.simplex import Kind, Statement
from support.agreement import SIZE, Bench, block, certificate, leader_of, said, vote

ONE = block(1)
TWO = block(2, ONE)
NOTARIZE, NULLIFY, FINALIZE = Kind.Notarize, Kind.Nullify, Kind.Finalize
ME = next(each for each in range(SIZE) if each not in (leader_of(1), leader_of(2)))


def others() -> tuple[int, ...]:
    return tuple(each for each in range(SIZE) if each != ME)


def through_one(bench: Bench) -> None:
    """View 1 is notarized, and we voted to finalize it."""
    bench.propose(ONE)
    bench.votes(said(NOTARIZE, 1, ONE), *others())


def test_a_restart_goes_on_in_the_same_view_with_blocks_executed_again_in_order() -> None:
    bench = Bench(ME).start()
    through_one(bench)
    bench.propose(TWO)
    bench.votes(said(NOTARIZE, 2, TWO), *others())
    assert bench.core.view == 3
    bench.restart()
    assert bench.core.view == 3
    assert bench.checks == [ONE, TWO]
    assert bench.signed == []
    bench.votes(said(FINALIZE, 2, TWO), *others())
    assert bench.committed == [ONE, TWO]


def test_blocks_known_to_be_final_and_not_handed_over_are() -> None:
    bench = Bench(ME).start()
    through_one(bench)
    bench.votes(said(FINALIZE, 1, ONE), *others())
    assert bench.committed == [ONE]
    bench.restart()  # the store is older than the journal
    assert bench.committed == [ONE]


def test_what_the_store_has_is_not_handed_over_again() -> None:
    bench = Bench(ME).start()
    through_one(bench)
    bench.votes(said(FINALIZE, 1, ONE), *others())
    bench.restart(Head(ONE.hash, 1), certificate(said(FINALIZE, 1, ONE)))
    assert bench.committed == []
    assert bench.checks == []
    bench.propose(TWO)
    assert bench.signed == [said(NOTARIZE, 2, TWO)]


def test_a_lost_journal_is_no_hindrance_when_the_store_has_its_justification() -> None:
    bench = Bench(ME).start((), Head(TWO.hash, 2), certificate(said(FINALIZE, 2, TWO)))
    assert (bench.core.view, bench.core.finalized_view) == (3, 2)
    three = block(3, TWO)
    bench.propose(three)
    bench.votes(said(NOTARIZE, 3, three), *others())
    assert bench.core.view == 4


def test_votes_are_remembered() -> None:
    bench = Bench(ME).start()
    bench.propose(ONE)
    bench.restart()
    bench.propose(block(1, salt=1))
    assert bench.signed == []
    bench.restart()
    bench.leader_is_late()
    assert bench.signed == [said(NULLIFY, 1)]
    bench.restart()
    bench.propose(ONE)
    bench.leader_is_late()
    assert bench.signed == []


def test_a_vote_to_finalize_is_remembered_even_without_its_block() -> None:
    cast = Cast(vote(ME, said(FINALIZE, 1, ONE)))
    bench = Bench(ME).start([cast])
    bench.leader_is_late()
    bench.step(Expired(Timer(TimerName.Advance, 0, 1)))
    assert bench.signed == []


def test_a_leader_proposes_the_same_block_again() -> None:
    me = leader_of(1)
    bench = Bench(me).start()
    bench.build(ONE)
    proposal = bench.broadcast[-1]
    bench.restart()
    assert bench.of(Build) == []
    bench.step(Expired(Timer(TimerName.Retry, 0, 1)))
    assert bench.broadcast[-1] == proposal
    assert isinstance(proposal, Proposal)


def test_a_leader_that_had_not_proposed_builds_again() -> None:
    bench = Bench(leader_of(1)).start().restart()
    assert [each.view for each in bench.of(Build)] == [1]


def test_the_floor_stands_above_older_finalizations_and_votes() -> None:
    records = [
        Proven(certificate(said(FINALIZE, 9, block(9), 8))),
        Proven(certificate(said(FINALIZE, 4, block(4), 3))),
        Proven(certificate(said(NULLIFY, 3))),
        Cast(vote(ME, said(NULLIFY, 2))),
    ]
    bench = Bench(ME).start(records)
    assert (bench.core.view, bench.core.finalized_view) == (10, 9)
    assert bench.core.live_records() == (records[0],)


def test_the_journal_is_compacted_and_the_rest_is_enough() -> None:
    bench = Bench(ME).start()
    parent, parent_view, view = None, 0, 0
    while not bench.of(Compact):
        view += 1
        assert view < COMPACT_RECORDS
        if leader_of(view) == ME:
            bench.proves(said(NULLIFY, view))
            continue
        candidate = block(view, parent)
        bench.propose(candidate, parent_view=parent_view)
        bench.votes(said(NOTARIZE, view, candidate, parent_view), *others())
        bench.votes(said(FINALIZE, view, candidate, parent_view), *others())
        parent, parent_view = candidate, view
    assert len(bench.recorded) >= COMPACT_RECORDS
    live, core = bench.core.live_records(), bench.core
    assert len(live) < 10
    again = Bench(ME).start(live, core.head, core.finalization).core
    assert (again.view, again.finalized_view, again.head) == (core.view, core.finalized_view, core.head)


BLOCKS = [block(1), block(1, salt=1), block(1, valid=False)]
BLOCKS += [block(2, each) for each in BLOCKS[:2]] + [block(2), block(3, block(2)), block(3)]
STATEMENTS = [said(NULLIFY, view) for view in (1, 2, 3)] + [
    said(kind, each.view, each, parent_view)
    for kind in (NOTARIZE, FINALIZE)
    for each in BLOCKS
    for parent_view in range(each.view)
]


@given(st.data())
@settings(max_examples=150)
def test_nothing_is_said_twice_or_against_what_was_said(data: st.DataObject) -> None:
    """Whatever comes, in whatever order, over any number of lives: one statement a kind and view, finalize
    and nullify never both, and each vote is recorded before it is told. Even quorums contradict each other
    here; a core that finds the agreement broken ends.
    """
    bench = Bench(ME).start()
    every: list[Statement] = []
    with suppress(AgreementBroken):
        for _ in range(data.draw(st.integers(1, 25))):
            happens(bench, data, every)
    check_order(bench)
    every += bench.signed
    keys = [(each.kind, each.view) for each in every]
    assert len(keys) == len(set(keys))
    nullified = {view for kind, view in keys if kind == NULLIFY}
    assert not nullified & {view for kind, view in keys if kind == FINALIZE}
    for place, statement in enumerate(every):
        if statement.kind == NOTARIZE:
            assert said(NULLIFY, statement.view) not in every[:place]


def happens(bench: Bench, data: st.DataObject, every: list[Statement]) -> None:
    """One thing of all that can happen."""
    match data.draw(st.integers(0, 5)):
        case 0:
            candidate = data.draw(st.sampled_from(BLOCKS))
            bench.propose(candidate, parent_view=data.draw(st.integers(0, candidate.view - 1)))
        case 1:
            bench.proves(data.draw(st.sampled_from(STATEMENTS)))
        case 2:
            bench.votes(data.draw(st.sampled_from(STATEMENTS)), *data.draw(st.permutations(others())))
        case 3:
            bench.step(Expired(Timer(data.draw(st.sampled_from(TimerName)), 0, bench.core.view)))
        case 4:
            if bench.of(Build) and bench.of(Build)[-1].view == bench.core.view:
                bench.build(data.draw(st.sampled_from([None, *BLOCKS])))
        case _:
            check_order(bench)
            every += bench.signed
            bench.signed.clear()
            bench.restart()


def check_order(bench: Bench) -> None:
    """Sign, record, tell: in this order."""
    asked: list[Statement] = []
    recorded = [each.vote for each in bench.before if isinstance(each, Cast)]
    for action in bench.actions:
        match action:
            case Sign(statement):
                asked.append(statement)
            case Record(Cast(own)):
                assert own.statement in asked
                recorded.append(own)
            case Broadcast(Voted(own)) | Broadcast(Proposal(_, own)):
                assert own in recorded
            case _:
                pass


def test_all_records_survive_their_encoding() -> None:
    bench = Bench(ME).start()
    through_one(bench)
    bench.proves(said(NULLIFY, 2))
    codec = codec_of(JournalRecord)
    assert {type(each).__name__ for each in bench.recorded} == {"Cast", "Proven", "Held", "Certified"}
    assert [codec.decode(codec.encode(each)) for each in bench.recorded] == bench.recorded


def test_a_start_tells_where_it_stands() -> None:
    bench = Bench(ME).start()
    through_one(bench)
    bench.restart()
    assert bench.broadcast == [Status(0, 2, None)]
    bench.step(Expired(Timer(TimerName.Retry, 0, 2)))
    assert isinstance(bench.broadcast[1], Proved)
