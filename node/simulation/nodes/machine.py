"""Machines: hardware that fails, and the nodes that live on it, one after the other."""

from __future__ import annotations

from typing import Final

import trio

from node.consensus.world import World
from node.peering import Wire
from node.simulation.nodes.hardware import Hardware
from node.simulation.nodes.life import Life, Overheard
from node.simulation.nodes.logs import PLACE
from node.simulation.nodes.plan import End
from node.simulation.nodes.site import Site

WRITES_LEFT_MAX: Final = 4
BYTES_LEFT_MAX: Final = 600
"""What a disk that is about to be full may still take."""


class Machine(Hardware):
    """One computer with an honest node; villains are other classes."""

    is_honest = True
    contradicts_itself = False
    """Whether its node signs what convicts it."""

    def __init__(self, site: Site, place: int) -> None:
        super().__init__(site, place)
        self.life: Life | None = None
        """The node that runs."""
        self._scope = trio.CancelScope()
        self._over = trio.Event()
        self._over.set()

    def start(self, nursery: trio.Nursery) -> None:
        """Let a node live here, unless one does; disk and database have room."""
        self.make_room()
        if self._over.is_set():
            self._over, self._scope = trio.Event(), trio.CancelScope()
            nursery.start_soon(self._live)

    async def end(self, how: End) -> None:
        """End the node's life and return when it is over; or fill its disk, and let it find out."""
        self.site.trace.tell(self.place, f"is to end: {how.name}")
        match how:
            case End.Stopped:
                self._scope.cancel()
            case End.Killed:
                self.kill()
                self._vanish()
            case End.PowerCut:
                self.cut_power()
                self._vanish()
            case End.DiskLost:
                self.wipe()
                self._vanish()
                self.site.judge.on_wiped(self.place)
            case End.DatabaseFull:
                self.database.writes_left = self.dice.randint(0, WRITES_LEFT_MAX)
                return
            case End.JournalFull:
                self.disk.bytes_max = self.disk.used_bytes + self.dice.randint(0, BYTES_LEFT_MAX)
                return
        await self._over.wait()

    def _vanish(self) -> None:
        """End what runs, without a word to anybody."""
        self._scope.cancel()
        self.site.hub.crash(self.address.peer)

    async def _live(self) -> None:
        """One life."""
        PLACE.set(self.place)
        self.begin_life()
        why: Exception | None = None
        try:
            with self._scope:
                self.life = Life(self, self.wiring)
                await self.life.run()
        except Exception as error:  # noqa: BLE001 -- whatever ends a node is judged
            why = error
        self.life = None
        self.site.judge.on_ended(self.place, why)
        self._over.set()

    def wiring(self, life: Life, world: World) -> Wire:
        """How this node speaks of the agreement."""
        return Overheard(life, world)
