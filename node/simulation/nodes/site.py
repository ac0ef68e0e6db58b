"""The site: what all machines of one run share, and who watches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from genesis.build import Genesis
from node.chain.chain import Chain, Position
from node.chain.notices import Finalized
from node.consensus.messages import Peer
from node.network.memory import MemoryHub
from node.simulation.nodes.plan import Plan
from node.simulation.nodes.trace import Trace
from runtime.runtime import Runtime
from runtime.simplex import Statement


class Judge(Protocol):
    """Who watches the nodes, each known by its place."""

    def on_started(self, place: int, chain: Chain) -> None:
        """A node begins, with what its disk holds."""
        ...

    def on_ended(self, place: int, why: Exception | None) -> None:
        """A node's life is over: by this error, or by what the plan has for it."""
        ...

    def on_wiped(self, place: int) -> None:
        """A machine has another disk, an empty one."""
        ...

    def on_voted(self, place: int, statement: Statement) -> None:
        """A node says to somebody what it votes for."""
        ...

    def on_blamed(self, place: int, peer: Peer, why: str) -> None:
        """A node blames a peer for what it said of the agreement."""
        ...

    def on_final(self, place: int, chain: Chain, notice: Finalized) -> None:
        """Blocks are final at a node."""
        ...


@dataclass(frozen=True, slots=True)
class Site:
    """One run's."""

    plan: Plan
    runtime: Runtime
    genesis: Genesis
    hub: MemoryHub
    trace: Trace
    judge: Judge

    @property
    def beginning(self) -> Position:
        """Block zero with its state."""
        return Position(self.genesis.hash, self.genesis.block.header, self.genesis.state)
