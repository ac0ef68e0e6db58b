"""A diary in which tasks write, in every way that a task can go wrong; and a chain with it."""

from __future__ import annotations

from typing import Annotated, Any, Final

from governance.preimages import Preimage
from governance.scheduler import Scheduler
from governance.scheduler import types as t
from governance.scheduler.service import SHARE
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import (
    Call,
    DispatchError,
    Error,
    Event,
    Pallet,
    Root,
    Signed,
    StorageValue,
    call,
    hookimpl,
)
from runtime.frame.governance import BoundedCall, Schedule, TaskName
from runtime.scale import U32, Err, Max
from runtime.testing import TestChain
from runtime.types import Weight, db

ALICE, POT = bytes([1]) * 32, bytes([9]) * 32
NAME, OTHER = bytes([7]) * 32, bytes([8]) * 32
HALF: Final = Weight(SHARE.ref_time // 2, SHARE.proof_size // 2)


class DiaryEvent(Event):
    """What Diary tells."""


class DiaryError(Error):
    """Why Diary refuses."""


class Nope(DiaryError, index=0):
    """It never works."""


class Diary(Pallet[DiaryEvent, DiaryError]):
    """Writes down what ran, and when."""

    schedule: Schedule

    lines = StorageValue[Annotated[tuple[tuple[U32, U32], ...], Max(256)]](default=())

    @call(index=0, weight=db(writes=1))
    def write(self, origin: Root, what: U32) -> None:
        """Write one line."""
        self.lines = (*self.lines, (self.host.number, what))

    @call(index=1, weight=HALF)
    def write_slowly(self, origin: Root, what: U32) -> None:
        """Write one line, using half of what tasks may use."""
        self.lines = (*self.lines, (self.host.number, what))

    @call(index=2, weight=SHARE)
    def too_heavy(self, origin: Root) -> None:
        """Never fits."""

    @call(index=3, weight=db())
    def fail(self, origin: Root, what: U32) -> None:
        """Write, and be refused."""
        self.lines = (*self.lines, (self.host.number, what))
        raise Nope

    @call(index=4, weight=db())
    def break_(self, origin: Root) -> None:
        """A pallet with a fault."""
        raise ZeroDivisionError

    @call(index=5, weight=db(writes=1))
    def long(self, origin: Root, text: Annotated[bytes, Max(2 * t.CALL_BYTES_MAX)]) -> None:
        """A call that is too long to stand in the agenda."""
        self.lines = (*self.lines, (self.host.number, len(text)))

    @call(index=6, weight=db())
    def plan(self, origin: Root, name: TaskName, when: U32, call: BoundedCall) -> None:
        """Schedule something as pallets do."""
        self.schedule.plan(name, when, 1, Root(), call)

    @call(index=7, weight=db(writes=1))
    def scrawl(self, origin: Root) -> None:
        """Write what the page does not hold."""
        self.lines = ((-1, -1),)

    @call(index=8, weight=db())
    def whisper(self, origin: Signed, what: U32) -> None:
        """Write as somebody who is not root."""
        self.lines = (*self.lines, (self.host.number, what))

    @hookimpl
    def filter_call(self, call: Call) -> bool:
        return call != self.whisper.call(0)


def diary_chain() -> TestChain:
    """Tasks, preimages, and somebody with coins."""
    return TestChain(
        System,
        Timestamp,
        Balances,
        Preimage,
        Scheduler,
        Diary,
        config={
            "Balances": {"existential_deposit": 1, "dust_account": POT},
            "Preimage": {"base_deposit": 1, "byte_deposit": 1},
        },
        genesis={"Balances": {"balances": [[ALICE, 1_000_000]]}},
    )


def root(chain: TestChain, call: Call) -> None:
    chain.dispatch(call, Root())


def left_behind(scheduler: Scheduler) -> int | None:
    return scheduler.incomplete_since


def lines(chain: TestChain) -> tuple[tuple[int, int], ...]:
    return chain[Diary].lines


def write(chain: TestChain, what: int) -> Call:
    return chain[Diary].write.call(what)


def told(chain: TestChain) -> list[t.SchedulerEvent]:
    return [event for event in chain.events if isinstance(event, t.SchedulerEvent)]


def refused(chain: TestChain, error: DispatchError) -> Err[Any]:
    return Err(chain.host.failure(error))
