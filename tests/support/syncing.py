"""Nodes that sync within one process, and what they report of each other."""

from __future__ import annotations

from node.chain.chain import Chain
from node.consensus.verifier import InlineVerifier
from node.network.address import PeerId
from node.sync.server import Server
from node.sync.service import Sync
from node.sync.sync import Fault
from support import rota
from support.hub import Hub, Port, name_of


class Faults:
    """What a node reports of its peers."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Fault]] = []
        self.details: list[str] = []

    def __call__(self, peer: PeerId, fault: Fault, detail: str) -> None:
        self.seen.append((name_of(peer), fault))
        self.details.append(detail)


def sync_of(chain: Chain, port: Port, faults: Faults | None = None) -> Sync:
    verifier = InlineVerifier(chain.genesis_hash)
    return Sync(chain, rota.epochs_of(chain), port, verifier, report=faults)


def honest(hub: Hub, chain: Chain, name: str = "honest") -> Port:
    port = hub.join(name)
    Server(chain).register(port)
    return port


def assert_same(chain: Chain, source: Chain) -> None:
    """The same final blocks, bodies, certificates of their own, and the same state."""
    assert chain.finalized.hash == source.finalized.hash
    assert chain.finalized.state.root == source.finalized.header.state_root
    for number in range(source.finalized.header.number + 1):
        block_hash = source.hash_at(number)
        assert block_hash is not None and chain.hash_at(number) == block_hash
        assert chain.block(block_hash) == source.block(block_hash), number
