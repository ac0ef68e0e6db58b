"""`chainSpec_v1_*`: what never changes while the node runs."""

from __future__ import annotations

from node.rpc.methods.backend import Call, Methods
from node.rpc.methods.shapes import to_hex

methods: Methods = Methods()


@methods.method("chainSpec_v1_chainName")
async def chain_name(ctx: Call) -> str:
    """What people call the chain."""
    return ctx.node.config.spec.name


@methods.method("chainSpec_v1_genesisHash")
async def genesis_hash(ctx: Call) -> str:
    """The hash of block zero."""
    return to_hex(ctx.node.chain.genesis_hash)


@methods.method("chainSpec_v1_properties")
async def properties(ctx: Call) -> object:
    """What the chain spec says of itself."""
    return dict(ctx.node.config.spec.properties)
