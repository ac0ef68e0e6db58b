"""What Ledger stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.frame.coin import Cause
from runtime.scale import U32, Doc, Struct
from runtime.types import AccountId, Balance


class Config(Struct):
    """Constants of the chain."""

    reserve: Annotated[
        AccountId, Doc("Who holds the reserve: fees, dust, and what a failed provider leaves.")
    ]
    fees: Annotated[AccountId, Doc("Who collects fees, before they are shared out.")]


class Record(Struct):
    """One issuer's public account: what became of all coins that it ever issued."""

    issued: Annotated[Balance, Doc("Coins that it issued.")] = 0
    novated_in: Annotated[Balance, Doc("Debt of others that it took over.")] = 0
    redeemed: Annotated[Balance, Doc("Debt that it served to the end.")] = 0
    repaid: Annotated[Balance, Doc("Debt that ended because somebody burned coins for it.")] = 0
    liquidated: Annotated[Balance, Doc("Debt that its own bond, stake or unvested coins ended.")] = 0
    novated_out: Annotated[Balance, Doc("Debt that others took over.")] = 0
    orphaned: Annotated[Balance, Doc("Debt that it left to everybody, and has not taken back.")] = 0
    failures: Annotated[U32, Doc("How many tickets it failed.")] = 0
    failed: Annotated[Balance, Doc("The coins in them.")] = 0
    slashed: Annotated[Balance, Doc("Coins that were taken from it for its faults.")] = 0

    @property
    def taken_on(self) -> int:
        """All that it ever came to owe."""
        return self.issued + self.novated_in

    @property
    def given_up(self) -> int:
        """All of it that it owes no more."""
        return self.redeemed + self.repaid + self.liquidated + self.novated_out + self.orphaned


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
    cause: Cause


class Orphaned(LedgerEvent, index=2):
    """An issuer's debt became orphan debt."""

    issuer: AccountId
    amount: Balance


class OrphanCancelled(LedgerEvent, index=3):
    """Coins were burned against orphan debt."""

    amount: Balance


class Novated(LedgerEvent, index=4):
    """Debt passed from one issuer to another."""

    debtor: AccountId
    to: AccountId
    amount: Balance


class TakenBack(LedgerEvent, index=5):
    """An issuer owes again what it had left to everybody."""

    issuer: AccountId
    amount: Balance


class LedgerError(Error):
    """Why Ledger refuses."""


class DebtTooSmall(LedgerError, index=0):
    """The issuer owes less than the amount, apart from what is under a ticket."""


class AssignmentTooSmall(LedgerError, index=1):
    """Less of the issuer's debt is under a ticket than the amount."""


class OrphanDebtTooSmall(LedgerError, index=2):
    """There is less orphan debt than the amount, or the issuer left less."""
