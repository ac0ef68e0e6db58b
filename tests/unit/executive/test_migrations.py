"""Migrations: bounded work a block, the cursor in storage, transactions wait, states that cannot be met."""

from __future__ import annotations

from typing import Any

import pytest

from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import twox_128
from runtime.executive.migrate import CURSOR_KEY, MigrationCursor, MigrationImpossible
from runtime.frame import (
    NoError,
    NoEvent,
    Pallet,
    Signed,
    StorageMap,
    StorageValue,
    call,
    hookimpl,
    migration,
)
from runtime.frame.invalid import HookFailed
from runtime.frame.validity import ExhaustsResources
from runtime.scale import U8, U16, U32, codec_of
from runtime.testing import TestChain
from runtime.types import BlockNumber, Weight, db
from runtime.types.limits import MIGRATION_MAX

ALICE = bytes([1]) * 32
NOTES = 5
VERSION_KEY = twox_128(b"Notes") + twox_128(b":__STORAGE_VERSION__:")
TWO_A_BLOCK = Weight(MIGRATION_MAX.ref_time * 2 // 5, 0)


class First(Pallet[NoEvent, NoError]):
    """Notes as they began: numbers of one byte."""

    notes = StorageMap[U8, U32](default=0)

    @call(index=0, weight=db(writes=1))
    def write(self, origin: Signed, number: U8, note: U32) -> None:
        self.notes[number] = note


class Second(First):
    """Every note is doubled, two a block."""

    storage_version = 1
    idle = StorageValue[U32](default=0)

    @migration(to=1, step=TWO_A_BLOCK)
    def double(self, cursor: bytes) -> bytes | None:
        for number in self.notes.keys(after=cursor[0] if cursor else None):
            self.notes[number] *= 2
            return bytes([number])
        return None

    @hookimpl
    def on_idle(self, now: BlockNumber, remaining: Weight) -> Weight:
        self.idle += 1
        return db(writes=1)


class Third(Second):
    """And then counted, at once."""

    storage_version = 2
    count = StorageValue[U32](default=0)

    @migration(to=2, step=db(reads=100))
    def recount(self, cursor: bytes) -> None:
        self.count = len(list(self.notes))


def named(pallet: type[Pallet[Any, Any]], name: str = "Notes") -> type[Any]:
    """The same code under the name that the chain knows."""
    return type(name, (pallet,), {"storage_version": pallet.storage_version})


def chain_of(pallet: type[Pallet[Any, Any]]) -> TestChain:
    chain = TestChain(System, Timestamp, named(pallet))
    for number in range(NOTES):
        chain.submit(notes(chain).write.call(number, number + 1), ALICE)
    return chain


def notes(chain: TestChain) -> Any:
    return chain.runtime.pallets["Notes"]


def test_steps_are_taken_block_by_block_and_transactions_wait_until_the_last() -> None:
    chain = chain_of(First)
    chain.upgrade(named(Third))
    order = list(notes(chain).notes)
    for block, doubled in enumerate((2, 4, 5), start=2):
        assert chain.number == block
        assert [notes(chain).notes[n] for n in order[:doubled]] == [2 * (n + 1) for n in order[:doubled]]
        assert [notes(chain).notes[n] for n in order[doubled:]] == [n + 1 for n in order[doubled:]]
        if doubled < NOTES:
            with pytest.raises(ExhaustsResources):
                chain.submit(notes(chain).write.call(9, 9), ALICE)
            assert chain.state.get(CURSOR_KEY) == (
                None if block == 2 else codec_of(MigrationCursor).encode(cursor_of(order[doubled - 3]))
            )
            assert notes(chain).idle == 0
            chain.next_block()
    assert notes(chain).count == NOTES
    chain.submit(notes(chain).write.call(9, 9), ALICE)
    chain.next_block()
    assert notes(chain).idle == 1
    assert chain.state.get(CURSOR_KEY) is None
    assert chain.state.get(VERSION_KEY) == (2).to_bytes(2, "little")
    chain.next_block(3)
    assert notes(chain).notes[9] == 9


def cursor_of(number: int) -> MigrationCursor:
    return MigrationCursor("Notes", 1, bytes([number]))


def test_a_migration_goes_on_through_another_upgrade() -> None:
    chain = chain_of(First)
    chain.upgrade(named(Second))
    chain.upgrade(named(Third))
    chain.next_block()
    assert notes(chain).notes[0] == 2
    assert sum(notes(chain).notes.values()) == 2 * sum(range(1, NOTES + 1))
    assert notes(chain).count == NOTES


def test_block_zero_and_a_new_pallet_have_nothing_to_migrate() -> None:
    chain = chain_of(Third)
    assert chain.state.get(VERSION_KEY) == (2).to_bytes(2, "little")
    assert notes(chain).count == 0
    young = TestChain(System, Timestamp)
    young.upgrade(named(Third))
    assert notes(young).count == 0
    young.next_block()
    assert young.state.get(VERSION_KEY) == (2).to_bytes(2, "little")


def test_an_upgrade_without_migrations_runs_its_hook_once() -> None:
    class Counted(First):
        """Counts upgrades."""

        upgrades = StorageValue[U32](default=0)

        @hookimpl
        def on_runtime_upgrade(self) -> Weight:
            self.upgrades += 1
            return db(writes=1)

    chain = chain_of(First)
    chain.upgrade(named(Counted))
    chain.next_block(2)
    assert notes(chain).upgrades == 1
    chain.upgrade(named(Counted))
    chain.next_block(2)
    assert notes(chain).upgrades == 2


def test_a_state_that_cannot_be_brought_up_to_date_is_refused_by_name() -> None:
    class Late(First):
        """Forgot where it came from."""

        storage_version = 2

        @migration(to=2, step=db())
        def rest(self, cursor: bytes) -> None: ...

    with pytest.raises(MigrationImpossible) as refusal:
        chain_of(First).upgrade(named(Late))
    assert str(refusal.value) == "Notes stores version 0, and nothing leads from it to 2"
    with pytest.raises(MigrationImpossible) as refusal:
        chain_of(Third).upgrade(named(Second))
    assert str(refusal.value) == "Notes stores version 2, and this runtime knows 1 at most"
    half = chain_of(First)
    half.upgrade(named(Second))
    with pytest.raises(MigrationImpossible) as refusal:
        half.upgrade(named(First))
    assert str(refusal.value) == (
        "the migration of Notes to version 1 is under way, and this runtime lacks it"
    )


def test_a_step_that_fails_stops_the_chain_and_is_named() -> None:
    class Broken(First):
        """Divides by nothing."""

        storage_version = 1

        @migration(to=1, step=db())
        def divide(self, cursor: bytes) -> None:
            self.notes[0] = 1 // len(cursor)

    with pytest.raises(HookFailed) as refusal:
        chain_of(First).upgrade(named(Broken))
    assert str(refusal.value) == (
        "Notes.divide failed: ZeroDivisionError: integer division or modulo by zero"
    )


def test_an_endless_migration_takes_a_bounded_share_of_each_block() -> None:
    class Endless(First):
        """Never done."""

        storage_version = 1
        steps = StorageValue[U16](default=0)

        @migration(to=1, step=Weight(MIGRATION_MAX.ref_time // 100, 0))
        def spin(self, cursor: bytes) -> bytes:
            self.steps += 1
            return cursor

    chain = chain_of(First)
    chain.upgrade(named(Endless))
    assert notes(chain).steps == 100
    chain.next_block()
    assert notes(chain).steps == 200


def test_declarations_that_do_not_hold_together_are_refused() -> None:
    with pytest.raises(TypeError) as refusal:
        migration(to=0, step=db())
    assert str(refusal.value) == "a migration to version 0: versions are in [1, 65535]"
    heavy = Weight(MIGRATION_MAX.ref_time + 1, 0)
    with pytest.raises(TypeError) as refusal:
        migration(to=1, step=heavy)
    assert (
        str(refusal.value)
        == f"a migration's step of {heavy} does not fit a block, which leaves {MIGRATION_MAX}"
    )
    with pytest.raises(TypeError) as refusal:

        class Ahead(First):
            """Migrates past itself."""

            storage_version = 1

            @migration(to=2, step=db())
            def ahead(self, cursor: bytes) -> None: ...

    assert str(refusal.value) == "Ahead: migrations lead to 2, and storage_version is 1"
    with pytest.raises(TypeError) as refusal:

        class Below(First):
            """Counts backwards."""

            storage_version = -1

    assert str(refusal.value) == "Below: storage_version = -1 is outside [0, 65535]"
