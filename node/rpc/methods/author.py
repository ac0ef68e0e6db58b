"""`author_*`: transactions in."""

from __future__ import annotations

from typing import Final

import trio

from node.mempool.errors import PoolRefusal
from node.mempool.events import (
    Broadcast,
    Dropped,
    Event,
    FinalityTimeout,
    Finalized,
    Future,
    InBlock,
    Invalid,
    Ready,
    Retracted,
    Usurped,
)
from node.rpc.errors import RpcError
from node.rpc.methods.backend import Call, Methods
from node.rpc.methods.shapes import to_hex
from node.rpc.params import HexBytes
from node.rpc.subscriptions import Sink
from runtime.crypto.hashing import blake2b_256

INCLUSION_SECONDS: Final = 0.1
"""How long a watcher has to look at the block before it hears that it is final: polkadot.js drops the first
status when the second overtakes its reading of the block, and whoever waits for inclusion waits for ever.
"""

methods: Methods = Methods()


@methods.method("author_submitExtrinsic")
async def submit_extrinsic(ctx: Call, extrinsic: HexBytes) -> str:
    """Take a transaction into the pool; its hash."""
    try:
        return to_hex(await ctx.node.mempool.submit(extrinsic))
    except PoolRefusal as refusal:
        raise refused(refusal) from refusal


@methods.method("author_pendingExtrinsics")
async def pending_extrinsics(ctx: Call) -> list[str]:
    """The transactions that are ready for a block, best first."""
    return [to_hex(transaction.data) for transaction in ctx.node.mempool.pool.best_first()]


@methods.subscription(
    "author_submitAndWatchExtrinsic",
    unsubscribe="author_unwatchExtrinsic",
    notification="author_extrinsicUpdate",
)
async def submit_and_watch_extrinsic(ctx: Call, sink: Sink, extrinsic: HexBytes) -> None:
    """Take a transaction into the pool, and tell what becomes of it."""
    mempool = ctx.node.mempool
    with mempool.watch(blake2b_256(extrinsic)) as watch:
        try:
            await mempool.submit(extrinsic)
        except PoolRefusal as refusal:
            raise refused(refusal) from refusal
        async for event in watch:
            await sink.send(status_json(event))
            if isinstance(event, InBlock):
                await trio.sleep(INCLUSION_SECONDS)


def refused(refusal: PoolRefusal) -> RpcError:
    """The pool's refusal as the caller is told of it."""
    return RpcError(refusal.code, refusal.message, refusal.data)


def status_json(event: Event) -> object:
    """What happened to a transaction, as Substrate's `TransactionStatus`."""
    match event:
        case Future():
            return "future"
        case Ready():
            return "ready"
        case Broadcast(peers=peers):
            return {"broadcast": list(peers)}
        case InBlock(block=block):
            return {"inBlock": to_hex(block)}
        case Retracted(block=block):
            return {"retracted": to_hex(block)}
        case Finalized(block=block):
            return {"finalized": to_hex(block)}
        case FinalityTimeout(block=block):
            return {"finalityTimeout": to_hex(block)}
        case Usurped(by=by):
            return {"usurped": to_hex(by)}
        case Dropped():
            return "dropped"
        case Invalid():
            return "invalid"
