"""Who knows what compute is, what it costs, and who has proven it: what pallets expect of standards, of the
oracle, and of providers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol, runtime_checkable

from runtime.frame.coin.words import ClassId, ProviderState, Region, Tier, UnitId
from runtime.types import AccountId, Balance, BlockNumber


@runtime_checkable
class Standards(Protocol):
    """Knows what a unit of work and an hour are."""

    def standard_now(self) -> tuple[int, int]:
        """The standard in force: its number k, and its work W_k."""
        ...

    def rating_of(self, class_id: ClassId) -> int | None:
        """What one unit of a class yields: 10^-9 SCU per hour; None for a class that nobody rated."""
        ...

    def rating_under(self, class_id: ClassId, work: int) -> int | None:
        """What `rating_of` would be under a standard of so much work."""
        ...

    def lag_now(self) -> tuple[int, int]:
        """By what the capacity behind a mint is multiplied, as numerator and denominator: (1, 1), or (W, W*)
        while the standard has lagged for so long that the lag clause holds.
        """
        ...

    def blocks_in(self, hours: int) -> int:
        """So many hours of chain time, in blocks, rounded up; at least one."""
        ...

    def hours_in(self, blocks: int) -> int:
        """So many blocks in hours of chain time, rounded down."""
        ...

    def blocks_for(self, work: int, per_hour: int) -> int:
        """In how many blocks `work` is done at `per_hour` (not zero), rounded up; at least one."""
        ...

    def done_in(self, per_hour: int, blocks: int) -> int:
        """What is done at `per_hour` in so many blocks, rounded down."""
        ...


@runtime_checkable
class Oracle(Protocol):
    """Says what compute costs, or that it does not know."""

    def price_now(self) -> int | None:
        """U_t: the median price of work over 30 days, in 10^-9 of the oracle's currency for the work of one
        SCU-h under standard 1; None unless Fresh.
        """
        ...

    def mainstream_now(self) -> int | None:
        """M_t: the mainstream rating by market hours, median over 30 days, as work per hour; None unless
        Fresh.
        """
        ...

    def origin_now(self) -> tuple[int, int]:
        """U_0 and M_0, where the chain began; M_0 by the measure of today. W_0 is M_0."""
        ...

    def rescale(self, old: int, new: int) -> None:
        """Work is measured in another way: what was `old` of it is `new`. Ratings that are kept follow, and
        reports by the old measure are dropped.
        """
        ...


@runtime_checkable
class Issuers(Protocol):
    """Knows the providers behind the debts: what they can do, and what they have put up."""

    def roster_now(self) -> tuple[AccountId, ...]:
        """Every provider, in the order of registration."""
        ...

    def state_of(self, who: AccountId) -> ProviderState | None:
        """The provider's state; None for a stranger."""
        ...

    def capacity_of(self, who: AccountId) -> int:
        """c_i: 10^-9 SCU per hour."""
        ...

    def effective_of(self, who: AccountId) -> int:
        """E_i: what the provider can do within its term, in 10^-9 SCU-h."""
        ...

    def effective_total(self) -> int:
        """E: the sum over Active, Deficient and Draining providers."""
        ...

    def effective_under(self, work: int) -> int:
        """E', recomputed exactly as if the standard were of so much work."""
        ...

    def rerate(self) -> None:
        """A new standard is in force: rate every provider again."""
        ...

    def domain_of(self, who: AccountId) -> tuple[Region, int]:
        """The failure domain of a provider: region and operator."""
        ...

    def bond_of(self, who: AccountId) -> Balance:
        """b_i: coins that the provider has put up."""
        ...

    def bond_needed(self, who: AccountId, owed: Balance) -> Balance:
        """The bond that a debt of `owed` wants, by the provider's tier; rounded up."""
        ...

    def survives(self, supply: Balance, who: AccountId, *, owed: Balance = 0, bond: int = 0) -> bool:
        """Whether the N-1 line holds for every operator group, if `supply` coins exist and the debt and bond
        of `who` change by so much.
        """
        ...

    def margin_now(self) -> int:
        """n1, the N-1 margin, as things stand now."""
        ...

    def wait_now(self) -> int:
        """W_max, the longest wait in hours, as things stand now."""
        ...

    def supply_max(self) -> int:
        """The most coins with which the N-1 line holds for every operator group, as things stand now; below
        zero where not even none do. Debts and bonds stay as they are.
        """
        ...

    def falling_now(self) -> tuple[AccountId, ...]:
        """Who would be Deficient if the block ended now, and was not when it began."""
        ...

    def serves(self, who: AccountId, class_floor: ClassId, region: Region) -> bool:
        """Whether the provider may serve a ticket with such wishes."""
        ...

    def place_bond(self, who: AccountId, amount: Balance) -> None:
        """Put free coins of the provider into its bond."""
        ...

    def take_bond(self, who: AccountId, to: AccountId, amount: Balance) -> Balance:
        """Give coins of the bond, or what there is of it, to another account; how much that was. Coins that
        are on their way out of the bond are called back for it: a slash comes days after its fault.
        """
        ...

    def burn_bond(self, who: AccountId, amount: Balance) -> Balance:
        """Burn coins of the bond against the provider's own unassigned debt, as far as both reach; how much
        that was.
        """
        ...

    def ticket_failed(self, who: AccountId) -> None:
        """The provider failed a ticket: three of them in 7 days make it deficient."""
        ...

    def ban(self, who: AccountId) -> None:
        """Proven fraud: its tickets that are not delivered go back to their queues, unvested coins and then
        the whole bond cancel its debt, and the rest of the debt becomes orphan debt. Bond that is left when
        no debt is stays where it is: the slasher, who alone bans, gives it away.
        """
        ...

    def pay_bounty(self, who: AccountId, to: AccountId) -> Balance:
        """Give half of the registration deposit of a provider, or what there is of it, to who proved its
        fraud; how much that was. Comes before the ban. The other half is the reserve's, so that nobody gets
        his deposit back by proving his own fraud.
        """
        ...

    def vouch(self, who: AccountId, tier: Tier) -> None:
        """Set how well the chain knows a provider. Raises `NotRegistered`."""
        ...


@runtime_checkable
class Units(Protocol):
    """Knows the units that windows probe, and takes the results."""

    def unit_since(self, who: AccountId, unit: UnitId) -> BlockNumber | None:
        """The block in which a unit was registered; None if there is no such unit."""
        ...

    def units_before(self, block: BlockNumber) -> Iterator[tuple[AccountId, tuple[UnitId, ...]]]:
        """Every unit registered before `block`, by provider."""
        ...

    def record_window(self, who: AccountId, answered: Mapping[UnitId, bool]) -> bool:
        """Count a window: which units answered; whether the provider as a whole passed. A unit in it that is
        excused is left out of `answered`; a provider with nothing in it is not recorded.
        """
        ...

    def missed_in_row(self, who: AccountId) -> int:
        """How many counted windows the provider has missed one after the other, up to the last one."""
        ...

    def is_probation(self, who: AccountId, unit: UnitId) -> bool:
        """Whether the unit has still to prove itself, so that it opens in every window."""
        ...

    def units_of(self, who: AccountId, before: BlockNumber) -> tuple[UnitId, ...]:
        """The units of a provider that were registered before a block, in their order; none of a stranger."""
        ...

    def class_of(self, who: AccountId, unit: UnitId) -> ClassId | None:
        """The class of a unit; None if there is no such unit."""
        ...

    def restart(self, who: AccountId, unit: UnitId) -> None:
        """The unit committed to work and did not open what was asked of it: it counts no more, and begins
        its probation again.
        """
        ...


@runtime_checkable
class WindowObserver(Protocol):
    """Wants to know how a provider did in a counted window."""

    def window_counted(self, who: AccountId, passed: bool) -> None:
        """A window counted for the provider."""
        ...
