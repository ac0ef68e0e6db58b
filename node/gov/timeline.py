"""A referendum's timeline: what has happened in which block, and what will if the votes stay as they are."""

from __future__ import annotations

from typing import NamedTuple

from governance.referenda import types as t
from node.gov.needs import passes_from
from node.gov.referenda import Phase, Stand


class Moment(NamedTuple):
    """Something in a block."""

    what: str
    block: int
    """That has come, or is still to come."""


_ENDS = {
    Phase.REJECTED: "rejected",
    Phase.CANCELLED: "cancelled",
    Phase.TIMED_OUT: "timed out",
    Phase.KILLED: "killed",
}


def timeline(stand: Stand, number: int, turnout_max: int, undeciding_timeout: int) -> list[Moment]:
    """What has happened and what will, in order; seen from block `number`."""
    moments = [Moment("submitted", stand.submitted)]
    status = stand.status
    if stand.decided_since is not None:
        moments.append(Moment("decision began", stand.decided_since))
    if status is None:
        return [*moments, *_ended(stand)]
    track = stand.track
    if status.deciding is None:
        prepared = stand.submitted + track.prepare_period
        timeout = Moment("times out unless its decision has begun", stand.submitted + undeciding_timeout)
        return [*moments, Moment("decision can begin", prepared), timeout]
    since = status.deciding.since
    approved = approval_block(stand, turnout_max)
    if approved is None:
        return [*moments, Moment("rejected", since + track.decision_period)]
    if status.deciding.confirming is None:
        moments.append(Moment("begins to pass", max(approved - track.confirm_period, number + 1)))
    earliest = max(approved + track.min_enactment_period, status.enactment.after(approved))
    return [*moments, Moment("approved", approved), Moment("enacted", earliest)]


def approval_block(stand: Stand, turnout_max: int) -> int | None:
    """About the block in which a referendum is approved if its votes stay as they are; None if it is not, or
    before its decision has begun.
    """
    status = stand.status
    if status is None or status.deciding is None:
        return None
    if status.deciding.confirming is not None:
        return status.deciding.confirming
    passes = passes_from(stand.track, stand.tally, turnout_max, status.deciding.since)
    return None if passes is None else passes + stand.track.confirm_period


def end_block(stand: Stand, number: int, turnout_max: int) -> int:
    """About the block in which a referendum has ended, seen from block `number`: its votes as they are, and
    its decision as soon as it can begin.
    """
    if stand.ended is not None:
        return stand.ended
    approved = approval_block(stand, turnout_max)
    if approved is not None:
        return approved
    since = stand.decided_since
    begins = max(stand.submitted + stand.track.prepare_period, number + 1) if since is None else since
    return begins + stand.track.decision_period


def next_moment(stand: Stand, number: int, turnout_max: int, undeciding_timeout: int) -> Moment | None:
    """What a reader of the list waits for; None for what has ended."""
    match stand.phase:
        case Phase.UNPAID | Phase.QUEUED:
            return Moment("times out", stand.submitted + undeciding_timeout)
        case Phase.PREPARING:
            return Moment("decision begins", stand.submitted + stand.track.prepare_period)
        case Phase.DECIDING:
            assert stand.decided_since is not None
            return Moment("decision ends", stand.decided_since + stand.track.decision_period)
        case Phase.CONFIRMING:
            return Moment("approved", end_block(stand, number, turnout_max))
        case _:
            ends = _ended(stand)
            return ends[-1] if ends else None


def _ended(stand: Stand) -> list[Moment]:
    """How it ended, and what became of what was approved."""
    assert stand.ended is not None
    if stand.phase in _ENDS:
        return [Moment(_ENDS[stand.phase], stand.ended)]
    approved = Moment("approved", stand.ended)
    match None if stand.record is None else stand.record.fate:
        case t.Due(at=at):
            return [approved, Moment("enacted", at)]
        case t.Done(at=at):
            return [approved, Moment("enacted", at)]
        case t.Refused(at=at):
            return [approved, Moment("enactment refused", at)]
        case _:
            return [approved]
