"""The outbox: what one step asks of the world, in order."""

from __future__ import annotations

from node.consensus.actions import CoreAction, Fault, Misdeed, Record, Send
from node.consensus.messages import AnyMessage, AnyRecord, Peer


class Outbox:
    """Actions that are taken out together when the step ends."""

    def __init__(self) -> None:
        self._actions: list[CoreAction] = []
        self.records = 0
        """Records since the journal was last compacted."""

    def put(self, action: CoreAction) -> None:
        """Ask for this behind all before it."""
        self._actions.append(action)

    def record(self, record: AnyRecord) -> None:
        """Have the journal remember."""
        self.records += 1
        self._actions.append(Record(record))

    def send(self, peer: Peer, message: AnyMessage) -> None:
        """Have one peer told."""
        self._actions.append(Send(peer, message))

    def fault(self, peer: Peer, misdeed: Misdeed) -> None:
        """Have a peer blamed."""
        self._actions.append(Fault(peer, misdeed))

    def drain(self) -> list[CoreAction]:
        """Everything asked for, and begin anew."""
        actions, self._actions = self._actions, []
        return actions
