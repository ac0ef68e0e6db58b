"""Executes every block of a stopped node's chain again, each from its parent's stored state; prints how many.

Run in a process of its own, `python replay.py DATABASE SPEC`: nothing of the author's memory can help it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from genesis.build import build_genesis
from genesis.spec import parse_spec
from node.chain.chain import Chain
from node.plugins import discover, runtime_digest
from node.storage import RocksStates
from runtime.loader import load
from runtime.state import MemoryStates


def main() -> None:
    """Replay the chain in the folder that the first argument names, with the spec file of the second."""
    spec = parse_spec(json.loads(Path(sys.argv[2]).read_text()))
    runtime = load(spec.runtime, discover(), runtime_digest=runtime_digest())
    genesis = build_genesis(runtime, spec.genesis, MemoryStates().head)
    chain = Chain(runtime, RocksStates.open(sys.argv[1], archive=True), genesis)
    extrinsics = 0
    for number in range(1, chain.finalized.header.number + 1):
        block_hash = chain.hash_at(number)
        assert block_hash is not None
        stored = chain.block(block_hash)
        assert stored is not None
        parent = chain.at(stored.block.header.parent_hash)
        built = runtime.execute(parent.state, parent.header, stored.block)
        assert built.state.root == chain.at(block_hash).state.root
        extrinsics += len(stored.block.extrinsics)
    print(json.dumps({"blocks": chain.finalized.header.number, "extrinsics": extrinsics}))
    chain.close()


main()
