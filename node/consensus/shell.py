"""The shell: it carries messages, rings timers, keeps the journal, signs what the guard permits. It decides
nothing.

What happened goes to the machine, a handful at a time; what the machine wants remembered is made durable by
one write; then, and not before, what it wants said is said. Peers' messages wait in the network's bounded
queues until they are taken; what the shell's own tasks bring (timers, blocks built and executed, signatures
verified) never waits behind them.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, Protocol, assert_never, cast

import trio

from node.consensus.actions import (
    Action,
    Arm,
    Broadcast,
    Build,
    Check,
    Commit,
    Compact,
    Fault,
    Misdeed,
    Open,
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
from node.consensus.blocks import NotABlock, read_candidate
from node.consensus.epochs import Epochs
from node.consensus.guard import DoubleSign
from node.consensus.history import RecordUnreadable, SigningHistory
from node.consensus.inputs import (
    Built,
    CertificateVerified,
    Checked,
    Epoch,
    Expired,
    Head,
    Input,
    Joined,
    Opened,
    PairVerified,
    Signed,
    Timer,
    TimerName,
    VotesVerified,
)
from node.consensus.intake import intake
from node.consensus.messages import (
    AnyMessage,
    AnyRecord,
    Bodies,
    Candidate,
    JournalRecord,
    Message,
    Need,
    Peer,
    Proposal,
    Proved,
    Status,
    Voted,
    Want,
)
from node.consensus.stats import AgreementStats
from node.consensus.verifier import Verifier
from runtime.scale import DecodeError, codec_of
from runtime.simplex import Authored, Certificate, Kind, Statement, Vote, signers_of

log = logging.getLogger(__name__)

STEPS_MAX: Final = 64
"""How many happenings one write of the journal covers at most."""
PEERS_WAITING_MAX: Final = 16
"""Messages taken from the network before their turn."""
CHECKS_MAX: Final = 256
"""Blocks that wait to be executed."""
VOTES: Final = "votes"
CERTIFICATES: Final = "certificates"
"""The topic of all that is small and no vote."""
PROPOSALS: Final = "proposals"
"""The topic of what carries blocks."""
FINAL: Final = "final"
"""The topic of finalizations, for those who only follow."""

_MESSAGE: Final = codec_of(Message)
_RECORD: Final = codec_of(JournalRecord)
_CERTIFICATE: Final = codec_of(Certificate)


class NotAMember(Exception):
    """The epoch that begins has this node not in its committee: there is nothing to take part in."""


class World(Protocol):
    """The chain, as the shell needs it; `node.consensus.world` says what each is."""

    @property
    def head(self) -> Head: ...
    def epoch_of(self, number: int) -> int: ...
    def epoch(self, number: int) -> Epoch: ...
    def justification(self) -> Certificate: ...
    async def build(self, authored: Authored, parent_hash: bytes) -> Candidate | None: ...
    async def check(self, candidate: Candidate) -> bool: ...
    async def commit(self, certificate: Certificate) -> None: ...
    def serve(self, message: Want | Need | Status) -> list[AnyMessage]: ...


class Signer(Protocol):
    """Signs for the validator."""

    def sign(self, statement: Statement) -> bytes: ...


class Network(Protocol):
    """The peers, as the shell needs them."""

    def peers(self) -> Collection[Peer]: ...
    async def broadcast(self, topic: str, data: bytes) -> None: ...
    async def tell(self, peer: Peer, topic: str, data: bytes) -> None: ...
    def report(self, peer: Peer, misdeed: Misdeed) -> None: ...


class Reporter(Protocol):
    """Brings evidence to the chain."""

    async def votes(self, first: Vote, second: Vote) -> None: ...
    async def certificates(self, first: Certificate, second: Certificate) -> None: ...


class Shell:
    """One validator at work."""

    def __init__(
        self,
        machine: Epochs,
        world: World,
        history: SigningHistory,
        signer: Signer,
        verifier: Verifier,
        network: Network,
        reporter: Reporter,
        *,
        stats: AgreementStats | None = None,
        observe: Callable[[str, float], None] = lambda phase, seconds: None,
    ) -> None:
        """`observe` is told how many seconds each run of a phase took."""
        self._machine = machine
        self._world = world
        self._history = history
        self._signer = signer
        self._verifier = verifier
        self._network = network
        self._reporter = reporter
        self._observe = observe
        self.stats = stats or AgreementStats()
        self._epoch: Epoch | None = None
        self._own: deque[Input] = deque()
        self._wake = trio.Event()
        self._to_machine, self._from_peers = trio.open_memory_channel[Input](PEERS_WAITING_MAX)
        self._to_check, self._checks = trio.open_memory_channel[Candidate](CHECKS_MAX)
        self._checking: dict[bytes, trio.Event] = {}
        """Blocks whose execution was asked for and is not over."""
        self._timers: dict[TimerName, trio.CancelScope] = {}
        self._building = trio.CancelScope()
        self._skipped = (0, 0)
        """The last epoch and view known to be skipped."""
        self._nursery: trio.Nursery | None = None

    @property
    def size(self) -> int:
        """How many things the machine remembers of the present epoch."""
        return self._machine.core.size

    # What comes in.

    async def received(self, peer: Peer, data: bytes) -> None:
        """A peer said something about the agreement; returns when there is room for more."""
        try:
            happening = intake(peer, cast("AnyMessage", _MESSAGE.decode(data)), read_candidate)
        except (DecodeError, NotABlock) as fault:
            log.warning("peer %s: %s", peer.hex()[:8], fault)
            self._network.report(peer, Misdeed.Malformed)
            return
        await self._to_machine.send(happening)
        self._wake.set()

    def joined(self, peer: Peer) -> None:
        """A peer can be reached from now on."""
        self._tell(Joined(peer))

    def _tell(self, happening: Input) -> None:
        """Something of the shell's own happened."""
        self._own.append(happening)
        self._wake.set()

    # The loop.

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Take part until cancelled.

        Raises NotAMember when an epoch begins that others decide. Raises JournalError, AuthorStopped,
        AgreementBroken or a StorageError: then the node must not go on.
        """
        records = self._remembered()
        async with trio.open_nursery() as self._nursery:
            self._nursery.start_soon(self._execute)
            await self._begin(records)
            task_status.started()
            while True:
                happenings = self._waiting()
                if not happenings:
                    self._wake = trio.Event() if self._wake.is_set() else self._wake
                    await self._wake.wait()
                    continue
                actions: list[Action] = []
                for happening in happenings:
                    actions += self._machine.step(happening)
                await self._do(actions)

    def _remembered(self) -> list[AnyRecord]:
        """What the journal holds. Raises RecordUnreadable."""
        try:
            return [cast("AnyRecord", _RECORD.decode(each)) for each in self._history.records]
        except DecodeError as error:
            raise RecordUnreadable(self._history.journal_path, str(error)) from None

    async def _begin(self, records: Sequence[AnyRecord]) -> None:
        """Begin in the epoch of the block to come, with what the journal and the store remember."""
        head = self._world.head
        epoch = self._enter(self._world.epoch_of(head.number + 1))
        is_opening = head.number == epoch.parent_number
        justification = None if is_opening else self._world.justification()
        await self._do(self._machine.start(epoch, records, None if is_opening else head, justification))

    def _waiting(self) -> list[Input]:
        """What happened and was not taken yet, the shell's own first."""
        found: list[Input] = []
        while self._own and len(found) < STEPS_MAX:
            found.append(self._own.popleft())
        while len(found) < STEPS_MAX:
            try:
                found.append(self._from_peers.receive_nowait())
            except trio.WouldBlock:
                break
        return found

    async def _do(self, actions: Sequence[Action]) -> None:
        """Sign, remember, and then do the rest in order."""
        rest: list[Action] = []
        records: list[AnyRecord] = []
        pending = deque(actions)
        while pending:
            match pending.popleft():
                case Record(record):
                    records.append(record)
                case Sign(statement):
                    vote = self._sign(statement)
                    if vote is not None:
                        pending.extend(self._machine.step(Signed(vote)))
                case action:
                    rest.append(action)
        if records:
            began = trio.current_time()
            await self._history.commit([_RECORD.encode(record) for record in records])
            self._observe("journal", trio.current_time() - began)
        for action in rest:
            await self._perform(action)

    def _sign(self, statement: Statement) -> Vote | None:
        epoch = self._epoch
        assert epoch is not None and epoch.me is not None, "only a member of the committee is asked to sign"
        try:
            self._history.permit(statement)
        except DoubleSign as refusal:
            log.error("not signed: %s", refusal)
            return None
        self.stats.votes += 1
        return Vote(statement, epoch.me, self._signer.sign(statement))

    async def _perform(self, action: Action) -> None:
        match action:
            case Send(peer, message):
                await self._send(peer, message)
            case Broadcast(message):
                await self._broadcast(message)
            case Serve(peer, message):
                for answer in self._world.serve(message):
                    await self._send(peer, answer)
            case Arm(timer, delay_ms):
                self._arm(timer, delay_ms)
            case Build():
                self._building.cancel()
                self._building = trio.CancelScope()
                self._start(self._build, self._building, action)
            case Check(candidate):
                self._checking.setdefault(candidate.hash, trio.Event())
                await self._to_check.send(candidate)
            case Commit(certificate, blocks):
                for each in blocks:
                    await self._executed(each.hash)
                await self._commit(certificate)
            case Compact():
                records = self._machine.live_records()
                await self._history.compact([_RECORD.encode(record) for record in records])
            case VerifyVotes(statement, votes):
                self._start(self._verify_votes, statement, votes)
            case VerifyPair(first, second):
                self._start(self._verify_pair, first, second)
            case VerifyCertificate(certificate):
                self._start(self._verify_certificate, certificate)
            case Report(first, second):
                self.stats.reports += 1
                self._start(self._reporter.votes, first, second)
            case ReportCertificates(first, second):
                self.stats.reports += 1
                self._start(self._reporter.certificates, first, second)
            case Fault(peer, misdeed):
                self._network.report(peer, misdeed)
            case Open(number):
                self._tell(Opened(self._enter(number)))
            case Record() | Sign():
                raise AssertionError("done before")
            case _:
                assert_never(action)

    def _start(self, job: Callable[..., Awaitable[None]], *given: object) -> None:
        assert self._nursery is not None
        self._nursery.start_soon(job, *given)

    # What the machine asks for.

    def _enter(self, number: int) -> Epoch:
        epoch = self._world.epoch(number)
        if epoch.me is None:
            raise NotAMember
        self._verifier.enroll(epoch.committee)
        self._epoch = epoch
        self.stats.epoch = number
        log.info(
            "epoch %d begins after block %d: validator %d of %d",
            number,
            epoch.parent_number,
            epoch.me,
            epoch.committee.size,
        )
        return epoch

    def _arm(self, timer: Timer, delay_ms: int) -> None:
        old = self._timers.get(timer.name)
        if old is not None:
            old.cancel()
        scope = self._timers[timer.name] = trio.CancelScope()
        self._start(self._ring, scope, timer, delay_ms / 1000)
        if timer.name == TimerName.Advance:
            self.stats.view = timer.view
            self.stats.views += 1

    async def _ring(self, scope: trio.CancelScope, timer: Timer, seconds: float) -> None:
        with scope:
            await trio.sleep(seconds)
            self._tell(Expired(timer))

    async def _build(self, scope: trio.CancelScope, wanted: Build) -> None:
        epoch = self._epoch
        assert epoch is not None and epoch.me is not None and epoch.number == wanted.epoch
        with scope:
            await self._executed(wanted.parent_hash)
            began = trio.current_time()
            authored = Authored(wanted.epoch, wanted.view, epoch.me)
            candidate = await self._world.build(authored, wanted.parent_hash)
            self._observe("build", trio.current_time() - began)
            self.stats.proposals += 1
            self._tell(Built(wanted.epoch, wanted.view, candidate))

    async def _execute(self) -> None:
        """Execute blocks, one after the other."""
        async for candidate in self._checks:
            began = trio.current_time()
            is_valid = await self._world.check(candidate)
            self._observe("execute", trio.current_time() - began)
            self._tell(Checked(candidate.hash, is_valid))
            checking = self._checking.pop(candidate.hash, None)
            if checking is not None:
                checking.set()

    async def _executed(self, block: bytes) -> None:
        """Return when a block was executed, if that was asked for: after a restart blocks are known to be
        valid before they are executed again.
        """
        checking = self._checking.get(block)
        if checking is not None:
            await checking.wait()

    async def _commit(self, certificate: Certificate) -> None:
        began = trio.current_time()
        await self._world.commit(certificate)
        self._observe("finalize", trio.current_time() - began)
        await self._network.broadcast(FINAL, _CERTIFICATE.encode(certificate))
        self.stats.finalizations += 1
        epoch = self._epoch
        if epoch is not None and epoch.number == certificate.statement.epoch:
            validators = epoch.committee.validators
            present = frozenset(signers_of(certificate.signers, len(validators)))
            for place, each in enumerate(validators):
                if place not in present:
                    name = "0x" + each.account.hex()
                    self.stats.missed[name] = self.stats.missed.get(name, 0) + 1

    async def _verify_votes(self, statement: Statement, votes: Sequence[Vote]) -> None:
        began = trio.current_time()
        verdict = await self._verifier.votes(statement, votes)
        self._observe("verify", trio.current_time() - began)
        self._tell(VotesVerified(statement, verdict.good, verdict.aggregate, verdict.bad))

    async def _verify_pair(self, first: Vote, second: Vote) -> None:
        holds = await self._verifier.vote(first), await self._verifier.vote(second)
        self._tell(PairVerified(first, second, *holds))

    async def _verify_certificate(self, certificate: Certificate) -> None:
        began = trio.current_time()
        holds = await self._verifier.certificate(certificate)
        self._observe("verify", trio.current_time() - began)
        if holds:
            self._count(certificate.statement)
        self._tell(CertificateVerified(certificate, holds))

    def _count(self, proven: Statement) -> None:
        """Count the views that a quorum skipped, each once."""
        place = proven.epoch, proven.view
        if proven.kind == Kind.Nullify and place > self._skipped:
            self._skipped = place
            self.stats.nullifications += 1

    # What is said.

    async def _send(self, peer: Peer, message: AnyMessage) -> None:
        await self._network.tell(peer, topic_of(message), _MESSAGE.encode(message))

    async def _broadcast(self, message: AnyMessage) -> None:
        """To the committee's members; others hear of what is final when it is."""
        data, topic, epoch = _MESSAGE.encode(message), topic_of(message), self._epoch
        assert epoch is not None
        if isinstance(message, Proved):
            self._count(message.certificate.statement)
        present = frozenset(self._network.peers())
        for each in epoch.committee.validators:
            if each.network in present:
                await self._network.tell(each.network, topic, data)


def topic_of(message: AnyMessage) -> str:
    """The topic by which a message travels."""
    match message:
        case Voted():
            return VOTES
        case Proposal() | Bodies():
            return PROPOSALS
        case _:
            return CERTIFICATES
