"""The electoral roll: coins that stand still for a week before they count, and move again when nothing needs
them.

A coin cannot be told from another, so its age is proven by standing still: on hold. A freeze would not do:
coins on hold count towards it, so those that are redeemed or slashed would leave from under it.
"""

from __future__ import annotations

from typing import Final

from governance.conviction import BLOCK_MAX
from governance.voting import types as t
from runtime.frame import Exhausted, Pallet, Signed, StorageMap, Twox64Concat, call, constant, hookimpl
from runtime.frame.governance import Polls
from runtime.frame.interfaces import Currency
from runtime.scale import Compact
from runtime.types import AccountId, Balance, BlockNumber, db

ENROLLED: Final = t.EnrolledCoins()
HOLD: Final = db(reads=2, writes=2, compute=100_000_000)
"""Coins put on hold, or released."""


class Roll(Pallet[t.VotingEvent, t.VotingError]):
    """Who may vote, with how many coins, and how many of them are locked."""

    hold_reason = t.HoldReason
    config: t.Config
    coin: Currency
    polls: Polls

    enrollments = StorageMap[AccountId, t.Enrollment](
        default=t.NOT_ENROLLED, doc="Coins that may vote, or will, by account."
    )
    class_locks_for = StorageMap[AccountId, t.ClassLocks](
        default=(),
        hasher=Twox64Concat,
        doc="How many coins are locked in each class where any are. The same coins may be locked in several.",
    )

    @constant
    def vote_locking_period(self) -> BlockNumber:
        """The minimum period of vote locking, in blocks: that of conviction 1."""
        return min(BLOCK_MAX, self.config.vote_locking_hours * self.config.blocks_per_hour)

    @constant
    def seasoning_period(self) -> BlockNumber:
        """How old an enrollment is when it begins to count, in blocks."""
        return min(BLOCK_MAX, self.config.seasoning_hours * self.config.blocks_per_hour)

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        for who, amount in genesis.enrolled:
            if not amount:
                raise t.NothingToEnroll
            self.coin.hold(ENROLLED, who, amount)
            self.enrollments[who] = t.Enrollment(self.enrollments[who].counting + amount)

    @call(index=6, weight=HOLD + db(reads=1, writes=1))
    def enroll(self, origin: Signed, amount: Compact[Balance]) -> None:
        """Put coins on hold, so that they may vote when they have stood still for the seasoning period."""
        who, now = origin.who, self.host.number
        if not amount:
            raise t.NothingToEnroll
        mine = self.enrollments[who].at(now)
        counts_from = min(BLOCK_MAX, now + self.seasoning_period())
        before = sum(each.amount for each in mine.seasoning if each.counts_from == counts_from)
        others = tuple(each for each in mine.seasoning if each.counts_from != counts_from)
        if len(others) >= t.SEASONING_MAX:
            raise t.TooManyEnrollments
        self.coin.hold(ENROLLED, who, amount)
        grown = mine.replace(seasoning=(*others, t.Seasoning(before + amount, counts_from)))
        self.enrollments[who] = grown.at(now)
        self.emit(t.Enrolled(who, amount, counts_from))

    @call(index=7, weight=HOLD + db(reads=2, writes=1))
    def withdraw(self, origin: Signed, amount: Compact[Balance]) -> None:
        """Release coins that no vote, delegation or lock needs; the youngest go first."""
        who = origin.who
        mine = self.enrollments[who].at(self.host.number)
        if amount > mine.coins:
            raise t.NotEnrolled
        if mine.coins - amount < self.locked_of(who):
            raise t.StillLocked
        self.coin.release(ENROLLED, who, amount)
        left = _without_youngest(mine, amount)
        if left == t.NOT_ENROLLED:
            self.enrollments.discard(who)
        else:
            self.enrollments[who] = left
        self.emit(t.Withdrawn(who, amount))

    def counting_of(self, who: AccountId) -> Balance:
        """How many coins of the account may vote now."""
        return self.enrollments[who].at(self.host.number).counting

    def locked_of(self, who: AccountId) -> Balance:
        """How many coins of the account may not be withdrawn: the most that a class locks."""
        return max((amount for _, amount in self.class_locks_for[who]), default=0)

    def _lock(self, who: AccountId, class_: int, amount: Balance, *, lower: bool = False) -> None:
        """Lock so many coins in a class, if not more are locked there already; with `lower`, in any case."""
        locks = self.class_locks_for[who]
        before = next((coins for each, coins in locks if each == class_), 0)
        if amount == before or (amount < before and not lower):
            return
        others = tuple(each for each in locks if each[0] != class_)
        if len(others) >= t.CLASSES_MAX:
            raise Exhausted
        locks = (*others, (class_, amount)) if amount else others
        if locks:
            self.class_locks_for[who] = locks
        else:
            self.class_locks_for.discard(who)


def _without_youngest(mine: t.Enrollment, amount: Balance) -> t.Enrollment:
    """What is left of an enrollment without so many coins, that count last."""
    counting, seasoning = mine.counting, list(mine.seasoning)
    while amount and seasoning:
        youngest = seasoning.pop()
        taken = min(amount, youngest.amount)
        amount -= taken
        if taken < youngest.amount:
            seasoning.append(youngest.replace(amount=youngest.amount - taken))
    return t.Enrollment(counting - amount, tuple(seasoning))
