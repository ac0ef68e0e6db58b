"""Hosts: the model of a node's shell around the real machine: disk, executor, store, and a sense of time.

As in the node, records are synced before what depends on them is said, and until then inputs wait. Blocks are
executed one after the other. A crash takes everything but the journal's synced part and the chain's store.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Protocol, assert_never

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
from node.consensus.core import Core
from node.consensus.epochs import Epochs
from node.consensus.inputs import (
    Built,
    Checked,
    Expired,
    Head,
    Input,
    Joined,
    Opened,
    Signed,
    Timer,
    TimerName,
)
from node.consensus.intake import intake
from node.consensus.messages import (
    REPLY_BLOCKS_MAX,
    AnyMessage,
    AnyRecord,
    Bodies,
    Candidate,
    Need,
    Peer,
    Proved,
    Status,
    Voted,
    Want,
)
from node.consensus.timing import Timing
from node.simulation.blocks import NotABlock, Reader, is_valid, make_block
from node.simulation.journal import Journal
from node.simulation.loop import Loop
from node.simulation.network import Network
from node.simulation.plan import Plan, key_of, peer_of
from node.simulation.signatures import StubVerifier, sign
from node.simulation.trace import Trace
from runtime.simplex import Certificate, Statement, Vote

BATCH_MAX: Final = 64
"""Inputs that one sync covers at most."""
INBOX_MAX: Final = 4_096
"""Inputs that wait for a sync; more are dropped."""
SYNC_MS_MAX: Final = 4
CHECK_MS_MAX: Final = 20
VERIFY_MS_MAX: Final = 4
GENESIS: Final = bytes(32)


class Judge(Protocol):
    """Who watches a host."""

    def on_signed(self, host: Host, statement: Statement) -> None: ...
    def on_said(self, host: Host, message: AnyMessage) -> None: ...
    def on_committed(self, host: Host, certificate: Certificate, blocks: tuple[Candidate, ...]) -> None: ...
    def on_checked(self, host: Host, candidate: Candidate) -> None: ...
    def on_reported(self, host: Host, first: Vote, second: Vote) -> None: ...
    def on_broken(self, host: Host, first: Certificate, second: Certificate) -> None: ...
    def on_fault(self, host: Host, peer: Peer, misdeed: Misdeed) -> None: ...
    def on_restarted(self, host: Host) -> None: ...


class SmallCore(Core):
    """The core, with a journal that is compacted often."""

    compact_records = 48


class World:
    """What all hosts of a run share."""

    def __init__(self, plan: Plan, show: Callable[[str], None] | None = None) -> None:
        self.plan = plan
        self.loop = Loop()
        self.dice = random.Random(f"run/{plan.seed}")
        self.network = Network(self.loop, self.dice, plan.conditions)
        self.reader = Reader()
        self.verifier = StubVerifier(plan.committee)
        self.timing = Timing()
        self.trace = Trace(show)
        self.hosts: list[Host] = []


class Store:
    """A host's chain of final blocks, durable."""

    def __init__(self) -> None:
        self.blocks: list[Candidate] = []
        """By height, from 1."""
        self.places: dict[bytes, int] = {}
        """Heights by hash."""
        self.justifications: dict[int, Certificate] = {}
        """By height: of the blocks that were made final by themselves."""

    @property
    def head(self) -> Head:
        return Head(self.blocks[-1].hash if self.blocks else GENESIS, len(self.blocks))

    def append(self, certificate: Certificate, blocks: tuple[Candidate, ...]) -> None:
        for each in blocks:
            self.blocks.append(each)
            self.places[each.hash] = len(self.blocks)
        self.justifications[len(self.blocks)] = certificate

    def answer(self, want: Want) -> tuple[bytes, ...]:
        """A final block and its ancestors."""
        height = self.places.get(want.block, 0)
        lowest = max(want.above, height - REPLY_BLOCKS_MAX, 0)
        return tuple(self.blocks[each - 1].body for each in range(height, lowest, -1))


class Host:
    """One validator's node, honest."""

    is_honest = True

    def __init__(self, world: World, judge: Judge, place: int) -> None:
        self.world = world
        self.judge = judge
        self.place = place
        self.peer = peer_of(place)
        self.key = key_of(place)
        self.loop = world.loop
        self.dice = world.dice
        self.journal = Journal()
        self.store = Store()
        self.machine = Epochs(world.timing, SmallCore)
        self.is_up = False
        self.stops_writing = False
        """Whether it stops while it next writes."""
        self.life = 0
        """Which life this is: what was begun in another one is void."""
        self._is_syncing = False
        self._inbox: deque[Input] = deque()
        self._timers: dict[TimerName, Timer] = {}
        self._executed: dict[bytes, int] = {}
        """Blocks of which the state is held, with their heights."""
        self._executor_free_ms = 0
        world.network.join(self)

    # Life.

    def boot(self) -> None:
        """Start, or start again."""
        self.is_up = True
        self.stops_writing = False
        self.life += 1
        self._is_syncing = False
        self._inbox.clear()
        self._timers.clear()
        self._executed.clear()
        self._executor_free_ms = self.loop.now_ms
        plan, store = self.world.plan, self.store
        head = store.head
        number = max(head.number - 1, 0) // plan.epoch_blocks
        parent_number = number * plan.epoch_blocks
        parent_hash = store.blocks[parent_number - 1].hash if parent_number else GENESIS
        epoch = plan.epoch(number, self.place, parent_hash, parent_number)
        self.machine = Epochs(self.world.timing, SmallCore)
        justification = store.justifications.get(head.number)
        actions = self.machine.start(epoch, self.journal.synced, head, justification)
        if self.life > 1:
            self.judge.on_restarted(self)
        self.do(actions)

    def crash(self) -> None:
        """Stop at once."""
        self.is_up = False
        self.stops_writing = False
        self.life += 1
        self.journal.crash(self.dice)

    # Inputs.

    def receive(self, sender: int, peer: Peer, message: AnyMessage) -> None:
        """A message has come."""
        if not self.is_up:
            return
        self.world.trace.note(self.loop.now_ms, sender, self.place, message)
        try:
            happening = intake(peer, message, self.world.reader.read)
        except NotABlock:
            self.judge.on_fault(self, peer, Misdeed.Malformed)
            return
        self.tell(happening)

    def tell(self, happening: Input) -> None:
        """Something happened."""
        if not self._is_syncing:
            self.do(self.machine.step(happening))
        elif len(self._inbox) < INBOX_MAX:
            self._inbox.append(happening)

    def later(self, delay_ms: int, happening: Input) -> None:
        """Something will happen, in this life."""
        self.loop.after(delay_ms, self._tell_in, self.life, happening)

    def _tell_in(self, life: int, happening: Input) -> None:
        if life == self.life:
            self.tell(happening)

    def _ring(self, life: int, timer: Timer) -> None:
        if life == self.life and self._timers.get(timer.name) is timer:
            self.tell(Expired(timer))

    # Actions.

    def do(self, actions: Sequence[Action]) -> None:
        """Sign, remember, and then do the rest in order."""
        if not actions:
            return
        records: list[AnyRecord] = []
        rest: list[Action] = []
        pending = deque(actions)
        while pending:
            action = pending.popleft()
            if isinstance(action, Record):
                records.append(action.record)
            elif isinstance(action, Sign):
                statement = action.statement
                place = self.machine.core.epoch.me
                assert place is not None
                self.judge.on_signed(self, statement)
                vote = Vote(statement, place, sign(self.key, statement))
                pending.extend(self.machine.step(Signed(vote)))
            else:
                rest.append(action)
        if records:
            self.remember(records, rest)
        else:
            self.perform_all(rest)

    def remember(self, records: list[AnyRecord], rest: list[Action]) -> None:
        """Write the records; once they are synced, do the rest."""
        self.journal.append(records)
        self._is_syncing = True
        if self.stops_writing:
            self.crash()
            return
        self.loop.after(self.dice.randrange(SYNC_MS_MAX), self._synced, self.life, rest)

    def _synced(self, life: int, rest: list[Action]) -> None:
        if life != self.life:
            return
        self.journal.sync()
        self._is_syncing = False
        self.perform_all(rest)
        self.drain()

    def drain(self) -> None:
        """Take what waited for the sync."""
        while self._inbox and not self._is_syncing:
            actions: list[Action] = []
            for _ in range(min(len(self._inbox), BATCH_MAX)):
                actions += self.machine.step(self._inbox.popleft())
            self.do(actions)

    def perform_all(self, actions: Sequence[Action]) -> None:
        """Do what neither signs nor remembers, in order; a life that ends in between does no more."""
        life = self.life
        for action in actions:
            if self.life != life:
                return
            self.perform(action)

    def perform(self, action: Action) -> None:
        """Do one thing."""
        match action:
            case Broadcast(message):
                self.say_to_all(message)
            case Send(peer, message):
                self.say(peer, message)
            case Serve(peer, message):
                self.serve(peer, message)
            case Arm(timer, delay_ms):
                self._timers[timer.name] = timer
                self.loop.after(delay_ms, self._ring, self.life, timer)
            case VerifyVotes():
                self.later(self.dice.randrange(VERIFY_MS_MAX), self.world.verifier.votes(action))
            case VerifyCertificate():
                self.later(self.dice.randrange(VERIFY_MS_MAX), self.world.verifier.certificate(action))
            case VerifyPair():
                self.later(self.dice.randrange(VERIFY_MS_MAX), self.world.verifier.pair(action))
            case Build():
                self.build(action)
            case Check(candidate):
                self.check(candidate)
            case Commit(certificate, blocks):
                self.commit(certificate, blocks)
            case Compact():
                self.journal.rewrite(self.machine.live_records())
            case Open(number, parent_hash, parent_number):
                epoch = self.world.plan.epoch(number, self.place, parent_hash, parent_number)
                self.later(0, Opened(epoch))
            case Report(first, second):
                self.judge.on_reported(self, first, second)
            case ReportCertificates(first, second):
                self.judge.on_broken(self, first, second)
            case Fault(peer, misdeed):
                self.judge.on_fault(self, peer, misdeed)
            case Record() | Sign():
                raise AssertionError("done before")
            case _:
                assert_never(action)

    # What is said.

    def say(self, peer: Peer, message: AnyMessage) -> None:
        """Send to one."""
        self.judge.on_said(self, message)
        self.world.network.send(self, peer, message)

    def say_to_all(self, message: AnyMessage) -> None:
        """Send to every member of the committee, and what is no vote to who watches as well."""
        self.judge.on_said(self, message)
        if isinstance(message, Voted):
            for member in self.machine.core.epoch.committee.validators:
                self.world.network.send(self, member.network, message)
        else:
            self.world.network.broadcast(self, message)

    def serve(self, peer: Peer, message: Want | Need | Status) -> None:
        """Answer from the store."""
        if isinstance(message, Want):
            bodies = self.store.answer(message)
            if bodies:
                self.say(peer, Bodies(bodies))
            return
        boundary = (message.epoch + 1) * self.world.plan.epoch_blocks
        certificate = self.store.justifications.get(boundary)
        if certificate is not None:
            self.say(peer, Proved(certificate))

    # Blocks.

    def build(self, asked: Build) -> None:
        """Build a block, not before its time."""
        place = self.machine.core.epoch.me
        assert place is not None
        salt = self.dice.getrandbits(32)
        block = make_block(asked.parent_hash, asked.parent_number + 1, asked.epoch, asked.view, place, salt)
        self._executed[block.hash] = block.number
        block_ms = self.world.plan.block_ms
        self.later(self.dice.randint(block_ms // 2, block_ms), Built(asked.epoch, asked.view, block))

    def check(self, candidate: Candidate) -> None:
        """Execute a block after those asked for before."""
        now = self.loop.now_ms
        self.judge.on_checked(self, candidate)
        self._executed[candidate.hash] = candidate.number
        self._executor_free_ms = max(now, self._executor_free_ms) + self.dice.randrange(CHECK_MS_MAX)
        self.later(self._executor_free_ms - now, Checked(candidate.hash, is_valid(candidate)))

    def has_state(self, block: bytes) -> bool:
        """Whether a block can be executed on this one."""
        return block in self._executed or block == self.store.head.hash

    def commit(self, certificate: Certificate, blocks: tuple[Candidate, ...]) -> None:
        """Blocks are final."""
        self.judge.on_committed(self, certificate, blocks)
        self.store.append(certificate, blocks)
        self.world.trace.note_block(self.loop.now_ms, self.place, blocks[-1])
        height = len(self.store.blocks)
        self._executed = {block: number for block, number in self._executed.items() if number > height}

    def meet(self, peer: Peer) -> None:
        """A peer is there again."""
        if self.is_up:
            self.tell(Joined(peer))
