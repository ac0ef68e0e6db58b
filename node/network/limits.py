"""What one peer may cost: every bound of the peer port, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NetworkLimits:
    """Bounds on sizes in bytes, on counts, and on waiting in seconds."""

    # Coming in.

    handshake_seconds_max: float = 10.0
    """From an open connection to a proven identity, and again from there to the greeting."""

    handshakes_max: int = 64
    """Callers that have not proven who they are; one more, and the oldest of them must go."""

    inbound_max: int = 64
    """Callers that are not reserved."""

    inbound_per_group_max: int = 2
    """Callers that are not reserved from one /24, or one /48 of IPv6; this machine is exempt."""

    # Going out.

    dial_seconds_max: float = 5.0
    """From a name to an open connection."""

    dials_max: int = 32
    """Dials under way at the same time."""

    outbound_min: int = 8
    """So many peers are dialled, reserved ones counted, for as long as addresses are known."""

    redial_seconds: float = 0.25
    """The wait after the first failed dial; each failure doubles it."""

    redial_reserved_seconds_max: float = 1.5
    """The longest wait between dials of a reserved peer."""

    redial_seconds_max: float = 120.0
    """The longest wait between dials of any other."""

    yield_seconds: float = 0.25
    """Of two reserved peers the one with the higher identity leaves the other so long to dial first."""

    stable_seconds: float = 5.0
    """A connection that lasted so long makes earlier failures forgotten."""

    failures_max: int = 8
    """After so many failed dials in a row a peer that nobody vouched for is forgotten."""

    reserved_max: int = 256
    """Peers that are always dialled."""

    book_max: int = 1_024
    """Peers whose addresses are known, reserved ones aside."""

    book_per_source_max: int = 128
    """Of these, those that one peer told of."""

    anchors_max: int = 4
    """Peers remembered over a restart, to be dialled first."""

    exchange_seconds: float = 30.0
    """How often peers are asked for addresses while too few are dialled."""

    exchange_addresses_max: int = 64
    """Addresses in one answer."""

    # Receiving.

    messages_per_second: float = 2_000.0
    messages_burst: float = 10_000.0
    bytes_per_second: float = 16.0 * (1 << 20)
    bytes_burst: float = 64.0 * (1 << 20)
    """What a peer may send unasked; more is dropped, and a fault."""

    # Sending.

    urgent_frames_max: int = 4_096
    urgent_bytes_max: int = 32 << 20
    """What of consensus waits for a slow reader; more of it closes the connection."""

    answer_frames_max: int = 256
    answer_bytes_max: int = 16 << 20
    """Requests and answers that wait for a slow reader; more of them are refused."""

    bulk_frames_max: int = 2_048
    bulk_bytes_max: int = 16 << 20
    """Gossip that waits for a slow reader; more of it is dropped."""

    batch_bytes: int = 65_536
    """Waiting frames are written together up to so many bytes."""

    send_seconds_max: float = 20.0
    """How long one write may wait for the peer to read."""

    close_seconds_max: float = 1.0
    """How long a closing connection may take to say why."""

    ping_seconds: float = 5.0
    """How often a silent peer is asked whether it is there."""

    silent_seconds_max: float = 15.0
    """A peer that says nothing for so long is gone."""

    # Requests.

    asked_max: int = 64
    """Requests that wait for one peer, given-up ones included until their answers come after all."""

    given_up_max: int = 32
    """Of these, given-up ones; a peer that leaves more unanswered is disconnected."""

    served_max: int = 16
    """Requests of one peer that are being answered at the same time."""

    serve_seconds_max: float = 30.0
    """The time that finding an answer may take."""

    # Gossip.

    seen_max: int = 65_536
    seen_seconds_max: float = 120.0
    """How many flooded messages are remembered, and for how long, so that each is taken once."""

    holders_max: int = 8
    """Peers remembered to have sent the same message."""
