"""Calls: what may be asked of a pallet from outside, declared by `@call` on a method.

The method's second parameter is the origin, and its type is the permission: `origin: Signed` refuses every
other origin before the method runs. The other parameters are the call's arguments, and become metadata with
the docstring.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Concatenate, Final, Generic, ParamSpec, TypeVar, get_args, get_type_hints, overload

from runtime.frame.host import Call, Host, PostInfo
from runtime.frame.names import plain_doc
from runtime.frame.origin import Origin, Root
from runtime.scale import Codec, tuple_codec
from runtime.types.weight import DispatchClass, Pays, Weight

O = TypeVar("O", bound=Origin)  # noqa: E741
P = ParamSpec("P")
ARGUMENTS_MAX: Final = 32
"""How many arguments a call may have."""

WeightOf = Weight | Callable[..., Weight]
"""A weight, or a function of the call's arguments that gives it."""


class CallDeclaration(Generic[O, P]):
    """A method declared as a call; on a pallet it is a `BoundCall`."""

    def __init__(
        self,
        function: Callable[..., PostInfo | None],
        index: int,
        weight: WeightOf,
        dispatch_class: DispatchClass,
        pays: Pays,
    ) -> None:
        if not 0 <= index <= 255:
            raise TypeError(f"{function.__qualname__}: call index {index} is outside [0, 255]")
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"{function.__qualname__}: a call cannot be async: the runtime waits for nothing")
        self.function = function
        self.index = index
        self.weight = weight
        self.dispatch_class = dispatch_class
        self.pays = pays
        self.name = function.__name__
        self.__doc__ = function.__doc__

    @property
    def docs(self) -> tuple[str, ...]:
        """The docstring's lines."""
        return plain_doc(self.function.__doc__)

    def signature(self) -> tuple[tuple[type[Origin], ...], tuple[tuple[str, Any], ...]]:
        """The origins that may call, and the arguments as (name, annotation)."""
        hints = get_type_hints(self.function, include_extras=True)
        names = list(inspect.signature(self.function).parameters)
        if len(names) < 2 or names[1] != "origin":
            raise TypeError(f"{self.function.__qualname__}: a call is written (self, origin: ..., arguments)")
        missing = [name for name in names[1:] if name not in hints]
        if missing:
            raise TypeError(f"{self.function.__qualname__}: parameter {missing[0]!r} names no type")
        origin = hints["origin"]
        origins = get_args(origin) or (origin,)
        if len(names) - 2 > ARGUMENTS_MAX:
            raise TypeError(f"{self.function.__qualname__}: more than {ARGUMENTS_MAX} arguments")
        return origins, tuple((name, hints[name]) for name in names[2:])

    @overload
    def __get__(self, instance: None, owner: type[object]) -> CallDeclaration[O, P]: ...
    @overload
    def __get__(self, instance: object, owner: type[object]) -> BoundCall[O, P]: ...
    def __get__(
        self, instance: object | None, owner: type[object]
    ) -> CallDeclaration[O, P] | BoundCall[O, P]:
        if instance is None:
            return self
        bound: BoundCall[O, P] = instance.__dict__[self.name]
        return bound


class BoundCall(Generic[O, P]):
    """A call of one pallet of one runtime: callable at once, or as data by `.call(...)`."""

    __slots__ = (
        "allowed",
        "arg_codecs",
        "args_codec",
        "declaration",
        "fixed_weight",
        "index",
        "name",
        "pallet",
        "pallet_index",
        "parameters",
        "run",
        "tag",
    )

    def __init__(
        self, declaration: CallDeclaration[O, P], instance: object, host: Host, pallet: str, at: int
    ) -> None:
        origins, parameters = declaration.signature()
        self.declaration = declaration
        self.pallet = pallet
        self.pallet_index = at
        self.index = declaration.index
        self.name = declaration.name
        self.tag = bytes((at, declaration.index))
        """The two bytes that every encoding of this call starts with."""
        self.parameters = parameters
        self.allowed = origins
        self.run: Callable[..., PostInfo | None] = declaration.function.__get__(instance)
        self.arg_codecs = tuple(host.codec(kind) for _, kind in parameters)
        self.args_codec: Codec[tuple[Any, ...]] = tuple_codec(
            self.arg_codecs, labels=[f".{name}" for name, _ in parameters]
        )
        """The arguments' encoding, one behind the other."""
        self.fixed_weight = declaration.weight if isinstance(declaration.weight, Weight) else None
        """What it may use at most, when that does not depend on the arguments."""

    def __call__(self, origin: O, *args: P.args, **kwargs: P.kwargs) -> PostInfo | None:
        return self.run(origin, *args, **kwargs)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> Call:
        """The same call as data."""
        if kwargs:
            names = [name for name, _ in self.parameters]
            given = [*args, *(kwargs[name] for name in names[len(args) :])]
            return Call(self, tuple(given))
        return Call(self, args)

    def allows(self, origin: object) -> bool:
        """Whether the call may be made on the authority of `origin`."""
        return isinstance(origin, self.allowed)

    def is_root(self, origin: object) -> bool:
        """Whether `origin` is Root, whom filters do not hold."""
        return type(origin) is Root

    def weight_of(self, args: tuple[Any, ...]) -> Weight:
        """The most that the call may use with these arguments."""
        fixed = self.fixed_weight
        if fixed is not None:
            return fixed
        weight = self.declaration.weight
        assert not isinstance(weight, Weight)
        return weight(*args)

    def __repr__(self) -> str:
        return f"<call {self.pallet}.{self.name}>"


def call(
    *,
    index: int,
    weight: WeightOf,
    dispatch_class: DispatchClass = DispatchClass.Normal,
    pays: Pays = Pays.Yes,
) -> Callable[[Callable[Concatenate[Any, O, P], PostInfo | None]], CallDeclaration[O, P]]:
    """Declare a method as the pallet's call number `index`.

    `weight` is what it may use at most: a `Weight`, or a function of the arguments. A call that used less
    returns `PostInfo(actual_weight)`, and the difference is refunded.
    """

    def declare(function: Callable[Concatenate[Any, O, P], PostInfo | None]) -> CallDeclaration[O, P]:
        return CallDeclaration(function, index, weight, dispatch_class, pays)

    return declare
