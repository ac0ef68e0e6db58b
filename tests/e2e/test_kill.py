"""`kill -9` at any moment under load: the chain opens at its last committed block, nothing told is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio

from genesis.build import build_genesis
from genesis.load import load_spec
from node.chain.chain import Chain
from node.client import ChainClient, RemoteError, RpcRefusal, connect
from node.plugins import discover, runtime_digest
from node.storage import Column, RocksStates
from node.wallet.signer import Keypair
from pallets.balances import Balances
from runtime.loader import load
from runtime.runtime import Runtime
from runtime.state import MemoryStates
from runtime.trie import StateVersion, trie_root
from runtime.types import Address
from support.devnode import ROOT, wait_until_ready

SEED = 7
SECONDS_MIN, SECONDS_MAX = 0.2, 1.5


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    return load(load_spec("dev").runtime, discover(), runtime_digest=runtime_digest())


def start(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """A node on the chain in `folder`, sealing fast; its process and its address."""
    ready, log = folder / "ready.json", folder / "node.log"
    ready.unlink(missing_ok=True)
    options = ("--base-path", str(folder / "data"), "--rpc-port", "0", "--seal", "0.05", "--no-agent")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "node", "dev", *options, "--ready-file", str(ready)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return process, str(wait_until_ready(process, ready, log)["ws"])


async def load_and_kill(
    process: subprocess.Popen[bytes], url: str, runtime: Runtime, seconds: float
) -> dict[int, str]:
    """Send transfers for so long, then kill the node; the final blocks that it told of, by number."""
    told: dict[int, str] = {}
    balances = runtime.pallets["Balances"]
    assert isinstance(balances, Balances)
    alice, bob = Keypair.from_suri("//Alice"), Keypair.from_suri("//Bob")

    async def listen(chain: ChainClient) -> None:
        watching = chain.client.subscribe(
            "chain_subscribeFinalizedHeads", unsubscribe="chain_unsubscribeFinalizedHeads"
        )
        async with watching as heads:
            async for head in heads:
                number = int(head["number"], 16)
                if number:
                    told[number - 1] = head["parentHash"]

    async def send(chain: ChainClient) -> None:
        nonce = await chain.nonce(alice.public)
        while True:
            call = balances.transfer_keep_alive.call(Address(bob.public), 10**6)
            raw = await chain.sign(call, alice, nonce=nonce, period=0)
            try:
                await chain.client.call("author_submitExtrinsic", "0x" + raw.hex())
                nonce += 1
            except RpcRefusal:  # the pool has enough of this account for now
                await trio.sleep(0.02)
                nonce = await chain.nonce(alice.public)

    async def kill(nursery: trio.Nursery) -> None:
        await trio.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        await trio.sleep(0.1)
        nursery.cancel_scope.cancel()

    try:
        async with connect(url) as client, trio.open_nursery() as nursery:
            chain = await ChainClient.open(client, runtime)
            nursery.start_soon(listen, chain)
            nursery.start_soon(send, chain)
            nursery.start_soon(kill, nursery)
    except BaseExceptionGroup as group:
        _, rest = group.split(RemoteError)
        assert rest is None, rest
    return told


def check_stored(folder: Path, runtime: Runtime, told: dict[int, str]) -> int:
    """Open what the node left: header, root and flat state agree, every told block is there. Its height."""
    spec = load_spec("dev")
    genesis = build_genesis(runtime, spec.genesis, MemoryStates().head)
    states = RocksStates.open(folder / "data" / "chains" / spec.id / "db")
    chain = Chain(runtime, states, genesis)
    try:
        database = states.database
        flat = {key: database.get(Column.STATE, key) or b"" for key in database.keys(Column.STATE)}
        root = chain.finalized.header.state_root
        assert trie_root(flat, StateVersion.V1) == root == states.head.root
        height = chain.finalized.header.number
        for number, block_hash in told.items():
            found = chain.hash_at(number)
            assert found is not None, f"#{number} was told to be final, and the chain ends at #{height}"
            assert "0x" + found.hex() == block_hash
        return height
    finally:
        chain.close()


def test_killing_the_node_loses_nothing(
    tmp_path: Path, runtime: Runtime, request: pytest.FixtureRequest
) -> None:
    """5 kills, or as many as --kills says."""
    dice = random.Random(SEED)
    height = 0
    told_in_all = 0
    for _ in range(request.config.getoption("--kills")):
        process, url = start(tmp_path)
        try:
            told = trio.run(load_and_kill, process, url, runtime, dice.uniform(SECONDS_MIN, SECONDS_MAX))
            assert process.poll() == -signal.SIGKILL, (tmp_path / "node.log").read_text()
        finally:
            process.kill()
            process.wait()
        reached = check_stored(tmp_path, runtime, told)
        assert reached >= height
        height = reached
        told_in_all += len(told)
    assert height > 0
    assert told_in_all > 0
