"""The hardware: a computer without a node - its disk, its database, its clock, and its keys."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import trio

from node.consensus.memory_disk import MemoryDisk
from node.network.address import PeerAddress
from node.simulation.nodes.site import Site
from node.simulation.nodes.spec import Secrets, secrets_of
from node.storage.memory import MemoryDatabase

START_MS: Final = 1_700_000_000_000
"""When the run begins, for those who live in it."""
PORT: Final = 30_333


class Watch:
    """A machine's clock: simulated time, and how far it is off."""

    def __init__(self, skew_ms: int) -> None:
        self._skew_ms = skew_ms

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        return START_MS + self._skew_ms + int(trio.current_time() * 1_000)


class SlowDisk(MemoryDisk):
    """A disk that takes its time to sync, and counts what it did not take."""

    def __init__(self, dice: Random, sync_ms_max: int) -> None:
        super().__init__()
        self._dice = dice
        self._sync_ms_max = sync_ms_max
        self.refused = 0

    async def run(self, job: Callable[[], None], /) -> None:
        await trio.sleep(self._dice.randint(0, self._sync_ms_max) / 1_000)
        job()

    def room(self, wanted: int) -> int:
        room = super().room(wanted)
        self.refused += room < wanted
        return room


class Hardware:
    """What a node lives on, and what outlives it."""

    def __init__(self, site: Site, place: int) -> None:
        plan = site.plan
        self.site = site
        self.place = place
        self.secrets: Secrets = secrets_of(place)
        self.address = address_of(place)
        self.dice = Random(f"machine/{plan.seed}/{place}")
        self.clock = Watch(plan.skew_ms[place])
        self.disk = self._new_disk()
        self.database = MemoryDatabase()
        self.lives = 0
        """How many nodes have begun here."""

    def _new_disk(self) -> SlowDisk:
        return SlowDisk(self.dice, self.site.plan.sync_ms_max[self.place])

    @property
    def refused(self) -> int:
        """How many writes disk and database did not take in this life: after one the node is to stop."""
        return self.disk.refused + self.database.refused

    def make_room(self) -> None:
        """Let disk and database take all that comes."""
        self.disk.bytes_max = self.database.writes_left = None

    def begin_life(self) -> None:
        """A node begins: nothing was refused it, and nobody else has the database open."""
        self.lives += 1
        self.disk.refused = 0
        self.database = self.database.reopen()

    def kill(self) -> None:
        """What is open is dead; nothing is lost."""
        self.disk.kill()
        self.database = self.database.reopen()

    def cut_power(self) -> None:
        """What is open is dead, and of what was not synced the end is lost."""
        self.disk.crash(self.dice)
        self.database = self.database.crash(self.dice)

    def wipe(self) -> None:
        """Everything but the keys is lost."""
        self.kill()
        self.disk, self.database = self._new_disk(), MemoryDatabase()


def address_of(place: int) -> PeerAddress:
    """Where the node at a place listens: each in a neighbourhood of its own."""
    return PeerAddress(secrets_of(place).network.public, f"10.0.{place}.1", PORT)
