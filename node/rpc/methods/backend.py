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
from node.runtimes.past import PastRuntime, RuntimeUnknown, runtime_at
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


def running_at(node: Backend, block_hash: bytes | None) -> Position:
    """The same of a block whose runtime runs here. Raises ClientError."""
    block = position_at(node, block_hash)
    if past_runtime(node, block) is not None:
        raise ClientError("Execution failed: Other: the block's runtime does not run any more on this node")
    return block


def past_runtime(node: Backend, block: Position) -> PastRuntime | None:
    """A block's runtime, if it is not the one that runs. Raises ClientError where nothing is known of it."""
    try:
        return runtime_at(node.chain, block)
    except RuntimeUnknown as unknown:
        raise ClientError(f"UnknownBlock: {unknown}") from None
