"""A running local network: processes begun, awaited, told of when one ends, and all stopped at the end."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

import trio

from node.client import RemoteError, connect
from node.consensus.lock import KeyInUse, KeyLock
from node.localnet.errors import FolderUnfit, NetworkRuns, NoAnswer, NodeEnded
from node.localnet.plan import SPEC, NetworkPlan, NodePlan, Reach, directly
from node.localnet.process import NodeProcess, Ready
from node.localnet.record import NetworkRecord, NodeRecord
from node.telemetry.logging import Level

LOCK: Final = "lock"


class LocalNetwork:
    """The processes of a plan, by the names of its nodes; made by `running`."""

    def __init__(self, plan: NetworkPlan, places: Path, *, log: Level, reach: Reach) -> None:
        self.plan = plan
        self.processes: dict[str, NodeProcess] = {}
        """Those that were begun last."""
        self._places = places
        self._log: Level = log
        self._reach = reach

    def node(self, name: str) -> NodePlan:
        """A node by its name."""
        return next(node for node in self.plan.nodes if node.name == name)

    async def begin(
        self, node: NodePlan, *, file_bytes_max: int | None = None, log: Path | None = None
    ) -> NodeProcess:
        """Start a node that does not run; `log` for another file than its own. Raises FolderUnfit."""
        old = self.processes.get(node.name)
        assert old is None or old.status is not None, f"{node.name} runs"
        ready_file = self._places / f"{node.name}.json"
        command = self.plan.command(node, ready_file, log=self._log, reach=self._reach)
        try:
            node.folder.mkdir(parents=True, exist_ok=True)
            process = await NodeProcess.begin(
                node.name, command, log or node.log, ready_file, file_bytes_max=file_bytes_max
            )
        except OSError as error:
            raise FolderUnfit(node.folder, error.strerror or str(error)) from None
        self.processes[node.name] = process
        return process

    async def begin_all(self, nodes: Iterable[NodePlan] | None = None) -> dict[str, Ready]:
        """Start nodes, all of them unless told which, and wait until each answers.

        Raises NodeEnded, NotReady and FolderUnfit.
        """
        chosen = tuple(self.plan.nodes if nodes is None else nodes)
        for node in chosen:
            await self.begin(node)
        return {node.name: await self.processes[node.name].ready() for node in chosen}

    async def watch(self, say: Callable[[NodeEnded], None]) -> None:
        """Tell of each node that ends, until all have."""
        async with trio.open_nursery() as nursery:
            for process in self.processes.values():
                nursery.start_soon(_tell_end, process, say)

    async def stop(self) -> None:
        """Stop all that run, at the same time."""
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                for process in self.processes.values():
                    if process.status is None:
                        nursery.start_soon(process.stop)

    async def describe(self, ready: dict[str, Ready]) -> NetworkRecord:
        """The network as it is written down. Raises NoAnswer."""
        genesis = {each.genesis_hash for each in ready.values()}
        assert len(genesis) == 1, "all were given the same spec"
        return NetworkRecord(
            chain=self.plan.spec.id,
            genesis_hash=genesis.pop(),
            spec=str(self.plan.folder / SPEC),
            base_path=str(self.plan.folder),
            pid=os.getpid(),
            nodes=tuple([await self._describe(node, ready[node.name]) for node in self.plan.nodes]),
        )

    async def _describe(self, node: NodePlan, ready: Ready) -> NodeRecord:
        return NodeRecord(
            name=node.name,
            role=node.role,
            account=node.account,
            peer=await _peer_address(ready.ws),
            ws=ready.ws,
            http=ready.http,
            metrics=f"{ready.http}/metrics",
            pid=ready.pid,
            log=str(node.log),
            base_path=str(node.folder),
        )


@contextmanager
def kept(folder: Path) -> Generator[None]:
    """Be the one process that keeps the network of a folder. Raises NetworkRuns and FolderUnfit."""
    with ExitStack() as stack:
        try:
            stack.enter_context(KeyLock(folder / LOCK))
        except KeyInUse as error:
            raise NetworkRuns(folder, error.holder) from None
        except OSError as error:
            raise FolderUnfit(folder, error.strerror or str(error)) from None
        yield


@asynccontextmanager
async def running(
    plan: NetworkPlan, *, log: Level = "info", reach: Reach = directly
) -> AsyncGenerator[LocalNetwork]:
    """A network whose nodes can be begun; whatever runs at the end of the block is stopped."""
    with tempfile.TemporaryDirectory(prefix="ballast-net-", ignore_cleanup_errors=True) as places:
        network = LocalNetwork(plan, Path(places), log=log, reach=reach)
        try:
            yield network
        finally:
            await network.stop()


async def _tell_end(process: NodeProcess, say: Callable[[NodeEnded], None]) -> None:
    await process.wait()
    say(process.ended())


async def _peer_address(ws: str) -> str:
    """Where a node says that peers reach it."""
    try:
        async with connect(ws) as client:
            (address,) = await client.call("system_localListenAddresses")
    except (RemoteError, ValueError, TypeError) as error:
        raise NoAnswer(ws, str(error)) from None
    return str(address)
