"""Scenarios: runs that are arranged, not drawn: for what chance would take too long to bring about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.consensus.actions import Build, Check, Send, Sign, VerifyCertificate, VerifyVotes
from node.consensus.core import Core
from node.consensus.inputs import (
    Built,
    CertificateVerified,
    Checked,
    CoreInput,
    Expired,
    Fetched,
    Proposed,
    Received,
    Signed,
    Timer,
    TimerName,
)
from node.consensus.leader import leaders_of
from node.consensus.messages import AnyMessage, AnyRecord, Cast, Need, Proposal, Proved, Voted
from node.consensus.polls import VIEWS_AHEAD_MAX, VIEWS_BEHIND_MAX
from node.consensus.timing import Timing
from node.simulation.agreement import Run
from node.simulation.blocks import make_block
from node.simulation.host import Host
from node.simulation.network import Station
from node.simulation.outcome import Outcome, Violation
from node.simulation.plan import ENDLESS, GOOD, Plan, key_of, peer_of
from node.simulation.signatures import StubVerifier, sign
from node.simulation.villains import Villain
from runtime.simplex import Certificate, Kind, Statement, Vote, bitmap_of
from runtime.simplex.statement import SIGNATURE_BYTES

SCENARIOS: Final[dict[str, Callable[[], list[Violation]]]] = {}


def scenario(arrange: Callable[[], list[Violation]]) -> Callable[[], list[Violation]]:
    """Enter a scenario under its function's name. It returns what was violated: nothing, if all is well."""
    SCENARIOS[arrange.__name__.replace("_", " ")] = arrange
    return arrange


def quiet_plan(size: int, seconds: int, villains: dict[int, str] | None = None) -> Plan:
    """A plan in which nothing breaks by itself; `size` validators of one weight."""
    return Plan(
        seed=0,
        seconds=seconds,
        size=size,
        villains=villains or {},
        epoch_blocks=ENDLESS,
        block_ms=200,
        conditions=GOOD,
        healed=GOOD,
        crashes=(),
        partitions=(),
        joins=True,
        equal=True,
    )


@scenario
def silence_after_the_timers() -> list[Violation]:
    """Everything is lost until well after all have nullified their view. What was said is said again before
    a standstill is noticed, so the chain goes on within a few seconds.
    """
    run = Run(quiet_plan(4, 20), Outcome(0, 20))
    run.begin()
    loop = run.world.loop
    loop.run(2_000)
    timing = run.world.timing
    run.world.network.passes = _nothing
    loop.run(2_000 + timing.advance_ms(0) + timing.delta_ms)
    run.world.network.passes = None
    height = run.checkers.height
    loop.run(loop.now_ms + timing.retry_ms + 2 * timing.delta_ms)
    if run.checkers.height <= height + 1:
        facts = f"block {run.checkers.height} is the last since {loop.now_ms} ms"
        return [*run.outcome.safety, Violation("NoProgress", facts, loop.now_ms)]
    return run.outcome.safety


def _nothing(source: Station, target: Station, message: AnyMessage) -> bool:
    return False


@scenario
def finalized_before_a_restart() -> list[Violation]:
    """A validator restarts with its vote to finalize a view and without the block: it is in that view again,
    and must not vote to skip it.
    """
    plan = quiet_plan(4, 1)
    epoch = plan.epoch(0, 0, bytes(32), 0)
    assert epoch.me is not None
    said = Statement(Kind.Finalize, 0, 1, 0, bytes([1]) * 32)
    core = Core(epoch, Timing())
    actions = core.start([Cast(Vote(said, epoch.me, sign(key_of(0), said)))])
    for name in (TimerName.Lead, TimerName.Advance):
        actions += core.step(Expired(Timer(name, 0, core.view)))
    nullify = Statement(Kind.Nullify, 0, 1)
    if any(getattr(action, "statement", None) == nullify for action in actions):
        return [Violation("HonestContradiction", "0 signs Nullify 0/1 after finalizing it", 0)]
    return []


@scenario
def restarted_from_a_compacted_journal() -> list[Violation]:
    """A leader proposes, sees a view final, compacts its journal, and restarts from what is left."""
    plan = quiet_plan(4, 1)
    place = leaders_of(plan.committee(0)).leader(2)
    epoch = plan.epoch(0, place, bytes(32), 0)
    final = Statement(Kind.Finalize, 0, 1, 0, bytes([1]) * 32)
    certificate = Certificate(final, bitmap_of(range(4), 4), bytes(SIGNATURE_BYTES))
    said: list[Statement] = []
    records: tuple[AnyRecord, ...] = ()
    for life in range(2):
        core = Core(epoch, Timing())
        pending = [*core.start(records)]
        if life == 0:
            pending += core.step(Received(peer_of(0), Proved(certificate)))
            pending += core.step(CertificateVerified(certificate, is_good=True))
        block = make_block(final.block, 2, 0, 2, place, life)
        first = make_block(bytes(32), 1, 0, 1, 0, life)
        pending += core.step(Fetched(peer_of(0), (first.replace(hash=final.block),)))
        while pending:
            match pending.pop(0):
                case Sign(statement):
                    said.append(statement)
                    pending += core.step(Signed(Vote(statement, place, sign(key_of(place), statement))))
                case Build(_, view):
                    pending += core.step(Built(0, view, block))
                case Check(candidate):
                    pending += core.step(Checked(candidate.hash, is_valid=True))
                case _:
                    pass
        if core.finalized_view < final.view:
            return [Violation("FinalizedLost", f"{place} restarts at view {core.finalized_view}", 0)]
        records = core.live_records()
    blocks = {each.block for each in said if each.kind == Kind.Notarize and each.view == 2}
    if len(blocks) > 1:
        return [Violation("HonestDoubleVote", f"{place} notarizes {len(blocks)} blocks in view 2", 0)]
    assert blocks, "the leader proposes"
    return []


@scenario
def a_thousand_views() -> list[Violation]:
    """Views are skipped, and now and then one is final: what lies far below is not kept."""
    plan = quiet_plan(4, 1)
    core = Core(plan.epoch(0, 0, bytes(32), 0), Timing())
    core.start()
    verifier = StubVerifier(plan.committee)
    for view in range(1, 1_001):
        said = Statement(Kind.Nullify, 0, view)
        if view % 10 == 0:
            said = Statement(Kind.Finalize, 0, view, view - 1, bytes([1]) * 32)
        for place in (1, 2, 3):
            vote = Vote(said, place, sign(key_of(place), said))
            pending = core.step(Received(peer_of(place), Voted(vote)))
            while pending:
                action = pending.pop(0)
                if isinstance(action, VerifyVotes):
                    pending += core.step(verifier.votes(action))
    if core.view != 1_001 or core.finalized_view != 1_000:
        return [Violation("NoProgress", f"0 is in view {core.view}", 0)]
    bound = 3 * (VIEWS_BEHIND_MAX + VIEWS_AHEAD_MAX)
    if core.size > bound:
        return [Violation("MemoryUnbounded", f"0 holds {core.size} things, not {bound}", 0)]
    return []


@scenario
def a_gap() -> list[Violation]:
    """A validator jumps over views of which it has no nullification; another has them. It asks, is answered,
    and votes for the proposal that skips them, with no help of repetition.
    """
    plan = quiet_plan(4, 1)
    leader = leaders_of(plan.committee(0)).leader(4)
    asking, knowing = (place for place in range(1, 4) if place != leader)
    cores = {place: Core(plan.epoch(0, place, bytes(32), 0), Timing()) for place in (asking, knowing)}
    for core in cores.values():
        core.start()
    block = make_block(bytes(32), 1, 0, 4, leader, 0)
    notarize = Statement(Kind.Notarize, 0, 4, 0, block.hash)
    vote = Vote(notarize, leader, sign(key_of(leader), notarize))
    pending: list[tuple[int, CoreInput]] = []
    for place, views in ((knowing, (1, 2, 3)), (asking, (3,))):
        pending += [(place, Received(peer_of(0), Proved(_nullification(view)))) for view in views]
    pending.append((asking, Proposed(peer_of(leader), block, vote)))
    while pending:
        place, happening = pending.pop(0)
        for action in cores[place].step(happening):
            match action:
                case VerifyCertificate(certificate):
                    pending.append((place, CertificateVerified(certificate, is_good=True)))
                case Send(_, message) if isinstance(message, Need | Proved):
                    other = knowing if place == asking else asking
                    pending.append((other, Received(peer_of(place), message)))
                case Check(candidate):
                    pending.append((place, Checked(candidate.hash, is_valid=True)))
                case Sign(statement) if statement == notarize:
                    return []
                case _:
                    pass
    return [Violation("NoProgress", f"{asking} does not vote for a block over views it knows nothing of", 0)]


def _nullification(view: int) -> Certificate:
    return Certificate(Statement(Kind.Nullify, 0, view), bitmap_of(range(4), 4), bytes(SIGNATURE_BYTES))


@scenario
def a_watcher_follows() -> list[Violation]:
    """A node that is in no committee hears no votes, and follows by certificates."""
    plan = quiet_plan(4, 20)
    plan.watchers = 1
    run = Run(plan, Outcome(0, 20))
    run.run()
    height = run.world.hosts[4].store.head.number
    if height < run.checkers.height - 2:
        facts = f"the watcher is at block {height}, not {run.checkers.height}"
        return [*run.outcome.safety, Violation("NoProgress", facts, run.world.loop.now_ms)]
    return [*run.outcome.safety, *run.outcome.liveness]


LAST_BUILT_MS: Final = 3_000


class Idler(Host):
    """After a while it cannot build blocks any more."""

    def build(self, asked: Build) -> None:
        if self.loop.now_ms > LAST_BUILT_MS:
            self.later(100, Built(asked.epoch, asked.view, None))
        else:
            super().build(asked)


@scenario
def the_last_votes_are_lost() -> list[Violation]:
    """Blocks are certified, the votes to finalize them are lost, and nobody can build another on them: view
    after view is skipped. Long after, when a standstill is noticed, the old votes make them final.
    """
    run = Run(quiet_plan(4, 24), Outcome(0, 24))
    for place in range(4):
        run.replace_host(place, Idler)

    def passes(source: Station, target: Station, message: AnyMessage) -> bool:
        is_finality = isinstance(message, Voted) and message.vote.statement.kind == Kind.Finalize
        return not is_finality or not LAST_BUILT_MS - 1_000 < run.world.loop.now_ms < 2 * LAST_BUILT_MS

    run.world.network.passes = passes
    run.begin()
    run.world.loop.run(2 * LAST_BUILT_MS)
    height = run.checkers.height
    while run.world.loop.now_ms < 24_000:
        run.world.loop.run(run.world.loop.now_ms + 1_000)
    if run.checkers.height == height:
        core = run.world.hosts[0].machine.core
        facts = f"block {height} stays the last, {core.view - core.finalized_view} views later"
        return [*run.outcome.safety, Violation("NoProgress", facts, run.world.loop.now_ms)]
    return run.outcome.safety


class Skipper(Villain):
    """Proposes in view 2 as if view 1 had never been."""

    def say_to_all(self, message: AnyMessage) -> None:
        if isinstance(message, Proposal) and message.vote.statement.view == 2:
            said = message.vote.statement
            block = make_block(bytes(32), 1, said.epoch, 2, message.vote.signer, 0)
            vote = self.vote(said.replace(parent_view=0, block=block.hash))
            assert vote is not None
            message = Proposal(block.body, vote)
        super().say_to_all(message)


@scenario
def a_final_view_skipped() -> list[Violation]:
    """One validator sees the block of view 1 final at once, the others late. The leader of view 2 builds
    beside it, and there is no nullification that would allow that.
    """
    plan = quiet_plan(4, 20)
    leaders = leaders_of(plan.committee(0))
    run = Run(plan, Outcome(0, 20))
    early = next(place for place in range(4) if place not in (leaders.leader(1), leaders.leader(2)))
    run.replace_host(leaders.leader(2), Skipper)

    def passes(source: Station, target: Station, message: AnyMessage) -> bool:
        match message:
            case Voted(Vote(said)) | Proved(Certificate(said)):
                is_late = said.view == 1 and said.kind == Kind.Finalize and target.place != early
                return not is_late or run.world.loop.now_ms > 8_000
            case _:
                return True

    run.world.network.passes = passes
    run.run()
    return [*run.outcome.safety, *run.outcome.liveness]
