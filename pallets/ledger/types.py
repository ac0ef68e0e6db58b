"""What Ledger stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.scale import Doc, Struct
from runtime.types import AccountId, Balance


class Config(Struct):
    """Constants of the chain."""

    reserve: Annotated[
        AccountId, Doc("Who holds the reserve: fees, dust, and what a failed provider leaves.")
    ]


class GenesisDebt(Struct):
    """Coins of the genesis as the debt of one provider."""

    issuer: AccountId
    amount: Balance


class Genesis(Struct):
    """Whose debts the coins of the genesis are; together they equal the balances."""

    debts: tuple[GenesisDebt, ...] = ()


class LedgerEvent(Event):
    """What Ledger tells the world."""


class Issued(LedgerEvent, index=0):
    """Coins were created as a debt."""

    issuer: AccountId
    amount: Balance


class Cancelled(LedgerEvent, index=1):
    """Coins were burned, and a debt with them."""

    issuer: AccountId
    amount: Balance


class Orphaned(LedgerEvent, index=2):
    """An issuer's debt became orphan debt."""

    issuer: AccountId
    amount: Balance


class OrphanCancelled(LedgerEvent, index=3):
    """Coins were burned against orphan debt."""

    amount: Balance


class LedgerError(Error):
    """Why Ledger refuses."""


class DebtTooSmall(LedgerError, index=0):
    """The issuer owes less than the amount, apart from what is under a ticket."""


class AssignmentTooSmall(LedgerError, index=1):
    """Less of the issuer's debt is under a ticket than the amount."""


class OrphanDebtTooSmall(LedgerError, index=2):
    """There is less orphan debt than the amount."""
