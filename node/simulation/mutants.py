"""Mutants: the machine with one rule broken each. A simulation that lets one live would not see such a bug.

A mutant counts as caught by a checker's name alone, never by an exception. `mutants.json` keeps, for each,
the seed and the seconds in which it dies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from node.consensus.actions import Broadcast, Check, Compact, Send
from node.consensus.ancestry import Ancestry
from node.consensus.ballots import Ballots
from node.consensus.core import Core
from node.consensus.epochs import Epochs
from node.consensus.fetch import Fetcher
from node.consensus.inputs import Opened, TimerName
from node.consensus.messages import AnyRecord, Cast, Held, Proved, Proven
from node.consensus.outbox import Outbox
from node.consensus.polls import Polls
from node.consensus.proofs import Proofs
from node.consensus.suspicions import Suspicions
from node.consensus.timing import Timing
from node.consensus.tree import Tree
from node.consensus.votes import VoteBook
from node.simulation.host import Host
from node.simulation.patches import Patch
from runtime.simplex import Certificate, Committee, Kind, Statement, Vote, bitmap_of

Apply = Callable[[Patch], None]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One broken rule."""

    name: str
    sentence: str
    apply: Apply


MUTANTS: Final[dict[str, Mutant]] = {}


def mutant(sentence: str) -> Callable[[Apply], Apply]:
    """Enter a mutant under its function's name."""

    def enter(apply: Apply) -> Apply:
        name = apply.__name__.replace("_", " ")
        MUTANTS[name] = Mutant(name, sentence, apply)
        return apply

    return enter


# The journal.


@mutant("What depends on a record is said before the record is synced.")
def send_before_sync(patch: Patch) -> None:
    def remember(method: Any, self: Host, records: list[AnyRecord], rest: list[Any]) -> None:
        self.perform_all(rest)
        method(self, records, [])

    patch.around(Host, "remember", remember)


@mutant("A restart forgets the votes.")
def votes_forgotten(patch: Patch) -> None:
    patch.silence(Ballots, "restore")


@mutant("Certificates are not journaled.")
def certificates_not_journaled(patch: Patch) -> None:
    _forget_records(patch, Proven)


@mutant("Blocks are not journaled, and are gone when all their holders stop at once.")
def bodies_not_journaled(patch: Patch) -> None:
    _forget_records(patch, Held)


def _forget_records(patch: Patch, kind: type[Any]) -> None:
    def record(method: Any, self: Outbox, record: AnyRecord) -> None:
        if not isinstance(record, kind):
            method(self, record)

    patch.around(Outbox, "record", record)


@mutant("The compacted journal has no votes.")
def votes_compacted_away(patch: Patch) -> None:
    def live(method: Any, self: Core) -> tuple[AnyRecord, ...]:
        return tuple(each for each in method(self) if not isinstance(each, Cast))

    patch.around(Core, "live_records", live)


@mutant("The compacted journal has no finalization.")
def floor_compacted_away(patch: Patch) -> None:
    def live(method: Any, self: Core) -> tuple[AnyRecord, ...]:
        return tuple(each for each in method(self) if not isinstance(each, Proven))

    patch.around(Core, "live_records", live)


@mutant("The journal is never compacted.")
def never_compacted(patch: Patch) -> None:
    def put(method: Any, self: Outbox, action: Any) -> None:
        if not isinstance(action, Compact):
            method(self, action)

    patch.around(Outbox, "put", put)


@mutant("Blocks taken up after a restart are not executed again.")
def states_not_restored(patch: Patch) -> None:
    def restore(method: Any, self: Ancestry, *given: Any) -> None:
        put = self._out.put  # pyright: ignore[reportPrivateUsage]
        with Patch() as inner:
            inner.replace(Outbox, "put", lambda _, action: None if isinstance(action, Check) else put(action))
            method(self, *given)

    patch.around(Ancestry, "restore", restore)


@mutant("Records of other epochs are taken up as this one's.")
def epochs_mixed_at_restart(patch: Patch) -> None:
    def open_(method: Any, self: Epochs, epoch: Any, *given: Any) -> Any:
        number = epoch.number
        moved = tuple(_moved(each, number) for each in self._records)  # pyright: ignore[reportPrivateUsage]
        self._records = moved  # pyright: ignore[reportPrivateUsage]
        return method(self, epoch, *given)

    patch.around(Epochs, "_open", open_)


def _moved(record: AnyRecord, epoch: int) -> AnyRecord:
    if isinstance(record, Cast):
        return Cast(record.vote.replace(statement=record.vote.statement.replace(epoch=epoch)))
    return record


# Quorums and votes.


@mutant("More than half is a quorum.")
def quorum_of_half(patch: Patch) -> None:
    patch.replace(Committee, "quorum", property(lambda self: self.total // 2 + 1))


@mutant("Two thirds are a quorum, where it takes more.")
def quorum_of_two_thirds(patch: Patch) -> None:
    patch.replace(Committee, "quorum", property(lambda self: 2 * self.total // 3))


@mutant("A quorum of the weight of all is asked for, so that one villain stops everything.")
def quorum_of_all(patch: Patch) -> None:
    patch.replace(Committee, "quorum", property(lambda self: self.total))


@mutant("Heads are counted and not weights.")
def heads_counted(patch: Patch) -> None:
    def init(method: Any, self: Any, *given: Any) -> None:
        method(self, *given)
        self._weights = (1,) * len(self._weights)
        self._quorum = 2 * len(self._weights) // 3 + 1

    patch.around(Polls, "__init__", init)
    patch.around(VoteBook, "__init__", init)


@mutant("Votes count before they are verified.")
def unverified_votes_counted(patch: Patch) -> None:
    def verified(method: Any, self: Polls, answer: Any) -> Certificate | None:
        everybody = tuple(sorted((*answer.good, *answer.bad)))
        changed = type(answer)(answer.statement, everybody, answer.aggregate or bytes(96), ())
        found: Certificate | None = method(self, changed)
        return found

    patch.around(Polls, "votes_verified", verified)


@mutant("Whoever votes twice counts twice.")
def duplicates_counted(patch: Patch) -> None:
    def add(method: Any, self: VoteBook, vote: Vote) -> bool:
        is_new: bool = method(self, vote)
        view = self._views[vote.statement.view]  # pyright: ignore[reportPrivateUsage]
        if not is_new and vote.statement in view.weights:
            view.weights[vote.statement] += self._weights[vote.signer]  # pyright: ignore[reportPrivateUsage]
            if view.weights[vote.statement] >= self._quorum:  # pyright: ignore[reportPrivateUsage]
                self.due[vote.statement] = None
        return is_new

    def verified(method: Any, self: Polls, answer: Any) -> Certificate | None:
        found: Certificate | None = method(self, answer)
        if found is None and len(answer.good) > 1 and not self._proofs.has(answer.statement):  # pyright: ignore[reportPrivateUsage]
            size = len(self._weights)  # pyright: ignore[reportPrivateUsage]
            return Certificate(answer.statement, bitmap_of(answer.good, size), answer.aggregate)
        return found

    patch.around(VoteBook, "add", add)
    patch.around(Polls, "votes_verified", verified)


@mutant("Votes are heard from anybody, in anybody's name.")
def foreign_votes_heard(patch: Patch) -> None:
    def hear(method: Any, self: Polls, peer: bytes, vote: Vote, view: int) -> None:
        peers = self._peers  # pyright: ignore[reportPrivateUsage]
        method(self, peers[vote.signer] if vote.signer < len(peers) else peer, vote, view)

    patch.around(Polls, "hear", hear)


@mutant("Certificates are believed.")
def certificates_believed(patch: Patch) -> None:
    def verified(method: Any, self: Polls, certificate: Certificate, is_good: bool) -> Any:
        return method(self, certificate, True)

    patch.around(Polls, "certificate_verified", verified)


# What may be said beside what.


@mutant("Finalize is said after nullify.")
def finalize_after_nullify(patch: Patch) -> None:
    _may_also(patch, Kind.Finalize)


@mutant("Nullify is said after finalize.")
def nullify_after_finalize(patch: Patch) -> None:
    _may_also(patch, Kind.Nullify)


@mutant("Notarize is said after nullify.")
def notarize_after_nullify(patch: Patch) -> None:
    _may_also(patch, Kind.Notarize)


def _may_also(patch: Patch, kind: Kind) -> None:
    def may(method: Any, self: Ballots, asked: Kind, view: int) -> bool:
        is_allowed: bool = method(self, asked, view)
        return is_allowed or (asked == kind and not self.has(kind, view))

    patch.around(Ballots, "may", may)


@mutant("A second block is notarized in a view.")
def two_notarizations_a_view(patch: Patch) -> None:
    def may(method: Any, self: Ballots, asked: Kind, view: int) -> bool:
        is_allowed: bool = method(self, asked, view)
        return is_allowed or (asked == Kind.Notarize and not self.has(Kind.Nullify, view))

    def cast(method: Any, self: Ballots, statement: Statement) -> None:
        key = (statement.view, statement.kind)
        self._cast.pop(key, None)  # pyright: ignore[reportPrivateUsage]
        self._signed.pop(key, None)  # pyright: ignore[reportPrivateUsage]
        method(self, statement)

    def proposed(method: Any, self: Core, peer: bytes, candidate: Any, vote: Vote) -> None:
        found = self._proposals.get(vote.statement.view)  # pyright: ignore[reportPrivateUsage]
        if found is not None and found[1] != vote.statement:
            del self._proposals[vote.statement.view]  # pyright: ignore[reportPrivateUsage]
            method(self, peer, candidate, vote)
        elif found is None:
            method(self, peer, candidate, vote)

    def judge(method: Any, self: Core) -> None:
        offer = self._proposals.get(self.view)  # pyright: ignore[reportPrivateUsage]
        cast = self._ballots._cast.get((self.view, Kind.Notarize))  # pyright: ignore[reportPrivateUsage]
        if offer is None or cast != offer[1]:
            method(self)

    patch.around(Ballots, "may", may)
    patch.around(Ballots, "cast", cast)
    patch.around(Core, "_on_proposal", proposed)
    patch.around(Core, "_judge", judge)


# Proposals.


@mutant("A proposal may skip views that are not nullified.")
def no_gap_check(patch: Patch) -> None:
    patch.silence(Ancestry, "are_skipped", True)


@mutant("Any parent will do.")
def any_parent(patch: Patch) -> None:
    def is_child(method: Any, self: Ancestry, candidate: Any, parent: bytes, statement: Statement) -> bool:
        return bool(candidate.epoch == self._epoch.number)  # pyright: ignore[reportPrivateUsage]

    patch.around(Ancestry, "_is_child", is_child)


@mutant("A block's height is not looked at.")
def any_height(patch: Patch) -> None:
    def is_child(method: Any, self: Ancestry, candidate: Any, parent: bytes, statement: Statement) -> bool:
        number = self.tree.number_of(parent)
        return bool(method(self, candidate, parent, statement)) or (
            candidate.parent_hash == parent and candidate.view == statement.view and number is not None
        )

    patch.around(Ancestry, "_is_child", is_child)


@mutant("Blocks that do not execute are voted for.")
def invalid_blocks_accepted(patch: Patch) -> None:
    def judge(method: Any, self: Tree, block: bytes, is_valid: bool) -> None:
        method(self, block, True)

    patch.around(Tree, "judge", judge)


@mutant("Anybody may propose in anybody's turn.")
def any_leader(patch: Patch) -> None:
    def proposed(method: Any, self: Core, peer: bytes, candidate: Any, vote: Vote) -> None:
        view = vote.statement.view
        if self.view <= view <= self.view + 4 and not self.is_over and view not in self._proposals:  # pyright: ignore[reportPrivateUsage]
            self._proposals[view] = (candidate, vote.statement)  # pyright: ignore[reportPrivateUsage]
            self._ancestry.tree.add(candidate)  # pyright: ignore[reportPrivateUsage]
            self._is_dirty = True  # pyright: ignore[reportPrivateUsage]
        self._on_vote(peer, vote)  # pyright: ignore[reportPrivateUsage]

    def is_child(method: Any, self: Ancestry, candidate: Any, parent: bytes, statement: Statement) -> bool:
        with Patch() as inner:
            inner.replace(type(self._leaders), "leader", lambda _, view: candidate.proposer)  # pyright: ignore[reportPrivateUsage]
            return bool(method(self, candidate, parent, statement))

    patch.around(Core, "_on_proposal", proposed)
    patch.around(Ancestry, "_is_child", is_child)


@mutant("What is invalid is not nullified but waited for, and the view's end does not come either.")
def invalid_not_nullified(patch: Patch) -> None:
    def nullify(method: Any, self: Core, view: int) -> None:
        if view not in self._proposals:  # pyright: ignore[reportPrivateUsage]
            method(self, view)

    patch.around(Core, "_nullify", nullify)


# Moving on.


@mutant("A certified block does not let into the next view.")
def notarization_lets_nobody_in(patch: Patch) -> None:
    _bars(patch, Kind.Notarize)


@mutant("A nullification does not let into the next view.")
def nullification_lets_nobody_in(patch: Patch) -> None:
    _bars(patch, Kind.Nullify)


@mutant("A finalization does not let into the view after it.")
def finalization_lets_nobody_in(patch: Patch) -> None:
    _bars(patch, Kind.Finalize)


def _bars(patch: Patch, kind: Kind) -> None:
    def enter(method: Any, self: Core, view: int, entry: Certificate | None) -> None:
        if entry is None or entry.statement.kind != kind or self.view == 0:
            method(self, view, entry)

    patch.around(Core, "_enter", enter)


@mutant("An older finalization replaces a newer one.")
def floor_goes_back(patch: Patch) -> None:
    def has(method: Any, self: Proofs, statement: Statement) -> bool:
        if statement.kind == Kind.Finalize:
            return self.finalization is not None and self.finalization.statement == statement
        return bool(method(self, statement))

    patch.around(Proofs, "has", has)


@mutant("Nobody votes to finalize.")
def never_finalize(patch: Patch) -> None:
    patch.silence(Core, "_finalize")


@mutant("A block is voted final when it is notarized, certified or not, nullified or not.")
def finalize_uncertified(patch: Patch) -> None:
    def accept(method: Any, self: Core, certificate: Certificate, *, is_made: bool) -> None:
        method(self, certificate, is_made=is_made)
        statement = certificate.statement
        key = (statement.view, Kind.Finalize)
        if statement.kind == Kind.Notarize and statement.view > self.finalized_view:
            if key not in self._ballots._cast and self.epoch.me is not None and not self.is_over:  # pyright: ignore[reportPrivateUsage]
                self._ballots.cast(statement.replace(kind=Kind.Finalize))  # pyright: ignore[reportPrivateUsage]
                from node.consensus.actions import Sign

                self._out.put(Sign(statement.replace(kind=Kind.Finalize)))  # pyright: ignore[reportPrivateUsage]

    patch.around(Core, "_accept", accept)


# Timers and repetition.


@mutant("The timers of a view are not armed.")
def timers_not_armed(patch: Patch) -> None:
    _arms_not(patch, TimerName.Lead, TimerName.Advance)


@mutant("What was said once is not said again.")
def no_resend(patch: Patch) -> None:
    _arms_not(patch, TimerName.Retry, TimerName.Standstill)


@mutant("Within a view nothing is said again.")
def no_retry(patch: Patch) -> None:
    _arms_not(patch, TimerName.Retry)


@mutant("After a standstill nothing is said again.")
def no_standstill(patch: Patch) -> None:
    _arms_not(patch, TimerName.Standstill)


@mutant("What was said again once is not said a third time.")
def retry_not_rearmed(patch: Patch) -> None:
    def repeat(method: Any, self: Core) -> None:
        with Patch() as inner:
            inner.silence(Core, "_arm")
            method(self)

    patch.around(Core, "_repeat", repeat)
    patch.around(Core, "_repeat_all", repeat)


@mutant("A lost request is not sent again.")
def no_fetch_timer(patch: Patch) -> None:
    _arms_not(patch, TimerName.Fetch)


def _arms_not(patch: Patch, *names: TimerName) -> None:
    def arm(method: Any, self: Core, name: TimerName, delay_ms: int) -> None:
        if name not in names:
            method(self, name, delay_ms)

    patch.around(Core, "_arm", arm)


@mutant("The waits never grow.")
def delta_never_grows(patch: Patch) -> None:
    patch.replace(Timing, "delta", lambda self, views: self.delta_ms)


@mutant("The waits never shrink again.")
def delta_never_resets(patch: Patch) -> None:
    def lead(method: Any, self: Core, name: TimerName, delay_ms: int) -> None:
        if name == TimerName.Lead:
            delay_ms = self.timing.lead_ms(self.view)
        elif name == TimerName.Advance:
            delay_ms = self.timing.advance_ms(self.view)
        method(self, name, delay_ms)

    patch.around(Core, "_arm", lead)


@mutant("Certificates are made and not told, in a view or after it.")
def certificates_not_told(patch: Patch) -> None:
    def put(method: Any, self: Outbox, action: Any) -> None:
        if not (isinstance(action, Broadcast | Send) and isinstance(action.message, Proved)):
            method(self, action)

    patch.around(Outbox, "put", put)


# Fetching.


@mutant("Missing nullifications are not fetched.")
def nullifications_not_fetched(patch: Patch) -> None:
    def are_skipped(method: Any, self: Ancestry, parent_view: int, view: int) -> bool:
        with Patch() as inner:
            inner.silence(Fetcher, "view")
            return bool(method(self, parent_view, view))

    patch.around(Ancestry, "are_skipped", are_skipped)


@mutant("Certificates are never fetched.")
def certificates_not_fetched(patch: Patch) -> None:
    patch.silence(Fetcher, "view")


@mutant("Blocks are never fetched.")
def bodies_not_fetched(patch: Patch) -> None:
    patch.silence(Fetcher, "block")


@mutant("The same peer is asked again and again.")
def peers_not_rotated(patch: Patch) -> None:
    patch.replace(Fetcher, "_next", lambda self: self._peers[0])


@mutant("Who needs certificates is not answered.")
def needs_unanswered(patch: Patch) -> None:
    patch.silence(Core, "_on_need")


@mutant("Who wants blocks is not answered.")
def wants_unanswered(patch: Patch) -> None:
    patch.silence(Core, "_on_want")


@mutant("Blocks that are final already are not served.")
def store_not_served(patch: Patch) -> None:
    patch.silence(Host, "serve")


# Epochs.


@mutant("The epoch goes on past its last block.")
def boundary_not_respected(patch: Patch) -> None:
    def init(method: Any, self: Any, epoch: Any, *given: Any) -> None:
        later = type(epoch)(
            epoch.committee, epoch.me, epoch.parent_hash, epoch.parent_number, epoch.last_number + 1
        )
        method(self, later, *given)

    patch.around(Ancestry, "__init__", init)
    patch.around(Core, "__init__", init)


@mutant("The last block of an epoch is not proposed again.")
def boundary_not_proposed_again(patch: Patch) -> None:
    def is_child(method: Any, self: Ancestry, candidate: Any, parent: bytes, statement: Statement) -> bool:
        return candidate.hash != parent and bool(method(self, candidate, parent, statement))

    patch.around(Ancestry, "_is_child", is_child)


@mutant("The next epoch opens with the committee of the last one.")
def committee_switches_late(patch: Patch) -> None:
    def opened(method: Any, self: Epochs, epoch: Any) -> Any:
        old = self.core.epoch
        stale = Committee(epoch.number, old.committee.validators)
        return method(
            self, type(epoch)(stale, old.me, epoch.parent_hash, epoch.parent_number, epoch.last_number)
        )

    patch.around(Epochs, "_on_opened", opened)


@mutant("The next epoch opens only for who restarts.")
def next_epoch_not_opened(patch: Patch) -> None:
    def step(method: Any, self: Epochs, happening: Any) -> Any:
        return [] if isinstance(happening, Opened) else method(self, happening)

    patch.around(Epochs, "step", step)


@mutant("Who is left behind in an old epoch is not helped out of it.")
def old_epochs_unanswered(patch: Patch) -> None:
    patch.silence(Epochs, "_answer_old", [])


# Evidence and memory.


@mutant("Evidence is reported before it is verified.")
def evidence_unverified(patch: Patch) -> None:
    def verified(method: Any, self: Suspicions, first: Vote, second: Vote, *_: bool) -> bool:
        return bool(method(self, first, second, True, True))

    patch.around(Suspicions, "verified", verified)


@mutant("Nullify after notarize passes for a crime.")
def honest_accused(patch: Patch) -> None:
    def conflict(method: Any, self: VoteBook, vote: Vote) -> Vote | None:
        found: Vote | None = method(self, vote)
        other = {Kind.Nullify: Kind.Notarize, Kind.Notarize: Kind.Nullify}.get(vote.statement.kind)
        if found is None and other is not None:
            return self.vote(other, vote.statement.view, vote.signer)
        return found

    patch.around(VoteBook, "conflict", conflict)


@mutant("Nobody compares what the leader told him with what it told others.")
def equivocation_unseen(patch: Patch) -> None:
    patch.silence(Suspicions, "suspect")


@mutant("Nothing is ever forgotten.")
def nothing_forgotten(patch: Patch) -> None:
    patch.silence(Polls, "forget")
