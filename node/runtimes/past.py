"""Past runtimes: what clients need to read the blocks of a runtime that this node does not run any more - its
version and its metadata, written down beside the chain when other code took over.
"""

from __future__ import annotations

from typing import Final

from node.chain.chain import Chain, Position
from node.storage import Column, StorageCorrupted
from runtime.crypto.hashing import blake2b_256
from runtime.manifest import CODE_KEY
from runtime.scale import DecodeError, Struct, codec_of
from runtime.version import RuntimeVersion

RUNTIME_KEY: Final = b"runtime"
"""Before the BLAKE2b-256 of a manifest: the key, among the figures, of what is kept of its runtime."""
METADATA: Final = 14
"""The version of the metadata that is kept: the one that every client asks for."""


class RuntimeUnknown(Exception):
    """A block's runtime has not run here, so nothing can be said of it."""

    def __init__(self, code: bytes) -> None:
        super().__init__(f"the block's runtime, 0x{blake2b_256(code).hex()}, has not run on this node")
        self.code = code


class PastRuntime(Struct):
    """What is kept of a runtime."""

    version: RuntimeVersion
    metadata: bytes
    """As `Metadata.encode` gives it in version `METADATA`."""


_PAST: Final = codec_of(PastRuntime)


def remember(chain: Chain) -> None:
    """Write down the runtime that runs now. Raises StorageError."""
    runtime, database = chain.runtime, chain.states.database
    metadata = runtime.metadata.encode(METADATA)
    assert metadata is not None, "every runtime tells its metadata in this version"
    batch = database.batch()
    batch.put(
        RUNTIME_KEY + blake2b_256(chain.code),
        _PAST.encode(PastRuntime(runtime.version, metadata)),
        database.handle(Column.META),
    )
    database.write(batch, sync=False)


def runtime_at(chain: Chain, block: Position) -> PastRuntime | None:
    """The runtime that goes on from a block, if it is another than the one that runs; None for that one.

    Raises RuntimeUnknown and StorageError.
    """
    code = block.state.get(CODE_KEY) or b""
    if code == chain.code:
        return None
    raw = chain.states.database.get(Column.META, RUNTIME_KEY + blake2b_256(code))
    if raw is None:
        raise RuntimeUnknown(code)
    try:
        return _PAST.decode(raw)
    except DecodeError as error:
        raise StorageCorrupted(chain.states.database.path, f"a past runtime: {error}") from None
