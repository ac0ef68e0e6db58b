"""The weather: what the simulated network does to connections and to what goes over them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Final

import trio

from node.network.address import PeerId
from node.simulation.nodes.plan import GOOD, Break, Plan
from node.simulation.nodes.trace import Trace

MILLION: Final = 1_000_000


class Weather:
    """A `node.network.memory.Link`, drawn from the seed."""

    def __init__(self, plan: Plan, places: Mapping[PeerId, int], trace: Trace) -> None:
        self._plan = plan
        self._places = places
        self._trace = trace
        self._dice = Random(f"weather/{plan.seed}")

    def opens(self, dialler: PeerId, listener: PeerId) -> float | None:
        return self._passes(self._places[dialler], self._places[listener])

    def carries(self, sender: PeerId, receiver: PeerId, size: int) -> float | None:
        source, target = self._places[sender], self._places[receiver]
        seconds = self._passes(source, target)
        self._trace.carried(source, target, size, seconds)
        return seconds

    def _passes(self, source: int, target: int) -> float | None:
        plan, now_ms = self._plan, trio.current_time() * 1_000
        if now_ms >= plan.heal_ms:
            return self._delay(GOOD.delay_min_ms, GOOD.delay_max_ms) / 1_000
        conditions = plan.conditions
        waits_ms = 0.0
        for each in plan.partitions:
            if each.at_ms <= now_ms < each.end_ms and (source, target) in each.cut:
                if each.how is not Break.Holds:
                    return None if each.how is Break.Resets else math.inf
                waits_ms = each.end_ms - now_ms
        if self._dice.random() * MILLION < conditions.break_ppm:
            return None
        factor = max(plan.slow.get(source, 1), plan.slow.get(target, 1))
        delay_ms = factor * self._delay(conditions.delay_min_ms, conditions.delay_max_ms)
        return (waits_ms + delay_ms) / 1_000

    def _delay(self, least_ms: int, most_ms: int) -> float:
        return least_ms + int(self._dice.random() * (most_ms - least_ms + 1))
