"""Simplex agreement as a pure machine: `step(input) -> actions`. No clock, no I/O, no randomness, no key.

    entering view v              arm the timers; the leader builds on the highest certified view
    a proposal                   vote notarize, once, where its parent is certified, every view skipped since
                                 is nullified, and the block is valid; nullify where it is not
    no proposal, or no end       vote nullify, unless finalize was voted
    a quorum of notarize         a notarization; once the block is held, executed, and its parent certified it
                                 is certified: enter v+1, vote finalize, unless nullify was voted
    a quorum of nullify          a nullification: enter v+1
    a quorum of finalize         the block and all its ancestors are final: enter v+1

One core is one epoch's. It counts votes on their signers' word and asks for their verification where a quorum
may stand behind a statement; only what the verifier answers becomes a certificate. `docs/consensus.md` tells
the rules in full, with the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from node.consensus.actions import (
    Arm,
    Broadcast,
    Build,
    Check,
    Commit,
    Compact,
    CoreAction,
    Fault,
    Misdeed,
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
from node.consensus.leader import Leaders
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
from node.consensus.proofs import Proofs, Queue
from node.consensus.timing import Timing
from node.consensus.tree import Tree
from node.consensus.votes import VoteBook
from runtime.simplex import Certificate, Kind, Statement, Vote, bitmap_of

VIEWS_BEHIND_MAX: Final = 256
"""Views below the last final one of which votes are heard and certificates are kept."""
VIEWS_AHEAD_MAX: Final = 64
"""Views ahead of which votes are heard."""
PROPOSALS_AHEAD_MAX: Final = 4
"""Views ahead of which proposals are kept: who is further behind fetches the blocks."""
SILENT_VIEWS_MAX: Final = 8
"""Views in which a leader was not heard, while a quorum was, after which nobody waits for it."""
STANDSTILL_VIEWS_MAX: Final = 64
"""Views of which everything is said again after a standstill, the highest."""
VOTE_CHECKS_MAX: Final = 64
"""Statements whose votes are being verified at the same time."""
PAIRS_MAX: Final = 16
"""Pairs of conflicting votes that are being verified at the same time."""
COMPACT_RECORDS: Final = 1_024
"""Records after which the journal is replaced by what is still needed."""


class AgreementBroken(Exception):
    """A quorum made a block final that this machine finds invalid: it must not go on."""


class Core:
    """One validator's part, or one observer's, in the agreement of one epoch."""

    def __init__(self, epoch: Epoch, timing: Timing) -> None:
        committee = epoch.committee
        self.epoch = epoch
        self.timing = timing
        self.view = 0
        """The view that the core is in; 0 before `start`."""
        self.is_over = False
        """Whether the epoch's boundary is committed: the core votes no more."""
        self._quorum = committee.quorum
        self._weights = tuple(each.weight for each in committee.validators)
        self._peers = tuple(each.network for each in committee.validators)
        self._leaders = Leaders(committee)
        self._entry: Certificate | None = None
        self._proofs = Proofs()
        self._queue = Queue()
        self._book = VoteBook(committee)
        self._tree = Tree(Head(epoch.parent_hash, epoch.parent_number))
        others = tuple(peer for place, peer in enumerate(self._peers) if place != epoch.me)
        self._fetch = Fetcher(epoch.number, others, epoch.me or 0)
        self._certified: dict[int, bytes] = {0: epoch.parent_hash}
        """Which block may be built upon, by view, from the last final one on."""
        self._uncertified: dict[int, None] = {}
        """Views above the floor with a notarization that is not certified yet."""
        self._cast: dict[tuple[Kind, int], Statement] = {}
        """What was said or is being signed."""
        self._own: dict[tuple[Kind, int], Vote] = {}
        """What was said."""
        self._proposals: dict[int, tuple[Candidate, Statement]] = {}
        """The first proposal of each view, from the present one on."""
        self._building: tuple[int, int] | None = None
        """The view for which a block was asked for, and its parent's."""
        self._two_faced: dict[int, None] = {}
        """Views whose leader was seen to equivocate."""
        self._heard = [0] * committee.size
        """The last view in which each validator was heard."""
        self._checks = 0
        self._pairs: dict[tuple[int, int], tuple[Peer, Vote, Vote]] = {}
        """Conflicting votes that are being verified, by signer and view."""
        self._witnesses: dict[tuple[Peer, int], None] = {}
        """Who has shown a vote that is not its own, by view."""
        self._reported: dict[tuple[int, int], None] = {}
        self._records = 0
        self._is_fetching = False
        self._is_dirty = False
        self._out: list[CoreAction] = []

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
        return self._tree.head

    @property
    def size(self) -> int:
        """How many votes' views, blocks and certificates are held: what must stay bounded."""
        proofs = len(self._proofs.notarizations) + len(self._proofs.nullifications)
        return self._book.size + self._tree.size + proofs + len(self._cast) + len(self._proposals)

    # ------------------------------------------------------------------------------------ the two doors

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
            self._tree.head = head
            self.is_over = head.number == self.epoch.last_number
        assert self.head.number == self.epoch.parent_number or justification is not None
        self._restore(records if justification is None else (*records, Proven(justification)))
        view, entry = self._highest()
        self._enter(view + 1, entry)
        self._arm(TimerName.Standstill, self.timing.standstill_ms)
        self._out.append(Broadcast(self._status()))
        self._is_dirty = True
        self._settle()
        return self._drain()

    def step(self, happening: CoreInput) -> list[CoreAction]:
        """Everything that ever happens to a core, in one place."""
        match happening:
            case Received(peer, message):
                match message:
                    case Voted(vote):
                        self._on_vote(peer, vote)
                    case Proved(certificate):
                        self._on_certificate(peer, certificate)
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
                self._on_fetched(candidates)
            case Joined(peer):
                self._out.append(Send(peer, self._status()))
            case Built(_, view, built):
                self._on_built(view, built)
            case Checked(block, is_valid):
                self._on_checked(block, is_valid)
            case Signed(vote):
                self._on_signed(vote)
            case VotesVerified(statement, good, aggregate, bad):
                self._on_votes_verified(statement, good, aggregate, bad)
            case PairVerified(first, second, is_first_good, is_second_good):
                self._on_pair_verified(first, second, is_first_good, is_second_good)
            case CertificateVerified(certificate, is_good):
                self._on_certificate_verified(certificate, is_good)
            case Expired(timer):
                self._on_expired(timer)
            case _:
                assert_never(happening)
        if self._is_dirty:
            self._settle()
        if self._book.due:
            self._verify_votes()
        if self._records >= COMPACT_RECORDS:
            self._records = 0
            self._out.append(Compact(self.live_records()))
        return self._drain()

    def live_records(self) -> tuple[AnyRecord, ...]:
        """What a restart still needs: the journal, rid of the rest."""
        floor = self._proofs.floor
        final = () if self._proofs.finalization is None else (self._proofs.finalization,)
        votes = sorted((view, kind) for kind, view in self._own if view >= floor)
        certified = sorted((view, block) for view, block in self._certified.items() if view > floor)
        return (
            *(Proven(each) for each in (*final, *self._proofs.above_floor())),
            *(Held(each) for each in self._tree.durable()),
            *(Certified(self.epoch.number, view, block) for view, block in certified),
            *(Cast(self._own[kind, view]) for view, kind in votes),
        )

    # ----------------------------------------------------------------------------------- votes: rules 4 to 6

    def _on_vote(self, peer: Peer, vote: Vote) -> None:
        statement = vote.statement
        view = statement.view
        if self.is_over or not self._proofs.floor - VIEWS_BEHIND_MAX <= view <= self.view + VIEWS_AHEAD_MAX:
            return
        signer = vote.signer
        if signer >= len(self._peers) or not statement.is_canonical:
            self._fault(peer, Misdeed.Malformed)
            return
        if self._peers[signer] != peer:
            self._on_foreign_vote(peer, vote)
            return
        if view > self._heard[signer]:
            self._heard[signer] = view
        self._count(peer, vote)

    def _count(self, peer: Peer, vote: Vote) -> None:
        """Enter a vote that its signer sent."""
        statement = vote.statement
        view = statement.view
        conflicting = self._book.conflict(vote)
        is_new = self._book.add(vote)
        if conflicting is not None:
            self._verify_pair(peer, conflicting, vote)
        if not is_new:
            return
        if self._proofs.has(statement):
            self._book.done(statement)
        leader = self._leaders.leader(view)
        if statement.kind == Kind.Notarize:
            self._compare(peer, vote, leader)
        elif statement.kind == Kind.Nullify and vote.signer == leader and view == self.view:
            self._heed_leader()

    def _compare(self, peer: Peer, vote: Vote, leader: int) -> None:
        """Show whoever notarizes another block than the leader told us what the leader told us."""
        if vote.signer == leader:
            for other in self._book.others(vote):
                if other.signer != self.epoch.me:
                    self._send(self._peers[other.signer], Voted(vote))
            return
        told = self._book.vote(Kind.Notarize, vote.statement.view, leader)
        if told is not None and told.statement != vote.statement:
            self._send(peer, Voted(told))

    def _on_foreign_vote(self, peer: Peer, vote: Vote) -> None:
        """A vote that another than its signer sent counts for nothing, but may convict its signer: each
        validator may show one a view. A bad one is no misdeed, since who passes it on has not verified it.
        """
        key = (peer, vote.statement.view)
        conflicting = self._book.conflict(vote)
        if conflicting is not None and peer in self._peers and key not in self._witnesses:
            self._witnesses[key] = None
            self._verify_pair(peer, conflicting, vote)

    def _verify_votes(self) -> None:
        """Have verified what weighs a quorum, as far as there is room."""
        for statement in list(self._book.due):
            if self._proofs.has(statement):
                self._book.done(statement)
            elif self._checks < VOTE_CHECKS_MAX:
                self._checks += 1
                self._out.append(VerifyVotes(statement, self._book.take(statement)))

    def _heed_leader(self) -> None:
        """The leader skips its own view: have that one vote verified by itself."""
        vote = self._book.vote(Kind.Nullify, self.view, self._leaders.leader(self.view))
        if vote is None or (Kind.Nullify, self.view) in self._cast or self._book.is_verifying(vote.statement):
            return
        if self._checks < VOTE_CHECKS_MAX:
            self._checks += 1
            self._book.take(vote.statement)
            self._out.append(VerifyVotes(vote.statement, (vote,)))

    def _on_votes_verified(
        self, statement: Statement, good: tuple[int, ...], aggregate: bytes | None, bad: tuple[int, ...]
    ) -> None:
        self._checks -= 1
        for signer in bad:
            if signer != self.epoch.me:
                self._fault(self._peers[signer], Misdeed.BadVote)
        self._book.settle(statement, bad)
        weight = sum(self._weights[signer] for signer in good)
        if weight >= self._quorum and aggregate is not None and not self._proofs.has(statement):
            certificate = Certificate(statement, bitmap_of(good, len(self._weights)), aggregate)
            self._accept(certificate, is_made=True)
        elif statement.kind == Kind.Nullify and statement.view == self.view:
            if self._leaders.leader(self.view) in good:
                self._nullify(self.view)
        if self._proofs.has(statement):
            self._book.done(statement)

    # ---------------------------------------------------------------------------------------- evidence

    def _verify_pair(self, peer: Peer, first: Vote, second: Vote) -> None:
        key = (first.signer, first.statement.view)
        if key in self._pairs or key in self._reported or len(self._pairs) >= PAIRS_MAX:
            return
        self._pairs[key] = (peer, first, second)
        self._out.append(VerifyPair(first, second))

    def _on_pair_verified(self, first: Vote, second: Vote, is_first_good: bool, is_second_good: bool) -> None:
        key = (first.signer, first.statement.view)
        found = self._pairs.pop(key, None)
        if found is None:
            return
        peer = found[0]
        if not is_first_good:
            self._book.drop(first.statement, first.signer)
            self._fault(self._peers[first.signer], Misdeed.BadVote)
            if is_second_good and peer == self._peers[second.signer]:
                self._count(peer, second)
        if not is_second_good and peer == self._peers[second.signer]:
            self._book.drop(second.statement, second.signer)
            self._fault(peer, Misdeed.BadVote)
        if is_first_good and is_second_good:
            self._reported[key] = None
            if first.signer == self._leaders.leader(first.statement.view):
                self._two_faced[first.statement.view] = None
            self._out.append(Report(first, second))

    # ------------------------------------------------------------------------------------- certificates

    def _on_certificate(self, peer: Peer, certificate: Certificate) -> None:
        statement = certificate.statement
        if not statement.is_canonical:
            self._fault(peer, Misdeed.Malformed)
        elif not self._proofs.has(statement) or self._proofs.conflict(statement) is not None:
            self._queue.add(peer, certificate)
            self._verify_certificates()

    def _verify_certificates(self) -> None:
        while (certificate := self._queue.next()) is not None:
            self._out.append(VerifyCertificate(certificate))

    def _on_certificate_verified(self, certificate: Certificate, is_good: bool) -> None:
        peer = self._queue.settle(certificate, is_good=is_good)
        if peer is not None:
            if is_good:
                self._accept(certificate, is_made=False)
            else:
                self._fault(peer, Misdeed.BadCertificate)
        self._verify_certificates()

    def _accept(self, certificate: Certificate, *, is_made: bool) -> None:
        """A certificate holds: remember it, tell it when it is of our making, and do what it says."""
        statement = certificate.statement
        conflicting = self._proofs.conflict(statement)
        if conflicting is not None:
            self._out.append(ReportCertificates(conflicting, certificate))
            return
        if self._proofs.has(statement):
            return
        self._proofs.add(certificate)
        self._book.done(statement)
        self._fetch.got_view(statement.view)
        self._record(Proven(certificate))
        if is_made:
            self._out.append(Broadcast(Proved(certificate)))
        self._is_dirty = True
        match statement.kind:
            case Kind.Notarize:
                self._uncertified[statement.view] = None
            case Kind.Nullify:
                self._enter(statement.view + 1, certificate)
            case Kind.Finalize:
                self._raise_floor(statement)
                self._enter(statement.view + 1, certificate)

    def _raise_floor(self, statement: Statement) -> None:
        """A higher view is final: what lies below it matters no more."""
        floor = statement.view
        self._uncertified = {view: None for view in self._uncertified if view > floor}
        kept = {view: block for view, block in self._certified.items() if view >= floor}
        self._certified = kept
        self._cast = {key: each for key, each in self._cast.items() if key[1] >= floor}
        self._own = {key: each for key, each in self._own.items() if key[1] >= floor}
        lowest = floor - VIEWS_BEHIND_MAX
        self._proofs.forget_below(lowest)
        self._book.forget_below(lowest)
        self._two_faced = {view: None for view in self._two_faced if view >= lowest}
        self._reported = {key: None for key in self._reported if key[1] >= lowest}
        self._witnesses = {key: None for key in self._witnesses if key[1] >= lowest}
        self._arm(TimerName.Standstill, self.timing.standstill_ms)

    # ------------------------------------------------------------------------- what follows from what: rule 4

    def _settle(self) -> None:
        """Draw every conclusion that what is known allows, and ask for what is missing."""
        while self._is_dirty:
            self._is_dirty = False
            for view in sorted(self._uncertified):
                self._certify(view)
            self._commit()
            self._propose()
            self._judge()
        self._out.extend(self._fetch.requests())
        if self._fetch.in_flight and not self._is_fetching:
            self._is_fetching = True
            self._arm(TimerName.Fetch, self.timing.fetch_ms)

    def _certify(self, view: int) -> None:
        """Whether the block notarized in a view may be built upon by now."""
        if view not in self._uncertified:
            return
        statement = self._proofs.notarizations[view].statement
        candidate = self._tree.get(statement.block)
        if candidate is None:
            self._fetch.block(statement.block, self.head.number)
        verdict = self._follows(candidate, statement)
        if verdict is None or candidate is None:
            return
        del self._uncertified[view]
        if not verdict:
            self._nullify(view)
            return
        self._hold(candidate)
        self._certified[view] = candidate.hash
        self._record(Certified(self.epoch.number, view, candidate.hash))
        self._is_dirty = True
        self._finalize(statement)
        self._enter(view + 1, self._proofs.notarizations[view])

    def _follows(self, candidate: Candidate | None, statement: Statement) -> bool | None:
        """Whether a block may be built upon in a view, its parent certified, itself executed. None: what it
        takes to say so is missing, and is asked for.
        """
        parent = self._certified.get(statement.parent_view)
        if parent is None:
            if statement.parent_view < self._proofs.floor:
                return False
            if statement.parent_view not in self._proofs.notarizations:
                self._fetch.view(statement.parent_view)
        if candidate is None or parent is None:
            return None
        if not self._is_child(candidate, parent, statement):
            return False
        verdict = self._tree.verdict(candidate.hash)
        if verdict is None and self._tree.begin_check(candidate.hash):
            self._out.append(Check(candidate))
        return verdict

    def _is_child(self, candidate: Candidate, parent: bytes, statement: Statement) -> bool:
        """Whether a block stands on its parent as the epoch allows: by one height, up to the boundary; and
        on the boundary nothing but the boundary again.
        """
        last = self.epoch.last_number
        if candidate.epoch != self.epoch.number or candidate.number > last:
            return False
        if candidate.hash == parent:
            return candidate.number == last
        return (
            candidate.view == statement.view
            and candidate.proposer == self._leaders.leader(statement.view)
            and candidate.parent_hash == parent
            and candidate.number - 1 == self._tree.number_of(parent)
        )

    def _commit(self) -> None:
        """Hand over what is final, once every block down to the last one handed over is held and executed."""
        final = self._proofs.finalization
        if final is None or final.statement.block == self.head.hash:
            if final is not None:
                self._certified[final.statement.view] = self.head.hash
            return
        blocks, missing = self._tree.path(final.statement.block)
        if missing is not None:
            self._fetch.block(missing, self.head.number)
            return
        for candidate in blocks:
            verdict = self._tree.verdict(candidate.hash)
            if verdict is False:
                raise AgreementBroken(
                    f"block {candidate.number}, 0x{candidate.hash.hex()}, is final and invalid"
                )
            if verdict is None:
                if self._tree.begin_check(candidate.hash):
                    self._out.append(Check(candidate))
                return
        self._certified[final.statement.view] = final.statement.block
        self._out.append(Commit(final, blocks))
        self._tree.commit(Head(blocks[-1].hash, blocks[-1].number), final.statement.view)
        self._is_dirty = True
        self.is_over = blocks[-1].number == self.epoch.last_number

    # ------------------------------------------------------------------------------------ a view: rules 1 to 3

    def _enter(self, view: int, entry: Certificate | None) -> None:
        if view <= self.view or self.is_over:
            return
        self.view = view
        self._entry = entry
        self._building = None
        self._proposals = {each: offer for each, offer in self._proposals.items() if each >= view}
        self._is_dirty = True
        behind = view - 1 - self._proofs.floor
        self._arm(TimerName.Lead, self.timing.lead_ms(behind))
        self._arm(TimerName.Advance, self.timing.advance_ms(behind))
        self._arm(TimerName.Retry, self.timing.retry_ms)
        if self._is_leader_silent():
            self._nullify(view)
        self._heed_leader()

    def _is_leader_silent(self) -> bool:
        """Whether a quorum was heard lately, and the view's leader was not."""
        leader = self._leaders.leader(self.view)
        since = self.view - SILENT_VIEWS_MAX
        if leader == self.epoch.me or self._heard[leader] >= since or since <= 0:
            return False
        heard = sum(
            weight
            for place, weight in enumerate(self._weights)
            if self._heard[place] >= since or place == self.epoch.me
        )
        return heard >= self._quorum

    def _propose(self) -> None:
        """As the view's leader, have a block built on the highest certified view."""
        view = self.view
        if self.is_over or self.epoch.me != self._leaders.leader(view) or self._building is not None:
            return
        if (Kind.Notarize, view) in self._cast or (Kind.Nullify, view) in self._cast:
            return
        parent_view = max(self._certified, default=-1)
        if parent_view < self._proofs.floor or not self._are_skipped(parent_view, view):
            return
        parent = self._certified[parent_view]
        number = self._tree.number_of(parent)
        if number is None:
            return
        self._building = (view, parent_view)
        if number < self.epoch.last_number:
            self._out.append(Build(self.epoch.number, view, parent, number))
        elif (boundary := self._tree.get(parent)) is not None:
            self._offer(boundary)

    def _are_skipped(self, parent_view: int, view: int) -> bool:
        """Whether every view between two is nullified; what is missing is asked for."""
        is_skipped = True
        for between in range(parent_view + 1, view):
            if between not in self._proofs.nullifications:
                is_skipped = False
                self._fetch.view(between)
        return is_skipped

    def _on_built(self, view: int, candidate: Candidate | None) -> None:
        if self._building is None or self._building[0] != view or view != self.view:
            return
        if candidate is None:
            self._nullify(view)
            return
        self._tree.add(candidate)
        self._tree.judge(candidate.hash, is_valid=True)
        self._offer(candidate)

    def _offer(self, candidate: Candidate) -> None:
        """Vote for a block of our own; once signed, it is proposed."""
        assert self._building is not None
        view, parent_view = self._building
        statement = Statement(Kind.Notarize, self.epoch.number, view, parent_view, candidate.hash)
        self._proposals[view] = (candidate, statement)
        if (Kind.Nullify, view) not in self._cast:
            self._sign(statement)

    def _on_proposal(self, peer: Peer, candidate: Candidate, vote: Vote) -> None:
        statement = vote.statement
        view = statement.view
        if self.is_over or not self.view <= view <= self.view + PROPOSALS_AHEAD_MAX:
            return
        leader = self._leaders.leader(view)
        if vote.signer != leader or self._peers[leader] != peer:
            self._fault(peer, Misdeed.NotTheLeader)
            return
        if statement.kind != Kind.Notarize or not statement.is_canonical or statement.block != candidate.hash:
            self._fault(peer, Misdeed.Malformed)
            return
        if view not in self._proposals and leader != self.epoch.me:
            self._proposals[view] = (candidate, statement)
            if candidate.view <= view:
                self._tree.add(candidate)
                self._fetch.got_block(candidate.hash)
            self._is_dirty = True
        self._on_vote(peer, vote)

    def _judge(self) -> None:
        """Vote on the proposal of the view that we are in, if it can be judged."""
        view = self.view
        offer = self._proposals.get(view)
        if offer is None or self.is_over or self.epoch.me is None:
            return
        if (Kind.Notarize, view) in self._cast or (Kind.Nullify, view) in self._cast:
            return
        candidate, statement = offer
        verdict = self._follows(candidate, statement)
        if verdict is False:
            self._nullify(view)
        elif self._are_skipped(statement.parent_view, view) and verdict:
            self._sign(statement)

    def _on_checked(self, block: bytes, is_valid: bool) -> None:
        if self._tree.verdict(block) and not is_valid:
            raise AgreementBroken(f"block 0x{block.hex()} was valid, and executed again it is not")
        self._tree.judge(block, is_valid)
        self._is_dirty = True

    def _on_fetched(self, candidates: tuple[Candidate, ...]) -> None:
        parent = b""
        for candidate in candidates:
            if candidate.hash != parent and not self._fetch.is_wanted(candidate.hash):
                return
            self._fetch.got_block(candidate.hash)
            self._tree.add(candidate)
            self._is_dirty = True
            parent = candidate.parent_hash

    # ----------------------------------------------------------------------------------------- own votes

    def _nullify(self, view: int) -> None:
        """Skip a view, unless its block was voted final."""
        if view == self.view and not self.is_over and (Kind.Finalize, view) not in self._cast:
            self._sign(Statement(Kind.Nullify, self.epoch.number, view))

    def _finalize(self, notarized: Statement) -> None:
        """Vote a certified block final, unless its view was voted skipped, or cannot be final."""
        view = notarized.view
        if view <= self._proofs.floor or self.is_over or view in self._proofs.nullifications:
            return
        if (Kind.Nullify, view) not in self._cast and view not in self._two_faced:
            self._sign(notarized.replace(kind=Kind.Finalize))

    def _sign(self, statement: Statement) -> None:
        """Have a statement signed: once for each kind and view, whatever it says."""
        key = (statement.kind, statement.view)
        if self.epoch.me is not None and key not in self._cast:
            self._cast[key] = statement
            self._out.append(Sign(statement))

    def _on_signed(self, vote: Vote) -> None:
        statement = vote.statement
        key = (statement.kind, statement.view)
        if self._cast.get(key) != statement or key in self._own:
            return
        self._own[key] = vote
        if statement.kind == Kind.Notarize and (candidate := self._tree.get(statement.block)) is not None:
            self._hold(candidate)
        self._record(Cast(vote))
        self._out.append(Broadcast(self._said(vote)))
        self._book.add(vote)

    def _said(self, vote: Vote) -> AnyMessage:
        """A vote of our own as it is sent: a leader's for its block goes with the block."""
        statement = vote.statement
        if statement.kind == Kind.Notarize and self._leaders.leader(statement.view) == vote.signer:
            candidate = self._tree.get(statement.block)
            if candidate is not None:
                return Proposal(candidate.body, vote)
        return Voted(vote)

    # ------------------------------------------------------------------------------------------ timers: rule 7

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
            case TimerName.Fetch:
                self._is_fetching = False
                self._fetch.expire()
                self._is_dirty = True
            case TimerName.Standstill:
                if timer.view == self._proofs.floor and not self.is_over:
                    self._repeat_all()
            case TimerName.Ask:
                pass
            case _:
                assert_never(timer.name)

    def _repeat(self) -> None:
        """Say again what was said in this view, and what let us in."""
        if self._entry is not None:
            self._out.append(Broadcast(Proved(self._entry)))
        for kind in Kind:
            if (vote := self._own.get((kind, self.view))) is not None:
                self._out.append(Broadcast(self._said(vote)))
        self._arm(TimerName.Retry, self.timing.retry_ms)

    def _repeat_all(self) -> None:
        """Say again everything since the last final view."""
        self._out.append(Broadcast(self._status()))
        since = max(self._proofs.floor, self.view - STANDSTILL_VIEWS_MAX)
        for certificate in self._proofs.above_floor():
            if certificate.statement.view > since:
                self._out.append(Broadcast(Proved(certificate)))
        for view, kind in sorted((view, kind) for kind, view in self._own):
            if view > since:
                self._out.append(Broadcast(self._said(self._own[kind, view])))
        self._arm(TimerName.Standstill, self.timing.standstill_ms)

    # ---------------------------------------------------------------------------------- answers to others

    def _on_need(self, peer: Peer, views: tuple[int, ...]) -> None:
        answer = {each: None for view in views for each in self._proofs.of_view(view)}
        for certificate in answer:
            self._send(peer, Proved(certificate))

    def _on_want(self, peer: Peer, want: Want) -> None:
        bodies = self._tree.answer(want.block, want.above)
        if bodies:
            self._send(peer, Bodies(bodies))
        else:
            self._out.append(Serve(peer, want))

    def _on_status(self, peer: Peer, view: int, finalization: Certificate | None) -> None:
        floor = 0
        if finalization is not None:
            floor = finalization.statement.view
            if finalization.statement.kind == Kind.Finalize:
                self._on_certificate(peer, finalization)
        if self._proofs.finalization is not None and floor < self._proofs.floor:
            self._send(peer, Proved(self._proofs.finalization))
        if self._entry is not None and view < self.view:
            self._send(peer, Proved(self._entry))

    # --------------------------------------------------------------------------------------------- restart

    def _restore(self, records: Sequence[AnyRecord]) -> None:
        """Take up what the journal remembers."""
        verdicts: dict[int, bytes] = {}
        for record in records:
            match record:
                case Cast(vote):
                    key = (vote.statement.kind, vote.statement.view)
                    self._cast[key] = vote.statement
                    self._own[key] = vote
                    self._book.add(vote)
                case Proven(certificate):
                    if not self._proofs.has(certificate.statement):
                        self._proofs.add(certificate)
                case Held(candidate):
                    self._tree.add(candidate)
                    self._tree.make_durable(candidate.hash)
                case Certified(_, view, block):
                    verdicts[view] = block
                case _:
                    assert_never(record)
        floor = self._proofs.floor
        self._certified = {view: block for view, block in self._certified.items() if view >= floor}
        for view, block in sorted(verdicts.items()):
            if view >= floor and (view == floor or view in self._proofs.notarizations):
                self._restore_verdict(view, block)
        self._uncertified = {
            view: None for view in self._proofs.notarizations if view > floor and view not in self._certified
        }
        self._book.forget_below(floor - VIEWS_BEHIND_MAX)

    def _restore_verdict(self, view: int, block: bytes) -> None:
        """A block was certified, so all on the way to it executed well. The states that they gave are lost:
        have them executed again, in order.
        """
        blocks, missing = self._tree.path(block)
        if missing is not None:
            return
        for candidate in blocks:
            if self._tree.verdict(candidate.hash) is None:
                self._tree.judge(candidate.hash, is_valid=True)
                self._out.append(Check(candidate))
        self._certified[view] = block

    def _highest(self) -> tuple[int, Certificate | None]:
        """The highest view that is over, and what says so."""
        proofs = self._proofs
        found = [(proofs.floor, proofs.finalization)]
        found += [(view, proofs.notarizations[view]) for view in self._certified if view > proofs.floor]
        found += [(view, each) for view, each in proofs.nullifications.items() if view > proofs.floor]
        return max(found, key=lambda each: each[0])

    # ----------------------------------------------------------------------------------------------- small

    def _status(self) -> Status:
        return Status(self.epoch.number, self.view, self._proofs.finalization)

    def _hold(self, candidate: Candidate) -> None:
        if candidate.number > self.head.number and self._tree.make_durable(candidate.hash):
            self._record(Held(candidate))

    def _record(self, record: AnyRecord) -> None:
        self._records += 1
        self._out.append(Record(record))

    def _send(self, peer: Peer, message: AnyMessage) -> None:
        self._out.append(Send(peer, message))

    def _fault(self, peer: Peer, misdeed: Misdeed) -> None:
        self._out.append(Fault(peer, misdeed))

    def _arm(self, name: TimerName, delay_ms: int) -> None:
        view = self._proofs.floor if name == TimerName.Standstill else self.view
        self._out.append(Arm(Timer(name, self.epoch.number, view), delay_ms))

    def _drain(self) -> list[CoreAction]:
        out, self._out = self._out, []
        return out
