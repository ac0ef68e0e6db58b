"""Timelines: what has happened, and what will, at each stand of a referendum."""

from __future__ import annotations

from governance.origins import ReserveSafer
from governance.referenda import status as s
from governance.referenda import types as t
from governance.tracks import BY_ID, details, safer
from governance.whatif.types import CallBroken
from node.gov.referenda import Phase, Stand, phase_of
from node.gov.timeline import end_block, next_moment, timeline
from runtime.frame.governance import Inline, Tally

NUMBER = safer("reserve")
TRACK = details(BY_ID[NUMBER], 10)
"""Prepared for 10 blocks, decided for 720, confirmed for 10, enacted 60 later."""
ISSUANCE = 1_000
TIMEOUT = 3_360
DEPOSIT = s.Deposit(bytes(32), 1)
NONE, HALF = Tally(0, 0, 0), Tally(500, 0, 500)


def going(number: int, *, paid: bool = True, tally: Tally = NONE, **fields: object) -> Stand:
    status = s.ReferendumStatus(
        track=NUMBER,
        origin=ReserveSafer(),
        proposal=Inline(b""),
        enactment=s.After(0),
        submitted=100,
        submission_deposit=DEPOSIT,
        decision_deposit=DEPOSIT if paid else None,
        deciding=None,
        tally=tally,
        in_queue=False,
        alarm=None,
    ).replace(**fields)
    info = s.Ongoing(status)
    return Stand(7, info, None, TRACK, phase_of(info, None, TRACK, number))


def ended(info: s.AnyInfo, fate: t.Fate) -> Stand:
    record = t.Record(NUMBER, ReserveSafer(), Inline(b""), 100, 110, HALF, fate)
    return Stand(7, info, record, TRACK, phase_of(info, record, TRACK, 2_000))


def told(stand: Stand, number: int) -> list[tuple[str, int]]:
    return [(each.what, each.block) for each in timeline(stand, number, ISSUANCE, TIMEOUT)]


def next_of(stand: Stand, number: int) -> tuple[str, int] | None:
    return next_moment(stand, number, ISSUANCE, TIMEOUT)


def test_before_its_decision() -> None:
    unpaid, preparing, queued = going(105, paid=False), going(105), going(115, in_queue=True)
    assert [each.phase for each in (unpaid, preparing, queued)] == [
        Phase.UNPAID, Phase.PREPARING, Phase.QUEUED,
    ]  # fmt: skip
    assert told(preparing, 105) == [
        ("submitted", 100),
        ("decision can begin", 110),
        ("times out unless its decision has begun", 3_460),
    ]
    assert next_of(unpaid, 105) == ("times out", 3_460)
    assert next_of(preparing, 105) == ("decision begins", 110)
    assert end_block(preparing, 105, ISSUANCE) == 110 + 720
    assert end_block(queued, 115, ISSUANCE) == 116 + 720


def test_a_decision_without_votes_ends_in_a_rejection() -> None:
    stand = going(120, deciding=s.DecidingStatus(110))
    assert stand.phase is Phase.DECIDING
    assert told(stand, 120) == [("submitted", 100), ("decision began", 110), ("rejected", 830)]
    assert next_of(stand, 120) == ("decision ends", 830)
    assert end_block(stand, 120, ISSUANCE) == 830


def test_a_decision_that_will_pass_is_told_to_its_enactment() -> None:
    few = Tally(130, 0, 130)  # 13 % of all coins: half of what the curve falls by
    stand = going(120, deciding=s.DecidingStatus(110), tally=few)
    assert told(stand, 120) == [
        ("submitted", 100),
        ("decision began", 110),
        ("begins to pass", 110 + 360),
        ("approved", 110 + 360 + 10),
        ("enacted", 110 + 360 + 10 + 60),
    ]
    assert end_block(stand, 120, ISSUANCE) == 480


def test_a_later_enactment_is_kept_and_an_earlier_one_is_not() -> None:
    deciding = s.DecidingStatus(110, 130)
    for wanted, block in ((s.At(140), 190), (s.At(1_000), 1_000), (s.After(100), 230)):
        stand = going(121, deciding=deciding, tally=HALF, enactment=wanted)
        assert stand.phase is Phase.CONFIRMING
        assert told(stand, 121)[-2:] == [("approved", 130), ("enacted", block)]
    assert next_of(going(121, deciding=deciding, tally=HALF), 121) == ("approved", 130)


def test_how_it_ended() -> None:
    approved = s.Approved(130, None, None)
    begun = [("submitted", 100), ("decision began", 110)]
    for info, fate, phase, ends in (
        (approved, t.Due(190), Phase.APPROVED, [("approved", 130), ("enacted", 190)]),
        (approved, t.Done(191), Phase.ENACTED, [("approved", 130), ("enacted", 191)]),
        (
            approved,
            t.Refused(190, CallBroken("x")),
            Phase.REFUSED,
            [("approved", 130), ("enactment refused", 190)],
        ),
        (s.Rejected(830, None, None), t.NotApproved(), Phase.REJECTED, [("rejected", 830)]),
        (s.Cancelled(140, None, None), t.NotApproved(), Phase.CANCELLED, [("cancelled", 140)]),
        (s.TimedOut(3_460, None, None), t.NotApproved(), Phase.TIMED_OUT, [("timed out", 3_460)]),
        (s.Killed(140), t.NotApproved(), Phase.KILLED, [("killed", 140)]),
    ):
        stand = ended(info, fate)
        assert (stand.phase, told(stand, 2_000)) == (phase, begun + ends)
        assert next_of(stand, 2_000) == ends[-1]
        assert end_block(stand, 2_000, ISSUANCE) == info.at
