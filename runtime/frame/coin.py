"""The coin's own words: what its pallets expect of one another, and the types that they share.

Data flows one way. The ledger stands lowest: it alone creates and destroys coins, and knows who owes them.
The oracle says what compute costs, standards what a unit of work is; providers prove capacity and stand
behind their debts; issuance, attestation and redemption act on both; slashing says what a fault costs; fees
become the reserve and rewards; the pallet of solvency judges all of it at the end of the block, and puts its
verdict, the mode, into the ledger.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Protocol, TypeAlias, runtime_checkable

from runtime.scale import U16, U32, Doc, Struct
from runtime.types import AccountId, Balance, BlockNumber

ClassId: TypeAlias = U16
"""A class of hardware, by number."""
UnitId: TypeAlias = U32
"""A unit of one provider, by number; never given twice."""
GroupId: TypeAlias = U32
"""Operators who would fail together, by number."""
Region: TypeAlias = U16
"""Where hardware stands, by number; 0 as a wish means anywhere."""

ANONYMOUS: Final = 0
"""The group of every provider whose operator nobody vouches for."""
COIN_API: Final = "BallastCoinApi"
"""The runtime API in which every pallet of the coin answers what anybody may ask of it: `query_...`."""
COIN_API_VERSION: Final = 1
"""Rises when one of its methods changes its types or its meaning."""
TERM_HOURS: Final = 720
"""T, the horizon of a promise: capacity counts for this long."""
LINE_PERCENT: Final = 105
"""A debt may be at most 100/105 of the effective capacity behind it."""
OUTAGE_WINDOWS: Final = 4
"""Who has missed more than so many windows in a row, up to the last one, is not there."""
UNBONDING_HOURS: Final = 7 * 24
"""How long a validator answers with its coins for what it signed: they wait so long before they are free."""


class Mode(enum.IntEnum):
    """How sound the coin is, as judged at the end of the parent block."""

    Green = 0
    """Coins may be minted."""
    Yellow = 1
    """No minting."""
    Orange = 2
    """No minting, no unbonding, no exit fee."""
    Red = 3
    """As Orange; and whose capacity is short is settled with at once."""
    WindDown = 4
    """Redemption to the end, as in Red; the standard is frozen, and no coin is ever minted again."""


class ProviderState(enum.IntEnum):
    """Where a provider stands."""

    Probation = 0
    """Answers windows, and counts nothing."""
    Active = 1
    """Counts, mints, serves."""
    Deficient = 2
    """A line fails: serves, and may not mint or unbond."""
    Draining = 3
    """Has given notice: serves first, and its capacity counts for what is left of the term."""
    Unbonding = 4
    """Has left, and waits for its coins."""
    Banned = 5
    """Proven fraud: may do nothing, for ever."""


class Tier(enum.IntEnum):
    """How well the chain knows who answers for a provider."""

    Anonymous = 0
    """Nobody vouches."""
    Attested = 1
    """Clean for 90 days."""
    Accountable = 2
    """A legal entity with a public undertaking."""


class Fault(enum.IntEnum):
    """What costs a provider coins."""

    Outage = 0
    """More than four windows missed in a row."""
    FailedPiece = 1
    """A ticket, or a piece of one, refused or not served."""
    FalseCapacity = 2
    """A wrong leaf, or one machine answering for two units."""
    OracleDeviation = 3
    """A reporter whose values were far from the median too often."""


class Cause(enum.IntEnum):
    """Why a debt became smaller: the column of the issuer's public ledger."""

    Redeemed = 0
    """Served to the end, or lost by a consumer that did not come."""
    Repaid = 1
    """Burned by somebody who held the coins."""
    Liquidated = 2
    """Burned from the issuer's own bond or unvested coins."""


class Debt(Struct):
    """What one issuer owes."""

    owed: Annotated[Balance, Doc("Coins that the issuer issued and that are not redeemed yet.")] = 0
    assigned: Annotated[Balance, Doc("The part of them under a ticket that the issuer serves.")] = 0
    group: Annotated[GroupId, Doc("The operator group whose failure would take this debt along.")] = ANONYMOUS

    @property
    def unassigned(self) -> int:
        """What may be burned, or become orphan debt."""
        return self.owed - self.assigned


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
class Ledger(Protocol):
    """Keeps the debts: every coin is somebody's, and every burn names the debt that it cancels."""

    def total_supply(self) -> Balance:
        """S: all coins."""
        ...

    def total_orphaned(self) -> Balance:
        """O: debt whose issuer is gone."""
        ...

    def debt_of(self, issuer: AccountId) -> Debt:
        """m_i and q_i; zeros for one who owes nothing."""
        ...

    def group_owes(self, group: GroupId) -> Balance:
        """The debts of an operator group together."""
        ...

    def changed_debts(self) -> Iterator[AccountId]:
        """Whose debts this block has changed so far, in the order of their storage keys."""
        ...

    def minted_now(self) -> Balance:
        """Coins created in this block so far."""
        ...

    def mode_now(self) -> Mode:
        """The mode of the parent block."""
        ...

    def judge(self, mode: Mode) -> None:
        """Set the mode in which the next block begins."""
        ...

    def reserve_account(self) -> AccountId:
        """Who holds the reserve."""
        ...

    def reserve_balance(self) -> Balance:
        """R: the reserve's free coins."""
        ...

    def fee_account(self) -> AccountId:
        """Who collects fees, before they are shared out. What is no fee, and nobody's, is the reserve's."""
        ...

    def enroll(self, issuer: AccountId, group: GroupId) -> None:
        """Count the issuer's debt, present and future, to a group."""
        ...

    def issue(self, issuer: AccountId, to: AccountId, amount: Balance) -> None:
        """Create free coins as a debt of the issuer."""
        ...

    def cancel(self, issuer: AccountId, payer: AccountId, amount: Balance, cause: Cause) -> None:
        """Burn free coins of the payer against unassigned debt. Raises `DebtTooSmall`, or a `TokenError`."""
        ...

    def cancel_held(
        self, issuer: AccountId, reason: Any, payer: AccountId, amount: Balance, cause: Cause
    ) -> None:
        """Burn coins that the payer has on hold against unassigned debt."""
        ...

    def novate(self, debtor: AccountId, to: AccountId, amount: Balance) -> None:
        """Let another issuer owe unassigned debt. Raises `DebtTooSmall`."""
        ...

    def note_failure(self, issuer: AccountId, amount: Balance) -> None:
        """Write into the issuer's public ledger that it failed a ticket of so many coins."""
        ...

    def note_slash(self, issuer: AccountId, amount: Balance) -> None:
        """Write into the issuer's public ledger that so many coins were taken from it."""
        ...

    def orphan(self, issuer: AccountId, amount: Balance) -> None:
        """Turn unassigned debt into orphan debt."""
        ...

    def left_by(self, issuer: AccountId) -> Balance:
        """What an issuer left to everybody, and has not taken back."""
        ...

    def take_back(self, issuer: AccountId, amount: Balance) -> None:
        """Turn orphan debt into debt of the issuer that left it. Raises `OrphanDebtTooSmall`."""
        ...

    def cancel_orphaned(self, reason: Any, payer: AccountId, amount: Balance) -> None:
        """Burn coins that the payer has on hold against orphan debt."""
        ...

    def offset_orphaned(self) -> Balance:
        """Burn what the reserve can spare against orphan debt; how much that was."""
        ...

    def assign(self, issuer: AccountId, amount: Balance) -> None:
        """Put unassigned debt under a ticket."""
        ...

    def unassign(self, issuer: AccountId, amount: Balance) -> None:
        """Take debt from under a ticket."""
        ...


@runtime_checkable
class DebtObserver(Protocol):
    """Keeps figures that follow from debts, such as the greatest of them: it is told of each that moved."""

    def debt_moved(self, issuer: AccountId) -> None:
        """What the issuer owes has changed; the ledger has the new debt already. May not raise."""
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


@runtime_checkable
class Unvested(Protocol):
    """Keeps the coins that were minted and have not vested."""

    def unvested_of(self, who: AccountId) -> Balance:
        """u_i: the coins of an issuer that have not vested."""
        ...

    def cancel_unvested(self, who: AccountId) -> Balance:
        """Burn the unvested coins of an issuer against its own unassigned debt, as far as both reach, and
        free what is left of them, or, of one that is banned, give it to the reserve; how much was burned.
        """
        ...


@runtime_checkable
class Serving(Protocol):
    """Knows who serves which tickets."""

    def requeue(self, server: AccountId) -> None:
        """Put every ticket of a server that is not delivered back to its place in its queue."""
        ...

    def standing_moved(self, server: AccountId) -> None:
        """The provider's state has changed; the issuers' pallet has the new one already. Who drains serves
        first. May not raise.
        """
        ...

    def serving_since(self, server: AccountId) -> BlockNumber | None:
        """Since when the provider has had a ticket without a break, one that it accepted; None for one that
        has none.
        """
        ...


@runtime_checkable
class Slasher(Protocol):
    """Takes coins for faults: each is noted at once, and applied after a delay, before which it can be
    cancelled. Victims do not wait.
    """

    def compensate(self, who: AccountId, victim: AccountId, amount: Balance) -> Balance:
        """Give whom a provider harmed so many coins of its bond now, or what there is of them; how much that
        was. Nothing, if the victim could not exist with it. May not raise.
        """
        ...

    def fault(
        self, who: AccountId, fault: Fault, amount: Balance, *, reporter: AccountId | None = None
    ) -> None:
        """A fault that costs so many coins of the bond at most; what its victims got is not part of it. False
        capacity costs everything, at once, whatever the amount. Nothing for a stranger. May not raise.
        """
        ...

    def outage(self, who: AccountId, failed_share_ppb: int) -> None:
        """An outage of more than four windows, while so great a part of all capacity failed in the same
        failure domain. It counts once in 7 days. May not raise.
        """
        ...


@runtime_checkable
class SlashBook(Protocol):
    """Keeps account of the coins that were taken for faults."""

    def slashed_and_given(self) -> tuple[Balance, Balance]:
        """What was ever taken, by those it was taken from; and where all of it went, by those who got it."""
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
class Rewarded(Protocol):
    """Shares out rewards to those who delivered."""

    def delivered(self, server: AccountId, amount: Balance) -> None:
        """A server delivered so many SCU-h, in coins."""
        ...


@runtime_checkable
class ReserveFund(Protocol):
    """Knows how much the reserve is to hold."""

    def lacking_now(self) -> Balance:
        """How many coins the reserve is short of its target."""
        ...


@runtime_checkable
class Minting(Protocol):
    """Knows what a coin needs behind it."""

    def kappa_now(self) -> int:
        """kappa in parts per billion: effective capacity behind a coin when it is minted."""
        ...


@runtime_checkable
class TicketQueue(Protocol):
    """Knows how many wait for service."""

    def queue_now(self) -> tuple[int, Balance]:
        """Tickets that wait, and the coins in them."""
        ...


@runtime_checkable
class Bonds(Protocol):
    """Keeps the coins with which validators answer for what they sign."""

    def stake_of(self, who: AccountId) -> Balance:
        """All that can be taken: what is bonded, and what is on its way out."""
        ...

    def slashed_total(self) -> Balance:
        """All that was ever taken."""
        ...

    def accuse(self, who: AccountId) -> None:
        """Ban a validator, from the next committee on, and let none of its coins leave until the accusation
        is settled or withdrawn.
        """
        ...

    def settle(self, who: AccountId) -> None:
        """An accusation has ended in what it ends in; the ban stays."""
        ...

    def pardon(self, who: AccountId) -> None:
        """An accusation is withdrawn, and the ban that it brought with it."""
        ...

    def burn_stake(self, who: AccountId, amount: Balance) -> None:
        """Burn coins of the stake against unassigned debt of the same account. Raises `DebtTooSmall`, or a
        `TokenError`.
        """
        ...

    def take_stake(self, who: AccountId, to: AccountId, amount: Balance) -> None:
        """Give coins of the stake to another account. Raises a `TokenError`."""
        ...
