"""The vote book: who said what in which view, as yet on their word alone.

A vote enters unverified, one for each kind, view and signer, and is heard only from its signer's own
connection: so a bad one stands in nobody's way but its sender's, and leaves the place free when it is found
out. Once those for one statement weigh a quorum the statement is due: all its votes are verified together.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from runtime.simplex import Committee, Kind, Statement, Vote

BAD_VOTES_MAX: Final = 2
"""Bad votes of one signer in one view after which its votes in that view are not heard."""


class _View:
    """The votes of one view."""

    __slots__ = ("bad", "slots", "weights")

    def __init__(self) -> None:
        self.slots: tuple[dict[int, Vote], dict[int, Vote], dict[int, Vote]] = ({}, {}, {})
        """By kind and signer."""
        self.weights: dict[Statement, int] = {}
        self.bad: dict[int, int] = {}


class VoteBook:
    """The votes of one epoch, of the views that the caller lets in and has not dropped."""

    def __init__(self, committee: Committee) -> None:
        self._weights = tuple(each.weight for each in committee.validators)
        self._quorum = committee.quorum
        self._views: dict[int, _View] = {}
        self.due: dict[Statement, None] = {}
        """Statements whose votes weigh a quorum and wait to be verified."""
        self._verifying: dict[Statement, None] = {}

    def add(self, vote: Vote) -> bool:
        """Enter a vote; False when there is one of this kind, view and signer already, or no ear for it."""
        statement = vote.statement
        signer = vote.signer
        view = self._views.get(statement.view)
        if view is None:
            view = self._views[statement.view] = _View()
        slot = view.slots[statement.kind]
        if signer in slot or view.bad.get(signer, 0) >= BAD_VOTES_MAX:
            return False
        slot[signer] = vote
        weight = view.weights.get(statement, 0) + self._weights[signer]
        view.weights[statement] = weight
        if weight >= self._quorum and statement not in self._verifying:
            self.due[statement] = None
        return True

    def vote(self, kind: Kind, view: int, signer: int) -> Vote | None:
        """What a signer said."""
        votes = self._views.get(view)
        return None if votes is None else votes.slots[kind].get(signer)

    def conflict(self, vote: Vote) -> Vote | None:
        """What the same signer said that nobody who is honest says beside this vote; None when nothing."""
        statement = vote.statement
        votes = self._views.get(statement.view)
        if votes is None:
            return None
        held = votes.slots[statement.kind].get(vote.signer)
        if held is not None and held.statement != statement:
            return held
        if statement.kind == Kind.Notarize:
            return None
        other = Kind.Finalize if statement.kind == Kind.Nullify else Kind.Nullify
        return votes.slots[other].get(vote.signer)

    def others(self, vote: Vote) -> tuple[Vote, ...]:
        """Votes of other signers, of the same kind and view, for something else."""
        votes = self._views.get(vote.statement.view)
        if votes is None or len(votes.weights) < 2:
            return ()
        slot = votes.slots[vote.statement.kind]
        return tuple(each for _, each in sorted(slot.items()) if each.statement != vote.statement)

    def take(self, statement: Statement) -> tuple[Vote, ...]:
        """The votes for a statement, by signer; until `settle` it is not due again."""
        self.due.pop(statement, None)
        self._verifying[statement] = None
        votes = self._views.get(statement.view)
        if votes is None:
            return ()
        slot = votes.slots[statement.kind]
        return tuple(each for _, each in sorted(slot.items()) if each.statement == statement)

    def settle(self, statement: Statement, bad: tuple[int, ...]) -> None:
        """The votes taken were verified: drop the bad ones. What weighs a quorum still is due again, unless
        the caller has its certificate and calls `done`.
        """
        self._verifying.pop(statement, None)
        votes = self._views.get(statement.view)
        if votes is None:
            return
        for signer in bad:
            self.drop(statement, signer)
        if votes.weights.get(statement, 0) >= self._quorum:
            self.due[statement] = None

    def drop(self, statement: Statement, signer: int) -> None:
        """Forget a vote that was found bad."""
        votes = self._views.get(statement.view)
        if votes is None:
            return
        slot = votes.slots[statement.kind]
        held = slot.get(signer)
        if held is None or held.statement != statement:
            return
        del slot[signer]
        votes.weights[statement] -= self._weights[signer]
        votes.bad[signer] = votes.bad.get(signer, 0) + 1

    def is_verifying(self, statement: Statement) -> bool:
        """Whether the statement's votes were taken and are not settled."""
        return statement in self._verifying

    def done(self, statement: Statement) -> None:
        """The statement is proven: it needs no votes any more."""
        self.due.pop(statement, None)

    def forget(self, is_old: Callable[[int], bool]) -> None:
        """Drop the views that are old."""
        for view in [each for each in self._views if is_old(each)]:
            del self._views[view]
        for statement in [each for each in self.due if is_old(each.view)]:
            del self.due[statement]

    @property
    def size(self) -> int:
        """How many views there are votes of."""
        return len(self._views)
