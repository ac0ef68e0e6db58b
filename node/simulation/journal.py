"""The model journal: what was appended and not synced yet is lost in part when its host stops."""

from __future__ import annotations

import random

from node.consensus.messages import AnyRecord


class Journal:
    """One host's records."""

    def __init__(self) -> None:
        self.synced: list[AnyRecord] = []
        self.unsynced: list[AnyRecord] = []

    def append(self, records: list[AnyRecord]) -> None:
        """Write, to be synced later."""
        self.unsynced += records

    def sync(self) -> None:
        """What was written survives."""
        self.synced += self.unsynced
        self.unsynced = []

    def rewrite(self, records: tuple[AnyRecord, ...]) -> None:
        """Replace everything at once, synced."""
        self.synced = list(records)
        self.unsynced = []

    def crash(self, dice: random.Random) -> None:
        """The host stops: a random end of what was not synced is gone."""
        self.synced += self.unsynced[: dice.randint(0, len(self.unsynced))]
        self.unsynced = []

    @property
    def size(self) -> int:
        """How many records there are."""
        return len(self.synced) + len(self.unsynced)
