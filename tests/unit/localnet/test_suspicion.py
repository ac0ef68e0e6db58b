"""Suspicion finds what a node logs of contradictions, each once, and what the chain holds of offences."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio

from genesis.presets.local import local
from node.consensus.evidence import Accuser
from node.localnet.plan import NetworkPlan, plan_network
from node.localnet.suspicion import CHUNK_BYTES, OFFENCES, Suspicion
from node.rpc import Context, HexBytes, Registry, RpcConfig, serve
from runtime.simplex import Kind, Statement, Vote

registry: Registry[list[bytes | None]] = Registry()


@registry.method("state_getStorage")
async def get_storage(ctx: Context[list[bytes | None]], key: HexBytes) -> object:
    (value,) = ctx.node
    return None if key != OFFENCES or value is None else "0x" + value.hex()


async def found(suspicion: Suspicion, offences: bytes | None = None) -> int:
    """What it finds, next to a chain that counts so many offences."""
    async with trio.open_nursery() as nursery:
        address = await nursery.start(serve, registry, [offences], RpcConfig(port=0))
        count = await suspicion.look(address.url)
        nursery.cancel_scope.cancel()
    return count


@pytest.fixture
def plan(tmp_path: Path) -> NetworkPlan:
    return plan_network(tmp_path, lambda: local(4), validators=4)


async def accusation(caplog: pytest.LogCaptureFixture, view: int) -> str:
    """The line that a node logs when a validator contradicts itself, as it logs it."""
    committee = SimpleNamespace(epoch=3, validators=[SimpleNamespace(account=bytes(32), network=b"")] * 4)
    runtime: Any = SimpleNamespace(pallets={})
    epochs: Any = SimpleNamespace(committee=lambda epoch: committee)
    mempool: Any = None
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        statements = [Statement(kind, 3, view, 0, bytes(32)) for kind in (Kind.Notarize, Kind.Finalize)]
        first, second = [Vote(statement, 2, bytes(96)) for statement in statements]
        await Accuser(runtime, mempool, epochs, b"").votes(first, second)
    return json.dumps({"event": caplog.records[0].getMessage(), "level": "warning"}) + "\n"


async def test_each_contradiction_counts_once_whoever_saw_it(
    plan: NetworkPlan, caplog: pytest.LogCaptureFixture
) -> None:
    suspicion = Suspicion(plan)
    assert await found(suspicion) == 0
    line = await accusation(caplog, 17)
    for node in plan.nodes[:3]:
        node.log.write_text("nothing\n" + line)
    assert await found(suspicion) == 1
    with plan.nodes[0].log.open("a") as log:
        log.write(await accusation(caplog, 18))
    assert await found(suspicion) == 2
    assert await found(suspicion) == 2


async def test_a_line_across_two_chunks_is_found(plan: NetworkPlan, caplog: pytest.LogCaptureFixture) -> None:
    line = (await accusation(caplog, 17)).encode()
    plan.nodes[0].log.write_bytes(b"x" * (CHUNK_BYTES - len(line) // 2) + line + b"y" * CHUNK_BYTES)
    assert await found(Suspicion(plan)) == 1


async def test_two_certificates_that_exclude_each_other(plan: NetworkPlan) -> None:
    said = "two certificates of epoch 1, view 9 contradict each other: a third of the validators is false"
    plan.nodes[0].log.write_text(json.dumps({"event": said}))
    assert await found(Suspicion(plan)) == 1


async def test_what_the_chain_holds_counts_too(plan: NetworkPlan) -> None:
    assert await found(Suspicion(plan), (5).to_bytes(4, "little")) == 5
