"""Votes: what an account says of a referendum, and what is kept of it; bytes and paths as in Substrate.

One field is ours: somebody who delegates may vote as well, so `Delegating` ends with votes of its own.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Annotated, Final, TypeAlias

from governance.conviction import Conviction
from governance.tally import EMPTY, NOBODY, Delegations, joined, one_sided, parted, power, split
from runtime.frame.governance import PollIndex, Tally
from runtime.scale import (
    U8,
    Codec,
    CompositeType,
    DecodeError,
    Description,
    Enum,
    Field,
    Max,
    Struct,
    codec_of,
)
from runtime.types import AccountId, Balance, BlockNumber

VOTES_MAX: Final = 512
"""The most votes of one account in one class, ended referenda included until their votes are removed:
Polkadot's figure.
"""
AYE: Final = 0x80
"""The bit of a vote that says aye; the seven others are its conviction."""


class Vote(Struct):
    """A side, and how firmly it is taken."""

    aye: bool
    conviction: Conviction


_VOTES: Final = {
    conviction | AYE * aye: Vote(aye, conviction) for aye in (False, True) for conviction in Conviction
}


def _read(data: bytes, at: int) -> tuple[Vote, int]:
    if at >= len(data):
        raise DecodeError("needs 1 byte, 0 remain", at)
    vote = _VOTES.get(data[at])
    if vote is None:
        raise DecodeError(f"{data[at] & ~AYE} is no conviction: it is at most {max(Conviction):d}", at)
    return vote, at + 1


def _write(vote: Vote) -> bytes:
    return bytes((vote.conviction | AYE * vote.aye,))


def _describe() -> Description:
    byte = Field(None, codec_of(U8), ("Raw vote byte, encodes aye + conviction",))
    return Description(CompositeType((byte,)), ("pallet_conviction_voting", "vote", "Vote"))


VOTE: Final[Codec[Vote]] = Codec("Vote", _read, _write, describe=_describe, fixed_size=1)
VoteByte: TypeAlias = Annotated[Vote, VOTE]
"""A vote in one byte."""


class AccountVote(Enum, path="pallet_conviction_voting::vote::AccountVote", params={"Balance": Balance}):
    """What an account says of a referendum, and with how many coins."""

    @property
    def coins(self) -> Balance:
        """All that it names: what must be enrolled, and is locked."""
        raise NotImplementedError

    @property
    def conviction(self) -> Conviction:
        """How firmly it takes its side."""
        return Conviction.None_

    @property
    def side(self) -> bool | None:
        """Whether those who delegate to the account say aye with it; None if it takes no side for them."""
        return None

    def tally(self, followers: Delegations) -> Tally:
        """What it contributes with those who follow it. Raises `Overflow`."""
        raise NotImplementedError


class Standard(AccountVote, index=0):
    """All for one side, with conviction."""

    vote: VoteByte
    balance: Balance

    @property
    def coins(self) -> Balance:
        return self.balance

    @property
    def conviction(self) -> Conviction:
        return self.vote.conviction

    @property
    def side(self) -> bool | None:
        return self.vote.aye

    def tally(self, followers: Delegations) -> Tally:
        return one_sided(self.vote.aye, joined(power(self.balance, self.vote.conviction), followers))


class Split(AccountVote, index=1):
    """Some for each side, without conviction."""

    aye: Balance
    nay: Balance

    @property
    def coins(self) -> Balance:
        return self.aye + self.nay

    def tally(self, followers: Delegations) -> Tally:
        return split(self.aye, self.nay)


class SplitAbstain(AccountVote, index=2):
    """Some for each side, and some for neither, without conviction."""

    aye: Balance
    nay: Balance
    abstain: Balance

    @property
    def coins(self) -> Balance:
        return self.aye + self.nay + self.abstain

    def tally(self, followers: Delegations) -> Tally:
        return split(self.aye, self.nay, self.abstain)


class PriorLock(
    Struct,
    path="pallet_conviction_voting::vote::PriorLock",
    params={"BlockNumber": BlockNumber, "Balance": Balance},
    unnamed=True,
):
    """A lock of which the reason is forgotten: votes and delegations of the past, joined into the latest end
    and the greatest amount of them.
    """

    until: BlockNumber = 0
    """The first block in which it is over."""
    coins: Balance = 0

    def at(self, now: BlockNumber) -> PriorLock:
        """What is left of it in block `now`: all or nothing."""
        return self if now < self.until else NO_LOCK

    def joined(self, until: BlockNumber, coins: Balance) -> PriorLock:
        """With another lock, for as long as the longer and over as much as the greater of both."""
        return PriorLock(max(self.until, until), max(self.coins, coins))


NO_LOCK: Final = PriorLock()
Votes: TypeAlias = Annotated[tuple[tuple[PollIndex, AccountVote], ...], Max(VOTES_MAX)]
"""Votes by the number of the referendum, in its order."""


class Voting(Enum, path="pallet_conviction_voting::vote::Voting"):
    """What an account does with its voice in one class: `Casting` or `Delegating`."""


class Casting(Voting, index=0):
    """It votes itself."""

    votes: Votes = ()
    delegations: Delegations = NOBODY
    """What others have delegated to it."""
    prior: PriorLock = NO_LOCK


class Delegating(Voting, index=1):
    """Another votes for it, wherever it does not itself."""

    balance: Balance
    target: AccountId
    conviction: Conviction
    delegations: Delegations = NOBODY
    """What others have delegated to it: they follow its own votes, never those of `target`."""
    prior: PriorLock = NO_LOCK
    votes: Votes = ()
    """Its own votes, which take its coins out of the vote of `target` on the same referenda."""

    @property
    def lent(self) -> Delegations:
        """What it adds to the voice of `target`."""
        return power(self.balance, self.conviction)


Record: TypeAlias = Casting | Delegating
CASTING: Final = Casting()
"""Nothing."""


def vote_on(votes: Votes, poll: int) -> AccountVote | None:
    """The vote on a referendum, if there is one."""
    at = bisect_left(votes, poll, key=_poll)
    return votes[at][1] if at < len(votes) and votes[at][0] == poll else None


def with_vote(votes: Votes, poll: int, vote: AccountVote | None) -> Votes:
    """The votes with another vote on one referendum, or with none."""
    at = bisect_left(votes, poll, key=_poll)
    behind = at + (at < len(votes) and votes[at][0] == poll)
    return (*votes[:at], *(() if vote is None else ((poll, vote),)), *votes[behind:])


def contribution(record: Record, poll: int, retracted: Delegations) -> Tally:
    """What an account adds to a referendum by its own vote: its coins, and those delegated to it less what is
    `retracted` on that referendum. Nothing without a vote.
    """
    vote = vote_on(record.votes, poll)
    return EMPTY if vote is None else vote.tally(parted(record.delegations, retracted))


def locked_in(record: Record, now: BlockNumber) -> Balance:
    """How many coins the votes, the delegation and the past lock in block `now`: the most that one of them
    does, since they may all lock the same coins.
    """
    delegated = record.balance if isinstance(record, Delegating) else 0
    voted = max((vote.coins for _, vote in record.votes), default=0)
    return max(delegated, voted, record.prior.at(now).coins)


def _poll(entry: tuple[int, AccountVote]) -> int:
    return entry[0]
