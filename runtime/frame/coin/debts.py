"""Who keeps the debts, and what follows from them: what pallets expect of the ledger, of those who watch it,
and of the funds beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from runtime.frame.coin.words import Cause, Debt, GroupId, Mode
from runtime.types import AccountId, Balance


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
class Minting(Protocol):
    """Knows what a coin needs behind it."""

    def kappa_now(self) -> int:
        """kappa in parts per billion: effective capacity behind a coin when it is minted."""
        ...


@runtime_checkable
class ReserveFund(Protocol):
    """Knows how much the reserve is to hold."""

    def lacking_now(self) -> Balance:
        """How many coins the reserve is short of its target."""
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
