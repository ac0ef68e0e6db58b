"""The records of metadata, versions 14 and 15; types stand as ids of the registry."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, TypeAlias

from runtime.scale import U8, U32, BTreeMap, Compact, Enum, Struct
from runtime.scale.registry import PortableType

MAGIC: Final = b"meta"
"""The four bytes before the version."""
TypeId: TypeAlias = Compact[U32]
Docs: TypeAlias = tuple[str, ...]


class Modifier(IntEnum):
    """What a missing storage entry reads as."""

    Optional = 0
    """Nothing."""
    Default = 1
    """The default."""


class EntryType(Enum):
    """What a storage entry holds."""


class Plain(EntryType, index=0, unnamed=True):
    """One value."""

    value: TypeId


class Map(EntryType, index=1):
    """Values by keys: one hasher a key, and a tuple type when there are several."""

    hashers: tuple[U8, ...]
    key: TypeId
    value: TypeId


class StorageEntry(Struct):
    """One storage item."""

    name: str
    modifier: Modifier
    type: EntryType
    default: bytes
    docs: Docs


class PalletStorage(Struct):
    """All storage of a pallet."""

    prefix: str
    entries: tuple[StorageEntry, ...]


class PalletConstant(Struct):
    """One constant, encoded."""

    name: str
    type: TypeId
    value: bytes
    docs: Docs


class PalletV14(Struct):
    """One pallet."""

    name: str
    storage: PalletStorage | None
    calls: TypeId | None
    event: TypeId | None
    constants: tuple[PalletConstant, ...]
    error: TypeId | None
    index: U8


class PalletV15(Struct):
    """One pallet, with its docs."""

    name: str
    storage: PalletStorage | None
    calls: TypeId | None
    event: TypeId | None
    constants: tuple[PalletConstant, ...]
    error: TypeId | None
    index: U8
    docs: Docs


class SignedExtension(Struct):
    """One transaction extension."""

    identifier: str
    type: TypeId
    additional_signed: TypeId


class ExtrinsicV14(Struct):
    """The extrinsic, as one type whose parameters are its parts."""

    type: TypeId
    version: U8
    signed_extensions: tuple[SignedExtension, ...]


class ExtrinsicV15(Struct):
    """The extrinsic, by its parts."""

    version: U8
    address: TypeId
    call: TypeId
    signature: TypeId
    extra: TypeId
    signed_extensions: tuple[SignedExtension, ...]


class ApiParameter(Struct):
    """An argument of a runtime API method."""

    name: str
    type: TypeId


class ApiMethodRecord(Struct):
    """A method of a runtime API."""

    name: str
    inputs: tuple[ApiParameter, ...]
    output: TypeId
    docs: Docs


class ApiRecord(Struct):
    """A runtime API."""

    name: str
    methods: tuple[ApiMethodRecord, ...]
    docs: Docs


class OuterEnums(Struct):
    """The types that all pallets make together."""

    call: TypeId
    event: TypeId
    error: TypeId


class CustomValue(Struct):
    """A value that is no part of any standard."""

    type: TypeId
    value: bytes


class MetadataV14(Struct):
    """A runtime."""

    types: tuple[PortableType, ...]
    pallets: tuple[PalletV14, ...]
    extrinsic: ExtrinsicV14
    type: TypeId


class MetadataV15(Struct):
    """A runtime, with its APIs."""

    types: tuple[PortableType, ...]
    pallets: tuple[PalletV15, ...]
    extrinsic: ExtrinsicV15
    type: TypeId
    apis: tuple[ApiRecord, ...]
    outer_enums: OuterEnums
    custom: BTreeMap[str, CustomValue]
