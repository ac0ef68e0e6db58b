"""What Providers stores, tells and refuses."""

from __future__ import annotations

import enum
from typing import Annotated, Final, TypeAlias

from pallets.providers.mean import DAYS
from pallets.providers.peaks import PAGE
from runtime.frame import Error, Event
from runtime.frame.coin import (
    ANONYMOUS,
    OUTAGE_WINDOWS,
    ClassId,
    GroupId,
    ProviderState,
    Region,
    Tier,
    UnitId,
)
from runtime.scale import I128, U8, U16, U32, U64, U128, Doc, Enum, Fixed, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber

FAILURES_MAX: Final = 3
"""So many failed tickets in `FAILURE_HOURS` make a provider deficient."""
PROVIDERS_MAX: Final = 1_024
"""The most providers of a chain."""
UNITS_MAX: Final = 1_024
"""The most units of one provider."""
UNITS_PER_CALL_MAX: Final = 64
"""The most units that one call adds."""
CLASSES_MAX: Final = 16
"""The most classes that the units of one provider are of."""
SILENCE: Final = (1 << OUTAGE_WINDOWS + 1) - 1
"""The last windows of a history, all of which who is silent has missed."""
OFFERS_MAX: Final = 8
"""The most offers of its debt that one provider makes at a time."""
Roster: TypeAlias = Annotated[tuple[AccountId, ...], Max(PROVIDERS_MAX)]
Classes: TypeAlias = Annotated[tuple[ClassId, ...], Max(UNITS_PER_CALL_MAX)]
Days: TypeAlias = Annotated[tuple[Balance, ...], Max(DAYS)]
Page: TypeAlias = Annotated[tuple[I128, ...], Max(PAGE)]
Ordinal32: TypeAlias = Annotated[bytes, Fixed(4)]
"""A block number in big-endian order, so that keys sort as numbers do."""


class Config(Struct):
    """Constants of the chain."""

    deposit: Annotated[Balance, Doc("What a provider deposits when it registers.")]


class Domain(Struct):
    """What fails together for physical reasons."""

    region: Annotated[Region, Doc("Where the hardware stands; not 0.")]
    operator: Annotated[U32, Doc("Who runs the building.")]


class ClassUnits(Struct):
    """The units of one class that one provider has."""

    class_id: ClassId
    units: Annotated[U16, Doc("All of them.")]
    counted: Annotated[U16, Doc("Those that ended their probation.")]


class Provider(Struct):
    """One provider."""

    state: ProviderState
    tier: Annotated[Tier, Doc("How well the chain knows who answers for it.")]
    group: Annotated[GroupId, Doc("The operator group that it declares; counts from the tier Attested on.")]
    domain: Domain
    since: Annotated[BlockNumber, Doc("When the state began.")]
    clean_since: Annotated[BlockNumber, Doc("Since when it has had neither a fault nor a deficit.")]
    slot: Annotated[U16 | None, Doc("Its place among the greatest waits; none once it is banned and gone.")]
    bond: Annotated[Balance, Doc("b_i: coins put up, on hold.")] = 0
    classes: Annotated[
        tuple[ClassUnits, ...], Max(CLASSES_MAX), Doc("Its units by class, in the order of classes.")
    ] = ()
    rating: Annotated[U128, Doc("The ratings of all counted units together: 10^-9 SCU per hour.")] = 0
    slowest: Annotated[U128, Doc("The least rating among the counted units.")] = 0
    history: Annotated[U64, Doc("The last windows, a bit each, the newest lowest; set where passed.")] = 0
    windows: Annotated[U8, Doc("How many windows the history holds, 56 at most.")] = 0
    capacity: Annotated[U128, Doc("c_i: availability times rating, in 10^-9 SCU per hour.")] = 0
    effective: Annotated[Balance, Doc("E_i: capacity times term, in 10^-9 SCU-h.")] = 0
    integral: Annotated[U128, Doc("E_i summed over the blocks from the last sample to the last move.")] = 0
    moved_at: Annotated[BlockNumber, Doc("When E_i moved last.")] = 0
    sampled_at: Annotated[BlockNumber, Doc("When the last daily sample of E_i was taken.")] = 0
    mean: Annotated[Balance, Doc("The mean of E_i over 90 days; days before it was Active are 0.")] = 0
    units: Annotated[U16, Doc("How many units it has.")] = 0
    next_unit: Annotated[UnitId, Doc("The number that its next unit gets.")] = 0
    short_since: Annotated[
        BlockNumber | None, Doc("Since when its capacity is short of its debt, if it is.")
    ] = None
    failures: Annotated[tuple[BlockNumber, ...], Max(FAILURES_MAX), Doc("When its last tickets failed.")] = ()
    failing_until: Annotated[BlockNumber, Doc("Deficient at least until then, for its failed tickets.")] = 0
    end: Annotated[BlockNumber | None, Doc("end_i: when its term ends, after notice.")] = None
    offers: Annotated[U8, Doc("How many offers of its debt stand.")] = 0
    wakes_at: Annotated[BlockNumber, Doc("When time alone has something to do with it; 0 for never.")] = 0

    @property
    def counts_to(self) -> GroupId:
        """The operator group that it counts to."""
        return ANONYMOUS if self.tier == Tier.Anonymous else self.group

    @property
    def is_silent(self) -> bool:
        """Whether it is in an outage: it has missed more than four windows in a row, up to the last one."""
        return self.windows > OUTAGE_WINDOWS and not self.history & SILENCE


class Unit(Struct):
    """One unit of hardware, probed by a seed of its own."""

    class_id: ClassId
    since: Annotated[BlockNumber, Doc("When it was registered.")]
    passed: Annotated[U8, Doc("Windows passed in a row, as far as probation wants them.")] = 0


class Group(Struct):
    """The providers of one operator group together; `Ledger.GroupDebts` has what they owe."""

    slot: Annotated[U16, Doc("Its place among the greatest groups.")]
    effective: Balance = 0
    bond: Balance = 0
    members: U32 = 0


class Slots(Struct):
    """Which places are taken: those below `used` that were not given back."""

    used: U16 = 0
    freed: Annotated[tuple[U16, ...], Max(PROVIDERS_MAX)] = ()

    def take(self) -> tuple[int, Slots]:
        """A place, and the places that are taken then."""
        if self.freed:
            return self.freed[-1], Slots(self.used, self.freed[:-1])
        return self.used, Slots(self.used + 1)

    def give_back(self, slot: int) -> Slots:
        """The places that are taken without this one."""
        return Slots(self.used, (*self.freed, slot))


class Figure(enum.IntEnum):
    """Of what the greatest is kept."""

    Line = 0
    """100 E_g - 105 min(b_g, m_g), by operator group: against it the N-1 line is held."""
    Loss = 1
    """E_g - min(b_g, m_g), by operator group: what is gone if the group fails."""
    Wait = 2
    """ceil(m_i / c_i), by provider."""


class Unbonding(Struct):
    """Coins on their way out of a bond."""

    amount: Balance
    until: BlockNumber


class GenesisProvider(Struct):
    """A provider of the genesis: Active, every unit attested, 56 of 56 windows passed."""

    account: AccountId
    group: GroupId
    domain: Domain
    tier: Tier
    bond: Balance
    units: tuple[ClassId, ...]


class Genesis(Struct):
    """The providers whose debts the first coins are."""

    providers: tuple[GenesisProvider, ...] = ()


class HoldReason(Enum):
    """Why Providers holds coins."""


class Deposit(HoldReason, index=0):
    """A provider's registration."""


class Bond(HoldReason, index=1):
    """A provider's bond."""


class LeavingBond(HoldReason, index=2):
    """Coins that were unbonded, until they may leave."""


class ProvidersEvent(Event):
    """What Providers tells the world."""


class Registered(ProvidersEvent, index=0):
    """A provider registered."""

    who: AccountId
    group: GroupId


class UnitAdded(ProvidersEvent, index=1):
    """A unit was added; its probation begins."""

    who: AccountId
    unit: UnitId
    class_id: ClassId


class UnitRemoved(ProvidersEvent, index=2):
    """A unit was removed."""

    who: AccountId
    unit: UnitId


class UnitCounted(ProvidersEvent, index=3):
    """A unit ended its probation, and counts."""

    who: AccountId
    unit: UnitId


class StateChanged(ProvidersEvent, index=4):
    """A provider entered another state."""

    who: AccountId
    state: ProviderState


class TierChanged(ProvidersEvent, index=5):
    """A provider's tier or group was set."""

    who: AccountId
    tier: Tier
    group: GroupId


class Bonded(ProvidersEvent, index=6):
    """Coins entered a bond."""

    who: AccountId
    amount: Balance


class Unbonded(ProvidersEvent, index=7):
    """Coins left a bond, and wait."""

    who: AccountId
    amount: Balance
    until: BlockNumber


class Withdrawn(ProvidersEvent, index=8):
    """Unbonded coins are free."""

    who: AccountId
    amount: Balance


class Liquidated(ProvidersEvent, index=9):
    """A capacity was short for too long: bond was burned, and what was still short became orphan debt."""

    who: AccountId
    burned: Balance
    orphaned: Balance


class TicketFailed(ProvidersEvent, index=10):
    """A provider failed a ticket."""

    who: AccountId
    failures: Annotated[U8, Doc("How many of its last failures are remembered, three at most.")]


class BondTaken(ProvidersEvent, index=11):
    """Coins of a bond were given to another account."""

    who: AccountId
    to: AccountId
    amount: Balance


class NoticeGiven(ProvidersEvent, index=12):
    """A provider leaves; its term ends in that block."""

    who: AccountId
    end: BlockNumber


class DebtEnded(ProvidersEvent, index=13):
    """A provider stands for its debt no more: what its unvested coins and its bond cancelled, and what
    became orphan debt.
    """

    who: AccountId
    unvested: Balance
    burned: Balance
    orphaned: Balance


class Left(ProvidersEvent, index=14):
    """A provider is out: its coins are free, and its place too."""

    who: AccountId


class BountyPaid(ProvidersEvent, index=15):
    """Who proved a fraud got a part of the provider's deposit."""

    who: AccountId
    to: AccountId
    amount: Balance


class UnitRestarted(ProvidersEvent, index=16):
    """A unit did not open what it had committed to: its probation begins again."""

    who: AccountId
    unit: UnitId


class NovationOffered(ProvidersEvent, index=17):
    """A provider offered another to take over debt."""

    debtor: AccountId
    to: AccountId
    amount: Balance


class Novated(ProvidersEvent, index=18):
    """Debt has another debtor."""

    debtor: AccountId
    to: AccountId
    amount: Balance


class NovationCancelled(ProvidersEvent, index=19):
    """An offer to take over debt stands no more."""

    debtor: AccountId
    to: AccountId


class ProvidersError(Error):
    """Why Providers refuses."""


class AlreadyRegistered(ProvidersError, index=0):
    """The account is a provider already."""


class NotRegistered(ProvidersError, index=1):
    """The account is no provider."""


class UnknownClass(ProvidersError, index=2):
    """Nobody rated this class of hardware."""


class NoRegion(ProvidersError, index=3):
    """A provider names the region of its hardware, and 0 is none."""


class TooManyProviders(ProvidersError, index=4):
    """The chain has as many providers as it can."""


class TooManyUnits(ProvidersError, index=5):
    """The provider would have more units than it may."""


class UnknownUnit(ProvidersError, index=6):
    """The provider has no such unit."""


class AnonymousGroup(ProvidersError, index=7):
    """Group 0 is that of all anonymous providers: declare another."""


class NothingToBond(ProvidersError, index=8):
    """The amount is zero."""


class NotActive(ProvidersError, index=9):
    """Only an Active provider may do this."""


class UnbondingFrozen(ProvidersError, index=10):
    """No bond may leave while the mode is Orange or worse."""


class BondTooSmall(ProvidersError, index=11):
    """The bond is smaller than the amount."""


class BondNeeded(ProvidersError, index=12):
    """The bond line wants what is left to be more."""


class GroupTooHeavy(ProvidersError, index=13):
    """The N-1 line fails: without one operator group the others could not serve the coins."""


class NothingUnbonding(ProvidersError, index=14):
    """No coins of this provider wait to leave."""


class StillUnbonding(ProvidersError, index=15):
    """The coins may not leave yet."""


class GenesisRefused(ProvidersError, index=16):
    """A genesis provider needs a unit, a region, a group of its own choice, and lines that hold."""


class TooManyClasses(ProvidersError, index=17):
    """The units of one provider are of 16 classes at most."""


class Leaving(ProvidersError, index=18):
    """The provider has given notice, left, or is banned, and may not do this any more."""


class Expelled(ProvidersError, index=19):
    """The account was banned, for ever."""


class UnknownOffer(ProvidersError, index=20):
    """No such offer of debt stands between the two."""


class OfferChanged(ProvidersError, index=21):
    """The offer is of another amount than the one accepted."""


class TooManyOffers(ProvidersError, index=22):
    """The provider has as many offers of its debt as it may: cancel one first."""


class OwnOffer(ProvidersError, index=23):
    """Debt is novated to another provider, not to its debtor."""


class NothingToNovate(ProvidersError, index=24):
    """The amount is zero."""


class DebtAssigned(ProvidersError, index=25):
    """So much of the debt is not free: it is under tickets, or not owed."""


class CapacityNeeded(ProvidersError, index=26):
    """The effective capacity of the new debtor has to be kappa times what it owes then."""
