"""The shared words: accounts, balances, weights, headers, extrinsics, as Substrate encodes them."""

from runtime.types.account import AccountId, Address, Balance, BlockNumber, Hash, Moment, MultiAddress, Nonce
from runtime.types.weight import DispatchClass, Pays, Weight, db

__all__ = [
    "AccountId",
    "Address",
    "Balance",
    "BlockNumber",
    "DispatchClass",
    "Hash",
    "Moment",
    "MultiAddress",
    "Nonce",
    "Pays",
    "Weight",
    "db",
]
