"""Ledger: every coin is somebody's debt, and every burn names the debt that it cancels.

No other pallet is given the power to create or destroy coins. A debt is one issuer's, or orphan debt when its
issuer is gone; the part of it under a ticket (assigned) cannot be burned or orphaned until the ticket comes
to an end. The mode of the coin stands here too, because those who obey it stand below the pallet that judges
it.

    I1  S = sum of debts + O = sum of all balances      I3  S moves by minting and burning alone

What became of each issuer's coins stands in its record (`records`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pallets.ledger.queries import Queries
from pallets.ledger.records import COLUMNS
from pallets.ledger.types import (
    AssignmentTooSmall,
    Cancelled,
    DebtTooSmall,
    Genesis,
    Issued,
    Novated,
    OrphanCancelled,
    OrphanDebtTooSmall,
    Orphaned,
    TakenBack,
)
from runtime.frame import StorageMap, StorageValue, Twox64Concat, hookimpl, invariant
from runtime.frame.coin import Cause, Debt, DebtObserver, GroupId, Mode
from runtime.frame.interfaces import AccountStore, Mint
from runtime.types import AccountId, Balance


class Ledger(Queries):
    """Whose debt each coin is."""

    coin: Mint
    accounts: AccountStore
    observers: tuple[DebtObserver, ...]

    supply = StorageValue[Balance](default=0, doc="S: all coins.")
    orphaned = StorageValue[Balance](default=0, doc="O: debt whose issuer is gone.")
    group_debts = StorageMap[GroupId, Balance](
        default=0, hasher=Twox64Concat, doc="What the issuers of each operator group owe together."
    )
    minted = StorageValue[Balance](default=0, doc="All coins ever created.")
    burned = StorageValue[Balance](default=0, doc="All coins ever destroyed.")
    mode = StorageValue[Mode](
        default=Mode.Green, doc="How sound the coin is, as judged at the end of the parent block."
    )

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        for debt in genesis.debts:
            self._owe(debt.issuer, owed=debt.amount)
            self._book(debt.issuer, "issued", debt.amount)
            self.supply += debt.amount
            self.minted += debt.amount

    # runtime.frame.coin.Ledger: looking.

    def total_supply(self) -> Balance:
        return self.supply

    def total_orphaned(self) -> Balance:
        return self.orphaned

    def debt_of(self, issuer: AccountId) -> Debt:
        return self.debts[issuer]

    def left_by(self, issuer: AccountId) -> Balance:
        return self.records[issuer].orphaned

    def group_owes(self, group: GroupId) -> Balance:
        return self.group_debts[group]

    def changed_debts(self) -> Iterator[AccountId]:
        return (change.key for change in self.debts.changes())

    def minted_now(self) -> Balance:
        return self._grown("minted", self.minted)

    def mode_now(self) -> Mode:
        return self.mode

    def reserve_account(self) -> AccountId:
        return self.config.reserve

    def reserve_balance(self) -> Balance:
        return self.coin.free_balance(self.config.reserve)

    def fee_account(self) -> AccountId:
        return self.config.fees

    # runtime.frame.coin.Ledger: acting.

    def judge(self, mode: Mode) -> None:
        if mode != self.mode:
            self.mode = mode

    def enroll(self, issuer: AccountId, group: GroupId) -> None:
        debt = self.debts[issuer]
        self.group_debts[debt.group] -= debt.owed
        self.group_debts[group] += debt.owed
        self.debts[issuer] = debt.replace(group=group)

    def issue(self, issuer: AccountId, to: AccountId, amount: Balance) -> None:
        self.coin.mint_into(to, amount)
        self._owe(issuer, owed=amount)
        self._book(issuer, "issued", amount)
        self.supply += amount
        self.minted += amount
        self.emit(Issued(issuer, amount))

    def cancel(self, issuer: AccountId, payer: AccountId, amount: Balance, cause: Cause) -> None:
        self._owe(issuer, owed=-amount)
        self.coin.burn_from(payer, amount)
        self._cancelled(issuer, amount, cause)

    def cancel_held(
        self, issuer: AccountId, reason: Any, payer: AccountId, amount: Balance, cause: Cause
    ) -> None:
        self._owe(issuer, owed=-amount)
        self.coin.burn_held(reason, payer, amount)
        self._cancelled(issuer, amount, cause)

    def novate(self, debtor: AccountId, to: AccountId, amount: Balance) -> None:
        self._owe(debtor, owed=-amount)
        self._owe(to, owed=amount)
        self._book(debtor, "novated_out", amount)
        self._book(to, "novated_in", amount)
        self.emit(Novated(debtor, to, amount))

    def orphan(self, issuer: AccountId, amount: Balance) -> None:
        self._owe(issuer, owed=-amount)
        self._book(issuer, "orphaned", amount)
        self.orphaned += amount
        self.emit(Orphaned(issuer, amount))

    def take_back(self, issuer: AccountId, amount: Balance) -> None:
        if amount > min(self.orphaned, self.left_by(issuer)):
            raise OrphanDebtTooSmall
        self.orphaned -= amount
        self._owe(issuer, owed=amount)
        self._book(issuer, "orphaned", -amount)
        self.emit(TakenBack(issuer, amount))

    def cancel_orphaned(self, reason: Any, payer: AccountId, amount: Balance) -> None:
        if amount > self.orphaned:
            raise OrphanDebtTooSmall
        self.coin.burn_held(reason, payer, amount)
        self._orphan_cancelled(amount)

    def offset_orphaned(self) -> Balance:
        orphaned = self.orphaned
        if not orphaned:
            return 0
        amount = min(orphaned, self.coin.reducible_balance(self.config.reserve, keep_alive=True))
        if amount:
            self.coin.burn_from(self.config.reserve, amount)
            self._orphan_cancelled(amount)
        return amount

    def assign(self, issuer: AccountId, amount: Balance) -> None:
        self._owe(issuer, assigned=amount)

    def unassign(self, issuer: AccountId, amount: Balance) -> None:
        if amount > self.debts[issuer].assigned:
            raise AssignmentTooSmall
        self._owe(issuer, assigned=-amount)

    def _cancelled(self, issuer: AccountId, amount: Balance, cause: Cause) -> None:
        """A debt has ended, and its coins are burned."""
        self._book(issuer, COLUMNS[cause], amount)
        self._burned(amount)
        self.emit(Cancelled(issuer, amount, cause))

    # The one place where a debt moves.

    def _owe(self, issuer: AccountId, *, owed: int = 0, assigned: int = 0) -> None:
        debt = self.debts[issuer]
        new = debt.replace(owed=debt.owed + owed, assigned=debt.assigned + assigned)
        if new.owed < new.assigned:
            raise DebtTooSmall
        self.debts[issuer] = new
        if owed:
            self.group_debts[debt.group] += owed
            for observer in self.observers:
                observer.debt_moved(issuer)

    def _burned(self, amount: Balance) -> None:
        self.supply -= amount
        self.burned += amount

    def _orphan_cancelled(self, amount: Balance) -> None:
        self.orphaned -= amount
        self._burned(amount)
        self.emit(OrphanCancelled(amount))

    # Invariants. Both sides of I1 are summed from what the block changed, old against new: by induction from
    # genesis they are the sums over everything, and no counter of any pallet takes part.

    @invariant("I1", "S = sum of debts + O = sum of all balances")
    def supply_is_owed_and_held(self) -> str | None:
        grown = self._grown("supply", self.supply)
        owed = self._grown("orphaned", self.orphaned) + self.debts.grown()
        held = self.accounts.balances_grown()
        if grown == owed == held:
            return None
        return f"in this block S grew by {grown}, the debts by {owed}, the balances by {held}"

    @invariant("I3", "S moves by minting and burning alone, and no coin exists beside it")
    def supply_is_minted_and_burned(self) -> str | None:
        grown = self._grown("supply", self.supply)
        minted, burned = self.minted_now(), self._grown("burned", self.burned)
        if grown == minted - burned and self.coin.issuance() == self.supply:
            return None
        return (
            f"in this block S grew by {grown}, {minted} were minted and {burned} burned; "
            f"S is {self.supply}, and {self.coin.issuance()} are in circulation"
        )

    @hookimpl
    def try_state(self) -> None:
        groups: dict[GroupId, int] = {}
        for debt in self.debts.values():
            assert 0 <= debt.assigned <= debt.owed, (
                f"of a debt of {debt.owed}, {debt.assigned} are under tickets"
            )
            groups[debt.group] = groups.get(debt.group, 0) + debt.owed
        for issuer in self.records.keys():  # noqa: SIM118 - a map of storage has no other way
            found = self._difference(issuer)
            assert found is None, found
        assert sum(groups.values()) + self.orphaned == self.supply, "S is not the sum of the debts"
        assert self.accounts.balances() == self.supply, "S is not the sum of all balances"
        for group, owed in self.group_debts.items():
            assert groups.get(group, 0) == owed, f"group {group} owes {groups.get(group, 0)}, not {owed}"

    def _grown(self, item: str, value: int) -> int:
        """By how much a figure has grown in this block."""
        before: int = self.before(item)
        return value - before
