"""Events: what a pallet tells the world.

A pallet derives one root from `Event`, and from it one frozen record an event, with `index=`; docstrings
become metadata.
"""

from __future__ import annotations

from runtime.scale import Enum


class Event(Enum):
    """The root of every pallet's events."""


class NoEvent(Event):
    """The event root of a pallet that tells nothing."""
