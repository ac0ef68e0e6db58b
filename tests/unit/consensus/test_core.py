"""The rules of a view, one by one: what a validator says, when, and what it never says."""

from __future__ import annotations

import pytest

from node.consensus.actions import Arm, Broadcast, Build, Record, Sign
from node.consensus.ancestry import AgreementBroken
from node.consensus.core import STANDSTILL_VIEWS_MAX
from node.consensus.inputs import Checked, Expired, Timer, TimerName
from node.consensus.messages import Candidate, Cast, Certified, Held, Proposal, Proved, Proven, Status, Voted
from node.consensus.polls import SILENT_VIEWS_MAX
from node.simulation.blocks import make_block
from runtime.simplex import Kind
from support.agreement import ROOT, TIMING, Bench, block, certificate, leader_of, said, vote

ONE = block(1)
NOTARIZE, NULLIFY, FINALIZE = Kind.Notarize, Kind.Nullify, Kind.Finalize


def notarized(bench: Bench, candidate: Candidate, parent_view: int | None = None) -> None:
    """A view in which everybody votes for its block."""
    statement = said(NOTARIZE, candidate.view, candidate, parent_view)
    bench.propose(candidate, parent_view=parent_view)
    bench.votes(statement, *(each for each in (0, 2, 3) if each != leader_of(candidate.view)))


# Rule 1: entering a view.


def test_the_first_view_is_entered_at_the_start() -> None:
    bench = Bench().start()
    assert bench.core.view == 1
    waits = {each.timer.name: each.delay_ms for each in bench.of(Arm)}
    assert waits == {
        TimerName.Lead: TIMING.lead_ms(0),
        TimerName.Advance: TIMING.advance_ms(0),
        TimerName.Retry: TIMING.retry_ms,
        TimerName.Standstill: TIMING.standstill_ms,
    }
    assert bench.broadcast == [Status(0, 1, None)]


def test_a_nullification_lets_in_and_the_wait_grows() -> None:
    bench = Bench().start()
    bench.forget()
    bench.proves(said(NULLIFY, 1))
    assert bench.core.view == 2
    leads = [each.delay_ms for each in bench.of(Arm) if each.timer.name == TimerName.Lead]
    assert leads == [TIMING.lead_ms(1)]
    assert TIMING.lead_ms(1) == TIMING.lead_ms(0) * 3 // 2


def test_a_finalization_jumps_ahead_and_the_wait_is_short_again() -> None:
    bench = Bench().start()
    bench.forget()
    bench.proves(said(FINALIZE, 40, block(40), 39))
    assert (bench.core.view, bench.core.finalized_view) == (41, 40)
    leads = [each.delay_ms for each in bench.of(Arm) if each.timer.name == TimerName.Lead]
    assert leads == [TIMING.lead_ms(0)]


def test_a_notarization_lets_in_only_when_its_block_is_held_and_executed() -> None:
    bench = Bench(executes=False).start()
    bench.proves(said(NOTARIZE, 1, ONE))
    assert bench.core.view == 1
    bench.propose(ONE)
    assert bench.core.view == 1
    bench.step(Checked(ONE.hash, is_valid=True))
    assert bench.core.view == 2


# Rule 2: the leader.


def test_the_leader_builds_on_the_parent_and_proposes() -> None:
    bench = Bench(me=leader_of(1)).start()
    assert bench.of(Build) == [Build(0, 1, ROOT, 0)]
    bench.forget()
    bench.actions += [Build(0, 1, ROOT, 0)]
    bench.build(ONE)
    mine = vote(leader_of(1), said(NOTARIZE, 1, ONE))
    assert bench.recorded == [Held(ONE), Cast(mine)]
    assert bench.broadcast == [Proposal(ONE.body, mine)]


def test_a_leader_that_cannot_build_nullifies_at_once() -> None:
    bench = Bench(me=leader_of(1)).start()
    bench.build(None)
    assert bench.signed == [said(NULLIFY, 1)]


def test_a_block_built_too_late_is_not_proposed() -> None:
    bench = Bench(me=leader_of(1)).start()
    bench.ring(TimerName.Advance)
    bench.build(ONE)
    assert bench.signed == [said(NULLIFY, 1)]


def test_the_leader_builds_on_the_highest_certified_view_when_all_since_are_skipped() -> None:
    bench = Bench(me=leader_of(3)).start()
    notarized(bench, ONE)
    assert bench.core.view == 2
    bench.proves(said(NULLIFY, 2))
    assert [each.view for each in bench.of(Build)] == [3]
    assert bench.of(Build)[0].parent_hash == ONE.hash


def test_the_leader_fetches_what_it_lacks_before_it_builds() -> None:
    me = leader_of(4)
    bench = Bench(me=me).start()
    bench.proves(said(NULLIFY, 3))
    assert bench.core.view == 4
    assert not bench.of(Build)
    ((_, need),) = [each for each in bench.sent if not isinstance(each[1], Status)]
    assert getattr(need, "views", None) == (1, 2)
    bench.proves(said(NULLIFY, 1))
    bench.proves(said(NULLIFY, 2))
    assert [each.view for each in bench.of(Build)] == [4]


# Rule 3: the vote for a block.


def test_a_good_proposal_is_executed_kept_and_voted_for() -> None:
    bench = Bench().start()
    bench.forget()
    bench.propose(ONE)
    assert bench.checks == [ONE]
    assert bench.signed == [said(NOTARIZE, 1, ONE)]
    mine = vote(1, said(NOTARIZE, 1, ONE))
    assert bench.recorded == [Held(ONE), Cast(mine)]
    assert bench.broadcast == [Voted(mine)]


def test_the_vote_is_recorded_before_it_is_told() -> None:
    bench = Bench().start()
    bench.propose(ONE)
    kinds = [type(each) for each in bench.actions if isinstance(each, Sign | Record | Broadcast)]
    assert kinds[-4:] == [Sign, Record, Record, Broadcast]


@pytest.mark.parametrize(
    "bad",
    [
        block(1, valid=False),
        ONE.replace(parent_hash=bytes([9]) * 32),
        ONE.replace(number=2),
        ONE.replace(proposer=(leader_of(1) + 1) % 4),
        ONE.replace(epoch=1),
        ONE.replace(view=7),
        ONE.replace(view=0),
    ],
    ids=["execution", "parent", "height", "proposer", "epoch", "a later view", "an earlier view"],
)
def test_an_invalid_proposal_is_nullified_at_once(bad: Candidate) -> None:
    bench = Bench().start()
    bench.propose(bad, view=1)
    assert bench.signed == [said(NULLIFY, 1)]


def test_of_two_proposals_the_first_counts() -> None:
    bench = Bench().start()
    bench.propose(ONE)
    bench.propose(block(1, salt=1))
    assert bench.signed == [said(NOTARIZE, 1, ONE)]


def test_after_nullify_no_vote_to_notarize() -> None:
    bench = Bench().start()
    bench.ring(TimerName.Lead)
    bench.propose(ONE)
    assert bench.signed == [said(NULLIFY, 1)]


def test_a_proposal_over_a_gap_waits_for_the_nullifications() -> None:
    bench = Bench().start()
    bench.proves(said(NULLIFY, 2))
    three = block(3)
    bench.propose(three, parent_view=0)
    assert bench.signed == []
    assert [getattr(each, "views", None) for _, each in bench.sent] == [(1,)]
    bench.proves(said(NULLIFY, 1))
    assert bench.signed == [said(NOTARIZE, 3, three, 0)]


def test_a_proposal_whose_parent_is_unknown_waits_for_it() -> None:
    bench = Bench().start()
    two = block(2, ONE)
    bench.proves(said(NULLIFY, 1))
    bench.propose(two, parent_view=1)
    assert bench.signed == []
    bench.proves(said(NOTARIZE, 1, ONE))
    bench.propose(ONE)  # too late to be voted for: fetched instead
    assert bench.signed == []
    assert [getattr(each, "block", None) for _, each in bench.sent][-1] == ONE.hash


def test_a_proposal_on_a_parent_below_the_last_final_view_is_nullified() -> None:
    bench = Bench().start()
    bench.proves(said(FINALIZE, 5, block(5), 4))
    bench.propose(block(6, ONE), parent_view=1)
    assert bench.signed == [said(NULLIFY, 6)]


def test_a_proposal_for_a_view_ahead_is_voted_for_when_the_view_is_entered() -> None:
    bench = Bench().start()
    two = block(2)
    bench.propose(two, parent_view=0)
    assert bench.signed == []
    bench.proves(said(NULLIFY, 1))
    assert bench.signed == [said(NOTARIZE, 2, two, 0)]


# Rule 4: notarized, certified, voted final.


def test_a_quorum_makes_a_notarization_and_a_vote_to_finalize() -> None:
    bench = Bench().start()
    bench.forget()
    notarized(bench, ONE)
    made = [each.certificate for each in bench.broadcast if isinstance(each, Proved)]
    assert [each.statement for each in made] == [said(NOTARIZE, 1, ONE)]
    assert bench.verifier.convinces(made[0])
    assert bench.signed == [said(NOTARIZE, 1, ONE), said(FINALIZE, 1, ONE)]
    assert bench.core.view == 2
    kinds = [type(each) for each in bench.recorded]
    assert kinds == [Held, Cast, Proven, Certified, Cast]


def test_who_nullified_does_not_vote_to_finalize() -> None:
    bench = Bench().start()
    bench.ring(TimerName.Lead)
    notarized(bench, ONE)
    assert bench.signed == [said(NULLIFY, 1)]
    assert bench.core.view == 2


def test_a_notarization_of_an_invalid_block_is_nullified() -> None:
    bench = Bench().start()
    bad = block(1, valid=False)
    bench.forget()
    bench.proves(said(NOTARIZE, 1, bad))
    bench.propose(bad)
    assert bench.signed == [said(NULLIFY, 1)]
    assert bench.core.view == 1


def test_a_leader_that_equivocates_is_not_finalized() -> None:
    bench = Bench().start()
    leader = leader_of(1)
    bench.propose(ONE)
    bench.votes(said(NOTARIZE, 1, block(1, salt=1)), leader)
    bench.votes(said(NOTARIZE, 1, ONE), *(each for each in (0, 2, 3) if each != leader))
    assert bench.core.view == 2
    assert said(FINALIZE, 1, ONE) not in bench.signed


# Rule 5: nullify.


def test_a_silent_leader_is_nullified_after_two_units() -> None:
    bench = Bench().start()
    bench.ring(TimerName.Lead)
    assert bench.signed == [said(NULLIFY, 1)]


def test_a_leader_that_has_proposed_has_the_whole_view() -> None:
    bench = Bench(executes=False).start()
    bench.propose(ONE)
    bench.ring(TimerName.Lead)
    assert bench.signed == []
    bench.ring(TimerName.Advance)
    assert bench.signed == [said(NULLIFY, 1)]


def test_notarize_and_then_nullify_is_legal() -> None:
    bench = Bench().start()
    bench.propose(ONE)
    bench.ring(TimerName.Advance)
    assert bench.signed == [said(NOTARIZE, 1, ONE), said(NULLIFY, 1)]


def test_after_finalize_no_nullify() -> None:
    bench = Bench().start()
    notarized(bench, ONE)
    bench.step(Expired(Timer(TimerName.Advance, 0, 1)))
    assert said(NULLIFY, 1) not in bench.signed
    bench.ring(TimerName.Advance)
    assert bench.signed[-1] == said(NULLIFY, 2)


def test_the_leaders_own_nullify_is_followed_when_it_is_verified() -> None:
    bench = Bench().start()
    leader = leader_of(1)
    bench.hear(leader, Voted(vote(leader, said(NULLIFY, 1)).replace(signature=bytes(96))))
    assert bench.signed == []
    assert bench.faults == [(leader, "BadVote")]
    bench.votes(said(NULLIFY, 1), leader)
    assert bench.signed == [said(NULLIFY, 1)]


def test_timers_of_views_gone_by_do_nothing() -> None:
    bench = Bench().start()
    old = [each.timer for each in bench.of(Arm)]
    bench.proves(said(NULLIFY, 1))
    bench.forget()
    for timer in old:
        if timer.name != TimerName.Standstill:
            bench.step(Expired(timer))
    assert bench.actions == []


def test_nobody_waits_for_a_leader_that_is_silent_while_a_quorum_is_not() -> None:
    silent = leader_of(SILENT_VIEWS_MAX + 2)
    me, first, second = (each for each in range(4) if each != silent)
    bench = Bench(me).start()
    for view in range(1, SILENT_VIEWS_MAX + 2):
        bench.votes(said(NULLIFY, view), first, second)
        bench.ring(TimerName.Advance)
    assert bench.core.view == SILENT_VIEWS_MAX + 2
    assert bench.signed[-1] == said(NULLIFY, SILENT_VIEWS_MAX + 2)


# Rule 6: final.


def test_a_quorum_of_finalize_commits_the_block_and_its_ancestors() -> None:
    bench = Bench().start()
    two = block(2, ONE)
    notarized(bench, ONE)
    notarized(bench, two)
    assert bench.committed == []
    bench.votes(said(FINALIZE, 2, two), 0, 2)
    assert bench.committed == [ONE, two]
    assert (bench.core.head.hash, bench.core.finalized_view) == (two.hash, 2)


def test_votes_to_finalize_of_older_views_keep_counting() -> None:
    bench = Bench().start()
    notarized(bench, ONE)
    for view in (2, 3, 4):
        bench.proves(said(NULLIFY, view))
    bench.votes(said(FINALIZE, 1, ONE), 0, 2)
    assert bench.committed == [ONE]
    assert bench.core.view == 5


def test_a_final_block_that_is_invalid_here_stops_everything() -> None:
    bench = Bench().start()
    bad = block(1, valid=False)
    bench.propose(bad)
    with pytest.raises(AgreementBroken) as broken:
        bench.proves(said(FINALIZE, 1, bad))
    assert str(broken.value) == f"block 1, 0x{bad.hash.hex()}, is final and invalid"


def test_a_block_that_was_valid_and_is_not_stops_everything() -> None:
    bench = Bench().start()
    bench.propose(ONE)
    with pytest.raises(AgreementBroken) as broken:
        bench.step(Checked(ONE.hash, is_valid=False))
    assert str(broken.value) == f"block 0x{ONE.hash.hex()} was valid, and executed again it is not"


# Rule 7: again.


def test_what_was_said_in_a_view_is_said_again_with_what_let_in() -> None:
    bench = Bench().start()
    bench.proves(said(NULLIFY, 1))
    bench.ring(TimerName.Lead)
    bench.forget()
    bench.step(Expired(Timer(TimerName.Retry, 0, 2)))
    assert bench.broadcast == [
        Proved(certificate(said(NULLIFY, 1))),
        Voted(vote(1, said(NULLIFY, 2))),
    ]
    assert bench.signed == []
    assert [each.timer.name for each in bench.of(Arm)] == [TimerName.Retry]


def test_a_leader_says_its_proposal_again_with_the_block() -> None:
    bench = Bench(me=leader_of(1)).start()
    bench.build(ONE)
    proposal = bench.broadcast[-1]
    bench.forget()
    bench.step(Expired(Timer(TimerName.Retry, 0, 1)))
    assert bench.broadcast == [proposal]


def test_after_a_standstill_everything_since_the_last_final_view_is_said_again() -> None:
    bench = Bench().start()
    notarized(bench, ONE)
    bench.votes(said(FINALIZE, 1, ONE), 0, 2)
    final = bench.core.finalization
    bench.ring(TimerName.Lead)
    bench.proves(said(NULLIFY, 2))
    bench.ring(TimerName.Lead)
    bench.ring(TimerName.Standstill)
    assert bench.broadcast[-4:] == [
        Status(0, 3, final),
        Proved(certificate(said(NULLIFY, 2))),
        Voted(vote(1, said(NULLIFY, 2))),
        Voted(vote(1, said(NULLIFY, 3))),
    ]


def test_votes_to_finalize_are_said_again_however_long_ago() -> None:
    bench = Bench().start()
    notarized(bench, ONE)
    for view in range(2, 3 * STANDSTILL_VIEWS_MAX):
        bench.ring(TimerName.Advance)
        bench.proves(said(NULLIFY, view))
    bench.forget()
    bench.step(Expired(Timer(TimerName.Standstill, 0, 0)))
    votes = [each.vote.statement for each in bench.broadcast if isinstance(each, Voted)]
    proofs = [each for each in bench.broadcast if isinstance(each, Proved)]
    assert votes[0] == said(FINALIZE, 1, ONE)
    assert {each.kind for each in votes[1:]} == {NULLIFY}
    assert len(votes) - 1 <= STANDSTILL_VIEWS_MAX
    assert len(proofs) <= 2 * STANDSTILL_VIEWS_MAX
    assert votes[-1].view == bench.core.view - 1


def test_there_is_no_standstill_while_views_become_final() -> None:
    bench = Bench().start()
    bench.proves(said(FINALIZE, 9, block(9), 8))
    bench.forget()
    bench.step(Expired(Timer(TimerName.Standstill, 0, 0)))
    assert bench.actions == []


# Who only watches.


def test_an_observer_says_nothing_and_follows() -> None:
    bench = Bench(me=None).start()
    two = block(2, ONE)
    bench.propose(ONE)
    bench.proves(said(NOTARIZE, 1, ONE))
    bench.propose(two)
    bench.proves(said(FINALIZE, 2, two))
    for name in (TimerName.Lead, TimerName.Advance, TimerName.Retry):
        bench.ring(name)
    assert bench.signed == []
    assert bench.committed == [ONE, two]
    assert not [each for each in bench.broadcast if isinstance(each, Voted | Proposal)]


def test_one_validator_alone_decides() -> None:
    """What holds for four holds for one: its own votes are the quorum."""
    bench = Bench(me=0, size=1).start()
    for view in (1, 2, 3):
        parent = bench.core.head
        bench.build(make_block(parent.hash, parent.number + 1, 0, view, 0, 0))
    assert [each.number for each in bench.committed] == [1, 2, 3]
