"""One pallet's part of the metadata, written from its declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.frame.constant import constants_of
from runtime.frame.host import Host
from runtime.frame.names import plain_doc
from runtime.frame.pallet import Pallet
from runtime.frame.storage import StorageItem
from runtime.metadata.records import (
    EntryType,
    Map,
    Modifier,
    PalletConstant,
    PalletStorage,
    PalletV15,
    Plain,
    StorageEntry,
)
from runtime.scale import AnyCodec, Registry, VariantType

NOTHING = b"\0"
"""The default of an optional entry: None."""


@dataclass(frozen=True, slots=True)
class Outer:
    """A type that all pallets make together, and each pallet's share by the pallet's index."""

    codec: AnyCodec
    shares: Mapping[int, AnyCodec]

    @classmethod
    def of(cls, codec: AnyCodec) -> Outer:
        """An enum with one unnamed field a variant."""
        definition = codec.description.definition
        assert isinstance(definition, VariantType)
        return cls(codec, {each.index: each.fields[0].codec for each in definition.variants})


class PalletWriter:
    """Writes pallets with types numbered by one registry."""

    def __init__(self, registry: Registry, host: Host, calls: Outer, events: Outer, errors: Outer) -> None:
        self._registry = registry
        self._host = host
        self._calls = calls
        self._events = events
        self._errors = errors

    def pallet(self, pallet: Pallet[Any, Any]) -> PalletV15:
        """All that metadata says of one pallet."""
        assert pallet.seat is not None
        index, name = pallet.seat.index, pallet.seat.name
        return PalletV15(
            name=name,
            storage=self._storage(pallet, name),
            calls=self._share(self._calls, index),
            event=self._share(self._events, index),
            constants=self._constants(pallet),
            error=self._share(self._errors, index),
            index=index,
            docs=plain_doc(type(pallet).__doc__),
        )

    def _share(self, outer: Outer, index: int) -> int | None:
        share = outer.shares.get(index)
        return None if share is None else self._registry.register(share)

    def _id(self, annotation: Any) -> int:
        return self._registry.register(self._host.codec(annotation))

    def _storage(self, pallet: Pallet[Any, Any], prefix: str) -> PalletStorage | None:
        if not pallet.storage:
            return None
        return PalletStorage(prefix, tuple(self._entry(item) for item in pallet.storage.values()))

    def _entry(self, item: StorageItem) -> StorageEntry:
        optional = item.is_optional
        return StorageEntry(
            name=item.name,
            modifier=Modifier.Optional if optional else Modifier.Default,
            type=self._entry_type(item),
            default=NOTHING if optional else self._host.codec(item.value_type).encode(item.default),
            docs=plain_doc(item.doc),
        )

    def _entry_type(self, item: StorageItem) -> EntryType:
        keys = item.key_types
        if not keys:
            return Plain(self._id(item.value_type))
        key = keys[0] if len(keys) == 1 else tuple.__class_getitem__(keys)
        return Map(tuple(hasher.code for hasher in item.hashers), self._id(key), self._id(item.value_type))

    def _constants(self, pallet: Pallet[Any, Any]) -> tuple[PalletConstant, ...]:
        return tuple(
            PalletConstant(
                each.name,
                self._id(each.annotation),
                self._host.codec(each.annotation).encode(each.value),
                each.docs,
            )
            for each in constants_of(pallet)
        )
