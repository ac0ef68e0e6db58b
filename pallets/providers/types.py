"""What Providers stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.frame.coin import ClassId, GroupId, ProviderState, Region, Tier, UnitId
from runtime.scale import U8, U16, U32, U64, U128, Doc, Enum, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber

FAILURES_MAX: Final = 3
"""So many failed tickets in `FAILURE_HOURS` make a provider deficient."""
PROVIDERS_MAX: Final = 1_024
"""The most providers of a chain."""
UNITS_MAX: Final = 1_024
"""The most units of one provider."""
UNITS_PER_CALL_MAX: Final = 64
"""The most units that one call adds."""
Roster: TypeAlias = Annotated[tuple[AccountId, ...], Max(PROVIDERS_MAX)]
GroupIds: TypeAlias = Annotated[tuple[GroupId, ...], Max(PROVIDERS_MAX)]
Classes: TypeAlias = Annotated[tuple[ClassId, ...], Max(UNITS_PER_CALL_MAX)]


class Config(Struct):
    """Constants of the chain."""

    deposit: Annotated[Balance, Doc("What a provider deposits when it registers.")]


class Domain(Struct):
    """What fails together for physical reasons."""

    region: Annotated[Region, Doc("Where the hardware stands; not 0.")]
    operator: Annotated[U32, Doc("Who runs the building.")]


class Provider(Struct):
    """One provider."""

    state: ProviderState
    tier: Annotated[Tier, Doc("How well the chain knows who answers for it.")]
    group: Annotated[GroupId, Doc("The operator group that it declares; counts from the tier Attested on.")]
    domain: Domain
    since: Annotated[BlockNumber, Doc("When the state began.")]
    bond: Annotated[Balance, Doc("b_i: coins put up, on hold.")] = 0
    rating: Annotated[U128, Doc("The ratings of all counted units together: 10^-9 SCU per hour.")] = 0
    slowest: Annotated[U128, Doc("The least rating among the counted units.")] = 0
    history: Annotated[U64, Doc("The last windows, a bit each, the newest lowest; set where passed.")] = 0
    windows: Annotated[U8, Doc("How many windows the history holds, 56 at most.")] = 0
    capacity: Annotated[U128, Doc("c_i: availability times rating, in 10^-9 SCU per hour.")] = 0
    units: Annotated[U16, Doc("How many units it has.")] = 0
    next_unit: Annotated[UnitId, Doc("The number that its next unit gets.")] = 0
    short_since: Annotated[
        BlockNumber | None, Doc("Since when its capacity is short of its debt, if it is.")
    ] = None
    failures: Annotated[tuple[BlockNumber, ...], Max(FAILURES_MAX), Doc("When its last tickets failed.")] = ()
    failing_until: Annotated[BlockNumber, Doc("Deficient at least until then, for its failed tickets.")] = 0


class Unit(Struct):
    """One unit of hardware, probed by a seed of its own."""

    class_id: ClassId
    since: Annotated[BlockNumber, Doc("When it was registered.")]
    passed: Annotated[U8, Doc("Windows passed in a row, as far as probation wants them.")] = 0


class Group(Struct):
    """The providers of one operator group together; `Ledger.GroupDebts` has what they owe."""

    effective: Balance = 0
    bond: Balance = 0
    members: U32 = 0


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
