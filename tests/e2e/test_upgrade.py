"""A runtime upgrade of real processes: holders vote it in, nodes change to code that they did not begin with,
no height is lost, and who lacks that code stops with one line and goes on once it has it.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trio

from genesis.presets.dev import TIMING as DEV_TIMING
from genesis.presets.dev import dev
from genesis.presets.local import TIMING, local
from genesis.seats import seats
from genesis.spec import ChainSpec, write_spec
from node.cli.remote import local_runtime
from node.client import ChainClient, Client, RemoteError, RpcRefusal, connect
from node.localnet.network import running
from node.localnet.plan import SPEC, NodePlan, plan_network
from node.localnet.process import NodeProcess
from node.peering import NOW
from node.wallet.dev import dev_account
from runtime.crypto.hashing import blake2b_256, twox_128
from runtime.manifest import CODE_KEY
from support.cli import ballast
from support.processes import Process, ballast_process
from support.upgrade import STEPS, write_next_version
from support.upgrade_vote import EXTRA, vote_through

PAUSE_SECONDS_MAX = 10
BLOCKS = 12
SEAL = "0.2"
BLOCKS_AT_ONCE = 250
EPOCH = 8
"""Blocks; the runtime changes with the last of one."""
MARKS = twox_128(b"Sudo") + twox_128(b"Marks")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("upgrade")


@pytest.fixture(scope="module")
def spec() -> ChainSpec:
    """A development chain with a block an hour, so that what is voted on is enacted weeks later."""
    chain = dev(accounts=2, extra=EXTRA)
    pallets = seats(replace(DEV_TIMING, blocks_per_hour=1), sudo=True)
    return replace(chain, runtime=replace(chain.runtime, pallets=pallets))


@pytest.fixture(scope="module")
def held(place: Path, spec: ChainSpec) -> dict[str, Any]:
    """The next runtime, as `ballast upgrade prepare` holds it for the development node."""
    _, _, options = write_next_version(place / "next", spec)
    found: dict[str, Any] = ballast(
        "upgrade", "prepare", *options, "--base-path", str(place / "base"), "--json"
    ).json
    return found


@pytest.fixture(scope="module")
def options(place: Path, spec: ChainSpec) -> tuple[str, ...]:
    file = place / "dev.json"
    file.write_text(json.dumps(write_spec(spec)))
    return "--chain", str(file), "--base-path", str(place / "base"), "--json", "--seal", SEAL


async def set_code(url: str, spec: ChainSpec, code: bytes) -> int:
    """Have sudo set the next runtime; the block in which it did."""
    runtime = local_runtime(spec)
    sudo: Any = runtime.pallets["Sudo"]
    system: Any = runtime.pallets["System"]
    async with connect(url) as client:
        chain = await ChainClient.open(client, runtime)
        signed = await chain.sign(sudo.sudo.call(system.set_code.call(code)), dev_account("Alice"))
        included = await chain.submit(signed)
    assert included.failure is None
    assert any("CodeStored" in str(each) for each in included.events)
    return included.block_number


async def seal_to(url: str, number: int) -> None:
    """Seal blocks on a development node until one is final."""
    async with connect(url) as client:
        for left in range(number - await final(client), 0, -BLOCKS_AT_ONCE):
            await client.call("dev_seal", min(BLOCKS_AT_ONCE, left))


async def wait_for(url: str, number: int) -> None:
    """Wait until a block of a network is final."""
    async with connect(url) as client:
        with trio.fail_after(60 + number - await final(client)):
            while await final(client) < number:
                await trio.sleep(0.1)


async def final(client: Client) -> int:
    header = await client.call("chain_getHeader", await client.call("chain_getFinalizedHead"))
    return int(header["number"], 16)


async def until_version(url: str, version: int, height: int) -> float:
    """Wait until a node runs a version and has a block final; how long nobody answered in between."""
    silent, answered = 0.0, time.monotonic()
    with trio.fail_after(60):
        while True:
            try:
                async with connect(url) as client:
                    while True:
                        said = await client.call("state_getRuntimeVersion")
                        silent = max(silent, time.monotonic() - answered)
                        answered = time.monotonic()
                        if said["specVersion"] == version and await final(client) >= height:
                            return silent
                        await trio.sleep(0.1)
            except RemoteError:
                await trio.sleep(0.1)


async def final_at(url: str) -> int:
    async with connect(url) as client:
        return await final(client)


async def pause_seconds(url: str, number: int) -> float:
    """By how much the time of a block and that of the next differ."""
    async with connect(url) as client:
        times: list[int] = []
        for each in (number, number + 1):
            block_hash = await client.call("chain_getBlockHash", each)
            now = await client.call("state_getStorage", "0x" + NOW.hex(), block_hash)
            times.append(int.from_bytes(bytes.fromhex(now[2:]), "little"))
    return (times[1] - times[0]) / 1000


async def check_chain(url: str, code: bytes) -> int:
    """The chain is whole across the change, which the header tells; storage is migrated, and clients are told
    of the new pallet. The block that changed the code.
    """
    async with connect(url) as client:
        parent = await client.call("chain_getBlockHash", 0)
        changed: list[int] = []
        for number in range(1, await final(client) + 1):
            block_hash = await client.call("chain_getBlockHash", number)
            header = await client.call("chain_getHeader", block_hash)
            assert (int(header["number"], 16), header["parentHash"]) == (number, parent)
            parent = block_hash
            if "0x08" in header["digest"]["logs"]:
                changed.append(number)
        (change,) = changed
        assert await client.call("state_getStorage", "0x" + CODE_KEY.hex()) == "0x" + code.hex()
        marks = await client.call("state_getKeysPaged", "0x" + MARKS.hex(), 100)
        assert len(marks) == STEPS
        last = await client.call("chain_getBlockHash", change - 1)
        for at, version, has_hello in ((None, 2, True), (last, 1, False)):
            assert (await client.call("state_getRuntimeVersion", at))["specVersion"] == version
            metadata = bytes.fromhex((await client.call("state_getMetadata", at))[2:])
            assert (b"Hello" in metadata) is has_hello
        with pytest.raises(RpcRefusal, match="the block's runtime does not run any more on this node"):
            await client.call("state_call", "Core_version", "0x", last)
    return change


async def test_a_development_node_goes_on_with_the_runtime_that_was_voted_for(
    place: Path, spec: ChainSpec, held: dict[str, Any], options: tuple[str, ...]
) -> None:
    code = bytes.fromhex(held["code"][2:])
    assert held["hash"] == "0x" + blake2b_256(code).hex()
    with Process(place / "first", *options) as node:
        ready = node.ready()
        async with connect(ready["ws"]) as client:
            await client.call("dev_setSealing", "instant")
            voted = await vote_through(client.url, Path(options[1]), spec, code, partial(seal_to, client.url))
            await client.call("dev_setSealing", SEAL)
        # The port is any that is free, so the new process writes anew where it answers.
        url = ready["ws"]
        with trio.fail_after(60):
            while url == ready["ws"]:
                await trio.sleep(0.1)
                if node.ready_file.exists():
                    url = node.ready()["ws"]
        assert node.ready()["pid"] == ready["pid"]
        await until_version(url, 2, voted.due + BLOCKS)
        assert await check_chain(url, code) == voted.due
        asked = ("query", "Sudo.Marks", "2", "--chain", options[1], "--rpc", url, "--json")
        follows, stays = [
            await trio.to_thread.run_sync(
                partial(ballast_process, *asked, environment={"BALLAST_HOME": str(place / home)})
            )
            for home in ("base", "elsewhere")
        ]
        assert (follows.returncode, json.loads(follows.stdout)) == (0, 4), follows
        assert stays.returncode == 2 and "runs another runtime" in stays.stderr
        assert node.stop() == 0, node.err
    assert "going on with runtime " + held["hash"] in node.err
    assert "Traceback" not in node.err


async def test_who_lacks_the_runtime_stops_with_one_line_and_goes_on_once_it_has_it(
    place: Path, held: dict[str, Any], options: tuple[str, ...]
) -> None:
    folder, away = Path(held["folder"]), place / "away"
    shutil.move(folder, away)
    with Process(place / "lacking", *options) as node:
        assert node.ended() == 2
    assert node.err.splitlines()[-1].startswith(
        f"ballast: the chain at {place / 'base' / 'chains' / 'ballast-dev' / 'db'} goes on with runtime "
        f"{held['hash']}, and what is here differs: spec version 2, and here 1; "
    )
    shutil.move(away, folder)
    with Process(place / "again", *options) as node:
        await until_version(node.ready()["ws"], 2, BLOCKS)
        assert node.stop() == 0


async def test_a_network_goes_on_with_it_one_node_late_and_a_new_one_passes_through(
    place: Path, pytestconfig: pytest.Config
) -> None:
    """Four validators, one of which lacks the runtime: the others make the blocks, it stops and comes back. A
    node that begins at genesis with what is installed passes through the change, and one that begins at a
    checkpoint behind it changes before its first block. With `--voted` holders decide on it, else sudo does.
    """
    net = local(extra=EXTRA, timing=replace(TIMING, blocks_per_hour=1, blocks_per_epoch=EPOCH))
    plan = plan_network(place / "net", lambda: net, validators=4, full_nodes=2)
    *others, dave, new, later = plan.nodes
    _, _, options = write_next_version(place / "net-next", net)
    held = ballast("upgrade", "prepare", *options, "--base-path", str(others[0].folder), "--json").json
    code, name = bytes.fromhex(held["code"][2:]), held["hash"][2:]

    def give(node: NodePlan) -> None:
        """Bring the runtime to another machine, as files."""
        shutil.copytree(held["folder"], node.folder / "runtimes" / name)

    for node in others[1:]:
        give(node)
    async with running(plan, log="info") as network:
        await network.begin_all(plan.validators)
        url = others[0].ws
        if pytestconfig.getoption("voted"):
            voted = await vote_through(url, plan.folder / SPEC, net, code, partial(wait_for, url))
            since = voted.due
        else:
            since = await set_code(url, net, code)
        boundary = -(-since // EPOCH) * EPOCH
        ready = {node.name: network.processes[node.name].pid for node in others}
        with trio.fail_after(60):
            assert await network.processes[dave.name].wait() == 2
        said = network.processes[dave.name].last_words()
        assert (
            said.startswith("ballast: the chain at ")
            and said.count("Hello at index 200 is missing here") == 1
        )
        assert (
            f"goes on with runtime {held['hash']}, and what is here differs: spec version 2, and here 1"
            in said
        )
        for node in others:
            assert await until_version(node.ws, 2, boundary + 2) < PAUSE_SECONDS_MAX
            assert network.processes[node.name].pid == ready[node.name]
        assert await pause_seconds(others[0].ws, boundary) < PAUSE_SECONDS_MAX
        give(dave)
        give(new)
        give(later)
        file = place / "later.json"
        command = [*plan.command(later, file), "--checkpoint", "latest"]
        network.processes[later.name] = await NodeProcess.begin(later.name, command, later.log, file)
        await network.begin_all([dave, new])
        goal = await final_at(others[0].ws) + EPOCH
        await until_version(later.ws, 2, goal)
        for node in (*plan.validators, new):
            await until_version(node.ws, 2, goal)
            assert await check_chain(node.ws, code) == boundary
        async with connect(dave.ws) as client:
            assert (await client.call("simplex_status"))["isVoting"]
        for node in (new, later):
            assert "going on with runtime" in node.log.read_text()
        assert "the chain begins at block " in later.log.read_text()
