"""Mistakes that one makes when writing a pallet, one a line, each of which both type checkers must report.

A line with a mistake ends in `# mistake`; every other line is correct and must not be reported. Read by
`test_mistakes.py`, never run.
"""

from __future__ import annotations

from typing import Protocol

from pallets.timestamp import Timestamp
from pallets.timestamp.pallet import Config as TimestampConfig
from runtime.frame import (
    Error,
    Event,
    Host,
    Pallet,
    Parameter,
    Root,
    Signed,
    StorageMap,
    StorageValue,
    call,
    hookimpl,
)
from runtime.scale import U32, Struct
from runtime.types import AccountId, Balance, BlockNumber, db


class Purse(Protocol):
    """What the pallet below expects of another."""

    def pay(self, who: AccountId, amount: Balance) -> None: ...


class GoodPurse:
    def pay(self, who: AccountId, amount: Balance) -> None: ...


class BadPurse:
    def pay(self, who: AccountId) -> None: ...


class Config(Struct):
    """Constants."""

    limit: U32


class ShopEvent(Event):
    """What the shop tells."""


class Sold(ShopEvent, index=0):
    """Something was sold."""

    buyer: AccountId
    amount: Balance


class BankEvent(Event):
    """What somebody else tells."""


class Deposited(BankEvent, index=0):
    """Not the shop's affair."""

    amount: Balance


class ShopError(Error):
    """Why the shop refuses."""


class Shop(Pallet[ShopEvent, ShopError]):
    """A pallet without a mistake."""

    config: Config
    purse: Purse

    open = StorageValue[bool](default=True, doc="Whether the shop is open.")
    spent = StorageMap[AccountId, Balance](default=0, doc="What each buyer has spent.")
    fee_ppb = Parameter[U32](default=5, bounds=(0, 10), track="fees", doc="The shop's fee.")

    @call(index=0, weight=db(writes=1))
    def buy(self, origin: Signed, amount: Balance) -> None:
        """Buy for `amount`."""
        self.spent[origin.who] += amount
        self.purse.pay(origin.who, amount)
        self.emit(Sold(origin.who, amount))

    def wrong_event(self) -> None:
        self.emit(Deposited(1))  # mistake


class Market(Shop):
    """A shop that closes at night."""

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None: ...


class Bazaar(Market):
    """A market that does not know when."""

    @hookimpl
    def on_finalize(self, now: str) -> None: ...  # mistake


def correct(host: Host, who: AccountId) -> Shop:
    shop = Shop(host=host, config=Config(1), purse=GoodPurse())
    shop.buy(Signed(who), 5)
    shop.buy(Signed(who), amount=5)
    shop.buy.call(5)
    shop.buy.call(amount=5)
    shop.open = False
    shop.fee_ppb = 7
    shop.spent[who] += 1
    return shop


def mistaken(host: Host, who: AccountId, shop: Shop, sold: Sold) -> None:
    shop.buy(Root(), 5)  # mistake
    shop.buy(Signed(who), "5")  # mistake
    shop.buy(Signed(who))  # mistake
    shop.buy.call()  # mistake
    shop.buy.call(amount=b"5")  # mistake
    shop.open = 5  # mistake
    shop.fee_ppb = "7"  # mistake
    shop.spent["who"] = 5  # mistake
    shop.spent[who] = "5"  # mistake
    shop.closed = True  # mistake
    sold.amount = 6  # mistake
    Sold(who)  # mistake
    Shop(host=host, config=Config(1), purse=BadPurse())  # mistake
    Shop(host=host, config=Config(1))  # mistake
    Shop(host=host, config=TimestampConfig(), purse=GoodPurse())  # mistake
    Timestamp(host=host)  # mistake
