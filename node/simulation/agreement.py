"""Tier one: the real cores of four to ten validators, stub signatures, model shells, faults, villains.

Faults last until half of the time; then everything is mended, the villains stay, and progress is required.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from node.simulation.checkers import PROGRESS_MS, Checkers
from node.simulation.host import Host, World
from node.simulation.loop import JOBS_MAX
from node.simulation.outcome import Outcome
from node.simulation.plan import Crash, Partition, Plan, draw
from node.simulation.villains import VILLAINS, Twin

AUDIT_MS: Final = 1_000
"""How often what grows is looked at."""


def simulate(seed: int, seconds: int, show: Callable[[str], None] | None = None) -> Outcome:
    """Run one seed for so many simulated seconds; `show` is told everything."""
    began = time.process_time()
    outcome = Outcome(seed, seconds)
    Run(draw(seed, seconds), outcome, show).run()
    outcome.cpu_seconds = time.process_time() - began
    return outcome


class Run:
    """One run, from its plan to its outcome."""

    def __init__(self, plan: Plan, outcome: Outcome, show: Callable[[str], None] | None = None) -> None:
        self.plan = plan
        self.outcome = outcome
        self.world = World(plan, show)
        self.checkers = Checkers(self.world, outcome)
        for place in range(plan.size + plan.watchers):
            name = plan.villains.get(place)
            if name is None:
                self.world.hosts.append(Host(self.world, self.checkers, place))
            else:
                self.world.hosts.append(VILLAINS[name](self.world, self.checkers, place))
                if name == "twins":
                    self.world.hosts.append(Twin(self.world, self.checkers, place))

    def run(self) -> None:
        """Let it all happen."""
        plan, loop, world = self.plan, self.world.loop, self.world
        self.begin()
        for second in range(plan.seconds):
            if loop.run(1_000 * (second + 1)) >= JOBS_MAX:
                self.checkers.found_livelock()
                break
        self.outcome.blocks = self.checkers.height
        self.outcome.messages = world.network.messages
        self.outcome.trace_hash = world.trace.hash

    def begin(self) -> None:
        """Start all hosts, and have happen what the plan says, when it is time."""
        plan, loop, world = self.plan, self.world.loop, self.world
        for each in world.hosts:
            each.boot()
        for crash in plan.crashes:
            loop.after(crash.at_ms, self._crash, crash)
            loop.after(min(crash.at_ms + crash.down_ms, plan.heal_ms - 1), self._restart, crash.host)
        for partition in plan.partitions:
            loop.after(partition.at_ms, self._cut, partition)
            loop.after(partition.end_ms, self._cut, None)
        loop.after(plan.heal_ms, self._heal)
        loop.after(AUDIT_MS, self._audit)

    def replace_host(self, place: int, kind: type[Host]) -> None:
        """Before the run begins, put another in somebody's place."""
        self.world.network.leave(self.world.hosts[place])
        self.world.hosts[place] = kind(self.world, self.checkers, place)

    def _crash(self, crash: Crash) -> None:
        for host in self._at(crash.host):
            if crash.is_writing:
                host.stops_writing = True
            elif host.is_up:
                host.crash()
            self.world.trace.say(self.world.loop.now_ms, crash.host, "stops")

    def _restart(self, place: int) -> None:
        for host in self._at(place):
            if host.is_up:
                host.stops_writing = False
                continue
            self.world.trace.say(self.world.loop.now_ms, place, "starts again")
            host.boot()
            if self.plan.joins:
                for other in self.world.hosts:
                    if other is not host and other.is_up:
                        other.meet(host.peer)

    def _cut(self, partition: Partition | None) -> None:
        self.world.network.cut = frozenset() if partition is None else frozenset(partition.cut)

    def _heal(self) -> None:
        self.world.network.cut = frozenset()
        self.world.network.conditions = self.plan.healed
        self._measure()

    def _measure(self) -> None:
        self.checkers.mark()
        self.world.loop.after(PROGRESS_MS, self._judge)

    def _judge(self) -> None:
        self.checkers.check_progress()
        self.checkers.check_reports()
        self._measure()

    def _audit(self) -> None:
        self.checkers.audit()
        self.world.loop.after(AUDIT_MS, self._audit)

    def _at(self, place: int) -> list[Host]:
        return [host for host in self.world.hosts if host.place == place]
