"""Metadata version 16: what version 15 says, and what of it is deprecated, which is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from runtime.metadata.records import (
    ApiMethodRecord,
    ApiParameter,
    CustomValue,
    Docs,
    EntryType,
    ExtrinsicV15,
    MetadataV15,
    Modifier,
    OuterEnums,
    PalletStorage,
    PalletV15,
    SignedExtension,
    TypeId,
)
from runtime.scale import H256, U8, U32, BTreeMap, Compact, Enum, Struct
from runtime.scale.registry import PortableType

EXTENSIONS_VERSION = 0
"""The one order of extensions that there is."""


class Deprecation(Enum):
    """Whether an item is still meant to be used; this runtime drops what is not."""


class NotDeprecated(Deprecation, index=0):
    """It is."""


VariantDeprecations: TypeAlias = BTreeMap[U8, Deprecation]
"""Deprecated variants of an enum by index; always empty here."""


class StorageEntryV16(Struct):
    """One storage item."""

    name: str
    modifier: Modifier
    type: EntryType
    default: bytes
    docs: Docs
    deprecation: Deprecation = NotDeprecated()


class PalletStorageV16(Struct):
    """All storage of a pallet."""

    prefix: str
    entries: tuple[StorageEntryV16, ...]


class PalletConstantV16(Struct):
    """One constant, encoded."""

    name: str
    type: TypeId
    value: bytes
    docs: Docs
    deprecation: Deprecation = NotDeprecated()


class PalletEnumV16(Struct):
    """A pallet's calls, events or errors."""

    type: TypeId
    deprecations: VariantDeprecations = ()


class AssociatedType(Struct):
    """A type of the pallet's configuration; this runtime tells none."""

    name: str
    type: TypeId
    docs: Docs


class ApiMethodV16(Struct):
    """A method of a runtime API."""

    name: str
    inputs: tuple[ApiParameter, ...]
    output: TypeId
    docs: Docs
    deprecation: Deprecation = NotDeprecated()


class ViewFunction(Struct):
    """A question to one pallet; this runtime has runtime APIs instead."""

    id: H256
    method: ApiMethodV16


class PalletV16(Struct):
    """One pallet."""

    name: str
    storage: PalletStorageV16 | None
    calls: PalletEnumV16 | None
    event: PalletEnumV16 | None
    constants: tuple[PalletConstantV16, ...]
    error: PalletEnumV16 | None
    associated_types: tuple[AssociatedType, ...]
    view_functions: tuple[ViewFunction, ...]
    index: U8
    docs: Docs
    deprecation: Deprecation = NotDeprecated()


class ExtrinsicV16(Struct):
    """The extrinsic, by its parts, in every version that the runtime takes."""

    versions: tuple[U8, ...]
    address: TypeId
    call: TypeId
    signature: TypeId
    extensions_by_version: BTreeMap[U8, tuple[Compact[U32], ...]]
    """By version of the extensions' order: their places in `extensions`."""
    extensions: tuple[SignedExtension, ...]


class ApiV16(Struct):
    """A runtime API."""

    name: str
    methods: tuple[ApiMethodV16, ...]
    docs: Docs
    version: Compact[U32]
    deprecation: Deprecation = NotDeprecated()


class MetadataV16(Struct):
    """A runtime, with what is deprecated in it."""

    types: tuple[PortableType, ...]
    pallets: tuple[PalletV16, ...]
    extrinsic: ExtrinsicV16
    apis: tuple[ApiV16, ...]
    outer_enums: OuterEnums
    custom: BTreeMap[str, CustomValue]


def upgrade(metadata: MetadataV15, api_versions: Mapping[str, int]) -> MetadataV16:
    """The same runtime in version 16."""
    return MetadataV16(
        types=metadata.types,
        pallets=tuple(_pallet(each) for each in metadata.pallets),
        extrinsic=_extrinsic(metadata.extrinsic),
        apis=tuple(
            ApiV16(
                each.name,
                tuple(_method(method) for method in each.methods),
                each.docs,
                api_versions[each.name],
            )
            for each in metadata.apis
        ),
        outer_enums=metadata.outer_enums,
        custom=metadata.custom,
    )


def _pallet(pallet: PalletV15) -> PalletV16:
    return PalletV16(
        name=pallet.name,
        storage=_storage(pallet.storage),
        calls=_enum(pallet.calls),
        event=_enum(pallet.event),
        constants=tuple(
            PalletConstantV16(each.name, each.type, each.value, each.docs) for each in pallet.constants
        ),
        error=_enum(pallet.error),
        associated_types=(),
        view_functions=(),
        index=pallet.index,
        docs=pallet.docs,
    )


def _storage(storage: PalletStorage | None) -> PalletStorageV16 | None:
    if storage is None:
        return None
    entries = (
        StorageEntryV16(each.name, each.modifier, each.type, each.default, each.docs)
        for each in storage.entries
    )
    return PalletStorageV16(storage.prefix, tuple(entries))


def _enum(kind: int | None) -> PalletEnumV16 | None:
    return None if kind is None else PalletEnumV16(kind)


def _extrinsic(extrinsic: ExtrinsicV15) -> ExtrinsicV16:
    places = tuple(range(len(extrinsic.signed_extensions)))
    return ExtrinsicV16(
        versions=(extrinsic.version,),
        address=extrinsic.address,
        call=extrinsic.call,
        signature=extrinsic.signature,
        extensions_by_version=((EXTENSIONS_VERSION, places),),
        extensions=extrinsic.signed_extensions,
    )


def _method(method: ApiMethodRecord) -> ApiMethodV16:
    return ApiMethodV16(method.name, method.inputs, method.output, method.docs)
