"""A database filled from a state: what it answers afterwards, and where it goes on when it was stopped."""

import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from node.storage import (
    Column,
    Filling,
    RocksStates,
    StorageCorrupted,
    StorageFilled,
    StorageUnfinished,
)
from node.storage.filling import BATCH_KEYS_MAX, Stage
from node.storage.records import number_key
from runtime.state import MemoryStates, StateDiscarded
from runtime.trie import verify_proofs
from support.storage import ForgetfulDatabase, numbered_changes

HEIGHT = 1_000
ENTRIES = sorted(
    {
        Random(place).randbytes(3) * 16 + place.to_bytes(4, "big"): Random(place).randbytes(place % 90)
        for place in range(BATCH_KEYS_MAX + 900)
    }.items()
)
ROOT = MemoryStates().genesis(dict(ENTRIES)).root


def begin(filling: Filling, label: bytes = b"label") -> None:
    list(filling.begin(label))


def fill(filling: Filling, until: int | None = None, *, each: int = 500) -> None:
    """Add the entries that are not there yet, up to a place."""
    if filling.stage == Stage.Full:
        return
    first = 0 if filling.last is None else 1 + [key for key, _ in ENTRIES].index(filling.last)
    end = len(ENTRIES) if until is None else until
    for place in range(first, end, each):
        is_last = until is None and place + each >= end
        filling.add(ENTRIES[place : min(place + each, end)], is_last=is_last)


def test_a_filled_database_is_a_chains_state_at_a_height(tmp_path: Path) -> None:
    filling = Filling.open(tmp_path)
    begin(filling)
    fill(filling)
    assert sum(filling.build(ROOT, HEIGHT, [(Column.META, b"genesis", b"hash")])) == len(ENTRIES)
    filling.close()
    states = RocksStates.open(tmp_path, window=4)
    memory = MemoryStates(window=4)
    memory.genesis(dict(ENTRIES))
    head = states.head
    assert (head.height, head.root, states.store.oldest) == (HEIGHT, ROOT, HEIGHT)
    assert states.database.get(Column.META, b"genesis") == b"hash"
    assert [(key, head.get(key)) for key in head.keys(b"")] == ENTRIES
    some = [key for key, _ in ENTRIES[::97]]
    assert verify_proofs(ROOT, head.prove(some), some) == {key: dict(ENTRIES)[key] for key in some}
    with pytest.raises(StateDiscarded, match=r"^the state at height 999 is already discarded$"):
        states.at(HEIGHT - 1)
    for height in range(1, 12):
        changes = numbered_changes(height) | {ENTRIES[height][0]: None}
        now = states.finalize(states.head.child(changes, {}))
        assert now.root == memory.finalize(memory.head.child(changes, {})).root
    assert states.store.oldest == HEIGHT + 7
    held = {key: states.head.get(key) for key in states.head.keys(b"")}
    assert held == {key: memory.head.get(key) for key in memory.head.keys(b"")}
    states.close()
    again = RocksStates.open(tmp_path, window=4)
    assert again.head.root == memory.head.root
    assert len(list(again.database.keys(Column.LEAVES))) == len(memory.store.leaves)
    assert len(list(again.database.keys(Column.NODES))) == len(memory.store.branches)
    again.close()


def test_until_the_end_it_is_no_chain_and_afterwards_nothing_else(tmp_path: Path) -> None:
    filling = Filling.open(tmp_path)
    begin(filling)
    fill(filling, 700)
    filling.close()
    with pytest.raises(StorageUnfinished) as unfinished:
        RocksStates.open(tmp_path)
    assert str(unfinished.value) == (
        f"the database at {tmp_path} was left half filled with the state of a checkpoint: start with the "
        "same --checkpoint to go on, or remove it to start anew"
    )
    filling = Filling.open(tmp_path)
    assert filling.last == ENTRIES[699][0]
    begin(filling)
    fill(filling)
    list(filling.build(ROOT, HEIGHT))
    filling.close()
    with pytest.raises(StorageFilled) as filled:
        Filling.open(tmp_path)
    assert str(filled.value) == (
        f"the database at {tmp_path} holds a chain already: start without --checkpoint, or remove it"
    )


def test_what_another_filling_left_is_removed() -> None:
    database = ForgetfulDatabase()
    filling = Filling(database)
    begin(filling, b"other")
    filling.add([(b"a key of the other", b"value"), (b"b", b"")], is_last=True)
    begin(filling)
    assert filling.last is None and filling.stage == Stage.Filling
    fill(filling)
    list(filling.build(ROOT, HEIGHT))
    assert RocksStates(database).head.root == ROOT


def test_entries_of_another_state_never_become_one() -> None:
    database = ForgetfulDatabase()
    filling = Filling(database)
    begin(filling)
    filling.add(ENTRIES[:-1], is_last=True)
    with pytest.raises(StorageCorrupted, match=f"not 0x{ROOT.hex()}"):
        list(filling.build(ROOT, HEIGHT))
    with pytest.raises(StorageUnfinished):
        RocksStates(database)


def test_the_power_goes_at_any_moment() -> None:
    """What was not synced is lost, and the filling goes on from what is there."""
    database = ForgetfulDatabase()
    random = Random(5)
    for _ in range(40):
        filling = Filling(database)
        begin(filling)
        fill(filling, random.randrange(len(ENTRIES)))
        if random.random() < 0.3:
            filling.put([(Column.HEADERS, b"hash", b"header")])
        if random.random() < 0.2:
            begin(filling, b"another")
            filling.add(ENTRIES[:300], is_last=False)
        if random.random() < 0.5:
            database.lose_power()
    filling = Filling(database)
    begin(filling)
    fill(filling)
    steps = filling.build(ROOT, HEIGHT)
    next(steps)
    database.lose_power()
    filling = Filling(database)
    assert filling.stage == Stage.Full
    begin(filling)
    list(filling.build(ROOT, HEIGHT))
    database.lose_power()
    states = RocksStates(database)
    assert (states.head.height, states.head.root) == (HEIGHT, ROOT)
    assert [(key, states.head.get(key)) for key in states.head.keys(b"")] == ENTRIES
    assert database.get(Column.ROOTS, number_key(HEIGHT)) is not None


def test_a_damaged_record_is_refused() -> None:
    for record in (b"", b"\x01", b"\x01\x00", b"\x09\x01l", b"\x01\x05l"):
        database = ForgetfulDatabase()
        database.rows[Column.META, b"filling"] = record
        with pytest.raises(StorageCorrupted, match="damaged record of a filling"):
            Filling(database)


WRITER = """
import sys
from node.storage import Filling
from test_filling import ENTRIES, HEIGHT, ROOT, begin, fill
filling = Filling.open(sys.argv[1])
begin(filling)
print("begun", flush=True)
fill(filling, each=40)
list(filling.build(ROOT, HEIGHT))
filling.close()
print("done", flush=True)
"""


def test_killed_while_it_fills(tmp_path: Path) -> None:
    random = Random(3)
    path = ":".join([str(Path(__file__).parent), *sys.path])
    for round_ in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "db")],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": path},
        ) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "begun\n"
            if round_ < 5:
                time.sleep(random.random() / 20)
                writer.kill()
            if writer.stdout.read():
                break
    states = RocksStates.open(tmp_path / "db")
    assert (states.head.height, states.head.root) == (HEIGHT, ROOT)
    assert [(key, states.head.get(key)) for key in states.head.keys(b"")] == ENTRIES
    states.close()
