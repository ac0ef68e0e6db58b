"""Eleven mistakes that a pallet's author can make, one a line: each is a type error to both checkers.

Nobody imports this file. `# mistake:` marks the lines; everything around them is correct.
"""

from __future__ import annotations

from runtime.frame import Error, Event, Host, Pallet, Root, Signed, StorageMap, StorageValue, call, hookimpl
from runtime.frame.interfaces import Clock
from runtime.scale import U32, Struct
from runtime.types import AccountId, BlockNumber, Moment, db


class Config(Struct):
    """Constants."""

    limit: U32


class LampEvent(Event):
    """What the lamp tells."""


class Lit(LampEvent, index=0):
    """It is on."""

    watts: U32


class ForeignEvent(Event):
    """What another pallet tells."""


class Moved(ForeignEvent, index=0):
    """Something moved."""


class LampError(Error):
    """Why the lamp refuses."""


class Lamp(Pallet[LampEvent, LampError]):
    """A correct pallet."""

    config: Config
    clock: Clock

    total = StorageValue[U32](default=0)
    owners = StorageMap[U32, AccountId]()

    @call(index=0, weight=db())
    def light(self, origin: Signed, watts: U32) -> None:
        self.total += watts
        self.owners[watts] = origin.who
        self.emit(Lit(watts))

    @call(index=1, weight=db())
    def dim(self, origin: Root) -> None:
        self.total = 0


class Stopped:
    """Provides a clock."""

    def moment(self) -> Moment:
        return 0


class Broken:
    """Does not."""


class Dark(Lamp):
    """Hooks are as the base class has them."""

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None: ...


class Darker(Dark):
    """Except here."""

    @hookimpl
    def on_finalize(self, now: str) -> None: ...  # mistake: a hook overridden with another signature


lamp = Lamp(host=Host(), config=Config(1), clock=Stopped())
lamp.light(Signed(bytes(32)), 5)
lamp.light.call(watts=5)
lamp.light(Root(), 5)  # mistake: the wrong origin
lamp.light(Signed(bytes(32)), "bright")  # mistake: an argument of the wrong type
lamp.light.call()  # mistake: a missing argument
lamp.emit(Moved())  # mistake: another pallet's event
lamp.total = "many"  # mistake: a value of the wrong type
lamp.owners["first"] = bytes(32)  # mistake: a key of the wrong type
lamp.cache = 1  # mistake: an undeclared attribute
Lamp(
    host=Host(), config=Config(1), clock=Broken()
)  # mistake: a dependency that does not provide the behaviour
Lamp(host=Host(), config=Config(1))  # mistake: a forgotten dependency
Lit(5).watts = 6  # mistake: a frozen event changed
