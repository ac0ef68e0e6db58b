"""The locks of votes: coins are free in the block that was said, not one before, and none after."""

from __future__ import annotations

import pytest

from governance.conviction import Conviction
from governance.voting import queries as q
from governance.voting import types as t
from governance.voting.votes import Casting, Delegating, PriorLock
from runtime.testing import refuses
from runtime.types.account import Address
from support.polls import ALICE, BOB, CAROL, COIN, DAVE, LOCK, PollChain, aye, delegate, nay, vote

HUNDRED = 100 * COIN
PERIODS = (0, 1, 2, 4, 8, 16, 32)


@pytest.fixture
def chain() -> PollChain:
    """Alice, Bob and Carol have a hundred coins each that count; Dave has coins, and none that do."""
    people = (ALICE, BOB, CAROL)
    return PollChain(dict.fromkeys((*people, DAVE), 1_000 * COIN), dict.fromkeys(people, HUNDRED))


def free(chain: PollChain, who: bytes, class_: int = 0) -> int:
    """What `unlock` leaves to be withdrawn."""
    chain.by(DAVE, chain.voting.unlock.call(class_, Address(who)))
    return chain.enrolled(who) - chain.voting.locked_of(who)


@pytest.mark.parametrize("conviction", Conviction)
@pytest.mark.parametrize("approved", [True, False])
def test_the_winners_coins_are_free_in_the_block_that_was_said(
    conviction: Conviction, approved: bool
) -> None:
    chain = PollChain(dict.fromkeys((ALICE, BOB, DAVE), 1_000 * COIN), {ALICE: HUNDRED, BOB: HUNDRED})
    poll, voting = chain.open(), chain.voting
    winner, loser = (ALICE, BOB) if approved else (BOB, ALICE)
    vote(chain, ALICE, poll, aye(HUNDRED, conviction))
    vote(chain, BOB, poll, nay(HUNDRED, conviction))
    going_on = q.LockInfo(0, HUNDRED, q.OwnVote(poll), None, PERIODS[conviction] * LOCK)
    assert voting.locks_of(winner) == voting.locks_of(loser) == (going_on,)
    chain.next_block()
    chain.close(poll, approved)
    end = chain.number
    until = end + PERIODS[conviction] * LOCK
    assert voting.locks_of(winner) == (q.LockInfo(0, HUNDRED, q.OwnVote(poll), until, 0),)
    assert voting.locks_of(loser) == (q.LockInfo(0, HUNDRED, q.OwnVote(poll), end, 0),)
    info = voting.enrollment_of(loser)
    assert (info.locked, info.needed) == (HUNDRED, 0)
    chain.by(DAVE, voting.remove_other_vote.call(Address(loser), 0, poll))
    assert free(chain, loser) == HUNDRED
    if conviction:
        chain.run_to(until - 1)
        with refuses(chain, t.NoPermissionYet):
            chain.by(DAVE, voting.remove_other_vote.call(Address(winner), 0, poll))
        assert free(chain, winner) == 0
        chain.run_to(until)
    chain.by(DAVE, voting.remove_other_vote.call(Address(winner), 0, poll))
    assert free(chain, winner) == HUNDRED
    chain.assert_last_event(t.VoteUnlocked(winner, 0))
    chain.by(winner, voting.withdraw.call(HUNDRED))
    chain.try_state()


def test_a_vote_removed_early_keeps_its_lock(chain: PollChain) -> None:
    poll, voting = chain.open(), chain.voting
    vote(chain, ALICE, poll, aye(HUNDRED, Conviction.Locked2x))
    chain.close(poll)
    until = chain.number + 2 * LOCK
    chain.by(ALICE, voting.remove_vote.call(0, poll))
    assert voting.voting_for[ALICE, 0] == Casting(prior=PriorLock(until, HUNDRED))
    assert voting.locks_of(ALICE) == (q.LockInfo(0, HUNDRED, q.Past(), until, 0),)
    chain.run_to(until - 1)
    assert free(chain, ALICE) == 0
    chain.next_block()
    assert free(chain, ALICE) == HUNDRED
    assert (ALICE, 0) not in voting.voting_for
    chain.try_state()


def test_past_locks_are_joined_and_those_that_are_over_are_not(chain: PollChain) -> None:
    voting = chain.voting
    for amount, conviction in ((60 * COIN, Conviction.Locked1x), (20 * COIN, Conviction.Locked3x)):
        poll = chain.open()
        vote(chain, ALICE, poll, aye(amount, conviction))
        chain.close(poll)
        chain.by(ALICE, voting.remove_vote.call(0, poll))
    late = chain.number + 4 * LOCK
    assert voting.record_of(ALICE, 0).prior == PriorLock(late, 60 * COIN)
    poll = chain.open()
    vote(chain, ALICE, poll, aye(5 * COIN))
    chain.close(poll)
    chain.by(ALICE, voting.remove_vote.call(0, poll))
    assert voting.record_of(ALICE, 0).prior == PriorLock(late, 60 * COIN)
    chain.run_to(late)
    delegate(chain, ALICE, BOB, COIN, Conviction.Locked1x)
    chain.by(ALICE, voting.undelegate.call(0))
    assert voting.record_of(ALICE, 0).prior == PriorLock(late + LOCK, COIN)
    assert free(chain, ALICE) == HUNDRED - COIN
    chain.try_state()


@pytest.mark.parametrize("conviction", Conviction)
def test_a_delegation_locks_from_its_end_on(chain: PollChain, conviction: Conviction) -> None:
    voting = chain.voting
    delegate(chain, ALICE, BOB, 60 * COIN, conviction)
    blocks = PERIODS[conviction] * LOCK
    assert voting.locks_of(ALICE) == (q.LockInfo(0, 60 * COIN, q.Delegation(BOB), None, blocks),)
    chain.next_block(2)
    assert free(chain, ALICE) == 40 * COIN
    chain.by(ALICE, voting.undelegate.call(0))
    until = chain.number + blocks
    if conviction:
        assert voting.locks_of(ALICE) == (q.LockInfo(0, 60 * COIN, q.Past(), until, 0),)
        chain.run_to(until - 1)
        assert free(chain, ALICE) == 40 * COIN
        chain.next_block()
    assert free(chain, ALICE) == HUNDRED
    assert list(voting.voting_for.keys()) == []
    chain.try_state()


def test_what_was_cancelled_locks_nothing(chain: PollChain) -> None:
    poll, voting = chain.open(), chain.voting
    vote(chain, ALICE, poll, aye(HUNDRED, Conviction.Locked6x))
    chain.root(chain.ballots.cancel.call(poll))
    assert voting.locks_of(ALICE) == (q.LockInfo(0, HUNDRED, q.OwnVote(poll), chain.number, 0),)
    chain.by(DAVE, voting.remove_other_vote.call(Address(ALICE), 0, poll))
    assert free(chain, ALICE) == HUNDRED


def test_a_smaller_vote_frees_coins_only_when_asked(chain: PollChain) -> None:
    poll = chain.open()
    vote(chain, ALICE, poll, aye(HUNDRED))
    vote(chain, ALICE, poll, aye(30 * COIN))
    assert chain.voting.locked_of(ALICE) == HUNDRED
    info = chain.voting.enrollment_of(ALICE)
    assert (info.locked, info.needed) == (HUNDRED, 30 * COIN)
    assert free(chain, ALICE) == 70 * COIN


def test_the_same_coins_are_locked_in_several_classes(chain: PollChain) -> None:
    voting = chain.voting
    vote(chain, ALICE, chain.open(0), aye(60 * COIN))
    vote(chain, ALICE, chain.open(1), aye(80 * COIN))
    delegate(chain, ALICE, BOB, 10 * COIN, class_=2)
    assert voting.class_locks_for[ALICE] == ((0, 60 * COIN), (1, 80 * COIN), (2, 10 * COIN))
    assert voting.locked_of(ALICE) == 80 * COIN
    chain.by(ALICE, voting.withdraw.call(20 * COIN))
    with refuses(chain, t.StillLocked):
        chain.by(ALICE, voting.withdraw.call(1))


def test_a_vote_of_a_delegator_on_what_ended_is_removed_from_all_books(chain: PollChain) -> None:
    poll, voting = chain.open(), chain.voting
    delegate(chain, BOB, ALICE)
    vote(chain, BOB, poll, nay(50 * COIN, Conviction.Locked1x))
    chain.close(poll, approved=False)
    chain.try_state()
    chain.by(BOB, voting.remove_vote.call(0, poll))
    assert list(voting.retracted.keys()) == []
    found = voting.record_of(BOB, 0)
    assert isinstance(found, Delegating)
    assert (found.votes, found.prior) == ((), PriorLock(chain.number + LOCK, 50 * COIN))
    chain.try_state()
