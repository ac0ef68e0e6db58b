"""Flooding without circles: which messages are known, who is known to have them, and whom to send them to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable
from random import Random

from node.network.address import PeerId
from node.network.limits import NetworkLimits
from node.network.topics import FANOUT
from runtime.crypto.hashing import blake2b_128


class Seen:
    """The flooded messages of the last minutes. Forgetting one costs that it is taken again, no more."""

    def __init__(self, limits: NetworkLimits) -> None:
        self._limits = limits
        self._messages: OrderedDict[bytes, tuple[float, list[PeerId]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._messages)

    def note(self, topic: str, data: bytes, peer: PeerId | None, now: float) -> bool:
        """Remember a message, and that `peer` has it; whether it is new."""
        self._expire(now)
        identity = blake2b_128(topic.encode() + b"\0" + data)
        known = self._messages.get(identity)
        if known is None:
            self._messages[identity] = now, [] if peer is None else [peer]
            if len(self._messages) > self._limits.seen_max:
                self._messages.popitem(last=False)
            return True
        _, holders = known
        if peer is not None and peer not in holders and len(holders) < self._limits.holders_max:
            holders.append(peer)
        return False

    def holders(self, topic: str, data: bytes) -> Collection[PeerId]:
        """Peers that are known to have the message."""
        known = self._messages.get(blake2b_128(topic.encode() + b"\0" + data))
        return known[1] if known else ()

    def _expire(self, now: float) -> None:
        while self._messages:
            time, _ = next(iter(self._messages.values()))
            if time + self._limits.seen_seconds_max > now:
                return
            self._messages.popitem(last=False)


def chosen(peers: Iterable[PeerId], without: Collection[PeerId], random: Random) -> list[PeerId]:
    """To whom a flooded message goes: up to FANOUT of the peers that are not `without`."""
    candidates = [peer for peer in peers if peer not in without]
    return random.sample(candidates, FANOUT) if len(candidates) > FANOUT else candidates
