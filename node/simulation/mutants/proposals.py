"""Proposals: what may be voted for."""

from __future__ import annotations

from typing import Any

from node.consensus.ancestry import Ancestry
from node.consensus.core import Core
from node.consensus.tree import Tree
from node.simulation.mutants.registry import mutant
from node.simulation.patches import Patch
from runtime.simplex import Statement, Vote


@mutant("A proposal may skip views that are not nullified.")
def no_gap_check(patch: Patch) -> None:
    def are_skipped(method: Any, self: Any, parent_view: int, view: int) -> bool:
        method(self, parent_view, view)
        return True

    patch.around(Ancestry, "are_skipped", are_skipped)


@mutant("Any parent will do.")
def any_parent(patch: Patch) -> None:
    def is_child(method: Any, self: Any, candidate: Any, parent: bytes, statement: Statement) -> bool:
        return bool(candidate.epoch == self._epoch.number)

    patch.around(Ancestry, "_is_child", is_child)


@mutant("A block's height is not looked at.")
def any_height(patch: Patch) -> None:
    def is_child(method: Any, self: Any, candidate: Any, parent: bytes, statement: Statement) -> bool:
        number = self.tree.number_of(parent)
        return bool(method(self, candidate, parent, statement)) or (
            candidate.parent_hash == parent and candidate.view == statement.view and number is not None
        )

    patch.around(Ancestry, "_is_child", is_child)


@mutant("Blocks that do not execute are voted for.")
def invalid_blocks_accepted(patch: Patch) -> None:
    def judge(method: Any, self: Any, block: bytes, is_valid: bool) -> None:
        method(self, block, True)

    patch.around(Tree, "judge", judge)


@mutant("Anybody may propose in anybody's turn.")
def any_leader(patch: Patch) -> None:
    def proposed(method: Any, self: Any, peer: bytes, candidate: Any, vote: Vote) -> None:
        view = vote.statement.view
        if self.view <= view <= self.view + 4 and not self.is_over and view not in self._proposals:
            self._proposals[view] = (candidate, vote.statement)
            self._ancestry.tree.add(candidate)
            self._is_dirty = True
        self._on_vote(peer, vote)

    def is_child(method: Any, self: Any, candidate: Any, parent: bytes, statement: Statement) -> bool:
        leader = self._leaders.leader(statement.view)
        return bool(method(self, candidate.replace(proposer=leader), parent, statement))

    patch.around(Core, "_on_proposal", proposed)
    patch.around(Ancestry, "_is_child", is_child)


@mutant("What is invalid is not nullified but waited for, and the view's end does not come either.")
def invalid_not_nullified(patch: Patch) -> None:
    def nullify(method: Any, self: Any, view: int) -> None:
        if view not in self._proposals:
            method(self, view)

    patch.around(Core, "_nullify", nullify)
