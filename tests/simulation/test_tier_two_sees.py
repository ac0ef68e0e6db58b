"""Tier two sees: a node with one rule of its shell broken is caught, by a checker's name, on its seed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
import trio

from node.consensus.evidence import Accuser
from node.consensus.history import SigningHistory
from node.consensus.journal import JournalFailed
from node.consensus.listening import Listener
from node.consensus.shell import Shell
from node.consensus.world import World
from node.mempool.relay import Relay
from node.simulation.nodes.run import simulate
from node.simulation.patches import Patch
from node.storage.memory import MemoryDatabase
from node.sync.service import Sync


class Mutant(NamedTuple):
    """One broken rule, and where it is known to die."""

    apply: Callable[[Patch], None]
    checker: str
    seed: int
    seconds: int


def database_unsynced(patch: Patch) -> None:
    """Blocks are told final before the disk has them."""

    def write(method: Any, self: MemoryDatabase, batch: Any, /, *, sync: bool) -> None:
        method(self, batch, sync=False)

    patch.around(MemoryDatabase, "write", write)


def journal_unsynced(patch: Patch) -> None:
    """Votes leave before the disk has them."""

    async def commit(method: Any, self: SigningHistory, records: Any) -> None:
        self.append(records)
        await trio.lowlevel.checkpoint()

    patch.around(SigningHistory, "commit", commit)


def journal_forgotten(patch: Patch) -> None:
    """A restart forgets what was signed, and listens to nobody."""

    def init(
        method: Any, self: SigningHistory, disk: Any, folder: Any, genesis: bytes, public: bytes
    ) -> None:
        method(self, disk, folder, genesis, public)
        self.records = []
        self.guard = type(self.guard)(genesis)

    async def listen(method: Any, self: Listener, guard: Any, *, is_whole: bool) -> None:
        pass

    patch.around(SigningHistory, "__init__", init)
    patch.around(Listener, "listen", listen)


def full_disk_ignored(patch: Patch) -> None:
    """A validator whose journal takes no more goes on."""

    async def commit(method: Any, self: SigningHistory, records: Any) -> None:
        with suppress(JournalFailed):
            await method(self, records)

    patch.around(SigningHistory, "commit", commit)


def committed_before_executed(patch: Patch) -> None:
    """A restarted validator commits what its journal knows to be final before it has executed it again."""

    async def executed(self: Shell, block: bytes) -> None:
        return

    patch.replace(Shell, "_executed", executed)


class Patience(int):
    """A number that is less than no other: the least of it and another one is the other one."""

    def __lt__(self, other: object) -> bool:
        return False


def hasty_clock_waited_for(patch: Patch) -> None:
    """A proposer waits until its parent's time has come, however far that is."""

    def init(method: Any, self: World, *given: Any, block_ms: int, **named: Any) -> None:
        method(self, *given, block_ms=Patience(block_ms), **named)

    patch.around(World, "__init__", init)


def nobody_follows(patch: Patch) -> None:
    """Who is no validator never asks for blocks."""

    async def run(self: Sync) -> None:
        await trio.sleep_forever()

    patch.replace(Sync, "run", run)


def transactions_not_told(patch: Patch) -> None:
    """What enters a pool stays there."""
    patch.silence(Relay, "_queue")


def evidence_kept(patch: Patch) -> None:
    """Who finds evidence keeps it to itself."""

    async def votes(self: Accuser, first: Any, second: Any) -> None:
        await trio.lowlevel.checkpoint()

    patch.replace(Accuser, "votes", votes)


MUTANTS = {
    "database unsynced": Mutant(database_unsynced, "FinalizedLost", 23, 40),
    "journal unsynced": Mutant(journal_unsynced, "HonestDoubleVote", 9, 30),
    "journal forgotten": Mutant(journal_forgotten, "HonestDoubleVote", 1, 40),
    "full disk ignored": Mutant(full_disk_ignored, "RefusedWriteIgnored", 4, 30),
    "committed before executed": Mutant(committed_before_executed, "AgreementBroken", 125, 40),
    "hasty clock waited for": Mutant(hasty_clock_waited_for, "NoProgress", 4, 60),
    "nobody follows": Mutant(nobody_follows, "NoProgress", 3, 20),
    "transactions not told": Mutant(transactions_not_told, "TransactionsLost", 4, 40),
    "evidence kept": Mutant(evidence_kept, "EquivocatorUnpunished", 32, 40),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_node_is_caught(name: str) -> None:
    mutant = MUTANTS[name]
    with Patch() as patch:
        mutant.apply(patch)
        outcome = simulate(mutant.seed, mutant.seconds)
    assert mutant.checker in {each.checker for each in (*outcome.safety, *outcome.liveness)}


@pytest.mark.parametrize(
    ("seed", "seconds"), sorted({(each.seed, each.seconds) for each in MUTANTS.values()})
)
def test_a_whole_one_lives_there(seed: int, seconds: int) -> None:
    """Else it would be no wonder."""
    outcome = simulate(seed, seconds)
    assert (outcome.safety, outcome.liveness) == ([], [])
