"""Questions about votes that anybody may ask of a state: what locks an account's coins and until when, and
how its voice is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Final

from governance.tally import NOBODY, Delegations, parted
from governance.voting import types as t
from governance.voting.books import Books
from governance.voting.votes import (
    AccountVote,
    Delegating,
    Record,
    Standard,
    Vote,
    vote_on,
)
from runtime.frame import runtime_api
from runtime.frame.governance import PollIndex, TrackId
from runtime.scale import Doc, Enum, Struct
from runtime.types import AccountId, Balance, BlockNumber

VOTING_API: Final = "ConvictionVotingApi"
VOTING_API_VERSION: Final = 1


class LockReason(Enum):
    """What locks coins."""


class OwnVote(LockReason, index=0, unnamed=True):
    """A vote on this referendum."""

    poll: PollIndex


class Delegation(LockReason, index=1, unnamed=True):
    """A delegation to this account."""

    target: AccountId


class Past(LockReason, index=2):
    """Votes and delegations that were removed before their locks were over."""


class LockInfo(Struct):
    """One lock. The same coins may be under several: what is locked is the most that one of them locks."""

    class_: TrackId
    coins: Balance
    reason: LockReason
    until: Annotated[
        BlockNumber | None,
        Doc("The first block in which it is over; nothing while the referendum or the delegation goes on."),
    ]
    blocks: Annotated[
        BlockNumber,
        Doc("While it goes on: for how many blocks after its end it locks at most; 0 when it has ended."),
    ]


class VoteInfo(Struct):
    """How an account's voice is used on a referendum that goes on."""

    class_: TrackId
    poll: PollIndex
    vote: Annotated[AccountVote, Doc("Its own vote, or the side of its delegate with its coins.")]
    delegate: Annotated[AccountId | None, Doc("Who votes for it; nothing if it votes itself.")]
    followers: Annotated[Delegations, Doc("Coins of others that its own vote moves.")]


class EnrollmentInfo(Struct):
    """The coins of an account that may vote."""

    counting: Annotated[Balance, Doc("Coins that may vote now.")]
    seasoning: Annotated[tuple[t.Seasoning, ...], Doc("Coins that will, and from which block on.")]
    locked: Annotated[Balance, Doc("Coins that may not be withdrawn before `unlock` was called.")]
    needed: Annotated[Balance, Doc("Coins that would be locked still if `unlock` was called in each class.")]


class Queries(Books):
    """What becomes of whose coins."""

    @runtime_api(VOTING_API, version=VOTING_API_VERSION)
    def locks_of(self, who: AccountId) -> tuple[LockInfo, ...]:
        """Every lock of the account, by class: what locks how many coins, and until when. One that is over
        counts until its vote is removed and `unlock` was called.
        """
        return tuple(lock for class_, record in self._records_of(who) for lock in self._locks(class_, record))

    @runtime_api(VOTING_API, version=VOTING_API_VERSION)
    def votes_of(self, who: AccountId) -> tuple[VoteInfo, ...]:
        """How the account's voice is used on each referendum that goes on: by itself, or by its delegate. A
        referendum that is not named is one where it is silent.
        """
        return tuple(
            vote for class_, record in self._records_of(who) for vote in self._votes(who, class_, record)
        )

    @runtime_api(VOTING_API, version=VOTING_API_VERSION)
    def enrollment_of(self, who: AccountId) -> EnrollmentInfo:
        """The account's coins that may vote, or will, and how many of them are locked."""
        now = self.host.number
        mine = self.enrollments[who].at(now)
        needed = max((lock.coins for lock in self.locks_of(who) if _binds(lock, now)), default=0)
        return EnrollmentInfo(mine.counting, mine.seasoning, self.locked_of(who), needed)

    def _records_of(self, who: AccountId) -> Iterator[tuple[int, Record]]:
        for class_ in self.polls.classes():
            yield class_, self.record_of(who, class_)

    def _locks(self, class_: int, record: Record) -> Iterator[LockInfo]:
        for poll, vote in record.votes:
            until = self.free_at(vote, poll)
            blocks = self.lock_end(vote.conviction, 0) if until is None else 0
            yield LockInfo(class_, vote.coins, OwnVote(poll), until, blocks)
        if isinstance(record, Delegating):
            blocks = self.lock_end(record.conviction, 0)
            yield LockInfo(class_, record.balance, Delegation(record.target), None, blocks)
        if record.prior.coins:
            yield LockInfo(class_, record.prior.coins, Past(), record.prior.until, 0)

    def _votes(self, who: AccountId, class_: int, record: Record) -> Iterator[VoteInfo]:
        for poll, vote in record.votes:
            if self.polls.tally(poll) is not None:
                behind = parted(record.delegations, self.retracted[who, poll])
                yield VoteInfo(class_, poll, vote, None, NOBODY if vote.side is None else behind)
        if not isinstance(record, Delegating):
            return
        for poll, theirs in self.record_of(record.target, class_).votes:
            overridden = vote_on(record.votes, poll) is not None
            if theirs.side is None or overridden or self.polls.tally(poll) is None:
                continue
            vote = Standard(Vote(theirs.side, record.conviction), record.balance)
            yield VoteInfo(class_, poll, vote, record.target, NOBODY)


def _binds(lock: LockInfo, now: BlockNumber) -> bool:
    """Whether a lock holds its coins even if all that is over is removed."""
    return lock.until is None or now < lock.until
