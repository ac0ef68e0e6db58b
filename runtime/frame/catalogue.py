"""The catalogue: every parameter that the pallets of a runtime declare, each in its place, and what holds of
all of them at the end of a block.

Only the loader knows all pallets. A pallet that wants the catalogue names it among what it is given, and the
loader gives it.

    I15  every parameter is within its bounds
    I15  and none has moved but as its history says: where a pallet keeps one (`ParameterHistory`)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from runtime.frame.constant import constants_of
from runtime.frame.governance import ParameterHistory
from runtime.frame.hooks import Invariant
from runtime.frame.host import Host
from runtime.frame.pallet import Pallet
from runtime.frame.parameter import Parameter, is_parameter

WITHIN_BOUNDS: Final = Invariant("I15", "every parameter is within its bounds", "__call__")
MOVED_BY_RIGHT: Final = Invariant(
    "I15",
    "every move of a parameter is in its history, by a referendum or a development chain's Root",
    "__call__",
)


class PlacedParameter:
    """A parameter on its pallet."""

    __slots__ = ("_pallet", "_stored", "declared", "kind", "path")

    def __init__(self, pallet: Pallet[Any, Any], declared: Parameter[int]) -> None:
        self._pallet = pallet
        self._stored = pallet.stored(declared.attribute)
        self.declared = declared
        """What the pallet says of it."""
        self.path: str = self._stored.name
        """`Pallet.Item`, as metadata names both."""
        self.kind = declared.kind(pallet.host)
        """Its type: "u8" to "u128"."""

    def now(self) -> int:
        """The value."""
        value: int = self._stored.get()
        return value

    def before(self) -> int:
        """The value at the end of the parent block."""
        value: int = self._stored.before()
        return value

    def move(self, value: int) -> None:
        """Write a value, as its pallet would. Raises `OutOfBounds`."""
        self.declared.__set__(self._pallet, value)


class Catalogue:
    """All parameters of a runtime, in the order of the pallets' indices and of their declarations."""

    def __init__(self) -> None:
        self._pallets: dict[str, Pallet[Any, Any]] = {}
        self._placed: dict[str, PlacedParameter] = {}

    def settle(self, pallets: Iterable[Pallet[Any, Any]]) -> None:
        """Say what only the whole runtime knows: its pallets, made and in their order."""
        for pallet in pallets:
            assert pallet.seat is not None
            self._pallets[pallet.seat.name] = pallet
            for item in pallet.storage.values():
                if is_parameter(item):
                    placed = PlacedParameter(pallet, item)
                    self._placed[placed.path] = placed

    def __iter__(self) -> Iterator[PlacedParameter]:
        return iter(self._placed.values())

    def __len__(self) -> int:
        return len(self._placed)

    def find(self, path: str) -> PlacedParameter | None:
        """The parameter of a path; None if there is none."""
        return self._placed.get(path)

    def is_constant(self, path: str) -> bool:
        """Whether a path `Pallet.Item` names a constant that the pallet publishes."""
        name, _, item = path.partition(".")
        pallet = self._pallets.get(name)
        return pallet is not None and any(each.name == item for each in constants_of(pallet))


class BoundsCheck:
    """Looks at every parameter of a runtime."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __call__(self) -> str | None:
        """None, or the first parameter that is out of its bounds."""
        for placed in self._catalogue:
            value, (low, high) = placed.now(), placed.declared.bounds
            if not low <= value <= high:
                return f"{placed.path} = {value} is outside [{low}, {high}]"
        return None


class MovesCheck:
    """Looks for parameters that have moved without a word in their history."""

    def __init__(self, catalogue: Catalogue, history: ParameterHistory, host: Host) -> None:
        self._catalogue = catalogue
        self._history = history
        self._host = host

    def __call__(self) -> str | None:
        """None, or the first parameter whose move in this block the history does not tell. Block zero has no
        parent, and nothing has moved in it.
        """
        if self._host.number == 0:
            return None
        for placed in self._catalogue:
            old, new = placed.before(), placed.now()
            if old != new and not self._history.tells_of(placed.path, old, new):
                return f"{placed.path} went from {old} to {new}, and nobody who may has moved it"
        return None
