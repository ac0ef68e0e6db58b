"""Work of any weight to be scheduled, a chain for it, and agendas as a model keeps them: without storage,
weights or events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Final

from governance.preimages import Preimage
from governance.scheduler import Scheduler
from governance.scheduler import types as t
from governance.scheduler.service import SHARE, weight_of_task
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import Error, NoEvent, Pallet, Root, call
from runtime.frame.governance import INLINE_MAX, BoundedCall
from runtime.runtime import Runtime
from runtime.scale import U8, U32, Max
from runtime.testing import TestChain
from runtime.types import Weight, db
from runtime.types.limits import BLOCK_WEIGHTS, EXTRINSIC_BASE

PARTS: Final = 16
"""What work weighs is counted in such parts of what tasks may use in a block."""
LONG: Final = 200
"""Bytes that make a call too long to stand in an agenda."""
OPENING: Final = BLOCK_WEIGHTS.base_block + db(reads=2, writes=2) + EXTRINSIC_BASE
"""What a block costs at its start beside tasks: itself, and the inherent with the time."""
LOADED: Final[dict[str, Runtime]] = {}


class WorkError(Error):
    """Why Work refuses."""


class Tired(WorkError, index=0):
    """It was told to be."""


def weight_of_work(tag: int, parts: int, refused: bool, padding: bytes) -> Weight:
    """As many parts as were said."""
    return Weight(SHARE.ref_time * parts // PARTS, 0)


class Work(Pallet[NoEvent, WorkError]):
    """Work, which may be refused."""

    @call(index=0, weight=weight_of_work)
    def work(
        self, origin: Root, tag: U32, parts: U8, refused: bool, padding: Annotated[bytes, Max(LONG)]
    ) -> None:
        """Do it; `tag` tells one from another."""
        if refused:
            raise Tired


class PlanChain(TestChain):
    """A chain on which work is scheduled."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__(
            *(System, Timestamp, Balances, Preimage, Scheduler, Work),
            config={
                "Balances": {"existential_deposit": 1, "dust_account": bytes(32)},
                "Preimage": {"base_deposit": 1, "byte_deposit": 1},
            },
            runtime=LOADED.get("plans"),
        )
        LOADED["plans"] = self.runtime
        self.scheduler, self.preimage, self.labour = self[Scheduler], self[Preimage], self[Work]

    def plan(self, name: bytes, when: int, call: BoundedCall) -> None:
        """Schedule as a pallet does, at priority 1; such a block cannot be executed again."""
        self._replayable = False
        self.scheduler.plan(name, when, 1, Root(), call)

    def replan(self, name: bytes, when: int) -> None:
        """Move a task as a pallet does."""
        self._replayable = False
        self.scheduler.replan(name, when)

    @property
    def used(self) -> Weight:
        """What tasks have used in the block that was opened just now."""
        return BLOCK_WEIGHTS.max_block - OPENING - self.builder.weight_left


Address = tuple[int, int]


@dataclass(frozen=True)
class Task:
    """What is to come."""

    tag: int
    parts: int
    is_refused: bool
    priority: int = 1
    name: bytes | None = None
    period: int = 0
    more: int = 0
    """How often after the next time."""
    retry: tuple[int, int, int] | None = None
    """How often in all, how often still, after how many blocks."""
    hash: bytes | None = None
    """Of a call that does not stand in the agenda."""
    length: int = INLINE_MAX

    def key(self, address: Address) -> tuple[int, int, int]:
        """By what tasks are ordered."""
        return address[0], self.priority, address[1]


@dataclass
class Agendas:
    """Which task stands where."""

    tasks: dict[Address, Task] = field(default_factory=dict[Address, Task])
    taken: dict[int, list[bool]] = field(default_factory=dict[int, list[bool]])
    """Of each block, which places hold a task; none that is free at the end."""

    def has_room(self, when: int) -> bool:
        """Whether one more task may stand in a block's agenda."""
        taken = self.taken.get(when, [])
        return len(taken) < t.AGENDA_MAX or not all(taken)

    def place(self, when: int, task: Task) -> Address | None:
        """Where a task comes to stand; None where there is no room, or its name is taken."""
        if not self.has_room(when) or self.named(task.name) is not None:
            return None
        taken = self.taken.setdefault(when, [])
        if len(taken) < t.AGENDA_MAX:
            taken.append(True)
            index = len(taken) - 1
        else:
            index = taken.index(False)
            taken[index] = True
        self.tasks[when, index] = task
        return when, index

    def take(self, address: Address) -> Task:
        """A task, which stands there no more."""
        when, index = address
        taken = self.taken[when]
        taken[index] = False
        while taken and not taken[-1]:
            taken.pop()
        if not taken:
            del self.taken[when]
        return self.tasks.pop(address)

    def named(self, name: bytes | None) -> Address | None:
        """Where the task of a name stands."""
        if name is None:
            return None
        return next((address for address, task in self.tasks.items() if task.name == name), None)

    def due(self, now: int) -> list[tuple[int, int, int]]:
        """The keys of what should have run by now, in order."""
        return sorted(task.key(address) for address, task in self.tasks.items() if address[0] <= now)


def need(task: Task) -> Weight:
    """What a task uses at most."""
    follow_ups = (task.more > 0) + (task.retry is not None)
    beside = weight_of_task(task.length, follow_ups)
    return beside + weight_of_work(task.tag, task.parts, task.is_refused, b"")
