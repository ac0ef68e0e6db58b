"""All APIs of one runtime, those of every chain and those of its pallets, and how one is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from runtime.api.core import Core, MetadataApi, TaggedTransactionQueue
from runtime.executive.parts import Parts
from runtime.frame.api import Apis, api_versions
from runtime.frame.pallet import Pallet
from runtime.metadata import Metadata
from runtime.runtime import Runtime
from runtime.state.backend import State
from runtime.types.block import Header
from runtime.version import ApiVersion, api

CHAIN: Final[Mapping[str, type[Any]]] = {
    each.__name__: each for each in (Core, MetadataApi, TaggedTransactionQueue)
}
"""What answers APIs on every chain."""


def versions(pallets: Mapping[str, type[Pallet[Any, Any]]]) -> tuple[ApiVersion, ...]:
    """The APIs of a runtime of these pallets, as its version lists them. Raises `ApiConflict`."""
    return tuple(api(name, version) for name, version in api_versions({**CHAIN, **pallets}).items())


def serve(parts: Parts, metadata: Metadata, pallets: Sequence[Pallet[Any, Any]]) -> Apis:
    """Every API of one runtime."""
    owners = (Core(parts.host), MetadataApi(metadata), TaggedTransactionQueue(parts), *pallets)
    return Apis(parts.host.codec, owners)


def call(runtime: Runtime, state: State, header: Header, name: str, data: bytes) -> bytes:
    """The encoded answer of the runtime API `name` over the block `header`, whose state is `state`.

    Nothing of it remains: a block under construction goes on as if nobody had asked. Raises `UnknownMethod`
    and `BadInput`.
    """
    host = runtime.host
    before = host.overlay, host.number, host.phase
    runtime.over(state, header.number)
    try:
        return runtime.apis.call(name, data)
    finally:
        host.overlay, host.number, host.phase = before
