"""Suspicions: pairs of votes that nobody who is honest casts both, verified each alone before they convict.

Who equivocates says one thing here and another there, so the two halves must meet. Whoever hears a validator
notarize another block than the view's leader told him shows that validator what he was told; and so does the
other. A vote shown so counts for nothing, but convicts its signer beside what the signer said himself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from node.consensus.actions import Misdeed, Report, VerifyPair
from node.consensus.messages import Peer, Voted
from node.consensus.outbox import Outbox
from node.consensus.votes import VoteBook
from runtime.simplex import Vote

PAIRS_MAX: Final = 16
"""Pairs that are being verified at the same time."""


class Suspicions:
    """The suspicions of one epoch."""

    def __init__(self, book: VoteBook, peers: tuple[Peer, ...], out: Outbox) -> None:
        """`peers` are the committee's, in its order."""
        self._book = book
        self._peers = peers
        self._out = out
        self._verifying: dict[tuple[int, int], Peer] = {}
        """By signer and view, who sent the second vote."""
        self._reported: dict[tuple[int, int], None] = {}
        self._witnesses: dict[tuple[Peer, int], None] = {}
        """Who has shown another's vote, by view."""

    def suspect(self, peer: Peer, first: Vote, second: Vote) -> None:
        """`peer` sent the second vote, which does not go with the first."""
        key = (first.signer, first.statement.view)
        if key in self._verifying or key in self._reported or len(self._verifying) >= PAIRS_MAX:
            return
        self._verifying[key] = peer
        self._out.put(VerifyPair(first, second))

    def shown(self, peer: Peer, vote: Vote) -> None:
        """A peer shows another's vote: each validator may show one a view. A bad one is no misdeed, since who
        shows it has not verified it.
        """
        key = (peer, vote.statement.view)
        conflicting = self._book.conflict(vote)
        if conflicting is not None and peer in self._peers and key not in self._witnesses:
            self._witnesses[key] = None
            self.suspect(peer, conflicting, vote)

    def compare(self, vote: Vote, leader: int, me: int | None) -> None:
        """A notarize vote was entered: show who votes for another block than the leader's what that is."""
        if vote.signer == leader:
            for other in self._book.others(vote):
                if other.signer != me:
                    self._out.send(self._peers[other.signer], Voted(vote))
            return
        told = self._book.vote(vote.statement.kind, vote.statement.view, leader)
        if told is not None and told.statement != vote.statement:
            self._out.send(self._peers[vote.signer], Voted(told))

    def verified(self, first: Vote, second: Vote, is_first_good: bool, is_second_good: bool) -> bool:
        """Each vote was verified alone: report them, or blame who sent a bad one. Whether the second one is
        the signer's own and takes the place of a bad first one.
        """
        key = (first.signer, first.statement.view)
        peer = self._verifying.pop(key, None)
        if peer is None:
            return False
        signer = self._peers[first.signer]
        if is_first_good and is_second_good:
            self._reported[key] = None
            self._out.put(Report(first, second))
        if not is_first_good:
            self._book.drop(first.statement, first.signer)
            self._out.fault(signer, Misdeed.BadVote)
        if not is_second_good and peer == signer:
            self._book.drop(second.statement, second.signer)
            self._out.fault(signer, Misdeed.BadVote)
        return is_second_good and not is_first_good and peer == signer

    def is_convicted(self, signer: int, view: int) -> bool:
        """Whether a signer was caught in a view."""
        return (signer, view) in self._reported

    def forget(self, is_old: Callable[[int], bool]) -> None:
        """Drop the views that are old."""
        self._reported = {key: None for key in self._reported if not is_old(key[1])}
        self._witnesses = {key: None for key in self._witnesses if not is_old(key[1])}
