"""Events: what a pallet tells the world.

A pallet derives one root from `Event`, and from it one frozen record an event, with `index=`; docstrings
become metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from runtime.frame.host import Host
from runtime.scale import AnyCodec, Enum
from runtime.state.backend import Write

NO_TOPICS: Final = b"\0"
"""The topics of every event record, encoded: none."""


class Event(Enum):
    """The root of every pallet's events."""


class NoEvent(Event):
    """The event root of a pallet that tells nothing."""


class Emitter:
    """Deposits the events of one pallet in the block that its host stands in."""

    __slots__ = ("_host", "_index", "_writers", "encode")

    def __init__(self, host: Host, index: int, codec: AnyCodec) -> None:
        self._host = host
        self._index = bytes((index,))
        self._writers: Mapping[Any, Write] = codec.writers
        self.encode: Write = codec.write
        """The encoding of an event."""

    def emit(self, event: Event) -> None:
        """Encode an event, and deposit it. Raises EncodeError for what does not fit, or is no event of the
        pallet.
        """
        host = self._host
        write = self._writers.get(type(event), self.encode)
        events = host.overlay.events
        events += (host.phase, self._index, write(event), NO_TOPICS)

    def emit_encoded(self, event: bytes) -> None:
        """The same with what `encode` gave before."""
        host = self._host
        events = host.overlay.events
        events += (host.phase, self._index, event, NO_TOPICS)
