"""Runtime APIs: questions that anybody may ask of a state by name, declared by `@runtime_api` on a method.

    @runtime_api("CoverageApi", version=1)
    def coverage(self, standard: U32) -> Coverage:
        \"\"\"What stands behind the coins of a standard.\"\"\"

answers `CoverageApi_coverage`. Parameters and result have SCALE types, and with the docstring they become
metadata, so that clients offer the method as a typed function. An answer sees one frozen state, and what it
writes is forgotten.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeVar, get_type_hints

from runtime.frame.names import plain_doc
from runtime.scale import AnyCodec, Codec, DecodeError, tuple_codec

F = TypeVar("F", bound=Callable[..., Any])
_MARK: Final = "__ballast_api__"


class _Mark(NamedTuple):
    api: str
    version: int


def runtime_api(api: str, *, version: int) -> Callable[[F], F]:
    """Declare a method as one of the runtime API `api`, whose methods all have the same version.

    The version rises when a method of the API changes its types or its meaning.
    """

    def mark(function: F) -> F:
        setattr(function, _MARK, _Mark(api, version))
        return function

    return mark


class ApiError(Exception):
    """A runtime API was not answered."""


class UnknownMethod(ApiError):
    """The runtime has no API method of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"Exported method {self.name} is not found"


class BadInput(ApiError):
    """The bytes given are not the arguments of the method."""

    def __init__(self, name: str, cause: DecodeError) -> None:
        super().__init__(name, cause)
        self.name = name
        self.cause = cause

    def __str__(self) -> str:
        return f"Bad input to {self.name}: {self.cause}"


class ApiConflict(Exception):
    """Two owners declare a runtime API in ways that cannot both hold."""


@dataclass(frozen=True, slots=True)
class ApiMethod:
    """One method of a runtime API, ready to be asked."""

    api: str
    name: str
    """The method's name within its API."""
    inputs: tuple[tuple[str, AnyCodec], ...]
    output: AnyCodec
    docs: tuple[str, ...]
    arguments: Codec[tuple[Any, ...]]
    """The arguments, one behind the other."""
    run: Callable[..., Any]

    @property
    def full_name(self) -> str:
        """By what clients ask for it."""
        return f"{self.api}_{self.name}"


@dataclass(frozen=True, slots=True)
class Api:
    """One runtime API: a group of methods under one version."""

    name: str
    version: int
    docs: tuple[str, ...]
    methods: tuple[ApiMethod, ...]


class Apis:
    """Every runtime API of one runtime."""

    def __init__(self, codec: Callable[[Any], AnyCodec], owners: Sequence[object]) -> None:
        self._apis = tuple(_bind(codec, owners))
        self._methods = {method.full_name: method for api in self._apis for method in api.methods}

    def __iter__(self) -> Iterator[Api]:
        return iter(self._apis)

    def call(self, name: str, data: bytes) -> bytes:
        """The encoded answer of `name` to the encoded arguments. Raises `UnknownMethod` and `BadInput`."""
        method = self._methods.get(name)
        if method is None:
            raise UnknownMethod(name)
        try:
            arguments = method.arguments.decode(data)
        except DecodeError as error:
            raise BadInput(name, error) from None
        return method.output.encode(method.run(*arguments))


def api_versions(owners: Mapping[str, type[Any]]) -> dict[str, int]:
    """The version of each API that classes declare, each class by the name that a refusal gives it.

    Raises `ApiConflict` when two disagree about a version, or both declare the same method.
    """
    versions: dict[str, tuple[int, str]] = {}
    methods: dict[str, str] = {}
    for owner, cls in owners.items():
        for name, (api, version) in _declared(cls):
            known, first = versions.setdefault(api, (version, owner))
            if known != version:
                raise ApiConflict(f"{api} has version {known} in {first} and {version} in {owner}")
            other = methods.setdefault(f"{api}_{name}", owner)
            if other != owner:
                raise ApiConflict(f"{other} and {owner} both declare {api}_{name}")
    return {api: version for api, (version, _) in versions.items()}


def _declared(cls: type[Any]) -> Iterator[tuple[str, _Mark]]:
    """A class's API methods in the order of their declaration, those of its bases first."""
    names = dict.fromkeys(name for base in reversed(cls.__mro__) for name in vars(base))
    for name in names:
        mark = getattr(inspect.getattr_static(cls, name), _MARK, None)
        if mark is not None:
            yield name, mark


def _bind(codec: Callable[[Any], AnyCodec], owners: Sequence[object]) -> Iterator[Api]:
    grouped: dict[_Mark, tuple[list[str], list[ApiMethod]]] = {}
    for owner in owners:
        cls = type(owner)
        for name, mark in _declared(cls):
            docs, methods = grouped.setdefault(mark, (list(plain_doc(cls.__doc__)), []))
            methods.append(_method(codec, owner, name, mark.api))
    for (name, version), (docs, methods) in grouped.items():
        yield Api(name, version, tuple(docs), tuple(methods))


def _method(codec: Callable[[Any], AnyCodec], owner: object, name: str, api: str) -> ApiMethod:
    function = inspect.getattr_static(type(owner), name)
    hints = get_type_hints(function, include_extras=True)
    parameters = list(inspect.signature(function).parameters)[1:]
    missing = [each for each in (*parameters, "return") if each not in hints]
    if missing:
        raise TypeError(f"{function.__qualname__}: {missing[0]!r} names no type")
    inputs = tuple((each.rstrip("_"), codec(hints[each])) for each in parameters)
    return ApiMethod(
        api=api,
        name=name,
        inputs=inputs,
        output=codec(hints["return"]),
        docs=plain_doc(function.__doc__),
        arguments=tuple_codec(
            [each for _, each in inputs], labels=[f".{label}" for label, _ in inputs], name=""
        ),
        run=function.__get__(owner),
    )
