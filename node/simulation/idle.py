"""The judge of villains: it looks away."""

from __future__ import annotations

from typing import Final

from node.consensus.actions import Misdeed
from node.consensus.messages import AnyMessage, Candidate, Peer
from node.simulation.host import Host
from runtime.simplex import Certificate, Vote


class Idle:
    """Judges nothing."""

    def on_said(self, host: Host, message: AnyMessage) -> None: ...
    def on_committed(self, host: Host, certificate: Certificate, blocks: tuple[Candidate, ...]) -> None: ...
    def on_checked(self, host: Host, candidate: Candidate) -> None: ...
    def on_reported(self, host: Host, first: Vote, second: Vote) -> None: ...
    def on_broken(self, host: Host, first: Certificate, second: Certificate) -> None: ...
    def on_fault(self, host: Host, peer: Peer, misdeed: Misdeed) -> None: ...
    def on_restarted(self, host: Host) -> None: ...


IDLE: Final = Idle()
