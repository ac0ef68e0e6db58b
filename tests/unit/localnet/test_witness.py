"""The witness believes nobody: whatever one node told to be final every node must have, now and later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import trio

from node.localnet.plan import NodePlan
from node.localnet.ports import free_ports
from node.localnet.witness import Witness
from node.rpc import BlockNumber, Context, Registry, RpcConfig, Sink, serve
from node.rpc.methods.shapes import header_json
from runtime.types.block import Header
from runtime.types.digest import Digest

SOON_SECONDS = 5
registry: Registry[Told] = Registry()


@dataclass
class Told:
    """A node that tells what it is told to."""

    headers: list[Header] = field(default_factory=list[Header])
    changed: trio.Event = field(default_factory=trio.Event)

    def tell(self, *headers: Header) -> None:
        self.headers += headers
        self.changed.set()
        self.changed = trio.Event()


@registry.method("chain_getBlockHash")
async def get_block_hash(ctx: Context[Told], numbers: list[BlockNumber]) -> object:
    known = {header.number: header.hash for header in ctx.node.headers}
    return ["0x" + known[number].hex() if number in known else None for number in numbers]


@registry.subscription(
    "chain_subscribeFinalizedHeads",
    unsubscribe="chain_unsubscribeFinalizedHeads",
    notification="chain_finalizedHead",
)
async def subscribe_heads(ctx: Context[Told], sink: Sink) -> None:
    sent = 0
    while True:
        for header in ctx.node.headers[sent:]:
            await sink.send(header_json(header))
        sent = len(ctx.node.headers)
        await ctx.node.changed.wait()


def header(number: int, root: bytes = b"r") -> Header:
    return Header(
        parent_hash=number.to_bytes(32, "big"),
        number=number,
        state_root=root.ljust(32),
        extrinsics_root=bytes(32),
        digest=Digest(()),
    )


def plans() -> list[NodePlan]:
    alice, bob = free_ports(2)
    return [
        NodePlan(name=name, folder=Path(name), suri=None, rpc_port=port, peer_port=1)
        for name, port in (("alice", alice), ("bob", bob))
    ]


@asynccontextmanager
async def answering(plan: NodePlan, node: Told) -> AsyncIterator[None]:
    async with trio.open_nursery() as nursery:
        await nursery.start(serve, registry, node, RpcConfig(port=plan.rpc_port))
        yield
        nursery.cancel_scope.cancel()


@asynccontextmanager
async def witnessed() -> AsyncIterator[tuple[Witness, Told, Told]]:
    alice, bob = plans()
    witness, first, second = Witness((alice, bob)), Told(), Told()
    async with answering(alice, first), answering(bob, second), trio.open_nursery() as nursery:
        nursery.start_soon(witness.run)
        yield witness, first, second
        nursery.cancel_scope.cancel()


async def until(witness: Witness, alice: int, bob: int) -> None:
    with trio.fail_after(SOON_SECONDS):
        while witness.finals != {"alice": alice, "bob": bob}:
            await trio.sleep(0.01)


async def test_what_all_have_holds() -> None:
    async with witnessed() as (witness, alice, bob):
        alice.tell(header(1), header(2), header(3))
        bob.tell(header(1), header(2))
        await until(witness, 3, 2)
        assert witness.height == 3
        await witness.examine(0, 2)
        assert witness.broken == set()


async def test_what_one_lacks_is_broken() -> None:
    async with witnessed() as (witness, alice, bob):
        alice.tell(header(1), header(2), header(3))
        bob.tell(header(1))
        await until(witness, 3, 1)
        await witness.examine(1, 3)
        assert witness.broken == {2, 3}


async def test_who_differs_is_seen_where_nothing_was_told() -> None:
    async with witnessed() as (witness, alice, bob):
        alice.tell(header(3))
        bob.tell(header(3))
        await until(witness, 3, 3)
        alice.headers += header(1), header(2)
        bob.headers += header(1), header(2, b"another")
        await witness.examine(0, 3)
        assert witness.broken == {2}


async def test_what_a_node_takes_back_is_broken_though_it_alone_told_it() -> None:
    async with witnessed() as (witness, alice, bob):
        alice.tell(header(1), header(2))
        await until(witness, 2, 0)
        alice.headers[1] = header(2, b"another")
        bob.headers = list(alice.headers)
        await witness.examine(0, 2)
        assert witness.broken == {2}


async def test_two_who_tell_different_things_are_seen_at_once() -> None:
    async with witnessed() as (witness, alice, bob):
        alice.tell(header(1), header(2))
        await until(witness, 2, 0)
        bob.tell(header(1), header(2, b"another"))
        await until(witness, 2, 2)
        assert witness.broken == {2}


async def test_who_goes_has_told_nothing_until_it_is_back() -> None:
    alice, bob = plans()
    witness, first, second = Witness((alice, bob)), Told(), Told()
    first.tell(header(1))
    second.tell(header(1))
    async with answering(alice, first), trio.open_nursery() as nursery:
        nursery.start_soon(witness.run)
        async with answering(bob, second):
            await until(witness, 1, 1)
        await until(witness, 1, 0)
        second.tell(header(2))
        async with answering(bob, second):
            await until(witness, 1, 2)
        nursery.cancel_scope.cancel()
    assert witness.height == 2
