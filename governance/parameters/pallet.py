"""Parameters: the registry of what governance may move, and the one call that moves it.

    a pallet declares        path, bounds, step, topic, safe side    (`runtime.frame.parameter`)
    a referendum is enacted  begin_change(n) --> set_parameter(path, value) --> begin_change(None)
    the block ends           I15: each parameter that stands elsewhere than in the parent block got there so

The direction of a move is judged against the value that stands when the call runs, not against the one that
stood when it was proposed: a change that was safer then, and is looser now, is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from governance.origins import TrackOrigin, track_of
from governance.parameters import registry
from governance.parameters import types as t
from runtime.frame import (
    Pallet,
    PostInfo,
    Root,
    StorageDoubleMap,
    StorageMap,
    StorageOption,
    Twox64Concat,
    call,
    constant,
    hookimpl,
    runtime_api,
)
from runtime.frame.catalogue import Catalogue, PlacedParameter
from runtime.frame.governance import PollIndex, RootKey
from runtime.scale import U32, U128
from runtime.types import BlockNumber, Weight, db

COMPUTE: Final = 300_000_000
"""Picoseconds: at worst, the constants of a pallet are looked through for a path that is no parameter."""


def weight_of_move(moves: int) -> Weight:
    """A move that looks at so many earlier ones."""
    return db(reads=4 + moves, writes=3, compute=COMPUTE)


class Parameters(Pallet[t.ParametersEvent, t.ParametersError]):
    """What may be moved, what has been, and by whom."""

    config: t.Config
    catalogue: Catalogue
    keys: tuple[RootKey, ...]

    changes = StorageDoubleMap[t.Path, U32, t.Change](
        hashers=(Twox64Concat, Twox64Concat), doc="Every move, by the parameter's path and counted from 0."
    )
    change_count = StorageMap[t.Path, U32](
        default=0, hasher=Twox64Concat, doc="How often each parameter has moved."
    )
    enacting = StorageOption[PollIndex](doc="The referendum that is being enacted; none between enactments.")

    @call(index=0, weight=weight_of_move(registry.MOVES_MAX))
    def set_parameter(self, origin: Root | TrackOrigin, path: t.Path, value: U128) -> PostInfo:
        """Move a parameter, given by its path `Pallet.Item`. The origin is that of its topic's track for this
        direction, or Root.
        """
        placed = self._find(path)
        declared, old = placed.declared, placed.now()
        low, high = declared.bounds
        if not low <= value <= high:
            raise t.OutsideBounds
        if value == old:
            raise t.NothingMoves
        safe = registry.is_safer(declared.safer, old, value)
        if not registry.may_move(track_of(origin), declared.track, safe=safe):
            raise t.WrongTrack
        mover, values = self._mover(), self._recent(placed)
        if len(values) > registry.MOVES_MAX:
            raise t.TooManyMoves
        if not registry.reach(declared.bounds, declared.step, values).holds(value):
            raise t.StepTooLong
        placed.move(value)
        number = self.change_count[path]
        self.changes[path, number] = t.Change(self.host.number, old, value, mover)
        self.change_count[path] = number + 1
        self.emit(t.ParameterSet(path, old, value, mover))
        return PostInfo(weight_of_move(len(values)))

    # runtime.frame.governance.ParameterBook

    def begin_change(self, referendum: int | None) -> None:
        self.enacting = referendum

    # runtime.frame.governance.ParameterHistory

    def tells_of(self, path: str, old: int, new: int) -> bool:
        value = new
        for change in self._backwards(path):
            if change.at != self.host.number:
                break
            if change.new != value or (isinstance(change.by, t.ByRoot) and not self.keys):
                return False
            value = change.old
        return value == old

    # What anybody may ask.

    @runtime_api("ParametersApi", version=1)
    def list(self) -> t.Infos:
        """Every parameter of the chain."""
        return tuple(self._info(each) for each in self.catalogue)

    @runtime_api("ParametersApi", version=1)
    def get(self, path: t.Path) -> t.ParameterInfo | None:
        """One parameter; none if no pallet declares it."""
        placed = self.catalogue.find(path)
        return None if placed is None else self._info(placed)

    @runtime_api("ParametersApi", version=1)
    def history(self, path: t.Path) -> t.History:
        """The moves of a parameter, the last one first, and at most so many as are told at once."""
        return tuple(islice(self._backwards(path), t.HISTORY_MAX))

    # Constants.

    @constant
    def step_window(self) -> BlockNumber:
        """For how many blocks a step holds: 14 days."""
        return registry.WINDOW_HOURS * self.config.blocks_per_hour

    @constant
    def moves_max(self) -> U32:
        """How often a parameter with a step may move within the step window."""
        return registry.MOVES_MAX

    # Below.

    def _find(self, path: str) -> PlacedParameter:
        placed = self.catalogue.find(path)
        if placed is not None:
            return placed
        raise t.IsConstant if self.catalogue.is_constant(path) else t.UnknownParameter

    def _mover(self) -> t.Mover:
        """Whose move it is. Raises `NoReferendum`."""
        if self.enacting is not None:
            return t.Referendum(self.enacting)
        if not self.keys:
            raise t.NoReferendum
        return t.ByRoot()

    def _recent(self, placed: PlacedParameter) -> tuple[int, ...]:
        """The values that matter to a parameter's step: the one now, and those of the window's moves, so many
        as may be made in it at most.
        """
        if placed.declared.step is None:
            return (placed.now(),)
        moves = islice(self._backwards(placed.path), registry.MOVES_MAX)
        return registry.values_since(self.host.number - self.step_window(), placed.now(), moves)

    def _backwards(self, path: str) -> Iterator[t.Change]:
        """The moves of a parameter, the last one first."""
        for number in reversed(range(self.change_count[path])):
            yield self.changes[path, number]

    def _info(self, placed: PlacedParameter) -> t.ParameterInfo:
        declared = placed.declared
        (low, high), topic = declared.bounds, declared.track
        least, most = registry.reach(declared.bounds, declared.step, self._recent(placed))
        up, down = (
            registry.track_for(topic, safe=declared.safer == direction) for direction in ("up", "down")
        )
        return t.ParameterInfo(
            path=placed.path,
            kind=placed.kind,
            doc=declared.doc,
            value=placed.now(),
            default=declared.default,
            low=low,
            high=high,
            step=declared.step,
            least=least,
            most=most,
            topic=topic,
            safer=declared.safer,
            up_track=up,
            down_track=down,
            changes=self.change_count[placed.path],
        )

    @hookimpl
    def try_state(self) -> None:
        for placed in self.catalogue:
            moves = tuple(self._backwards(placed.path))
            value = placed.now()
            for change in moves:
                assert change.new == value, f"{placed.path} was set to {change.new}, and then was {value}"
                value = change.old
