"""What Staking stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.scale import U32, Doc, Enum, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber

CANDIDATES_MAX: Final = 1_024
"""The most accounts that stand for election at once."""
CHUNKS_MAX: Final = 32
"""In how many portions at most a stake is on its way out at once."""

Candidates: TypeAlias = Annotated[tuple[AccountId, ...], Max(CANDIDATES_MAX)]


class UnlockChunk(Struct):
    """Coins on their way out."""

    value: Balance
    until: BlockNumber


class Stake(Struct):
    """What an account has bonded; all of it is on hold, and can be taken."""

    active: Annotated[Balance, Doc("Coins that stand for election.")] = 0
    unlocking: Annotated[
        tuple[UnlockChunk, ...], Max(CHUNKS_MAX), Doc("Coins on their way out, the first to be free first.")
    ] = ()

    @property
    def total(self) -> int:
        """All that is on hold."""
        return self.active + sum(chunk.value for chunk in self.unlocking)


class Standing(Struct):
    """What is held against an account."""

    accused: Annotated[U32, Doc("Accusations that are not settled: no coin leaves meanwhile.")] = 0
    bans: Annotated[U32, Doc("Offences for which it may not validate any more.")] = 0


class GenesisStake(Struct):
    """A validator of the genesis, and what it bonds."""

    account: AccountId
    bond: Balance


class Genesis(Struct):
    """Who validates from the start."""

    minimum_bond: Annotated[Balance | None, Doc("As the parameter; its default when absent.")] = None
    validators: Annotated[tuple[GenesisStake, ...], Max(CANDIDATES_MAX)] = ()


class HoldReason(Enum):
    """Why Staking holds coins."""


class Staked(HoldReason, index=0, name="Staking"):
    """They are bonded, or on their way out."""


class StakingEvent(Event):
    """What Staking tells the world."""


class Bonded(StakingEvent, index=0):
    """An account has bonded this amount."""

    stash: AccountId
    amount: Balance


class Unbonded(StakingEvent, index=1):
    """An account has unbonded this amount; it is free from a block on."""

    stash: AccountId
    amount: Balance
    until: BlockNumber


class Withdrawn(StakingEvent, index=2):
    """Unbonded coins are free."""

    stash: AccountId
    amount: Balance


class Announced(StakingEvent, index=3):
    """An account stands for election as a validator."""

    stash: AccountId


class Chilled(StakingEvent, index=4):
    """An account stands for election no more."""

    stash: AccountId


class Slashed(StakingEvent, index=5):
    """Coins of a stake were taken."""

    staker: AccountId
    amount: Balance


class Banned(StakingEvent, index=6):
    """An account is accused: it validates no more, and none of its stake leaves."""

    stash: AccountId


class Pardoned(StakingEvent, index=7):
    """An accusation was withdrawn."""

    stash: AccountId


class StakingError(Error):
    """Why Staking refuses."""


class NotStash(StakingError, index=0):
    """The account has bonded nothing: bond first."""


class AlreadyBonded(StakingError, index=1):
    """The account has a bond already: add to it with bond_extra."""


class InsufficientBond(StakingError, index=2):
    """A validator's bond is at least the minimum: bond more, or chill before unbonding."""


class NothingToBond(StakingError, index=3):
    """The amount is zero."""


class BondTooSmall(StakingError, index=4):
    """Less is bonded than the amount."""


class NoMoreChunks(StakingError, index=5):
    """Too many portions are on their way out: withdraw those that are free, or wait."""


class NothingUnbonding(StakingError, index=6):
    """No coins of this account are on their way out."""


class StillUnbonding(StakingError, index=7):
    """The coins may not leave yet."""


class Accused(StakingError, index=8):
    """An accusation against the account is not settled: until then its coins stay."""


class NotProvider(StakingError, index=9):
    """Only a provider that is Active or Deficient may validate."""


class IsBanned(StakingError, index=10):
    """The account was proven to have broken the protocol, and may not validate any more."""


class AlreadyValidating(StakingError, index=11):
    """The account stands for election already."""


class NotValidating(StakingError, index=12):
    """The account does not stand for election."""


class TooManyValidators(StakingError, index=13):
    """As many accounts as possible stand for election."""
