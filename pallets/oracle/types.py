"""What Oracle stores, tells and refuses."""

from __future__ import annotations

import enum
from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.frame.coin import ClassId, Region
from runtime.scale import U8, U32, U64, U128, Doc, Enum, Fixed, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber, Hash
from runtime.types.fixed import PPB

REPORTERS_MAX: Final = 64
"""The most seats of reporters."""
REPORTS_MAX: Final = 16
"""The most classes that one reporter reports on in a round."""
MONTH_DAYS: Final = 30
"""How many days a 30-day median looks at: the last ones that had values."""
ROUNDS_A_DAY_MAX: Final = 144
"""The most rounds in a day, of ten minutes each."""
JUDGED_ROUNDS: Final = 128
"""Over how many rounds a reporter is judged: nearly a day."""

Salt: TypeAlias = Annotated[bytes, Fixed(32)]
History: TypeAlias = U128
"""The last `JUDGED_ROUNDS` rounds, a bit each, the newest lowest."""


class Status(enum.IntEnum):
    """How good a value is when it is read."""

    Fresh = 0
    """Of the last hours, as the parameter says."""
    Stale = 1
    """Older: what depends on it pauses."""
    Halted = 2
    """Older than a day, or never reported."""


class Report(Struct):
    """What one reporter says of one class of hardware, for the round in which it commits to it."""

    class_id: ClassId
    price: Annotated[U64, Doc("An hour of one unit, in 10^-9 of the oracle's currency.")]
    volume: Annotated[U64, Doc("What was paid for the class in the last 24 hours, in units of the currency.")]
    rating: Annotated[U128, Doc("Work that one unit does in an hour.")]
    hours: Annotated[U64, Doc("Hours of the class that were sold in the last 24 hours.")]
    evidence: Annotated[Hash, Doc("Of what it was seen in, for whoever doubts it.")]


Reports: TypeAlias = Annotated[tuple[Report, ...], Max(REPORTS_MAX)]


class Committed(Struct):
    """What a commitment is the BLAKE2b-256 of, behind the prefix that says so."""

    round: U32
    who: AccountId
    reports: Reports
    salt: Salt


class Slash(Struct):
    """A slash that waits, and can be cancelled."""

    share_ppb: Annotated[U64, Doc("The part of the reporter's coins that it takes.")]
    due: Annotated[BlockNumber, Doc("When it is applied.")]


class Reporter(Struct):
    """One seat."""

    entity: Annotated[U32, Doc("Who answers for it, by number.")]
    region: Annotated[Region, Doc("Where it runs.")]
    operator: Annotated[U32, Doc("Who runs the building; with the region, its failure domain.")]
    source: Annotated[U32, Doc("Where its values come from, by number.")]
    bond: Annotated[Balance, Doc("Coins that it answers with, on hold.")] = 0
    leaving: Annotated[Balance, Doc("Coins on their way out, on hold and answering still.")] = 0
    until: Annotated[BlockNumber, Doc("When they may leave.")] = 0
    is_dismissed: Annotated[bool, Doc("It has lost its seat, and waits for its coins.")] = False
    rounds: Annotated[U8, Doc("How many rounds it is judged by so far.")] = 0
    off: Annotated[History, Doc("Those in which a value of it was off, or was not shown.")] = 0
    shared: Annotated[History, Doc("Those in which another had the same wrong value.")] = 0
    spared_until: Annotated[BlockNumber, Doc("One conviction in 7 days: the next not before.")] = 0
    slash: Annotated[Slash | None, Doc("What it was convicted to, until that is applied.")] = None

    @property
    def domain(self) -> tuple[int, int]:
        """What fails together with it."""
        return self.region, self.operator

    @property
    def coins(self) -> int:
        """All that can be taken from it."""
        return self.bond + self.leaving


Roster: TypeAlias = Annotated[tuple[AccountId, ...], Max(REPORTERS_MAX)]


class Value(Struct):
    """A value that moves with care: what is accepted, and what waits to be confirmed."""

    value: Annotated[U128, Doc("What was accepted last.")] = 0
    at: Annotated[BlockNumber | None, Doc("When that was; None: never, it is what the chain began with.")] = (
        None
    )
    waiting: Annotated[U128, Doc("A value far from it that later rounds must confirm; 0 for none.")] = 0
    confirmed: Annotated[U8, Doc("How many have.")] = 0


class Quote(Struct):
    """What is known of one class of hardware."""

    price: Annotated[Value, Doc("An hour of one unit, in 10^-9 of the currency.")] = Value()
    rating: Annotated[Value, Doc("Work that one unit does in an hour.")] = Value()
    volume: Annotated[U64, Doc("Paid for it in 24 hours, by the last round.")] = 0
    hours: Annotated[U64, Doc("Sold of it in 24 hours, by the last round.")] = 0


class Sample(Struct):
    """U and M together."""

    price: Annotated[U128, Doc("Of the work of one SCU-h under standard 1, in 10^-9 of the currency.")]
    mainstream: Annotated[U128, Doc("Work that the median hour sold does.")]


Samples: TypeAlias = Annotated[tuple[Sample, ...], Max(ROUNDS_A_DAY_MAX)]
Days: TypeAlias = Annotated[tuple[Sample, ...], Max(MONTH_DAYS)]


class GenesisReporter(Struct):
    """A seat of the genesis."""

    account: AccountId
    entity: U32
    region: Region
    operator: U32
    source: U32
    bond: Balance


class Genesis(Struct):
    """What compute costs where the chain begins, and who reports on it."""

    mainstream: Annotated[U128, Doc("M_0 = W_0: work that the mainstream does in an hour.")]
    price: Annotated[U128, Doc("U_0: what so much work costs, in 10^-9 of the currency.")] = PPB
    reporters: Annotated[tuple[GenesisReporter, ...], Max(REPORTERS_MAX)] = ()


class HoldReason(Enum):
    """Why Oracle holds coins."""


class Reporting(HoldReason, index=0):
    """A reporter answers with them for what it reports."""


class OracleEvent(Event):
    """What Oracle tells the world."""


class Admitted(OracleEvent, index=0):
    """An account was given the seat of a reporter."""

    who: AccountId
    entity: U32
    source: U32


class Dismissed(OracleEvent, index=1):
    """A reporter lost its seat; its coins wait."""

    who: AccountId


class Bonded(OracleEvent, index=2):
    """Coins entered a reporter's bond."""

    who: AccountId
    amount: Balance


class Unbonded(OracleEvent, index=3):
    """Coins left a reporter's bond, and wait."""

    who: AccountId
    amount: Balance
    until: BlockNumber


class Withdrawn(OracleEvent, index=4):
    """A reporter's coins are free."""

    who: AccountId
    amount: Balance


class RoundClosed(OracleEvent, index=5):
    """A round was closed: how many reporters showed their values; U and M as they were accepted last."""

    round: U32
    reporters: U32
    price: U128
    mainstream: U128


class Convicted(OracleEvent, index=6):
    """A reporter was off in too many rounds: a part of its coins is taken unless that is cancelled."""

    who: AccountId
    share_ppb: U64
    due: BlockNumber


class SlashCancelled(OracleEvent, index=7):
    """A slash was cancelled, by the evidence of this hash."""

    who: AccountId
    evidence: Hash


class Slashed(OracleEvent, index=8):
    """Coins of a reporter went to the reserve."""

    who: AccountId
    amount: Balance


class OracleError(Error):
    """Why Oracle refuses."""


class AlreadyReporter(OracleError, index=0):
    """The account has a seat, or had one and its coins wait still."""


class NotReporter(OracleError, index=1):
    """The account has no seat."""


class TooManyReporters(OracleError, index=2):
    """All seats are taken, those of reporters included whose coins wait."""


class NothingToBond(OracleError, index=3):
    """The amount is zero."""


class BondTooSmall(OracleError, index=4):
    """Less is bonded than the amount."""


class NothingUnbonding(OracleError, index=5):
    """No coins of this reporter are on their way out."""


class StillUnbonding(OracleError, index=6):
    """The coins may not leave yet."""


class SlashWaits(OracleError, index=7):
    """The reporter was convicted: no coin leaves until that is applied or cancelled."""


class NotActive(OracleError, index=8):
    """The reporter's bond is below the minimum: bond more to report."""


class NothingCommitted(OracleError, index=9):
    """The reporter committed to nothing in the round before this one, or has shown it already."""


class NotWhatWasCommitted(OracleError, index=10):
    """The reports and the salt do not have the hash of the commitment: show what was hashed, unchanged."""


class ReportsUnordered(OracleError, index=11):
    """Reports go up by class, one a class, and there is one at least."""


class UnknownClass(OracleError, index=12):
    """The chain knows no such class of hardware."""


class FigureMissing(OracleError, index=13):
    """A price and a rating are above zero."""


class NothingToCancel(OracleError, index=14):
    """No slash of this reporter waits."""


class OriginMissing(OracleError, index=15):
    """A chain begins with a price and a mainstream rating above zero."""
