"""Novation: another provider takes over a debt, by agreement of both.

The debtor offers, the other accepts exactly what was offered. For the new debtor an own line and a bond line
hold as for one who mints; for the chain the N-1 margin may not fall below zero by it, nor further below. What
is under a ticket stays with the debtor who serves it. What the two pay one another is their affair.
"""

from __future__ import annotations

from pallets.providers import types as t
from pallets.providers import weights
from pallets.providers.books import COUNTED
from pallets.providers.leaving import Leaving
from runtime.frame import Signed, StorageDoubleMap, call
from runtime.frame.coin import ProviderState
from runtime.types import AccountId, Balance
from runtime.types.fixed import PPB


class Novation(Leaving):
    """Offers of debt."""

    offers = StorageDoubleMap[AccountId, AccountId, Balance](
        doc="Debt that the first provider offers the second to take over."
    )

    @call(index=8, weight=weights.OFFER_NOVATION)
    def offer_novation(self, origin: Signed, to: AccountId, amount: Balance) -> None:
        """Offer another provider to take over debt; the offer stands until it is accepted or cancelled. A
        second offer to the same provider takes the place of the first.
        """
        debtor = origin.who
        provider = self._known(debtor)
        if provider.state not in COUNTED:
            raise t.NotActive
        if to == debtor:
            raise t.OwnOffer
        if not amount:
            raise t.NothingToNovate
        self._known(to)
        if (debtor, to) not in self.offers:
            if provider.offers >= t.OFFERS_MAX:
                raise t.TooManyOffers
            self._put(debtor, provider.replace(offers=provider.offers + 1))
        self.offers[debtor, to] = amount
        self.emit(t.NovationOffered(debtor, to, amount))

    @call(index=9, weight=weights.ACCEPT_NOVATION)
    def accept_novation(self, origin: Signed, debtor: AccountId, amount: Balance) -> None:
        """Take over the debt that another provider offers: exactly so much."""
        to = origin.who
        offered = self.offers.get((debtor, to))
        if offered is None:
            raise t.UnknownOffer
        if offered != amount:
            raise t.OfferChanged
        if self._known(to).state != ProviderState.Active or self._known(debtor).state not in COUNTED:
            raise t.NotActive
        if amount > self.ledger.debt_of(debtor).unassigned:
            raise t.DebtAssigned
        owed = self.ledger.debt_of(to).owed + amount
        if self.minting.kappa_now() * owed > self.effective_of(to) * PPB:
            raise t.CapacityNeeded
        if self.bond_needed(to, owed) > self.bond_of(to):
            raise t.BondNeeded
        before = self.margin_now()
        self.ledger.novate(debtor, to, amount)
        if self.margin_now() < min(0, before):
            raise t.GroupTooHeavy
        self._withdraw_offer(debtor, to)
        self.emit(t.Novated(debtor, to, amount))

    @call(index=10, weight=weights.CANCEL_NOVATION)
    def cancel_novation(self, origin: Signed, debtor: AccountId, to: AccountId) -> None:
        """Take an offer back, or turn it down: both sides may."""
        if origin.who not in (debtor, to) or (debtor, to) not in self.offers:
            raise t.UnknownOffer
        self._withdraw_offer(debtor, to)
        self.emit(t.NovationCancelled(debtor, to))

    def _withdraw_offer(self, debtor: AccountId, to: AccountId) -> None:
        del self.offers[debtor, to]
        provider = self._known(debtor)
        self._put(debtor, provider.replace(offers=provider.offers - 1))

    def _strike(self, who: AccountId) -> None:
        """Offers end with their debtor."""
        self.offers.clear_under(who, limit=t.OFFERS_MAX)
        self._put(who, self.providers[who].replace(offers=0))
        super()._strike(who)
