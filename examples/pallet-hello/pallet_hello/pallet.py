"""Hello: accounts say hello, each in its own words, and are counted."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event, Pallet, Signed, StorageMap, StorageValue, call
from runtime.scale import U32, Max, Struct
from runtime.types import AccountId, db

Words = Annotated[str, Max(64)]
"""What one says: 64 bytes of UTF-8 at most."""


class Config(Struct):
    """Constants of the chain."""

    greeters_max: U32 = 1_000
    """How many accounts may say hello."""


class HelloEvent(Event):
    """What this pallet tells the world."""


class Greeted(HelloEvent, index=0):
    """An account said hello."""

    who: AccountId
    words: Words
    number: U32
    """It was the so-manieth to do so."""


class HelloError(Error):
    """Why this pallet refuses."""


class AlreadyGreeted(HelloError, index=0):
    """The account has said hello before."""


class TooCrowded(HelloError, index=1):
    """No more accounts may say hello."""


class Hello(Pallet[HelloEvent, HelloError]):
    """Who said hello, and how."""

    config: Config

    count = StorageValue[U32](default=0, doc="How many accounts have said hello.")
    greetings = StorageMap[AccountId, Words](doc="What each account said.")

    @call(index=0, weight=db(reads=2, writes=2))
    def greet(self, origin: Signed, words: Words) -> None:
        """Say hello, once."""
        if origin.who in self.greetings:
            raise AlreadyGreeted
        if self.count == self.config.greeters_max:
            raise TooCrowded
        self.count += 1
        self.greetings[origin.who] = words
        self.emit(Greeted(origin.who, words, self.count))
