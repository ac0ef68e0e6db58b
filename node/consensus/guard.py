"""The double-sign guard: the last to be asked before a key signs, and the one that forgets nothing.

An honest core never asks for two statements that convict it. The guard does not take its word: it knows what
was signed and refuses what does not go with it, so that a bug, or a key that moved with its interchange file,
cost votes and never the bond. In one view

    notarize, then nullify      legal
    nullify, then notarize      refused
    finalize and nullify        exclude each other
    twice the same kind         the same statement, or refused

Of each kind it remembers the statements themselves, above a floor; what lies at the floor or below may have
been signed by others who held the key, and is refused unless it is the statement of the floor itself. Floors
come from interchange files (`node.consensus.interchange`) and from the bound on what is remembered.

It knows what its files know and no more: an older copy of them, put back, would let the key sign again where
it has signed since, and a second machine with the key has a guard of its own. Against both there is only that
a node listens before it votes (`node.consensus.listening`).

Pure: `node.consensus.history` keeps it on the disk.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final, TypeAlias

from runtime.crypto.hashing import blake2b_256
from runtime.scale import U64, Doc, Struct
from runtime.simplex import Kind, Statement, message
from runtime.types.account import Hash

STATEMENTS_MAX: Final = 1_024
"""How many statements of a kind are remembered; the lowest make place, and become the floor."""

UNKNOWN: Final = bytes(32)
"""The digest where it is not known what was signed: that of no statement."""

Place: TypeAlias = tuple[int, int]
"""Epoch and view, in the order in which they come."""


class Mark(Struct):
    """That something was signed."""

    kind: Kind
    epoch: U64
    view: U64
    digest: Annotated[Hash, Doc("BLAKE2b-256 of the signed bytes.")]

    @property
    def place(self) -> Place:
        """Where in the agreement."""
        return self.epoch, self.view


def mark_of(genesis_hash: bytes, statement: Statement) -> Mark:
    """The mark of a statement that is signed on a chain."""
    digest = blake2b_256(message(genesis_hash, statement))
    return Mark(statement.kind, statement.epoch, statement.view, digest)


class DoubleSign(Exception):
    """A statement that may convict its signer; it is not signed."""

    def __init__(self, asked: Mark, earlier: Mark) -> None:
        verb = earlier.kind.name.lower()
        if earlier.place == asked.place and earlier.digest != UNKNOWN:
            why = f"its key has signed there to {verb} (0x{earlier.digest.hex()})"
        else:
            why = (
                f"its key may have signed to {verb} anything up to epoch {earlier.epoch}, view {earlier.view}"
            )
        super().__init__(
            f"refused to {asked.kind.name.lower()} (0x{asked.digest.hex()}) in epoch {asked.epoch}, view "
            f"{asked.view}: {why}"
        )
        self.asked = asked
        self.earlier = earlier


class Guard:
    """What one key signed on one chain."""

    def __init__(self, genesis_hash: bytes) -> None:
        self._genesis_hash = genesis_hash
        self._floors: dict[Kind, Mark] = {}
        self._signed: dict[Kind, dict[Place, bytes]] = {kind: {} for kind in Kind}

    def permit(self, statement: Statement) -> Mark | None:
        """Let a statement be signed, or raise DoubleSign.

        The mark is to be durable before the signature leaves; None for what is remembered already.
        """
        asked = mark_of(self._genesis_hash, statement)
        known = self._known(asked.kind, asked.place)
        if known is not None:
            if known.digest == asked.digest:
                return None
            raise DoubleSign(asked, known)
        self._check_against(asked.kind, asked)
        for other in _EXCLUDED_BY[asked.kind]:
            if (earlier := self._known(other, asked.place)) is not None:
                raise DoubleSign(asked, earlier)
            self._check_against(other, asked)
        self.remember(asked)
        return asked

    def knows(self, statement: Statement) -> bool:
        """Whether something of the kind was signed in the statement's view, or may have been."""
        place, floor = (statement.epoch, statement.view), self._floors.get(statement.kind)
        return place in self._signed[statement.kind] or (floor is not None and place <= floor.place)

    def remember(self, mark: Mark) -> None:
        """Note what was signed, here and before: the journal's marks, in their order."""
        signed = self._signed[mark.kind]
        signed.setdefault(mark.place, mark.digest)
        if len(signed) > STATEMENTS_MAX:
            lowest = min(signed)
            self.raise_floor(Mark(mark.kind, *lowest, signed.pop(lowest)))

    def raise_floor(self, mark: Mark) -> None:
        """Take everything of this kind, up to here, as signed already. A floor never sinks."""
        floor = self._floors.get(mark.kind)
        if floor is None or mark.place > floor.place:
            self._floors[mark.kind] = mark

    @property
    def floors(self) -> tuple[Mark, ...]:
        """The floor of each kind that has one."""
        return tuple(self._floors.values())

    @property
    def signed(self) -> tuple[Mark, ...]:
        """What is remembered one by one."""
        return tuple(
            Mark(kind, *place, digest)
            for kind, signed in self._signed.items()
            for place, digest in signed.items()
        )

    @property
    def highest(self) -> tuple[Mark, ...]:
        """The last statement of each kind: all that another machine must know."""
        return highest_of((*self.signed, *self.floors))

    def _known(self, kind: Kind, place: Place) -> Mark | None:
        """What is remembered of a kind at a place, exactly."""
        digest = self._signed[kind].get(place)
        if digest is not None:
            return Mark(kind, *place, digest)
        floor = self._floors.get(kind)
        return floor if floor is not None and floor.place == place else None

    def _check_against(self, kind: Kind, asked: Mark) -> None:
        floor = self._floors.get(kind)
        if floor is not None and asked.place <= floor.place:
            raise DoubleSign(asked, floor)


def highest_of(marks: Iterable[Mark]) -> tuple[Mark, ...]:
    """The mark of the latest place of each kind, in the order of the kinds; the first of two at one place."""
    found: dict[Kind, Mark] = {}
    for mark in marks:
        if mark.kind not in found or mark.place > found[mark.kind].place:
            found[mark.kind] = mark
    return tuple(found[kind] for kind in Kind if kind in found)


_EXCLUDED_BY: Final[dict[Kind, tuple[Kind, ...]]] = {
    Kind.Notarize: (Kind.Nullify,),
    Kind.Nullify: (Kind.Finalize,),
    Kind.Finalize: (Kind.Nullify,),
}
"""For each kind, those after which it is not signed in the same view."""
