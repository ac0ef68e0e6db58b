"""Parameters: from JSON values to typed arguments, with errors that name the parameter and the reason.

A handler's annotations are read once, when it is registered. Plain annotations (`int`, `str`, `bool`,
`list[T]`, `T | None`, `Literal`, a `StrEnum`, a `msgspec.Struct`) work as they stand; what is
`Annotated[T, Param(…)]` carries a converter of its own, as the aliases below do.
"""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    TypeAlias,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from node.rpc.errors import InvalidParams
from runtime.crypto import ss58

SHOWN_CHARACTERS_MAX: Final = 40
"""How much of a refused value an error repeats."""

_HEX = re.compile(r"(?:0x)?((?:[0-9a-fA-F]{2})*)\Z")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,16}\Z")


class Unfit(ValueError):
    """A JSON value is not what the parameter wants."""


@dataclass(frozen=True, slots=True)
class Param:
    """How one parameter is read: what is expected, in words, and the conversion, which raises `Unfit`."""

    expected: str
    convert: Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a handler, in its place."""

    name: str
    position: int
    """Counted from 1, as error messages count."""
    param: Param
    default: object
    """`inspect.Parameter.empty` when the parameter is required."""

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    def convert(self, value: object) -> object:
        """The argument; a null means the default where there is one."""
        if value is None and not self.required:
            return self.default
        try:
            return self.param.convert(value)
        except Unfit as unfit:
            raise self.refusal(str(unfit)) from None

    def refusal(self, reason: str) -> InvalidParams:
        """The error that names this parameter."""
        return InvalidParams(f"'{self.name}' (position {self.position}): {reason}")


class Parameters:
    """The positional parameters of one handler, after those that the server gives."""

    def __init__(self, handler: Callable[..., object], given: int) -> None:
        """Read the signature of `handler`; its first `given` parameters come from the server."""
        hints = get_type_hints(handler, include_extras=True)
        declared = list(inspect.signature(handler).parameters.values())
        if len(declared) < given or any(p.kind is not p.POSITIONAL_OR_KEYWORD for p in declared):
            raise TypeError(f"{handler.__qualname__} must take {given} or more plain positional parameters")
        self._parameters = tuple(
            Parameter(p.name, position, param_of(hints[p.name]), p.default)
            for position, p in enumerate(declared[given:], start=1)
        )
        self._required = sum(p.required for p in self._parameters)

    def convert(self, values: Sequence[object]) -> list[object]:
        """The arguments for the handler, or a refusal that names the first parameter that is wrong."""
        if len(values) > len(self._parameters):
            raise InvalidParams(f"at most {_count(len(self._parameters))}, {len(values)} given")
        for missing in self._parameters[len(values) : self._required]:
            raise missing.refusal(f"missing, expected {missing.param.expected}")
        return [parameter.convert(value) for parameter, value in zip(self._parameters, values, strict=False)]


def _count(parameters: int) -> str:
    return "1 parameter" if parameters == 1 else f"{parameters} parameters"


def shown(value: object) -> str:
    """A refused value in a few words, never longer than a line."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            text = str(value)
            return text if len(text) <= SHOWN_CHARACTERS_MAX else f"a number of {len(text)} digits"
        case str():
            cut = value if len(value) <= SHOWN_CHARACTERS_MAX else value[:SHOWN_CHARACTERS_MAX] + "…"
            return msgspec.json.encode(cut).decode()
        case list():
            return f"an array of {len(cast('list[object]', value))}"
        case _:
            return "an object"


def refuse(expected: str, value: object) -> Unfit:
    """The refusal of `value` where `expected` was wanted."""
    return Unfit(f"expected {expected}, got {shown(value)}")


# Annotations.


def param_of(annotation: Any) -> Param:
    """The converter that an annotation asks for."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        for extra in arguments[1:]:
            if isinstance(extra, Param):
                return extra
        return param_of(arguments[0])
    if origin in (Union, types.UnionType):
        return _either([param_of(a) for a in arguments])
    if origin is list:
        return _list_of(param_of(arguments[0]))
    if origin is Literal:
        return _one_of(arguments)
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return _member_of(annotation)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return _struct(annotation)
    raise TypeError(f"no JSON parameter can be read as {annotation!r}: annotate it with Param(…)")


def _plain(expected: str, kind: type) -> Param:
    def convert(value: object) -> object:
        if type(value) is not kind:
            raise refuse(expected, value)
        return value

    return Param(expected, convert)


def _either(choices: list[Param]) -> Param:
    expected = " or ".join(choice.expected for choice in choices)

    def convert(value: object) -> object:
        for choice in choices:
            try:
                return choice.convert(value)
            except Unfit as unfit:
                if value is not None and choice.expected.startswith("an array") and isinstance(value, list):
                    raise unfit from None
        raise refuse(expected, value)

    return Param(expected, convert)


def _list_of(item: Param) -> Param:
    expected = f"an array, each {item.expected}"

    def convert(value: object) -> object:
        if not isinstance(value, list):
            raise refuse(expected, value)
        converted: list[object] = []
        for index, element in enumerate(cast("list[object]", value)):
            try:
                converted.append(item.convert(element))
            except Unfit as unfit:
                raise Unfit(f"element {index}: {unfit}") from None
        return converted

    return Param(expected, convert)


def _one_of(allowed: tuple[object, ...]) -> Param:
    expected = " or ".join(shown(value) for value in allowed)

    def convert(value: object) -> object:
        for choice in allowed:
            if type(value) is type(choice) and value == choice:
                return value
        raise refuse(expected, value)

    return Param(expected, convert)


def _member_of(kind: type[StrEnum]) -> Param:
    allowed = _one_of(tuple(each.value for each in kind))
    return Param(allowed.expected, lambda value: kind(str(allowed.convert(value))))


def _struct(kind: type[msgspec.Struct]) -> Param:
    expected = f"an object with {', '.join(repr(name) for name in kind.__struct_encode_fields__)}"

    def convert(value: object) -> object:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise Unfit(f"expected {expected}; {error}") from None

    return Param(expected, convert)


_PLAIN: dict[object, Param] = {
    int: _plain("an integer", int),
    str: _plain("a string", str),
    bool: _plain("true or false", bool),
    type(None): _plain("null", type(None)),
    object: Param("any value", lambda value: value),
}


# The words of the chain.


def hex_bytes(expected: str, length: int | None = None) -> Param:
    """Bytes in hex, with or without 0x, of one length or any."""

    def convert(value: object) -> object:
        found = _HEX.match(value) if isinstance(value, str) else None
        if found is None or (length is not None and len(found[1]) != 2 * length):
            raise refuse(expected, value)
        return bytes.fromhex(found[1])

    return Param(expected, convert)


def unsigned(bits: int) -> Param:
    """An integer of `bits` bits, never negative."""
    expected = f"an integer from 0 to 2^{bits} - 1"

    def convert(value: object) -> object:
        if type(value) is not int or not 0 <= value < 1 << bits:
            raise refuse(expected, value)
        return value

    return Param(expected, convert)


def _block_number() -> Param:
    expected = 'a block number (an integer, or hex such as "0x2a")'

    def convert(value: object) -> object:
        if isinstance(value, str) and _QUANTITY.match(value):
            value = int(value, 16)
        if type(value) is not int or not 0 <= value < 1 << 64:
            raise refuse(expected, value)
        return value

    return Param(expected, convert)


def _account(value: object) -> bytes:
    try:
        return ss58.decode(value if isinstance(value, str) else "")[0]
    except ss58.InvalidAddress as error:
        raise Unfit(f"expected an SS58 address; {error}") from None


Account: TypeAlias = Annotated[bytes, Param("an SS58 address", _account)]
Hash: TypeAlias = Annotated[bytes, hex_bytes("a hash (32 bytes in hex)", 32)]
HexBytes: TypeAlias = Annotated[bytes, hex_bytes("bytes in hex")]
U32: TypeAlias = Annotated[int, unsigned(32)]
U64: TypeAlias = Annotated[int, unsigned(64)]
BlockNumber: TypeAlias = Annotated[int, _block_number()]
