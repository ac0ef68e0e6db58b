"""Parameters: values that governance may move, within bounds that stay.

A pallet cannot assign one out of its bounds; and that none stands out of them, whoever wrote it, is looked at
at the end of every block, as the invariant I15.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeVar, overload

from runtime.frame.bound import BoundValue
from runtime.frame.error import Other
from runtime.frame.hooks import Invariant
from runtime.frame.pallet import Pallet
from runtime.frame.storage import StorageValue

T = TypeVar("T", bound=int)
WITHIN_BOUNDS: Final = Invariant("I15", "every parameter is within its bounds", "__call__")


class OutOfBounds(Other):
    """A parameter would leave its bounds."""

    def __init__(self, name: str, value: int, bounds: tuple[int, int]) -> None:
        super().__init__(name, value, bounds)
        self.name = name
        self.value = value
        self.bounds = bounds

    def __str__(self) -> str:
        low, high = self.bounds
        return f"{self.name} = {self.value} is outside [{low}, {high}]"


class Parameter(StorageValue[T]):
    """A storage value with bounds and the track on which governance decides of it.

    `safer` says which direction makes the chain safer ("up", "down", or "" where neither does); `step` bounds
    one change, where the design names a step.
    """

    def __init__(
        self,
        *,
        default: T,
        bounds: tuple[int, int],
        track: str,
        doc: str,
        step: int | None = None,
        safer: str = "",
    ) -> None:
        super().__init__(default=default, doc=doc)
        low, high = bounds
        if not low <= default <= high:
            raise TypeError(f"a parameter's default {default} is outside its bounds [{low}, {high}]")
        self.bounds = bounds
        self.track = track
        self.step = step
        self.safer = safer

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Parameter[T]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> T: ...
    def __get__(self, instance: object | None, owner: type[object]) -> Parameter[T] | T:
        return self if instance is None else self.of(instance)

    def __set__(self, instance: object, value: T) -> None:
        low, high = self.bounds
        if not low <= value <= high:
            raise OutOfBounds(self.name, value, self.bounds)
        super().__set__(instance, value)

    def of(self, instance: Any) -> T:
        """The value now, on a pallet."""
        value: T = instance.__dict__[self.attribute].get()
        return value


class BoundsCheck:
    """Looks at every parameter of some pallets."""

    def __init__(self, pallets: Sequence[Pallet[Any, Any]]) -> None:
        self._limits: list[tuple[BoundValue[int], tuple[int, int]]] = [
            (pallet.__dict__[name], item.bounds)
            for pallet in pallets
            for name, item in pallet.storage.items()
            if isinstance(item, Parameter)
        ]

    def __call__(self) -> str | None:
        """None, or the first parameter that is out of its bounds."""
        for value, (low, high) in self._limits:
            now = value.get()
            if not low <= now <= high:
                return f"{value.name} = {now} is outside [{low}, {high}]"
        return None
