"""The node: what it is made of, and the nursery tree that runs it."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Final

import trio

from genesis.build import Genesis, build_genesis
from node.chain.chain import Chain, OtherRuntime
from node.chain.logs import author_logs, dev_author
from node.chain.sealing import Sealer
from node.chain.snapshots import Snapshots
from node.clock import NodeClock
from node.config import NodeConfig
from node.consensus.verifier import ThreadVerifier
from node.memory import settle_collector
from node.mempool.verifier import Verifier
from node.peering import Peering, PeeringConfig, network_of
from node.rooms import Rooms
from node.rpc import Address, Registry, serve
from node.rpc.methods import Backend, registry
from node.runtimes.here import runtime_here
from node.runtimes.past import remember
from node.runtimes.store import Store
from node.storage import RocksStates, StorageFilled
from node.sync.begin import begin_at_checkpoint
from node.telemetry.cpu import CpuByRoom
from node.telemetry.metrics import (
    Metrics,
    agreement_figures,
    chain_figures,
    cpu_figures,
    network_figures,
    pool_figures,
    sync_figures,
)
from runtime.runtime import Runtime
from runtime.state import MemoryStates

log = logging.getLogger(__name__)

FAREWELL_SECONDS: Final = 0.3
"""How long clients are still told what is final before other code takes over."""


class Node(Rooms):
    """One node of one chain. `open` makes it, `run` runs it, `close` releases its database."""

    def __init__(self, config: NodeConfig, runtime: Runtime, chain: Chain) -> None:
        self.config = config
        self.clock = NodeClock()
        self.verifier = Verifier()
        super().__init__(runtime, chain, self.clock, self.verifier)
        self.snapshots = Snapshots()
        logs = author_logs(runtime, chain.genesis_hash, dev_author())
        self.sealer = Sealer(chain, self.author, self.heads, self.mempool, logs)
        self.metrics = Metrics()
        self.cpu = CpuByRoom()
        self.peering = None if config.peering is None else self._peering(config.peering)
        self.address: Address | None = None

    @classmethod
    def open(cls, config: NodeConfig) -> Node:
        """Load the runtime and open the chain. Raises SpecError, LoadError, PluginError, GenesisError,
        WrongGenesis, OtherRuntime, StorageError.
        """
        runtime = runtime_here(config.spec)
        genesis = _first(config, runtime)
        config = replace(config, spec=replace(config.spec, runtime=runtime.spec))
        config.database_path.mkdir(parents=True, exist_ok=True)
        states = RocksStates.open(
            config.database_path,
            budget_bytes=config.node_cache_bytes,
            cache_bytes=config.state_cache_bytes,
            archive=config.archive,
        )
        try:
            chain = Chain(runtime, states, genesis)
        except BaseException:
            states.close()
            raise
        return cls(config, runtime, chain)

    async def run(self, *, task_status: trio.TaskStatus[Address] = trio.TASK_STATUS_IGNORED) -> None:
        """Run until cancelled; reports the address once calls are answered. Raises OtherRuntime when other
        code is to make the next block.
        """
        settle_collector()
        async with trio.open_nursery() as nursery:
            await nursery.start(self.verifier.run)
            self._measure()
            rpc = replace(self.config.rpc, pages={**self.config.rpc.pages, "/metrics": self.metrics.page})
            address: Address = await nursery.start(serve, self.registry(), self, rpc)
            self.address = address
            nursery.start_soon(self.revalidate)
            await nursery.start(self._work)
            if self.config.ready_file is not None:
                write_ready_file(self.config.ready_file, self, address)
            task_status.started(address)

    async def _work(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Make blocks, or follow those who do, until other code takes over."""
        chain = self.chain
        try:
            async with trio.open_nursery() as nursery:
                if self.peering is None:
                    nursery.start_soon(self.sealer.run, self.config.sealing)
                else:
                    await nursery.start(self.peering.run)
                task_status.started()
                await chain.superseded.wait()
                nursery.cancel_scope.cancel()
        except* OtherRuntime:
            if not chain.superseded.is_set():
                raise
        if self.peering is not None:
            # Who decides next is written down while the code that laid out this state can read it.
            self.peering.epochs.committee(self.peering.epochs.of(chain.finalized.header.number + 1))
        remember(chain)
        log.info("block %d is final, and other code makes the next one", chain.finalized.header.number)
        await trio.sleep(FAREWELL_SECONDS)
        chain.require_runtime(chain.finalized)

    def _peering(self, config: PeeringConfig) -> Peering:
        return Peering(
            config,
            self.runtime,
            self.chain,
            self.heads,
            self.author,
            self.mempool,
            self.clock,
            observe=self.metrics.observe,
            charge=self.cpu.charge,
        )

    def _measure(self) -> None:
        """Let the page of metrics tell of all rooms."""
        trio.lowlevel.add_instrument(self.cpu)
        add = self.metrics.add
        add(chain_figures(self.chain, self.clock.now_ms))
        add(pool_figures(self.mempool))
        add(cpu_figures(self.cpu, self._verifier_seconds))
        if self.peering is not None:
            add(agreement_figures(self.peering.stats))
            add(network_figures(self.peering.network.stats))
            add(sync_figures(self.peering.sync.stats))

    def _verifier_seconds(self) -> float:
        """The CPU time that votes and certificates took in their thread."""
        verifier = None if self.peering is None else self.peering.verifier
        return verifier.cpu_seconds if isinstance(verifier, ThreadVerifier) else 0.0

    def registry(self) -> Registry[Backend]:
        """The RPC methods that this node answers."""
        return registry(development=self.config.development)

    def close(self) -> None:
        """Release the database."""
        self.chain.close()


def _first(config: NodeConfig, runtime: Runtime) -> Genesis | None:
    """Block zero, if it is for `runtime` to make. Where the chain is to begin, and the store holds a runtime
    that was prepared for just the seats of its spec, that one begins it. Raises OtherRuntime, GenesisError.
    """
    if not config.database_path.exists():
        held = Store(config.base_path).seating(config.spec.runtime)
        mine = runtime.manifest
        if held is not None and held.manifest != mine:
            raise OtherRuntime(str(config.database_path), held.code, held.manifest.differences(mine))
    if runtime.spec != config.spec.runtime:
        return None
    return build_genesis(runtime, config.spec.genesis, MemoryStates().head)


async def begin_at(config: NodeConfig, wanted: bytes | None) -> None:
    """Fill an empty database with a final block's state, fetched from peers: the block of hash `wanted`, or
    their last. A chain that is there already stays as it is.

    Raises what `Node.open` and `begin_at_checkpoint` raise.
    """
    assert config.peering is not None, "a development chain has no peers"
    runtime = runtime_here(config.spec)
    genesis = _first(config, runtime)
    if genesis is None:  # another runtime began it
        return
    config.database_path.mkdir(parents=True, exist_ok=True)
    network, verifier = network_of(config.peering, genesis.hash), ThreadVerifier(genesis.hash)
    try:
        chosen = await begin_at_checkpoint(
            config.database_path, runtime, genesis, network, verifier, wanted=wanted
        )
    except StorageFilled:
        log.info(
            "there is a chain in %s already: it goes on, and --checkpoint says nothing", config.base_path
        )
    else:
        log.info("the chain begins at block %d, 0x%s", chosen.number, chosen.hash.hex())


def write_ready_file(path: Path, node: Node, address: Address) -> None:
    """Say where the node answers, in one step: nobody reads half a file."""
    ready = {
        "ws": address.url,
        "http": address.url.replace("ws:", "http:", 1),
        "chain": node.config.spec.id,
        "genesisHash": "0x" + node.chain.genesis_hash.hex(),
        "pid": os.getpid(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        json.dump(ready, file)
        file.write("\n")
    os.replace(file.name, path)
