"""What can go wrong with a chain's data and around it: one clear line, a status that is not zero, and no
stored key changed.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random

import pytest
import trio

from genesis.presets.dev import dev
from genesis.spec import write_spec
from node.client import RemoteError, connect
from node.node import Node
from node.storage import Column, RocksStates, StorageCorrupted, StorageError
from runtime.trie import StateVersion, trie_root
from support.cli import refusal
from support.fuzzing import world
from support.hello import installed_hello
from support.processes import COMMAND, ROOT, Process

Rows = dict[tuple[Column, bytes], bytes]

ACCOUNTS = ("--accounts", str(world.ACCOUNTS_COUNT))
END = "): restore a copy, or remove it to start anew"
START_SECONDS_MAX = 60


def rows_of(states: RocksStates) -> Rows:
    """Every key of every column."""
    database = states.database
    return {
        (column, key): database.get(column, key) or b"" for column in Column for key in database.keys(column)
    }


def contents(folder: Path) -> tuple[int, Rows]:
    """The height and all that is stored in a database, which stays as it is: a copy is read."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        states = RocksStates.open(shutil.copytree(folder, Path(place) / "db"))
        try:
            return states.head.height, rows_of(states)
        finally:
            states.close()


def seal(node: Node, blocks: int) -> None:
    async def run() -> None:
        for _ in range(blocks):
            await node.sealer.seal()

    trio.run(run)


# Damaged files.


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The files of one chain at different times of its life, as a crash or a clean end leaves them."""
    folder = tmp_path_factory.mktemp("images")
    live, taken = folder / "live", dict[str, Path]()

    def take(name: str) -> None:
        taken[name] = shutil.copytree(live, folder / name)

    node = world.node_at(live)
    seal(node, 10)
    take("killed")
    node.close()
    take("closed")
    node = world.node_at(live)
    take("killed at once")
    seal(node, 10)
    take("killed later")
    node.close()
    return taken


@pytest.mark.parametrize("pattern", ["MANIFEST-*", "*.log", "*.sst", "CURRENT", "CLOSED"])
def test_a_damaged_file_is_refused_and_costs_nothing_else(
    images: dict[str, Path], tmp_path: Path, pattern: str
) -> None:
    """Bytes changed, zeroed, cut off, or the whole file lost: the chain is refused, and with the file as it
    was everything is there again; or nothing that counts was hurt. Only the end of the log may be cut off
    unseen, for so does a power cut: then the chain is at an earlier block, with that block's state.
    """
    dice = Random(pattern)
    refused = 0
    for number in range(8):
        name = dice.choice(sorted(images))
        folder = shutil.copytree(images[name], tmp_path / str(number))
        height, truth = contents(folder)
        files = sorted(file for file in folder.glob(pattern) if file.stat().st_size)
        if not files:
            continue
        file = dice.choice(files)
        whole = file.read_bytes()
        how = damage(file, dice)
        try:
            found, held = contents(folder)
        except StorageError as error:
            assert isinstance(error, StorageCorrupted), (name, how, error)
            assert str(error).endswith(END) and "\n" not in str(error), error
            if pattern != "*.sst":  # a table is looked at where it is read, and here all was read
                with pytest.raises(StorageCorrupted):
                    world.node_at(folder)
            file.write_bytes(whole)
            assert contents(folder) == (height, truth), f"{name}, {how}: data was lost"
            refused += 1
            continue
        if held != truth:
            assert (pattern, how) == ("*.log", "cut"), f"{name}, {how}: other data, in silence"
            assert found < height
            flat = {key: value for (column, key), value in held.items() if column == Column.STATE}
            node = world.node_at(folder)
            assert node.chain.finalized.header.state_root == trie_root(flat, StateVersion.V1)
            node.close()
    assert refused > 1 or pattern == "CLOSED"


def damage(file: Path, dice: Random) -> str:
    """Hurt a file; how."""
    data = bytearray(file.read_bytes())
    at = dice.randrange(len(data))
    match dice.randrange(4):
        case 0:
            data[at] ^= 1 << dice.randrange(8)
            how = "flipped"
        case 1:
            del data[at:]
            how = "cut"
        case 2:
            data[at : at + 512] = bytes(len(data[at : at + 512]))
            how = "zeroed"
        case _:
            file.unlink()
            return "lost"
    file.write_bytes(data)
    return how


def test_a_manifest_that_forgot_the_last_writes_is_seen(images: dict[str, Path], tmp_path: Path) -> None:
    """Wherever it ends: RocksDB itself takes many of these for whole, and deletes the data behind the end."""
    refused = 0
    for name in ("killed", "closed"):
        truth = contents(images[name])
        (manifest,) = images[name].glob("MANIFEST-*")
        whole = manifest.read_bytes()
        for tenth in range(1, 10):
            folder = shutil.copytree(images[name], tmp_path / f"{name} {tenth}")
            file = folder / manifest.name
            file.write_bytes(whole[: len(whole) * tenth // 10])
            try:
                world.node_at(folder).close()
            except StorageCorrupted:
                refused += 1
                file.write_bytes(whole)
            assert contents(folder) == truth
    assert refused > 12


# A node that cannot start.


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base path with the development chain, some blocks high."""
    base = tmp_path_factory.mktemp("made")
    node = world.node_at(database(base))
    seal(node, 12)
    node.close()
    return base


def database(base: Path) -> Path:
    return base / "chains" / world.spec().id / "db"


def refused(
    *arguments: str,
    port: str = "0",
    environment: Mapping[str, str] | None = None,
    limit: Callable[[], None] | None = None,
) -> str:
    """The one line that `ballast dev` leaves; its status is 2."""
    done = subprocess.run(
        [*COMMAND, "dev", "--no-agent", "--rpc-port", port, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_SECONDS_MAX,
        preexec_fn=limit,
    )
    assert done.returncode == 2, done
    assert done.stderr.startswith("ballast: ") and done.stderr.count("\n") == 1, done.stderr
    return done.stderr.removeprefix("ballast: ").rstrip("\n")


@pytest.fixture
def base(made: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the chain; whatever the test does to it, the same is stored afterwards."""
    copy = shutil.copytree(made, tmp_path / "base")
    before = contents(database(copy))
    assert before[0] == 12
    yield copy
    assert contents(database(copy)) == before


def test_another_genesis(base: Path) -> None:
    said = refused("--base-path", str(base), "--accounts", "4")
    assert said.startswith(f"the database at {database(base)} holds the chain with genesis 0x"), said
    assert said.endswith(
        "give another --base-path, or run with the spec that made it; --tmp gives a fresh chain"
    )


def test_a_second_node_on_the_same_chain(base: Path, tmp_path: Path) -> None:
    with Process(tmp_path / "first", "--base-path", str(base), *ACCOUNTS, "--seal", "manual") as first:
        first.ready()
        said = refused("--base-path", str(base), *ACCOUNTS)
        assert first.stop() == 0
    assert said == f"the database at {database(base)} is in use by another process: stop that one first"


def test_a_second_node_while_the_first_one_writes(tmp_path: Path) -> None:
    """What is half written is never taken for damage."""
    base = tmp_path / "base"
    with Process(tmp_path / "first", "--base-path", str(base), *ACCOUNTS, "--seal", "0.02") as first:
        first.ready()
        said = refused("--base-path", str(base), *ACCOUNTS)
        assert first.stop() == 0
    assert said == f"the database at {database(base)} is in use by another process: stop that one first"


def test_a_taken_port(base: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused("--base-path", str(base), *ACCOUNTS, port=port)
    assert said == f"cannot listen on 127.0.0.1:{port}: the port is taken; choose another with --rpc-port"


def test_a_chain_of_validators_is_not_sealed_by_one(base: Path) -> None:
    told = refusal("dev", "--base-path", str(base), "--rpc-port", "0", "--chain", "local", status=2)
    assert told == (
        "the chain ballast-local is decided by validators, not by one author: `ballast net up` starts a "
        "network of them, `ballast run` one node"
    )


def test_a_spec_that_cannot_be_read(base: Path, tmp_path: Path) -> None:
    file = tmp_path / "spec.json"

    def said() -> str:
        line = refusal("dev", "--base-path", str(base), "--rpc-port", "0", "--chain", str(file), status=2)
        return line.replace(str(file), "spec.json")

    file.mkdir()
    unreadable = (
        "'spec.json' is neither a preset (dev, local, testnet) nor a file that can be read: Is a directory"
    )
    assert said() == unreadable
    file.rmdir()
    for content, why in (
        (b"\xff\xfe", "spec.json is no text"),
        (b"{,}", "spec.json, line 1, column 2: Expecting property name enclosed in double quotes"),
        (b"[" * 100_000, "spec.json is nested too deeply"),
        (b"9" * 5_000, "spec.json holds a number of too many digits"),
        (b"NaN", "spec.json: NaN is no number of JSON"),
        (b"[]", "spec.json: the chain spec is no object"),
    ):
        file.write_bytes(content)
        assert said() == why


def test_a_corrupted_database(base: Path) -> None:
    (manifest,) = database(base).glob("MANIFEST-*")
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[: len(whole) // 2])
    said = refused("--base-path", str(base), *ACCOUNTS)
    assert said.startswith(f"the database at {database(base)} is corrupted ("), said
    assert said.endswith(END)
    manifest.write_bytes(whole)


def test_other_code_and_missing_code(tmp_path: Path) -> None:
    """A chain with a pallet from elsewhere: its code changed, then gone; as it was again, it goes on."""
    site, base, file = installed_hello(tmp_path / "site"), tmp_path / "base", tmp_path / "spec.json"
    spec = write_spec(dev(accounts=2))
    spec["pallets"].append({"index": 100, "pallet": "Hello"})
    file.write_text(json.dumps(spec))
    environment = {"PYTHONPATH": f"{site}{os.pathsep}{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    options = ("--base-path", str(base), "--chain", str(file), "--json")

    def best(name: str, sealing: str) -> int:
        with Process(tmp_path / name, *options, "--seal", sealing, environment=environment) as node:
            node.ready()
            assert node.stop() == 0
        return int(json.loads(node.out)["best"])

    assert best("first", "0.02") == 0
    before = contents(database(base))
    code = site / "pallet_hello" / "pallet.py"
    original = code.read_text()
    code.write_text(original + "\n# another version\n")
    said = refused(*options, environment=environment)
    first, _, rest = said.partition(", and what is here differs: ")
    assert first.startswith(f"the chain at {database(base)} goes on with runtime 0x")
    assert rest == (
        "Hello of pallet-hello 0.1.0 differs from Hello of pallet-hello 0.1.0 here; hold it "
        "(`ballast upgrade prepare`) and start again, or give another --base-path"
    )
    code.write_text(original)
    said = refused(*options)
    assert said.startswith("pallet 'Hello' at index 100 is not installed; installed are: "), said
    assert contents(database(base)) == before
    assert best("again", "manual") == before[0]


# A full disk.


def at_most(size: int) -> Callable[[], None]:
    """Let no file of a process grow beyond a size, as on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [1_000, 4_000, 16_000])
def test_no_room_for_a_chain_at_all(tmp_path: Path, size: int) -> None:
    """What was begun is no obstacle once there is room."""
    base = tmp_path / "base"
    said = refused("--base-path", str(base), *ACCOUNTS, limit=at_most(size))
    assert said.startswith(f"the disk is full at {database(base)} ("), said
    assert said.endswith("): free some space and start again"), said
    node = world.node_at(database(base))
    assert node.chain.finalized.header.number == 0
    node.close()


@pytest.mark.parametrize("size", [100_000, 400_000])
def test_a_disk_that_fills_up(tmp_path: Path, size: int) -> None:
    """The node ends with one line; all that it had told to be final is there, and the chain goes on."""
    options = ("--base-path", str(tmp_path / "base"), *ACCOUNTS, "--seal", "0.02")
    told: dict[int, str] = {}

    async def listen(url: str) -> None:
        try:
            async with connect(url) as client:
                watching = client.subscribe(
                    "chain_subscribeFinalizedHeads", unsubscribe="chain_unsubscribeFinalizedHeads"
                )
                async with watching as heads:
                    async for head in heads:
                        told[int(head["number"], 16)] = head["stateRoot"]
        except* RemoteError:
            pass

    with Process(tmp_path / "node", *options, limit=at_most(size)) as process:
        trio.run(listen, str(process.ready()["ws"]))
        assert process.ended() == 2
    (line,) = [line for line in process.err.splitlines() if line.startswith("ballast: ")]
    assert line.startswith(f"ballast: the disk is full at {database(tmp_path / 'base')} ("), line
    assert line == process.err.splitlines()[-1]
    assert "Traceback" not in process.err
    assert len(told) > 3
    node = world.node_at(database(tmp_path / "base"))
    for number, root in told.items():
        block_hash = node.chain.hash_at(number)
        assert block_hash is not None, f"#{number} was told to be final and is not there"
        assert "0x" + node.chain.at(block_hash).header.state_root.hex() == root
    flat = {
        key: value for (column, key), value in rows_of(node.chain.states).items() if column == Column.STATE
    }
    assert trie_root(flat, StateVersion.V1) == node.chain.finalized.header.state_root
    seal(node, 2)
    node.close()
