"""Nodes that begin at a checkpoint within one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from node.chain.chain import Chain
from node.consensus.verifier import InlineVerifier
from node.network.address import PeerId
from node.storage import Filling
from node.sync.pages import (
    STATE,
    BlockAsked,
    StateRequest,
    Target,
)
from node.sync.server import Server
from node.sync.state import (
    StateSync,
)
from node.sync.state_server import StateServer
from node.sync.sync import Fault
from runtime.scale import codec_of
from support import rota
from support.hub import Hub, Port, name_of

_REQUEST = codec_of(StateRequest)


@dataclass
class Node:
    """A node that begins."""

    folder: Path
    port: Port
    seen: list[tuple[str, Fault]] = field(default_factory=list[tuple[str, Fault]])
    details: list[str] = field(default_factory=list[str])

    def report(self, peer: PeerId, fault: Fault, detail: str) -> None:
        self.seen.append((name_of(peer), fault))
        self.details.append(detail)

    async def begin(self, wanted: bytes | None = None) -> Chain:
        """Fill the database, and open the chain."""
        filling = Filling.open(self.folder, cache_bytes=8 << 20)
        genesis = rota.genesis()
        sync = StateSync(
            filling,
            genesis,
            rota.signers(0).committee,
            rota.BLOCKS_PER_EPOCH,
            self.port,
            InlineVerifier(genesis.hash),
            wanted=wanted,
            report=self.report,
        )
        try:
            await sync.run()
        finally:
            filling.close()
        return rota.open_chain(self.folder)


def honest(hub: Hub, chain: Chain, name: str = "honest") -> Port:
    port = hub.join(name)
    Server(chain).register(port)
    StateServer(chain, rota.epochs_of(chain)).register(port)
    return port


def joined(hub: Hub, folder: Path) -> Node:
    return Node(folder / "begun", hub.join("new"))


def hash_at(chain: Chain, number: int) -> bytes:
    block_hash = chain.hash_at(number)
    assert block_hash is not None
    return block_hash


def entries(chain: Chain, number: int) -> dict[bytes, bytes | None]:
    state = chain.states.at(number)
    return {key: state.get(key) for key in state.keys(b"")}


Change = Callable[[StateRequest, bytes], bytes]


def lying(hub: Hub, source: Chain, change: Change, name: str = "hostile") -> None:
    """A peer that alters every answer."""
    port, server = honest(hub, source, name), StateServer(source, rota.epochs_of(source))

    async def answer(peer: PeerId, data: bytes) -> bytes:
        return change(_REQUEST.decode(data), await server.answer(peer, data))

    port.on_request(STATE, answer)


def on_target(change: Callable[[Target], Target]) -> Change:
    def changed(request: StateRequest, raw: bytes) -> bytes:
        if not isinstance(request, BlockAsked):
            return raw
        return codec_of(Target).encode(change(codec_of(Target).decode(raw)))

    return changed
