"""What ConvictionVoting stores beside the votes, tells and refuses; Substrate's names and numbers where it
has the same.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from governance.voting.votes import AccountVote
from runtime.frame import Error, Event
from runtime.frame.governance import PollIndex, TrackId
from runtime.scale import U32, Doc, Enum, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber

SEASONING_MAX: Final = 16
"""The most enrollments of one account, in different blocks, that do not count yet."""
CLASSES_MAX: Final = 64
"""The most classes of votes."""
GENESIS_MAX: Final = 65_536
"""The most accounts that are enrolled at block zero."""


class Config(Struct):
    """Constants of the chain."""

    blocks_per_hour: Annotated[U32, Doc("How many blocks pass in an hour.")]
    vote_locking_hours: Annotated[U32, Doc("The lock of conviction 1, in hours; others are multiples.")]
    seasoning_hours: Annotated[U32, Doc("How old an enrollment is when it begins to count, in hours.")]


class Genesis(Struct):
    """Who may vote from the first block on."""

    enrolled: Annotated[tuple[tuple[AccountId, Balance], ...], Max(GENESIS_MAX)] = ()


class HoldReason(Enum):
    """Why ConvictionVoting holds coins."""


class EnrolledCoins(HoldReason, index=0):
    """They may vote, or will."""


class Seasoning(Struct):
    """Coins that will count."""

    amount: Balance
    counts_from: Annotated[BlockNumber, Doc("The first block in which they count.")]


class Enrollment(Struct):
    """The coins of an account that may vote."""

    counting: Annotated[Balance, Doc("Coins that are known to count.")] = 0
    seasoning: Annotated[
        tuple[Seasoning, ...], Max(SEASONING_MAX), Doc("Later ones, the oldest first; some may count by now.")
    ] = ()

    @property
    def coins(self) -> Balance:
        """All of them: what is on hold."""
        return self.counting + sum(each.amount for each in self.seasoning)

    def at(self, now: BlockNumber) -> Enrollment:
        """The same in block `now`: what is old enough counts."""
        ripe = sum(each.amount for each in self.seasoning if each.counts_from <= now)
        waiting = tuple(each for each in self.seasoning if each.counts_from > now)
        return Enrollment(self.counting + ripe, waiting)


NOT_ENROLLED: Final = Enrollment()
ClassLocks: TypeAlias = Annotated[tuple[tuple[TrackId, Balance], ...], Max(CLASSES_MAX)]
"""How many coins are locked, by class."""


class VotingEvent(Event, path="pallet_conviction_voting::pallet::Event"):
    """What ConvictionVoting tells the world."""


class Delegated(VotingEvent, index=0, unnamed=True):
    """An account has delegated its votes of a class to another: who, target, class."""

    who: AccountId
    target: AccountId
    class_: TrackId


class Undelegated(VotingEvent, index=1, unnamed=True):
    """An account has ended a delegation: who, class."""

    who: AccountId
    class_: TrackId


class Voted(VotingEvent, index=2):
    """An account has voted, or voted otherwise."""

    who: AccountId
    vote: AccountVote
    poll_index: PollIndex


class VoteRemoved(VotingEvent, index=3):
    """An account has taken back its vote on a referendum that goes on."""

    who: AccountId
    vote: AccountVote
    poll_index: PollIndex


class VoteUnlocked(VotingEvent, index=4):
    """The locks of an account in a class were looked at again; what is over was removed."""

    who: AccountId
    class_: TrackId


class Enrolled(VotingEvent, index=5):
    """Coins stand still from now on, and count from a block on."""

    who: AccountId
    amount: Balance
    counts_from: BlockNumber


class Withdrawn(VotingEvent, index=6):
    """Coins may move again, and count no more."""

    who: AccountId
    amount: Balance


class VotingError(Error):
    """Why ConvictionVoting refuses."""


class NotOngoing(VotingError, index=0):
    """The referendum cannot be voted on: it has ended, or never was."""


class NotVoter(VotingError, index=1):
    """The account has no vote on the referendum."""


class NoPermission(VotingError, index=2):
    """Nobody else may take back a vote on a referendum that goes on."""


class NoPermissionYet(VotingError, index=3):
    """Nobody else may remove a vote while it locks coins; later anybody may."""


class AlreadyDelegating(VotingError, index=4):
    """The account delegates in this class: undelegate first."""


class InsufficientFunds(VotingError, index=6):
    """The account has fewer coins that count: enroll more, and wait until they do."""


class NotDelegating(VotingError, index=7):
    """The account does not delegate in this class."""


class Nonsense(VotingError, index=8):
    """An account cannot delegate to itself."""


class MaxVotesReached(VotingError, index=9):
    """The account has all the votes that it may have in this class: remove those on referenda that ended."""


class ClassNeeded(VotingError, index=10):
    """The referendum goes on no more: name its class."""


class BadClass(VotingError, index=11):
    """There is no such class."""


class NothingToEnroll(VotingError, index=13):
    """No coins were named."""


class TooManyEnrollments(VotingError, index=14):
    """Too many enrollments of the account do not count yet: wait until the first does."""


class NotEnrolled(VotingError, index=15):
    """The account has fewer coins enrolled."""


class StillLocked(VotingError, index=16):
    """Votes, a delegation or a lock need these coins: remove and unlock first what is over."""
