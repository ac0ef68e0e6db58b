"""Addresses of peers: who a node is and where it listens, as one line of text.

    PEER@HOST:PORT        5f0c…e1@203.0.113.7:30333        5f0c…e1@[2001:db8::7]:30333

PEER is the 32-byte ed25519 public key of the node's identity in 64 hexadecimal digits. The key is part of the
address, so that whoever answers there is known to be meant, or refused.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from node.network.errors import BadAddress

PEER_ID_BYTES: Final = 32
HOST_BYTES_MAX: Final = 253
"""The longest name that the domain name system knows."""
PORT_MAX: Final = 65_535
GROUPS_KEPT_MAX: Final = 1_024
"""Hosts of which the neighbourhood is kept."""
TEXT_CHARACTERS_MAX: Final = 2 * PEER_ID_BYTES + HOST_BYTES_MAX + len("@[]:") + len(str(PORT_MAX))

PeerId: TypeAlias = bytes
"""Who a node is: the ed25519 public key of its identity, 32 bytes."""

_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(?:\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_TEXT: Final = re.compile(r"([0-9a-f]{64})@(?:\[([^\]]+)\]|([^:\[\]]+)):([0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """A peer and where it listens. Raises BadAddress when a part is none."""

    peer: PeerId
    host: str
    """An IP address or a name, in small letters."""
    port: int

    def __post_init__(self) -> None:
        if len(self.peer) != PEER_ID_BYTES:
            raise BadAddress(str(self), f"a peer has {PEER_ID_BYTES} bytes, not {len(self.peer)}")
        if len(self.host) > HOST_BYTES_MAX:
            raise BadAddress(str(self), f"a host has at most {HOST_BYTES_MAX} characters")
        if _ip(self.host) is None and not _NAME.fullmatch(self.host):
            raise BadAddress(str(self), f"{self.host!r} is neither an IP address nor a host's name")
        if not 1 <= self.port <= PORT_MAX:
            raise BadAddress(str(self), f"a port is a number from 1 to {PORT_MAX}")

    @classmethod
    def parse(cls, text: str) -> PeerAddress:
        """The address that `text` writes; BadAddress says what is wrong with it."""
        found = _TEXT.fullmatch(text.strip().lower()) if len(text) <= TEXT_CHARACTERS_MAX else None
        if found is None:
            raise BadAddress(text, "an address is written PEER@HOST:PORT, the peer in 64 hexadecimal digits")
        peer, bracketed, plain, port = found.groups()
        return cls(bytes.fromhex(peer), bracketed or plain, int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.peer.hex()}@{host}:{self.port}"


def short(peer: PeerId) -> str:
    """A peer in a log line: enough digits to find it by."""
    return peer.hex()[:12]


def is_ip(host: str) -> bool:
    """Whether the host is an IP address, which nobody need be asked about, and not a name."""
    return _ip(host) is not None


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    ip = _ip(host)
    return host == "localhost" if ip is None else ip.is_loopback


@lru_cache(GROUPS_KEPT_MAX)
def group_of(host: str) -> str:
    """The neighbourhood that is likely in one hand: a /24 of IPv4, a /48 of IPv6, else the name itself."""
    ip = _ip(host)
    if ip is None:
        return host
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The host as an IP address, an IPv4 address within IPv6 as what it is; None for a name."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    if "%" in host:
        return None
    return (isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped) or ip
