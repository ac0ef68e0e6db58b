"""A node that serves a light chain over a real RPC port, as far as an export asks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import trio

from node.light.export import Source
from node.rpc import Address, BlockNumber, Context, Hash, HexBytes, Registry, RpcConfig, serve
from node.rpc.methods.shapes import header_json

registry: Registry[Served] = Registry()


class Served(Source, Protocol):
    """What is served, and its final head."""

    @property
    def head(self) -> bytes: ...

    async def value(self, key: bytes, block_hash: bytes) -> bytes | None: ...


def hexed(data: bytes | None) -> str | None:
    return None if data is None else "0x" + data.hex()


@registry.method("chain_getBlockHash")
async def get_block_hash(ctx: Context[Served], number: BlockNumber | None = None) -> object:
    return hexed(ctx.node.head if number is None else await ctx.node.hash_at(number))


@registry.method("chain_getFinalizedHead")
async def get_finalized_head(ctx: Context[Served]) -> object:
    return hexed(ctx.node.head)


@registry.method("chain_getHeader")
async def get_header(ctx: Context[Served], hash: Hash) -> object:
    return header_json(await ctx.node.header(hash))


@registry.method("simplex_certificate")
async def get_certificate(ctx: Context[Served], hash: Hash) -> object:
    return hexed(await ctx.node.certificate(hash))


@registry.method("simplex_committee")
async def get_committee(ctx: Context[Served], epoch: int) -> object:
    return hexed(await ctx.node.committee(epoch))


@registry.method("state_getReadProof")
async def get_read_proof(ctx: Context[Served], keys: list[HexBytes], at: Hash) -> object:
    return {"at": hexed(at), "proof": [hexed(node) for node in await ctx.node.nodes(keys, at)]}


@registry.method("state_getStorage")
async def get_storage(ctx: Context[Served], key: HexBytes, at: Hash | None = None) -> object:
    return hexed(await ctx.node.value(key, at or ctx.node.head))


@asynccontextmanager
async def serving(node: Served) -> AsyncIterator[Address]:
    """The node, on a port of its own."""
    async with trio.open_nursery() as nursery:
        yield await nursery.start(serve, registry, node, RpcConfig(port=0))
        nursery.cancel_scope.cancel()
