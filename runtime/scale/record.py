"""Records: frozen values with named fields, as cheap to make as Python allows.

A record class writes its own `__new__`, `__eq__` and `__hash__`, once. Assigning to a field raises, so
records are made through a *twin*: a class of the same slots that does not refuse assignment, and whose
instances then turn into the record. Setting slots past the refusal would cost twice as much.
"""

from __future__ import annotations

from typing import Any, ClassVar, Generic, NoReturn, Self, TypeVar, dataclass_transform, get_origin

from runtime.scale.source import Source

T_co = TypeVar("T_co", covariant=True)
E_co = TypeVar("E_co", covariant=True)

_RESERVED = ("replace",)


def _is_class_variable(annotation: object) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return annotation is ClassVar or get_origin(annotation) is ClassVar


def _constructor(cls: type[Any], names: tuple[str, ...], defaults: dict[str, object]) -> Any:
    source = Source()
    made = source.fresh("r")
    source.line(f"{made} = {source.bind(twin_of(cls))}()")
    for name in names:
        source.line(f"{made}.{name} = {name}")
    source.line(f"{made}.__class__ = cls")
    source.line(f"return {made}")
    parameters = [f"{name}={source.bind(defaults[name])}" if name in defaults else name for name in names]
    return source.function("__new__", ", ".join(["cls", *parameters]))


def _equality(names: tuple[str, ...]) -> Any:
    source = Source()
    with source.block("if other.__class__ is not self.__class__:"):
        source.line("return NotImplemented")
    source.line("return " + (" and ".join(f"self.{name} == other.{name}" for name in names) or "True"))
    return source.function("__eq__", "self, other")


def _hashing(cls: type[Any], names: tuple[str, ...]) -> Any:
    source = Source()
    source.line(f"return hash(({source.bind(cls)}, {''.join(f'self.{name}, ' for name in names)}))")
    return source.function("__hash__", "self")


class RecordType(type):
    """The class of record classes: turns annotations into slots and writes the methods."""

    def __new__(
        mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], /, **keywords: Any
    ) -> RecordType:
        if "__annotate__" in namespace or "__annotate_func__" in namespace:
            raise TypeError(
                f"{name}: from Python 3.14 on, its module needs `from __future__ import annotations`"
            )
        annotations: dict[str, object] = namespace.get("__annotations__", {})
        names = tuple(each for each, kind in annotations.items() if not _is_class_variable(kind))
        defaults = {each: namespace.pop(each) for each in names if each in namespace}
        namespace["__slots__"] = namespace["__match_args__"] = names
        for base in bases:
            if getattr(base, "__match_args__", ()):
                raise TypeError(f"{name}: {base.__name__} has fields, and cannot be a base")
        for each in names:
            if each in _RESERVED or each.startswith("__"):
                raise TypeError(f"{name}.{each}: the name is taken; add an underscore behind it")
        cls = super().__new__(mcls, name, bases, namespace, **keywords)
        methods = [_equality(names), _hashing(cls, names)]
        if names:
            methods.append(_constructor(cls, names, defaults))
        for method in methods:
            method.__qualname__ = f"{cls.__qualname__}.{method.__name__}"
            type.__setattr__(cls, method.__name__, method)
        return cls


@dataclass_transform(frozen_default=True)
class Record(metaclass=RecordType):
    """A frozen value with the fields that its annotations name."""

    __match_args__: ClassVar[tuple[str, ...]] = ()

    def replace(self, **changes: Any) -> Self:
        """The same record with some fields changed."""
        unknown = [name for name in changes if name not in self.__match_args__]
        if unknown:
            raise TypeError(f"{type(self).__name__} has no field {unknown[0]}")
        return type(self)(*(changes.get(name, getattr(self, name)) for name in self.__match_args__))

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), tuple(getattr(self, name) for name in self.__match_args__))


def _refuse_assignment(record: Record, name: str, value: object = None) -> NoReturn:
    raise AttributeError(f"{type(record).__name__} is frozen: make another with replace({name}=...)")


# Set from outside the class body: a visible `__setattr__` would make type checkers accept every assignment.
type.__setattr__(Record, "__setattr__", _refuse_assignment)
type.__setattr__(Record, "__delattr__", _refuse_assignment)


def twin_of(record: type[Any]) -> type[Any]:
    """A class whose instances may be assigned to, and then turned into `record` by their `__class__`."""
    namespace: dict[str, object] = {
        "__slots__": record.__match_args__,
        "__orig_bases__": vars(record).get("__orig_bases__", ()),
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,  # or else assignment, which shares its slot, would be slow
    }
    return type.__new__(type(record), record.__name__, record.__bases__, namespace)


class Ok(Record, Generic[T_co]):
    """The good case of a `Result`."""

    value: T_co


class Err(Record, Generic[E_co]):
    """The bad case of a `Result`."""

    error: E_co
