"""A rehearsal tells what a runtime does to a state: what changes, what that weighs, what is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from node.runtimes import rehearsal
from node.runtimes.rehearsal import Fault, Rehearsal, faults_of, rehearse
from node.runtimes.rehearse import plain
from node.runtimes.snapshot import Snapshot, SnapshotUnfit, read_snapshot, write_snapshot
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.frame import NoError, NoEvent, Pallet, Root, StorageMap, StorageValue, call, hookimpl, migration
from runtime.runtime import Runtime
from runtime.scale import U32
from runtime.testing import TestChain
from runtime.types import db
from runtime.types.limits import MIGRATION_MAX
from runtime.types.weight import Weight


class Notes(Pallet[NoEvent, NoError]):
    """As it is before."""

    notes = StorageMap[U32, U32]()

    @call(index=0, weight=db(writes=1))
    def write(self, origin: Root, at: U32, note: U32) -> None:
        """Write a note."""
        self.notes[at] = note


class Doubling(Notes):
    """Doubles each note, one in a block."""

    storage_version = 1

    @migration(to=1, step=MIGRATION_MAX)
    def double(self, cursor: bytes) -> bytes | None:
        """One note."""
        at = int.from_bytes(cursor, "little")
        self.notes[at] = 2 * self.notes[at]
        return (at + 1).to_bytes(4, "little") if at + 1 in self.notes else None


class Restless(Notes):
    """Counts each upgrade, and so is not the same after a second one."""

    upgrades = StorageValue[U32](default=0)

    @hookimpl
    def on_runtime_upgrade(self) -> Weight:
        self.upgrades += 1
        return db(reads=1, writes=1)


class Doubting(Notes):
    """Finds fault with what it sees."""

    @hookimpl
    def try_state(self) -> None:
        if 1 in self.notes:
            raise AssertionError("there is a first note")


class Stuck(Notes):
    """Cannot bring the state up to date: its first migration is gone."""

    storage_version = 2

    @migration(to=2, step=db())
    def second(self, cursor: bytes) -> bytes | None:
        """Never reached."""


class Endless(Notes):
    """Never comes to its end."""

    storage_version = 1

    @migration(to=1, step=MIGRATION_MAX)
    def turn(self, cursor: bytes) -> bytes | None:
        """Round and round."""
        return b"again"


def snapshot_of(chain: TestChain) -> Snapshot:
    return Snapshot(chain.header, tuple((key, chain.state.get(key) or b"") for key in chain.state.keys(b"")))


@pytest.fixture
def chain() -> TestChain:
    chain = TestChain(System, Timestamp, Notes)
    for at in range(3):
        chain.dispatch(chain[Notes].write.call(at, 10 + at), Root())
    chain.next_block()
    return chain


def next_runtime(chain: TestChain, kind: type[Notes]) -> Runtime:
    """The chain's next runtime, in which `kind` stands in the place of `Notes`."""
    named: Any = type("Notes", (kind,), {"__doc__": kind.__doc__})
    other = TestChain(System, Timestamp, Notes)
    other.upgrade(named)
    return other.runtime


def rehearsed(chain: TestChain, kind: type[Notes]) -> Rehearsal:
    return rehearse(next_runtime(chain, kind), snapshot_of(chain).states(), chain.header)


def test_what_a_migration_changes_and_weighs(chain: TestChain) -> None:
    found = rehearsed(chain, Doubling)
    assert found.is_good
    assert [each.number for each in found.blocks] == [chain.header.number + count for count in (1, 2, 3)]
    assert all(each.weight == MIGRATION_MAX for each in found.blocks)
    changed = [(each.item, each.before, each.after) for each in found.changes if each.item == "Notes.Notes"]
    assert sorted(changed) == [
        ("Notes.Notes", bytes([10 + at, 0, 0, 0]), bytes([20 + 2 * at, 0, 0, 0])) for at in range(3)
    ]
    report = plain(found)
    assert report["changed"] == {"Notes.Notes": 3, "Notes.:__STORAGE_VERSION__:": 1}
    assert (report["good"], report["again"], report["faults"]) == (True, [], [])


def test_the_same_code_changes_nothing(chain: TestChain) -> None:
    """The books of the blocks are no changes."""
    found = rehearsed(chain, Notes)
    assert found.is_good and found.changes == () and len(found.blocks) == 1


def test_an_upgrade_that_is_not_idempotent(chain: TestChain) -> None:
    found = rehearsed(chain, Restless)
    assert not found.is_good and not found.halt and not found.faults
    (again,) = found.again
    assert (again.item, again.before, again.after) == ("Notes.Upgrades", b"\1\0\0\0", b"\2\0\0\0")


def test_a_state_with_which_the_new_code_finds_fault(chain: TestChain) -> None:
    found = rehearsed(chain, Doubting)
    assert found.faults == (Fault("Notes", "there is a first note"),)
    assert not found.is_good


def test_an_upgrade_after_which_no_block_could_be_made(chain: TestChain) -> None:
    found = rehearsed(chain, Stuck)
    assert found.halt == "no block can be made: Notes stores version 0, and nothing leads from it to 2"
    assert not found.is_good and found.blocks == ()


def test_migrations_without_an_end(chain: TestChain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsal, "BLOCKS_MAX", 5)
    found = rehearsed(chain, Endless)
    assert found.halt == "the migrations are not over after 5 blocks"
    assert len(found.blocks) == 5


def test_what_holds_before_is_said_by_the_runtime_that_is_there(chain: TestChain) -> None:
    assert faults_of(chain.runtime, chain.state, chain.header.number) == ()


def test_a_snapshot_is_kept_and_is_whole(chain: TestChain, tmp_path: Any) -> None:
    snapshot = snapshot_of(chain)
    write_snapshot(tmp_path / "snapshot", snapshot)
    assert read_snapshot(tmp_path / "snapshot") == snapshot
    assert snapshot.states().head.root == chain.header.state_root
    lacking = Snapshot(snapshot.header, snapshot.entries[:-1])
    with pytest.raises(
        SnapshotUnfit, match=r"^the state of block 1 has the root 0x[0-9a-f]{64}, and its header "
    ):
        lacking.states()
    (tmp_path / "snapshot").write_bytes(b"\xff")
    with pytest.raises(SnapshotUnfit, match="holds no snapshot"):
        read_snapshot(tmp_path / "snapshot")
