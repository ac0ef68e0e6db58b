"""Simplex agreement as a pure machine: `step(input) -> actions`. No clock, no I/O, no randomness, no key.

    entering view v              arm the timers; the leader builds on the highest certified view
    a proposal                   vote notarize, once, where its parent is certified, every view skipped since
                                 is nullified, and the block is valid; nullify where it is not
    no proposal, or no end       vote nullify, unless finalize was voted
    a quorum of notarize         a notarization; once the block is held, executed, and its parent certified it
                                 is certified: enter v+1, vote finalize, unless nullify was voted
    a quorum of nullify          a nullification: enter v+1
    a quorum of finalize         the block and all its ancestors are final: enter v+1

One core is one epoch's. Its rooms: `polls` makes certificates of votes, `ancestry` knows which blocks may be
built upon, `ballots` what was said and may be said beside it, `fetch` what is missing. `docs/consensus.md`
tells the rules in full, with the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, assert_never

from node.consensus.actions import Arm, Broadcast, Build, Compact, CoreAction, Misdeed, Serve, Sign
from node.consensus.ancestry import Ancestry
from node.consensus.ballots import Ballots
from node.consensus.fetch import Fetcher
from node.consensus.inputs import (
    Built,
    CertificateVerified,
    Checked,
    CoreInput,
    Epoch,
    Expired,
    Fetched,
    Head,
    Joined,
    PairVerified,
    Proposed,
    Received,
    Signed,
    Timer,
    TimerName,
    VotesVerified,
)
from node.consensus.leader import leaders_of
from node.consensus.messages import (
    AnyMessage,
    AnyRecord,
    Bodies,
    Candidate,
    Cast,
    Certified,
    Held,
    Need,
    Peer,
    Proposal,
    Proved,
    Proven,
    Status,
    Voted,
    Want,
)
from node.consensus.outbox import Outbox
from node.consensus.polls import SKIPPED_VIEWS_MAX, Polls
from node.consensus.proofs import Proofs
from node.consensus.timing import Timing
from runtime.simplex import Certificate, Kind, Statement, Vote

PROPOSALS_AHEAD_MAX: Final = 4
"""Views ahead of which proposals are kept: who is further behind fetches the blocks."""
STANDSTILL_VIEWS_MAX: Final = 64
"""Views of which everything is said again after a standstill."""
HASTE_VIEWS_MAX: Final = 256
"""Views since the last final one after which no view is skipped before its time. The nullification of each is
kept until one is final: from then on a day brings 1,440 more, and not as many as messages can.
"""
COMPACT_RECORDS: Final = 256
"""Records after which the journal is replaced by what is still needed."""


class Core:
    """One validator's part, or one observer's, in the agreement of one epoch."""

    compact_records: ClassVar[int] = COMPACT_RECORDS

    def __init__(self, epoch: Epoch, timing: Timing) -> None:
        self.epoch = epoch
        self.timing = timing
        self.view = 0
        """The view that the core is in; 0 before `start`."""
        self.is_over = False
        """Whether the epoch's boundary is committed: the core votes no more."""
        peers = tuple(each.network for each in epoch.committee.validators)
        others = tuple(peer for place, peer in enumerate(peers) if place != epoch.me)
        self._peers = peers
        self._out = Outbox()
        self._leaders = leaders_of(epoch.committee)
        self._proofs = Proofs()
        self._fetch = Fetcher(epoch.number, others, epoch.me or 0)
        self._polls = Polls(epoch, self._leaders, self._proofs, self._out)
        self._ancestry = Ancestry(epoch, self._leaders, self._proofs, self._fetch, self._out)
        self._ballots = Ballots()
        self._entry: Certificate | None = None
        """What let us into the view."""
        self._proposals: dict[int, tuple[Candidate, Statement]] = {}
        """The first proposal of each view, from the present one on."""
        self._building: tuple[int, int] | None = None
        """The view for which a block was asked for, and its parent's."""
        self._is_fetching = False
        self._is_dirty = False
        """Whether something came from which something may follow."""

    @property
    def finalized_view(self) -> int:
        """The view of the last finalization seen."""
        return self._proofs.floor

    @property
    def finalization(self) -> Certificate | None:
        """The last finalization seen."""
        return self._proofs.finalization

    @property
    def head(self) -> Head:
        """The last block committed."""
        return self._ancestry.tree.head

    def candidate(self, block: bytes) -> Candidate | None:
        """A block that is held and not committed."""
        return self._ancestry.tree.get(block)

    @property
    def size(self) -> int:
        """How many views' votes, blocks, certificates and statements are held: what must stay bounded."""
        own = self._ballots.size + len(self._proposals)
        return self._polls.size + self._ancestry.tree.size + self._proofs.size + own

    # The two doors.

    def start(
        self,
        records: Sequence[AnyRecord] = (),
        head: Head | None = None,
        justification: Certificate | None = None,
    ) -> list[CoreAction]:
        """Begin, or begin again with what the journal remembers and the last block that the store holds.

        `records` are of this epoch. A head above the epoch's parent comes with the finalization that made it
        one: `justification`.
        """
        if head is not None:
            self._ancestry.tree.head = head
            self.is_over = head.number == self.epoch.last_number
        assert self.head.number == self.epoch.parent_number or justification is not None
        self._restore(records if justification is None else (*records, Proven(justification)))
        view, entry = self._highest()
        self._enter(view + 1, entry)
        self._arm(TimerName.Standstill, self.timing.standstill_ms)
        self._out.put(Broadcast(self._status()))
        self._is_dirty = True
        return self._finish()

    def step(self, happening: CoreInput) -> list[CoreAction]:
        """Everything that ever happens to a core, in one place."""
        match happening:
            case Received(peer, message):
                match message:
                    case Voted(vote):
                        self._on_vote(peer, vote)
                    case Proved(certificate):
                        self._polls.receive(peer, certificate)
                    case Need(_, views):
                        self._on_need(peer, views)
                    case Want():
                        self._on_want(peer, message)
                    case Status(_, view, finalization):
                        self._on_status(peer, view, finalization)
                    case _:
                        assert_never(message)
            case Proposed(peer, candidate, vote):
                self._on_proposal(peer, candidate, vote)
            case Fetched(_, candidates):
                self._is_dirty = self._ancestry.fetched(candidates) or self._is_dirty
            case Joined(peer):
                self._out.send(peer, self._status())
            case Built(_, view, built):
                self._on_built(view, built)
            case Checked(block, is_valid):
                self._ancestry.checked(block, is_valid)
                self._is_dirty = True
            case Signed(vote):
                self._on_signed(vote)
            case VotesVerified():
                self._on_votes_verified(happening)
            case PairVerified():
                self._polls.pair_verified(happening, self.view)
            case CertificateVerified(certificate, is_good):
                if self._polls.certificate_verified(certificate, is_good):
                    self._accept(certificate, is_made=False)
            case Expired(timer):
                self._on_expired(timer)
            case _:
                assert_never(happening)
        return self._finish()

    def _finish(self) -> list[CoreAction]:
        """Draw every conclusion that what is known allows, and ask for what is missing."""
        if self._is_dirty:
            self._settle()
        if self._polls.due:
            self._polls.verify()
        if self._out.records >= self.compact_records:
            self._out.records = 0
            self._out.put(Compact())
        return self._out.drain()

    def _settle(self) -> None:
        while self._is_dirty:
            self._is_dirty = False
            for view in sorted(self._ancestry.uncertified):
                self._certify(view)
            self._commit()
            if not self.is_over and self.epoch.me is not None:
                self._propose()
                self._judge()
        for request in self._fetch.requests():
            self._out.put(request)
        if self._fetch.in_flight and not self._is_fetching:
            self._is_fetching = True
            self._arm(TimerName.Fetch, self.timing.fetch_ms)

    # Votes and certificates: rules 4 to 6.

    def _on_vote(self, peer: Peer, vote: Vote) -> None:
        if not self.is_over:
            self._polls.hear(peer, vote, self.view)

    def _on_votes_verified(self, answer: VotesVerified) -> None:
        certificate = self._polls.votes_verified(answer)
        statement = answer.statement
        if certificate is not None:
            self._accept(certificate, is_made=True)
        elif statement.kind == Kind.Nullify and statement.view == self.view:
            if self._leaders.leader(self.view) in answer.good:
                self._nullify_early(self.view)

    def _accept(self, certificate: Certificate, *, is_made: bool) -> None:
        """A certificate holds: remember it, tell it when it is of our making, and do what it says."""
        if not self._polls.admit(certificate):
            return
        statement = certificate.statement
        self._fetch.got_view(statement.view)
        self._out.record(Proven(certificate))
        if is_made:
            self._out.put(Broadcast(Proved(certificate)))
        self._is_dirty = True
        match statement.kind:
            case Kind.Notarize:
                self._ancestry.uncertified[statement.view] = None
            case Kind.Nullify:
                self._enter(statement.view + 1, certificate)
            case Kind.Finalize:
                self._raise_floor(statement.view)
                self._enter(statement.view + 1, certificate)

    def _raise_floor(self, view: int) -> None:
        """A higher view is final: what lies below it matters no more."""
        self._ancestry.raise_floor()
        self._ballots.raise_floor(view)
        self._polls.forget()
        self._arm(TimerName.Standstill, self.timing.standstill_ms)

    def _certify(self, view: int) -> None:
        """The block notarized in a view may be built upon, or never may be, or that is not known yet."""
        if view not in self._ancestry.uncertified:
            return
        verdict = self._ancestry.certify(view)
        if verdict is False:
            self._nullify_early(view)
        elif verdict:
            notarization = self._proofs.notarizations[view]
            self._is_dirty = True
            self._finalize(notarization.statement)
            self._enter(view + 1, notarization)

    def _commit(self) -> None:
        if self._ancestry.commit():
            self._is_dirty = True
            self.is_over = self.head.number == self.epoch.last_number

    # A view: rules 1 to 3.

    def _enter(self, view: int, entry: Certificate | None) -> None:
        if view <= self.view or self.is_over:
            return
        self.view = view
        self._entry = entry
        self._building = None
        self._proposals = {each: offer for each, offer in self._proposals.items() if each >= view}
        self._is_dirty = True
        behind = view - 1 - self._proofs.floor
        if behind > SKIPPED_VIEWS_MAX:
            self._forget_skipped()
        self._arm(TimerName.Lead, self.timing.lead_ms(behind))
        self._arm(TimerName.Advance, self.timing.advance_ms(behind))
        self._arm(TimerName.Retry, self.timing.retry_ms)
        if self._polls.is_leader_silent(view):
            self._nullify_early(view)
        self._polls.heed_leader(view)

    def _forget_skipped(self) -> None:
        """Drop what belongs to views that were skipped long ago and can only be crossed. Their nullifications
        stay, since whoever builds across them shows each.
        """
        before = self.view - SKIPPED_VIEWS_MAX
        self._polls.forget_skipped(before)
        self._ancestry.forget_skipped(before)
        self._ballots.forget(lambda view: view < before and self._proofs.is_skipped(view))

    def _propose(self) -> None:
        """As the view's leader, have a block built on the highest certified view."""
        view = self.view
        if self._leaders.leader(view) != self.epoch.me or self._building is not None:
            return
        if not self._ballots.may(Kind.Notarize, view):
            return
        found = self._ancestry.parent_for(view)
        if found is None:
            return
        parent_view, parent, number = found
        boundary = self._ancestry.tree.get(parent)
        self._building = (view, parent_view)
        if number < self.epoch.last_number:
            self._out.put(Build(self.epoch.number, view, parent, number))
        elif boundary is not None:
            self._offer(boundary)

    def _on_built(self, view: int, candidate: Candidate | None) -> None:
        if self._building is None or self._building[0] != view:
            return
        if candidate is None:
            self._nullify_early(view)
        else:
            self._ancestry.add_own(candidate)
            self._offer(candidate)

    def _offer(self, candidate: Candidate) -> None:
        """Vote for a block of our own; once signed, the vote goes out with the block."""
        assert self._building is not None
        view, parent_view = self._building
        statement = Statement(Kind.Notarize, self.epoch.number, view, parent_view, candidate.hash)
        self._proposals[view] = (candidate, statement)
        self._say(statement)

    def _on_proposal(self, peer: Peer, candidate: Candidate, vote: Vote) -> None:
        statement = vote.statement
        view = statement.view
        if self.is_over or not self.view <= view <= self.view + PROPOSALS_AHEAD_MAX:
            return
        leader = self._leaders.leader(view)
        if vote.signer != leader or self._peers[leader] != peer:
            self._out.fault(peer, Misdeed.NotTheLeader)
            return
        if statement.kind != Kind.Notarize or not statement.is_canonical or statement.block != candidate.hash:
            self._out.fault(peer, Misdeed.Malformed)
            return
        if view not in self._proposals:
            self._proposals[view] = (candidate, statement)
            if candidate.view <= view:
                self._ancestry.tree.add(candidate)
                self._fetch.got_block(candidate.hash)
            self._is_dirty = True
        self._on_vote(peer, vote)

    def _judge(self) -> None:
        """Vote on the proposal of the view that we are in, if it can be judged."""
        view = self.view
        offer = self._proposals.get(view)
        if offer is None or not self._ballots.may(Kind.Notarize, view):
            return
        candidate, statement = offer
        verdict = self._ancestry.follows(candidate, statement)
        if verdict is False:
            self._nullify_early(view)
        elif self._ancestry.are_skipped(statement.parent_view, view) and verdict:
            self._say(statement)

    # What one says oneself.

    def _nullify(self, view: int) -> None:
        """Skip the view that we are in, unless its block was voted final."""
        if view == self.view:
            self._say(Statement(Kind.Nullify, self.epoch.number, view))

    def _nullify_early(self, view: int) -> None:
        """Skip it before its time, while views may follow each other that fast."""
        if view - self._proofs.floor <= HASTE_VIEWS_MAX:
            self._nullify(view)

    def _finalize(self, notarized: Statement) -> None:
        """Vote a certified block final, unless its view was voted skipped, or cannot be final."""
        view = notarized.view
        if view not in self._proofs.nullifications and not self._polls.is_two_faced(view):
            self._say(notarized.replace(kind=Kind.Finalize))

    def _say(self, statement: Statement) -> None:
        """Have a statement signed, if it may be said."""
        if self.epoch.me is None or self.is_over or not self._ballots.may(statement.kind, statement.view):
            return
        self._ballots.cast(statement)
        self._out.put(Sign(statement))

    def _on_signed(self, vote: Vote) -> None:
        if not self._ballots.sign(vote):
            return
        statement = vote.statement
        if statement.kind == Kind.Notarize:
            candidate = self._ancestry.tree.get(statement.block)
            if candidate is not None:
                self._ancestry.hold(candidate)
        self._out.record(Cast(vote))
        self._out.put(Broadcast(self._said(vote)))
        self._polls.enter_own(vote)

    def _said(self, vote: Vote) -> AnyMessage:
        """A vote of our own as it is sent: a leader's for its block goes with the block."""
        statement = vote.statement
        if statement.kind == Kind.Notarize and self._leaders.leader(statement.view) == vote.signer:
            candidate = self._ancestry.tree.get(statement.block)
            if candidate is not None:
                return Proposal(candidate.body, vote)
        return Voted(vote)

    # Timers: rules 5 and 7.

    def _on_expired(self, timer: Timer) -> None:
        match timer.name:
            case TimerName.Lead:
                if timer.view == self.view and self.view not in self._proposals:
                    self._nullify(self.view)
            case TimerName.Advance:
                if timer.view == self.view:
                    self._nullify(self.view)
            case TimerName.Retry:
                if timer.view == self.view and not self.is_over:
                    self._repeat()
            case TimerName.Standstill:
                if timer.view == self._proofs.floor and not self.is_over:
                    self._repeat_all()
            case TimerName.Fetch:
                self._is_fetching = False
                self._fetch.expire()
                self._is_dirty = True
            case TimerName.Ask:
                pass
            case _:
                assert_never(timer.name)

    def _repeat(self) -> None:
        """Say again what was said in this view, and what let us in."""
        if self._entry is not None:
            self._out.put(Broadcast(Proved(self._entry)))
        for vote in self._ballots.of_view(self.view):
            self._out.put(Broadcast(self._said(vote)))
        self._arm(TimerName.Retry, self.timing.retry_ms)

    def _repeat_all(self) -> None:
        """Say again everything since the last final view: of very many views the highest, but votes to
        finalize of whatever view, since one quorum of those ends the standstill.
        """
        self._out.put(Broadcast(self._status()))
        since = max(self._proofs.floor, self.view - STANDSTILL_VIEWS_MAX)
        for certificate in self._proofs.above(since):
            self._out.put(Broadcast(Proved(certificate)))
        votes = self._ballots.above(self._proofs.floor)
        finalize = [each for each in votes if each.statement.kind == Kind.Finalize]
        others = [each for each in votes if each.statement.kind != Kind.Finalize]
        for vote in finalize[-STANDSTILL_VIEWS_MAX:]:
            self._out.put(Broadcast(self._said(vote)))
        for vote in others:
            if vote.statement.view > since:
                self._out.put(Broadcast(self._said(vote)))
        self._arm(TimerName.Standstill, self.timing.standstill_ms)

    def _arm(self, name: TimerName, delay_ms: int) -> None:
        view = self._proofs.floor if name == TimerName.Standstill else self.view
        self._out.put(Arm(Timer(name, self.epoch.number, view), delay_ms))

    # Answers to others.

    def _on_need(self, peer: Peer, views: tuple[int, ...]) -> None:
        answer = {each: None for view in views for each in self._proofs.of_view(view)}
        for certificate in answer:
            self._out.send(peer, Proved(certificate))

    def _on_want(self, peer: Peer, want: Want) -> None:
        bodies = self._ancestry.tree.answer(want.block, want.above)
        if bodies:
            self._out.send(peer, Bodies(bodies))
        else:
            self._out.put(Serve(peer, want))

    def _on_status(self, peer: Peer, view: int, finalization: Certificate | None) -> None:
        floor = 0
        if finalization is not None:
            floor = finalization.statement.view
            self._polls.receive(peer, finalization)
        if self._proofs.finalization is not None and floor < self._proofs.floor:
            self._out.send(peer, Proved(self._proofs.finalization))
        if self._entry is not None and view < self.view:
            self._out.send(peer, Proved(self._entry))

    def _status(self) -> Status:
        return Status(self.epoch.number, self.view, self._proofs.finalization)

    # The journal.

    def live_records(self) -> tuple[AnyRecord, ...]:
        """What a restart still needs: the journal, rid of the rest."""
        floor = self._proofs.floor
        final = () if self._proofs.finalization is None else (self._proofs.finalization,)
        return (
            *(Proven(each) for each in (*final, *self._proofs.above(floor))),
            *self._ancestry.records(),
            *(Cast(each) for each in self._ballots.above(floor)),
        )

    def _restore(self, records: Sequence[AnyRecord]) -> None:
        """Take up what the journal remembers."""
        held: list[Candidate] = []
        certified: dict[int, bytes] = {}
        for record in records:
            match record:
                case Cast(vote):
                    self._ballots.restore(vote)
                    self._polls.enter_own(vote)
                case Proven(certificate):
                    if not self._proofs.has(certificate.statement):
                        self._proofs.add(certificate)
                case Held(candidate):
                    held.append(candidate)
                case Certified(_, view, block):
                    certified[view] = block
                case _:
                    assert_never(record)
        self._ballots.raise_floor(self._proofs.floor)
        self._polls.forget()
        self._ancestry.restore(held, certified)

    def _highest(self) -> tuple[int, Certificate | None]:
        """The highest view that is over, and what says so."""
        proofs = self._proofs
        certified = [view for view in self._ancestry.certified if view > proofs.floor]
        nullified = [view for view in proofs.nullifications if view > proofs.floor]
        view = max([proofs.floor, *certified, *nullified])
        if view == proofs.floor:
            return view, proofs.finalization
        return view, proofs.nullifications.get(view) or proofs.notarizations[view]
