"""Referenda: what holders may propose, and how it is decided, confirmed and carried out.

A referendum asks whether a call shall be made on the authority of a track. Whoever submits it puts up a
deposit; somebody puts up another one to have it decided; votes count from the first block to the last. Names,
numbers and storage are Substrate's `pallet_referenda`; ours is what is done with the proposal: it is looked
at before it is voted on, and carried out under the rule that it must not leave the coin worse.
"""

from __future__ import annotations

from typing import Final

from governance.origins import ReferendumCanceller, ReferendumKiller, track_of
from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.clockwork import BOOK, LOOK, NEXT, NUDGE, Task, name_of
from governance.referenda.enactment import BYTES_MAX, LOOK_MAX, Enactment
from governance.referenda.machine import ADVANCE, UNDECIDED_HOURS_MAX
from governance.referenda.soundness import check
from governance.tracks import TRACKS, TrackDetails, details
from runtime.frame import Call, PostInfo, Root, RuntimeOrigin, Signed, StorageMap, call, constant, hookimpl
from runtime.frame.governance import BoundedCall, Legacy, PollIndex, TrackId
from runtime.frame.interfaces import Currency
from runtime.scale import U32
from runtime.types import BlockNumber, Hash, db

SUBMISSION: Final = t.SubmissionDeposit()
DECISION: Final = t.DecisionDeposit()
DEPOSIT: Final = db(reads=3, writes=3)
"""Coins that are held, released or moved."""
SUBMIT: Final = DEPOSIT + BOOK + db(reads=4, writes=2)
"""A submission without the look at what it proposes."""
END: Final = BOOK.times(2) + db(reads=6, writes=6)
"""A referendum that is ended from outside."""
ENACT: Final = db(reads=4, writes=4)
"""An enactment without what it runs."""


class Referenda(Enactment):
    """Proposals, decided by votes."""

    hold_reason = t.HoldReason
    coin: Currency

    metadata_of = StorageMap[PollIndex, Hash](
        doc="By referendum, the hash of a preimage that says more about it, such as a text."
    )

    # Calls of everybody.

    @call(index=0, weight=SUBMIT + LOOK_MAX)
    def submit(
        self,
        origin: Signed,
        proposal_origin: RuntimeOrigin,
        proposal: BoundedCall,
        enactment_moment: s.DispatchTime,
    ) -> PostInfo:
        """Propose a call that shall be made on the authority of `proposal_origin`, which says on which track
        it is decided. What it would do is looked at here if its preimage is there, and a proposal that could
        not be carried out is refused.
        """
        track = track_of(proposal_origin)
        if track is None:
            raise t.NoTrack
        self.coin.hold(SUBMISSION, origin.who, self.config.submission_deposit)
        index, now = self._next_index(), self.host.number
        used = self._look_at_submission(index, proposal, proposal_origin)
        status = s.ReferendumStatus(
            track=track,
            origin=proposal_origin,
            proposal=proposal,
            enactment=enactment_moment,
            submitted=now,
            submission_deposit=s.Deposit(origin.who, self.config.submission_deposit),
            decision_deposit=None,
            deciding=None,
            tally=self.electorate.empty(),
            in_queue=False,
            alarm=None,
        )
        self._keep(index, self._wake(index, status, now + self.undeciding_timeout()))
        self.emit(t.Submitted(index, track, proposal))
        return PostInfo(SUBMIT + used)

    @call(index=1, weight=DEPOSIT + ADVANCE)
    def place_decision_deposit(self, origin: Signed, index: PollIndex) -> None:
        """Put up the deposit without which a referendum is not decided. Anybody may."""
        status = self._ongoing(index)
        if status.decision_deposit is not None:
            raise t.HasDeposit
        deposit = s.Deposit(origin.who, self._track(status.track).decision_deposit)
        self.coin.hold(DECISION, deposit.who, deposit.amount)
        self.emit(t.DecisionDepositPlaced(index, deposit.who, deposit.amount))
        self._advance(index, status.replace(decision_deposit=deposit))

    @call(index=2, weight=DEPOSIT + db(reads=1, writes=1))
    def refund_decision_deposit(self, origin: Root | Signed, index: PollIndex) -> None:
        """Give the decision deposit of a referendum that has ended back to its owner."""
        info = self._info(index)
        if isinstance(info, s.Ongoing) and info.status.decision_deposit is not None:
            raise t.Unfinished
        if isinstance(info, (s.Ongoing, s.Killed)) or info.decision_deposit is None:
            raise t.NoDeposit
        deposit = info.decision_deposit
        self.referendum_info_for[index] = info.replace(decision_deposit=None)
        self.coin.release(DECISION, deposit.who, deposit.amount)
        self.emit(t.DecisionDepositRefunded(index, deposit.who, deposit.amount))

    @call(index=7, weight=DEPOSIT + db(reads=1, writes=1))
    def refund_submission_deposit(self, origin: Root | Signed, index: PollIndex) -> None:
        """Give the submission deposit of a referendum that was approved or cancelled back to its owner."""
        info = self._info(index)
        if not isinstance(info, (s.Approved, s.Cancelled)):
            raise t.BadStatus
        deposit = info.submission_deposit
        if deposit is None:
            raise t.NoDeposit
        self.referendum_info_for[index] = info.replace(submission_deposit=None)
        self.coin.release(SUBMISSION, deposit.who, deposit.amount)
        self.emit(t.SubmissionDepositRefunded(index, deposit.who, deposit.amount))

    @call(index=8, weight=db(reads=3, writes=1))
    def set_metadata(self, origin: Signed, index: PollIndex, maybe_hash: Hash | None) -> None:
        """Name a preimage that says more about one's referendum, or none; anybody may take away what is said
        about one that has ended.
        """
        info = self._info(index)
        if isinstance(info, s.Ongoing):
            if info.status.submission_deposit.who != origin.who:
                raise t.NoPermission
        elif maybe_hash is not None:
            raise t.NotOngoing
        if maybe_hash is None:
            self._clear_metadata(index)
            return
        if not self.preimages.have(Legacy(maybe_hash)):
            raise t.PreimageNotExist
        self.metadata_of[index] = maybe_hash
        self.emit(t.MetadataSet(index, maybe_hash))

    # Calls of those who stop referenda.

    @call(index=3, weight=END)
    def cancel(self, origin: Root | ReferendumCanceller, index: PollIndex) -> None:
        """Cancel a referendum that goes on. Its deposits can be refunded."""
        status = self._ongoing(index)
        self._end(index, status, s.Cancelled)
        self.emit(t.Cancelled(index, status.tally))

    @call(index=4, weight=END + DEPOSIT.times(2))
    def kill(self, origin: Root | ReferendumKiller, index: PollIndex) -> None:
        """Cancel a referendum that goes on, and slash its deposits."""
        status = self._ongoing(index)
        self._leave(index, status)
        self.referendum_info_for[index] = s.Killed(self.host.number)
        self.emit(t.Killed(index, status.tally))
        self._slash(SUBMISSION, status.submission_deposit)
        if status.decision_deposit is not None:
            self._slash(DECISION, status.decision_deposit)
        self._clear_metadata(index)

    # Calls of the clockwork. Who is impatient, or finds that no agenda had room, may make the first two.

    @call(index=5, weight=ADVANCE)
    def nudge_referendum(self, origin: Root | Signed, index: PollIndex) -> None:
        """Advance a referendum onto its next logical state, if there is one."""
        status = self._ongoing(index)
        if self.schedule.planned_for(name_of(NUDGE, index)) is None:
            status = status.replace(alarm=None)
        self._advance(index, status)

    @call(index=6, weight=ADVANCE)
    def one_fewer_deciding(self, origin: Root | Signed, track: TrackId) -> None:
        """Advance a track onto its next logical state, if there is one: a free place is taken by who waits
        with most ayes.
        """
        self._advance_track(track)

    @call(index=9, weight=LOOK_MAX)
    def look(self, origin: Root, index: PollIndex) -> PostInfo:
        """Write down what a proposal would do whose decision has begun."""
        return PostInfo(self._look_at_decision(index, self._ongoing(index)))

    @call(index=10, weight=LOOK_MAX + ENACT)
    def enact(self, origin: Root, index: PollIndex) -> PostInfo:
        """Carry out a proposal that was approved and whose time has come, on the authority of its track.
        `EnactmentRefused` tells why one that does not fit leaves nothing.
        """
        return PostInfo(ENACT + self._enact(index))

    # Constants, named as Substrate's.

    @constant
    def max_queued(self) -> U32:
        """Maximum size of the referendum queue for a single track."""
        return t.QUEUED_MAX

    @constant
    def undeciding_timeout(self) -> BlockNumber:
        """The number of blocks after submission that a referendum must begin being decided by."""
        return UNDECIDED_HOURS_MAX * self.config.blocks_per_hour

    @constant
    def alarm_interval(self) -> BlockNumber:
        """Alarms are set to multiples of so many blocks."""
        return 1

    @constant
    def tracks(self) -> tuple[tuple[TrackId, TrackDetails], ...]:
        """A list of tracks."""
        return tuple((each.id, details(each, self.config.blocks_per_hour)) for each in TRACKS)

    @constant
    def proposal_bytes_max(self) -> U32:
        """How long the encoding of a proposal may be."""
        return BYTES_MAX

    # Below the calls.

    def _call_of(self, task: Task, number: int) -> Call:
        if task is NUDGE:
            return self.nudge_referendum.call(number)
        if task is NEXT:
            return self.one_fewer_deciding.call(number)
        return self.look.call(number) if task is LOOK else self.enact.call(number)

    def _info(self, index: int) -> s.AnyInfo:
        info = self.referendum_info_for.get(index)
        if info is None:
            raise t.BadReferendum
        assert isinstance(info, s.AnyInfo)
        return info

    def _slash(self, reason: t.HoldReason, deposit: s.Deposit) -> None:
        self.coin.transfer_on_hold(reason, deposit.who, self.config.slash_account, deposit.amount)
        self.emit(t.DepositSlashed(deposit.who, deposit.amount))

    def _clear_metadata(self, index: int) -> None:
        if index in self.metadata_of:
            self.emit(t.MetadataCleared(index, self.metadata_of.pop(index)))

    @hookimpl
    def try_state(self) -> None:
        check(self, self.coin)
