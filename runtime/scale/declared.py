"""Struct and Enum: the classes by which a type is declared."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import cleandoc
from types import MappingProxyType
from typing import ClassVar, Final

from runtime.scale.record import Record, is_whole

NO_PARAMETERS: Final[Mapping[str, object]] = MappingProxyType({})


class Struct(Record):
    """A struct: annotations are its fields, in the order of the encoding.

        class AccountData(Struct, path="pallet_balances::types::AccountData"):
            free: U128
            reserved: U128 = 0

    `path` is the type's in metadata; the module's and the class's name when absent. With `unnamed=True` the
    fields have no names in metadata, as in Rust's tuple structs. An underscore behind a name (`from_`) is
    left out there. `params` are the arguments of a generic type, by the parameters' names: clients tell apart
    by them what has the same path.
    """

    __type_path__: ClassVar[tuple[str, ...]] = ()
    __type_params__: ClassVar[Mapping[str, object]] = NO_PARAMETERS
    __unnamed__: ClassVar[bool] = False

    def __init_subclass__(
        cls, *, path: str | None = None, params: Mapping[str, object] = NO_PARAMETERS, unnamed: bool = False
    ) -> None:
        if is_whole(cls):
            cls.__type_path__ = default_path(cls) if path is None else tuple(path.split("::"))
            cls.__type_params__ = params
            cls.__unnamed__ = unnamed


class Enum(Record):
    """An enum: a subclass without `index` is the type, its subclasses with `index` are the variants.

        class Shape(Enum):
            ...

        class Circle(Shape, index=0):
            radius: U32

    `name` is the variant's in metadata; the class's when absent. `path`, `params` and `unnamed` are as for
    `Struct`.
    """

    __type_path__: ClassVar[tuple[str, ...]] = ()
    __type_params__: ClassVar[Mapping[str, object]] = NO_PARAMETERS
    __unnamed__: ClassVar[bool] = False
    __variant_index__: ClassVar[int | None] = None
    __variant_name__: ClassVar[str] = ""
    __variants__: ClassVar[list[type[Enum]]] = []
    __sealed__: ClassVar[bool] = False

    def __init_subclass__(
        cls,
        *,
        index: int | None = None,
        name: str | None = None,
        path: str | None = None,
        params: Mapping[str, object] = NO_PARAMETERS,
        unnamed: bool = False,
    ) -> None:
        if not is_whole(cls):
            return
        if index is None:
            if cls.__variant_index__ is not None:
                raise TypeError(f"{cls.__name__}: a variant cannot have variants")
            if cls.__match_args__:
                raise TypeError(f"{cls.__name__} has fields, and so is a variant: it needs index=")
            cls.__type_path__ = default_path(cls) if path is None else tuple(path.split("::"))
            cls.__type_params__ = params
            cls.__variants__, cls.__sealed__ = [], False
            return
        enum = cls.__mro__[1]
        if not issubclass(enum, Enum) or enum is Enum or enum.__variant_index__ is not None:
            raise TypeError(f"{cls.__name__}: index= is for direct subclasses of an enum")
        if enum.__sealed__:
            raise TypeError(f"{cls.__name__}: {enum.__name__} is in use, and can have no more variants")
        if path is not None or params:
            raise TypeError(f"{cls.__name__}: path= and params= are the enum's, not the variant's")
        cls.__variant_index__ = index
        cls.__variant_name__ = cls.__name__.rstrip("_") if name is None else name
        cls.__unnamed__ = unnamed
        enum.__variants__.append(cls)


def default_path(cls: type[Record]) -> tuple[str, ...]:
    """The metadata path of a class that names none."""
    return (*cls.__module__.split("."), cls.__name__)


def docs_of(cls: type[object]) -> tuple[str, ...]:
    """The lines of a class's own docstring."""
    text = vars(cls).get("__doc__")
    return tuple(cleandoc(text).splitlines()) if text else ()
