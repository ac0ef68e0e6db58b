"""What Multisig stores, tells and refuses; Substrate's pallet_multisig, name by name."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from runtime.frame import Error, Event
from runtime.scale import U32, Doc, Enum, Fixed, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber
from runtime.types.dispatch import DispatchResult

SIGNATORIES_MAX: Final = 100
"""The most accounts that answer for one together."""
CallHash: TypeAlias = Annotated[bytes, Fixed(32)]
"""BLAKE2b-256 of a call's encoding."""
Signatories: TypeAlias = Annotated[tuple[AccountId, ...], Max(SIGNATORIES_MAX)]


class Config(Struct):
    """Constants of the chain."""

    deposit_base: Annotated[Balance, Doc("What an operation costs while it is open.")]
    deposit_factor: Annotated[Balance, Doc("And each approval that it needs.")]


class Timepoint(Struct, path="pallet_multisig::Timepoint", params={"BlockNumber": BlockNumber}):
    """Where an operation was opened: so one that was opened anew is no longer the one that somebody saw."""

    height: Annotated[BlockNumber, Doc("The block.")]
    index: Annotated[U32, Doc("The extrinsic in it.")]


class Operation(
    Struct,
    path="pallet_multisig::Multisig",
    params={"BlockNumber": BlockNumber, "Balance": Balance, "AccountId": AccountId},
):
    """A call that waits for approvals."""

    when: Annotated[Timepoint, Doc("The extrinsic that opened it.")]
    deposit: Annotated[Balance, Doc("What its depositor has on hold for it.")]
    depositor: Annotated[AccountId, Doc("Who opened it: the first to approve.")]
    approvals: Annotated[Signatories, Doc("Who approved so far, sorted.")]


class HoldReason(Enum):
    """Why Multisig holds coins."""


class OperationDeposit(HoldReason, index=0):
    """An operation that one opened."""


class MultisigEvent(Event, path="pallet_multisig::pallet::Event"):
    """What Multisig tells the world."""


class NewMultisig(MultisigEvent, index=0):
    """A new multisig operation has begun."""

    approving: AccountId
    multisig: AccountId
    call_hash: CallHash


class MultisigApproval(MultisigEvent, index=1):
    """A multisig operation has been approved by someone."""

    approving: AccountId
    timepoint: Timepoint
    multisig: AccountId
    call_hash: CallHash


class MultisigExecuted(MultisigEvent, index=2):
    """A multisig operation has been executed; how its call ended."""

    approving: AccountId
    timepoint: Timepoint
    multisig: AccountId
    call_hash: CallHash
    result: DispatchResult


class MultisigCancelled(MultisigEvent, index=3):
    """A multisig operation has been cancelled."""

    cancelling: AccountId
    timepoint: Timepoint
    multisig: AccountId
    call_hash: CallHash


class DepositPoked(MultisigEvent, index=4):
    """The deposit of a multisig operation is what the chain asks for now."""

    who: AccountId
    call_hash: CallHash
    old_deposit: Balance
    new_deposit: Balance


class MultisigError(Error):
    """Why Multisig refuses."""


class MinimumThreshold(MultisigError, index=0):
    """Threshold must be 2 or greater."""


class AlreadyApproved(MultisigError, index=1):
    """Call is already approved by this signatory, or by as many as it needs: make it with as_multi."""


class TooFewSignatories(MultisigError, index=3):
    """There are too few signatories in the list."""


class TooManySignatories(MultisigError, index=4):
    """There are too many signatories in the list."""


class SignatoriesOutOfOrder(MultisigError, index=5):
    """The signatories were provided out of order; they should be ordered, and each named once."""


class SenderInSignatories(MultisigError, index=6):
    """The sender was contained in the other signatories; it shouldn't be."""


class NotFound(MultisigError, index=7):
    """Multisig operation not found in storage."""


class NotOwner(MultisigError, index=8):
    """Only the account that opened the operation is able to cancel it or update its deposit."""


class NoTimepoint(MultisigError, index=9):
    """No timepoint was given, yet the multisig operation is already underway."""


class WrongTimepoint(MultisigError, index=10):
    """A different timepoint was given to the multisig operation that is underway."""


class UnexpectedTimepoint(MultisigError, index=11):
    """A timepoint was given, yet no multisig operation is underway."""


class MaxWeightTooLow(MultisigError, index=12):
    """The maximum weight information provided was too low."""
