"""What one caller may cost: every bound of the RPC port, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on sizes in bytes, on counts, and on waiting in seconds."""

    message_bytes_max: int = 1_000_000
    """One WebSocket message, or one HTTP body."""

    response_bytes_max: int = 15_000_000
    """One response; larger ones are answered with an error instead."""

    head_bytes_max: int = 16_384
    """The request line and headers of one HTTP request."""

    batch_max: int = 10
    """Requests in one batch."""

    connections_max: int = 100
    """Open connections, WebSocket and HTTP together."""

    refusals_max: int = 32
    """Connections over the bound that are told so at the same time; more are closed without a word."""

    subscriptions_max: int = 32
    """Open subscriptions of one connection."""

    id_bytes_max: int = 256
    """The `id` of a request, when it is a string."""

    outbox_messages_max: int = 1_024
    """Messages waiting for a slow reader; one more closes its connection."""

    outbox_bytes_max: int = 32_000_000
    """Bytes waiting for a slow reader; more close its connection."""

    outbox_drain_messages: int = 64
    """A caller with this many messages unread is not served its next request until it has read some."""

    request_seconds_max: float = 30.0
    """The time a handler has to answer."""

    head_seconds_max: float = 10.0
    """The time a client has to send the head of its first request."""

    body_seconds_max: float = 30.0
    """The time a client has to send a body."""

    idle_seconds_max: float = 75.0
    """How long a kept-alive HTTP connection may say nothing, and a WebSocket fail to answer pings."""

    ping_seconds: float = 30.0
    """How often a silent WebSocket is asked whether it is there."""

    send_seconds_max: float = 20.0
    """How long one write may wait for the peer to read."""

    close_seconds_max: float = 1.0
    """How long a closing connection may take to say goodbye."""
