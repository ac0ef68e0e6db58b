"""What Offences stores, tells and refuses."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.scale import U8, U32, U64, Doc, Struct
from runtime.simplex import Fault
from runtime.types import AccountId, Balance, BlockNumber


class Config(Struct):
    """Constants of the chain."""

    delay_hours: Annotated[
        U8, Doc("How long a slash waits before it is applied, 72 hours at most; 0 is the next block.")
    ] = 72


class Offence(Struct):
    """A proven offence whose slash waits."""

    offender: AccountId
    span: Annotated[U32, Doc("The 7 days in which its epoch began, by number.")]
    validators: Annotated[U32, Doc("n: how many validators its epoch had.")]
    reporter: Annotated[AccountId | None, Doc("Who gets the reporter's share.")]
    due: Annotated[BlockNumber, Doc("When the slash is applied.")]


class OffencesEvent(Event):
    """What Offences tells the world."""


class Reported(OffencesEvent, index=0):
    """An offence was proven: its offender is banned, and will be slashed."""

    id: U32
    offender: AccountId
    fault: Fault
    epoch: U64
    reporter: AccountId | None
    due: BlockNumber


class Applied(OffencesEvent, index=1):
    """A slash was applied: where the coins went."""

    id: U32
    offender: AccountId
    burned: Balance
    reporter: Balance
    reserve: Balance


class Postponed(OffencesEvent, index=2):
    """A slash could not be applied, and waits its time once more."""

    id: U32
    offender: AccountId


class Cancelled(OffencesEvent, index=3):
    """A slash was cancelled, and its offender pardoned."""

    id: U32
    offender: AccountId


class OffencesError(Error):
    """Why Offences refuses."""


class EpochUnknown(OffencesError, index=0):
    """The epoch is to come, or began so long ago that nobody answers for it any more."""


class WrongCommittee(OffencesError, index=1):
    """The committee is not the one that this chain had in the epoch."""


class NoOffence(OffencesError, index=2):
    """The statements do not contradict each other, or are not those of one epoch's validators."""


class AlreadyReported(OffencesError, index=3):
    """Whoever this convicts is convicted for the same 7 days already."""


class NotSigned(OffencesError, index=4):
    """A signature is not that of whom it accuses: evidence of another chain, or none at all."""


class UnknownOffence(OffencesError, index=5):
    """No slash of this number waits."""
