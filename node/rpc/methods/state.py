"""`state_*`: storage, runtime APIs, metadata and read proofs, at the head or at a past block."""

from __future__ import annotations

from itertools import islice
from typing import Final

from node.chain.notices import NewBest, Reverted
from node.rpc.errors import ClientError, InvalidParams, RpcError
from node.rpc.methods.backend import Call, Methods, past_runtime, position_at, running_at
from node.rpc.methods.shapes import maybe_hex, to_hex, version_json
from node.rpc.params import U32, Hash, HexBytes
from node.rpc.subscriptions import Sink
from node.runtimes.past import METADATA
from runtime.api import ApiError, call
from runtime.crypto.hashing import blake2b_256
from runtime.state import State

PAGE_MAX: Final = 1_000
"""The most keys of one page."""
KEYS_MAX: Final = 1_000
"""The most keys that one call or subscription names."""
LISTED_MAX: Final = 10_000
"""The most keys of a listing without pages."""
INVALID_COUNT: Final = 4002
"""A page larger than any."""

methods: Methods = Methods()


@methods.method("state_call", aliases=("state_callAt",))
async def state_call(ctx: Call, name: str, data: HexBytes, at: Hash | None = None) -> str:
    """The encoded answer of a runtime API."""
    block = running_at(ctx.node, at)
    try:
        return to_hex(call(ctx.node.runtime, block.state, block.header, name, data))
    except ApiError as error:
        raise ClientError(f"Execution failed: Other: {error}") from error


@methods.method("state_getMetadata")
async def get_metadata(ctx: Call, at: Hash | None = None) -> str | None:
    """The metadata in version 14; newer ones come by the runtime API."""
    past = past_runtime(ctx.node, position_at(ctx.node, at))
    return maybe_hex(past.metadata if past else ctx.node.runtime.metadata.encode(METADATA))


@methods.method("state_getRuntimeVersion", aliases=("chain_getRuntimeVersion",))
async def get_runtime_version(ctx: Call, at: Hash | None = None) -> object:
    """Which runtime goes on from the block."""
    past = past_runtime(ctx.node, position_at(ctx.node, at))
    return version_json(past.version if past else ctx.node.runtime.version)


@methods.subscription(
    "state_subscribeRuntimeVersion",
    aliases=("chain_subscribeRuntimeVersion",),
    unsubscribe="state_unsubscribeRuntimeVersion",
    unsubscribe_aliases=("chain_unsubscribeRuntimeVersion",),
    notification="state_runtimeVersion",
)
async def subscribe_runtime_version(ctx: Call, sink: Sink) -> None:
    """The runtime's version. A process runs one runtime, so there is never a second notification."""
    with ctx.node.chain.notices.watch() as notices:
        await sink.send(version_json(ctx.node.runtime.version))
        async for _ in notices:
            pass


# Values.


@methods.method("state_getStorage", aliases=("state_getStorageAt",))
async def get_storage(ctx: Call, key: HexBytes, at: Hash | None = None) -> str | None:
    """The value of a key."""
    return maybe_hex(position_at(ctx.node, at).state.get(key))


@methods.method("state_getStorageHash", aliases=("state_getStorageHashAt",))
async def get_storage_hash(ctx: Call, key: HexBytes, at: Hash | None = None) -> str | None:
    """The BLAKE2b-256 of a key's value."""
    value = position_at(ctx.node, at).state.get(key)
    return None if value is None else to_hex(blake2b_256(value))


@methods.method("state_getStorageSize", aliases=("state_getStorageSizeAt",))
async def get_storage_size(ctx: Call, key: HexBytes, at: Hash | None = None) -> int | None:
    """The length in bytes of a key's value, or of all values below the key when it has none itself."""
    state = position_at(ctx.node, at).state
    value = state.get(key)
    if value is not None:
        return len(value)
    return sum(len(state.get(each) or b"") for each in _listed(state, key)) or None


@methods.method("state_queryStorageAt")
async def query_storage_at(ctx: Call, keys: list[HexBytes], at: Hash | None = None) -> object:
    """The values of several keys in one block."""
    _check_count(keys)
    block = position_at(ctx.node, at)
    return [_change_set(block.hash, {key: block.state.get(key) for key in keys})]


@methods.method("state_getReadProof")
async def get_read_proof(ctx: Call, keys: list[HexBytes], at: Hash | None = None) -> object:
    """The trie nodes that prove what the keys hold, or that they hold nothing."""
    _check_count(keys)
    block = position_at(ctx.node, at)
    return {"at": to_hex(block.hash), "proof": [to_hex(item) for item in block.state.prove(keys)]}


@methods.subscription(
    "state_subscribeStorage", unsubscribe="state_unsubscribeStorage", notification="state_storage"
)
async def subscribe_storage(ctx: Call, sink: Sink, keys: list[HexBytes]) -> None:
    """The values of all the keys, then of those that a new head changed."""
    _check_count(keys)
    chain = ctx.node.chain
    with chain.notices.watch() as notices:
        known = {key: chain.best.state.get(key) for key in keys}
        await sink.send(_change_set(chain.best.hash, known))
        async for notice in notices:
            match notice:
                case NewBest() | Reverted():
                    state = notice.state
                case _:
                    continue
            changed = {key: value for key in known if (value := state.get(key)) != known[key]}
            if changed:
                known |= changed
                await sink.send(_change_set(notice.hash, changed))


# Keys.


@methods.method("state_getKeysPaged", aliases=("state_getKeysPagedAt",))
async def get_keys_paged(
    ctx: Call, prefix: HexBytes | None, count: U32, start_key: HexBytes | None = None, at: Hash | None = None
) -> list[str]:
    """At most `count` keys with a prefix, in order, those after `start_key`."""
    if count > PAGE_MAX:
        raise RpcError(INVALID_COUNT, f"count exceeds maximum value. value: {count}, max: {PAGE_MAX}")
    state = position_at(ctx.node, at).state
    return [to_hex(key) for key in islice(state.keys(prefix or b"", start_key), count)]


@methods.method("state_getKeys", aliases=("state_getKeysAt",))
async def get_keys(ctx: Call, prefix: HexBytes, at: Hash | None = None) -> list[str]:
    """All keys with a prefix, in order."""
    return [to_hex(key) for key in _listed(position_at(ctx.node, at).state, prefix)]


def _listed(state: State, prefix: bytes) -> list[bytes]:
    keys = list(islice(state.keys(prefix), LISTED_MAX + 1))
    if len(keys) > LISTED_MAX:
        raise ClientError(f"more than {LISTED_MAX} keys have this prefix: read them by state_getKeysPaged")
    return keys


def _check_count(keys: list[bytes]) -> None:
    if len(keys) > KEYS_MAX:
        raise InvalidParams(f"'keys' (position 1): at most {KEYS_MAX} keys, {len(keys)} given")


def _change_set(block_hash: bytes, values: dict[bytes, bytes | None]) -> dict[str, object]:
    return {
        "block": to_hex(block_hash),
        "changes": [[to_hex(key), maybe_hex(value)] for key, value in values.items()],
    }
