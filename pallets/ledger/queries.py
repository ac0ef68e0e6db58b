"""Questions about debtors that anybody may ask of a state: what became of the coins of each issuer."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Final

from pallets.ledger.records import Records
from pallets.ledger.types import Record
from runtime.frame import runtime_api
from runtime.frame.coin import COIN_API, COIN_API_VERSION, Debt
from runtime.scale import U32, Doc, Max, Struct
from runtime.types import AccountId

PAGE_MAX: Final = 64
"""The most issuers of one answer."""


class IssuerInfo(Struct):
    """An issuer's public account."""

    who: AccountId
    debt: Annotated[Debt, Doc("What it owes now.")]
    record: Annotated[Record, Doc("What became of all coins that it ever issued.")]


class IssuersPage(Struct):
    """Some issuers, in the order of their storage keys; also those that have left."""

    items: Annotated[tuple[IssuerInfo, ...], Max(PAGE_MAX)]
    following: Annotated[AccountId | None, Doc("Behind whom the next page starts, if there is one.")]


class Queries(Records):
    """Whose debt coins were and are."""

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_issuer(self, who: AccountId) -> IssuerInfo | None:
        """The public account of one issuer; nothing for who never issued, failed or lost anything."""
        record = self.records.get(who)
        return None if record is None else IssuerInfo(who, self.debts[who], record)

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_issuers(self, after: AccountId | None, limit: U32) -> IssuersPage:
        """At most `limit` issuers, and 64 at most, behind one of them or from the first on."""
        count = min(limit, PAGE_MAX)
        found = list(islice(self.records.items(after), count + 1))
        items = tuple(IssuerInfo(who, self.debts[who], record) for who, record in found[:count])
        return IssuersPage(items, items[-1].who if items and len(found) > count else None)
