"""Checkers: what must hold in every run of whole nodes, each by its name."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

import trio

from node.chain.chain import Chain
from node.chain.notices import Finalized
from node.consensus.ancestry import AgreementBroken
from node.consensus.journal import JournalError
from node.consensus.messages import Peer
from node.simulation.nodes.machine import Machine
from node.simulation.nodes.plan import Plan
from node.simulation.nodes.trace import Trace
from node.simulation.nodes.villains import Equivocator
from node.simulation.outcome import Outcome, Violation
from node.storage import StorageError
from node.sync.take import FinalityForked
from pallets.offences.types import Applied, Reported
from runtime.crypto.hashing import blake2b_256
from runtime.simplex import Kind, Statement, fault_of

VIOLATIONS_MAX: Final = 20
"""Violations that are kept of one run; the first says most."""
PROGRESS_SECONDS: Final = 60
"""In so much time every honest node must gain `PROGRESS_BLOCKS`, once all is mended."""
PROGRESS_BLOCKS: Final = 10
VERDICT_SECONDS: Final = 20
"""In so much time an equivocator is convicted on chain, once all is mended."""
CORE_SIZE_MAX: Final = 2_000
"""Views, blocks and certificates that one core may hold."""
WAITING_MAX: Final = 1_000
"""Messages that may wait in one node, and bytes that may wait for one peer are as many thousands."""
JOURNAL_BYTES_MAX: Final = 16 << 20


@dataclass(slots=True)
class Witness:
    """What one honest node has said and told, over all its lives."""

    said: dict[tuple[int, int], list[Statement]] = field(
        default_factory=dict[tuple[int, int], list[Statement]]
    )
    """Its statements, by epoch and view."""
    final: int = 0
    """The highest block that it has told to be final."""
    refusing_in: int | None = None
    """The life in which its disk was seen to refuse a write."""


class Checkers:
    """All checkers of one run."""

    def __init__(self, plan: Plan, outcome: Outcome, trace: Trace) -> None:
        self._plan = plan
        self._outcome = outcome
        self._trace = trace
        self._witnesses: dict[int, Witness] = {}
        self.machines: list[Machine] = []
        self.agreed: dict[int, bytes] = {}
        """The final blocks, by height."""
        self.included: dict[bytes, int] = {}
        """Extrinsics of final blocks, by their hashes, with their heights."""
        self.convicted: dict[bytes, int] = {}
        """Who was convicted on chain, and at which height."""
        self.slashed: dict[bytes, int] = {}
        """Who lost coins for it."""

    @property
    def height(self) -> int:
        """The highest final block anywhere."""
        return len(self.agreed)

    @property
    def honest(self) -> list[Machine]:
        """The machines whose nodes keep to the rules."""
        return [machine for machine in self.machines if machine.is_honest]

    # What machines tell.

    def on_started(self, place: int, chain: Chain) -> None:
        """What a node told final is there when it starts again."""
        number, told = chain.finalized.header.number, self._witness(place).final
        self._trace.tell(place, f"starts, block {number}")
        if not self.machines[place].is_honest:
            return
        if number < told:
            self._unsafe("FinalizedLost", f"{place} told block {told}, and restarts at {number}")
        elif chain.hash_at(told) != self.agreed.get(told, chain.genesis_hash):
            self._unsafe("FinalizedLost", f"{place} restarts with another block {told}")

    def on_wiped(self, place: int) -> None:
        """A node has lost its disk: what it told is not there, what it said binds it still."""
        self._witness(place).final = 0

    def on_ended(self, place: int, why: Exception | None) -> None:
        """A node stops by its own will only when its disk takes no more."""
        self._trace.tell(place, f"ends: {why!r}")
        if not self.machines[place].is_honest:
            return
        for error in causes_of(why):
            if isinstance(error, AgreementBroken | FinalityForked):
                self._unsafe("AgreementBroken", f"{place}: {error}")
            elif not isinstance(error, StorageError | JournalError):
                self._stuck("NodeFailed", f"{place}: {type(error).__name__}: {error}")
                self._trace.tell(place, "".join(traceback.format_exception(error)))

    def on_voted(self, place: int, statement: Statement) -> None:
        """No honest node's votes contradict each other, whatever happens to it in between."""
        said = self._witness(place).said.setdefault((statement.epoch, statement.view), [])
        for before in said:
            if before == statement:
                return
            if fault_of(before, statement) is not None:
                self._unsafe("HonestDoubleVote", f"{place} said {words(before)} and {words(statement)}")
        said.append(statement)

    def said_by(self, place: int) -> list[Statement]:
        """All that an honest node has said."""
        return [each for said in self._witness(place).said.values() for each in said]

    def on_blamed(self, place: int, peer: Peer, why: str) -> None:
        """No honest node is blamed by another."""
        for other in self.honest:
            if other.address.peer == peer:
                self._unsafe("HonestBlamed", f"{other.place} by {place}: {why}")

    def on_final(self, place: int, chain: Chain, notice: Finalized) -> None:
        """There is one final chain, and one state at each of its blocks."""
        if not self.machines[place].is_honest:
            return
        last = notice.header.number
        for number, block_hash in enumerate(notice.hashes, last - len(notice.hashes) + 1):
            self._trace.final(place, number, block_hash)
            is_new = number not in self.agreed
            agreed = self.agreed.setdefault(number, block_hash)
            if agreed != block_hash:
                facts = f"is {agreed.hex()[:8]}, and {block_hash.hex()[:8]} at {place}"
                self._unsafe("ConflictingFinalization", f"block {number} {facts}")
            if is_new:
                self._look_into(chain, number, block_hash)
        if chain.states.at(last).root != notice.header.state_root:
            self._unsafe("StateDiverged", f"block {last} at {place}")
        self._witness(place).final = last

    def _look_into(self, chain: Chain, number: int, block_hash: bytes) -> None:
        """A block that nobody had final before: what it holds, and whom it convicts."""
        stored, position = chain.block(block_hash), chain.at(block_hash)
        assert stored is not None
        for raw in stored.block.extrinsics:
            self.included.setdefault(blake2b_256(raw), number)
        runtime = chain.runtime
        runtime.over(position.state, number)
        system: Any = runtime.pallets["System"]
        for record in system.events:
            match record.event:
                case Reported(offender=offender):
                    self._on_convicted(offender, number)
                case Applied(offender=offender):
                    self.slashed[offender] = number
                case _:
                    pass

    def _on_convicted(self, offender: bytes, number: int) -> None:
        self.convicted[offender] = number
        self._trace.tell(None, f"convicted in block {number}: {offender.hex()[:8]}")
        for machine in self.machines:
            if machine.secrets.account.public == offender and not machine.contradicts_itself:
                self._unsafe("InnocentConvicted", f"{machine.place} in block {number}")

    # What is looked at now and then.

    def audit(self) -> None:
        """What grows has bounds, nobody honest is banned, and a node stops when its disk refuses a write."""
        peers = {machine.address.peer: machine.place for machine in self.honest}
        for machine in self.honest:
            life, witness = machine.life, self._witness(machine.place)
            if life is None:
                continue
            if machine.refused and witness.refusing_in == machine.lives:
                self._unsafe("RefusedWriteIgnored", f"{machine.place} goes on")
            witness.refusing_in = machine.lives if machine.refused else None
            stats = life.peering.network.stats()
            for ban in stats.bans:
                if ban.who in peers:
                    self._unsafe("HonestBanned", f"{peers[ban.who]} by {machine.place}: {ban.fault}")
            shell = life.peering.shell
            if shell is not None and shell.size > CORE_SIZE_MAX:
                self._stuck("MemoryUnbounded", f"{machine.place} holds {shell.size} things")
            if machine.disk.used_bytes > JOURNAL_BYTES_MAX:
                self._stuck("JournalUnbounded", f"{machine.place} keeps {machine.disk.used_bytes} bytes")
            waiting = max((each.waiting_bytes for each in stats.peers), default=0)
            if sum(stats.waiting.values()) > WAITING_MAX or waiting > 1_000 * WAITING_MAX:
                self._stuck("QueueUnbounded", f"{machine.place}: {dict(stats.waiting)}, {waiting} bytes")

    # Liveness, once all is mended.

    def lagging(self, height: int) -> list[Machine]:
        """Honest machines whose nodes are not as far as this."""
        return [
            machine
            for machine in self.honest
            if machine.life is None or machine.life.chain.finalized.header.number < height
        ]

    def check_progress(self, height: int) -> None:
        """The time is over in which all should have come so far."""
        for machine in self.lagging(height):
            life = machine.life
            where = "down" if life is None else f"at block {life.chain.finalized.header.number}"
            self._stuck("NoProgress", f"{machine.place} is {where}, not {height}")

    def check_verdicts(self) -> None:
        """Whoever equivocated for some time was convicted, and lost coins."""
        now = trio.current_time()
        for machine in self.machines:
            if not isinstance(machine, Equivocator) or machine.secrets.account.public in self.slashed:
                continue
            healed = [at for at in machine.deeds if self._plan.heal_ms / 1_000 < at < now - VERDICT_SECONDS]
            if healed:
                self._stuck("EquivocatorUnpunished", f"{machine.place} told both {len(healed)} times")

    def check_settled(self, waiting: int) -> None:
        """Every transaction that a node accepted is in a final block."""
        if waiting:
            self._stuck("TransactionsLost", f"{waiting} of them")

    def check_books(self, chain: Chain) -> None:
        """What the pallets keep adds up, summed anew over the last final state."""
        final = chain.finalized
        chain.runtime.over(final.state, final.header.number)
        for hook in chain.runtime.parts.hooks["try_state"]:
            try:
                hook.run()
            except AssertionError as error:
                self._unsafe("BooksWrong", f"{hook.pallet} in block {final.header.number}: {error}")

    # Small.

    def _witness(self, place: int) -> Witness:
        return self._witnesses.setdefault(place, Witness())

    def _unsafe(self, checker: str, facts: str) -> None:
        self._found(self._outcome.safety, checker, facts)

    def _stuck(self, checker: str, facts: str) -> None:
        self._found(self._outcome.liveness, checker, facts)

    def _found(self, violations: list[Violation], checker: str, facts: str) -> None:
        self._trace.tell(None, f"{checker}: {facts}")
        if len(violations) < VIOLATIONS_MAX:
            violations.append(Violation(checker, facts, int(trio.current_time() * 1_000)))


def words(statement: Statement) -> str:
    """A statement in a few words."""
    block = "" if statement.kind == Kind.Nullify else f" {statement.block.hex()[:8]}"
    return f"{statement.kind.name} {statement.epoch}/{statement.view}{block}"


def causes_of(error: Exception | None) -> Sequence[Exception]:
    """The errors within groups."""
    if isinstance(error, ExceptionGroup):
        causes = cast("Sequence[Exception]", error.exceptions)  # pyright: ignore[reportUnknownMemberType]
        return [cause for each in causes for cause in causes_of(each)]
    return () if error is None else (error,)
