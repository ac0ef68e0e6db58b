"""ConvictionVoting: coins that stand still vote, count more the longer they are willing to be locked, and may
be lent to another's voice.

    enroll --7 d--> vote / delegate --referendum ends--> remove_vote, unlock --> withdraw

Who delegates may vote as well: its coins leave the voice of its delegate on that referendum, and come back
when the vote is removed. A delegation does not go further: who follows a delegate that itself delegates is
heard where that delegate votes itself.
"""

from __future__ import annotations

from typing import Final

from governance.conviction import Conviction
from governance.tally import EMPTY
from governance.voting import types as t
from governance.voting.books import POLL, RECORD, RETRACTION, weight_of_delegation
from governance.voting.queries import Queries
from governance.voting.recount import recount
from governance.voting.votes import AccountVote, Casting, Delegating, locked_in, vote_on
from runtime.frame import PostInfo, Signed, call, hookimpl, lookup
from runtime.frame.governance import PollIndex, Tally, TrackId
from runtime.scale import Compact
from runtime.types import AccountId, Balance, MultiAddress, Weight, db

VOTE: Final = RECORD.times(2) + RETRACTION.times(2) + POLL + db(reads=2, writes=1)
"""A vote that is cast or removed: two records, two retractions, a tally, locks."""
UNLOCK: Final = RECORD + db(reads=1, writes=1)


def weight_of_delegate(class_: int, to: MultiAddress, conviction: Conviction, balance: int) -> Weight:
    """With all the votes that both may have; what they have not is given back."""
    return weight_of_delegation()


def weight_of_undelegate(class_: int) -> Weight:
    """With all the votes that both may have; what they have not is given back."""
    return weight_of_delegation()


class ConvictionVoting(Queries):
    """Votes by coins that stand still."""

    @call(index=0, weight=VOTE)
    def vote(self, origin: Signed, poll_index: Compact[PollIndex], vote: AccountVote) -> None:
        """Vote on a referendum that goes on, or change one's vote. The coins are locked until it has ended
        and, if one's side wins, for the time of one's conviction.
        """
        who = origin.who
        tally, class_ = self._ongoing(poll_index)
        if vote.coins > self.counting_of(who):
            raise t.InsufficientFunds
        self._cast(who, class_, poll_index, tally, vote)
        self._lock(who, class_, vote.coins)
        self.emit(t.Voted(who, vote, poll_index))

    @call(index=1, weight=weight_of_delegate)
    def delegate(
        self, origin: Signed, class_: TrackId, to: MultiAddress, conviction: Conviction, balance: Balance
    ) -> PostInfo:
        """Lend coins to another's voice on all referenda of a class. They are locked while they are lent and,
        from the end of that on, for the time of the conviction. One's own votes stand.
        """
        who, target = origin.who, lookup(to)
        if who == target:
            raise t.Nonsense
        if class_ not in self.polls.classes():
            raise t.BadClass
        record = self.record_of(who, class_)
        if isinstance(record, Delegating):
            raise t.AlreadyDelegating
        if balance > self.counting_of(who):
            raise t.InsufficientFunds
        voice = Delegating(balance, target, conviction, record.delegations, record.prior, record.votes)
        used = self._give(who, class_, voice)
        self._lock(who, class_, balance)
        self.emit(t.Delegated(who, target, class_))
        return PostInfo(used)

    @call(index=2, weight=weight_of_undelegate)
    def undelegate(self, origin: Signed, class_: TrackId) -> PostInfo:
        """Lend no more in a class; the lock of the conviction begins to run. One's own votes stand."""
        who = origin.who
        voice = self.record_of(who, class_)
        if not isinstance(voice, Delegating):
            raise t.NotDelegating
        until = self.lock_end(voice.conviction, self.host.number)
        past = self._past(voice.prior, until, voice.balance)
        used = self._take_back(who, class_, voice, Casting(voice.votes, voice.delegations, past))
        self.emit(t.Undelegated(who, class_))
        return PostInfo(used)

    @call(index=3, weight=UNLOCK)
    def unlock(self, origin: Signed, class_: TrackId, target: MultiAddress) -> None:
        """Look again at an account's locks in a class, and remove what is over. Anybody may."""
        who, now = lookup(target), self.host.number
        record = self.record_of(who, class_)
        if record.prior != record.prior.at(now):
            record = record.replace(prior=record.prior.at(now))
            self._keep(who, class_, record)
        self._lock(who, class_, locked_in(record, now), lower=True)
        self.emit(t.VoteUnlocked(who, class_))

    @call(index=4, weight=VOTE)
    def remove_vote(self, origin: Signed, class_: TrackId | None, index: PollIndex) -> None:
        """Take back a vote on a referendum that goes on, or remove one on a referendum that has ended: if its
        lock runs, it is joined with those of the past. The class must be named when it has ended.
        """
        if class_ is None:
            found = self.polls.tally(index)
            if found is None:
                raise t.ClassNeeded
            class_ = found[1]
        self._remove(origin.who, class_, index, is_owner=True)

    @call(index=5, weight=VOTE)
    def remove_other_vote(
        self, origin: Signed, target: MultiAddress, class_: TrackId, index: PollIndex
    ) -> None:
        """Remove another's vote on a referendum that has ended, when it locks no coins any more."""
        who = lookup(target)
        self._remove(who, class_, index, is_owner=who == origin.who)

    def _remove(self, who: AccountId, class_: int, poll: int, *, is_owner: bool) -> None:
        record = self.record_of(who, class_)
        vote = vote_on(record.votes, poll)
        if vote is None:
            raise t.NotVoter
        until = self.free_at(vote, poll)
        if until is None:
            if not is_owner:
                raise t.NoPermission
            self._cast(who, class_, poll, self._ongoing(poll)[0], None)
            self.emit(t.VoteRemoved(who, vote, poll))
            return
        if self.host.number < until and not is_owner:
            raise t.NoPermissionYet
        past = self._past(record.prior, until, vote.coins)
        self._forget(who, class_, poll, record.replace(prior=past))

    def _ongoing(self, poll: int) -> tuple[Tally, int]:
        """The tally of a referendum that goes on, and its class."""
        found = self.polls.tally(poll)
        if found is None:
            raise t.NotOngoing
        return found

    # runtime.frame.governance.Electorate

    def empty(self) -> Tally:
        return EMPTY

    def turnout_max(self) -> Balance:
        return self.coin.issuance()

    @hookimpl
    def try_state(self) -> None:
        recount(self)
