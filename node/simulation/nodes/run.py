"""Tier two: whole nodes on machines that fail, in one deterministic Trio run.

Faults last until half of the time; then everything is mended, the villains stay, and progress is required.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

import trio

from genesis.build import build_genesis
from node.consensus.guard import highest_of, mark_of
from node.consensus.history import begin_history
from node.network.memory import MemoryHub
from node.simulation.nodes import clockwork
from node.simulation.nodes.checkers import PROGRESS_BLOCKS, PROGRESS_SECONDS, Checkers
from node.simulation.nodes.client import Users
from node.simulation.nodes.life import JOURNAL, open_chain
from node.simulation.nodes.line import on_the_line
from node.simulation.nodes.logs import heard_by
from node.simulation.nodes.machine import Machine
from node.simulation.nodes.plan import Crash, End, Plan, draw
from node.simulation.nodes.site import Site
from node.simulation.nodes.spec import genesis_of, runtime_of, secrets_of
from node.simulation.nodes.trace import Trace
from node.simulation.nodes.villains import VILLAINS
from node.simulation.nodes.weather import Weather
from node.simulation.outcome import Outcome, Violation
from runtime.simplex import Statement
from runtime.state import MemoryStates

AUDIT_SECONDS: Final = 1.0
"""How often what grows is looked at."""
SETTLE_SECONDS: Final = 40
"""How long the last transactions may take to be final."""


def simulate(seed: int, seconds: int, *, show: Callable[[str], None] | None = None) -> Outcome:
    """Run one seed for so many simulated seconds, and as much longer as it takes to show progress and to see
    all transactions final. `show` is told all that happens.
    """
    began = time.process_time()
    outcome = Outcome(seed, seconds)
    run = Run(draw(seed, seconds), outcome, show)
    with on_the_line(), heard_by(run.trace):
        try:
            clockwork.run(seed, run.main)
        except clockwork.Livelock as error:
            outcome.liveness.append(Violation("Livelock", str(error), int(error.seconds * 1_000)))
    outcome.cpu_seconds = time.process_time() - began
    return outcome


class Run:
    """One run, from its plan to its outcome."""

    def __init__(self, plan: Plan, outcome: Outcome, show: Callable[[str], None] | None = None) -> None:
        self.plan = plan
        self.outcome = outcome
        self.trace = Trace(show)
        self.checkers = Checkers(plan, outcome, self.trace)

    async def main(self) -> None:
        """Let it all happen."""
        plan = self.plan
        site = self._site()
        machines = self.checkers.machines
        for place in range(plan.nodes):
            machines.append(VILLAINS.get(plan.villains.get(place, ""), Machine)(site, place))
        for machine in machines[: plan.size]:
            self._vouch(machine, [])
        users = Users(site, machines, self.checkers.included)
        async with trio.open_nursery() as nursery:
            for machine in machines:
                machine.start(nursery)
            nursery.start_soon(users.run)
            nursery.start_soon(self._audit)
            for crash in plan.crashes:
                nursery.start_soon(self._crash, nursery, machines[crash.place], crash)
            await trio.sleep_until(plan.heal_ms / 1_000)
            self.trace.tell(None, "all is mended")
            for place in () if plan.is_within_bounds else sorted(plan.losers):
                await machines[place].end(End.Stopped)
                self._vouch(machines[place], self.checkers.said_by(place))
            for machine in machines:
                machine.start(nursery)
            if plan.is_within_bounds:
                await self._progress()
                self.checkers.check_settled(await users.settle(SETTLE_SECONDS))
                self.checkers.check_verdicts()
            else:
                await trio.sleep_until(plan.seconds)
            for machine in machines:
                await machine.end(End.Stopped)
            nursery.cancel_scope.cancel()
        for machine in machines:
            machine.begin_life()
            chain = open_chain(machine)
            self.checkers.on_started(machine.place, chain)
            self.checkers.check_books(chain)
        self.outcome.blocks = self.checkers.height
        self.outcome.messages = self.trace.chunks
        self.outcome.trace_hash = self.trace.hash

    def _site(self) -> Site:
        plan = self.plan
        runtime = runtime_of(plan.epoch_blocks)
        genesis = build_genesis(runtime, genesis_of(plan), MemoryStates().head)
        places = {secrets_of(place).network.public: place for place in range(plan.nodes)}
        hub = MemoryHub(
            Weather(plan, places, self.trace),
            alarm=clockwork.alarm,
            pause=trio.lowlevel.checkpoint_if_cancelled,
        )
        return Site(plan, runtime, genesis, hub, self.trace, self.checkers)

    async def _crash(self, nursery: trio.Nursery, machine: Machine, crash: Crash) -> None:
        """One life ends; another begins before all is mended. No disk is lost before the chain has begun for
        everybody: who has then signed something, and forgot it, cannot be told from one that is new.
        """
        await trio.sleep_until(crash.at_ms / 1_000)
        is_too_soon = crash.end is End.DiskLost and self.checkers.lagging(1)
        await machine.end(End.Killed if is_too_soon else crash.end)
        await trio.sleep_until(min(crash.at_ms + crash.down_ms, self.plan.heal_ms - 1) / 1_000)
        machine.start(nursery)

    def _vouch(self, machine: Machine, said: Sequence[Statement]) -> None:
        """Somebody gives their word that this is all that its key has signed."""
        genesis_hash = machine.site.genesis.hash
        marks = highest_of(mark_of(genesis_hash, each) for each in said)
        begin_history(machine.disk, JOURNAL, genesis_hash, machine.secrets.bls.public, marks)

    async def _progress(self) -> None:
        """Require of every honest node to gain blocks, again and again until the time is over."""
        while True:
            began, goal = trio.current_time(), self.checkers.height + PROGRESS_BLOCKS
            for _ in range(PROGRESS_SECONDS):
                if not self.checkers.lagging(goal):
                    break
                await trio.sleep(1)
            self.checkers.check_progress(goal)
            if trio.current_time() >= self.plan.seconds:
                return
            await trio.sleep_until(min(began + PROGRESS_SECONDS, self.plan.seconds))

    async def _audit(self) -> None:
        while True:
            await trio.sleep(AUDIT_SECONDS)
            self.checkers.audit()
