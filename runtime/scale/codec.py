"""A codec: the SCALE encoding of one type, compiled once, with the portable description of that type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Generic, TypeAlias, TypeVar

from runtime.scale.errors import DecodeError, EncodeError
from runtime.scale.layout import Layout

T = TypeVar("T")

DEPTH_MAX: Final = 32
"""How many times a value may contain itself through recursive types, such as a call within a call."""

Read: TypeAlias = Callable[[bytes, int], tuple[T, int]]
Write: TypeAlias = Callable[[T], bytes]


class Codec(Generic[T]):
    """How values of one type become bytes and come back. Immutable; compare by identity.

    `read` and `write` are plain functions for composing. `read(data, at)` gives the value and the offset
    after it, and checks nothing behind it; `decode` is for whole messages.
    """

    __slots__ = (
        "_describe",
        "_description",
        "bits",
        "fixed_size",
        "is_compact",
        "layout",
        "min_size",
        "name",
        "read",
        "wraps",
        "write",
        "writers",
    )

    name: str
    """Rust's name of the type, such as `AccountInfo` or `Vec<u8>`."""
    read: Callable[[bytes, int], tuple[T, int]]
    """(data, offset) -> (value, next offset), or DecodeError."""
    write: Callable[[T], bytes]
    """value -> bytes, or EncodeError."""
    fixed_size: int | None
    """Bytes of every encoding, when they are the same."""
    min_size: int
    """Bytes of the shortest encoding: what bounds the length that a vector may claim."""
    layout: Layout | None
    """How to merge this type into the record around it, for types of fixed width."""
    bits: int | None
    """Width of an unsigned integer."""
    wraps: Wrap | None
    """The single field, for types that hold exactly one."""
    is_compact: bool
    """Whether it is a compact integer, so that others may read the most frequent form, one byte, in place."""
    writers: Mapping[object, Callable[[T], bytes]]
    """Of an enum whose values tell their variant by their class, what `write` would use for each class."""

    def __init__(
        self,
        name: str,
        read: Callable[[bytes, int], tuple[T, int]],
        write: Callable[[T], bytes],
        *,
        describe: Callable[[], Description],
        min_size: int = 0,
        fixed_size: int | None = None,
        layout: Layout | None = None,
        bits: int | None = None,
        wraps: Wrap | None = None,
        is_compact: bool = False,
        writers: Mapping[object, Callable[[T], bytes]] = MappingProxyType({}),
    ) -> None:
        self.name = name
        self.read = read
        self.write = write
        self.fixed_size = layout.size if layout is not None else fixed_size
        self.min_size = min_size if self.fixed_size is None else self.fixed_size
        self.layout = layout
        self.bits = bits
        self.wraps = wraps
        self.is_compact = is_compact
        self.writers = writers
        self._describe = describe
        self._description: Description | None = None

    def encode(self, value: T) -> bytes:
        """The one encoding of `value`; EncodeError when it does not fit the type."""
        try:
            return self.write(value)
        except EncodeError as error:
            error.inside(self.name)
            raise

    def decode(self, data: bytes) -> T:
        """The value whose encoding is exactly `data`; DecodeError for anything else."""
        if data.__class__ is not bytes:
            raise TypeError(f"decode needs bytes, not {type(data).__name__}")
        try:
            value, end = self.read(data, 0)
        except DecodeError as error:
            error.inside(self.name)
            raise
        if end != len(data):
            raise DecodeError(f"{len(data) - end} bytes remain after the value", end, self.name)
        return value

    @property
    def target(self) -> Codec[T]:
        """The codec itself; for a late one, what it stands for."""
        return self

    @property
    def description(self) -> Description:
        """The portable type, as metadata tells it."""
        if self._description is None:
            self._description = self._describe()
        return self._description

    def __repr__(self) -> str:
        return f"<Codec {self.name}>"


AnyCodec: TypeAlias = Codec[Any]

_depth: ContextVar[int] = ContextVar("scale_depth", default=0)


class LateCodec(Codec[T]):
    """A codec found when it is first used, so that a type may contain itself; it also bounds how deep."""

    __slots__ = ("_resolve", "_target")

    def __init__(self, name: str, resolve: Callable[[], Codec[T]]) -> None:
        def read(data: bytes, at: int) -> tuple[T, int]:
            depth = _depth.get()
            if depth >= DEPTH_MAX:
                raise DecodeError(f"nested deeper than {DEPTH_MAX}", at)
            token = _depth.set(depth + 1)
            try:
                return self.target.read(data, at)
            finally:
                _depth.reset(token)

        def write(value: T) -> bytes:
            depth = _depth.get()
            if depth >= DEPTH_MAX:
                raise EncodeError(f"nested deeper than {DEPTH_MAX}")
            token = _depth.set(depth + 1)
            try:
                return self.target.write(value)
            finally:
                _depth.reset(token)

        # A type that contains itself, and yet ends, must choose whether to go on: at least one byte.
        super().__init__(name, read, write, describe=lambda: self.target.description, min_size=1)
        self._resolve = resolve
        self._target: Codec[T] | None = None

    @property
    def target(self) -> Codec[T]:
        """What the codec stands for."""
        if self._target is None:
            target = self._resolve().target
            if not target.min_size:
                raise TypeError(f"{target.name} may have no bytes, and so cannot be late")
            self._target = target
        return self._target


def lazy(resolve: Callable[[], Codec[T]], name: str = "Self") -> Codec[T]:
    """A codec to be found later: `call = variant_codec("Call", ... lazy(lambda: call) ...)`."""
    return LateCodec(name, resolve)


@dataclass(frozen=True, slots=True)
class Wrap:
    """The single field of a type, for `Compact` of that type."""

    codec: AnyCodec
    make: Callable[[Any], Any]
    take: Callable[[Any], Any]


# ----------------------------------------------------- the portable description of a type (scale-info)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a composite or a variant; `name` is None in tuple-like types."""

    name: str | None
    codec: AnyCodec
    docs: tuple[str, ...] = ()
    type_name: str | None = None
    """How the declaration calls the type; the codec's name when absent."""


@dataclass(frozen=True, slots=True)
class VariantDescription:
    """One variant of an enum."""

    name: str
    fields: tuple[Field, ...]
    index: int
    docs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompositeType:
    """A struct."""

    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class VariantType:
    """An enum."""

    variants: tuple[VariantDescription, ...]


@dataclass(frozen=True, slots=True)
class SequenceType:
    """A vector."""

    codec: AnyCodec


@dataclass(frozen=True, slots=True)
class ArrayType:
    """An array of fixed length."""

    length: int
    codec: AnyCodec


@dataclass(frozen=True, slots=True)
class TupleType:
    """A tuple."""

    codecs: tuple[AnyCodec, ...]


@dataclass(frozen=True, slots=True)
class PrimitiveType:
    """A type of the language: bool, char, str, u8 to u256, i8 to i256."""

    name: str


@dataclass(frozen=True, slots=True)
class CompactType:
    """An unsigned integer in compact form."""

    codec: AnyCodec


@dataclass(frozen=True, slots=True)
class BitSequenceType:
    """Bits, packed into `store` in the order named by `order`."""

    store: AnyCodec
    order: AnyCodec


Definition: TypeAlias = (
    CompositeType
    | VariantType
    | SequenceType
    | ArrayType
    | TupleType
    | PrimitiveType
    | CompactType
    | BitSequenceType
)

Parameters: TypeAlias = tuple[tuple[str, "AnyCodec | None"], ...]


@dataclass(frozen=True, slots=True)
class Description:
    """A portable type: what a client needs to read values of it without knowing the program."""

    definition: Definition
    path: tuple[str, ...] = ()
    params: Parameters = ()
    docs: tuple[str, ...] = ()
