"""The coin's own words: what its pallets expect of one another, and the types that they share.

Data flows one way. The ledger stands lowest: it alone creates and destroys coins, and knows who owes them.
The oracle says what compute costs, standards what a unit of work is; providers prove capacity and stand
behind their debts; issuance, attestation and redemption act on both; slashing says what a fault costs; fees
become the reserve and rewards; the pallet of solvency judges all of it at the end of the block, and puts its
verdict, the mode, into the ledger.

Its rooms: `words`, `debts`, `capacity`, `service`.
"""

from __future__ import annotations

from runtime.frame.coin.capacity import Issuers, Oracle, Standards, Units, WindowObserver
from runtime.frame.coin.debts import Bonds, DebtObserver, Ledger, Minting, ReserveFund, Unvested
from runtime.frame.coin.service import Rewarded, Serving, SlashBook, Slasher, TicketQueue
from runtime.frame.coin.words import (
    ANONYMOUS,
    COIN_API,
    COIN_API_VERSION,
    LINE_PERCENT,
    OUTAGE_WINDOWS,
    TERM_HOURS,
    UNBONDING_HOURS,
    Cause,
    ClassId,
    Debt,
    Fault,
    GroupId,
    Mode,
    ProviderState,
    Region,
    Tier,
    UnitId,
)

__all__ = [
    "ANONYMOUS",
    "Bonds",
    "COIN_API",
    "COIN_API_VERSION",
    "Cause",
    "ClassId",
    "Debt",
    "DebtObserver",
    "Fault",
    "GroupId",
    "Issuers",
    "LINE_PERCENT",
    "Ledger",
    "Minting",
    "Mode",
    "OUTAGE_WINDOWS",
    "Oracle",
    "ProviderState",
    "Region",
    "ReserveFund",
    "Rewarded",
    "Serving",
    "SlashBook",
    "Slasher",
    "Standards",
    "TERM_HOURS",
    "TicketQueue",
    "Tier",
    "UNBONDING_HOURS",
    "UnitId",
    "Units",
    "Unvested",
    "WindowObserver",
]
