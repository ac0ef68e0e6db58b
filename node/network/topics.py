"""Topics and protocols: what peers tell each other unasked, and what they ask; with the bounds of each.

A **topic** is told: a message goes out once, to whoever is connected, and may be lost. A **direct** topic
goes to every peer and is not passed on by the network: what is said of votes is said by their authors. A
**flooded** topic is taken once, whoever sends it, and goes on to a few peers, when whoever received it here
found it worth passing on and broadcasts it anew.

A **protocol** is asked: one request, one answer or a refusal.

Names that a node does not know are no fault, so that an older node can live beside a newer one: their
messages are dropped, their requests refused.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

NAME_BYTES_MAX: Final = 32
MEBIBYTE: Final = 1 << 20
MESSAGE_BYTES_MAX: Final = MEBIBYTE
BLOCK_MESSAGE_BYTES_MAX: Final = 8 * MEBIBYTE
"""Room for a block of five mebibytes of extrinsics, with what proves that it is final."""
UNKNOWN_BYTES_MAX: Final = 65_536
"""What an unknown topic or protocol may send; it is dropped."""
FANOUT: Final = 8
"""How many peers a flooded message goes to from each node: all but 3 in 10,000 nodes are then expected to
get it (e^-8), and the rest from blocks.
"""

PEERS: Final = "peers"
"""Asks for addresses of peers."""


class Priority(enum.IntEnum):
    """What leaves first, and what happens to it when the peer reads too slowly."""

    URGENT = 0
    """Consensus: a peer too slow for it is disconnected, and learns what it missed when it comes back."""
    ANSWER = 1
    """Requests and answers: refused when there is no room."""
    BULK = 2
    """Gossip: dropped when there is no room."""


@dataclass(frozen=True, slots=True)
class Topic:
    """Something told, and its bounds."""

    name: str
    bytes_max: int = MESSAGE_BYTES_MAX
    """One message."""
    priority: Priority = Priority.BULK
    floods: bool = False
    """Whether a message is taken once only, and sent to a few peers; else it goes to all."""
    waiting_max: int = 4_096
    waiting_bytes_max: int = 16 * MEBIBYTE
    """What waits here to be received; beyond it the peer with most waiting loses its latest."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """Something asked, and its bounds."""

    name: str
    request_bytes_max: int = 65_536
    answer_bytes_max: int = MESSAGE_BYTES_MAX


TOPICS: Final = (
    Topic("votes", priority=Priority.URGENT),
    Topic("certificates", priority=Priority.URGENT),
    Topic(
        "proposals",
        BLOCK_MESSAGE_BYTES_MAX,
        Priority.URGENT,
        waiting_max=64,
        waiting_bytes_max=8 * BLOCK_MESSAGE_BYTES_MAX,
    ),
    Topic("final", floods=True),
    Topic("transactions", BLOCK_MESSAGE_BYTES_MAX, floods=True),
)
"""What the chain's nodes tell each other."""

PROTOCOLS: Final = (
    Protocol(PEERS, request_bytes_max=0, answer_bytes_max=65_536),
    Protocol("status/1"),
    Protocol("blocks/1", answer_bytes_max=BLOCK_MESSAGE_BYTES_MAX),
    Protocol("state/1", answer_bytes_max=BLOCK_MESSAGE_BYTES_MAX),
)
"""What they ask each other."""


class Catalogue:
    """The topics and protocols that a node knows, by name; unknown ones get small bounds."""

    def __init__(
        self, topics: tuple[Topic, ...] = TOPICS, protocols: tuple[Protocol, ...] = PROTOCOLS
    ) -> None:
        self._topics = {topic.name: topic for topic in topics}
        self._protocols = {protocol.name: protocol for protocol in protocols}
        for name in (*self._topics, *self._protocols):
            assert len(name.encode()) <= NAME_BYTES_MAX, f"{name}: at most {NAME_BYTES_MAX} bytes"

    def knows(self, topic: str) -> bool:
        """Whether the topic is one of the node's."""
        return topic in self._topics

    def topic(self, name: str) -> Topic:
        """The topic of this name."""
        return self._topics.get(name) or Topic(name, UNKNOWN_BYTES_MAX)

    def protocol(self, name: str) -> Protocol:
        """The protocol of this name."""
        return self._protocols.get(name) or Protocol(name, UNKNOWN_BYTES_MAX, UNKNOWN_BYTES_MAX)
