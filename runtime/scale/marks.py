"""Marks: the words by which an annotation says how a Python value is encoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias, TypeVar

from runtime.scale.record import Err, Ok

T = TypeVar("T")
E = TypeVar("E")
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Width:
    """An integer of so many bits."""

    bits: int
    signed: bool = False


@dataclass(frozen=True, slots=True)
class CharMark:
    """One Unicode scalar value."""


@dataclass(frozen=True, slots=True)
class CompactMark:
    """The compact form of the integer."""


@dataclass(frozen=True, slots=True)
class BitsMark:
    """Bits, eight to the byte."""


@dataclass(frozen=True, slots=True)
class MapMark:
    """Pairs in the order of their keys."""


@dataclass(frozen=True, slots=True)
class SetMark:
    """Elements in their order."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """Exactly `length` elements: `Annotated[bytes, Fixed(32)]` is `[u8; 32]`."""

    length: int


@dataclass(frozen=True, slots=True)
class Max:
    """At most `limit` elements: `Annotated[tuple[U32, ...], Max(64)]`."""

    limit: int


@dataclass(frozen=True, slots=True)
class Newtype:
    """In metadata, a struct at `path` with the type as its one unnamed field."""

    path: str
    docs: str = ""


@dataclass(frozen=True, slots=True)
class Doc:
    """What a field means, for metadata: `free: Annotated[U128, Doc("What may be spent.")]`."""

    text: str


U8: TypeAlias = Annotated[int, Width(8)]
U16: TypeAlias = Annotated[int, Width(16)]
U32: TypeAlias = Annotated[int, Width(32)]
U64: TypeAlias = Annotated[int, Width(64)]
U128: TypeAlias = Annotated[int, Width(128)]
U256: TypeAlias = Annotated[int, Width(256)]
I8: TypeAlias = Annotated[int, Width(8, signed=True)]
I16: TypeAlias = Annotated[int, Width(16, signed=True)]
I32: TypeAlias = Annotated[int, Width(32, signed=True)]
I64: TypeAlias = Annotated[int, Width(64, signed=True)]
I128: TypeAlias = Annotated[int, Width(128, signed=True)]
I256: TypeAlias = Annotated[int, Width(256, signed=True)]

Char: TypeAlias = Annotated[str, CharMark()]
"""One Unicode scalar value."""

Compact: TypeAlias = Annotated[T, CompactMark()]
"""`Compact[U128]`: few bytes for small integers."""

BitVec: TypeAlias = Annotated[tuple[bool, ...], BitsMark()]
"""Bits as bools, eight to the byte, lowest bit first."""

BTreeMap: TypeAlias = Annotated[tuple[tuple[K, V], ...], MapMark()]
"""`BTreeMap[K, V]`: pairs, keys strictly going up."""

BTreeSet: TypeAlias = Annotated[tuple[T, ...], SetMark()]
"""`BTreeSet[T]`: elements strictly going up."""

Result: TypeAlias = Ok[T] | Err[E]
"""`Result[T, E]`: `Ok(value)` or `Err(error)`."""

H256: TypeAlias = Annotated[bytes, Fixed(32), Newtype("primitive_types::H256")]
"""32 bytes: a hash."""
