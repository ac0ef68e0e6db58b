"""Whatever voters do in whatever order, beside a model in plain integers: every tally is what a recount says,
no coin unlocks early, none is stuck for ever, and nobody votes with more than stands still.

The model keeps what each account said and what it owes, and no sums: neither what is delegated to whom, nor
what is retracted, nor a joined lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from inspect import signature
from random import Random
from typing import Any, Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from governance.conviction import Conviction
from governance.voting import types as t
from governance.voting.queries import OwnVote
from governance.voting.votes import AccountVote, Split, SplitAbstain, Standard, Vote
from runtime.frame import Call, DispatchError
from runtime.frame.governance import Tally
from runtime.types.account import Address
from support.polls import COIN, PollChain

VOTERS: Final = tuple(bytes([number]) * 32 for number in range(1, 6))
RICH: Final = 1_000 * COIN
LOCK: Final = 2
SEASON: Final = 3
PERIODS: Final = (0, 1, 2, 4, 8, 16, 32)
POLLS_MAX: Final = 8

voters = st.sampled_from(VOTERS)
classes = st.integers(0, 1)
convictions = st.sampled_from(Conviction)
picks = st.integers(0, 2**16)
"""Which of some; taken modulo how many there are."""
shares = st.sampled_from([0, 1, 3, 5, 8, 13, 16, 16, 16, 17])
"""Sixteenths of what there is."""
ODD: Final = 7
"""Added to what is no whole, so that tenths are rounded."""


@dataclass
class Lent:
    """A delegation."""

    target: bytes
    conviction: int
    coins: int

    @property
    def weight(self) -> int:
        return weigh(self.coins, self.conviction)


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
        return sum(amount for counts_from, amount in self.enrolled if counts_from <= now)

    @property
    def coins(self) -> int:
        return sum(amount for _, amount in self.enrolled)


@dataclass
class ModelPoll:
    """A poll, and how it ended; approved is None if it was cancelled."""

    class_: int
    end: int | None = None
    approved: bool | None = None


def weigh(amount: int, conviction: int) -> int:
    return amount * conviction if conviction else amount // 10


def parts(vote: AccountVote) -> tuple[int, int, int]:
    """Votes for and against, and support, of the coins that a vote names itself."""
    if isinstance(vote, Standard):
        votes = weigh(vote.balance, vote.vote.conviction)
        return (votes, 0, vote.balance) if vote.vote.aye else (0, votes, 0)
    if isinstance(vote, Split):
        return vote.aye // 10, vote.nay // 10, vote.aye
    assert isinstance(vote, SplitAbstain)
    return vote.aye // 10, vote.nay // 10, vote.aye + vote.abstain


class Votes(RuleBasedStateMachine):
    """A chain and a model that are told the same."""

    chain: PollChain

    @initialize()
    def begin(self) -> None:
        self.chain = PollChain(
            dict.fromkeys(VOTERS, RICH), dict.fromkeys(VOTERS[:4], 100 * COIN), lock=LOCK, season=SEASON
        )
        self.model = {who: Voter(enrolled=[(0, 100 * COIN)] if who in VOTERS[:4] else []) for who in VOTERS}
        self.polls: dict[int, ModelPoll] = {}
        """By number."""
        self.done: Counter[str] = Counter()
        for class_ in (0, 0, 1):
            self.open(class_)

    @property
    def now(self) -> int:
        return self.chain.number

    def call(self, who: bytes, call: Call, refusal: type[DispatchError] | None) -> bool:
        """Make a call, and see that it ends exactly as the model says."""
        found: type[DispatchError] | None = None
        try:
            self.chain.by(who, call)
        except DispatchError as error:
            found = type(error)
        assert found is refusal, f"{call} by 0x{who.hex()}"
        self.done[call.info.name if refusal is None else refusal.__name__] += 1
        return refusal is None

    def some_poll(self, pick: int) -> int:
        """A poll: mostly one that goes on."""
        going_on = [poll for poll, known in self.polls.items() if known.end is None]
        among = going_on if going_on and pick % 8 else [*self.polls, len(self.polls)]
        return among[pick // 8 % len(among)]

    def share(self, who: bytes, share: int) -> int:
        counting = self.model[who].counting(self.now)
        return counting * share // 16 + (ODD if share % 16 else 0)

    def free_at(self, vote: AccountVote, poll: ModelPoll) -> int | None:
        """The first block in which a vote binds nothing; None while its poll goes on."""
        if poll.end is None or poll.approved is None:
            return None if poll.end is None else 0
        if isinstance(vote, Standard) and vote.vote.aye == poll.approved:
            return poll.end + PERIODS[vote.vote.conviction] * LOCK
        return poll.end

    # Polls.

    @precondition(lambda self: len(self.polls) < POLLS_MAX)
    @rule(class_=classes)
    def open(self, class_: int) -> None:
        self.polls[self.chain.open(class_)] = ModelPoll(class_)

    @rule(pick=picks, approved=st.sampled_from([True, False, True, False, None]))
    def end(self, pick: int, approved: bool | None) -> None:
        poll = self.some_poll(pick)
        if poll not in self.polls or self.polls[poll].end is not None:
            return
        if approved is None:
            self.chain.root(self.chain.ballots.cancel.call(poll))
        else:
            self.chain.close(poll, approved)
        self.polls[poll].end, self.polls[poll].approved = self.now, approved

    @rule(blocks=st.sampled_from([1, 1, 2, SEASON, 5, 9, 65]))
    def wait(self, blocks: int) -> None:
        self.chain.next_block(blocks)

    # The roll.

    @rule(who=voters, share=shares)
    def enroll(self, who: bytes, share: int) -> None:
        voter, counts_from, amount = self.model[who], self.now + SEASON, share * COIN
        refusal: type[DispatchError] | None = None if amount else t.NothingToEnroll
        if amount > self.chain.coins.reducible_balance(who, keep_alive=True):
            return
        if self.call(who, self.chain.voting.enroll.call(amount), refusal):
            voter.enrolled.append((counts_from, amount))

    @rule(who=voters, share=shares)
    def withdraw(self, who: bytes, share: int) -> None:
        voter = self.model[who]
        amount = voter.coins * share // 16
        locked = self.chain.voting.locked_of(who)
        refusal: type[DispatchError] | None = None
        if amount > voter.coins:
            refusal = t.NotEnrolled
        elif voter.coins - amount < locked:
            refusal = t.StillLocked
        if self.call(who, self.chain.voting.withdraw.call(amount), refusal):
            while amount:
                counts_from, youngest = voter.enrolled.pop()
                if youngest > amount:
                    voter.enrolled.append((counts_from, youngest - amount))
                amount = max(0, amount - youngest)

    @rule(who=voters, to=voters)
    def give_all(self, who: bytes, to: bytes) -> None:
        """Whatever else an account does with its coins, those that are enrolled stay."""
        self.chain.by(who, self.chain.coins.transfer_all.call(Address(to), False))

    # Votes.

    @rule(who=voters, pick=picks, aye=st.booleans(), conviction=convictions, share=shares)
    def vote(self, who: bytes, pick: int, aye: bool, conviction: Conviction, share: int) -> None:
        self.cast(who, self.some_poll(pick), Standard(Vote(aye, conviction), self.share(who, share)))

    @rule(who=voters, pick=picks, ayes=shares, nays=shares)
    def split(self, who: bytes, pick: int, ayes: int, nays: int) -> None:
        self.cast(who, self.some_poll(pick), Split(self.share(who, ayes // 2), self.share(who, nays // 2)))

    @rule(who=voters, pick=picks, ayes=shares, nays=shares, abstains=shares)
    def split_abstain(self, who: bytes, pick: int, ayes: int, nays: int, abstains: int) -> None:
        thirds = (self.share(who, share // 3) for share in (ayes, nays, abstains))
        self.cast(who, self.some_poll(pick), SplitAbstain(*thirds))

    def cast(self, who: bytes, poll: int, vote: AccountVote) -> None:
        voter = self.model[who]
        refusal: type[DispatchError] | None = None
        if poll not in self.polls or self.polls[poll].end is not None:
            refusal = t.NotOngoing
        elif vote.coins > voter.counting(self.now):
            refusal = t.InsufficientFunds
        if self.call(who, self.chain.voting.vote.call(poll, vote), refusal):
            self.note(who, poll, vote)
            voter.votes[poll] = vote

    def note(self, who: bytes, poll: int, vote: AccountVote) -> None:
        """Count what kind of vote it is."""
        voter, class_ = self.model[who], self.polls[poll].class_
        if poll in voter.votes:
            self.done["changed"] += 1
        if any(class_ in other.lent and other.lent[class_].target == who for other in self.model.values()):
            self.done[f"{type(vote).__name__} with followers"] += 1
        if class_ in voter.lent:
            is_heard = poll in self.model[voter.lent[class_].target].votes
            self.done["override" if is_heard else "override of silence"] += 1

    def some_vote(self, who: bytes, pick: int) -> int:
        """A poll: mostly one on which the account voted."""
        votes = sorted(self.model[who].votes)
        return votes[pick // 8 % len(votes)] if votes and pick % 8 else self.some_poll(pick)

    @rule(who=voters, pick=picks, named=st.booleans())
    def remove(self, who: bytes, pick: int, named: bool) -> None:
        poll = self.some_vote(who, pick)
        known = self.polls.get(poll)
        class_ = known.class_ if known is not None else 0
        refusal: type[DispatchError] | None = None
        if not named and (known is None or known.end is not None):
            refusal = t.ClassNeeded
        elif poll not in self.model[who].votes:
            refusal = t.NotVoter
        call = self.chain.voting.remove_vote.call(class_ if named else None, poll)
        if self.call(who, call, refusal):
            self.removed(who, poll)

    @rule(who=voters, by=voters, pick=picks)
    def remove_of_other(self, who: bytes, by: bytes, pick: int) -> None:
        poll, votes = self.some_vote(who, pick), self.model[who].votes
        known = self.polls.get(poll)
        refusal: type[DispatchError] | None = None
        if known is None or poll not in votes:
            refusal = t.NotVoter
        elif who != by:
            free_at = self.free_at(votes[poll], known)
            if free_at is None:
                refusal = t.NoPermission
            elif self.now < free_at:
                refusal = t.NoPermissionYet
        class_ = known.class_ if known is not None else 0
        call = self.chain.voting.remove_other_vote.call(Address(who), class_, poll)
        if self.call(by, call, refusal):
            self.removed(who, poll)

    def removed(self, who: bytes, poll: int) -> None:
        vote = self.model[who].votes.pop(poll)
        free_at = self.free_at(vote, self.polls[poll])
        if free_at is not None:
            self.done["removed early"] += free_at > self.now
            self.model[who].owed.append((free_at, vote.coins))

    @rule(who=voters, to=voters, class_=st.sampled_from([0, 0, 1, 7]), conviction=convictions, share=shares)
    def delegate(self, who: bytes, to: bytes, class_: int, conviction: Conviction, share: int) -> None:
        voter, amount = self.model[who], self.share(who, share)
        refusal: type[DispatchError] | None = None
        if who == to:
            refusal = t.Nonsense
        elif class_ == 7:
            refusal = t.BadClass
        elif class_ in voter.lent:
            refusal = t.AlreadyDelegating
        elif amount > voter.counting(self.now):
            refusal = t.InsufficientFunds
        call = self.chain.voting.delegate.call(class_, Address(to), conviction, amount)
        if self.call(who, call, refusal):
            self.done["delegate with votes"] += any(self.polls[poll].class_ == class_ for poll in voter.votes)
            voter.lent[class_] = Lent(to, conviction, amount)

    @rule(who=voters, class_=classes)
    def undelegate(self, who: bytes, class_: int) -> None:
        voter = self.model[who]
        refusal = None if class_ in voter.lent else t.NotDelegating
        if self.call(who, self.chain.voting.undelegate.call(class_), refusal):
            lent = voter.lent.pop(class_)
            voter.owed.append((self.now + PERIODS[lent.conviction] * LOCK, lent.coins))

    @rule(who=voters, by=voters, class_=classes)
    def unlock(self, who: bytes, by: bytes, class_: int) -> None:
        self.call(by, self.chain.voting.unlock.call(class_, Address(who)), None)

    # What holds.

    def tally(self, poll: int) -> Tally:
        """The recount: each coin by itself, with whom it is."""
        class_, ayes, nays, support = self.polls[poll].class_, 0, 0, 0
        for who, voter in self.model.items():
            if poll not in voter.votes:
                continue
            vote = voter.votes[poll]
            more = parts(vote)
            ayes, nays, support = ayes + more[0], nays + more[1], support + more[2]
            for other in self.model.values():
                lent = other.lent.get(class_)
                if lent is None or lent.target != who or poll in other.votes:
                    continue
                if isinstance(vote, Standard) and vote.vote.aye:
                    ayes, support = ayes + lent.weight, support + lent.coins
                elif isinstance(vote, Standard):
                    nays += lent.weight
        return Tally(ayes, nays, support)

    @invariant()
    def tallies_are_what_a_recount_says(self) -> None:
        self.chain.try_state()
        going_on = {poll for poll, known in self.polls.items() if known.end is None}
        assert dict(self.chain.ballots.going_on.items()).keys() == going_on
        for poll in going_on:
            assert self.chain.tally(poll) == self.tally(poll), f"poll {poll}"

    @invariant()
    def nobody_votes_with_more_than_stands_still(self) -> None:
        counting = {who: voter.counting(self.now) for who, voter in self.model.items()}
        for who, voter in self.model.items():
            assert self.chain.enrolled(who) == voter.coins
            assert self.chain.voting.counting_of(who) == counting[who]
            for vote in voter.votes.values():
                assert vote.coins <= counting[who]
            for lent in voter.lent.values():
                assert lent.coins <= counting[who]
        for poll, known in self.polls.items():
            if known.end is None:
                tally, most = self.chain.tally(poll), sum(counting.values())
                assert tally.support <= most and tally.ayes + tally.nays <= 6 * most

    @invariant()
    def no_coin_unlocks_early(self) -> None:
        for who, voter in self.model.items():
            bound = [lent.coins for lent in voter.lent.values()]
            bound += [amount for until, amount in voter.owed if self.now < until]
            for poll, vote in voter.votes.items():
                free_at = self.free_at(vote, self.polls[poll])
                if free_at is None or self.now < free_at:
                    bound.append(vote.coins)
            needed = max(bound, default=0)
            assert self.chain.voting.locked_of(who) >= needed
            assert self.chain.enrolled(who) >= needed
            assert self.chain.voting.enrollment_of(who).needed >= needed

    @invariant()
    def locks_say_when_they_end(self) -> None:
        for who, voter in self.model.items():
            told = {
                lock.reason.poll: (lock.coins, lock.until)
                for lock in self.chain.voting.locks_of(who)
                if isinstance(lock.reason, OwnVote)
            }
            for poll, vote in voter.votes.items():
                known = self.polls[poll]
                free_at = self.free_at(vote, known)
                if known.end is not None and known.approved is None:
                    free_at = self.now
                assert told.pop(poll) == (vote.coins, free_at)
            assert not told

    def teardown(self) -> None:
        """When all polls have ended and all locks have passed, every coin comes back, and nothing is kept."""
        if not hasattr(self, "chain"):
            return
        for poll, known in self.polls.items():
            if known.end is None:
                self.chain.close(poll, poll % 2 == 0)
                known.end, known.approved = self.now, poll % 2 == 0
        for who, voter in self.model.items():
            for class_ in tuple(voter.lent):
                self.call(who, self.chain.voting.undelegate.call(class_), None)
        self.chain.next_block(PERIODS[-1] * LOCK)
        voting, anybody = self.chain.voting, VOTERS[0]
        for who, voter in self.model.items():
            for poll in tuple(voter.votes):
                call = voting.remove_other_vote.call(Address(who), self.polls[poll].class_, poll)
                self.call(anybody, call, None)
            for class_ in (0, 1):
                self.call(anybody, voting.unlock.call(class_, Address(who)), None)
            if voter.coins:
                self.call(who, voting.withdraw.call(voter.coins), None)
            assert self.chain.enrolled(who) == 0
        for kept in (voting.voting_for, voting.class_locks_for, voting.enrollments, voting.retracted):
            assert list(kept.keys()) == []
        self.chain.try_state()
        self.chain.next_block()


TestVotes = Votes.TestCase
TestVotes.settings = settings(
    max_examples=30,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


STEPS: Final = (
    *("vote", "vote", "vote", "split", "split_abstain", "remove", "remove_of_other", "delegate", "delegate"),
    *("undelegate", "unlock", "unlock", "wait", "end", "open", "enroll", "withdraw", "give_all"),
)
INVARIANTS: Final = (
    "tallies_are_what_a_recount_says",
    "nobody_votes_with_more_than_stands_still",
    "no_coin_unlocks_early",
    "locks_say_when_they_end",
)


DRAWN: Final[dict[str, Sequence[Any]]] = {
    **dict.fromkeys(("who", "by"), VOTERS),
    **dict.fromkeys(("share", "ayes", "nays", "abstains"), (0, 1, 5, 8, 13, 16, 17)),
    "to": VOTERS[:2],
    "class_": (0, 0, 1),
    "conviction": tuple(Conviction),
    "pick": range(2**16),
    "blocks": (1, 1, 2, 5, 65),
    "aye": (True, False),
    "named": (True, True, True, False),
    "approved": (True, True, False, False, None),
}


def walk(seed: int, steps: int) -> Counter[str]:
    """The same machine on an even walk, so that long stories come about; what was done on it."""
    random, machine = Random(seed), Votes()
    machine.begin()
    for _ in range(steps):
        name = random.choice(STEPS)
        if name != "open" or len(machine.polls) < POLLS_MAX:
            step = getattr(machine, name)
            step(**{each: random.choice(DRAWN[each]) for each in signature(step).parameters})
        for each in INVARIANTS:
            getattr(machine, each)()
    machine.teardown()
    return machine.done


def test_the_walk_goes_everywhere() -> None:
    done: Counter[str] = Counter()
    for seed in range(8):
        done += walk(seed, 400)
    wanted = ["vote", "changed", "delegate", "undelegate", "remove_vote", "remove_other_vote", "withdraw"]
    wanted += ["override", "override of silence", "delegate with votes", "removed early", "enroll", "unlock"]
    wanted += [f"{kind} with followers" for kind in ("Standard", "Split", "SplitAbstain")]
    wanted += ["NotOngoing", "NotVoter", "NoPermission", "NoPermissionYet", "ClassNeeded", "Nonsense"]
    wanted += ["AlreadyDelegating", "NotDelegating", "InsufficientFunds", "NothingToEnroll", "NotEnrolled"]
    wanted += ["StillLocked"]
    assert [name for name in wanted if not done[name]] == []
