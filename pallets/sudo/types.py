"""What Sudo tells and refuses; Substrate's pallet_sudo, name by name."""

from __future__ import annotations

from runtime.frame import Error, Event
from runtime.scale import Struct
from runtime.types import AccountId
from runtime.types.dispatch import DispatchResult


class Genesis(Struct):
    """Who holds the key at block zero."""

    key: AccountId | None = None


class SudoEvent(Event, path="pallet_sudo::pallet::Event"):
    """What Sudo tells the world."""


class Sudid(SudoEvent, index=0):
    """A call was made as Root; how it ended."""

    sudo_result: DispatchResult


class KeyChanged(SudoEvent, index=1):
    """The key passed to another account."""

    old: AccountId | None
    new: AccountId


class KeyRemoved(SudoEvent, index=2):
    """The key is gone for ever."""


class SudoAsDone(SudoEvent, index=3):
    """A call was made as another account; how it ended."""

    sudo_result: DispatchResult


class SudoError(Error):
    """Why Sudo refuses."""


class RequireSudo(SudoError, index=0):
    """The signer does not hold the key."""
