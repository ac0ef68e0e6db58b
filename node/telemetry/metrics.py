"""Metrics: the node's figures in Prometheus' text form, read where they live at the moment of asking.

Nothing is counted twice for the sake of a page: most figures are read from the rooms that own them. Only how
long things take is kept here, as histograms by phase.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from http import HTTPStatus
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from node.chain.chain import Chain
from node.consensus.stats import AgreementStats
from node.mempool.validate import Mempool
from node.network.stats import NetworkStats
from node.rpc.http import Response
from node.sync.stats import SyncStats
from node.telemetry.cpu import CpuByRoom
from runtime.frame.bound import storage_prefix

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds: from a journal's sync to a view that timed out more than once."""

NOW: Final = storage_prefix("Timestamp", "Now")

Source = Callable[[], Iterable[Metric]]
"""Gives the figures of one room, now."""


class Metrics:
    """All figures of one node."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._phases = Histogram(
            "ballast_phase_seconds",
            "How long a phase of a block's life takes here.",
            ("phase",),
            buckets=BUCKETS,
            registry=self._registry,
        )

    def add(self, source: Source) -> None:
        """Tell the figures of one more room."""
        self._registry.register(_Reader(source))

    @contextmanager
    def phase(self, name: str) -> Generator[None]:
        """Time the body as one run of a phase."""
        began = perf_counter()
        try:
            yield
        finally:
            self.observe(name, perf_counter() - began)

    def observe(self, phase: str, seconds: float) -> None:
        """Note how long one run of a phase took."""
        self._phases.labels(phase).observe(seconds)

    async def page(self) -> Response:
        """The page `/metrics`."""
        return Response(HTTPStatus.OK, generate_latest(self._registry), CONTENT_TYPE)


class _Reader(Collector):
    def __init__(self, source: Source) -> None:
        self._source = source

    def collect(self) -> Iterable[Metric]:
        return self._source()


def chain_figures(chain: Chain, now_ms: Callable[[], int]) -> Source:
    """Heights, and how far finality is behind, in blocks and by the clock `now_ms`."""

    def read() -> Iterable[Metric]:
        best, final = chain.best.header.number, chain.finalized.header.number
        stamp = chain.finalized.state.get(NOW)
        if stamp is not None:
            age = now_ms() - int.from_bytes(stamp, "little")
            yield _gauge("finality_lag_seconds", "The age of the last final block.", max(0, age) / 1000)
        yield _gauge("height", "The best block.", best)
        yield _gauge("finalized_height", "The last final block.", final)
        yield _gauge("finality_lag_blocks", "Blocks on the best chain that are not final.", best - final)
        yield _gauge("unfinalized_blocks", "Blocks on all branches.", len(chain.unfinalized))

    return read


def pool_figures(mempool: Mempool) -> Source:
    """What waits to be in a block."""

    def read() -> Iterable[Metric]:
        pool = mempool.pool
        waiting = GaugeMetricFamily("ballast_pool_transactions", "Waiting transactions.", labels=("queue",))
        size = GaugeMetricFamily("ballast_pool_bytes", "Their bytes.", labels=("queue",))
        for name, queue in (("ready", pool.ready), ("future", pool.future)):
            waiting.add_metric((name,), len(queue))
            size.add_metric((name,), queue.bytes)
        yield waiting
        yield size

    return read


def agreement_figures(stats: AgreementStats) -> Source:
    """How the agreement goes."""

    def read() -> Iterable[Metric]:
        yield _gauge("epoch", "The epoch that is being agreed on.", stats.epoch)
        yield _gauge("view", "The view that the node is in; 0 when it only follows.", stats.view)
        yield _counter("views", "Views entered.", stats.views)
        yield _counter("proposals", "Blocks proposed by this node.", stats.proposals)
        yield _counter("votes", "Votes cast by this node.", stats.votes)
        yield _counter("nullifications", "Views that a quorum skipped.", stats.nullifications)
        yield _counter("finalizations", "Certificates of finality seen.", stats.finalizations)
        yield _counter("reports", "Pairs of conflicting votes found.", stats.reports)
        missed = CounterMetricFamily(
            "ballast_votes_missed",
            "Certificates of finality without a validator's vote.",
            labels=("validator",),
        )
        for validator, count in sorted(stats.missed.items()):
            missed.add_metric((validator,), count)
        yield missed

    return read


def network_figures(read_stats: Callable[[], NetworkStats]) -> Source:
    """Who is connected, and what was dropped."""

    def read() -> Iterable[Metric]:
        stats = read_stats()
        peers = GaugeMetricFamily("ballast_peers", "Connected peers.", labels=("direction",))
        outbound = sum(each.is_outbound for each in stats.peers)
        peers.add_metric(("outbound",), outbound)
        peers.add_metric(("inbound",), len(stats.peers) - outbound)
        yield peers
        yield _gauge("peers_known", "Peers whose addresses are known.", stats.known)
        yield _gauge("peers_banned", "Peers and hosts that are not spoken to.", len(stats.bans))
        sent = CounterMetricFamily(
            "ballast_network_drops", "Dropped messages, by reason.", labels=("reason",)
        )
        for reason, count in sorted(stats.drops.items()):
            sent.add_metric((reason,), count)
        yield sent
        waiting = GaugeMetricFamily("ballast_network_waiting", "Messages to be taken in.", labels=("topic",))
        for topic, count in sorted(stats.waiting.items()):
            waiting.add_metric((topic,), count)
        yield waiting

    return read


def sync_figures(stats: SyncStats) -> Source:
    """How far the node is behind its peers."""

    def read() -> Iterable[Metric]:
        yield _gauge("sync_target", "The highest block that peers have.", stats.highest)
        yield _gauge("sync_blocks_per_second", "How fast the node comes on.", stats.blocks_per_second)
        yield _counter("sync_faults", "How often a peer failed.", stats.faults)

    return read


def cpu_figures(cpu: CpuByRoom, verifier_seconds: Callable[[], float] = lambda: 0.0) -> Source:
    """Where the processor's time went; the verifier of votes and certificates has a thread of its own."""

    def read() -> Iterable[Metric]:
        spent = CounterMetricFamily(
            "ballast_cpu_seconds", "CPU time by room; `verifier` is a thread of its own.", labels=("room",)
        )
        spent.add_metric(("verifier",), verifier_seconds())
        for room, nanoseconds in sorted(cpu.nanoseconds.items()):
            spent.add_metric((room,), nanoseconds / 1e9)
        yield spent

    return read


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"ballast_{name}", text, value)


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"ballast_{name}", text, value)
