"""Referenda: from a submission to an end, every way that it can end, and whose its deposits are."""

from __future__ import annotations

import pytest

from governance.origins import FeesLooser, FeesSafer, ReferendumCanceller, ReferendumKiller, SlashCancel
from governance.referenda import Referenda
from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.clockwork import ENACTMENT, NUDGE, name_of
from governance.tally import EMPTY
from governance.tracks import BY_ID, COIN, ROOT, SLASH_CANCEL, TRACKS, Track, safer
from runtime.crypto.hashing import blake2b_256
from runtime.frame import BadOrigin, FundsUnavailable, Root, RuntimeCall, Signed
from runtime.frame.constant import constants_of
from runtime.frame.governance import Polls, Tally
from runtime.scale import U16
from runtime.testing import refuses
from support.referenda import (
    ALICE,
    ALL,
    BOB,
    CAROL,
    FAILING,
    PASSING,
    POT,
    RICH,
    ReferendaChain,
)

SAFE = BY_ID[safer("fees")]
SUBMISSION, DECISION = t.SubmissionDeposit(), t.DecisionDeposit()


@pytest.fixture
def chain() -> ReferendaChain:
    return ReferendaChain()


# A life.


def test_what_is_approved_is_done_when_its_time_has_come(chain: ReferendaChain) -> None:
    call = chain.shelf.bound(chain.board.write.call(7))
    index = chain.submit_one(FeesSafer())
    assert index == 0
    chain.assert_event(t.Submitted(0, SAFE.id, call))
    chain.place(0)
    chain.assert_event(t.DecisionDepositPlaced(0, BOB, SAFE.decision_deposit))
    chain.next_block()
    assert chain.number == 2
    chain.assert_event(t.DecisionStarted(0, SAFE.id, call, EMPTY))
    chain.say(0, PASSING)  # looked at in the next block
    chain.next_block()
    chain.assert_event(t.ConfirmStarted(0))
    assert chain.status(0).deciding == s.DecidingStatus(since=2, confirming=4)
    chain.next_block()
    chain.assert_event(t.Confirmed(0, PASSING))
    chain.assert_event(t.Approved(0))
    assert chain.info(0) == s.Approved(4, s.Deposit(ALICE, 10 * COIN), s.Deposit(BOB, SAFE.decision_deposit))
    assert chain.fate(0) == t.Due(10)
    assert chain.agenda.planned_for(name_of(ENACTMENT, 0)) == 10
    chain.run_to(9)
    assert chain.board.text == 0
    chain.next_block()
    assert (chain.board.text, chain.fate(0)) == (7, t.Done(10))
    chain.assert_event(t.Enacted(0))
    assert (chain.board.wrote_by, chain.board.writer) == (1, 0)  # the book knew whose change it is
    chain.try_state()


def test_confirming_aborts_begins_again_and_has_to_last(chain: ReferendaChain) -> None:
    index = chain.decided(FeesLooser())
    since = chain.number
    chain.say(index, PASSING)
    chain.next_block()
    assert chain.status(index).deciding == s.DecidingStatus(since, chain.number + 24)
    chain.run_to(chain.number + 23)
    chain.say(index, FAILING)
    chain.next_block()
    chain.assert_event(t.ConfirmAborted(index))
    assert chain.status(index).deciding == s.DecidingStatus(since)
    assert chain.status(index).alarm == (since + 336, name_of(NUDGE, index))
    chain.say(index, PASSING)
    chain.next_block()
    chain.assert_event(t.ConfirmStarted(index))
    chain.run_to(chain.number + 24)
    chain.assert_event(t.Approved(index))
    assert chain.fate(index) == t.Due(chain.number + 336)
    chain.try_state()


def test_a_confirmation_may_end_after_the_decision_would(chain: ReferendaChain) -> None:
    index = chain.decided(SlashCancel())
    end = chain.number + BY_ID[SLASH_CANCEL].decision_hours
    chain.run_to(end - 1)
    chain.say(index, PASSING)
    chain.run_to(end + 2)
    assert isinstance(chain.info(index), s.Ongoing)
    chain.next_block()
    chain.assert_event(t.Approved(index))


def test_a_confirmation_that_breaks_after_the_decision_would_end_is_the_end(chain: ReferendaChain) -> None:
    index = chain.decided(SlashCancel())
    end = chain.number + BY_ID[SLASH_CANCEL].decision_hours
    chain.run_to(end - 1)
    chain.say(index, PASSING)
    chain.run_to(end + 1)
    chain.say(index, FAILING)
    chain.next_block()
    chain.assert_event(t.Rejected(index, FAILING))


def test_what_does_not_pass_in_time_is_rejected(chain: ReferendaChain) -> None:
    index = chain.decided(FeesSafer())
    since = chain.number
    chain.say(index, FAILING)
    chain.run_to(since + SAFE.decision_hours - 1)
    assert isinstance(chain.info(index), s.Ongoing)
    chain.next_block()
    chain.assert_event(t.Rejected(index, FAILING))
    assert chain.referenda.records[index] == t.Record(
        SAFE.id, FeesSafer(), chain.shelf.bound(chain.board.write.call(7)), 1, since, FAILING, t.NotApproved()
    )
    with refuses(chain, t.NotDue):
        chain.root(chain.referenda.enact.call(index))
    chain.try_state()


def test_votes_that_stay_as_they_are_pass_when_the_curves_come_down_to_them(chain: ReferendaChain) -> None:
    """Half of the support that is needed at first: the alarm wakes the referendum in the block in which it
    passes, not before, and without a vote.
    """
    index = chain.decided(FeesSafer())
    since, tally = chain.number, Tally(ayes=ALL, nays=0, support=ALL // 8)
    chain.say(index, tally)
    chain.next_block()
    alarm = chain.status(index).alarm
    assert alarm is not None
    passes = [
        hour
        for hour in range(SAFE.decision_hours)
        if SAFE.min_support.passing(hour * 10**9 // SAFE.decision_hours, 10**9 // 8)
    ]
    assert alarm[0] == since + passes[0]
    chain.run_to(alarm[0])
    chain.assert_event(t.ConfirmStarted(index))


def test_a_referendum_that_nobody_pays_for_times_out(chain: ReferendaChain) -> None:
    index = chain.submit_one(Root())
    chain.say(index, PASSING)
    chain.run_to(1 + 14 * 24)
    chain.assert_event(t.TimedOut(index, PASSING))
    assert chain.info(index) == s.TimedOut(chain.number, s.Deposit(ALICE, 10 * COIN), None)
    assert chain.referenda.records[index].decided_since is None
    with refuses(chain, t.BadStatus):
        chain.by(ALICE, chain.referenda.refund_submission_deposit.call(index))
    chain.try_state()


@pytest.mark.parametrize(
    ("when", "due"),
    [(s.After(0), 9), (s.After(20), 23), (s.At(3), 9), (s.At(100), 100), (s.At(2**32 - 1), 2**32 - 1)],
)
def test_what_is_approved_waits_as_long_as_it_wants_and_as_its_track_wants(
    chain: ReferendaChain, when: s.DispatchTime, due: int
) -> None:
    index = chain.submit_one(FeesSafer(), when=when)
    chain.place(index)
    chain.say(index, PASSING)
    chain.run_to(3)
    assert chain.fate(index) == t.Due(due)


# Deposits.


def test_deposits_come_back_where_nobody_is_to_blame(chain: ReferendaChain) -> None:
    referenda, coins = chain.referenda, chain.coins
    index = chain.submit_one(FeesSafer())
    chain.place(index)
    assert coins.on_hold(SUBMISSION, ALICE) == 10 * COIN
    assert coins.on_hold(DECISION, BOB) == SAFE.decision_deposit
    with refuses(chain, t.HasDeposit):
        chain.place(index, CAROL)
    with refuses(chain, t.Unfinished):
        chain.by(BOB, referenda.refund_decision_deposit.call(index))
    with refuses(chain, t.BadStatus):
        chain.by(ALICE, referenda.refund_submission_deposit.call(index))
    chain.dispatch(referenda.cancel.call(index), ReferendumCanceller())
    chain.assert_last_event(t.Cancelled(index, EMPTY))
    chain.by(CAROL, referenda.refund_decision_deposit.call(index))
    chain.assert_last_event(t.DecisionDepositRefunded(index, BOB, SAFE.decision_deposit))
    chain.root(referenda.refund_submission_deposit.call(index))
    chain.assert_last_event(t.SubmissionDepositRefunded(index, ALICE, 10 * COIN))
    assert chain.info(index) == s.Cancelled(1, None, None)
    assert (coins.free_balance(ALICE), coins.free_balance(BOB)) == (RICH, RICH)
    for call in (
        referenda.refund_decision_deposit.call(index),
        referenda.refund_submission_deposit.call(index),
    ):
        with refuses(chain, t.NoDeposit):
            chain.by(ALICE, call)
    chain.try_state()


def test_a_killed_referendum_costs_its_deposits(chain: ReferendaChain) -> None:
    referenda = chain.referenda
    index = chain.decided(FeesSafer())
    chain.dispatch(referenda.kill.call(index), ReferendumKiller())
    assert [each for each in chain.events if isinstance(each, t.ReferendaEvent)][-3:] == [
        t.Killed(index, EMPTY),
        t.DepositSlashed(ALICE, 10 * COIN),
        t.DepositSlashed(BOB, SAFE.decision_deposit),
    ]
    assert chain.info(index) == s.Killed(chain.number)
    assert chain.coins.free_balance(POT) == RICH + 10 * COIN + SAFE.decision_deposit
    assert chain.referenda.deciding_count[SAFE.id] == 0
    with refuses(chain, t.NoDeposit):
        chain.by(BOB, referenda.refund_decision_deposit.call(index))
    with refuses(chain, t.BadStatus):
        chain.by(ALICE, referenda.refund_submission_deposit.call(index))
    with refuses(chain, t.NotOngoing):
        chain.root(referenda.cancel.call(index))
    chain.try_state()


def test_who_may_stop_a_referendum(chain: ReferendaChain) -> None:
    index = chain.submit_one(FeesSafer())
    cancel, kill = chain.referenda.cancel.call(index), chain.referenda.kill.call(index)
    for call, origins in (
        (cancel, (Signed(ALICE), ReferendumKiller(), FeesSafer())),
        (kill, (Signed(ALICE), ReferendumCanceller(), FeesSafer())),
    ):
        for origin in origins:
            with refuses(chain, BadOrigin):
                chain.dispatch(call, origin)
    chain.root(kill)


def test_who_cannot_pay_proposes_nothing(chain: ReferendaChain) -> None:
    with refuses(chain, FundsUnavailable):
        chain.submit_one(FeesSafer(), who=b"\x44" * 32)
    index = chain.submit_one(FeesSafer())
    with refuses(chain, FundsUnavailable):
        chain.place(index, b"\x44" * 32)


# Metadata.


def test_metadata_is_its_submitters_while_it_goes_on(chain: ReferendaChain) -> None:
    index, set_metadata = chain.submit_one(FeesSafer()), chain.referenda.set_metadata
    name = blake2b_256(b"why")
    with refuses(chain, t.PreimageNotExist):
        chain.by(ALICE, set_metadata.call(index, name))
    chain.root(chain.shelf.note.call(b"why"))
    for what in (name, None):
        with refuses(chain, t.NoPermission):
            chain.by(BOB, set_metadata.call(index, what))
    chain.by(ALICE, set_metadata.call(index, name))
    chain.assert_last_event(t.MetadataSet(index, name))
    assert chain.referenda.metadata_of[index] == name
    chain.root(chain.referenda.cancel.call(index))
    with refuses(chain, t.NotOngoing):
        chain.by(ALICE, set_metadata.call(index, name))
    chain.by(BOB, set_metadata.call(index, None))
    chain.assert_last_event(t.MetadataCleared(index, name))
    assert index not in chain.referenda.metadata_of
    with refuses(chain, t.BadReferendum):
        chain.by(ALICE, set_metadata.call(index + 1, None))


# What others read.


def test_polls_are_what_votes_need(chain: ReferendaChain) -> None:
    polls = chain.referenda
    assert isinstance(polls, Polls)
    index = chain.decided(FeesSafer())
    chain.say(index, PASSING)
    assert polls.tally(index) == (PASSING, SAFE.id)
    assert [polls.outcome(index), polls.outcome(99), polls.tally(99)] == [None] * 3
    chain.run_to(chain.number + 2)
    assert polls.outcome(index) == (chain.number, True)
    assert polls.tally(index) is None
    with refuses(chain, t.NotOngoing):
        chain.say(index, FAILING)
    assert polls.classes() == tuple(track.id for track in TRACKS)
    second = chain.submit_one(FeesSafer())
    chain.root(chain.referenda.cancel.call(second))
    assert polls.outcome(second) is None


def test_only_tracks_decide(chain: ReferendaChain) -> None:
    with refuses(
        chain, t.NoTrack, "NoTrack: No track decides of this origin: name Root, or the origin of a track."
    ):
        chain.submit_one(Signed(ALICE))


def test_a_referendum_is_stored_as_clients_read_it(chain: ReferendaChain) -> None:
    """Byte for byte what `pallet_referenda` stores, but for the alarm's address, which is a name here."""
    index = chain.decided(FeesSafer())
    status = chain.status(index)
    assert status.alarm is not None
    assert chain[type(chain.referenda)].seat is not None
    origins = next(each for each in chain.runtime.pallets.values() if each.origin_type is not None)
    assert origins.seat is not None
    call = chain.host.codec(RuntimeCall).encode(chain.board.write.call(7))
    expected = b"".join(
        (
            b"\0",  # Ongoing
            SAFE.id.to_bytes(2, "little"),
            bytes((origins.seat.index, SAFE.id)),
            b"\1" + bytes((len(call) << 2,)) + call,  # Inline
            b"\1" + bytes(4),  # After(0)
            b"\1\0\0\0",
            ALICE + (10 * COIN).to_bytes(16, "little"),
            b"\1" + BOB + SAFE.decision_deposit.to_bytes(16, "little"),
            b"\1" + b"\2\0\0\0" + b"\0",  # decided since block 2, not confirming
            bytes(48),
            b"\0",
            b"\1" + status.alarm[0].to_bytes(4, "little") + name_of(NUDGE, index),
        )
    )
    assert chain.host.codec(s.ReferendumInfo).encode(chain.info(index)) == expected
    ended = s.Rejected(5, s.Deposit(ALICE, 1), None)
    assert chain.host.codec(s.ReferendumInfo).encode(ended) == (
        b"\2" + b"\5\0\0\0" + b"\1" + ALICE + b"\1" + bytes(15) + b"\0"
    )


def test_constants_are_those_that_clients_ask_for(chain: ReferendaChain) -> None:
    found = {each.name: each for each in constants_of(chain.referenda)}
    assert {"SubmissionDeposit", "MaxQueued", "UndecidingTimeout", "AlarmInterval", "Tracks"} <= set(found)
    assert (found["UndecidingTimeout"].value, found["MaxQueued"].value) == (336, 100)
    tracks = chain.host.codec(found["Tracks"].annotation)
    encoded = tracks.encode(found["Tracks"].value)
    first = encoded[1 : 2 + 1 + 1 + 4 + 4 + 16 + 4 * 4 + 1 + 24 + 1 + 12]
    root: Track = BY_ID[ROOT]
    assert first == b"".join(
        (
            bytes(2),
            b"\x10root",
            (2).to_bytes(4, "little"),
            root.decision_deposit.to_bytes(16, "little"),
            *(hours.to_bytes(4, "little") for hours in (24, 336, 24, 336)),
            b"\2" + b"".join(each.to_bytes(8, "little") for each in (222222224, 333333335, 333333332)),
            b"\0" + b"".join(each.to_bytes(4, "little") for each in (10**9, 4 * 10**7, 5 * 10**8)),
        )
    )
    assert len(found["Tracks"].value) == len(TRACKS)
    assert chain.host.codec(U16).decode(encoded[1:3]) == ROOT


def test_the_pallet_has_substrates_names() -> None:
    names = {item.name for item in Referenda.storage.values()}
    assert names >= {"ReferendumCount", "ReferendumInfoFor", "TrackQueue", "DecidingCount", "MetadataOf"}
    assert [(each.index, name) for name, each in Referenda.calls.items() if each.index < 9] == [
        (0, "submit"),
        (1, "place_decision_deposit"),
        (2, "refund_decision_deposit"),
        (7, "refund_submission_deposit"),
        (8, "set_metadata"),
        (3, "cancel"),
        (4, "kill"),
        (5, "nudge_referendum"),
        (6, "one_fewer_deciding"),
    ]
