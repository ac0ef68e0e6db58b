"""The page of metrics says what is, and CPU time goes to the room that used it."""

from __future__ import annotations

import time

import trio
from prometheus_client.parser import text_string_to_metric_families

from node.consensus.stats import AgreementStats
from node.telemetry.cpu import ELSEWHERE, CpuByRoom, room_of
from node.telemetry.metrics import Metrics, agreement_figures, cpu_figures

SPIN_SECONDS = 0.02


def spin() -> None:
    until = time.thread_time() + SPIN_SECONDS
    while time.thread_time() < until:
        pass


async def read(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = (await metrics.page()).body.decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_figures_are_read_at_the_moment_of_asking() -> None:
    stats, metrics = AgreementStats(), Metrics()
    metrics.add(agreement_figures(stats))
    assert (await read(metrics))["ballast_views_total", ()] == 0
    stats.views, stats.missed["0xab"] = 7, 2
    found = await read(metrics)
    assert found["ballast_views_total", ()] == 7
    assert found["ballast_votes_missed_total", (("validator", "0xab"),)] == 2


async def test_phases_are_histograms() -> None:
    metrics = Metrics()
    with metrics.phase("build"):
        pass
    metrics.observe("build", 0.3)
    found = await read(metrics)
    label = ("phase", "build")
    assert found["ballast_phase_seconds_count", (label,)] == 2
    assert found["ballast_phase_seconds_bucket", (("le", "0.25"), label)] == 1
    assert found["ballast_phase_seconds_bucket", (("le", "0.5"), label)] == 2


async def test_cpu_time_is_charged_to_the_room_that_used_it() -> None:
    cpu, metrics = CpuByRoom(), Metrics()
    metrics.add(cpu_figures(cpu))
    trio.lowlevel.add_instrument(cpu)
    await trio.lowlevel.checkpoint()
    spin()
    with cpu.charge("chain"):
        spin()
    await trio.lowlevel.checkpoint()
    trio.lowlevel.remove_instrument(cpu)
    found = await read(metrics)
    assert found["ballast_cpu_seconds_total", (("room", "chain"),)] >= SPIN_SECONDS
    assert found["ballast_cpu_seconds_total", (("room", ELSEWHERE),)] >= SPIN_SECONDS


async def test_a_task_belongs_to_the_folder_that_its_function_is_from() -> None:
    assert room_of(trio.lowlevel.current_task()) == ELSEWHERE
    async with trio.open_nursery() as nursery:
        rooms: list[str] = []

        class Look(trio.abc.Instrument):
            def task_spawned(self, task: trio.lowlevel.Task) -> None:
                rooms.append(room_of(task))

        look = Look()
        trio.lowlevel.add_instrument(look)
        nursery.start_soon(Metrics().page)
        await trio.lowlevel.checkpoint()
        trio.lowlevel.remove_instrument(look)
    assert rooms == ["telemetry"]
