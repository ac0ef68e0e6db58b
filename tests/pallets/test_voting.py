"""ConvictionVoting: whose coins count, what votes come to, and to whom they may be lent."""

from __future__ import annotations

import pytest

from governance.conviction import Conviction
from governance.tally import Delegations
from governance.voting import queries as q
from governance.voting import types as t
from governance.voting.roll import ENROLLED
from governance.voting.votes import (
    VOTES_MAX,
    AccountVote,
    Split,
    SplitAbstain,
)
from pallets.balances.types import Released
from runtime.frame import BadOrigin, FundsUnavailable, Root
from runtime.frame.governance import Electorate, Polls, Tally
from runtime.testing import refuses
from runtime.types.account import Address
from support.polls import ALICE, BOB, CAROL, COIN, DAVE, SEASON, PollChain, aye, delegate, nay, vote

HUNDRED = 100 * COIN


@pytest.fixture
def chain() -> PollChain:
    """Alice, Bob and Carol have a hundred coins each that count; Dave has coins, and none that do."""
    people = (ALICE, BOB, CAROL)
    return PollChain(dict.fromkeys((*people, DAVE), 1_000 * COIN), dict.fromkeys(people, HUNDRED))


# The roll.


def test_coins_count_when_they_have_stood_still(chain: PollChain) -> None:
    poll, voting = chain.open(), chain.voting
    chain.next_block()
    chain.submit(voting.enroll.call(30 * COIN), DAVE)
    from_block = chain.number + SEASON
    chain.assert_event(t.Enrolled(DAVE, 30 * COIN, from_block))
    assert chain.coins.on_hold(t.EnrolledCoins(), DAVE) == 30 * COIN
    assert voting.enrollment_of(DAVE) == q.EnrollmentInfo(0, (t.Seasoning(30 * COIN, from_block),), 0, 0)
    chain.run_to(from_block - 1)
    with refuses(
        chain,
        t.InsufficientFunds,
        "InsufficientFunds: The account has fewer coins that count: enroll more, and wait until they do.",
    ):
        vote(chain, DAVE, poll, aye(1))
    with refuses(chain, t.InsufficientFunds):
        delegate(chain, DAVE, ALICE, 1)
    chain.next_block()
    chain.submit(voting.vote.call(poll, aye(30 * COIN)), DAVE)
    assert chain.tally(poll).ayes == 30 * COIN
    assert voting.enrollment_of(DAVE) == q.EnrollmentInfo(30 * COIN, (), 30 * COIN, 30 * COIN)
    chain.next_block()
    chain.try_state()


def test_a_coin_that_votes_cannot_move_and_vote_elsewhere(chain: PollChain) -> None:
    poll = chain.open()
    vote(chain, ALICE, poll, aye(HUNDRED))
    chain.by(ALICE, chain.coins.transfer_all.call(Address(DAVE), False))
    assert chain.coins.total_balance(ALICE) >= HUNDRED
    with refuses(
        chain,
        t.StillLocked,
        "StillLocked: Votes, a delegation or a lock need these coins: remove and unlock first what is over.",
    ):
        chain.by(ALICE, chain.voting.withdraw.call(1))
    chain.by(ALICE, chain.voting.remove_vote.call(None, poll))
    chain.by(ALICE, chain.voting.unlock.call(0, Address(ALICE)))
    chain.by(ALICE, chain.voting.withdraw.call(HUNDRED))
    chain.by(ALICE, chain.coins.transfer_all.call(Address(DAVE), False))
    chain.by(DAVE, chain.voting.enroll.call(HUNDRED))
    with refuses(chain, t.InsufficientFunds):
        vote(chain, DAVE, poll, aye(HUNDRED))
    chain.try_state()


def test_the_youngest_coins_are_withdrawn_first(chain: PollChain) -> None:
    voting = chain.voting
    for amount in (10, 20, 30):
        chain.by(ALICE, voting.enroll.call(amount))
        chain.next_block()
    first = chain.number - 3 + SEASON
    chain.by(ALICE, voting.withdraw.call(40))
    chain.assert_last_event(t.Withdrawn(ALICE, 40))
    chain.assert_event(Released(ENROLLED, ALICE, 40))
    assert voting.enrollments[ALICE] == t.Enrollment(
        HUNDRED, (t.Seasoning(10, first), t.Seasoning(10, first + 1))
    )
    vote(chain, ALICE, chain.open(), aye(HUNDRED))
    chain.by(ALICE, voting.withdraw.call(20))
    with refuses(chain, t.StillLocked):
        chain.by(ALICE, voting.withdraw.call(1))
    chain.try_state()


def test_enrollments_are_bounded(chain: PollChain) -> None:
    voting = chain.voting
    for _ in range(2):
        chain.by(DAVE, voting.enroll.call(5))
    assert [each.amount for each in voting.enrollments[DAVE].seasoning] == [10]
    slow = PollChain({DAVE: 1_000 * COIN}, season=100)
    for _ in range(t.SEASONING_MAX):
        slow.by(DAVE, slow.voting.enroll.call(1))
        slow.next_block()
    with refuses(
        slow,
        t.TooManyEnrollments,
        "TooManyEnrollments: Too many enrollments of the account do not count yet: "
        "wait until the first does.",
    ):
        slow.by(DAVE, slow.voting.enroll.call(1))
    slow.run_to(101)
    slow.by(DAVE, slow.voting.enroll.call(1))
    assert (slow.voting.counting_of(DAVE), slow.enrolled(DAVE)) == (1, t.SEASONING_MAX + 1)
    slow.try_state()


def test_what_the_roll_refuses(chain: PollChain) -> None:
    voting = chain.voting
    with refuses(chain, t.NothingToEnroll, "NothingToEnroll: No coins were named."):
        chain.by(DAVE, voting.enroll.call(0))
    with refuses(chain, FundsUnavailable):
        chain.by(DAVE, voting.enroll.call(1_001 * COIN))
    with refuses(chain, t.NotEnrolled, "NotEnrolled: The account has fewer coins enrolled."):
        chain.by(DAVE, voting.withdraw.call(1))
    with refuses(chain, BadOrigin):
        chain.dispatch(voting.enroll.call(1), Root())
    with pytest.raises(t.NothingToEnroll):
        PollChain({DAVE: COIN}, {DAVE: 0})


# Votes.


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (aye(100, Conviction.None_), Tally(10, 0, 100)),
        (nay(99, Conviction.None_), Tally(0, 9, 0)),
        (aye(100, Conviction.Locked6x), Tally(600, 0, 100)),
        (nay(100, Conviction.Locked4x), Tally(0, 400, 0)),
        (Split(60, 39), Tally(6, 3, 60)),
        (SplitAbstain(20, 30, 50), Tally(2, 3, 70)),
        (aye(0), Tally(0, 0, 0)),
    ],
)
def test_what_a_vote_counts(chain: PollChain, what: AccountVote, expected: Tally) -> None:
    poll = chain.open()
    vote(chain, ALICE, poll, what)
    chain.assert_last_event(t.Voted(ALICE, what, poll))
    assert chain.tally(poll) == expected
    vote(chain, BOB, poll, aye(7, Conviction.Locked1x))
    vote(chain, ALICE, poll, nay(5, Conviction.Locked2x))
    assert chain.tally(poll) == Tally(7, 10, 7)
    chain.by(ALICE, chain.voting.remove_vote.call(None, poll))
    chain.assert_last_event(t.VoteRemoved(ALICE, nay(5, Conviction.Locked2x), poll))
    assert chain.tally(poll) == Tally(7, 0, 7)
    chain.try_state()


def test_what_votes_are_refused(chain: PollChain) -> None:
    poll, voting = chain.open(), chain.voting
    ended = "NotOngoing: The referendum cannot be voted on: it has ended, or never was."
    with refuses(chain, t.NotOngoing, ended):
        vote(chain, ALICE, poll + 1, aye(1))
    for too_much in (aye(HUNDRED + 1), Split(HUNDRED, 1), SplitAbstain(HUNDRED, 0, 1)):
        with refuses(chain, t.InsufficientFunds):
            vote(chain, ALICE, poll, too_much)
    with refuses(chain, t.NotVoter, "NotVoter: The account has no vote on the referendum."):
        chain.by(ALICE, voting.remove_vote.call(None, poll))
    vote(chain, ALICE, poll, aye(HUNDRED))
    with refuses(chain, t.NotVoter):
        chain.by(ALICE, voting.remove_vote.call(1, poll))
    with refuses(
        chain, t.NoPermission, "NoPermission: Nobody else may take back a vote on a referendum that goes on."
    ):
        chain.by(BOB, voting.remove_other_vote.call(Address(ALICE), 0, poll))
    chain.close(poll)
    with refuses(chain, t.NotOngoing, ended):
        vote(chain, ALICE, poll, nay(1))
    with refuses(chain, t.ClassNeeded, "ClassNeeded: The referendum goes on no more: name its class."):
        chain.by(ALICE, voting.remove_vote.call(None, poll))
    with refuses(
        chain,
        t.NoPermissionYet,
        "NoPermissionYet: Nobody else may remove a vote while it locks coins; later anybody may.",
    ):
        chain.by(BOB, voting.remove_other_vote.call(Address(ALICE), 0, poll))


def test_an_account_has_room_again_when_it_removes_what_ended(chain: PollChain) -> None:
    polls = [chain.open() for _ in range(VOTES_MAX + 1)]
    for poll in polls[:VOTES_MAX]:
        vote(chain, ALICE, poll, aye(1))
    with refuses(
        chain,
        t.MaxVotesReached,
        "MaxVotesReached: The account has all the votes that it may have in this class: "
        "remove those on referenda that ended.",
    ):
        vote(chain, ALICE, polls[-1], aye(1))
    vote(chain, ALICE, polls[3], nay(2))
    vote(chain, ALICE, chain.open(class_=1), aye(1))
    chain.close(polls[3])
    chain.by(ALICE, chain.voting.remove_vote.call(0, polls[3]))
    vote(chain, ALICE, polls[-1], aye(1))
    chain.try_state()


# Delegations.


def test_a_delegation_is_heard_where_the_delegate_takes_a_side(chain: PollChain) -> None:
    yes, no, both, silent, other = (chain.open(class_) for class_ in (0, 0, 0, 0, 1))
    vote(chain, ALICE, yes, aye(10))
    vote(chain, ALICE, other, aye(10))
    delegate(chain, BOB, ALICE, 100, Conviction.Locked2x)
    chain.assert_last_event(t.Delegated(BOB, ALICE, 0))
    vote(chain, ALICE, no, nay(10))
    vote(chain, ALICE, both, Split(10, 20))
    tallies = [chain.tally(poll) for poll in (yes, no, both, silent, other)]
    assert tallies == [
        Tally(210, 0, 110),
        Tally(0, 210, 0),
        Tally(1, 2, 10),
        Tally(0, 0, 0),
        Tally(10, 0, 10),
    ]
    vote(chain, ALICE, yes, nay(10))
    assert chain.tally(yes) == Tally(0, 210, 0)
    vote(chain, ALICE, yes, Split(10, 0))
    assert chain.tally(yes) == Tally(1, 0, 10)
    vote(chain, ALICE, yes, aye(10))
    chain.by(ALICE, chain.voting.remove_vote.call(None, no))
    assert chain.tally(no) == Tally(0, 0, 0)
    chain.by(BOB, chain.voting.undelegate.call(0))
    chain.assert_last_event(t.Undelegated(BOB, 0))
    assert chain.tally(yes) == Tally(10, 0, 10)
    chain.try_state()


def test_who_delegates_may_vote_itself(chain: PollChain) -> None:
    """Its coins leave the delegate's voice on that referendum, and come back with the vote's removal."""
    first, second = chain.open(), chain.open()
    delegate(chain, BOB, ALICE, 100, Conviction.Locked3x)
    vote(chain, BOB, first, nay(7, Conviction.Locked6x))
    assert chain.tally(first) == Tally(0, 42, 0)
    for poll in (first, second):
        vote(chain, ALICE, poll, aye(10))
    assert chain.tally(first) == Tally(10, 42, 10)
    assert chain.tally(second) == Tally(310, 0, 110)
    vote(chain, BOB, second, SplitAbstain(0, 0, 50))
    assert chain.tally(second) == Tally(10, 0, 60)
    vote(chain, BOB, second, aye(1))
    assert chain.tally(second) == Tally(11, 0, 11)
    assert chain.voting.retracted[ALICE, second] == Delegations(300, 100)
    chain.by(BOB, chain.voting.remove_vote.call(None, second))
    assert chain.tally(second) == Tally(310, 0, 110)
    assert (ALICE, second) not in chain.voting.retracted
    chain.by(BOB, chain.voting.undelegate.call(0))
    assert (chain.tally(first), chain.tally(second)) == (Tally(10, 42, 10), Tally(10, 0, 10))
    assert list(chain.voting.retracted.keys()) == []
    chain.try_state()


def test_votes_stand_when_a_delegation_begins(chain: PollChain) -> None:
    first, second = chain.open(), chain.open()
    for poll in (first, second):
        vote(chain, ALICE, poll, aye(10))
    vote(chain, BOB, first, nay(5))
    delegate(chain, BOB, ALICE, 100)
    assert (chain.tally(first), chain.tally(second)) == (Tally(10, 5, 10), Tally(110, 0, 110))
    chain.by(BOB, chain.voting.remove_vote.call(None, first))
    assert chain.tally(first) == Tally(110, 0, 110)
    chain.try_state()


def test_a_delegation_goes_one_step(chain: PollChain) -> None:
    """Carol follows Bob, who follows Alice: she is heard where Bob votes himself, even in a circle."""
    poll = chain.open()
    delegate(chain, CAROL, BOB, 100)
    delegate(chain, BOB, ALICE, 10)
    vote(chain, ALICE, poll, aye(1))
    assert chain.tally(poll) == Tally(11, 0, 11)
    vote(chain, BOB, poll, nay(5))
    assert chain.tally(poll) == Tally(1, 105, 1)
    delegate(chain, ALICE, CAROL, 50)
    vote(chain, CAROL, poll, aye(3))
    assert chain.tally(poll) == Tally(4, 5, 4)
    chain.by(ALICE, chain.voting.remove_vote.call(None, poll))
    assert chain.tally(poll) == Tally(53, 5, 53)
    chain.try_state()


def test_followers_cannot_fill_the_votes_of_a_delegate(chain: PollChain) -> None:
    """What is retracted stands apart: a delegator with all its votes takes no room from its delegate."""
    polls = [chain.open() for _ in range(VOTES_MAX + 1)]
    delegate(chain, BOB, ALICE, 1)
    for poll in polls[1:]:
        vote(chain, BOB, poll, aye(1))
    for poll in polls[:VOTES_MAX]:
        vote(chain, ALICE, poll, nay(1))
    assert chain.tally(polls[1]) == Tally(1, 1, 1)
    chain.try_state()


def test_what_delegations_are_refused(chain: PollChain) -> None:
    with refuses(chain, t.Nonsense, "Nonsense: An account cannot delegate to itself."):
        delegate(chain, ALICE, ALICE)
    with refuses(chain, t.BadClass, "BadClass: There is no such class."):
        delegate(chain, ALICE, BOB, class_=9)
    with refuses(chain, t.InsufficientFunds):
        delegate(chain, ALICE, BOB, HUNDRED + 1)
    not_delegating = "NotDelegating: The account does not delegate in this class."
    with refuses(chain, t.NotDelegating, not_delegating):
        chain.by(ALICE, chain.voting.undelegate.call(0))
    delegate(chain, ALICE, BOB)
    with refuses(
        chain,
        t.AlreadyDelegating,
        "AlreadyDelegating: The account delegates in this class: undelegate first.",
    ):
        delegate(chain, ALICE, CAROL)
    with refuses(chain, t.NotDelegating, not_delegating):
        chain.by(ALICE, chain.voting.undelegate.call(1))


# Questions.


def test_one_is_told_who_speaks_for_one(chain: PollChain) -> None:
    own, lent, split, silent = (chain.open() for _ in range(4))
    for poll in (own, lent):
        vote(chain, ALICE, poll, aye(10))
    vote(chain, ALICE, split, Split(1, 1))
    delegate(chain, BOB, ALICE, 100, Conviction.Locked2x)
    vote(chain, BOB, own, nay(5))
    assert chain.voting.votes_of(BOB) == (
        q.VoteInfo(0, own, nay(5), None, Delegations()),
        q.VoteInfo(0, lent, aye(100, Conviction.Locked2x), ALICE, Delegations()),
    )
    assert chain.voting.votes_of(ALICE) == (
        q.VoteInfo(0, own, aye(10), None, Delegations()),
        q.VoteInfo(0, lent, aye(10), None, Delegations(200, 100)),
        q.VoteInfo(0, split, Split(1, 1), None, Delegations()),
    )
    chain.close(lent)
    assert [each.poll for each in chain.voting.votes_of(BOB)] == [own]
    assert silent not in {each.poll for each in chain.voting.votes_of(ALICE)}


def test_it_meets_referenda_through_interfaces(chain: PollChain) -> None:
    for pallet, behaviour in ((chain.voting, Electorate), (chain.ballots, Polls)):
        assert isinstance(pallet, behaviour)
    assert chain.voting.empty() == Tally(0, 0, 0)
    assert chain.voting.turnout_max() == chain.coins.issuance() == 4_000 * COIN


def test_blocks_with_votes_are_executed_again(chain: PollChain) -> None:
    voting, poll = chain.voting, chain.open()
    chain.next_block()
    applied = [
        chain.submit(voting.vote.call(poll, aye(HUNDRED, Conviction.Locked4x)), ALICE),
        chain.submit(voting.delegate.call(0, Address(ALICE), Conviction.Locked6x, HUNDRED), BOB),
        chain.submit(voting.vote.call(poll, nay(HUNDRED)), CAROL),
    ]
    chain.next_block()
    applied += [
        chain.submit(voting.vote.call(poll, nay(COIN)), BOB),
        chain.submit(voting.remove_vote.call(None, poll), CAROL),
        chain.submit(voting.unlock.call(0, Address(CAROL)), DAVE),
        chain.submit(voting.withdraw.call(HUNDRED), CAROL),
    ]
    assert [each.refusal for each in applied] == [None] * 7
    chain.next_block()
    assert chain.tally(poll) == Tally(400 * COIN, COIN, HUNDRED)
    chain.try_state()


# What `try_state` sees.


def lend_and_override(chain: PollChain) -> int:
    """Bob follows Alice, and votes on the same referendum himself."""
    poll = chain.open()
    vote(chain, ALICE, poll, aye(10))
    delegate(chain, BOB, ALICE, 100)
    vote(chain, BOB, poll, nay(5))
    chain.try_state()
    return poll


def test_a_wrong_tally_is_seen(chain: PollChain) -> None:
    poll = lend_and_override(chain)
    chain.ballots.set_tally(poll, Tally(10, 5, 11))
    with pytest.raises(AssertionError, match=f"referendum {poll} is tallied .*support=11.*support=10"):
        chain.try_state()


def test_a_wrong_sum_of_delegations_is_seen(chain: PollChain) -> None:
    lend_and_override(chain)
    voting = chain.voting
    voting.voting_for[ALICE, 0] = voting.record_of(ALICE, 0).replace(delegations=Delegations(101, 100))
    with pytest.raises(AssertionError, match="and was lent Delegations"):
        chain.try_state()


def test_coins_that_are_retracted_from_nobody_are_seen(chain: PollChain) -> None:
    poll = lend_and_override(chain)
    chain.voting.retracted[CAROL, poll] = Delegations(1, 1)
    with pytest.raises(AssertionError, match="what is retracted is not what delegators vote on"):
        chain.try_state()


def test_a_lock_that_is_too_small_is_seen(chain: PollChain) -> None:
    lend_and_override(chain)
    chain.voting.class_locks_for[BOB] = ((0, 99),)
    with pytest.raises(AssertionError, match="in class 0 locks less than is needed"):
        chain.try_state()


def test_coins_that_vote_and_are_not_on_hold_are_seen(chain: PollChain) -> None:
    lend_and_override(chain)
    chain.coins.release(ENROLLED, BOB, HUNDRED)
    with pytest.raises(AssertionError, match="are not on hold"):
        chain.try_state()
    chain.voting.enrollments.discard(BOB)
    with pytest.raises(AssertionError, match="locks more than counts"):
        chain.try_state()
