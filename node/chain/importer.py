"""The importer: where a foreign block becomes part of the chain, or is refused. The boundary to the
deterministic half.
"""

from __future__ import annotations

from collections.abc import Container, Mapping

from node.chain.chain import Chain
from runtime.executive.extrinsic import Proof
from runtime.types.block import Block


def import_block(
    chain: Chain,
    block: Block,
    *,
    observed: Mapping[bytes, bytes] | None = None,
    verified: Container[Proof] = (),
    is_best: bool = True,
) -> bytes:
    """Execute a block over its parent and keep it, unfinalized; its hash.

    Raises UnknownBlock, DiscardedState or OtherRuntime for the parent, InvalidBlock for the block itself.
    """
    parent = chain.at(block.header.parent_hash)
    chain.require_runtime(parent)
    built = chain.runtime.execute(parent.state, parent.header, block, observed=observed, verified=verified)
    return chain.add(built.block, built.state, is_best=is_best)
