"""Where other code is to make the next block, this process makes, executes and votes for none, and tells."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trio

from node.chain.chain import OtherRuntime, UnknownBlock
from node.chain.importer import import_block
from node.chain.logs import author_logs, dev_author
from node.client import connect
from node.consensus.blocks import encode_block
from node.consensus.world import World
from node.node import Node
from node.rpc import Address
from node.runtimes import past
from node.runtimes.past import RuntimeUnknown, remember, runtime_at
from runtime.crypto.hashing import blake2b_256
from runtime.frame.inherents import TIMESTAMP
from runtime.manifest import CODE_KEY, Manifest
from runtime.scale import codec_of
from runtime.types.block import Block
from runtime.types.digest import RuntimeEnvironmentUpdated
from support.node import SECONDS_MAX, open_node, signed


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    node = open_node(tmp_path)
    yield node
    node.close()


def next_code(node: Node) -> bytes:
    manifest = node.runtime.manifest
    return codec_of(Manifest).encode(manifest.replace(spec_version=manifest.spec_version + 1))


def set_code(node: Node) -> bytes:
    """The transaction by which the development key sets the next runtime."""
    sudo: Any = node.runtime.pallets["Sudo"]
    system: Any = node.runtime.pallets["System"]
    return signed(node, sudo.sudo.call(system.set_code.call(next_code(node))))


async def changed(node: Node, *, finalize: bool = True) -> bytes:
    """The block that changes the code."""
    await node.mempool.submit(set_code(node))
    return await node.sealer.seal(finalize=finalize)


def built_over(node: Node) -> Block:
    """A block over the head, as who does not look at the code would build it."""
    best = node.chain.best
    logs = author_logs(node.runtime, node.chain.genesis_hash, dev_author())
    builder = node.runtime.build(best.state, best.header, logs=logs(best))
    for raw in builder.inherents({TIMESTAMP: node.clock.now_ms().to_bytes(8, "little")}):
        builder.apply(raw)
    return builder.finish().block


async def test_nothing_stands_on_the_block_that_changes_the_code(node: Node) -> None:
    await node.sealer.seal()
    assert not node.chain.superseded.is_set()
    block_hash = await changed(node)
    chain = node.chain
    assert chain.superseded.is_set()
    assert RuntimeEnvironmentUpdated() in chain.finalized.header.digest.logs
    assert chain.finalized.state.get(CODE_KEY) == next_code(node)
    with pytest.raises(OtherRuntime) as refused:
        await node.sealer.seal()
    assert refused.value.code == next_code(node)
    assert refused.value.differences == ("spec version 2, and here 1",)
    with pytest.raises(OtherRuntime):
        import_block(chain, built_over(node))
    assert (chain.best.hash, chain.finalized.hash) == (block_hash, block_hash)


async def test_a_block_that_changes_the_code_is_made_final_whatever_was_asked(node: Node) -> None:
    block_hash = await changed(node, finalize=False)
    assert node.chain.finalized.hash == block_hash


async def test_a_validator_neither_builds_on_it_nor_judges_what_others_build(node: Node) -> None:
    """To call such a block invalid would be a vote as well."""
    await changed(node)

    class Signatures:
        verified = ()

        async def prepare(self, blocks: object) -> None:
            return None

    given: Any = {"epochs": None, "signatures": Signatures(), "logs": lambda parent, authored: ()}
    world = World(
        node.chain,
        node.heads,
        node.author,
        clock=node.clock,
        network_key=bytes(32),
        time_of=lambda position: 0,
        block_ms=0,
        **given,
    )
    with pytest.raises(OtherRuntime):
        await world.build(None, node.chain.best.hash)  # type: ignore[arg-type]
    block = built_over(node)

    class Proposed:
        hash, number, view = block.header.hash, block.header.number, 1
        body = encode_block(block)

    with pytest.raises(OtherRuntime):
        await world.check(Proposed())  # type: ignore[arg-type]
    with pytest.raises(UnknownBlock):
        node.chain.at(block.header.hash)


async def test_a_node_tells_its_clients_what_is_final_and_then_makes_way(node: Node) -> None:
    ended = trio.Event()

    async def host(*, task_status: trio.TaskStatus[Address]) -> None:
        with pytest.RaisesGroup(OtherRuntime, flatten_subgroups=True):
            await node.run(task_status=task_status)
        ended.set()

    async with trio.open_nursery() as nursery:
        address: Address = await nursery.start(host)
        async with (
            connect(address.url) as client,
            client.subscribe(
                "chain_subscribeFinalizedHeads", unsubscribe="chain_unsubscribeFinalizedHeads"
            ) as finalized,
        ):
            await finalized.next(SECONDS_MAX)
            await client.call("author_submitExtrinsic", "0x" + set_code(node).hex())
            (block_hash,) = await client.call("dev_seal")
            told = await finalized.next(SECONDS_MAX)
            assert (told["number"], "0x" + node.chain.finalized.hash.hex()) == ("0x1", block_hash)
            with trio.fail_after(SECONDS_MAX):
                await ended.wait()


async def test_what_clients_need_of_a_runtime_stays_when_it_makes_way(node: Node) -> None:
    first = await node.sealer.seal()
    block_hash = await changed(node)
    chain = node.chain
    assert runtime_at(chain, chain.at(first)) is None
    with pytest.raises(RuntimeUnknown) as refused:
        runtime_at(chain, chain.at(block_hash))
    assert str(refused.value) == (
        f"the block's runtime, 0x{blake2b_256(next_code(node)).hex()}, has not run on this node"
    )
    remember(chain)
    mine, chain.code = chain.code, next_code(node)  # as the process that takes over knows itself
    found = runtime_at(chain, chain.at(first))
    assert found is not None and found.version == node.runtime.version
    assert found.metadata == node.runtime.metadata.encode(past.METADATA)
    chain.code = mine
