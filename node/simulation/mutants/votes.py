"""Votes: what a quorum is, who is heard, what may be said beside what, and whom evidence convicts."""

from __future__ import annotations

from typing import Any

from node.consensus.ballots import Ballots
from node.consensus.core import Core
from node.consensus.polls import Polls
from node.consensus.votes import VoteBook
from node.simulation.mutants.registry import mutant
from node.simulation.patches import Patch
from runtime.simplex import Certificate, Committee, Kind, Statement, Vote, bitmap_of


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
    def verified(method: Any, self: Any, answer: Any) -> Certificate | None:
        everybody = tuple(sorted((*answer.good, *answer.bad)))
        changed = type(answer)(answer.statement, everybody, answer.aggregate or bytes(96), ())
        found: Certificate | None = method(self, changed)
        return found

    patch.around(Polls, "votes_verified", verified)


@mutant("Whoever votes twice counts twice.")
def duplicates_counted(patch: Patch) -> None:
    def add(method: Any, self: Any, vote: Vote) -> bool:
        is_new: bool = method(self, vote)
        view = self._views[vote.statement.view]
        if not is_new and vote.statement in view.weights:
            view.weights[vote.statement] += self._weights[vote.signer]
            if view.weights[vote.statement] >= self._quorum:
                self.due[vote.statement] = None
        return is_new

    def verified(method: Any, self: Any, answer: Any) -> Certificate | None:
        found: Certificate | None = method(self, answer)
        if found is None and len(answer.good) > 1 and not self._proofs.has(answer.statement):
            size = len(self._weights)
            return Certificate(answer.statement, bitmap_of(answer.good, size), answer.aggregate)
        return found

    patch.around(VoteBook, "add", add)
    patch.around(Polls, "votes_verified", verified)


@mutant("Votes are heard from anybody, in anybody's name.")
def foreign_votes_heard(patch: Patch) -> None:
    def hear(method: Any, self: Any, peer: bytes, vote: Vote, view: int) -> None:
        peers = self._peers
        method(self, peers[vote.signer] if vote.signer < len(peers) else peer, vote, view)

    patch.around(Polls, "hear", hear)


@mutant("Certificates are believed.")
def certificates_believed(patch: Patch) -> None:
    def verified(method: Any, self: Any, certificate: Certificate, is_good: bool) -> Any:
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
    def may(method: Any, self: Any, asked: Kind, view: int) -> bool:
        is_allowed: bool = method(self, asked, view)
        return is_allowed or (asked == kind and not self.has(kind, view))

    patch.around(Ballots, "may", may)


@mutant("A second block is notarized in a view.")
def two_notarizations_a_view(patch: Patch) -> None:
    def may(method: Any, self: Any, asked: Kind, view: int) -> bool:
        is_allowed: bool = method(self, asked, view)
        return is_allowed or (asked == Kind.Notarize and not self.has(Kind.Nullify, view))

    def cast(method: Any, self: Any, statement: Statement) -> None:
        key = (statement.view, statement.kind)
        self._cast.pop(key, None)
        self._signed.pop(key, None)
        method(self, statement)

    def proposed(method: Any, self: Any, peer: bytes, candidate: Any, vote: Vote) -> None:
        found = self._proposals.get(vote.statement.view)
        if found is not None and found[1] != vote.statement:
            del self._proposals[vote.statement.view]
            method(self, peer, candidate, vote)
        elif found is None:
            method(self, peer, candidate, vote)

    def judge(method: Any, self: Any) -> None:
        offer = self._proposals.get(self.view)
        cast = self._ballots._cast.get((self.view, Kind.Notarize))
        if offer is None or cast != offer[1]:
            method(self)

    patch.around(Ballots, "may", may)
    patch.around(Ballots, "cast", cast)
    patch.around(Core, "_on_proposal", proposed)
    patch.around(Core, "_judge", judge)
