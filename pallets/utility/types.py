"""What Utility tells and refuses; Substrate's pallet_utility, name by name."""

from __future__ import annotations

from runtime.frame import Error, Event
from runtime.scale import U32
from runtime.types.dispatch import DispatchErrorValue, DispatchResult


class UtilityEvent(Event, path="pallet_utility::pallet::Event"):
    """What Utility tells the world."""


class BatchInterrupted(UtilityEvent, index=0):
    """A batch ended early: the call at `index` was refused, and those before it stand."""

    index: U32
    error: DispatchErrorValue


class BatchCompleted(UtilityEvent, index=1):
    """Every call of the batch was done."""


class BatchCompletedWithErrors(UtilityEvent, index=2):
    """Every call of the batch was tried, and some were refused."""


class ItemCompleted(UtilityEvent, index=3):
    """One call of the batch was done."""


class ItemFailed(UtilityEvent, index=4):
    """One call of the batch was refused."""

    error: DispatchErrorValue


class DispatchedAs(UtilityEvent, index=5):
    """A call was dispatched on another authority; how it ended."""

    result: DispatchResult


class UtilityError(Error):
    """Why Utility refuses."""


class TooManyCalls(UtilityError, index=0):
    """The batch holds more calls than the limit."""
