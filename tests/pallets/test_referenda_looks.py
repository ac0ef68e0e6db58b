"""Referenda: what is looked at before it is voted on, and carried out only if it does what was seen."""

from __future__ import annotations

import pytest

from governance.origins import FeesLooser, FeesSafer, ReferendumKiller
from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.enactment import BYTES_MAX, CALL_MAX, Stage
from governance.scheduler.service import AGENDA, SERVICE, SHARE, weight_of_task
from governance.tracks import BY_ID, safer
from governance.whatif import types as w
from governance.whatif.types import CallRefused
from runtime.crypto.hashing import blake2b_256
from runtime.frame import BadOrigin, Call, Origin, Root, RuntimeCall, Signed
from runtime.frame.coin import Mode
from runtime.frame.governance import INLINE_MAX, Inline, Legacy, Lookup
from runtime.testing import refuses
from runtime.types.dispatch import Module, ModuleError, OtherError
from support.referenda import (
    ALICE,
    ALL,
    PASSING,
    Glass,
    Illegible,
    NoCall,
    ReferendaChain,
)

SAFE = BY_ID[safer("fees")]


@pytest.fixture
def chain() -> ReferendaChain:
    return ReferendaChain()


# Enactment.


def test_what_is_refused_leaves_nothing_and_says_why(chain: ReferendaChain) -> None:
    index = chain.approved(FeesSafer(), chain.board.write.call(13))
    chain.run_to(chain.number + SAFE.enactment_hours)
    assert chain.board.seat is not None
    reason = CallRefused(Module(ModuleError(chain.board.seat.index, bytes((Illegible.index, 0, 0, 0)))))
    chain.assert_event(t.EnactmentRefused(index, reason))
    assert (chain.board.text, chain.board.wrote_by, chain.board.writer) == (0, 0, 0)
    assert chain.fate(index) == t.Refused(chain.number, reason)
    chain.next_block()


def test_what_is_approved_runs_once_and_not_before_its_time(chain: ReferendaChain) -> None:
    index = chain.approved(FeesSafer())
    message = "NotDue: Nothing was approved under this number that has not run yet, or its time has not come."
    for _ in range(SAFE.enactment_hours):
        with refuses(chain, t.NotDue, message):
            chain.root(chain.referenda.enact.call(index))
        chain.next_block()
    assert chain.board.text == 7
    chain.root(chain.board.write.call(1))
    for wrong in (index, index + 1):
        with refuses(chain, t.NotDue):
            chain.root(chain.referenda.enact.call(wrong))
    assert chain.board.text == 1


@pytest.mark.parametrize("origin", [Signed(ALICE), FeesLooser(), ReferendumKiller()])
def test_only_root_runs_the_clockwork_of_enactment(chain: ReferendaChain, origin: Origin) -> None:
    for call in (chain.referenda.enact.call(0), chain.referenda.look.call(0)):
        with refuses(chain, BadOrigin):
            chain.dispatch(call, origin)


def test_a_proposal_runs_on_its_track_and_no_other_authority(chain: ReferendaChain) -> None:
    """A track that is not root cannot do what root can."""
    index = chain.approved(FeesSafer(), chain.referenda.cancel.call(0))
    chain.run_to(chain.number + SAFE.enactment_hours)
    assert chain.fate(index) == t.Refused(chain.number, CallRefused(chain.host.failure(BadOrigin())))


def test_a_proposal_that_is_heavier_than_a_block_has_room_for_is_refused(chain: ReferendaChain) -> None:
    with refuses(
        chain, t.TooHeavy, "TooHeavy: The proposal weighs more than a block has room for: divide it."
    ):
        chain.submit_one(Root(), chain.board.carve.call())


# Preimages.


def noted(chain: ReferendaChain, call: Call) -> Lookup:
    text = chain.host.codec(RuntimeCall).encode(call)
    chain.root(chain.shelf.note.call(text))
    return Lookup(blake2b_256(text), len(text))


def test_a_preimage_is_kept_from_approval_to_enactment(chain: ReferendaChain) -> None:
    proposal = noted(chain, chain.board.write.call(9))
    chain.by(ALICE, chain.referenda.submit.call(FeesSafer(), proposal, s.After(0)))
    chain.place(0)
    chain.say(0, PASSING)
    assert chain.shelf.wanted[proposal.hash] == 0
    chain.run_to(3)
    assert chain.shelf.wanted[proposal.hash] == 1
    chain.run_to(9)
    assert (chain.board.text, chain.shelf.wanted[proposal.hash]) == (9, 0)


def test_a_proposal_whose_preimage_nobody_noted_is_refused_when_it_is_due(chain: ReferendaChain) -> None:
    chain.by(ALICE, chain.referenda.submit.call(FeesSafer(), Lookup(bytes(32), 9), s.After(0)))
    chain.place(0)
    chain.say(0, PASSING)
    chain.run_to(9)
    chain.assert_event(t.EnactmentRefused(0, CallRefused(OtherError())))
    assert chain.shelf.wanted[bytes(32)] == 0
    chain.next_block()


def test_a_proposal_has_a_length_and_is_a_call(chain: ReferendaChain) -> None:
    lookup = noted(chain, chain.board.write.call(9))
    submit = chain.referenda.submit
    for proposal, error in (
        (Legacy(lookup.hash), t.UnknownLength),
        (Lookup(lookup.hash, lookup.len + 1), t.PreimageStoredWithDifferentLength),
        (Lookup(bytes(32), BYTES_MAX + 1), t.TooLong),
        (Inline(b"\xff\xff"), NoCall),
    ):
        with refuses(chain, error):
            chain.by(ALICE, submit.call(FeesSafer(), proposal, s.After(0)))
    chain.by(ALICE, submit.call(FeesSafer(), Lookup(bytes(32), BYTES_MAX), s.After(0)))


# Looks.


@pytest.fixture
def glass() -> ReferendaChain:
    """A chain with a coin that judges itself by what stands on the board."""
    return ReferendaChain(Glass)


def text_of(chain: ReferendaChain, number: int) -> Call:
    return chain.board.write.call(number)


@pytest.mark.parametrize(
    ("number", "error", "refusal"),
    [
        (13, t.CallWouldFail, CallRefused),
        (60, t.BlockWouldBreak, w.InvariantBroken),
        (100, t.ModeWouldBeWorse, w.WorseMode),
        (50, t.ProvidersWouldFall, w.MadeDeficient),
    ],
)
def test_what_could_not_be_carried_out_is_refused_when_it_is_proposed(
    glass: ReferendaChain, number: int, error: type[t.ReferendaError], refusal: type[w.Refusal]
) -> None:
    with pytest.raises(error) as caught:
        glass.submit_one(FeesSafer(), text_of(glass, number))
    assert isinstance(caught.value, t.Foreseen)
    assert isinstance(caught.value.refusal, refusal)
    assert glass.referenda.referendum_count == 0
    assert glass.board.text == glass.board.writer == 0
    glass.try_state()


def test_the_refusal_of_a_proposal_says_what_would_be(glass: ReferendaChain) -> None:
    message = (
        "ModeWouldBeWorse: The coin would be in a worse mode by the proposal. "
        "WorseMode(before=<Mode.Green: 0>, after=<Mode.Yellow: 1>)"
    )
    with refuses(glass, t.ModeWouldBeWorse, message):
        glass.submit_one(FeesSafer(), text_of(glass, 100))


def test_what_a_proposal_does_is_written_down_three_times(glass: ReferendaChain) -> None:
    index = glass.submit_one(FeesSafer(), text_of(glass, 30))
    looks = glass.referenda.looks
    seen = looks[index, Stage.Submission]
    assert (seen.before.headroom, seen.after.headroom) == (0, ALL * 30 // 100)
    assert seen.refusal is None
    assert glass.board.text == 0
    glass.place(index)
    glass.say(index, PASSING)
    glass.next_block()
    assert (index, Stage.Decision) not in looks
    glass.next_block()
    assert looks[index, Stage.Decision] == seen
    glass.run_to(9)
    assert glass.fate(index) == t.Done(9)
    assert looks[index, Stage.Enactment] == seen
    assert (glass.board.text, glass.board.wrote_by, glass.board.writer) == (30, 1, 0)
    glass.next_block()
    glass.try_state()


@pytest.mark.parametrize(("meanwhile", "is_done"), [(0, True), (7, True), (8, False), (29, False)])
def test_what_does_something_else_than_was_voted_on_is_undone(
    glass: ReferendaChain, meanwhile: int, is_done: bool
) -> None:
    """A headroom of 30 % was seen; the band is a quarter of that."""
    index = glass.approved(FeesSafer(), text_of(glass, 30))
    glass.root(text_of(glass, meanwhile))
    glass.run_to(glass.number + SAFE.enactment_hours)
    if is_done:
        assert (glass.board.text, glass.fate(index)) == (30, t.Done(glass.number))
        return
    part = 10**7
    refusal = w.OutOfBand(w.Figure.Headroom, 30 * part, (30 - meanwhile) * part)
    assert (glass.board.text, glass.fate(index)) == (meanwhile, t.Refused(glass.number, refusal))
    glass.assert_event(t.EnactmentRefused(index, refusal))
    glass.next_block()
    glass.try_state()


def test_a_preimage_that_comes_later_is_looked_at_when_its_decision_begins(glass: ReferendaChain) -> None:
    """Nobody could refuse it when it was proposed; who votes sees that it will be, and it is."""
    text = glass.host.codec(RuntimeCall).encode(text_of(glass, 100))
    proposal = Lookup(blake2b_256(text), len(text))
    glass.by(ALICE, glass.referenda.submit.call(FeesSafer(), proposal, s.After(0)))
    glass.place(0)
    glass.say(0, PASSING)
    glass.root(glass.shelf.note.call(text))
    glass.run_to(9)
    looks = glass.referenda.looks
    assert (0, Stage.Submission) not in looks
    worse = w.WorseMode(Mode.Green, Mode.Yellow)
    assert looks[0, Stage.Decision].refusal == looks[0, Stage.Enactment].refusal == worse
    assert glass.fate(0) == t.Refused(9, worse)
    assert glass.board.text == 0
    glass.try_state()


def test_a_decision_goes_on_without_a_look(glass: ReferendaChain) -> None:
    """The preimage is noted after the decision began: then there is no band, and the other rules hold."""
    text = glass.host.codec(RuntimeCall).encode(text_of(glass, 30))
    proposal = Lookup(blake2b_256(text), len(text))
    glass.by(ALICE, glass.referenda.submit.call(FeesSafer(), proposal, s.After(0)))
    glass.place(0)
    glass.say(0, PASSING)
    glass.run_to(4)
    glass.root(glass.shelf.note.call(text))
    glass.root(text_of(glass, 29))
    glass.run_to(9)
    assert (glass.board.text, glass.fate(0)) == (30, t.Done(9))


def test_a_look_is_roots_and_of_what_goes_on(glass: ReferendaChain) -> None:
    index = glass.submit_one(FeesSafer(), text_of(glass, 30))
    glass.root(glass.referenda.cancel.call(index))
    with refuses(glass, t.NotOngoing):
        glass.root(glass.referenda.look.call(index))


def test_what_a_submission_did_not_use_is_given_back(glass: ReferendaChain) -> None:
    proposal = glass.shelf.bound(text_of(glass, 30))
    call = glass.referenda.submit.call(FeesSafer(), proposal, s.After(0))
    used = glass.dispatch(call, Signed(ALICE)).actual_weight
    assert used is not None
    assert used.fits(call.weight)
    assert call.weight.ref_time - used.ref_time > CALL_MAX.ref_time // 2
    bare = glass.referenda.submit.call(FeesSafer(), Lookup(bytes(32), 9), s.After(0))
    less = glass.dispatch(bare, Signed(ALICE)).actual_weight
    assert less is not None
    assert less.ref_time < used.ref_time // 10


def test_whatever_may_be_proposed_has_room_among_the_tasks_of_a_block(glass: ReferendaChain) -> None:
    """Else the scheduler would drop what was approved."""
    for call in (glass.referenda.enact.call(0), glass.referenda.look.call(0)):
        assert (SERVICE + AGENDA + weight_of_task(INLINE_MAX, 0) + call.weight).fits(SHARE)
    for nudge in (glass.referenda.nudge_referendum.call(0), glass.referenda.one_fewer_deciding.call(0)):
        assert (SERVICE + AGENDA + (weight_of_task(INLINE_MAX, 0) + nudge.weight).times(50)).fits(SHARE)
