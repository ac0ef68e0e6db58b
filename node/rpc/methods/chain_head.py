"""`chainHead_v1_*`: the head of the chain, followed block by block, by the JSON-RPC specification."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, Literal, TypeAlias, cast

import msgspec

from node.rpc.errors import InvalidParams, RpcError
from node.rpc.methods.backend import Call, Methods
from node.rpc.methods.follow import STOP, Follow, Operation, Pin, Told
from node.rpc.methods.shapes import to_hex
from node.rpc.params import Hash, HexBytes, Unfit, hex_bytes
from node.rpc.subscriptions import Sink
from runtime.api import ApiError, call
from runtime.crypto.hashing import blake2b_256
from runtime.scale import codec_of
from runtime.state import State, StateDiscarded
from runtime.state.states import ChangeSet, Finalized
from runtime.trie import merkle_value
from runtime.types.block import Header

FOLLOWS_MAX: Final = 2
"""The most subscriptions of one connection."""
PAGE_ITEMS: Final = 1_000
"""After so many items a read of storage waits until the subscriber wants more."""
PAGE_CHARACTERS: Final = 1 << 20
"""And after so many hex digits of keys and values."""
TOO_MANY_FOLLOWS: Final = -32800
INVALID_BLOCK: Final = -32801
NO_RUNTIME: Final = -32802
NOT_WAITING: Final = -32803
DUPLICATE_HASHES: Final = -32804
LIMIT_REACHED: Final[Told] = {"result": "limitReached"}

log = logging.getLogger(__name__)
methods: Methods = Methods()

Kind: TypeAlias = Literal[
    "value", "hash", "closestDescendantMerkleValue", "descendantsValues", "descendantsHashes"
]
"""What is wanted of a key."""
Job: TypeAlias = Callable[["Telling"], Awaitable[None]]
"""What an operation does."""


class StorageQuery(msgspec.Struct, frozen=True):
    """One item of a read of storage."""

    key: str
    type: Kind

    @property
    def raw_key(self) -> bytes:
        """The key's bytes. Raises Unfit."""
        return cast("bytes", hex_bytes("bytes in hex").convert(self.key))


class Telling:
    """An operation's way to its subscriber."""

    def __init__(self, sink: Sink, operation: Operation) -> None:
        self.operation = operation
        self._sink = sink

    async def tell(self, event: str, **members: object) -> None:
        """Send one notification of the operation."""
        await self._sink.send({"event": event, "operationId": self.operation.id, **members})


class Following(Follow):
    """A subscription with the sink that its operations tell of themselves through."""

    def __init__(self, ctx: Call, sink: Sink, *, with_runtime: bool) -> None:
        super().__init__(ctx.node.chain, ctx.node.runtime.version, with_runtime=with_runtime)
        self.sink = sink


# The subscription.


@methods.subscription(
    "chainHead_v1_follow",
    unsubscribe="chainHead_v1_unfollow",
    unsubscribe_says_null=True,
    notification="chainHead_v1_followEvent",
)
async def follow(ctx: Call, sink: Sink, with_runtime: bool) -> None:
    """The blocks at the head of the chain, each pinned until the subscriber lets go of it."""
    if len(ctx.session.every(Follow)) >= FOLLOWS_MAX:
        most = f"Maximum number of chainHead_follow has been reached: {FOLLOWS_MAX}"
        raise RpcError(TOO_MANY_FOLLOWS, most)
    with ctx.node.chain.notices.watch() as notices:
        sink.attachment = following = Following(ctx, sink, with_runtime=with_runtime)
        try:
            for told in following.begin():
                await sink.send(told)
            async for notice in notices:
                for told in following.on(notice):
                    await sink.send(told)
                    if told is STOP:
                        return
            await sink.send(STOP)
        finally:
            following.end()


@methods.method("chainHead_v1_unpin")
async def unpin(ctx: Call, follow_subscription: str, hash_or_hashes: Hash | list[Hash]) -> None:
    """Let go of blocks: of all that are named, or of none with an error."""
    following = ctx.session.find(follow_subscription, Following)
    if following is None:
        return
    hashes = hash_or_hashes if isinstance(hash_or_hashes, list) else [hash_or_hashes]
    if len(set(hashes)) < len(hashes):
        raise RpcError(DUPLICATE_HASHES, "Received duplicate hashes for `chainHead_unpin`")
    for each in hashes:
        pinned(following, each)
    for each in hashes:
        del following.pins[each]


@methods.method("chainHead_v1_header")
async def header(ctx: Call, follow_subscription: str, hash: Hash) -> str | None:
    """The encoded header of a pinned block; null when the subscription is over."""
    following = ctx.session.find(follow_subscription, Following)
    if following is None:
        return None
    return to_hex(codec_of(Header).encode(pinned(following, hash).header))


def pinned(following: Following, block_hash: bytes) -> Pin:
    """A pinned block; refused when it is not."""
    pin = following.pins.get(block_hash)
    if pin is None:
        raise RpcError(INVALID_BLOCK, "Invalid block hash")
    return pin


# Operations.


@methods.method("chainHead_v1_body")
async def body(ctx: Call, follow_subscription: str, hash: Hash) -> Told:
    """Start reading the extrinsics of a pinned block."""
    following = ctx.session.find(follow_subscription, Following)
    if following is None:
        return LIMIT_REACHED
    pin = pinned(following, hash)

    async def job(telling: Telling) -> None:
        extrinsics = following.body(hash, pin)
        if extrinsics is None:
            await telling.tell("operationInaccessible")
        else:
            await telling.tell("operationBodyDone", value=[to_hex(raw) for raw in extrinsics])

    return _start(ctx, following, job)


@methods.method("chainHead_v1_call")
async def runtime_call(
    ctx: Call, follow_subscription: str, hash: Hash, function: str, call_parameters: HexBytes
) -> Told:
    """Start asking a runtime API over a pinned block."""
    following = ctx.session.find(follow_subscription, Following)
    if following is None:
        return LIMIT_REACHED
    pin = pinned(following, hash)
    if not following.with_runtime:
        raise RpcError(NO_RUNTIME, "The runtime updates flag must be set")

    async def job(telling: Telling) -> None:
        output = call(ctx.node.runtime, pin.state, pin.header, function, call_parameters)
        await telling.tell("operationCallDone", output=to_hex(output))

    return _start(ctx, following, job)


@methods.method("chainHead_v1_storage")
async def storage(
    ctx: Call,
    follow_subscription: str,
    hash: Hash,
    items: list[StorageQuery],
    child_trie: HexBytes | None = None,
) -> Told:
    """Start reading storage of a pinned block; items that there is no room for are left out from the back."""
    following = ctx.session.find(follow_subscription, Following)
    if following is None:
        return LIMIT_REACHED
    pin = pinned(following, hash)
    try:
        wanted: list[tuple[bytes, Kind]] = [(item.raw_key, item.type) for item in items]
    except Unfit as unfit:
        raise InvalidParams(f"'items' (position 3): {unfit}") from None
    taken = wanted[: following.room]
    if wanted and not taken:
        return LIMIT_REACHED

    async def job(telling: Telling) -> None:
        if child_trie is None:
            await _read(telling, pin.state, taken)
        await telling.tell("operationStorageDone")

    started = _start(ctx, following, job, cost=len(taken))
    return started | {"discardedItems": len(wanted) - len(taken)}


@methods.method("chainHead_v1_continue")
async def resume(ctx: Call, follow_subscription: str, operation_id: str) -> None:
    """Let a read of storage that waits go on."""
    following = ctx.session.find(follow_subscription, Following)
    operation = None if following is None else following.operations.get(operation_id)
    if operation is None:
        return
    if operation.continued is None:
        raise RpcError(NOT_WAITING, "Wait for continue event was not generated for the subscription")
    operation.continued.set()


@methods.method("chainHead_v1_stopOperation")
async def stop_operation(ctx: Call, follow_subscription: str, operation_id: str) -> None:
    """End an operation; nothing happens when it is over."""
    following = ctx.session.find(follow_subscription, Following)
    if following is not None:
        following.stop(operation_id)


def _start(ctx: Call, following: Following, job: Job, cost: int = 1) -> Told:
    """Run `job` once the caller has been told that it runs."""
    if following.room < cost:
        return LIMIT_REACHED
    operation = following.start(cost)
    nursery = ctx.session.nursery
    assert nursery is not None
    ctx.session.after_answer(lambda: nursery.start_soon(_run, following, operation, job))
    return {"result": "started", "operationId": operation.id}


async def _run(following: Following, operation: Operation, job: Job) -> None:
    telling = Telling(following.sink, operation)
    try:
        with operation.scope:
            await _answer(telling, job)
    finally:
        following.operations.pop(operation.id, None)


async def _answer(telling: Telling, job: Job) -> None:
    """Run a job whose failures are told, as its last notification."""
    try:
        await job(telling)
    except StateDiscarded:
        await telling.tell("operationInaccessible")
    except ApiError as error:
        await telling.tell("operationError", error=f"Execution failed: Other: {error}")
    except Exception as error:
        log.error("an operation failed", exc_info=error)
        await telling.tell("operationError", error="Internal error")


# Storage.


async def _read(telling: Telling, state: State, wanted: Sequence[tuple[bytes, Kind]]) -> None:
    """Tell what single keys hold, all at once, then what stands below others, page by page."""
    single = [item for key, kind in wanted if (item := _single(state, key, kind)) is not None]
    if single:
        await telling.tell("operationStorageItems", items=single)
    for place, page in enumerate(_pages(_below(state, wanted))):
        if place:
            await telling.tell("operationWaitingForContinue")
            await telling.operation.wait_for_continue()
        await telling.tell("operationStorageItems", items=page)


def _pages(items: Iterator[Told]) -> Iterator[list[Told]]:
    page: list[Told] = []
    size = 0
    for item in items:
        page.append(item)
        size += sum(map(len, cast("dict[str, str]", item).values()))
        if len(page) >= PAGE_ITEMS or size >= PAGE_CHARACTERS:
            yield page
            page, size = [], 0
    if page:
        yield page


def _single(state: State, key: bytes, kind: Kind) -> Told | None:
    match kind:
        case "value" | "hash":
            value = state.get(key)
            return None if value is None else _item(key, value, kind)
        case "closestDescendantMerkleValue":
            assert isinstance(state, ChangeSet | Finalized)
            found = merkle_value(state, state.top, key, state.states.version)
            return None if found is None else {"key": to_hex(key), kind: to_hex(found)}
        case _:
            return None


def _below(state: State, wanted: Sequence[tuple[bytes, Kind]]) -> Iterator[Told]:
    for prefix, kind in wanted:
        if kind == "descendantsValues" or kind == "descendantsHashes":
            for key in state.keys(prefix):
                value = state.get(key)
                if value is not None:
                    yield _item(key, value, "value" if kind == "descendantsValues" else "hash")


def _item(key: bytes, value: bytes, kind: Literal["value", "hash"]) -> Told:
    return {"key": to_hex(key), kind: to_hex(value if kind == "value" else blake2b_256(value))}
