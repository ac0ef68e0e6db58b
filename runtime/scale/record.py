"""Records: frozen values with named fields, made, compared and hashed by msgspec in C.

A struct of msgspec knows its own class keywords and no others, so the class of record classes keeps ours
(`path=`, `index=`) back while the class is made, and hands them to `__init_subclass__` when it is whole.
"""

from __future__ import annotations

from typing import Any, ClassVar, Final, Generic, Self, TypeVar, dataclass_transform

import msgspec

T_co = TypeVar("T_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)

_RESERVED = ("replace",)

replace: Final = msgspec.structs.replace
"""`replace(record, field=value)`: the same record with some fields changed. Raises TypeError for what is
no field. It is one call of C; the method is one of Python more, and to call the class with all fields takes
half as long again.
"""


class RecordType(msgspec.StructMeta):
    """The class of record classes."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        frozen: bool = True,
        **keywords: Any,
    ) -> RecordType:
        for base in bases:
            if getattr(base, "__match_args__", ()):
                raise TypeError(f"{name}: {base.__name__} has fields, and cannot be a base")
        # What is frozen is made of what was there before, so no record is in a circle, and the collector of
        # circles need not visit the hundred thousands that a node keeps.
        cls = super().__new__(mcls, name, bases, namespace, frozen=frozen, gc=False)
        for field in cls.__match_args__:
            if field in _RESERVED or field.startswith("__"):
                raise TypeError(f"{name}.{field}: the name is taken; add an underscore behind it")
        super(cls, cls).__init_subclass__(**keywords)  # type: ignore[arg-type]
        return cls

    def __init__(
        cls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        /,
        frozen: bool = True,
        **keywords: Any,
    ) -> None:
        super().__init__(name, bases, namespace)


def is_whole(cls: type[Any]) -> bool:
    """Whether the record class is made: `__init_subclass__` is called once before, and once behind."""
    return hasattr(cls, "__match_args__")


@dataclass_transform(frozen_default=True)
class Record(msgspec.Struct, metaclass=RecordType, frozen=True):
    """A frozen value with the fields that its annotations name."""

    __match_args__: ClassVar[tuple[str, ...]]

    def replace(self, **changes: Any) -> Self:
        """The same record with some fields changed. Raises TypeError for what is no field."""
        return replace(self, **changes)


class Ok(Record, Generic[T_co]):
    """The good case of a `Result`."""

    value: T_co


class Err(Record, Generic[E_co]):
    """The bad case of a `Result`."""

    error: E_co
