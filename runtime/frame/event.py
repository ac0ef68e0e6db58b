"""Events: what a pallet tells the world.

A pallet derives one root from `Event`, and from it one frozen record an event, with `index=`; docstrings
become metadata.
"""

from __future__ import annotations

from typing import Final

from runtime.scale import Enum

NO_TOPICS: Final = b"\0"
"""The topics of every event record, encoded: none."""


class Event(Enum):
    """The root of every pallet's events."""


class NoEvent(Event):
    """The event root of a pallet that tells nothing."""
