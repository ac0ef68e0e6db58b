"""The machine: what becomes of a referendum from its submission to its end.

    submitted --prepared, deposit--> queued --place free--> decided --passes--> confirmed --lasts--> approved
        |                                                      | ^                  |
        | no decision for 14 d                                 | +--passes no more--+
        v                                                      v time over
    timed out                                               rejected

`_advance` brings a referendum to where it should stand in this block and sets its next alarm. It looks at
what is stored alone, so it may be asked at any time, by anybody, as often as one likes.
"""

from __future__ import annotations

from typing import Final

from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.clockwork import BLOCK_MAX, BOOK, ENACTMENT, LOOK, NEXT, Clockwork
from governance.referenda.queue import queued, unqueued
from governance.tally import approval_ppb, support_ppb
from governance.tracks import BY_ID, DAY, TrackDetails, details
from runtime.frame import StorageMap, StorageValue, Twox64Concat
from runtime.frame.governance import Electorate, PollIndex, Tally, TrackId
from runtime.scale import U32
from runtime.types import BlockNumber, db
from runtime.types.fixed import PPB, mul_div_ceil, mul_div_floor

UNDECIDED_HOURS_MAX: Final = 14 * DAY
"""How long a referendum may wait for its decision to begin."""
RETRY_HOURS: Final = 1
"""How often a referendum looks for a place that found the queue full."""
ADVANCE: Final = BOOK.times(3) + db(reads=12, writes=8, compute=300_000_000)
"""A referendum that advances: its own alarm, another's, and one more task at most."""


class Machine(Clockwork):
    """Referenda, their places, and how they advance."""

    electorate: Electorate

    referendum_count = StorageValue[U32](
        default=0, doc="The next free referendum index, aka the number of referenda started so far."
    )
    referendum_info_for = StorageMap[PollIndex, s.ReferendumInfo](
        doc="Information concerning any given referendum."
    )
    track_queue = StorageMap[TrackId, t.Queue](
        default=(),
        hasher=Twox64Concat,
        doc="Referenda that wait for a place on a track, with their ayes; the last is served first.",
    )
    deciding_count = StorageMap[TrackId, U32](
        default=0, hasher=Twox64Concat, doc="How many referenda of a track are being decided."
    )
    records = StorageMap[PollIndex, t.Record](doc="What is left of referenda that have ended.")

    # Looking.

    def _next_index(self) -> int:
        """The number of a new referendum."""
        index = self.referendum_count
        self.referendum_count = index + 1
        return index

    def _ongoing(self, index: int) -> s.ReferendumStatus:
        """A referendum that goes on. Raises `NotOngoing`."""
        info = self.referendum_info_for.get(index)
        if not isinstance(info, s.Ongoing):
            raise t.NotOngoing
        return info.status

    def _track(self, number: int) -> TrackDetails:
        """A track, in blocks. Raises `BadTrack`."""
        track = BY_ID.get(number)
        if track is None:
            raise t.BadTrack
        return details(track, self.config.blocks_per_hour)

    def _passes(self, tally: Tally, elapsed: int, track: TrackDetails) -> bool:
        """Whether a tally is enough so many blocks after the decision began."""
        x = mul_div_floor(min(elapsed, track.decision_period), PPB, track.decision_period)
        support = support_ppb(tally, self.electorate.turnout_max())
        return track.min_support.passing(x, support) and track.min_approval.passing(x, approval_ppb(tally))

    def _decision_block(self, tally: Tally, since: BlockNumber, track: TrackDetails) -> BlockNumber:
        """When a tally would begin to pass if it stayed as it is, or the decision ends."""
        support = support_ppb(tally, self.electorate.turnout_max())
        delay = max(track.min_support.delay(support), track.min_approval.delay(approval_ppb(tally)))
        return since + mul_div_ceil(delay, track.decision_period, PPB)

    # Before a decision.

    def _advance(self, index: int, status: s.ReferendumStatus) -> None:
        """Bring a referendum to where it should stand in this block."""
        track = self._track(status.track)
        if status.deciding is not None:
            self._decide(index, status, track)
        elif status.in_queue:
            self._unqueue(index, status.track)
            self._enqueue(index, status)
        else:
            self._prepare(index, status, track)

    def _prepare(self, index: int, status: s.ReferendumStatus, track: TrackDetails) -> None:
        """Look for a place, if all is there that a decision needs; or time out."""
        now, hour = self.host.number, self.config.blocks_per_hour
        prepared = status.submitted + track.prepare_period
        timeout = status.submitted + UNDECIDED_HOURS_MAX * hour
        if status.decision_deposit is None:
            alarm = timeout
        elif now < prepared:
            alarm = min(prepared, timeout)
        elif self._place(index, status, track):
            return
        else:
            alarm = min(now + RETRY_HOURS * hour, timeout)
        if now >= timeout:
            self._end(index, status, s.TimedOut)
            self.emit(t.TimedOut(index, status.tally))
        else:
            self._keep(index, self._wake(index, status, alarm))

    def _place(self, index: int, status: s.ReferendumStatus, track: TrackDetails) -> bool:
        """Begin the decision if the track has a place, or queue for one; False if the queue has no room. Who
        waits already goes first.
        """
        is_free = self.deciding_count[status.track] < track.max_deciding
        if is_free and not self.track_queue[status.track]:
            self._begin(index, status, track)
            return True
        if is_free:
            self._book(NEXT, status.track, self.host.number + 1)
        return self._enqueue(index, status)

    def _enqueue(self, index: int, status: s.ReferendumStatus) -> bool:
        """Put a referendum into its track's queue; False if it has too few ayes for it. Whoever has to leave
        looks for a place again later.
        """
        queue, left = queued(self.track_queue[status.track], index, status.tally.ayes)
        if left == index:
            return False
        self.track_queue[status.track] = queue
        self._keep(index, self._silence(status).replace(in_queue=True))
        if left is not None:
            later = self.host.number + RETRY_HOURS * self.config.blocks_per_hour
            self._keep(left, self._wake(left, self._ongoing(left).replace(in_queue=False), later))
        return True

    def _unqueue(self, index: int, track: int) -> None:
        self.track_queue[track] = unqueued(self.track_queue[track], index)

    # A decision.

    def _begin(self, index: int, status: s.ReferendumStatus, track: TrackDetails) -> None:
        """Begin to decide: the referendum takes a place, and what it would do is looked at."""
        now, tally = self.host.number, status.tally
        self.deciding_count[status.track] += 1
        self.emit(t.DecisionStarted(index, status.track, status.proposal, tally))
        self._book(LOOK, index, now + 1)
        deciding = s.DecidingStatus(since=now)
        self._decide(index, status.replace(in_queue=False, deciding=deciding), track)

    def _decide(self, index: int, status: s.ReferendumStatus, track: TrackDetails) -> None:
        """Confirm while it passes, until that has lasted; wait while it does not, until the time is over."""
        assert status.deciding is not None
        now, since, confirming = self.host.number, status.deciding.since, status.deciding.confirming
        if self._passes(status.tally, now - since, track):
            if confirming is None:
                confirming = now + track.confirm_period
                self.emit(t.ConfirmStarted(index))
            if now >= confirming and self._approve(index, status, track):
                return
            alarm = confirming
        elif now >= since + track.decision_period:
            self._end(index, status, s.Rejected)
            self.emit(t.Rejected(index, status.tally))
            return
        else:
            if confirming is not None:
                confirming = None
                self.emit(t.ConfirmAborted(index))
            alarm = self._decision_block(status.tally, since, track)
        status = status.replace(deciding=s.DecidingStatus(since, confirming))
        self._keep(index, self._wake(index, status, max(alarm, now + 1)))

    def _approve(self, index: int, status: s.ReferendumStatus, track: TrackDetails) -> bool:
        """Approve a referendum and schedule what it proposes; False, and all is as before, while no agenda
        has room for that.
        """
        now = self.host.number
        earliest = now + track.min_enactment_period
        due = self._book(ENACTMENT, index, min(BLOCK_MAX, max(earliest, status.enactment.after(now))))
        if due is None:
            return False
        self.preimages.request(status.proposal)
        self._end(index, status, s.Approved, t.Due(due))
        self.emit(t.Confirmed(index, status.tally))
        self.emit(t.Approved(index))
        return True

    # An end.

    def _end(
        self, index: int, status: s.ReferendumStatus, kind: type[s.Ended], fate: t.Fate | None = None
    ) -> None:
        """End a referendum: its place is another's; its deposits stay on hold."""
        self._leave(index, status, fate)
        self.referendum_info_for[index] = kind(
            self.host.number, status.submission_deposit, status.decision_deposit
        )

    def _leave(self, index: int, status: s.ReferendumStatus, fate: t.Fate | None = None) -> None:
        """Take a referendum from its place and its alarm, and write down what is left of it."""
        self._silence(status)
        if status.in_queue:
            self._unqueue(index, status.track)
        since = None
        if status.deciding is not None:
            since = status.deciding.since
            self.deciding_count[status.track] -= 1
            self._book(NEXT, status.track, self.host.number + 1)
        self.records[index] = t.Record(
            status.track,
            status.origin,
            status.proposal,
            status.submitted,
            since,
            status.tally,
            t.NotApproved() if fate is None else fate,
        )

    def _advance_track(self, number: int) -> None:
        """Begin the decision of who waits for a place and has most ayes, if there is one; another block sees
        to the next.
        """
        track, queue = self._track(number), self.track_queue[number]
        if not queue or self.deciding_count[number] >= track.max_deciding:
            return
        index, _ = queue[-1]
        self.track_queue[number] = queue[:-1]
        self._begin(index, self._ongoing(index), track)
        if len(queue) > 1:
            self._book(NEXT, number, self.host.number + 1)

    def _keep(self, index: int, status: s.ReferendumStatus) -> None:
        self.referendum_info_for[index] = s.Ongoing(status)

    # runtime.frame.governance.Polls

    def tally(self, poll: int) -> tuple[Tally, int] | None:
        info = self.referendum_info_for.get(poll)
        return (info.status.tally, info.status.track) if isinstance(info, s.Ongoing) else None

    def set_tally(self, poll: int, tally: Tally) -> None:
        status = self._ongoing(poll).replace(tally=tally)
        self._keep(poll, self._wake(poll, status, self.host.number + 1))

    def outcome(self, poll: int) -> tuple[BlockNumber, bool] | None:
        info = self.referendum_info_for.get(poll)
        if isinstance(info, (s.Approved, s.Rejected)):
            return info.at, isinstance(info, s.Approved)
        return None

    def classes(self) -> tuple[int, ...]:
        return tuple(BY_ID)
