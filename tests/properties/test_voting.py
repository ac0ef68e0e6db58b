"""Whatever voters do, beside a model that keeps no sums: every tally is what a recount says, no coin unlocks
early, none is stuck for ever, and nobody votes with more than stands still.

The model knows neither what is delegated to whom, nor what is retracted, nor a joined lock; and it foresees
every refusal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
from runtime.types.account import Address
from support.polls import COIN, PollChain
from support.voting_model import PERIODS, Lent, Model, ModelPoll, Voter

VOTERS: Final = tuple(bytes([number]) * 32 for number in range(1, 6))
RICH: Final = 1_000 * COIN
LOCK: Final = 2
SEASON: Final = 3
POLLS_MAX: Final = 8
NO_CLASS: Final = 7
ODD: Final = 7
"""Added to what is no whole, so that tenths are rounded."""

voters = st.sampled_from(VOTERS)
classes = st.integers(0, 1)
convictions = st.sampled_from(Conviction)
picks = st.integers(0, 2**16)
"""Which of some; taken modulo how many there are."""
shares = st.sampled_from([0, 1, 3, 5, 8, 13, 16, 16, 16, 17])
"""Sixteenths of what there is."""
Refusal = type[DispatchError] | None


class Votes(RuleBasedStateMachine):
    """A chain and a model that are told the same."""

    chain: PollChain

    @initialize()
    def begin(self) -> None:
        enrolled = dict.fromkeys(VOTERS[:4], 100 * COIN)
        self.chain = PollChain(dict.fromkeys(VOTERS, RICH), enrolled, lock=LOCK, season=SEASON)
        self.model = Model(
            LOCK, {who: Voter(enrolled=[(0, enrolled[who])] if who in enrolled else []) for who in VOTERS}
        )
        self.done: Counter[str] = Counter()
        for class_ in (0, 0, 1):
            self.open(class_)

    @property
    def now(self) -> int:
        return self.chain.number

    def call(self, who: bytes, call: Call, refusal: Refusal = None) -> bool:
        """Make a call, and see that it ends exactly as the model says."""
        found: Refusal = None
        try:
            self.chain.by(who, call)
        except DispatchError as error:
            found = type(error)
        assert found is refusal, f"{call} by 0x{who.hex()}"
        self.done[call.info.name if refusal is None else refusal.__name__] += 1
        return refusal is None

    def some_poll(self, pick: int) -> int:
        """A poll: mostly one that goes on, seldom one that never was."""
        going_on = self.model.going_on
        among = going_on if going_on and pick % 8 else [*self.model.polls, len(self.model.polls)]
        return among[pick // 8 % len(among)]

    def some_vote(self, who: bytes, pick: int) -> int:
        """A poll: mostly one on which the account voted."""
        votes = sorted(self.model.voters[who].votes)
        return votes[pick // 8 % len(votes)] if votes and pick % 8 else self.some_poll(pick)

    def share(self, who: bytes, share: int) -> int:
        """So many sixteenths of the coins that count."""
        counting = self.model.voters[who].counting(self.now)
        return counting * share // 16 + (ODD if share % 16 else 0)

    # Polls.

    @precondition(lambda self: len(self.model.polls) < POLLS_MAX)
    @rule(class_=classes)
    def open(self, class_: int) -> None:
        self.model.polls[self.chain.open(class_)] = ModelPoll(class_)

    @rule(pick=picks, approved=st.sampled_from([True, False, True, False, None]))
    def end(self, pick: int, approved: bool | None) -> None:
        number = self.some_poll(pick)
        if number not in self.model.going_on:
            return
        if approved is None:
            self.chain.root(self.chain.ballots.cancel.call(number))
        else:
            self.chain.close(number, approved)
        poll = self.model.polls[number]
        poll.end, poll.approved = self.now, approved

    @rule(blocks=st.sampled_from([1, 1, 2, SEASON, 5, 9, 65]))
    def wait(self, blocks: int) -> None:
        self.chain.next_block(blocks)

    # The roll.

    @rule(who=voters, share=shares)
    def enroll(self, who: bytes, share: int) -> None:
        amount = share * COIN
        if amount > self.chain.coins.reducible_balance(who, keep_alive=True):
            return
        if self.call(who, self.chain.voting.enroll.call(amount), None if amount else t.NothingToEnroll):
            self.model.voters[who].enrolled.append((self.now + SEASON, amount))

    @rule(who=voters, share=shares)
    def withdraw(self, who: bytes, share: int) -> None:
        voter = self.model.voters[who]
        amount = voter.coins * share // 16
        refusal: Refusal = None
        if amount > voter.coins:
            refusal = t.NotEnrolled
        elif voter.coins - amount < self.chain.voting.locked_of(who):
            refusal = t.StillLocked
        if self.call(who, self.chain.voting.withdraw.call(amount), refusal):
            voter.withdraw(amount)

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

    def cast(self, who: bytes, number: int, vote: AccountVote) -> None:
        refusal: Refusal = None
        if number not in self.model.going_on:
            refusal = t.NotOngoing
        elif vote.coins > self.model.voters[who].counting(self.now):
            refusal = t.InsufficientFunds
        if self.call(who, self.chain.voting.vote.call(number, vote), refusal):
            self.note(who, number, vote)
            self.model.voters[who].votes[number] = vote

    def note(self, who: bytes, number: int, vote: AccountVote) -> None:
        """Count what kind of vote it is."""
        everybody, class_ = self.model.voters, self.model.polls[number].class_
        lent = everybody[who].lent.get(class_)
        self.done["changed"] += number in everybody[who].votes
        if any(class_ in each.lent and each.lent[class_].target == who for each in everybody.values()):
            self.done[f"{type(vote).__name__} with followers"] += 1
        if lent is not None:
            is_heard = number in everybody[lent.target].votes
            self.done["override" if is_heard else "override of silence"] += 1

    @rule(who=voters, pick=picks, named=st.booleans())
    def remove(self, who: bytes, pick: int, named: bool) -> None:
        number = self.some_vote(who, pick)
        class_ = self.model.polls[number].class_ if number in self.model.polls else 0
        refusal: Refusal = None
        if not named and number not in self.model.going_on:
            refusal = t.ClassNeeded
        elif number not in self.model.voters[who].votes:
            refusal = t.NotVoter
        if self.call(who, self.chain.voting.remove_vote.call(class_ if named else None, number), refusal):
            self.removed(who, number)

    @rule(who=voters, by=voters, pick=picks)
    def remove_of_other(self, who: bytes, by: bytes, pick: int) -> None:
        number, votes = self.some_vote(who, pick), self.model.voters[who].votes
        class_ = self.model.polls[number].class_ if number in self.model.polls else 0
        refusal: Refusal = None
        if number not in votes:
            refusal = t.NotVoter
        elif who != by:
            free_at = self.model.free_at(votes[number], number)
            if free_at is None:
                refusal = t.NoPermission
            elif self.now < free_at:
                refusal = t.NoPermissionYet
        call = self.chain.voting.remove_other_vote.call(Address(who), class_, number)
        if self.call(by, call, refusal):
            self.removed(who, number)

    def removed(self, who: bytes, number: int) -> None:
        vote = self.model.voters[who].votes.pop(number)
        free_at = self.model.free_at(vote, number)
        if free_at is not None:
            self.done["removed early"] += free_at > self.now
            self.model.voters[who].owed.append((free_at, vote.coins))

    @rule(
        who=voters,
        to=voters,
        class_=st.sampled_from([0, 0, 1, NO_CLASS]),
        conviction=convictions,
        share=shares,
    )
    def delegate(self, who: bytes, to: bytes, class_: int, conviction: Conviction, share: int) -> None:
        voter, amount = self.model.voters[who], self.share(who, share)
        refusal: Refusal = None
        if who == to:
            refusal = t.Nonsense
        elif class_ == NO_CLASS:
            refusal = t.BadClass
        elif class_ in voter.lent:
            refusal = t.AlreadyDelegating
        elif amount > voter.counting(self.now):
            refusal = t.InsufficientFunds
        call = self.chain.voting.delegate.call(class_, Address(to), conviction, amount)
        if self.call(who, call, refusal):
            in_class = [number for number in voter.votes if self.model.polls[number].class_ == class_]
            self.done["delegate with votes"] += bool(in_class)
            voter.lent[class_] = Lent(to, conviction, amount)

    @rule(who=voters, class_=classes)
    def undelegate(self, who: bytes, class_: int) -> None:
        voter = self.model.voters[who]
        refusal = None if class_ in voter.lent else t.NotDelegating
        if self.call(who, self.chain.voting.undelegate.call(class_), refusal):
            lent = voter.lent.pop(class_)
            voter.owed.append((self.now + PERIODS[lent.conviction] * LOCK, lent.coins))

    @rule(who=voters, by=voters, class_=classes)
    def unlock(self, who: bytes, by: bytes, class_: int) -> None:
        self.call(by, self.chain.voting.unlock.call(class_, Address(who)))

    # What holds.

    @invariant()
    def tallies_are_what_a_recount_says(self) -> None:
        self.chain.try_state()
        assert sorted(self.chain.ballots.going_on.keys()) == self.model.going_on
        for number in self.model.going_on:
            assert self.chain.tally(number) == self.model.tally(number), f"poll {number}"

    @invariant()
    def nobody_votes_with_more_than_stands_still(self) -> None:
        most = 0
        for who, voter in self.model.voters.items():
            counting = voter.counting(self.now)
            assert self.chain.enrolled(who) == voter.coins
            assert self.chain.voting.counting_of(who) == counting
            assert all(vote.coins <= counting for vote in voter.votes.values())
            assert all(lent.coins <= counting for lent in voter.lent.values())
            most += counting
        for number in self.model.going_on:
            tally = self.chain.tally(number)
            assert tally.support <= most and tally.ayes + tally.nays <= 6 * most

    @invariant()
    def no_coin_unlocks_early(self) -> None:
        for who in VOTERS:
            needed = self.model.bound(who, self.now)
            assert self.chain.enrolled(who) >= self.chain.voting.locked_of(who) >= needed
            assert self.chain.voting.enrollment_of(who).needed >= needed

    @invariant()
    def locks_say_when_they_end(self) -> None:
        for who, voter in self.model.voters.items():
            told = {
                lock.reason.poll: (lock.coins, lock.until)
                for lock in self.chain.voting.locks_of(who)
                if isinstance(lock.reason, OwnVote)
            }
            assert told == {
                number: (vote.coins, self.told_end(vote, number)) for number, vote in voter.votes.items()
            }

    def told_end(self, vote: AccountVote, number: int) -> int | None:
        """What was cancelled has no end that is kept: its votes bind nothing now."""
        poll = self.model.polls[number]
        is_cancelled = poll.end is not None and poll.approved is None
        return self.now if is_cancelled else self.model.free_at(vote, number)

    def teardown(self) -> None:
        """When all polls have ended and all locks have passed, every coin comes back, and nothing is kept."""
        if not hasattr(self, "chain"):
            return
        for number in self.model.going_on:
            self.chain.close(number, number % 2 == 0)
        voting, anybody = self.chain.voting, VOTERS[0]
        for who, voter in self.model.voters.items():
            for class_ in voter.lent:
                self.call(who, voting.undelegate.call(class_))
        self.chain.next_block(PERIODS[-1] * LOCK)
        for who, voter in self.model.voters.items():
            for number in voter.votes:
                class_ = self.model.polls[number].class_
                self.call(anybody, voting.remove_other_vote.call(Address(who), class_, number))
            for class_ in (0, 1):
                self.call(anybody, voting.unlock.call(class_, Address(who)))
            self.call(who, voting.withdraw.call(voter.coins))
            assert self.chain.enrolled(who) == 0
        for kept in (voting.voting_for, voting.class_locks_for, voting.enrollments, voting.retracted):
            assert list(kept.keys()) == []
        self.chain.next_block()


TestVotes = Votes.TestCase
TestVotes.settings = settings(
    max_examples=40,
    stateful_step_count=50,
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
        if name != "open" or len(machine.model.polls) < POLLS_MAX:
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
