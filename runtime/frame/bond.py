"""A bond to be filled: the coins that reach an issuer whose bond is short go there first."""

from __future__ import annotations

from typing import Final

from runtime.frame.coin import Issuers, Ledger, ProviderState
from runtime.frame.interfaces import Currency
from runtime.types import AccountId, Balance

IN_BUSINESS: Final = (ProviderState.Active, ProviderState.Deficient)
"""The states in which a short bond is filled; in others nothing is promised any more."""


def fill_bond(coin: Currency, issuers: Issuers, ledger: Ledger, who: AccountId, amount: Balance) -> Balance:
    """Put so many of the issuer's free coins into its bond as it is short of, `amount` at most; how many that
    were.
    """
    if issuers.state_of(who) not in IN_BUSINESS:
        return 0
    lacking = issuers.bond_needed(who, ledger.debt_of(who).owed) - issuers.bond_of(who)
    placed = min(amount, lacking, coin.reducible_balance(who, keep_alive=True))
    if placed <= 0:
        return 0
    issuers.place_bond(who, placed)
    return placed
