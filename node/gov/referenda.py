"""A referendum, read from the state: where it stands, what it proposes, and what that was seen to do.

Each function here that takes `Governance` is a question for `ChainClient.view`: it only reads.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.enactment import Stage
from governance.tracks import BY_ID, TrackDetails, details
from governance.whatif import Look
from node.gov.pallets import Governance
from runtime.frame import Call, DispatchError, Origin
from runtime.frame.governance import BoundedCall, Tally
from runtime.types import Hash


class Phase(enum.StrEnum):
    """Where a referendum stands."""

    UNPAID = "unpaid"
    """Nobody has put up the decision deposit."""
    PREPARING = "preparing"
    """Everybody may read it before its decision begins."""
    QUEUED = "queued"
    """It waits for a place on its track."""
    DECIDING = "deciding"
    """Its decision goes on, and it does not pass now."""
    CONFIRMING = "confirming"
    """It passes, and is approved if that lasts."""
    APPROVED = "approved"
    """It will be carried out at its block."""
    ENACTED = "enacted"
    """It was carried out."""
    REFUSED = "refused"
    """It was approved and tried, and nothing of it remains."""
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    KILLED = "killed"


OPEN = (Phase.UNPAID, Phase.PREPARING, Phase.QUEUED, Phase.DECIDING, Phase.CONFIRMING)
"""It can be voted on."""
_ENDS = {
    s.Rejected: Phase.REJECTED,
    s.Cancelled: Phase.CANCELLED,
    s.TimedOut: Phase.TIMED_OUT,
    s.Killed: Phase.KILLED,
}


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a referendum stands, without what it proposes."""

    index: int
    info: s.AnyInfo
    record: t.Record | None
    """What is left of it; None while it goes on."""
    track: TrackDetails
    phase: Phase

    @property
    def status(self) -> s.ReferendumStatus | None:
        """Its status while it goes on."""
        return self.info.status if isinstance(self.info, s.Ongoing) else None

    @property
    def facts(self) -> s.ReferendumStatus | t.Record:
        """What both its status and what is left of it say."""
        found = self.status or self.record
        assert found is not None, "a referendum that has ended has a record"
        return found

    @property
    def track_id(self) -> int:
        """The number of its track, which is the class of votes on it."""
        return self.facts.track

    @property
    def origin(self) -> Origin:
        """On whose authority it would run."""
        return self.facts.origin

    @property
    def proposal(self) -> BoundedCall:
        """What it proposes, as it is named."""
        return self.facts.proposal

    @property
    def submitted(self) -> int:
        """The block of its submission."""
        return self.facts.submitted

    @property
    def tally(self) -> Tally:
        """The votes; those at its end, if it has ended."""
        return self.facts.tally

    @property
    def decided_since(self) -> int | None:
        """The block in which its decision began."""
        if self.status is not None:
            return None if self.status.deciding is None else self.status.deciding.since
        return None if self.record is None else self.record.decided_since

    @property
    def ended(self) -> int | None:
        """The block in which it ended; None while it goes on."""
        return None if isinstance(self.info, s.Ongoing) else self.info.at


@dataclass(frozen=True, slots=True)
class Proposal:
    """The call that is proposed, if it can be read."""

    call: Call | None
    why: str
    """Why it cannot; empty if it can."""


@dataclass(frozen=True, slots=True)
class Referendum:
    """All that is stored of one referendum."""

    stand: Stand
    proposal: Proposal
    looks: Mapping[Stage, Look]
    metadata: Hash | None
    place: int | None
    """How many wait before it for a place on its track; None if it does not wait."""


def read_stand(gov: Governance, index: int) -> Stand | None:
    """Where a referendum stands; None if there never was one of this number."""
    info = gov.referenda.referendum_info_for.get(index)
    return None if info is None else stand_of(gov, index, info)


def read_open(gov: Governance) -> list[Stand]:
    """All that go on, by number."""
    entries = gov.referenda.referendum_info_for.items()
    found = [stand_of(gov, index, info) for index, info in entries if isinstance(info, s.Ongoing)]
    return sorted(found, key=lambda each: each.index)


def read_ended(gov: Governance) -> list[Stand]:
    """All that have ended, the last one first."""
    records = dict(gov.referenda.records.items())
    found = [
        _stand(gov, index, info, records.get(index))
        for index, info in gov.referenda.referendum_info_for.items()
        if not isinstance(info, s.Ongoing)
    ]
    return sorted(found, key=lambda each: (-(each.ended or 0), -each.index))


def read_proposal(gov: Governance, proposal: BoundedCall) -> Proposal:
    """The call behind a name."""
    try:
        return Proposal(gov.preimages.peek(proposal), "")
    except DispatchError as error:
        return Proposal(None, " ".join((type(error).__doc__ or type(error).__name__).split()))


def read(gov: Governance, index: int) -> Referendum | None:
    """All of one referendum; None if there never was one of this number."""
    stand = read_stand(gov, index)
    if stand is None:
        return None
    looks = {stage: look for stage in Stage if (look := gov.referenda.looks.get((index, stage))) is not None}
    place = None
    if stand.status is not None and stand.status.in_queue:
        order = [each for each, _ in reversed(gov.referenda.track_queue[stand.track_id])]
        place = order.index(index)
    return Referendum(
        stand, read_proposal(gov, stand.proposal), looks, gov.referenda.metadata_of.get(index), place
    )


def stand_of(gov: Governance, index: int, info: s.ReferendumInfo) -> Stand:
    """Where a referendum stands whose info is known."""
    return _stand(gov, index, info, None if isinstance(info, s.Ongoing) else gov.referenda.records.get(index))


def _stand(gov: Governance, index: int, info: s.ReferendumInfo, record: t.Record | None) -> Stand:
    assert isinstance(info, s.AnyInfo)
    facts = info.status if isinstance(info, s.Ongoing) else record
    assert facts is not None, f"referendum {index} has ended without a record"
    track = details(BY_ID[facts.track], gov.referenda.config.blocks_per_hour)
    return Stand(index, info, record, track, phase_of(info, record, track, gov.referenda.host.number))


def phase_of(info: s.AnyInfo, record: t.Record | None, track: TrackDetails, number: int) -> Phase:
    """Where a referendum stands in block `number`."""
    if not isinstance(info, s.Ongoing):
        if isinstance(info, s.Approved):
            return _after_approval(record)
        return _ENDS[type(info)]
    status = info.status
    if status.deciding is not None:
        return Phase.DECIDING if status.deciding.confirming is None else Phase.CONFIRMING
    if status.decision_deposit is None:
        return Phase.UNPAID
    return Phase.PREPARING if number < status.submitted + track.prepare_period else Phase.QUEUED


def _after_approval(record: t.Record | None) -> Phase:
    match None if record is None else record.fate:
        case t.Done():
            return Phase.ENACTED
        case t.Refused():
            return Phase.REFUSED
        case _:
            return Phase.APPROVED
