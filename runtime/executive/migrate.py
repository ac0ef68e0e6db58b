"""Migrations across blocks: which pallet is being migrated, how far it has come, and the next step.

Each pallet's storage version stands where Substrate keeps it; one cursor stands for the whole chain, so that
a block without a migration pays one read to know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runtime.crypto.hashing import twox_128
from runtime.frame.bound import BoundValue
from runtime.frame.host import Host
from runtime.frame.invalid import InvalidBlock
from runtime.frame.migration import Migration
from runtime.frame.pallet import Pallet
from runtime.scale import U16, Struct
from runtime.state.backend import ABSENT

CURSOR_KEY: Final = b":migration_cursor"
"""The storage key of the migration under way; absent when there is none."""
VERSION_ITEM: Final = ":__STORAGE_VERSION__:"
"""Substrate's name of the item, below each pallet's prefix, that holds its storage version."""
STEPS_MAX: Final = 10_000
"""The most steps of one block, however light they are."""


class MigrationCursor(Struct):
    """How far a migration has come."""

    pallet: str
    """The pallet's name in storage."""
    to: U16
    """The version that the migration leads to."""
    cursor: bytes
    """What the last step returned."""


def is_migrating(host: Host) -> bool:
    """Whether the migrations of the runtime that runs are not over yet."""
    return host.overlay.get(CURSOR_KEY, host.codec(MigrationCursor).decode) is not ABSENT


class MigrationImpossible(InvalidBlock):
    """The state is of a version that this runtime cannot bring up to date."""


class Migrations:
    """The migrations of one runtime's pallets."""

    def __init__(self, host: Host, pallets: Mapping[str, Pallet[Any, Any]]) -> None:
        self._host = host
        self._pallets = pallets
        self._versions = {name: BoundValue(host, name, VERSION_ITEM, host.codec(U16), 0) for name in pallets}
        self._cursor = host.codec(MigrationCursor)

    def version_of(self, pallet: str) -> int:
        """The version of a pallet's storage as it stands."""
        return self._versions[pallet].get()

    def note_genesis(self) -> None:
        """Write the versions of a state that this runtime itself has laid out."""
        for name, pallet in self._pallets.items():
            self._set_version(name, pallet.storage_version)

    def begin(self) -> None:
        """After a change of runtime: see which pallets are behind. Raises `MigrationImpossible`.

        A pallet that stores nothing yet is new, and has nothing to migrate. A migration under way goes on.
        """
        for name, pallet in self._pallets.items():
            stored, wanted = self.version_of(name), pallet.storage_version
            if stored != wanted and self._is_new(name):
                self._set_version(name, wanted)
                continue
            stands = f"{name} stores version {stored}"
            if stored > wanted:
                raise MigrationImpossible(f"{stands}, and this runtime knows {wanted} at most")
            if stored < wanted and self._next(name) is None:
                raise MigrationImpossible(f"{stands}, and nothing leads from it to {wanted}")
        under_way = self.under_way()
        if under_way is None:
            self._go_on()
        elif self._migration(under_way) is None:
            raise MigrationImpossible(
                f"the migration of {under_way.pallet} to version {under_way.to} is under way, "
                "and this runtime lacks it"
            )

    def under_way(self) -> MigrationCursor | None:
        """The migration that waits for its next step, or None."""
        found = self._host.overlay.get(CURSOR_KEY, self._cursor.decode)
        return None if found is ABSENT else found

    def next_step(self) -> tuple[str, Migration] | None:
        """The pallet and the migration whose step comes next."""
        under_way = self.under_way()
        if under_way is None:
            return None
        found = self._migration(under_way)
        return None if found is None else (under_way.pallet, found)

    def step(self) -> None:
        """Take the next step."""
        under_way = self.under_way()
        assert under_way is not None
        found = self._migration(under_way)
        assert found is not None
        cursor: bytes | None = getattr(self._pallets[under_way.pallet], found.attribute)(under_way.cursor)
        if cursor is not None:
            self._put(under_way.replace(cursor=cursor))
            return
        self._set_version(under_way.pallet, under_way.to)
        self._go_on()

    def _go_on(self) -> None:
        """Point at the first migration to be done, in the order of the pallets; at none when all are."""
        for name in self._pallets:
            found = self._next(name)
            if found is not None:
                self._put(MigrationCursor(name, found.to, b""))
                return
        if self.under_way() is not None:
            self._host.overlay.delete(CURSOR_KEY, self._cursor.write)

    def _next(self, name: str) -> Migration | None:
        stored = self.version_of(name)
        return next((each for each in self._pallets[name].migrations if each.to == stored + 1), None)

    def _migration(self, cursor: MigrationCursor) -> Migration | None:
        pallet = self._pallets.get(cursor.pallet)
        migrations = () if pallet is None else pallet.migrations
        return next((each for each in migrations if each.to == cursor.to), None)

    def _is_new(self, name: str) -> bool:
        return next(self._host.overlay.keys(twox_128(name.encode())), None) is None

    def _put(self, cursor: MigrationCursor) -> None:
        self._host.overlay.put(CURSOR_KEY, cursor, self._cursor.write)

    def _set_version(self, name: str, version: int) -> None:
        if version != self.version_of(name):
            self._versions[name].set(version)
