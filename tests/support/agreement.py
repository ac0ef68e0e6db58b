"""A bench for one core of four validators of one weight: the others' words are written by the test.

Signatures are the simulation's stubs. The bench answers what the core asks of its own node (signing,
verifying, executing), and keeps what it says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from node.consensus.actions import (
    Arm,
    Broadcast,
    Build,
    Check,
    Commit,
    CoreAction,
    Fault,
    Record,
    Report,
    ReportCertificates,
    Send,
    Serve,
    Sign,
    VerifyCertificate,
    VerifyPair,
    VerifyVotes,
)
from node.consensus.core import Core
from node.consensus.inputs import (
    Built,
    Checked,
    CoreInput,
    Expired,
    Head,
    Proposed,
    Received,
    Signed,
    Timer,
    TimerName,
)
from node.consensus.leader import leaders_of
from node.consensus.messages import AnyMessage, AnyRecord, Candidate, PlainMessage, Proved, Voted
from node.consensus.timing import Timing
from node.simulation.blocks import is_valid, make_block
from node.simulation.plan import Plan, key_of, peer_of
from node.simulation.scenarios import quiet_plan
from node.simulation.signatures import StubVerifier, aggregate, sign
from runtime.simplex import Certificate, Kind, Statement, Vote, bitmap_of

T = TypeVar("T")

SIZE = 4
ROOT = bytes(32)
TIMING = Timing()


def plan_of(epoch_blocks: int | None = None) -> Plan:
    plan = quiet_plan(SIZE, 1)
    if epoch_blocks is not None:
        plan.epoch_blocks = epoch_blocks
    return plan


def leader_of(view: int, epoch: int = 0) -> int:
    return leaders_of(plan_of().committee(epoch)).leader(view)


def block(view: int, parent: Candidate | None = None, salt: int = 0, *, valid: bool = True) -> Candidate:
    """The block that a view's leader builds on a parent; on the epoch's when None."""
    parent_hash, number = (ROOT, 0) if parent is None else (parent.hash, parent.number)
    return make_block(parent_hash, number + 1, 0, view, leader_of(view), salt, is_valid=valid)


def said(kind: Kind, view: int, about: Candidate | None = None, parent_view: int | None = None) -> Statement:
    """A statement of epoch 0; the parent's view is the one before, when not told."""
    if about is None:
        return Statement(kind, 0, view)
    return Statement(kind, 0, view, view - 1 if parent_view is None else parent_view, about.hash)


def vote(signer: int, statement: Statement) -> Vote:
    return Vote(statement, signer, sign(key_of(signer), statement))


def certificate(statement: Statement, signers: Sequence[int] = (0, 1, 2)) -> Certificate:
    return Certificate(
        statement, bitmap_of(signers, SIZE), aggregate((key_of(each) for each in signers), statement)
    )


class Bench:
    """One core, and what it did."""

    def __init__(
        self,
        me: int | None = 1,
        *,
        size: int = SIZE,
        epoch_blocks: int | None = None,
        executes: bool = True,
    ) -> None:
        self.plan = plan_of(epoch_blocks)
        self.plan.size = size
        self.executes = executes
        """Whether blocks are executed at once; otherwise they wait in `checks`."""
        self.verify = True
        """Whether the verifier answers at once; otherwise at `answer_all`."""
        self._asked: list[VerifyVotes | VerifyCertificate | VerifyPair] = []
        self.me = me
        self.verifier = StubVerifier(self.plan.committee)
        self.core = self._core()
        self.actions: list[CoreAction] = []
        """All that was asked for, in order."""
        self.signed: list[Statement] = []
        self.before: list[AnyRecord] = []
        """What was recorded in earlier lives."""

    def _core(self) -> Core:
        epoch = self.plan.epoch(0, 99 if self.me is None else self.me, ROOT, 0)
        return Core(epoch, TIMING)

    def start(
        self,
        records: Sequence[AnyRecord] = (),
        head: Head | None = None,
        justification: Certificate | None = None,
    ) -> Bench:
        self._do(self.core.start(records, head, justification))
        return self

    def restart(self, head: Head | None = None, justification: Certificate | None = None) -> Bench:
        """The same node in its next life, with all that it had recorded."""
        self.before += self.recorded
        self.core = self._core()
        self.forget()
        return self.start(self.before, head, justification)

    def forget(self) -> None:
        """Look only at what comes from now on."""
        self.actions.clear()
        self.signed.clear()

    def forget_sent(self) -> None:
        """Forget what was sent to single peers; timers stay known."""
        self.actions = [each for each in self.actions if not isinstance(each, Send)]

    # What happens.

    def step(self, happening: CoreInput) -> None:
        self._do(self.core.step(happening))

    def hear(self, sender: int, message: PlainMessage) -> None:
        self.step(Received(peer_of(sender), message))

    def votes(self, statement: Statement, *signers: int) -> None:
        for signer in signers:
            self.hear(signer, Voted(vote(signer, statement)))

    def proves(self, statement: Statement, sender: int = 0) -> None:
        self.hear(sender, Proved(certificate(statement)))

    def propose(self, candidate: Candidate, view: int | None = None, parent_view: int | None = None) -> None:
        """The leader of the view proposes."""
        view = candidate.view if view is None else view
        leader = leader_of(view)
        statement = said(Kind.Notarize, view, candidate, parent_view)
        self.step(Proposed(peer_of(leader), candidate, vote(leader, statement)))

    def ring(self, name: TimerName) -> None:
        """The timer of this name that was armed last."""
        latest = reversed(self.actions)
        self.step(
            Expired(next(each.timer for each in latest if isinstance(each, Arm) and each.timer.name == name))
        )

    def _do(self, actions: Sequence[CoreAction]) -> None:
        pending = list(actions)
        while pending:
            action = pending.pop(0)
            self.actions.append(action)
            match action:
                case Sign(statement):
                    assert self.me is not None
                    self.signed.append(statement)
                    pending += self.core.step(Signed(vote(self.me, statement)))
                case VerifyVotes() | VerifyCertificate() | VerifyPair():
                    self._asked.append(action)
                    if self.verify:
                        pending += self._answer()
                case Check(candidate) if self.executes:
                    pending += self.core.step(Checked(candidate.hash, is_valid(candidate)))
                case _:
                    pass

    def _answer(self) -> list[CoreAction]:
        """The verifier's answer to what it was asked first."""
        match self._asked.pop(0):
            case VerifyVotes() as asked:
                return self.core.step(self.verifier.votes(asked))
            case VerifyCertificate() as asked:
                return self.core.step(self.verifier.certificate(asked))
            case VerifyPair() as asked:
                return self.core.step(self.verifier.pair(asked))

    def answer_all(self) -> None:
        """The verifier answers everything, and at once from now on."""
        self.verify = True
        while self._asked:
            self._do(self._answer())

    def leader_is_late(self) -> None:
        """The leader's time is over."""
        self.step(Expired(Timer(TimerName.Lead, 0, self.core.view)))

    def build(self, candidate: Candidate | None) -> None:
        """Answer the last `Build`."""
        self.step(Built(0, self.of(Build)[-1].view, candidate))

    # What was asked for.

    def of(self, kind: type[T]) -> list[T]:
        return [each for each in self.actions if isinstance(each, kind)]

    @property
    def recorded(self) -> list[AnyRecord]:
        return [each.record for each in self.of(Record)]

    @property
    def broadcast(self) -> list[AnyMessage]:
        return [each.message for each in self.of(Broadcast)]

    @property
    def sent(self) -> list[tuple[bytes, AnyMessage]]:
        return [(each.peer, each.message) for each in self.of(Send)]

    @property
    def faults(self) -> list[tuple[int, str]]:
        return [(int.from_bytes(each.peer[4:], "big"), each.misdeed.name) for each in self.of(Fault)]

    @property
    def committed(self) -> list[Candidate]:
        return [each for commit in self.of(Commit) for each in commit.blocks]

    @property
    def checks(self) -> list[Candidate]:
        return [each.candidate for each in self.of(Check)]

    @property
    def served(self) -> list[AnyMessage]:
        return [each.message for each in self.of(Serve)]

    @property
    def reported(self) -> list[tuple[Statement, Statement]]:
        votes = [(each.first.statement, each.second.statement) for each in self.of(Report)]
        return votes + [(each.first.statement, each.second.statement) for each in self.of(ReportCertificates)]
