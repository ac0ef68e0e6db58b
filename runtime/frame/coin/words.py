"""The words that the pallets of the coin share: numbers with a name, states, and what one issuer owes."""

from __future__ import annotations

import enum
from typing import Annotated, Final, TypeAlias

from runtime.scale import U16, U32, Doc, Struct
from runtime.types import Balance

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
