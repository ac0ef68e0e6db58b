"""The metadata of one runtime, in every version that clients ask for, encoded once each.

Types are numbered in the order in which the declarations name them, so the bytes follow from the pallets and
the chain spec alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runtime.frame.api import Api
from runtime.frame.host import Host
from runtime.frame.late import RuntimeCall, RuntimeEvent, RuntimeExtrinsic
from runtime.frame.pallet import Pallet
from runtime.metadata import records
from runtime.metadata.extrinsic import VERSION, ExtrinsicTypes
from runtime.metadata.pallets import Outer, PalletWriter
from runtime.metadata.v16 import MetadataV16, upgrade
from runtime.scale import AnyCodec, Registry, codec_of, struct_codec

VERSIONS: Final = (14, 15, 16)
"""The versions that are written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What metadata is written from."""

    host: Host
    pallets: Sequence[Pallet[Any, Any]]
    """By index."""
    errors: AnyCodec
    """`RuntimeError`: one variant a pallet that has errors."""
    extrinsic: ExtrinsicTypes
    apis: Sequence[Api]
    path: str
    """The crate in the path of the runtime's own type."""


class Metadata:
    """The metadata of one runtime; written when it is first asked for."""

    def __init__(self, describe: Callable[[], Described]) -> None:
        self._describe = describe
        self._encoded: dict[int, bytes] = {}

    def encode(self, version: int) -> bytes | None:
        """The metadata in `version`, from the magic on; None for a version that is not written."""
        if version not in VERSIONS:
            return None
        if version not in self._encoded:
            body = _WRITERS[version](self._describe())
            self._encoded[version] = records.MAGIC + bytes((version,)) + body
        return self._encoded[version]


def _encode_v14(runtime: Described) -> bytes:
    registry = Registry()
    pallets = tuple(
        records.PalletV14(
            each.name, each.storage, each.calls, each.event, each.constants, each.error, each.index
        )
        for each in _pallets(registry, runtime)
    )
    extrinsic = records.ExtrinsicV14(
        registry.register(runtime.host.codec(RuntimeExtrinsic)), VERSION, _extensions(registry, runtime)
    )
    kind = registry.register(_runtime_type(runtime))
    return _V14.encode(records.MetadataV14(registry.types(), pallets, extrinsic, kind))


def _encode_v15(runtime: Described) -> bytes:
    return _V15.encode(_v15(runtime))


def _encode_v16(runtime: Described) -> bytes:
    return _V16.encode(upgrade(_v15(runtime), {each.name: each.version for each in runtime.apis}))


def _v15(runtime: Described) -> records.MetadataV15:
    registry = Registry()
    pallets = _pallets(registry, runtime)
    parts = runtime.extrinsic
    extrinsic = records.ExtrinsicV15(
        VERSION,
        registry.register(parts.address),
        registry.register(parts.call),
        registry.register(parts.signature),
        registry.register(parts.extra),
        _extensions(registry, runtime),
    )
    kind = registry.register(_runtime_type(runtime))
    apis = tuple(_api(registry, api) for api in runtime.apis)
    outer = records.OuterEnums(
        registry.register(runtime.host.codec(RuntimeCall)),
        registry.register(runtime.host.codec(RuntimeEvent)),
        registry.register(runtime.errors),
    )
    return records.MetadataV15(registry.types(), pallets, extrinsic, kind, apis, outer, ())


def _pallets(registry: Registry, runtime: Described) -> tuple[records.PalletV15, ...]:
    host = runtime.host
    writer = PalletWriter(
        registry,
        host,
        Outer.of(host.codec(RuntimeCall)),
        Outer.of(host.codec(RuntimeEvent)),
        Outer.of(runtime.errors),
    )
    return tuple(writer.pallet(pallet) for pallet in runtime.pallets)


def _extensions(registry: Registry, runtime: Described) -> tuple[records.SignedExtension, ...]:
    return tuple(
        records.SignedExtension(
            each.identifier, registry.register(each.extra), registry.register(each.implicit)
        )
        for each in runtime.extrinsic.extensions
    )


def _api(registry: Registry, api: Api) -> records.ApiRecord:
    methods = tuple(
        records.ApiMethodRecord(
            method.name,
            tuple(records.ApiParameter(name, registry.register(codec)) for name, codec in method.inputs),
            registry.register(method.output),
            method.docs,
        )
        for method in api.methods
    )
    return records.ApiRecord(api.name, methods, api.docs)


def _runtime_type(runtime: Described) -> AnyCodec:
    return struct_codec("Runtime", (), path=f"{runtime.path}::Runtime")


_V14: Final = codec_of(records.MetadataV14)
_V15: Final = codec_of(records.MetadataV15)
_V16: Final = codec_of(MetadataV16)
_WRITERS: Final[dict[int, Callable[[Described], bytes]]] = {
    14: _encode_v14,
    15: _encode_v15,
    16: _encode_v16,
}
