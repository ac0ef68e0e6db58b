"""Records: each issuer's public account, from its first coin on, kept also when the issuer has left.

    issued + novated in = owed + redeemed + repaid + liquidated + novated out + orphaned        L1

Who holds a coin can look up for every issuer what became of all that it ever issued, what it failed, and what
was taken from it. There are as many records as providers that ever issued, failed or lost something: each of
them paid a deposit and proved itself for 28 windows before.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from pallets.ledger.types import Config, LedgerError, LedgerEvent, Record
from runtime.frame import Pallet, StorageMap, invariant
from runtime.frame.coin import Cause, Debt
from runtime.types import AccountId, Balance

NOTHING: Final = Debt()
NO_RECORD: Final = Record()
COLUMNS: Final = {
    Cause.Redeemed: "redeemed",
    Cause.Repaid: "repaid",
    Cause.Liquidated: "liquidated",
}
"""Where a cancelled debt is booked."""


class Records(Pallet[LedgerEvent, LedgerError]):
    """What became of the coins of each issuer."""

    config: Config

    debts = StorageMap[AccountId, Debt](
        default=NOTHING, measure=attrgetter("owed"), doc="What each issuer owes."
    )
    records = StorageMap[AccountId, Record](
        default=NO_RECORD, doc="What became of all coins that each issuer ever issued."
    )

    # runtime.frame.coin.Ledger: notes.

    def note_failure(self, issuer: AccountId, amount: Balance) -> None:
        record = self.records[issuer]
        self.records[issuer] = record.replace(failures=record.failures + 1, failed=record.failed + amount)

    def note_slash(self, issuer: AccountId, amount: Balance) -> None:
        self._book(issuer, "slashed", amount)

    def _book(self, issuer: AccountId, column: str, amount: Balance) -> None:
        """Add to one column of an issuer's record."""
        record = self.records[issuer]
        self.records[issuer] = record.replace(**{column: getattr(record, column) + amount})

    @invariant("L1", "what an issuer ever issued or took over is owed, or went where its record says")
    def records_add_up(self) -> str | None:
        changed = [change.key for change in self.debts.changes()]
        changed += [change.key for change in self.records.changes()]
        for issuer in dict.fromkeys(changed):
            found = self._difference(issuer)
            if found is not None:
                return found
        return None

    def _difference(self, issuer: AccountId) -> str | None:
        record, owed = self.records[issuer], self.debts[issuer].owed
        if record.taken_on == owed + record.given_up:
            return None
        return f"0x{issuer.hex()} took on {record.taken_on} and gave up {record.given_up}, and owes {owed}"
