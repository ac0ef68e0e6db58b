"""Checkers: what must hold in every run, each by its name. Safety at each step, liveness at the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from node.consensus.actions import Misdeed
from node.consensus.leader import leaders_of
from node.consensus.messages import AnyMessage, Candidate, Peer, Proposal, Proved, Voted
from node.simulation.blocks import is_valid
from node.simulation.host import Host, World
from node.simulation.outcome import Outcome, Violation
from node.simulation.plan import peer_of
from runtime.simplex import Certificate, Kind, Statement, Vote

VIOLATIONS_MAX: Final = 20
"""Violations that are kept of one run; the first says most."""
PROGRESS_MS: Final = 60_000
"""In so much time every honest host must gain blocks, once all is mended: the plan says how many."""
SILENCE_MS: Final = 20_000
"""How long a member may go without a vote, once all is mended and that has borne fruit."""
CORE_SIZE_MAX: Final = 2_000
"""Views, blocks and certificates that one core may hold: the windows of a run's standstills, with room."""
JOURNAL_SIZE_MAX: Final = 1_500
"""Records that a journal may have."""


@dataclass(slots=True)
class Witness:
    """What one honest validator has said, over all its lives."""

    said: dict[tuple[int, Kind, int], Statement] = field(
        default_factory=dict[tuple[int, Kind, int], Statement]
    )
    final: tuple[int, int] = (0, 0)
    """The highest epoch and view that it has told to be final."""
    floor: tuple[int, int] = (0, 0)
    """The highest that its machine has stood at in this life."""
    voted_ms: int = 0
    """When it last voted."""
    member_ms: int | None = None
    """Since when it has been a member of the committee; None while it is none."""


class Checkers:
    """All checkers of one run."""

    def __init__(self, world: World, outcome: Outcome) -> None:
        self._world = world
        self._outcome = outcome
        self._witnesses: dict[int, Witness] = {}
        self._agreed: dict[int, bytes] = {}
        """The final blocks, by height."""
        self._certificates: dict[tuple[int, Kind, int], Statement] = {}
        """What was proven, by whomever."""
        self._convicted: dict[Peer, None] = {}
        self._marks: dict[int, int] = {}
        """Heights that hosts must have reached at the next look."""

    @property
    def height(self) -> int:
        """The highest final block anywhere."""
        return len(self._agreed)

    # ----------------------------------------------------------------------------------------- safety

    def on_signed(self, host: Host, statement: Statement) -> None:
        """An honest host signs. A vote to notarize that was signed before one to nullify may be said behind
        it; one that is signed behind it may not.
        """
        nullified = (statement.epoch, Kind.Nullify, statement.view)
        if statement.kind == Kind.Notarize and nullified in self._witness(host).said:
            self._unsafe("HonestContradiction", f"{host.place} signs {_words(statement)} after nullifying it")

    def on_said(self, host: Host, message: AnyMessage) -> None:
        """An honest host says something."""
        match message:
            case Voted(vote) | Proposal(_, vote):
                self._vote(host, vote)
            case Proved(certificate):
                self._certificate(host, certificate)
            case _:
                pass

    def _vote(self, host: Host, vote: Vote) -> None:
        statement = vote.statement
        epoch, kind, view = statement.epoch, statement.kind, statement.view
        if self._world.plan.committee(epoch).validators[vote.signer].network != host.peer:
            return
        witness = self._witness(host)
        witness.voted_ms = self._world.loop.now_ms
        said = witness.said
        before = said.get((epoch, kind, view))
        if before == statement:
            return
        if before is not None:
            self._unsafe("HonestDoubleVote", f"{host.place} said {_words(before)} and {_words(statement)}")
        said[epoch, kind, view] = statement
        if kind == Kind.Finalize and (epoch, Kind.Nullify, view) in said:
            self._unsafe("HonestContradiction", f"{host.place} said {_words(statement)} after nullifying it")
        if kind == Kind.Nullify and (epoch, Kind.Finalize, view) in said:
            self._unsafe("HonestContradiction", f"{host.place} said {_words(statement)} after finalizing it")

    def _certificate(self, host: Host, certificate: Certificate) -> None:
        statement = certificate.statement
        key = (statement.epoch, statement.kind, statement.view)
        before = self._certificates.get(key)
        if before != statement:
            if not self._world.verifier.convinces(certificate):
                self._unsafe("CertificateWithoutQuorum", f"{host.place} holds {_words(statement)} proven")
                return
            if before is not None:
                self._unsafe("ConflictingCertificates", f"{_words(before)} and {_words(statement)}")
            self._certificates[key] = statement
            if statement.kind != Kind.Notarize:
                other = Kind.Finalize if statement.kind == Kind.Nullify else Kind.Nullify
                if (statement.epoch, other, statement.view) in self._certificates:
                    self._unsafe("FinalizedAndNullified", _words(statement))
        if statement.kind == Kind.Finalize:
            witness = self._witness(host)
            witness.final = max(witness.final, (statement.epoch, statement.view))

    def on_committed(self, host: Host, certificate: Certificate, blocks: tuple[Candidate, ...]) -> None:
        """An honest host hands blocks over as final."""
        self._certificate(host, certificate)
        head = host.store.head
        if not blocks or certificate.statement.block != blocks[-1].hash:
            self._unsafe("FinalizedAnother", f"{host.place}: the certificate is not of the last block")
        parent, number = head.hash, head.number
        for block in blocks:
            if block.parent_hash != parent or block.number != number + 1 or not is_valid(block):
                self._unsafe(
                    "FinalizedWithoutAncestors", f"{host.place}: block {block.number} on height {number}"
                )
            self._header(host, block)
            agreed = self._agreed.setdefault(block.number, block.hash)
            if agreed != block.hash:
                self._unsafe(
                    "ConflictingFinalization",
                    f"block {block.number} is {agreed.hex()[:8]}, and {block.hash.hex()[:8]} at {host.place}",
                )
            parent, number = block.hash, block.number

    def _header(self, host: Host, block: Candidate) -> None:
        """What is final was proposed by whose turn it was, in the epoch of its height."""
        plan = self._world.plan
        if block.epoch != (block.number - 1) // plan.epoch_blocks:
            self._unsafe("FinalizedOutOfEpoch", f"{host.place}: block {block.number} of epoch {block.epoch}")
        elif block.proposer != leaders_of(plan.committee(block.epoch)).leader(block.view):
            self._unsafe("FinalizedOutOfTurn", f"{host.place}: block {block.number} by {block.proposer}")

    def on_checked(self, host: Host, candidate: Candidate) -> None:
        """An honest host executes a block."""
        if not host.has_state(candidate.parent_hash):
            self._unsafe("ExecutedWithoutParent", f"{host.place}: block {candidate.number}")

    def on_reported(self, host: Host, first: Vote, second: Vote) -> None:
        """An honest host brings evidence."""
        committee = self._world.plan.committee(first.statement.epoch)
        convicted = committee.validators[first.signer].network
        pair = f"{_words(first.statement)} and {_words(second.statement)}"
        verifier = self._world.verifier
        if first.statement == second.statement or not (verifier.is_good(first) and verifier.is_good(second)):
            self._unsafe("FalseEvidence", f"{host.place}: {pair}")
        self._convicted[convicted] = None
        for other in self._world.hosts:
            if other.is_honest and other.peer == convicted:
                self._unsafe("HonestConvicted", f"{other.place} by {host.place}: {pair}")

    def on_broken(self, host: Host, first: Certificate, second: Certificate) -> None:
        """An honest host finds the agreement broken."""
        self._unsafe(
            "ConflictingCertificates",
            f"{host.place}: {_words(first.statement)} and {_words(second.statement)}",
        )

    def on_fault(self, host: Host, peer: Peer, misdeed: Misdeed) -> None:
        """An honest host blames a peer."""
        for other in self._world.hosts:
            if other.is_honest and other.peer == peer:
                self._unsafe("HonestBlamed", f"{other.place} by {host.place} for {misdeed.value}")

    def on_restarted(self, host: Host) -> None:
        """An honest host has taken up what it remembers."""
        core = host.machine.core
        floor = (core.epoch.number, core.finalized_view)
        witness = self._witness(host)
        if floor < witness.final and not core.is_over:
            self._unsafe("FinalizedLost", f"{host.place} told {witness.final} final and restarts at {floor}")
        witness.floor = floor

    def audit(self) -> None:
        """Look at what grows and what must not fall; called now and then."""
        for host in self._world.hosts:
            if not host.is_honest or not host.is_up:
                continue
            core = host.machine.core
            witness = self._witness(host)
            floor = (core.epoch.number, core.finalized_view)
            if floor < witness.floor:
                self._unsafe("FloorFell", f"{host.place} from {witness.floor} to {floor}")
            witness.floor = floor
            self._follow_membership(host, witness)
            if core.size > CORE_SIZE_MAX:
                self._stuck("MemoryUnbounded", f"{host.place} holds {core.size} things")
            if host.journal.size > JOURNAL_SIZE_MAX:
                self._stuck("JournalUnbounded", f"{host.place} keeps {host.journal.size} records")

    # --------------------------------------------------------------------------------------- liveness

    def mark(self) -> None:
        """From now on every honest host must gain blocks, counted from where the first is."""
        gain = self._world.plan.progress_blocks
        self._marks = {host.place: self.height + gain for host in self._world.hosts if host.is_honest}

    def check_progress(self) -> None:
        """Whether every honest host has, and takes part."""
        for host in self._world.hosts:
            if not host.is_honest:
                continue
            height = host.store.head.number
            if height < self._marks[host.place]:
                core = host.machine.core
                self._stuck(
                    "NoProgress",
                    f"{host.place} is at block {height}, not {self._marks[host.place]}, "
                    f"in {core.epoch.number}/{core.view}",
                )

    def check_reports(self) -> None:
        """Whether those who equivocate all the time were caught."""
        for place, villain in self._world.plan.villains.items():
            if villain == "equivocator" and peer_of(place) not in self._convicted:
                self._stuck("EquivocatorUnreported", f"{place} says two things and nobody has proven it")

    def found_livelock(self) -> None:
        """Time stands still."""
        self._stuck("Livelock", "so much happens in one second that it never ends")

    def _follow_membership(self, host: Host, witness: Witness) -> None:
        """A member votes, in each of the views that follow each other in seconds."""
        now = self._world.loop.now_ms
        if host.machine.core.epoch.me is None:
            witness.member_ms = None
        elif witness.member_ms is None:
            witness.member_ms = now
        silent_since = max(witness.voted_ms, witness.member_ms or 0, self._world.plan.heal_ms + PROGRESS_MS)
        if witness.member_ms is not None and now - silent_since > SILENCE_MS:
            self._stuck("StuckValidator", f"{host.place} has not voted since {witness.voted_ms} ms")

    # ------------------------------------------------------------------------------------------- small

    def _witness(self, host: Host) -> Witness:
        return self._witnesses.setdefault(host.place, Witness())

    def _unsafe(self, checker: str, facts: str) -> None:
        if len(self._outcome.safety) < VIOLATIONS_MAX:
            self._outcome.safety.append(Violation(checker, facts, self._world.loop.now_ms))

    def _stuck(self, checker: str, facts: str) -> None:
        if len(self._outcome.liveness) < VIOLATIONS_MAX:
            self._outcome.liveness.append(Violation(checker, facts, self._world.loop.now_ms))


def _words(statement: Statement) -> str:
    block = "" if statement.kind == Kind.Nullify else f" {statement.block.hex()[:8]}"
    return f"{statement.kind.name} {statement.epoch}/{statement.view}{block}"
