"""Template: remember one number, and who said it.

The least that a pallet is: one value, one call, one event, one error.
"""

from __future__ import annotations

from runtime.frame import Error, Event, Pallet, Signed, StorageOption, call
from runtime.scale import U32
from runtime.types import AccountId, db


class TemplateEvent(Event):
    """What this pallet tells the world."""


class SomethingStored(TemplateEvent, index=0):
    """A number was remembered."""

    something: U32
    who: AccountId


class TemplateError(Error):
    """Why this pallet refuses."""


class AlreadyStored(TemplateError, index=0):
    """The number is remembered already."""


class Template(Pallet[TemplateEvent, TemplateError]):
    """Remember one number."""

    something = StorageOption[U32](doc="The number; none until somebody has said one.")

    @call(index=0, weight=db(reads=1, writes=1))
    def do_something(self, origin: Signed, something: U32) -> None:
        """Remember a number in place of the one before."""
        if something == self.something:
            raise AlreadyStored
        self.something = something
        self.emit(SomethingStored(something, origin.who))
