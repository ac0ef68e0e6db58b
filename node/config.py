"""What a node is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from genesis.spec import ChainSpec
from node.chain.sealing import Every, Sealing
from node.peering import PeeringConfig
from node.rpc import RpcConfig
from node.storage.rocks import BLOCK_CACHE_BYTES
from node.storage.states import NODE_BUDGET_BYTES

DEFAULT_SEALING: Final[Sealing] = Every(2.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeConfig:
    """One node of one chain."""

    spec: ChainSpec
    base_path: Path
    """The folder that holds the chain's data."""
    sealing: Sealing = DEFAULT_SEALING
    """When a development chain's blocks are built."""
    peering: PeeringConfig | None = None
    """How the node meets others; None for a development chain, which is run alone."""
    rpc: RpcConfig = field(default_factory=RpcConfig)
    archive: bool = False
    """Whether every past state is kept."""
    ready_file: Path | None = None
    """Written, as JSON, when the node answers calls."""
    state_cache_bytes: int = BLOCK_CACHE_BYTES
    node_cache_bytes: int = NODE_BUDGET_BYTES

    @property
    def development(self) -> bool:
        """Whether the node makes its blocks alone, and offers `dev_*` methods."""
        return self.peering is None

    @property
    def database_path(self) -> Path:
        """The folder of the chain's database."""
        return self.base_path / "chains" / self.spec.id / "db"
