"""Parameters: values that governance may move, within bounds that stay.

A pallet cannot assign one out of its bounds; and that none stands out of them, whoever wrote it, is looked at
at the end of every block, as the invariant I15 (`runtime.frame.catalogue`).
"""

from __future__ import annotations

from typing import Any, Final, TypeGuard, TypeVar, overload

from runtime.frame.bound import BoundValue
from runtime.frame.error import Other
from runtime.frame.host import Host
from runtime.frame.storage import StorageValue
from runtime.scale import PrimitiveType

T = TypeVar("T", bound=int)
KINDS: Final = ("u8", "u16", "u32", "u64", "u128")
"""What a parameter may be: numbers that all fit into one type."""
SAFER: Final = ("", "up", "down")
"""Which direction of a parameter may make the chain safer."""


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

    `safer` says which direction makes the chain safer ("up", "down", or "" where neither does). Where the
    design names a `step`, no two values that the parameter has within 14 days are further apart.
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
        if safer not in SAFER:
            raise TypeError(f"a parameter is safer 'up', 'down' or '', not {safer!r}")
        if step is not None and step < 1:
            raise TypeError(f"a parameter with a step of {step} could never move")
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

    def kind(self, host: Host) -> str:
        """Its type, as metadata names it: one of `KINDS`. Raises TypeError for any other."""
        definition = host.codec(self.value_type).description.definition
        if not isinstance(definition, PrimitiveType) or definition.name not in KINDS:
            raise TypeError(f"parameter {self.attribute!r} is none of {', '.join(KINDS)}")
        return definition.name

    def bind(self, host: Host, pallet: str) -> BoundValue[T]:
        """Raises TypeError for a parameter that is no number, or whose bounds its type does not hold."""
        kind, (low, high) = self.kind(host), self.bounds
        if low < 0 or high >> int(kind.removeprefix("u")):
            raise TypeError(
                f"the bounds [{low}, {high}] of parameter {self.attribute!r} do not fit into {kind}"
            )
        return super().bind(host, pallet)


def is_parameter(item: object) -> TypeGuard[Parameter[int]]:
    """Whether something that a pallet declares is a parameter."""
    return isinstance(item, Parameter)
