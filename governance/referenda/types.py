"""What Referenda stores beside the referenda, tells and refuses; Substrate's names and numbers where it has
the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

from governance.whatif import types as w
from governance.whatif.types import Refusal
from runtime.frame import Error, Event, RuntimeOrigin
from runtime.frame.governance import BoundedCall, PollIndex, Tally, TrackId
from runtime.scale import U32, Doc, Enum, Max, Struct
from runtime.types import AccountId, Balance, BlockNumber, Hash

QUEUED_MAX: Final = 100
"""The most referenda that wait for a place on one track."""


class Config(Struct):
    """Constants of the chain."""

    blocks_per_hour: Annotated[U32, Doc("How many blocks pass in an hour; at least one.")]
    submission_deposit: Annotated[
        Balance, Doc("What is on hold for each referendum, from its submission on.")
    ]
    slash_account: Annotated[AccountId, Doc("Who gets the deposits of referenda that are killed.")]


class HoldReason(Enum):
    """Why Referenda holds coins."""


class SubmissionDeposit(HoldReason, index=0):
    """A referendum was submitted."""


class DecisionDeposit(HoldReason, index=1):
    """A referendum shall be decided."""


Queue: TypeAlias = Annotated[tuple[tuple[PollIndex, Balance], ...], Max(QUEUED_MAX)]
"""Referenda that wait for a place on a track, with their ayes: who has most is last, and first served."""


class Fate(Enum):
    """What became of a proposal."""


class NotApproved(Fate, index=0):
    """Its referendum ended otherwise."""


class Due(Fate, index=1):
    """It runs in this block, or in the first after it that has room."""

    at: BlockNumber


class Done(Fate, index=2):
    """It ran."""

    at: BlockNumber


class Refused(Fate, index=3):
    """It was tried, and nothing of it remains."""

    at: BlockNumber
    reason: Refusal


class Record(Struct):
    """What is left of a referendum that has ended."""

    track: TrackId
    origin: RuntimeOrigin
    proposal: BoundedCall
    submitted: BlockNumber
    decided_since: Annotated[BlockNumber | None, Doc("When its decision began, if it did.")]
    tally: Annotated[Tally, Doc("The votes at its end.")]
    fate: Fate


class ReferendaEvent(Event, path="pallet_referenda::pallet::Event"):
    """What Referenda tells the world."""


class Submitted(ReferendaEvent, index=0):
    """A referendum has been submitted."""

    index: PollIndex
    track: TrackId
    proposal: BoundedCall


class DecisionDepositPlaced(ReferendaEvent, index=1):
    """The decision deposit has been placed."""

    index: PollIndex
    who: AccountId
    amount: Balance


class DecisionDepositRefunded(ReferendaEvent, index=2):
    """The decision deposit has been refunded."""

    index: PollIndex
    who: AccountId
    amount: Balance


class DepositSlashed(ReferendaEvent, index=3):
    """A deposit has been slashed."""

    who: AccountId
    amount: Balance


class DecisionStarted(ReferendaEvent, index=4):
    """A referendum has moved into the deciding phase."""

    index: PollIndex
    track: TrackId
    proposal: BoundedCall
    tally: Tally


class ConfirmStarted(ReferendaEvent, index=5):
    """A referendum passes; it is approved if that lasts."""

    index: PollIndex


class ConfirmAborted(ReferendaEvent, index=6):
    """A referendum passes no more; it may begin again."""

    index: PollIndex


class Confirmed(ReferendaEvent, index=7):
    """A referendum has ended its confirmation phase and is ready for approval."""

    index: PollIndex
    tally: Tally


class Approved(ReferendaEvent, index=8):
    """A referendum has been approved and its proposal has been scheduled."""

    index: PollIndex


class Rejected(ReferendaEvent, index=9):
    """A proposal has been rejected by referendum."""

    index: PollIndex
    tally: Tally


class TimedOut(ReferendaEvent, index=10):
    """A referendum has been timed out without being decided."""

    index: PollIndex
    tally: Tally


class Cancelled(ReferendaEvent, index=11):
    """A referendum has been cancelled."""

    index: PollIndex
    tally: Tally


class Killed(ReferendaEvent, index=12):
    """A referendum has been killed."""

    index: PollIndex
    tally: Tally


class SubmissionDepositRefunded(ReferendaEvent, index=13):
    """The submission deposit has been refunded."""

    index: PollIndex
    who: AccountId
    amount: Balance


class MetadataSet(ReferendaEvent, index=14):
    """Metadata for a referendum has been set."""

    index: PollIndex
    hash: Hash


class MetadataCleared(ReferendaEvent, index=15):
    """Metadata for a referendum has been cleared."""

    index: PollIndex
    hash: Hash


class Enacted(ReferendaEvent, index=16):
    """An approved proposal has run."""

    index: PollIndex


class EnactmentRefused(ReferendaEvent, index=17):
    """An approved proposal was tried, and nothing of it remains: why."""

    index: PollIndex
    reason: Refusal


class ReferendaError(Error):
    """Why Referenda refuses."""


class NotOngoing(ReferendaError, index=0):
    """The referendum has ended, or never was."""


class HasDeposit(ReferendaError, index=1):
    """The referendum's decision deposit is placed already."""


class BadTrack(ReferendaError, index=2):
    """There is no track of this number."""


class BadReferendum(ReferendaError, index=5):
    """There is no referendum of this number."""


class NoTrack(ReferendaError, index=7):
    """No track decides of this origin: name Root, or the origin of a track."""


class Unfinished(ReferendaError, index=8):
    """A deposit cannot be refunded until the decision is over."""


class NoPermission(ReferendaError, index=9):
    """Only who submitted the referendum may do this while it goes on."""


class NoDeposit(ReferendaError, index=10):
    """There is no deposit to refund: none was placed, or it was refunded already."""


class BadStatus(ReferendaError, index=11):
    """Only the submission deposits of referenda that were approved or cancelled are refunded."""


class PreimageNotExist(ReferendaError, index=12):
    """The preimage does not exist: note it first."""


class PreimageStoredWithDifferentLength(ReferendaError, index=13):
    """The preimage is stored with a different length than the one provided."""


class UnknownLength(ReferendaError, index=14):
    """The proposal is named by a hash alone: name its length too."""


class TooLong(ReferendaError, index=15):
    """The proposal's encoding is longer than a proposal's may be: divide it."""


class TooHeavy(ReferendaError, index=16):
    """The proposal weighs more than a block has room for: divide it."""


class NotDue(ReferendaError, index=17):
    """Nothing was approved under this number that has not run yet, or its time has not come."""


class Foreseen(Exception):
    """A refusal of what would be refused when it runs."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal

    def __str__(self) -> str:
        return f"{super().__str__()} {self.refusal}"


class CallWouldFail(Foreseen, ReferendaError, index=18):
    """The proposed call would be refused. `WhatIfApi_look` says why."""


class BlockWouldBreak(Foreseen, ReferendaError, index=19):
    """No block could end after the proposed call: an invariant would not hold."""


class ModeWouldBeWorse(Foreseen, ReferendaError, index=20):
    """The coin would be in a worse mode by the proposal."""


class ProvidersWouldFall(Foreseen, ReferendaError, index=21):
    """Active providers would be Deficient by the proposal."""


FORESEEN: Final[Mapping[type[Refusal], type[Foreseen]]] = MappingProxyType(
    {
        w.CallRefused: CallWouldFail,
        w.CallBroken: CallWouldFail,
        w.InvariantBroken: BlockWouldBreak,
        w.EndBroken: BlockWouldBreak,
        w.WorseMode: ModeWouldBeWorse,
        w.MadeDeficient: ProvidersWouldFall,
    }
)
"""How a refusal is told that was seen at submission."""
