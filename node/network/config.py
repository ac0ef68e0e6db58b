"""What a node's network is told when it starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from node.network.address import PeerAddress, is_ip
from node.network.errors import BadAddress
from node.network.limits import NetworkLimits
from node.network.topics import PROTOCOLS, TOPICS, Protocol, Topic


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """One node's network. Who the node is and where it listens its transport knows."""

    bootnodes: tuple[PeerAddress, ...] = ()
    """Where to begin."""
    reserved: tuple[PeerAddress, ...] = ()
    """Peers that are always dialled, until `set_reserved` says otherwise."""
    public_host: str = ""
    """The IP address at which others reach this node; empty for the one that they see."""
    anchors_file: Path | None = None
    """Where anchors are kept over a restart; None for not at all."""
    topics: tuple[Topic, ...] = TOPICS
    protocols: tuple[Protocol, ...] = PROTOCOLS
    limits: NetworkLimits = field(default_factory=NetworkLimits)

    def __post_init__(self) -> None:
        """Raises BadAddress for a public host that no peer would dial."""
        if self.public_host and not is_ip(self.public_host):
            raise BadAddress(self.public_host, "the public host of a node is an IP address")
