"""Constants: what a pallet publishes beside the fields of its `Config`, declared by `@constant`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from runtime.frame.names import camel, plain_doc
from runtime.frame.pallet import Pallet
from runtime.scale import Doc, Struct
from runtime.scale.annotations import hints_of

F = TypeVar("F", bound=Callable[[Any], Any])
_MARK: Final = "__ballast_constant__"


class Constant(NamedTuple):
    """One published constant of a pallet."""

    name: str
    annotation: Any
    value: Any
    docs: tuple[str, ...]


def constant(function: F) -> F:
    """Publish what a method without arguments returns, under the method's name and with its docstring."""
    setattr(function, _MARK, True)
    return function


def constants_of(pallet: Pallet[Any, Any]) -> Iterator[Constant]:
    """The fields of the pallet's configs in their order, then its `@constant` methods in theirs."""
    cls = type(pallet)
    for attribute, hint in cls.given().items():
        if isinstance(hint, type) and issubclass(hint, Struct):
            config = getattr(pallet, attribute)
            for name, kind in hints_of(hint).items():
                yield Constant(camel(name.rstrip("_")), kind, getattr(config, name), _docs(kind))
    for name in dict.fromkeys(each for base in reversed(cls.__mro__) for each in vars(base)):
        function = inspect.getattr_static(cls, name)
        if getattr(function, _MARK, False):
            annotation = get_type_hints(function, include_extras=True)["return"]
            yield Constant(camel(name), annotation, function(pallet), plain_doc(function.__doc__))


def _docs(hint: Any) -> tuple[str, ...]:
    marks = get_args(hint)[1:] if get_origin(hint) is not None else ()
    return tuple(line for mark in marks if isinstance(mark, Doc) for line in mark.text.splitlines())
