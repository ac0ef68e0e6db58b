"""Votes in plain integers: what each account said and what it owes, and no sums."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from governance.voting.votes import AccountVote, Split, SplitAbstain, Standard
from runtime.frame.governance import Tally

PERIODS: Final = (0, 1, 2, 4, 8, 16, 32)
"""The locks of the convictions."""


@dataclass
class Lent:
    """A delegation."""

    target: bytes
    conviction: int
    coins: int


@dataclass
class Voter:
    """What one account said, and owes."""

    votes: dict[int, AccountVote] = field(default_factory=dict[int, AccountVote])
    lent: dict[int, Lent] = field(default_factory=dict[int, Lent])
    enrolled: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """(from which block on, coins), the oldest first."""
    owed: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """(until which block, coins): of votes and delegations that are gone."""

    def counting(self, now: int) -> int:
        """Coins that may vote."""
        return sum(amount for counts_from, amount in self.enrolled if counts_from <= now)

    @property
    def coins(self) -> int:
        """Coins that stand still."""
        return sum(amount for _, amount in self.enrolled)

    def withdraw(self, amount: int) -> None:
        """Let so many go, the youngest first."""
        while amount:
            counts_from, youngest = self.enrolled.pop()
            if youngest > amount:
                self.enrolled.append((counts_from, youngest - amount))
            amount = max(0, amount - youngest)


@dataclass
class ModelPoll:
    """A poll, and how it ended; approved is None if it was cancelled."""

    class_: int
    end: int | None = None
    approved: bool | None = None


@dataclass
class Model:
    """Everybody, and every poll; `lock` is conviction 1 in blocks."""

    lock: int
    voters: dict[bytes, Voter]
    polls: dict[int, ModelPoll] = field(default_factory=dict[int, ModelPoll])

    @property
    def going_on(self) -> list[int]:
        """Polls that can be voted on."""
        return [number for number, poll in self.polls.items() if poll.end is None]

    def free_at(self, vote: AccountVote, number: int) -> int | None:
        """The first block in which a vote binds nothing; None while its poll goes on."""
        poll = self.polls[number]
        if poll.end is not None and isinstance(vote, Standard) and vote.vote.aye == poll.approved:
            return poll.end + PERIODS[vote.vote.conviction] * self.lock
        return poll.end

    def bound(self, who: bytes, now: int) -> int:
        """How many coins of an account must stand still in block `now`."""
        voter = self.voters[who]
        found = [lent.coins for lent in voter.lent.values()]
        found += [amount for until, amount in voter.owed if now < until]
        for number, vote in voter.votes.items():
            free_at = self.free_at(vote, number)
            if free_at is None or now < free_at:
                found.append(_coins(vote))
        return max(found, default=0)

    def tally(self, number: int) -> Tally:
        """The recount: each account's coins by themselves, with whom they are."""
        tally = [0, 0, 0]
        for who, voter in self.voters.items():
            if number in voter.votes:
                for part in (_parts(voter.votes[number]), *self._followers(who, number)):
                    tally = [sum(pair) for pair in zip(tally, part, strict=True)]
        return Tally(*tally)

    def _followers(self, who: bytes, number: int) -> list[tuple[int, int, int]]:
        """What each account contributes that follows the vote of `who`: those that did not vote."""
        vote, class_ = self.voters[who].votes[number], self.polls[number].class_
        if not isinstance(vote, Standard):
            return []
        lent = [voter.lent.get(class_) for voter in self.voters.values() if number not in voter.votes]
        return [
            _one_side(vote.vote.aye, each.coins, each.conviction)
            for each in lent
            if each is not None and each.target == who
        ]


def _coins(vote: AccountVote) -> int:
    if isinstance(vote, Standard):
        return vote.balance
    assert isinstance(vote, (Split, SplitAbstain))
    return vote.aye + vote.nay + (vote.abstain if isinstance(vote, SplitAbstain) else 0)


def _parts(vote: AccountVote) -> tuple[int, int, int]:
    """Votes for and against, and support, of the coins that a vote names itself."""
    if isinstance(vote, Standard):
        return _one_side(vote.vote.aye, vote.balance, vote.vote.conviction)
    assert isinstance(vote, (Split, SplitAbstain))
    return vote.aye // 10, vote.nay // 10, _coins(vote) - vote.nay


def _one_side(aye: bool, coins: int, conviction: int) -> tuple[int, int, int]:
    votes = coins * conviction if conviction else coins // 10
    return (votes, 0, coins) if aye else (0, votes, 0)
