"""Lookup: the account that an address in a call names."""

from __future__ import annotations

from runtime.frame.error import CannotLookup
from runtime.types.account import AccountId, Address, MultiAddress


def lookup(address: MultiAddress) -> AccountId:
    """The account of an address. Raises `CannotLookup`: this chain knows accounts by their 32 bytes alone."""
    if not isinstance(address, Address):
        raise CannotLookup
    return address.account
