"""Questions about providers that anybody may ask of a state: one with its figures, all of them in pages."""

from __future__ import annotations

from typing import Annotated, Final

from pallets.providers import types as t
from pallets.providers.novation import Novation
from runtime.frame import runtime_api
from runtime.frame.coin import COIN_API, COIN_API_VERSION, ClassId, Debt, UnitId
from runtime.scale import U8, U32, Doc, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber

PAGE_MAX: Final = 64
"""The most providers of one answer."""


class ProviderInfo(Struct):
    """A provider, and what others know of it."""

    who: AccountId
    provider: t.Provider
    debt: Annotated[Debt, Doc("What it owes, and how much of that is under tickets.")]
    bond_needed: Annotated[Balance, Doc("The bond that its debt needs.")]
    unvested: Annotated[Balance, Doc("u_i: coins that it minted and that have not vested.")]
    free: Annotated[Balance, Doc("What its account has free.")]


class ProvidersPage(Struct):
    """Some providers, in the order of registration."""

    items: Annotated[tuple[ProviderInfo, ...], Max(PAGE_MAX)]
    following: Annotated[U32 | None, Doc("Where the next page starts, if there is one.")]


class UnitInfo(Struct):
    """One unit of a provider."""

    number: UnitId
    class_id: ClassId
    since: Annotated[BlockNumber, Doc("When it was registered.")]
    passed: Annotated[U8, Doc("Windows passed in a row, as far as probation wants them.")]


class Queries(Novation):
    """What the chain knows of providers."""

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_provider(self, who: AccountId) -> ProviderInfo | None:
        """One provider with its figures; nothing for a stranger."""
        provider = self.providers.get(who)
        return None if provider is None else self._info(who, provider)

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_providers(self, start: U32, limit: U32) -> ProvidersPage:
        """At most `limit` providers, and 64 at most, from a place in the roster on; the first place is 0."""
        roster = self.roster
        end = start + min(limit, PAGE_MAX)
        items = tuple(self._info(who, self.providers[who]) for who in roster[start:end])
        return ProvidersPage(items, end if items and end < len(roster) else None)

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_units(self, who: AccountId) -> Annotated[tuple[UnitInfo, ...], Max(t.UNITS_MAX)]:
        """All units of a provider, by number; none of a stranger."""
        found = sorted((number, each) for (_, number), each in self.units.under(who))
        return tuple(UnitInfo(number, each.class_id, each.since, each.passed) for number, each in found)

    def _info(self, who: AccountId, provider: t.Provider) -> ProviderInfo:
        debt = self.ledger.debt_of(who)
        return ProviderInfo(
            who=who,
            provider=provider,
            debt=debt,
            bond_needed=self._needed(provider, debt.owed),
            unvested=self.unvested.unvested_of(who),
            free=self.coin.free_balance(who),
        )
