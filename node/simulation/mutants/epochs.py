"""Epochs, evidence and memory: where one ends, whom two votes convict, what is forgotten."""

from __future__ import annotations

from typing import Any

from node.consensus.ancestry import Ancestry
from node.consensus.core import Core
from node.consensus.epochs import Epochs
from node.consensus.inputs import Opened
from node.consensus.polls import Polls
from node.consensus.suspicions import Suspicions
from node.consensus.votes import VoteBook
from node.simulation.mutants.registry import mutant
from node.simulation.patches import Patch
from runtime.simplex import Committee, Kind, Statement, Vote


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
    def is_child(method: Any, self: Any, candidate: Any, parent: bytes, statement: Statement) -> bool:
        return candidate.hash != parent and bool(method(self, candidate, parent, statement))

    patch.around(Ancestry, "_is_child", is_child)


@mutant("The next epoch opens with the committee of the last one.")
def committee_switches_late(patch: Patch) -> None:
    def opened(method: Any, self: Any, epoch: Any) -> Any:
        old = self.core.epoch
        stale = Committee(epoch.number, old.committee.validators)
        return method(
            self, type(epoch)(stale, old.me, epoch.parent_hash, epoch.parent_number, epoch.last_number)
        )

    patch.around(Epochs, "_on_opened", opened)


@mutant("The next epoch opens only for who restarts.")
def next_epoch_not_opened(patch: Patch) -> None:
    def step(method: Any, self: Any, happening: Any) -> Any:
        return [] if isinstance(happening, Opened) else method(self, happening)

    patch.around(Epochs, "step", step)


@mutant("Who is left behind in an old epoch is not helped out of it.")
def old_epochs_unanswered(patch: Patch) -> None:
    patch.silence(Epochs, "_answer_old", [])


# Evidence and memory.
@mutant("Evidence is reported before it is verified.")
def evidence_unverified(patch: Patch) -> None:
    def verified(method: Any, self: Any, first: Vote, second: Vote, *_: bool) -> bool:
        return bool(method(self, first, second, True, True))

    patch.around(Suspicions, "verified", verified)


@mutant("Nullify after notarize passes for a crime.")
def honest_accused(patch: Patch) -> None:
    def conflict(method: Any, self: Any, vote: Vote) -> Vote | None:
        found: Vote | None = method(self, vote)
        other = {Kind.Nullify: Kind.Notarize, Kind.Notarize: Kind.Nullify}.get(vote.statement.kind)
        if found is None and other is not None:
            found = self.vote(other, vote.statement.view, vote.signer)
        return found

    patch.around(VoteBook, "conflict", conflict)


@mutant("Nobody compares what the leader told him with what it told others.")
def equivocation_unseen(patch: Patch) -> None:
    patch.silence(Suspicions, "suspect")


@mutant("Nothing is ever forgotten.")
def nothing_forgotten(patch: Patch) -> None:
    patch.silence(Polls, "forget")
