"""The books of votes: what each account does in each class, and how that moves tallies.

    tally of a referendum = sum over its voters of  vote (own coins + delegated to the voter - retracted)

What is retracted on a referendum are the coins of those who delegate to the voter and vote there themselves.
It is kept as one sum by delegate and referendum, so that a vote costs the same however many follow, and a
delegation as much as both have votes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from governance.conviction import Conviction
from governance.tally import NOBODY, Delegations, joined, minus, one_sided, parted, plus
from governance.voting import types as t
from governance.voting.roll import Roll
from governance.voting.votes import (
    CASTING,
    VOTES_MAX,
    AccountVote,
    Casting,
    Delegating,
    PriorLock,
    Record,
    Voting,
    contribution,
    vote_on,
    with_vote,
)
from runtime.frame import StorageDoubleMap, Twox64Concat, constant
from runtime.frame.governance import PollIndex, Tally, TrackId
from runtime.scale import U32
from runtime.types import AccountId, Balance, BlockNumber, Weight, db

Change: TypeAlias = Callable[[Delegations, Delegations], Delegations]
"""`joined` or `parted`."""
RECORD_BYTES_MAX: Final = 32_768
"""The longest record: 512 votes of 53 bytes, and what stands around them."""
RECORD: Final = db(reads=1, writes=1, compute=1_000_000_000) + Weight(0, RECORD_BYTES_MAX)
"""A record of an account and class that is read and written."""
RETRACTION: Final = db(reads=1, writes=1, compute=20_000_000)
"""What is retracted of a delegate on one referendum."""
POLL: Final = db(reads=11, writes=4, compute=300_000_000)
"""A tally that changes, and the referendum that looks at it again in the next block."""
DELEGATION: Final = RECORD.times(2) + db(reads=4, writes=3)
"""A delegation that begins or ends, without what it does to votes."""


def weight_of_delegation(own: int = VOTES_MAX, theirs: int = VOTES_MAX) -> Weight:
    """The weight of a delegation that begins or ends, of an account with `own` votes to one with `theirs`."""
    return DELEGATION + RETRACTION.times(own) + POLL.times(theirs)


class Books(Roll):
    """What each account does with its voice."""

    voting_for = StorageDoubleMap[AccountId, TrackId, Voting](
        default=CASTING,
        hashers=(Twox64Concat, Twox64Concat),
        doc="All voting of an account in a class: votes, delegations of it and to it, old locks.",
    )
    retracted = StorageDoubleMap[AccountId, PollIndex, Delegations](
        default=NOBODY,
        hashers=(Twox64Concat, Twox64Concat),
        doc="By delegate and referendum, the coins of those who delegate to it and have a vote there.",
    )

    @constant
    def max_votes(self) -> U32:
        """The maximum number of concurrent votes an account may have in one class."""
        return VOTES_MAX

    def record_of(self, who: AccountId, class_: int) -> Record:
        """What an account does in a class."""
        found = self.voting_for[who, class_]
        assert isinstance(found, (Casting, Delegating))
        return found

    def _keep(self, who: AccountId, class_: int, record: Record) -> None:
        if record == CASTING:
            self.voting_for.discard((who, class_))
        else:
            self.voting_for[who, class_] = record

    def _retract(self, who: AccountId, poll: int, change: Change, coins: Delegations) -> None:
        """Retract more (`joined`) or less (`parted`) from a delegate on a referendum."""
        left = change(self.retracted[who, poll], coins)
        if left == NOBODY:
            self.retracted.discard((who, poll))
        else:
            self.retracted[who, poll] = left

    # A vote.

    def _cast(self, who: AccountId, class_: int, poll: int, tally: Tally, vote: AccountVote | None) -> None:
        """Put a vote (or none) in the place of the one before. The referendum goes on, and its tally follows.
        Raises `MaxVotesReached`.
        """
        record, retracted = self.record_of(who, class_), self.retracted[who, poll]
        before = vote_on(record.votes, poll)
        after = record.replace(votes=with_vote(record.votes, poll, vote))
        if len(after.votes) > VOTES_MAX:
            raise t.MaxVotesReached
        tally = minus(tally, contribution(record, poll, retracted))
        if isinstance(record, Delegating) and (before is None) != (vote is None):
            tally = self._follow(record, class_, poll, tally, follows=vote is None)
        self.polls.set_tally(poll, plus(tally, contribution(after, poll, retracted)))
        self._keep(who, class_, after)

    def _follow(self, mine: Delegating, class_: int, poll: int, tally: Tally, *, follows: bool) -> Tally:
        """The tally when a delegation follows the vote of its target on a referendum again, or no more."""
        vote = vote_on(self.record_of(mine.target, class_).votes, poll)
        self._retract(mine.target, poll, parted if follows else joined, mine.lent)
        if vote is None or vote.side is None:
            return tally
        return (plus if follows else minus)(tally, one_sided(vote.side, mine.lent))

    def _forget(self, who: AccountId, class_: int, poll: int, record: Record) -> None:
        """Remove a vote on a referendum that has ended: no tally changes."""
        if isinstance(record, Delegating):
            self._retract(record.target, poll, parted, record.lent)
        self._keep(who, class_, record.replace(votes=with_vote(record.votes, poll, None)))

    # A delegation.

    def _give(self, who: AccountId, class_: int, voice: Delegating) -> Weight:
        """Put a voice into another's hands; the weight of that."""
        return self._move(who, class_, voice, voice, joined, plus)

    def _take_back(self, who: AccountId, class_: int, voice: Delegating, after: Casting) -> Weight:
        """Take a voice back from whom it was given to, and vote oneself; the weight of that."""
        return self._move(who, class_, voice, after, parted, minus)

    def _move(
        self,
        who: AccountId,
        class_: int,
        voice: Delegating,
        after: Record,
        change: Change,
        add: Callable[[Tally, Tally], Tally],
    ) -> Weight:
        """Let a voice be behind the target, or be no more: on each referendum on which it has no own vote."""
        target, lent = voice.target, voice.lent
        own = frozenset(poll for poll, _ in voice.votes)
        theirs = self.record_of(target, class_)
        for poll, _ in voice.votes:
            self._retract(target, poll, change, lent)
        for poll, vote in theirs.votes:
            if vote.side is None or poll in own:
                continue
            found = self.polls.tally(poll)
            if found is not None:
                self.polls.set_tally(poll, add(found[0], one_sided(vote.side, lent)))
        self._keep(target, class_, theirs.replace(delegations=change(theirs.delegations, lent)))
        self._keep(who, class_, after)
        return weight_of_delegation(len(own), len(theirs.votes))

    # What locks.

    def free_at(self, vote: AccountVote, poll: int) -> BlockNumber | None:
        """The first block in which a vote locks no more; None while its referendum goes on. With conviction,
        the side that won is locked; a vote on what was cancelled or killed locks nothing.
        """
        if self.polls.tally(poll) is not None:
            return None
        outcome = self.polls.outcome(poll)
        if outcome is None:
            return self.host.number
        end, approved = outcome
        return self.lock_end(vote.conviction, end) if vote.side == approved else end

    def lock_end(self, conviction: Conviction, end: BlockNumber) -> BlockNumber:
        """The first block after the lock of what ended in block `end`."""
        return conviction.unlocks_at(end, self.vote_locking_period())

    def _past(self, prior: PriorLock, until: BlockNumber, coins: Balance) -> PriorLock:
        """An account's past with a lock more; only what is not over."""
        now = self.host.number
        left = prior.at(now)
        return left.joined(until, coins) if now < until else left
