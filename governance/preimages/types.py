"""What Preimage stores, tells and refuses; Substrate's `pallet_preimage`, name by name."""

from __future__ import annotations

from typing import Annotated

from runtime.frame import Error, Event
from runtime.scale import U32, Doc, Enum, Struct
from runtime.types import AccountId, Balance, Hash


class Config(Struct):
    """Constants of the chain."""

    base_deposit: Annotated[Balance, Doc("What is on hold for a preimage, whatever its length.")]
    byte_deposit: Annotated[Balance, Doc("What is on hold for each of its bytes, beside that.")]


class HoldReason(Enum):
    """Why Preimage holds coins."""


class Preimage(HoldReason, index=0):
    """A preimage is kept for whoever noted it."""


class RequestStatus(
    Enum,
    path="pallet_preimage::RequestStatus",
    params={"AccountId": AccountId, "Ticket": Balance},
):
    """Who keeps a preimage, and who needs it."""


class Unrequested(RequestStatus, index=0):
    """Nobody needs it: who noted it may take it away."""

    ticket: Annotated[tuple[AccountId, Balance], Doc("Who noted it, and the coins on hold for it.")]
    len: Annotated[U32, Doc("Its length in bytes.")]


class RequestedStatus(RequestStatus, index=1, name="Requested"):
    """It is needed: it stays, or is waited for."""

    maybe_ticket: Annotated[
        tuple[AccountId, Balance] | None, Doc("Who noted it, and the coins on hold; none if nobody did.")
    ]
    count: Annotated[U32, Doc("How often it is needed.")]
    maybe_len: Annotated[U32 | None, Doc("Its length in bytes, once it is there.")]


class PreimageEvent(Event, path="pallet_preimage::pallet::Event"):
    """What Preimage tells the world."""


class Noted(PreimageEvent, index=0):
    """A preimage has been noted."""

    hash: Hash


class Requested(PreimageEvent, index=1):
    """A preimage has been requested."""

    hash: Hash


class Cleared(PreimageEvent, index=2):
    """A preimage has been cleared."""

    hash: Hash


class PreimageError(Error):
    """Why Preimage refuses."""


class TooBig(PreimageError, index=0):
    """The preimage is too large to store on-chain."""


class AlreadyNoted(PreimageError, index=1):
    """The preimage has already been noted on-chain."""


class NotAuthorized(PreimageError, index=2):
    """The user is not authorized to perform this action: somebody else noted the preimage."""


class NotNoted(PreimageError, index=3):
    """The preimage cannot be removed, or read, since it has not been noted."""


class NotRequested(PreimageError, index=5):
    """The preimage request cannot be removed since no outstanding requests exist."""


class NoCall(PreimageError, index=8):
    """The preimage is no call of this runtime."""
