"""Polls: votes and certificates come in on their senders' word, and leave as certificates that hold.

Nothing is verified before it could decide something: votes once those for one statement weigh a quorum, or
where one voter's word is enough, which is a leader that skips its own view.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.consensus.actions import Misdeed, ReportCertificates, VerifyCertificate, VerifyVotes
from node.consensus.inputs import Epoch, PairVerified, VotesVerified
from node.consensus.leader import Leaders
from node.consensus.messages import Peer
from node.consensus.outbox import Outbox
from node.consensus.proofs import Proofs, Queue
from node.consensus.suspicions import Suspicions
from node.consensus.votes import VoteBook
from runtime.simplex import Certificate, Kind, Statement, Vote, bitmap_of

VIEWS_BEHIND_MAX: Final = 256
"""Views below the last final one of which votes are heard and certificates are kept."""
SKIPPED_VIEWS_MAX: Final = 256
"""Views below the one we are in of which votes are kept although the view was skipped."""
VIEWS_AHEAD_MAX: Final = 64
"""Views ahead of which votes are heard."""
SILENT_VIEWS_MAX: Final = 8
"""Views in which a leader was not heard, while a quorum was, after which nobody waits for it."""
VERIFYING_MAX: Final = 64
"""Statements whose votes are being verified at the same time."""


class Polls:
    """The votes of one epoch, and what becomes of them."""

    def __init__(self, epoch: Epoch, leaders: Leaders, proofs: Proofs, out: Outbox) -> None:
        committee = epoch.committee
        self._me = epoch.me
        self._weights = tuple(each.weight for each in committee.validators)
        self._peers = tuple(each.network for each in committee.validators)
        self._quorum = committee.quorum
        self._leaders = leaders
        self._proofs = proofs
        self._out = out
        self._book = VoteBook(committee)
        self.due = self._book.due
        """Statements whose votes weigh a quorum and wait to be verified."""
        self._suspicions = Suspicions(self._book, self._peers, out)
        self._queue = Queue()
        self._verifying = 0
        self._heard = [0] * committee.size
        """The last view in which each validator was heard."""

    # Votes.

    def hear(self, peer: Peer, vote: Vote, view: int) -> None:
        """A vote came from a peer, while we are in `view`."""
        statement = vote.statement
        of_view = statement.view
        if not self._proofs.floor - VIEWS_BEHIND_MAX <= of_view <= view + VIEWS_AHEAD_MAX:
            return
        if self._proofs.floor < of_view < view - SKIPPED_VIEWS_MAX and not self._matters(statement):
            return
        signer = vote.signer
        if signer >= len(self._peers) or not statement.is_canonical:
            self._out.fault(peer, Misdeed.Malformed)
            return
        if self._peers[signer] != peer:
            self._suspicions.shown(peer, vote)
            return
        if of_view > self._heard[signer]:
            self._heard[signer] = of_view
        conflicting = self._book.conflict(vote)
        if self._book.add(vote):
            self._entered(vote, view)
        if conflicting is not None:
            self._suspicions.suspect(peer, conflicting, vote)

    def _matters(self, statement: Statement) -> bool:
        """Whether a vote on a view of long ago may bring anything on: only one that makes it final is said
        again for so long.
        """
        return statement.kind == Kind.Finalize and not self._proofs.is_skipped(statement.view)

    def _entered(self, vote: Vote, view: int) -> None:
        """A vote of another has its place in the book."""
        statement = vote.statement
        leader = self._leaders.leader(statement.view)
        if statement.kind == Kind.Notarize:
            self._suspicions.compare(vote, leader, self._me)
        elif statement.kind == Kind.Nullify and vote.signer == leader and statement.view == view:
            self.heed_leader(view)

    def enter_own(self, vote: Vote) -> None:
        """A vote of our own counts as well."""
        self._book.add(vote)

    def heed_leader(self, view: int) -> None:
        """If the leader of the view we are in has skipped it, have that one vote verified by itself."""
        vote = self._book.vote(Kind.Nullify, view, self._leaders.leader(view))
        if vote is None or vote.signer == self._me or self._verifying >= VERIFYING_MAX:
            return
        if not self._proofs.has(vote.statement) and not self._book.is_verifying(vote.statement):
            self._verifying += 1
            self._book.take(vote.statement)
            self._out.put(VerifyVotes(vote.statement, (vote,)))

    def verify(self) -> None:
        """Have verified what weighs a quorum, as far as there is room."""
        for statement in list(self.due):
            if self._proofs.has(statement):
                self._book.done(statement)
            elif self._verifying < VERIFYING_MAX:
                self._verifying += 1
                self._out.put(VerifyVotes(statement, self._book.take(statement)))

    def votes_verified(self, answer: VotesVerified) -> Certificate | None:
        """The verifier answers: the certificate that the good votes make; None when they do not suffice."""
        statement, good, aggregate, bad = answer.statement, answer.good, answer.aggregate, answer.bad
        self._verifying -= 1
        for signer in bad:
            self._out.fault(self._peers[signer], Misdeed.BadVote)
        self._book.settle(statement, bad)
        weight = sum(self._weights[signer] for signer in good)
        if weight < self._quorum or aggregate is None or self._proofs.has(statement):
            return None
        return Certificate(statement, bitmap_of(good, len(self._weights)), aggregate)

    def pair_verified(self, answer: PairVerified, view: int) -> None:
        """The verifier answers about two votes of one signer, while we are in `view`."""
        first, second = answer.first, answer.second
        takes_place = self._suspicions.verified(first, second, answer.is_first_good, answer.is_second_good)
        if takes_place and self._book.add(second):
            self._entered(second, view)

    # Certificates.

    def receive(self, peer: Peer, certificate: Certificate) -> None:
        """A certificate came from a peer: have it verified if it teaches something."""
        statement = certificate.statement
        if not statement.is_canonical:
            self._out.fault(peer, Misdeed.Malformed)
        elif not self._proofs.has(statement) or self._proofs.conflict(statement) is not None:
            self._queue.add(peer, certificate)
            self._verify_certificates()

    def certificate_verified(self, certificate: Certificate, is_good: bool) -> Certificate | None:
        """The verifier answers: the certificate, if it was asked for and holds."""
        peer = self._queue.settle(certificate, is_good=is_good)
        self._verify_certificates()
        if peer is None or is_good:
            return None if peer is None else certificate
        self._out.fault(peer, Misdeed.BadCertificate)
        return None

    def _verify_certificates(self) -> None:
        while (certificate := self._queue.next()) is not None:
            self._out.put(VerifyCertificate(certificate))

    def admit(self, certificate: Certificate) -> bool:
        """A certificate holds: whether it teaches something. It is then among the proofs."""
        statement = certificate.statement
        self._book.done(statement)
        conflicting = self._proofs.conflict(statement)
        if conflicting is not None:
            self._out.put(ReportCertificates(conflicting, certificate))
            return False
        if self._proofs.has(statement):
            return False
        self._proofs.add(certificate)
        return True

    # What the votes tell beside what they say.

    def is_two_faced(self, view: int) -> bool:
        """Whether a view's leader was seen to equivocate in it."""
        return self._suspicions.is_convicted(self._leaders.leader(view), view)

    def is_leader_silent(self, view: int) -> bool:
        """Whether a quorum was heard in the last views, and a view's leader was not."""
        leader = self._leaders.leader(view)
        since = view - SILENT_VIEWS_MAX
        if since <= 0 or leader == self._me or self._heard[leader] >= since:
            return False
        heard = sum(
            weight
            for place, weight in enumerate(self._weights)
            if self._heard[place] >= since or place == self._me
        )
        return heard >= self._quorum

    def forget(self) -> None:
        """Drop what lies far below the floor."""
        lowest = self._proofs.floor - VIEWS_BEHIND_MAX
        self._proofs.forget_below(lowest)
        self._forget(lambda view: view < lowest)

    def forget_skipped(self, before: int) -> None:
        """Drop what was said of views that were skipped before this one: none of them can be final."""
        self._forget(lambda view: view < before and self._proofs.is_skipped(view))

    def _forget(self, is_old: Callable[[int], bool]) -> None:
        self._book.forget(is_old)
        self._suspicions.forget(is_old)

    @property
    def size(self) -> int:
        """How many views there are votes of."""
        return self._book.size
