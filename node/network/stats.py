"""What the network tells of itself, as plain values: for metrics, `system_peers` and `system_health`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from node.network.address import PeerAddress, PeerId
from node.network.reputation import Ban


@dataclass(frozen=True, slots=True)
class PeerStats:
    """One connected peer."""

    peer: PeerId
    address: str
    """Where it listens, when that is known; else the host that it called from."""
    is_outbound: bool
    is_reserved: bool
    seconds: float
    """How long it has been connected."""
    bytes_in: int
    bytes_out: int
    messages_in: int
    messages_out: int
    waiting_bytes: int
    """Sent, but not read by it yet."""
    round_trip_seconds: float | None
    score: float


@dataclass(frozen=True, slots=True)
class NetworkStats:
    """The network as one node sees it."""

    me: PeerId
    address: PeerAddress | None
    """Where this node listens, if it does."""
    peers: tuple[PeerStats, ...]
    known: int
    """Peers whose addresses are known."""
    reserved: int
    """Peers that are always dialled, connected or not."""
    bans: tuple[Ban, ...]
    drops: Mapping[str, int]
    """Messages that were dropped, by reason."""
    duplicates: int
    """Flooded messages that came again, which is no fault."""
    events: Mapping[str, int]
    """Since the start: `connected`, `disconnected`, `dials failed`, `handshakes failed`, `bans`."""
    waiting: Mapping[str, int]
    """Messages that wait to be received, by topic."""
