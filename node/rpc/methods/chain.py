"""`chain_*`: headers, blocks and hashes, and subscriptions to heads."""

from __future__ import annotations

from typing import Final

from node.chain.notices import Finalized, Imported, NewBest, Notice, Reverted
from node.rpc.errors import InvalidParams
from node.rpc.methods.backend import Call, Methods
from node.rpc.methods.shapes import block_json, header_json, maybe_hex, to_hex
from node.rpc.params import BlockNumber, Hash
from node.rpc.subscriptions import Sink

NUMBERS_MAX: Final = 1_000
"""The most block numbers of one call."""

methods: Methods = Methods()


@methods.method("chain_getHeader")
async def get_header(ctx: Call, hash: Hash | None = None) -> object:
    """The header of a block, the head's without a hash; null for an unknown block."""
    header = ctx.node.chain.header(hash or ctx.node.chain.best.hash)
    return header and header_json(header)


@methods.method("chain_getBlock")
async def get_block(ctx: Call, hash: Hash | None = None) -> object:
    """A whole block, the head without a hash; null for an unknown block."""
    stored = ctx.node.chain.block(hash or ctx.node.chain.best.hash)
    return stored and block_json(stored)


@methods.method("chain_getBlockHash", aliases=("chain_getHead",))
async def get_block_hash(ctx: Call, number: BlockNumber | list[BlockNumber] | None = None) -> object:
    """The hash of the best chain's block at a height, or at each of an array; the head's without one."""
    chain = ctx.node.chain
    if isinstance(number, list):
        if len(number) > NUMBERS_MAX:
            raise InvalidParams(f"'number' (position 1): at most {NUMBERS_MAX} numbers, {len(number)} given")
        return [maybe_hex(chain.hash_at(each)) for each in number]
    return maybe_hex(chain.best.hash if number is None else chain.hash_at(number))


@methods.method("chain_getFinalizedHead", aliases=("chain_getFinalisedHead",))
async def get_finalized_head(ctx: Call) -> str:
    """The hash of the last final block."""
    return to_hex(ctx.node.chain.finalized.hash)


@methods.subscription(
    "chain_subscribeAllHeads", unsubscribe="chain_unsubscribeAllHeads", notification="chain_allHead"
)
async def subscribe_all_heads(ctx: Call, sink: Sink) -> None:
    """The head, then the header of every block that becomes known."""
    with ctx.node.chain.notices.watch() as notices:
        await sink.send(header_json(ctx.node.chain.best.header))
        async for notice in notices:
            if isinstance(notice, Imported | Reverted):
                await sink.send(header_json(notice.header))


@methods.subscription(
    "chain_subscribeNewHeads",
    aliases=("chain_subscribeNewHead", "subscribe_newHead"),
    unsubscribe="chain_unsubscribeNewHeads",
    unsubscribe_aliases=("chain_unsubscribeNewHead", "unsubscribe_newHead"),
    notification="chain_newHead",
)
async def subscribe_new_heads(ctx: Call, sink: Sink) -> None:
    """The head, then each new one."""
    with ctx.node.chain.notices.watch() as notices:
        await sink.send(header_json(ctx.node.chain.best.header))
        async for notice in notices:
            if is_new_head(notice):
                await sink.send(header_json(notice.header))


@methods.subscription(
    "chain_subscribeFinalizedHeads",
    aliases=("chain_subscribeFinalisedHeads",),
    unsubscribe="chain_unsubscribeFinalizedHeads",
    unsubscribe_aliases=("chain_unsubscribeFinalisedHeads",),
    notification="chain_finalizedHead",
)
async def subscribe_finalized_heads(ctx: Call, sink: Sink) -> None:
    """The last final header, then every one that becomes final, none left out."""
    chain = ctx.node.chain
    with chain.notices.watch() as notices:
        await sink.send(header_json(chain.finalized.header))
        async for notice in notices:
            if isinstance(notice, Reverted):
                await sink.send(header_json(notice.header))
            elif isinstance(notice, Finalized):
                for each in notice.hashes:
                    header = chain.header(each)
                    if header is not None:
                        await sink.send(header_json(header))


def is_new_head(notice: Notice) -> bool:
    """Whether a notice tells of another head."""
    return isinstance(notice, NewBest | Reverted)
