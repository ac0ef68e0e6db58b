"""Plain values: what JSON can say, to and from the values of declared types.

Numbers are numbers or decimal strings (underscores allowed), bytes are `0x` hex, accounts are hex or SS58
addresses, records are objects by field, variants are `"Name"` or `{"Name": {...}}`, absence is null, vectors
and tuples are lists.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Annotated, Any, Final, TypeGuard, TypeVar, Union, get_args, get_origin

from runtime.crypto import ss58
from runtime.scale import Enum, Err, Fixed, Max, Newtype, Ok, Struct
from runtime.scale.annotations import hints_of
from runtime.scale.errors import SHOWN_CHARACTERS_MAX, show
from runtime.scale.marks import Width
from runtime.types.era import Era

R = TypeVar("R", bound="Struct | Enum")
SS58_PREFIX: Final = 42
ACCOUNT_PATH: Final = "sp_core::crypto::AccountId32"


class PlainError(ValueError):
    """A plain value does not fit its type; says where and why."""

    def __init__(self, why: str, path: str = "") -> None:
        super().__init__(why, path)
        self.why = why
        self.path = path

    def inside(self, name: str) -> PlainError:
        """The same error, seen from one level further out."""
        joint = "" if not self.path or self.path.startswith("[") else "."
        return PlainError(self.why, f"{name}{joint}{self.path}")

    def __str__(self) -> str:
        return f"{self.path}: {self.why}" if self.path else self.why


def from_plain(annotation: Any, value: Any) -> Any:
    """The value of type `annotation` that the plain `value` describes; raises `PlainError`."""
    base, marks = unwrap(annotation)
    if isinstance(base, type):
        if issubclass(base, Struct):
            return _struct(base, value)
        if issubclass(base, Enum):
            return _variant(base, value)
        if issubclass(base, enum.Enum):
            return _member(base, value)
    if base is bool:
        if not isinstance(value, bool):
            raise PlainError(f"{show(value)} is neither true nor false")
        return value
    if base is int:
        return _integer(value, marks)
    if base is str:
        if not isinstance(value, str):
            raise PlainError(f"{show(value)} is no text")
        _bounded(len(_utf8(value)), "bytes", marks)
        return value
    if base is bytes:
        return _bytes(value, marks)
    if base in (None, types.NoneType):
        return None
    origin, arguments = get_origin(base), get_args(base)
    if origin in (Union, types.UnionType):
        some = [each for each in arguments if each is not types.NoneType]
        return None if value is None else from_plain(some[0], value)
    if origin is tuple:
        return _sequence(arguments, value, marks)
    raise PlainError(f"no plain form of {base!r}")


def to_plain(value: Any) -> Any:
    """A plain value that says the same: what `--json` prints."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, int):
        return value
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, Era):
        return {"period": value.period, "phase": value.phase}
    if isinstance(value, Enum):
        name = type(value).__variant_name__
        fields = _fields(value)
        return {name: fields} if fields else name
    if isinstance(value, Struct):
        return _fields(value)
    if is_result(value):
        return plain_result(value, to_plain)
    if _is_list(value):
        return [to_plain(each) for each in value]
    raise TypeError(f"no plain form of {type(value).__name__}")


def is_result(value: Any) -> TypeGuard[Ok[Any] | Err[Any]]:
    """Whether a value is a result of either kind."""
    return isinstance(value, (Ok, Err))


def plain_result(result: Ok[Any] | Err[Any], plain: Callable[[Any], Any]) -> Any:
    """`"Ok"`, `{"Ok": ...}` or `{"Err": ...}`, what is inside written by `plain`."""
    name, inner = ("Ok", result.value) if isinstance(result, Ok) else ("Err", result.error)
    return name if inner == () else {name: plain(inner)}


def _fields(record: Struct | Enum) -> dict[str, Any]:
    names: tuple[str, ...] = type(record).__match_args__
    return {name.rstrip("_"): to_plain(getattr(record, name)) for name in names}


def _is_object(value: Any) -> TypeGuard[Mapping[Any, Any]]:
    return isinstance(value, Mapping)


def _is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, (list, tuple))


def unwrap(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without its marks, and the marks."""
    if get_origin(annotation) is Annotated:
        base, *marks = get_args(annotation)
        return base, tuple(marks)
    return annotation, ()


def is_account(marks: tuple[Any, ...]) -> bool:
    """Whether a type so marked is that of accounts."""
    return any(isinstance(mark, Newtype) and mark.path == ACCOUNT_PATH for mark in marks)


def _struct(cls: type[R], value: Any) -> R:
    if isinstance(value, cls):
        return value
    if not _is_object(value):
        raise PlainError(f"{show(value)} is no object")
    hints = hints_of(cls)
    given = {name.rstrip("_"): name for name in hints}
    unknown = [name for name in value if name not in given]
    if unknown:
        where = str(unknown[0])[:SHOWN_CHARACTERS_MAX]
        raise PlainError(f"no field of that name; fields are: {', '.join(given)}", where)
    fields: dict[str, Any] = {}
    for shown, name in given.items():
        if shown in value:
            try:
                fields[name] = from_plain(hints[name], value[shown])
            except PlainError as error:
                raise error.inside(shown) from None
    try:
        return cls(**fields)
    except TypeError:
        missing = [shown for shown, name in given.items() if name not in fields]
        raise PlainError("is missing", missing[0] if missing else "") from None


def _variant(cls: type[Enum], value: Any) -> Enum:
    if isinstance(value, cls):
        return value
    if isinstance(value, str):
        name: Any = value
        inner: Any = {}
    elif _is_object(value) and len(value) == 1:
        ((name, inner),) = value.items()
    else:
        raise PlainError(f'{show(value)} is neither "Name" nor {{"Name": ...}}')
    for kind in cls.__variants__:
        if kind.__variant_name__ == name:
            try:
                return _struct(kind, _named(kind, inner))
            except PlainError as error:
                raise error.inside(str(name)) from None
    names = ", ".join(kind.__variant_name__ for kind in cls.__variants__)
    raise PlainError(f"{show(name)} is none of {names}")


def _named(kind: type[Enum], inner: Any) -> Any:
    """The fields of a variant by name; a variant with a single field may leave its name out."""
    names: tuple[str, ...] = kind.__match_args__
    shown = [name.rstrip("_") for name in names]
    if len(shown) == 1 and not (_is_object(inner) and list(inner) == shown):
        return {shown[0]: inner}
    return inner


def _member(cls: type[enum.Enum], value: Any) -> enum.Enum:
    if isinstance(value, cls):
        return value
    for member in cls:
        if member.name == value:
            return member
    raise PlainError(f"{show(value)} is none of {', '.join(member.name for member in cls)}")


def _integer(value: Any, marks: tuple[Any, ...]) -> int:
    if isinstance(value, str):
        with suppress(ValueError):
            value = int(value, 16) if value.startswith("0x") else int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise PlainError(f"{show(value)} is no whole number")
    for mark in marks:
        if isinstance(mark, Width):
            low, high = (-1 << mark.bits - 1, 1 << mark.bits - 1) if mark.signed else (0, 1 << mark.bits)
            if not low <= value < high:
                raise PlainError(f"{show(value)} is outside [{low}, {high - 1}]")
    return value


def _bytes(value: Any, marks: tuple[Any, ...]) -> bytes:
    if isinstance(value, bytes):
        found = value
    elif not isinstance(value, str):
        raise PlainError(f"{show(value)} is no bytes: write 0x and hex digits")
    elif value.startswith("0x"):
        try:
            found = bytes.fromhex(value[2:])
        except ValueError:
            raise PlainError(f"{show(value)} is no hex") from None
    elif is_account(marks):
        try:
            found, _ = ss58.decode(value)
        except ValueError as error:
            raise PlainError(str(error)) from None
    else:
        found = _utf8(value)
    _bounded(len(found), "bytes", marks)
    sizes = [mark.length for mark in marks if isinstance(mark, Fixed)]
    if sizes and len(found) != sizes[0]:
        raise PlainError(f"{len(found)} bytes, and the type has {sizes[0]}")
    return found


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise PlainError("half a character: a surrogate without the other") from None


def _bounded(length: int, what: str, marks: tuple[Any, ...]) -> None:
    for mark in marks:
        if isinstance(mark, Max) and length > mark.limit:
            raise PlainError(f"{length} {what}, at most {mark.limit} are allowed")


def _sequence(arguments: tuple[Any, ...], value: Any, marks: tuple[Any, ...]) -> tuple[Any, ...]:
    if not _is_list(value):
        raise PlainError(f"{show(value)} is no list")
    _bounded(len(value), "elements", marks)
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        kinds = [arguments[0]] * len(value)
    else:
        kinds = list(arguments)
        if len(kinds) != len(value):
            raise PlainError(f"{len(value)} elements, and the type has {len(kinds)}")
    found: list[Any] = []
    for position, (kind, each) in enumerate(zip(kinds, value, strict=True)):
        try:
            found.append(from_plain(kind, each))
        except PlainError as error:
            raise error.inside(f"[{position}]") from None
    return tuple(found)
