"""What votes cost: the same with one voter as with ten thousand, and never more than was said."""

from __future__ import annotations

import pytest

from governance.conviction import Conviction
from governance.tally import Delegations
from governance.voting.votes import VOTES_MAX, Standard, Vote
from runtime.frame import Call
from runtime.frame.governance import Tally
from runtime.types import Weight, db
from runtime.types.account import Address
from runtime.types.limits import BLOCK_WEIGHTS
from support.polls import ALICE, BOB, CAROL, COIN, DAVE, ED, PollChain, weigh

PEOPLE = (ALICE, BOB, CAROL, DAVE)
VOTERS_MANY = 10_000
POLLS_MANY = 1_000
AYE, NAY = (Standard(Vote(side, Conviction.Locked1x), 5) for side in (True, False))


def chain_of(voters: int, polls: int) -> PollChain:
    """Dave may vote, and so many others: each votes on a poll of its own, or follows Alice, who votes on few
    and has followers from before.
    """
    many = [number.to_bytes(32, "big") for number in range(1_000, 1_000 + voters)]
    chain = PollChain(dict.fromkeys((*PEOPLE, *many), COIN), dict.fromkeys((*PEOPLE, *many), COIN - 2 * ED))
    for _ in range(polls):
        chain.open()
    voting = chain.voting
    chain.by(ALICE, voting.vote.call(0, AYE))
    for number, who in enumerate(many):
        if number % 5 == 0:
            chain.by(who, voting.vote.call(1 + number // 5 % (polls - 1), NAY))
        else:
            chain.by(who, voting.delegate.call(0, Address(ALICE), Conviction.Locked1x, 5))
            if number % 5 == 1:
                chain.by(who, voting.vote.call(0, NAY))
    return chain


def calls(chain: PollChain) -> dict[str, Call]:
    """What Dave may do in such a chain."""
    voting = chain.voting
    return {
        "vote": voting.vote.call(0, NAY),
        "delegate": voting.delegate.call(0, Address(ALICE), Conviction.Locked3x, 5),
        "unlock": voting.unlock.call(0, Address(ALICE)),
        "enroll": voting.enroll.call(1),
        "withdraw": voting.withdraw.call(1),
    }


@pytest.fixture(scope="module")
def crowd() -> PollChain:
    return chain_of(VOTERS_MANY, POLLS_MANY)


def test_ten_thousand_voters_and_a_thousand_referenda_cost_what_one_does(crowd: PollChain) -> None:
    few = chain_of(2, 2)
    for (name, one), (_, many) in zip(calls(few).items(), calls(crowd).items(), strict=True):
        assert weigh(few, one, DAVE)[:2] == weigh(crowd, many, DAVE)[:2], name
    change = (chain.voting.vote.call(0, NAY) for chain in (few, crowd))
    assert weigh(few, next(change), ALICE)[:2] == weigh(crowd, next(change), ALICE)[:2]


def test_ten_thousand_voters_are_tallied_as_they_voted(crowd: PollChain) -> None:
    followers, overriding = VOTERS_MANY * 3 // 5, VOTERS_MANY // 5
    assert crowd.tally(0) == Tally(5 * (followers + 1), 5 * overriding, 5 * (followers + 1))
    assert sum(crowd.tally(poll).nays for poll in range(1, POLLS_MANY)) == 5 * VOTERS_MANY // 5
    lent = 5 * (followers + overriding)
    assert crowd.voting.record_of(ALICE, 0).delegations == Delegations(lent, lent)
    crowd.try_state()


@pytest.fixture(scope="module")
def full() -> PollChain:
    """Alice and Bob have as many votes as they may, on different referenda; so has Carol, who follows Bob."""
    chain = PollChain(dict.fromkeys(PEOPLE, 10 * COIN), dict.fromkeys(PEOPLE, COIN))
    voting = chain.voting
    chain.by(CAROL, voting.delegate.call(0, Address(BOB), Conviction.Locked2x, 5))
    for number in range(2 * VOTES_MAX):
        poll = chain.open()
        for who in (ALICE,) if number < VOTES_MAX else (BOB, CAROL):
            chain.by(who, voting.vote.call(poll, AYE))
    return chain


def test_no_call_needs_more_than_it_says_and_the_rest_is_given_back(full: PollChain) -> None:
    voting, last = full.voting, 2 * VOTES_MAX - 1
    worst = {
        "delegate": (voting.delegate.call(0, Address(BOB), Conviction.Locked3x, 5), ALICE),
        "undelegate": (voting.undelegate.call(0), CAROL),
        "vote": (voting.vote.call(last, NAY), CAROL),
        "remove_vote": (voting.remove_vote.call(0, last), CAROL),
        "remove_other_vote": (voting.remove_other_vote.call(Address(CAROL), 0, last), CAROL),
        "unlock": (voting.unlock.call(0, Address(CAROL)), ALICE),
        "enroll": (voting.enroll.call(1), ALICE),
        "withdraw": (voting.withdraw.call(1), ALICE),
    }
    assert worst.keys() == voting.calls.keys()
    normal = BLOCK_WEIGHTS.per_class.normal.max_extrinsic
    assert normal is not None
    for name, (call, who) in worst.items():
        reads, writes, info = weigh(full, call, who)
        used: Weight = info.weight_of(call)
        assert db(reads, writes, compute=0).fits(used), name
        assert used.fits(call.weight) and call.weight.fits(normal), name
    small = voting.delegate.call(0, Address(DAVE), Conviction.None_, 1)
    assert weigh(full, small, ALICE)[2].weight_of(small).ref_time < small.weight.ref_time
