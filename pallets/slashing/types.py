"""What Slashing stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.frame.coin import Fault
from runtime.scale import U8, U32, Doc, Struct
from runtime.types import AccountId, Balance, BlockNumber, Hash


class Config(Struct):
    """Constants of the chain."""

    delay_hours: Annotated[
        U8, Doc("How long a slash waits before it is applied, 72 hours at most; 0 is the next block.")
    ] = 72


class Slash(Struct):
    """What a provider's faults will cost it."""

    who: AccountId
    fault: Fault
    amount: Annotated[Balance, Doc("What it costs at most: a bond may hold less.")]
    reporter: Annotated[AccountId | None, Doc("Who gets the reporter's share.")]
    since: Annotated[BlockNumber, Doc("When the first of the faults was noted.")]
    due: Annotated[BlockNumber, Doc("When the slash is applied.")]


class SlashingEvent(Event):
    """What Slashing tells the world."""


class Noted(SlashingEvent, index=0):
    """A fault was noted: it will cost so much, with whatever else waits under the same number."""

    id: U32
    who: AccountId
    fault: Fault
    amount: Balance
    due: BlockNumber


class Applied(SlashingEvent, index=1):
    """A slash was applied: where the coins went. Less than was noted, if the bond held less."""

    id: U32
    who: AccountId
    burned: Balance
    reporter: Balance
    reserve: Balance


class Postponed(SlashingEvent, index=2):
    """A slash could not be applied, and waits its time once more."""

    id: U32
    who: AccountId


class Lapsed(SlashingEvent, index=3):
    """A slash has come to nothing: the provider is gone, and its bond with it."""

    id: U32
    who: AccountId


class Cancelled(SlashingEvent, index=4):
    """A slash was cancelled, for the reasons in a document of this hash."""

    id: U32
    who: AccountId
    evidence: Hash


class Compensated(SlashingEvent, index=5):
    """Whom a provider harmed got coins of its bond."""

    who: AccountId
    victim: AccountId
    amount: Balance


class Forfeited(SlashingEvent, index=6):
    """A provider was banned, and lost everything: where it went beside the orphaned debt."""

    who: AccountId
    burned: Balance
    reporter: Balance
    reserve: Balance


class SlashingError(Error):
    """Why Slashing refuses."""


class UnknownSlash(SlashingError, index=0):
    """No slash of this number waits; it may be applied, or cancelled."""
