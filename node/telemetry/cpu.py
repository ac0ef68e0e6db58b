"""Where the processor's time goes: the CPU seconds of the Trio thread, by the room that used them.

A room is a folder of `node/`, or a file beside them: a task belongs to the room whose code began it, or, when
a library did (a listener for a caller), to the one that the library calls. What a task of one room does for
another (a block executed for the agreement) is charged to that other by `charge`.
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
"""The room of tasks that have nothing to do with the node."""
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
            room = room_of(task)
            if room != ELSEWHERE:
                self._rooms[task] = room
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
    """The room of the outermost function of a task that is the node's, as far as it has come."""
    function: object = task.coro
    while function is not None:
        code = getattr(function, "cr_code", None)
        if code is not None:
            path = Path(code.co_filename)
            if path.is_relative_to(_NODE):
                return path.relative_to(_NODE).parts[0].removesuffix(".py")
        function = getattr(function, "cr_await", None)
    return ELSEWHERE
