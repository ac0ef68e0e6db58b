"""Ballots: what one has said oneself, and what may be said beside it.

    notarize   not after nullify, and not twice, in one view
    nullify    not beside finalize
    finalize   not beside nullify

and nothing, twice or differently, in a view at or below the last final one. A statement counts as said from
the moment that its signature is asked for: what happens to the signature does not matter any more.
"""

from __future__ import annotations

from collections.abc import Callable

from runtime.simplex import Kind, Statement, Vote


class Ballots:
    """One validator's votes of one epoch, from the last final view on."""

    def __init__(self) -> None:
        self._cast: dict[tuple[int, Kind], Statement] = {}
        self._signed: dict[tuple[int, Kind], Vote] = {}
        self._floor = 0

    def has(self, kind: Kind, view: int) -> bool:
        """Whether something of this kind was said of a view."""
        return (view, kind) in self._cast

    def may(self, kind: Kind, view: int) -> bool:
        """Whether something of this kind may be said of a view, for the first time."""
        if view <= self._floor or (view, kind) in self._cast:
            return False
        match kind:
            case Kind.Notarize:
                return (view, Kind.Nullify) not in self._cast
            case Kind.Nullify:
                return (view, Kind.Finalize) not in self._cast
            case Kind.Finalize:
                return (view, Kind.Nullify) not in self._cast

    def cast(self, statement: Statement) -> None:
        """Say it; it may be said."""
        key = (statement.view, statement.kind)
        assert key not in self._cast, "nothing is said twice"
        self._cast[key] = statement

    def sign(self, vote: Vote) -> bool:
        """What was said is signed; False when nothing of the kind was said, or it was signed before."""
        key = (vote.statement.view, vote.statement.kind)
        if self._cast.get(key) != vote.statement or key in self._signed:
            return False
        self._signed[key] = vote
        return True

    def restore(self, vote: Vote) -> None:
        """Remember what was said in an earlier life."""
        key = (vote.statement.view, vote.statement.kind)
        self._cast[key] = vote.statement
        self._signed[key] = vote

    def above(self, view: int) -> tuple[Vote, ...]:
        """What was signed of the views above, by view."""
        return tuple(vote for (of, _), vote in sorted(self._signed.items()) if of > view)

    def of_view(self, view: int) -> tuple[Vote, ...]:
        """What was signed of one view."""
        found = (self._signed.get((view, kind)) for kind in Kind)
        return tuple(vote for vote in found if vote is not None)

    def raise_floor(self, view: int) -> None:
        """A view is final: what was said of it and of earlier ones is needed no more."""
        self._floor = view
        self._cast = {key: each for key, each in self._cast.items() if key[0] > view}
        self._signed = {key: each for key, each in self._signed.items() if key[0] > view}

    def forget(self, is_old: Callable[[int], bool]) -> None:
        """Drop what was said of views that are old: nothing will be asked of them any more."""
        self._cast = {key: each for key, each in self._cast.items() if not is_old(key[0])}
        self._signed = {key: each for key, each in self._signed.items() if not is_old(key[0])}

    @property
    def size(self) -> int:
        """How many statements are remembered."""
        return len(self._cast)
