"""How a node without a chain begins at a checkpoint, before it is anything else."""

from __future__ import annotations

from pathlib import Path

import trio

from genesis.build import Genesis
from node.consensus.verifier import Verifier
from node.network.service import Network
from node.storage import Filling
from node.sync.peers import ReportFault
from node.sync.state import Chosen, StateSync
from runtime.api.simplex import blocks_per_epoch, committee_after
from runtime.runtime import Runtime


class NothingToBegin(Exception):
    """The chain has no validators, so nothing shows that a block of it is final."""

    def __init__(self) -> None:
        super().__init__("the chain has no validators, and so no checkpoints: leave --checkpoint out")


async def begin_at_checkpoint(
    path: Path,
    runtime: Runtime,
    genesis: Genesis,
    network: Network,
    verifier: Verifier,
    *,
    wanted: bytes | None = None,
    report: ReportFault | None = None,
) -> Chosen:
    """Fill the database at `path` with the state of a final block: the one of hash `wanted`, which the user
    trusts, or the last that the peers have; and the block at which the chain there begins then.

    `network` is not running yet; it runs for as long as this does. Raises NothingToBegin, StorageFilled when
    there is a chain already, and what `StateSync` raises.
    """
    committee = committee_after(runtime, genesis.state)
    length = blocks_per_epoch(runtime, genesis.state)
    if committee is None or length is None:
        raise NothingToBegin
    filling = Filling.open(path)
    try:
        state = StateSync(
            filling, genesis, committee, length, network, verifier, wanted=wanted, report=report
        )
        async with trio.open_nursery() as nursery:
            await nursery.start(network.run)
            chosen = await state.run()
            nursery.cancel_scope.cancel()
        return chosen
    finally:
        filling.close()
