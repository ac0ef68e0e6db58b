"""What the methods ask of the node that answers them, and how each finds the block it is asked about."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from node.chain.chain import Chain, DiscardedState, Position, UnknownBlock
from node.chain.heads import Heads
from node.chain.sealing import Sealer
from node.chain.snapshots import Snapshots
from node.clock import NodeClock
from node.config import NodeConfig
from node.mempool.validate import Mempool
from node.peering import Peering
from node.rpc.errors import ClientError
from node.rpc.jsonrpc import Context, Registry
from runtime.runtime import Runtime


class Backend(Protocol):
    """A node, as its methods see it."""

    config: NodeConfig
    runtime: Runtime
    chain: Chain
    mempool: Mempool
    heads: Heads
    sealer: Sealer
    peering: Peering | None
    clock: NodeClock
    snapshots: Snapshots


Call: TypeAlias = Context[Backend]
"""Who is asked, and who asks."""
Methods: TypeAlias = Registry[Backend]
"""One group of methods."""


def position_at(node: Backend, block_hash: bytes | None) -> Position:
    """The block of a hash with its state; the head without one. Refuses as Substrate's client does."""
    if block_hash is None:
        return node.chain.best
    try:
        return node.chain.at(block_hash)
    except UnknownBlock:
        missing = f"Header was not found in the database: 0x{block_hash.hex()}"
        raise ClientError(f"UnknownBlock: {missing}") from None
    except DiscardedState as discarded:
        raise ClientError(f"UnknownBlock: {discarded}") from None
