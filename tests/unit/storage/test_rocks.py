"""RocksDB under what happens to disks and processes: each failure is one typed, readable line."""

import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from node.storage import (
    Column,
    RocksDatabase,
    RocksStates,
    StorageCorrupted,
    StorageFormat,
    StorageLocked,
    StorageUnusable,
)
from node.storage.records import number_key


def chain(path: Path, blocks: int = 3) -> RocksStates:
    states = RocksStates.open(path)
    if states.head.height < 0:
        states.genesis({b"height": number_key(0)})
    for _ in range(blocks):
        height = states.head.height + 1
        states.finalize(states.head.child({b"height": number_key(height), number_key(height): b"v" * 99}, {}))
    return states


def damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 16] = bytes(byte ^ 0xFF for byte in data[middle : middle + 16])
    path.write_bytes(data)


def test_a_store_in_use_is_refused_here_and_in_another_process(tmp_path: Path) -> None:
    states = chain(tmp_path)
    message = f"the database at {tmp_path} is in use by another process: stop that one first"
    with pytest.raises(StorageLocked) as refused:
        RocksStates.open(tmp_path)
    assert str(refused.value) == message
    script = (
        "import sys\nfrom node.storage import RocksStates, StorageLocked\n"
        "try: RocksStates.open(sys.argv[1])\nexcept StorageLocked as error: print(error)"
    )
    other = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=30, check=True
    )
    assert other.stdout == message + "\n"
    states.close()


@pytest.mark.parametrize("name", ["MANIFEST-*", "CURRENT", "*.log", "*.sst"])
def test_damage_is_refused_and_not_taken_for_an_older_chain(tmp_path: Path, name: str) -> None:
    states = chain(tmp_path, 30)
    if name == "*.sst":
        states.database.flush()
    states.close()
    if name == "*.log":
        # What a clean stop moves out of the log stays there when the process is killed.
        tmp_path = killed_copy(tmp_path)
    for path in tmp_path.glob(name):
        if path.stat().st_size:
            damage(path)
    with pytest.raises(StorageCorrupted) as refused:
        states = RocksStates.open(tmp_path)
        list(states.head.keys(b""))
        [states.head.prove([key]) for key in states.head.keys(b"")]
    message = str(refused.value)
    assert message.startswith(f"the database at {tmp_path} is corrupted (")
    assert message.endswith("): restore a copy, or remove it to start anew")
    assert "\n" not in message


def killed_copy(path: Path) -> Path:
    """The files of a chain as a kill leaves them: the last blocks in the log only."""
    copy = path.parent / "killed"
    states = chain(path, 30)
    shutil.copytree(path, copy)
    (copy / "LOCK").unlink()
    states.close()
    return copy


@pytest.mark.parametrize("torn", [0, 1, 7, 100])
def test_power_loss_opens_the_chain_at_its_last_synced_block(tmp_path: Path, torn: int) -> None:
    """Of the log only what was synced survives, and `torn` bytes of the next record."""
    states = chain(tmp_path / "db", 5)
    root = states.head.root
    (log,) = (path for path in (tmp_path / "db").glob("*.log") if path.stat().st_size)
    synced = log.stat().st_size
    for height in range(6, 9):
        states.finalize(states.head.child({b"height": number_key(height)}, {}), sync=False)
    assert log.stat().st_size > synced + torn
    shutil.copytree(tmp_path / "db", tmp_path / "after")
    states.close()
    with (tmp_path / "after" / log.name).open("r+b") as file:
        file.truncate(synced + torn)
    states = RocksStates.open(tmp_path / "after")
    assert (states.head.height, states.head.root) == (5, root)
    assert states.head.get(b"height") == number_key(5)
    assert states.head.child({b"height": number_key(6)}, {}).root != root
    states.close()


def test_a_missing_node_is_corruption(tmp_path: Path) -> None:
    states = chain(tmp_path)
    database = states.database
    batch = database.batch()
    batch.delete(number_key(states.head.top), database.handle(Column.NODES))
    database.write(batch, sync=True)
    states.close()
    states = RocksStates.open(tmp_path)
    with pytest.raises(StorageCorrupted) as refused:
        states.head.prove([b"height"])
    assert refused.value.detail == f"the branch {states.head.top} is missing"
    states.close()


@pytest.mark.parametrize("key", [b"height", b"next_id"])
def test_missing_figures_of_the_finalized_state_are_corruption(tmp_path: Path, key: bytes) -> None:
    states = chain(tmp_path)
    batch = states.database.batch()
    batch.delete(key, states.database.handle(Column.META))
    states.database.write(batch, sync=True)
    states.close()
    with pytest.raises(StorageCorrupted) as refused:
        RocksStates.open(tmp_path)
    assert refused.value.detail == "the finalized state is missing"


def test_another_format_is_refused(tmp_path: Path) -> None:
    states = chain(tmp_path)
    batch = states.database.batch()
    batch.put(b"format", b"99", states.database.handle(Column.META))
    states.database.write(batch, sync=True)
    states.close()
    with pytest.raises(StorageFormat) as refused:
        RocksStates.open(tmp_path)
    assert str(refused.value) == f"the database at {tmp_path} has format 99, and this version reads format 2"


def test_a_file_where_the_directory_should_be_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("not a database")
    with pytest.raises(StorageUnusable) as refused:
        RocksDatabase(path)
    assert str(refused.value).startswith(f"the database at {path} cannot be used: ")


FULL = """
import resource, sys
from node.storage import RocksStates, StorageFull
states = RocksStates.open(sys.argv[1])
state = states.genesis({b"key": b"0" * 100})
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
try:
    while True:
        height = states.head.height + 1
        states.finalize(states.head.child({b"key": bytes([height]) * 20_000}, {}))
except StorageFull as error:
    print(states.head.height, states.head.root.hex())
    print(error)
"""


def test_a_full_disk_is_one_line_and_no_committed_block_is_lost(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    writer = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=60, check=True
    )
    figures, message = writer.stdout.splitlines()
    assert message.startswith(f"the disk is full at {tmp_path} (")
    assert message.endswith("): free some space and start again")
    states = RocksStates.open(tmp_path)
    assert f"{states.head.height} {states.head.root.hex()}" == figures
    states.close()


def test_keys_come_in_order_from_a_prefix_and_after_a_key(tmp_path: Path) -> None:
    database = RocksDatabase(tmp_path)
    batch = database.batch()
    for key in (b"", b"a", b"ab", b"abc", b"b", b"\xff\xff"):
        batch.put(key, b"v", database.handle(Column.STATE))
    database.write(batch, sync=False)

    def keys(*arguments: bytes) -> list[bytes]:
        return list(database.keys(Column.STATE, *arguments))

    assert keys() == [b"", b"a", b"ab", b"abc", b"b", b"\xff\xff"]
    assert keys(b"a") == [b"a", b"ab", b"abc"]
    assert keys(b"a", b"a") == [b"ab", b"abc"]
    assert keys(b"ab", b"a") == [b"ab", b"abc"]
    assert keys(b"a", b"b") == []
    assert keys(b"\xff") == [b"\xff\xff"]
    assert database.get(Column.STATE, b"") == b"v" and database.get(Column.STATE, b"x") is None
    database.close()
