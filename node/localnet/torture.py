"""Torture: a network under load whose nodes are killed, cut off from each other and starved of disk, cycle by
cycle; after each cycle it must be well again, and stand by all that it told to be final.

Every fault is one of `FAULTS`, in an order that a seed shuffles anew each round, so that a few cycles see all
of them. What must hold after a cycle:

- each node finalizes again, beyond all that was told before;
- what any node told to be final is what every node has at that height;
- nobody signed two things that exclude each other: no node saw it, and the chain holds no evidence;
- no node ended by itself, but for the one whose disk was full, which said so in one line.

The first fault comes when every validator has voted once: a key that never signed listens before it votes,
unless its chain begins with it, and such a start is no coming back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import trio

from node.client import RemoteError, connect
from node.localnet.errors import LocalnetError
from node.localnet.load import Load
from node.localnet.network import LocalNetwork
from node.localnet.plan import NodePlan
from node.localnet.process import NodeProcess
from node.localnet.roads import Cut, Roads
from node.localnet.suspicion import Suspicion
from node.localnet.witness import Witness

BLOCKS_ON: Final = 3
"""So many blocks beyond what was told each node must finalize to be well."""
RECOVERY_SECONDS_MAX: Final = 90.0
"""How long the network may take to be well after a fault is over."""
VOTE_SECONDS_MAX: Final = 60.0
"""How long a node may take from its start to its first vote before the cycle has failed."""
FULL_SECONDS_MAX: Final = 90.0
"""How long a node may go on with a disk that fills up."""
DOWN_SECONDS: Final = (0.0, 3.0)
CUT_SECONDS: Final = (2.0, 8.0)
CALM_SECONDS: Final = (0.2, 1.5)
"""Between two faults."""
DISK_BYTES: Final = (40_000, 1_500_000)
"""How large a file may grow on a disk that is about to be full."""
POLL_SECONDS: Final = 0.1


class CycleFailed(LocalnetError):
    """The network did not come through a cycle."""


@dataclass(slots=True)
class Outcome:
    """What the torture found."""

    cycles: int = 0
    """Those that the network came through."""
    finalized_lost: int = 0
    """Heights at which something told to be final is missing or different on some node."""
    equivocations: int = 0
    """Contradictions that were seen or proven on chain."""
    restart_to_vote_s_max: float = 0.0
    """The longest time from a process's start to its first vote."""
    tps: float = 0.0
    """Transfers that became final in a second, the faults included."""
    failure: str | None = None
    """In which cycle the network failed, and why."""

    @property
    def figures(self) -> dict[str, Any]:
        """As they are reported."""
        return {
            "cycles": self.cycles,
            "finalized_lost": self.finalized_lost,
            "equivocations": self.equivocations,
            "restart_to_vote_s_max": round(self.restart_to_vote_s_max, 2),
            "tps": round(self.tps, 1),
        }


class Torture:
    """One network at the mercy of one seed."""

    def __init__(
        self,
        network: LocalNetwork,
        roads: Roads,
        load: Load,
        seed: int,
        tell: Callable[[str], None],
        *,
        faults: Sequence[Fault] | None = None,
    ) -> None:
        """The network is begun by `run`; `tell` takes a line of progress; `faults` are `FAULTS`
        unless told otherwise.
        """
        self._faults = FAULTS if faults is None else faults
        self.network = network
        self.roads = roads
        self.load = load
        self.seed = seed
        self.tell = tell
        self.outcome = Outcome()
        self._dice = Random(seed)
        self._nodes = network.plan.validators
        self._witness = Witness(self._nodes)
        self._suspicion = Suspicion(network.plan)
        self._examined = 0
        self._round: list[Fault] = []

    async def run(self, cycles: int) -> Outcome:
        """So many cycles, or until one fails."""
        began, number = trio.current_time(), 0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._witness.run)
            nursery.start_soon(self.load.run)
            try:
                await self.network.begin_all()
                for node in self._nodes:
                    await self._until_vote(self.network.processes[node.name])
                for number in range(1, cycles + 1):
                    await self._cycle(number, cycles)
                    self.outcome.cycles = number
                await self._finish(began)
            except* (LocalnetError, RemoteError) as errors:
                when = f"cycle {number} of seed {self.seed}" if number else "the start"
                self.outcome.failure = f"{when} failed: {_first(errors)}"
                self.outcome.finalized_lost = len(self._witness.broken)
            nursery.cancel_scope.cancel()
        return self.outcome

    @property
    def seen(self) -> int:
        """The highest block that any node told to be final so far."""
        return self._witness.height

    async def _cycle(self, number: int, cycles: int) -> None:
        await trio.sleep(self._dice.uniform(*CALM_SECONDS))
        if not self._round:
            self._round = list(self._faults)
            self._dice.shuffle(self._round)
        fault = self._round.pop()
        what = await fault(self)
        await self._examine(self._examined)
        self.tell(f"cycle {number} of {cycles}: {what}; well at #{self._witness.height}")

    # The faults: each ends with all nodes running and connected, and says what it did.

    async def kill_one(self) -> str:
        """Kill one and start it again."""
        (victim,) = self._victims(1)
        await self._kill(victim)
        away = await self._nap(DOWN_SECONDS)
        seconds = await self._begin([victim])
        return (
            f"{victim.name} was killed and away for {away:.1f} s, and voted {seconds:.1f} s after its start"
        )

    async def kill_one_after_the_other(self) -> str:
        """Kill two, the second one while the first is coming back."""
        first, second = self._victims(2)
        await self._kill(first)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._begin, [first])
            await self._nap(DOWN_SECONDS)
            await self._kill(second)
            seconds = await self._begin([second])
        return (
            f"{first.name} and then {second.name} were killed, and all voted {seconds:.1f} s after the "
            "second's start"
        )

    async def kill_all(self) -> str:
        """Kill all at once, and start them again."""
        async with trio.open_nursery() as nursery:
            for node in self._nodes:
                nursery.start_soon(self._kill, node)
        seconds = await self._begin(self._nodes)
        return f"all were killed, and all voted {seconds:.1f} s after their start"

    async def part(self) -> str:
        """Cut some off from the others."""
        side = self._victims(self._dice.randint(1, len(self._nodes) // 2))
        how = self._dice.choice(list(Cut))
        self.roads.part({node.name for node in side}, how)
        seconds = await self._nap(CUT_SECONDS)
        self.roads.mend()
        names = " and ".join(node.name for node in side)
        return f"{names} cut off by {how.value} roads for {seconds:.1f} s"

    async def fill_the_disk(self) -> str:
        """Let one node's disk be full, until it gives up; then make room."""
        (victim,) = self._victims(1)
        size = self._dice.randint(*DISK_BYTES)
        await self._kill(victim)
        log = victim.folder.with_name(f"{victim.name}-full.log")
        process = await self.network.begin(victim, file_bytes_max=size, log=log)
        with trio.move_on_after(FULL_SECONDS_MAX):
            await process.wait()
        said = process.last_words()
        if process.status is None:
            raise CycleFailed(f"{victim.name} goes on with a full disk")
        if process.status <= 0 or not said.startswith("ballast: "):
            raise CycleFailed(f"with a full disk, {process.ended()}")
        seconds = await self._begin([victim])
        return f"{victim.name} stopped at a full disk, and voted {seconds:.1f} s after its next start"

    def _victims(self, count: int) -> list[NodePlan]:
        return self._dice.sample(self._nodes, count)

    async def _nap(self, bounds: tuple[float, float]) -> float:
        seconds = self._dice.uniform(*bounds)
        await trio.sleep(seconds)
        return seconds

    async def _kill(self, node: NodePlan) -> None:
        await self.network.processes[node.name].kill()

    async def _begin(self, nodes: Sequence[NodePlan]) -> float:
        """Start nodes, and wait until each has voted; how many seconds that took from their start."""
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            for node in nodes:
                nursery.start_soon(self._come_back, await self.network.begin(node))
        return trio.current_time() - began

    async def _come_back(self, process: NodeProcess) -> None:
        await self._until_vote(process)
        seconds = trio.current_time() - process.began
        self.outcome.restart_to_vote_s_max = max(self.outcome.restart_to_vote_s_max, seconds)

    async def _until_vote(self, process: NodeProcess) -> None:
        ready = await process.ready(VOTE_SECONDS_MAX)
        with trio.move_on_after(process.began + VOTE_SECONDS_MAX - trio.current_time()):
            async with connect(ready.ws) as client:
                while not (await client.call("simplex_status"))["votes"]:  # noqa: ASYNC110 - another process
                    await trio.sleep(POLL_SECONDS)
            return
        raise CycleFailed(f"{process.name} did not vote within {VOTE_SECONDS_MAX:g} s of its start")

    # What must hold.

    async def _recover(self) -> int:
        """Wait until each node has something final that is newer than all that was told; its height."""
        goal = self._witness.height + BLOCKS_ON
        with trio.move_on_after(RECOVERY_SECONDS_MAX) as deadline:
            while min(self._witness.finals.values()) < goal:
                for process in self.network.processes.values():
                    if process.status is not None:
                        raise process.ended()
                await trio.sleep(POLL_SECONDS)
        if deadline.cancelled_caught:
            finals = ", ".join(f"{name} #{final}" for name, final in self._witness.finals.items())
            raise CycleFailed(f"not all had #{goal} final within {RECOVERY_SECONDS_MAX:g} s: {finals}")
        return goal

    async def _examine(self, since: int) -> None:
        """Hold every node to everything above a height, once all are well."""
        self._examined = await self._recover()
        await self._witness.examine(since, self._examined)
        self._judge(await self._suspicion.look(self._nodes[0].ws))

    def _judge(self, equivocations: int) -> None:
        self.outcome.finalized_lost = len(self._witness.broken)
        self.outcome.equivocations = equivocations
        if self._witness.broken:
            heights = ", ".join(f"#{number}" for number in sorted(self._witness.broken)[:4])
            raise CycleFailed(f"what was told to be final is not so on every node: {heights}")
        if equivocations:
            raise CycleFailed(f"{equivocations} contradictions of validators were seen: see the logs")

    async def _finish(self, began: float) -> None:
        """Count what went through; hold every node to everything, from the first block on."""
        seconds = trio.current_time() - began
        async with connect(self._nodes[0].ws) as client:
            final = await client.call("chain_getFinalizedHead")
            self.outcome.tps = await self.load.confirmed(client, final) / seconds
        await self._examine(0)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    """One of the exceptions that came together."""
    each = group.exceptions[0]
    return _first(each) if isinstance(each, BaseExceptionGroup) else each


Fault = Callable[[Torture], Awaitable[str]]

FAULTS: Final[tuple[Fault, ...]] = (
    Torture.kill_one,
    Torture.kill_one_after_the_other,
    Torture.kill_all,
    Torture.part,
    Torture.fill_the_disk,
)
