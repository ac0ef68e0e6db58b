"""What a network of real processes does under a steady load: how soon a transfer is final, how far blocks are
apart, and what agreeing costs each validator.

A transfer's latency runs from just before it is submitted to a node until that node tells that its block is
final. Block times are those on chain. CPU time is the processes' own, as their pages of metrics tell it.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Final

import trio

from node.client import connect
from node.localnet.errors import LocalnetError
from node.localnet.load import Load
from node.localnet.network import LocalNetwork
from node.localnet.page import Page, fetch
from node.localnet.plan import NodePlan
from runtime.frame.bound import storage_prefix

WARM_UP_SECONDS: Final = 5.0
AGREEMENT_ROOMS: Final = ("consensus", "network", "peering", "verifier")
"""Where the CPU time for votes, certificates and gossip goes, among those of `ballast_cpu_seconds_total`."""
NOW: Final = storage_prefix("Timestamp", "Now")
MILLISECONDS: Final = 1000
HUNDREDTHS: Final = 100


class NothingFinal(LocalnetError):
    """The network made too little final to tell anything of it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"hardly anything became final within {seconds:g} s: measure for longer")


class Watch:
    """What was sent, and when each node told which height to be final; times in seconds."""

    def __init__(self) -> None:
        self.sent: dict[str, tuple[str, float]] = {}
        """To which node, by its URL, and when; by the transfer in hex."""
        self.told: dict[str, dict[int, float]] = {}
        """When each node told of a height."""
        self.is_open = False

    def note(self, url: str, transfer: bytes) -> None:
        """A transfer is about to be sent."""
        if self.is_open:
            self.sent["0x" + transfer.hex()] = url, trio.current_time()

    async def listen(
        self, node: NodePlan, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Note when a node tells of a final block, until cancelled."""
        told = self.told[node.ws] = {}
        async with connect(node.ws) as client:
            watching = client.subscribe(
                "chain_subscribeFinalizedHeads", unsubscribe="chain_unsubscribeFinalizedHeads"
            )
            async with watching as heads:
                task_status.started()
                async for head in heads:
                    told[int(head["number"], 16)] = trio.current_time()


async def bench_network(
    network: LocalNetwork, rate: int, seconds: int, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Begin the network, load it with `rate` transfers a second, measure; the figures by their names.

    Raises LocalnetError, and RemoteError alone or in groups.
    """
    nodes = network.plan.validators
    progress(f"starting {len(nodes)} validators")
    await network.begin_all()
    watch = Watch()
    load = Load(network.plan.spec, nodes, rate, watch.note)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(load.run)
        for node in nodes:
            await nursery.start(watch.listen, node)
        await trio.sleep(WARM_UP_SECONDS)
        progress(f"measuring for {seconds} s at {rate} transfers a second")
        before, began, watch.is_open = await _pages(nodes), trio.current_time(), True
        await trio.sleep(seconds)
        after, took = await _pages(nodes), trio.current_time() - began
        nursery.cancel_scope.cancel()
    first, *_ = nodes
    heights = sorted(number for number, when in watch.told[first.ws].items() if when >= began)
    if len(heights) < 2:
        raise NothingFinal(seconds)
    latencies, times = await _blocks(first, heights, watch)
    if len(latencies) < 2:
        raise NothingFinal(seconds)
    hundredths = statistics.quantiles(latencies, n=HUNDREDTHS, method="inclusive")
    return {
        "validators": len(nodes),
        "rate": rate,
        "seconds": round(took, 1),
        "tps": round(len(latencies) / took, 1),
        "finality_ms_median": round(statistics.median(latencies) * MILLISECONDS),
        "finality_ms_p99": round(hundredths[-1] * MILLISECONDS),
        "block_ms_median": round(statistics.median(later - earlier for earlier, later in pairwise(times))),
        "blocks": len(heights),
        "cpu": {
            node.name: _cpu(now, then, took, len(heights))
            for node, now, then in zip(nodes, after, before, strict=True)
        },
    }


async def _pages(nodes: Sequence[NodePlan]) -> list[Page]:
    return [await fetch(node.metrics) for node in nodes]


async def _blocks(node: NodePlan, heights: list[int], watch: Watch) -> tuple[list[float], list[int]]:
    """The latency in seconds of each transfer in these blocks, and the blocks' own times in milliseconds."""
    latencies: list[float] = []
    times: list[int] = []
    async with connect(node.ws) as client:
        for number in heights:
            block_hash = await client.call("chain_getBlockHash", number)
            now = await client.call("state_getStorage", "0x" + NOW.hex(), block_hash)
            times.append(int.from_bytes(bytes.fromhex(now[2:]), "little"))
            block = await client.call("chain_getBlock", block_hash)
            for transfer in block["block"]["extrinsics"]:
                url, when = watch.sent.get(transfer, (node.ws, 0.0))
                told = watch.told[url].get(number)
                if when and told is not None:
                    latencies.append(told - when)
    return latencies, times


def _cpu(after: Page, before: Page, seconds: float, blocks: int) -> dict[str, Any]:
    """What a validator's CPU time went into: shares of one core, and for agreeing also by the block."""
    then = before.by("ballast_cpu_seconds_total", "room")
    rooms = {
        room: spent - then.get(room, 0.0)
        for room, spent in after.by("ballast_cpu_seconds_total", "room").items()
    }
    agreeing = sum(rooms.get(room, 0.0) for room in AGREEMENT_ROOMS)
    return {
        "agreement": round(agreeing / seconds, 4),
        "agreement_ms_per_block": round(agreeing * MILLISECONDS / blocks, 2),
        "all": round(sum(rooms.values()) / seconds, 4),
        "rooms": {room: round(spent / seconds, 4) for room, spent in rooms.items()},
    }
