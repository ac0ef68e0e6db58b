"""Where a referendum stands, as it is stored; Substrate's `pallet_referenda`, field by field.

Clients read these from `ReferendumInfoFor`. What differs: an alarm is kept with the name of its task instead
of its place in the agenda, since named tasks move with one key.
"""

from __future__ import annotations

from typing import Annotated

from runtime.frame import RuntimeOrigin
from runtime.frame.governance import BoundedCall, Tally, TaskName, TrackId
from runtime.scale import Doc, Enum, Struct
from runtime.types import AccountId, Balance, BlockNumber


class DispatchTime(
    Enum, path="frame_support::traits::schedule::DispatchTime", params={"BlockNumber": BlockNumber}
):
    """When something shall happen."""

    def after(self, now: BlockNumber) -> int:
        """The block that is meant, seen from block `now`."""
        raise NotImplementedError


class At(DispatchTime, index=0, unnamed=True):
    """In a block."""

    block: BlockNumber

    def after(self, now: BlockNumber) -> int:
        return self.block


class After(DispatchTime, index=1, unnamed=True):
    """So many blocks later."""

    blocks: BlockNumber

    def after(self, now: BlockNumber) -> int:
        return now + self.blocks


class Deposit(
    Struct, path="pallet_referenda::types::Deposit", params={"AccountId": AccountId, "Balance": Balance}
):
    """Coins on hold, and whose."""

    who: AccountId
    amount: Balance


class DecidingStatus(
    Struct, path="pallet_referenda::types::DecidingStatus", params={"BlockNumber": BlockNumber}
):
    """A decision that goes on."""

    since: BlockNumber
    confirming: Annotated[
        BlockNumber | None, Doc("While it passes: the block in which it is approved if it still does.")
    ] = None


_PARAMS = {
    "TrackId": TrackId,
    "RuntimeOrigin": RuntimeOrigin,
    "Moment": BlockNumber,
    "Call": BoundedCall,
    "Balance": Balance,
    "Tally": Tally,
    "AccountId": AccountId,
    "ScheduleAddress": TaskName,
}


class ReferendumStatus(Struct, path="pallet_referenda::types::ReferendumStatus", params=_PARAMS):
    """A referendum that goes on."""

    track: TrackId
    origin: RuntimeOrigin
    """On whose authority the proposal runs."""
    proposal: BoundedCall
    enactment: Annotated[DispatchTime, Doc("When it shall run, if the track lets it run so early.")]
    submitted: BlockNumber
    submission_deposit: Deposit
    decision_deposit: Deposit | None
    deciding: Annotated[DecidingStatus | None, Doc("None before its decision begins.")]
    tally: Tally
    in_queue: Annotated[bool, Doc("Whether it waits for one of the track's places.")]
    alarm: Annotated[
        tuple[BlockNumber, TaskName] | None, Doc("When it is looked at next, and the name of that task.")
    ]


class ReferendumInfo(Enum, path="pallet_referenda::types::ReferendumInfo", params=_PARAMS):
    """A referendum, present or past."""


class Ongoing(ReferendumInfo, index=0, unnamed=True):
    """It is voted on."""

    status: ReferendumStatus


class Approved(ReferendumInfo, index=1, unnamed=True):
    """It was approved: when, and the deposits that are still on hold."""

    at: BlockNumber
    submission_deposit: Deposit | None
    decision_deposit: Deposit | None


class Rejected(ReferendumInfo, index=2, unnamed=True):
    """It was decided, and not approved."""

    at: BlockNumber
    submission_deposit: Deposit | None
    decision_deposit: Deposit | None


class Cancelled(ReferendumInfo, index=3, unnamed=True):
    """It was cancelled, and nobody is to blame."""

    at: BlockNumber
    submission_deposit: Deposit | None
    decision_deposit: Deposit | None


class TimedOut(ReferendumInfo, index=4, unnamed=True):
    """Its decision did not begin in time."""

    at: BlockNumber
    submission_deposit: Deposit | None
    decision_deposit: Deposit | None


class Killed(ReferendumInfo, index=5, unnamed=True):
    """It was killed, and its deposits are gone."""

    at: BlockNumber


Ended = Approved | Rejected | Cancelled | TimedOut
"""An end that leaves deposits."""
AnyInfo = Ongoing | Ended | Killed
