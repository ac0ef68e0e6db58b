"""What Rewards stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.scale import U32, U64, Doc, Struct
from runtime.types import AccountId, Balance, BlockNumber


class Config(Struct):
    """Constants of the chain."""

    pools: Annotated[AccountId | None, Doc("Who gets the share of the pools; none: the reserve.")] = None
    treasury: Annotated[AccountId | None, Doc("Who gets that of the treasury; none: the reserve.")] = None


class Genesis(Struct):
    """Nothing to say: the account of the fees is checked to exist."""


class Books(Struct):
    """What became of all fees; the sums since genesis."""

    collected: Annotated[Balance, Doc("Fees that came into the pot, and were booked.")] = 0
    paid: Annotated[Balance, Doc("Those that left it.")] = 0
    owed: Annotated[Balance, Doc("Those in it that are promised to providers and validators.")] = 0


class Round(Struct):
    """The round that is open: those who deliver in it share its pool by what they deliver."""

    number: Annotated[U32, Doc("Counted from 0.")] = 0
    ends_at: Annotated[BlockNumber, Doc("The block at whose start it ends.")] = 0
    pool: Annotated[Balance, Doc("The providers' share of the fees since it began.")] = 0
    delivered: Annotated[Balance, Doc("SCU-h delivered since then, by all providers.")] = 0


class Ended(Struct):
    """A round that has ended, as long as somebody has not got his part of it."""

    pool: Annotated[Balance, Doc("What was shared.")]
    delivered: Annotated[Balance, Doc("By how much delivered.")]
    left: Annotated[Balance, Doc("What of the pool is not paid yet.")]
    waiting: Annotated[Balance, Doc("What was delivered by those who are not paid yet.")]


class Part(Struct):
    """What one provider delivered in its last round."""

    round: U32
    delivered: Balance


class RewardsEvent(Event):
    """What Rewards tells the world."""


class SharedOut(RewardsEvent, index=0):
    """Fees were shared out."""

    providers: Balance
    validators: Balance
    pools: Balance
    treasury: Balance
    reserve: Balance


class RoundEnded(RewardsEvent, index=1):
    """A round has ended; what was delivered in it shares the pool, or the reserve has it if nothing was."""

    round: U32
    pool: Balance
    delivered: Balance


class ProviderPaid(RewardsEvent, index=2):
    """A provider, or the reserve if it is banned, got its part of a round; what its bond lacked of that went
    into the bond.
    """

    who: AccountId
    round: U32
    amount: Balance
    bonded: Balance


class ValidatorPaid(RewardsEvent, index=3):
    """A validator got its part of an epoch; what its provider's bond lacked of that went into the bond."""

    who: AccountId
    epoch: U64
    amount: Balance
    bonded: Balance


class RewardsError(Error):
    """Why Rewards refuses."""


class NothingToClaim(RewardsError, index=0):
    """The provider has delivered nothing that is not paid."""


class RoundOpen(RewardsError, index=1):
    """The round in which the provider delivered has not ended: claim after it."""


class NoPot(RewardsError, index=2):
    """The account of the fees needs the existential deposit in the genesis."""
