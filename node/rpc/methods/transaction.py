"""`transaction_v1_*` and `transactionWatch_v1_*`: transactions in, by the JSON-RPC specification."""

from __future__ import annotations

import logging
from typing import Final

import trio

from node.mempool.errors import (
    AlreadyImported,
    Banned,
    ImmediatelyDropped,
    PoolRefusal,
    TooLowPriority,
)
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
from node.rpc.errors import INVALID_PARAMS, NO_SUBSCRIPTIONS, InternalError, RpcError
from node.rpc.methods.backend import Backend, Call, Methods
from node.rpc.methods.shapes import to_hex
from node.rpc.params import HexBytes
from node.rpc.subscriptions import Sink
from runtime.crypto.hashing import blake2b_256

BROADCASTS_MAX: Final = 16
"""The most transactions that one connection broadcasts at the same time; the specification asks for 4."""
BROADCAST: Final = "transaction_v1_broadcast"

log = logging.getLogger(__name__)

methods: Methods = Methods()


class Broadcasting:
    """One transaction that is kept on its way until it is final."""

    def __init__(self, node: Backend, data: bytes) -> None:
        self._node = node
        self._data = data

    async def run(self) -> None:
        """Put it into the pool, and again after the next block while the pool does not keep it."""
        while not await self._follow():
            with self._node.chain.notices.watch() as notices:
                await anext(notices, None)
        await trio.sleep_forever()

    async def _follow(self) -> bool:
        """Whether it became final."""
        mempool = self._node.mempool
        with mempool.watch(blake2b_256(self._data)) as watch:
            try:
                await mempool.submit(self._data)
            except AlreadyImported:
                pass
            except PoolRefusal:
                return False
            async for event in watch:
                if isinstance(event, Finalized):
                    return True
        return False


@methods.method("transaction_v1_broadcast")
async def broadcast(ctx: Call, transaction: HexBytes) -> str | None:
    """Keep a transaction on its way, valid or not, until it is stopped; null when too many are."""
    session = ctx.session
    if session.nursery is None:
        raise RpcError(NO_SUBSCRIPTIONS, "A broadcast lasts as long as its WebSocket connection")
    if len(session.every(Broadcasting)) >= BROADCASTS_MAX:
        return None
    operation = session.open("", BROADCAST)
    operation.attachment = broadcasting = Broadcasting(ctx.node, transaction)
    session.nursery.start_soon(operation.run, broadcasting.run, _bug)
    return operation.id


@methods.method("transaction_v1_stop")
async def stop(ctx: Call, operation_id: str) -> None:
    """Let a broadcast transaction go its own way."""
    if not ctx.session.close(operation_id, BROADCAST):
        raise RpcError(INVALID_PARAMS, "Invalid operation id")


def _bug(error: Exception) -> RpcError:
    log.error("a broadcast failed", exc_info=error)
    return InternalError()


# Watching.


@methods.subscription(
    "transactionWatch_v1_submitAndWatch",
    unsubscribe="transactionWatch_v1_unwatch",
    unsubscribe_says_null=True,
    unsubscribe_refuses=True,
    notification="transactionWatch_v1_watchEvent",
)
async def submit_and_watch(ctx: Call, sink: Sink, transaction: HexBytes) -> None:
    """Take a transaction into the pool, and tell what becomes of it; a refusal is an event too."""
    mempool = ctx.node.mempool
    with mempool.watch(blake2b_256(transaction)) as watch:
        try:
            await mempool.submit(transaction)
        except AlreadyImported:
            await sink.send({"event": "validated"})
        except PoolRefusal as refusal:
            await sink.send(refusal_json(refusal))
            return
        async for event in watch:
            told = event_json(event)
            if told is not None:
                await sink.send(told)


def refusal_json(refusal: PoolRefusal) -> dict[str, object]:
    """The pool's refusal as the last event: the transaction is wrong, or there was no room for it."""
    is_dropped = isinstance(refusal, Banned | ImmediatelyDropped | TooLowPriority)
    return {"event": "dropped" if is_dropped else "invalid", "error": refusal.data or refusal.message}


def event_json(event: Event) -> dict[str, object] | None:
    """What happened to a transaction; null for what the specification does not tell."""
    match event:
        case Future() | Ready():
            return {"event": "validated"}
        case Broadcast():
            return None
        case InBlock(block=block, index=index):
            return {"event": "bestChainBlockIncluded", "block": {"hash": to_hex(block), "index": index}}
        case Retracted():
            return {"event": "bestChainBlockIncluded", "block": None}
        case Finalized(block=block, index=index):
            return {"event": "finalized", "block": {"hash": to_hex(block), "index": index}}
        case FinalityTimeout():
            return {"event": "dropped", "error": "its block waits for finality for too long"}
        case Usurped(by=by):
            return {"event": "invalid", "error": f"{to_hex(by)} has taken its place"}
        case Dropped(reason=reason):
            return {"event": "dropped", "error": reason}
        case Invalid(reason=reason):
            return {"event": "invalid", "error": reason}
