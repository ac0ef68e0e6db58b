"""Intake: a peer's message as the agreement takes it, its blocks read."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from node.consensus.inputs import Fetched, Proposed, Received
from node.consensus.messages import (
    AnyMessage,
    Bodies,
    Candidate,
    Need,
    Peer,
    Proposal,
    Proved,
    Status,
    Voted,
    Want,
)


def intake(
    peer: Peer, message: AnyMessage, read: Callable[[bytes], Candidate]
) -> Received | Proposed | Fetched:
    """The input that a message is. `read` makes a candidate of a block's bytes, its hash computed; what it
    raises for bytes that are no block passes through: such a message is its sender's misdeed.
    """
    match message:
        case Proposal(body, vote):
            return Proposed(peer, read(body), vote)
        case Bodies(bodies):
            return Fetched(peer, tuple(read(body) for body in bodies))
        case Voted() | Proved() | Need() | Want() | Status():
            return Received(peer, message)
        case _:
            assert_never(message)
