"""Where the processor's time goes: the CPU seconds of the Trio thread, by the room that used them.

A room is a folder of `node/`: a task belongs to the room whose code began it. What a task of one room does
for another (a block executed for the agreement) is charged to that other by `charge`.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import trio

ELSEWHERE: Final = "other"
"""The room of tasks that no folder of the node began."""
_NODE: Final = Path(__file__).resolve().parent.parent


class CpuByRoom(trio.abc.Instrument):
    """Add it by `trio.lowlevel.add_instrument`; a step of a task costs it about a microsecond."""

    def __init__(self) -> None:
        self.nanoseconds: dict[str, int] = {}
        """CPU time used so far, by room."""
        self._rooms: WeakKeyDictionary[trio.lowlevel.Task, str] = WeakKeyDictionary()
        self._room = ELSEWHERE
        self._since = 0

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        room = self._rooms.get(task)
        if room is None:
            room = self._rooms[task] = room_of(task)
        self._room = room
        self._since = time.thread_time_ns()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        self._account()

    @contextmanager
    def charge(self, room: str) -> Generator[None]:
        """What this task does in the body is the room's."""
        task = trio.lowlevel.current_task()
        self._account()
        before = self._room
        self._rooms[task] = self._room = room
        try:
            yield
        finally:
            self._account()
            self._rooms[task] = self._room = before

    def _account(self) -> None:
        now = time.thread_time_ns()
        self.nanoseconds[self._room] = self.nanoseconds.get(self._room, 0) + now - self._since
        self._since = now


def room_of(task: trio.lowlevel.Task) -> str:
    """The folder of `node/` that a task's function is from."""
    code = getattr(task.coro, "cr_code", None)
    if code is None:
        return ELSEWHERE
    path = Path(code.co_filename)
    if not path.is_relative_to(_NODE):
        return ELSEWHERE
    inside = path.relative_to(_NODE).parts
    return inside[0] if len(inside) > 1 else ELSEWHERE
