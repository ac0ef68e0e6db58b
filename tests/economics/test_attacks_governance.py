"""Attacks by those who vote, inside the bounds of governance, each by its name: the defence stops it, and
without the defence it succeeds.

Each is run twice, with its defence and with the defence taken out.
"""

from __future__ import annotations

import pytest

from governance.conviction import Conviction
from governance.origins import CollateralSafer, IssuanceLooser, IssuanceSafer
from governance.parameters import registry
from governance.parameters import types as p
from governance.preimages import pallet as preimages
from governance.preimages.types import NotNoted
from governance.referenda import machine
from governance.referenda import types as t
from governance.referenda.enactment import Stage
from governance.tally import minus
from governance.voting import ConvictionVoting, books
from governance.voting import types as v
from governance.voting.roll import ENROLLED
from governance.voting.votes import Standard, Vote
from governance.whatif import simulate
from governance.whatif import types as w
from pallets.issuance.pallet import VESTING_WINDOWS
from runtime.crypto.hashing import blake2b_256
from runtime.frame import FundsUnavailable, Root
from runtime.frame.bound import BoundValue
from runtime.frame.catalogue import PlacedParameter
from runtime.frame.coin import Mode, ProviderState
from runtime.frame.governance import Lookup
from runtime.frame.invalid import InvariantBroken
from runtime.scale import U64, codec_of
from runtime.testing import refuses
from runtime.types.account import Address
from support.coin import ALICE, BOB, CAROL, COIN, ISSUERS
from support.governed import (
    KAPPA,
    KAPPA_LOOSER,
    KAPPA_NOW,
    KAPPA_SAFER,
    LOOSER,
    LOOSER_HOURS,
    SAFER,
    SAFER_HOURS,
    STAKE,
    VOTERS,
    WEEK,
    GovernedChain,
)

ONE, *_ = ISSUERS
DAVE = bytes([4]) * 32
SPARE = 10_000 * COIN
"""Coins that are new to a voter."""
CENT = 10_000_000
"""Of kappa."""
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


@pytest.fixture
def chain() -> GovernedChain:
    return GovernedChain()


def refused(chain: GovernedChain, index: int) -> w.Refusal | None:
    """Why what was approved has left nothing; None if it was done."""
    fate = chain.fate(index)
    assert isinstance(fate, (t.Done, t.Refused)), fate
    return fate.reason if isinstance(fate, t.Refused) else None


# What may be moved, and how far.


class Declared(PlacedParameter):
    """A constant as it would stand in the book, had somebody declared it as a parameter, like kappa."""

    def __init__(self, chain: GovernedChain, path: str) -> None:
        like = chain.parameters.catalogue.find(KAPPA)
        assert like is not None
        self.declared, self.kind, self.path = like.declared, like.kind, path
        pallet, _, item = path.partition(".")
        self._stored = BoundValue(chain.host, pallet, item, codec_of(U64), KAPPA_NOW)

    def move(self, value: int) -> None:
        self._stored.set(value)


@defended
@pytest.mark.parametrize(
    "path",
    [
        "Slashing.DelayHours",
        "Providers.Deposit",
        "Referenda.Tracks",
        "ConvictionVoting.SeasoningPeriod",
        "Parameters.StepWindow",
        "WhatIf.BandSharePercent",
    ],
)
def test_vote_a_constant_away(
    chain: GovernedChain, path: str, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defence: constants stay constants; what is no parameter is not in the book, not even for Root."""
    if not is_defended:
        book = chain.parameters.catalogue
        monkeypatch.setitem(vars(book)["_placed"], path, Declared(chain, path))
    call = chain.parameters.set_parameter.call(path, KAPPA_SAFER)
    if is_defended:
        with pytest.raises(t.CallWouldFail) as seen:
            chain.wanted(Root(), call)
        assert seen.value.refusal == w.CallRefused(chain.host.failure(p.IsConstant()))
    else:
        chain.wanted(Root(), call)


@pytest.mark.parametrize(
    "path", ["Ledger.TermHours", "Providers.SizingPpb", "Slashing.Table", "Solvency.Chi"]
)
def test_what_is_law_in_the_code_has_no_place_in_storage(chain: GovernedChain, path: str) -> None:
    """T, 1.05, the table of slashes, chi: no item of any pallet, so nothing that a call could write."""
    with refuses(chain, p.UnknownParameter):
        chain.root(chain.parameters.set_parameter.call(path, 1))


@defended
def test_loosen_on_the_quick_track(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defence: the direction of a move picks its track, and so its delay and its quorum."""
    if not is_defended:
        monkeypatch.setattr(registry, "may_move", lambda track, topic, *, safe: True)
    proposal = chain.kappa(KAPPA_LOOSER)
    index = chain.wanted(IssuanceSafer(), chain.lookup(proposal))
    chain.note(proposal)
    chain.pass_to(chain.number + SAFER_HOURS)
    assert (chain.kappa_now == KAPPA_NOW) is is_defended
    wrong = w.CallRefused(chain.host.failure(p.WrongTrack()))
    assert refused(chain, index) == (wrong if is_defended else None)


@defended
def test_a_long_way_in_small_steps(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defence: no two values within 14 days are further apart than a step, however many moves lie between."""
    if not is_defended:
        monkeypatch.setattr(registry, "reach", lambda bounds, step, values: registry.Reach(*bounds))
    for number in range(1, 9):
        try:
            chain.wanted(IssuanceSafer(), chain.kappa(KAPPA_NOW + number * CENT))
        except t.CallWouldFail as seen:
            assert seen.refusal == w.CallRefused(chain.host.failure(p.StepTooLong()))
            break
        chain.pass_to(chain.number + SAFER_HOURS)
    assert chain.kappa_now == KAPPA_NOW + (5 if is_defended else 8) * CENT


# What may come of it.


@defended
def test_a_change_that_leads_to_a_worse_mode(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A safer kappa by which coins are not covered would stop all minting. Defence: the post-state rule."""
    if not is_defended:
        monkeypatch.setattr(simulate, "_judge", lambda *given: None)
    chain = GovernedChain(coverage_ppb=1_300_000_000)
    lacking = chain.providers.effective_total() * 1_000 // 1_245 - chain.ledger.total_supply()
    for who in ISSUERS:
        chain.ledger.issue(who, who, lacking // len(ISSUERS))
    chain.run()
    assert chain.ledger.mode_now() == Mode.Green
    proposal = chain.kappa(KAPPA_NOW + 5 * CENT)
    index = chain.wanted(IssuanceSafer(), chain.lookup(proposal))
    chain.note(proposal)
    chain.pass_to(chain.number + SAFER_HOURS + 1)
    assert (chain.ledger.mode_now() == Mode.Green) is is_defended
    worse = w.WorseMode(Mode.Green, Mode.Yellow)
    assert refused(chain, index) == (worse if is_defended else None)


@defended
def test_a_change_that_makes_providers_deficient(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More bond than anybody has would stop them all. Defence: the post-state rule."""
    if not is_defended:
        monkeypatch.setattr(simulate, "_judge", lambda *given: None)
    proposal = chain.parameters.set_parameter.call("Providers.BetaAccountablePpb", 400_000_000)
    index = chain.wanted(CollateralSafer(), chain.lookup(proposal))
    chain.note(proposal)
    chain.pass_to(chain.number + SAFER_HOURS)
    chain.run()
    assert refused(chain, index) == (w.MadeDeficient(5, ONE) if is_defended else None)
    assert (chain.providers.providers[ONE].state == ProviderState.Active) is is_defended


@defended
def test_a_change_after_which_no_block_can_end(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the chain by vote. Defence: the end of the block is tried before the change is kept. (Only where
    there is a key to Root may a call write bytes that break a block.)
    """
    chain = GovernedChain(key=True)
    if not is_defended:
        monkeypatch.setitem(vars(chain.referenda), "outlooks", ())
    proposal = chain.write_kappa(KAPPA_LOOSER)
    index = chain.wanted(Root(), chain.lookup(proposal))
    chain.note(proposal)
    chain.pass_to(chain.number + LOOSER_HOURS)
    if is_defended:
        assert isinstance(refused(chain, index), w.InvariantBroken)
        chain.run()
    else:
        with pytest.raises(InvariantBroken, match=r"^I15 is broken"):
            chain.run()


@defended
def test_another_effect_than_the_one_that_was_looked_at(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody saw what the step to 1.30 does from 1.25; when it is done kappa stands at 1.29 already.
    Defence: the band around what was seen.
    """
    if not is_defended:
        monkeypatch.setattr(simulate, "outside", lambda recorded, found: None)
    chain.wanted(IssuanceSafer(), chain.kappa(KAPPA_SAFER))
    chain.pass_to(chain.number + SAFER.prepare_hours + SAFER.confirm_hours)
    index = chain.wanted(IssuanceSafer(), chain.kappa(KAPPA_NOW + 5 * CENT))
    chain.pass_to(chain.number + SAFER_HOURS)
    refusal = refused(chain, index)
    assert (index, Stage.Decision) in chain.referenda.looks
    assert (chain.kappa_now == KAPPA_SAFER) is is_defended
    assert (isinstance(refusal, w.OutOfBand) and refusal.figure == w.Figure.Headroom) is is_defended


def by_length(data: bytes) -> bytes:
    """A hash that is none: texts of one length are all the same to it."""
    return blake2b_256(len(data).to_bytes(4, "little"))


@defended
def test_another_preimage_than_the_one_that_was_voted_on(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its author takes the preimage away after the vote, and notes another. Defence: what is decided is a
    hash; what does not hash to it is not there.
    """
    if not is_defended:
        monkeypatch.setattr(preimages, "blake2b_256", by_length)
    hashed = preimages.blake2b_256
    seen, other = chain.kappa(KAPPA_SAFER), chain.kappa(KAPPA_NOW + 5 * CENT)
    text = chain.text_of(seen)
    chain.note(seen)
    index = chain.wanted(IssuanceSafer(), Lookup(hashed(text), len(text)))
    chain.run()
    chain.by(ALICE, chain.preimage.unnote_preimage.call(hashed(text)))
    chain.note(other)
    chain.pass_to(chain.number + SAFER_HOURS - 1)
    assert chain.kappa_now == (KAPPA_NOW if is_defended else KAPPA_NOW + 5 * CENT)
    missing = w.CallRefused(chain.host.failure(NotNoted()))
    assert refused(chain, index) == (missing if is_defended else None)


# Who votes, with what.


@defended
@pytest.mark.parametrize("is_minted", [True, False], ids=["minted", "bought"])
def test_vote_with_coins_of_today(
    chain: GovernedChain, is_minted: bool, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coins that were just minted and vested, or bought for the vote and sold after it. Defence: only coins
    count that stood still for seven days.
    """
    if not is_defended:
        monkeypatch.setattr(ConvictionVoting, "seasoning_period", lambda self: 0)
    voter = ONE if is_minted else DAVE
    if is_minted:
        chain.by(ONE, chain.issuance.mint.call(2 * SPARE, SPARE // 2))
        with refuses(chain, FundsUnavailable):  # while they vest they are not even still
            chain.by(ONE, chain.voting.enroll.call(SPARE))
        for _ in range(VESTING_WINDOWS):
            chain.issuance.window_counted(ONE, True)
    else:
        chain.balances.transfer(ALICE, DAVE, SPARE + COIN)
    index = chain.propose(IssuanceLooser(), chain.kappa(KAPPA_LOOSER))
    chain.by(voter, chain.voting.enroll.call(SPARE))
    if not is_defended:
        chain.vote(index, voter, coins=SPARE)
        return
    enrolled_at = chain.number
    for block in (enrolled_at, enrolled_at + 24, enrolled_at + WEEK - 1):
        chain.pass_to(block)
        with refuses(chain, v.InsufficientFunds):
            chain.vote(index, voter, coins=SPARE)
    chain.run()
    chain.vote(index, voter, coins=SPARE)
    assert chain.status(index).tally.support == SPARE


@defended
def test_vote_twice_with_the_same_coins(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vote, transfer, vote again from another account. Defence: coins that vote are on hold while they do."""
    if not is_defended:
        monkeypatch.setattr(ConvictionVoting, "locked_of", lambda self, who: 0)
    index = chain.propose(IssuanceLooser(), chain.kappa(KAPPA_LOOSER), who=BOB)
    chain.vote(index, ALICE)
    with refuses(chain, FundsUnavailable):
        chain.balances.transfer(ALICE, DAVE, STAKE)
    if is_defended:
        with refuses(chain, v.StillLocked):
            chain.by(ALICE, chain.voting.withdraw.call(1))
        chain.by(ALICE, chain.voting.remove_vote.call(None, index))
        chain.by(ALICE, chain.voting.unlock.call(LOOSER.id, Address(ALICE)))
    chain.by(ALICE, chain.voting.withdraw.call(STAKE))
    chain.balances.transfer(ALICE, DAVE, STAKE + COIN)
    chain.by(DAVE, chain.voting.enroll.call(STAKE))
    chain.pass_to(chain.number + WEEK)
    chain.vote(index, DAVE)
    assert chain.status(index).tally.support == (STAKE if is_defended else 2 * STAKE)


@defended
def test_a_delegate_votes_with_coins_that_are_gone(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lend a voice, and take the coins away from under it. Defence: lent coins are locked; when they are lent
    no more, the delegate's vote shrinks at once, and they stay locked for their conviction.
    """
    if not is_defended:
        monkeypatch.setattr(ConvictionVoting, "locked_of", lambda self, who: 0)
    voting, held = chain.voting, chain.balances.on_hold
    index = chain.propose(IssuanceLooser(), chain.kappa(KAPPA_LOOSER), who=CAROL)
    chain.by(BOB, voting.delegate.call(LOOSER.id, Address(ALICE), Conviction.Locked6x, STAKE))
    chain.vote(index, ALICE)
    assert chain.status(index).tally.ayes == 7 * STAKE
    withdraw = voting.withdraw.call(STAKE)
    if is_defended:
        with refuses(chain, v.StillLocked):
            chain.by(BOB, withdraw)
        chain.by(BOB, voting.undelegate.call(LOOSER.id))
        chain.by(BOB, voting.unlock.call(LOOSER.id, Address(BOB)))
        with refuses(chain, v.StillLocked):
            chain.by(BOB, withdraw)
    else:
        chain.by(BOB, withdraw)
    tally = chain.status(index).tally
    assert (tally.support <= held(ENROLLED, ALICE)) is is_defended
    assert tally.ayes == (STAKE if is_defended else 7 * STAKE)


@defended
def test_conviction_for_one_block(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Vote sixfold just before the end, and leave with one's coins just after it. Defence: the side that won
    is locked from the end on, for 32 weeks, whether or not its votes are removed.
    """
    if not is_defended:
        monkeypatch.setattr(books.Books, "lock_end", lambda self, conviction, end: end)
    index = chain.propose(IssuanceSafer(), chain.kappa(KAPPA_SAFER))
    chain.vote(index, *VOTERS, conviction=Conviction.Locked6x)
    chain.pass_to(chain.number + SAFER.prepare_hours + SAFER.confirm_hours)
    assert isinstance(chain.fate(index), t.Due)
    voting = chain.voting
    chain.by(BOB, voting.remove_vote.call(SAFER.id, index))
    chain.by(BOB, voting.unlock.call(SAFER.id, Address(BOB)))
    if is_defended:
        with refuses(chain, v.StillLocked):
            chain.by(BOB, voting.withdraw.call(1))
        (lock,) = voting.locks_of(BOB)
        assert lock.until == chain.number + 32 * WEEK
    else:
        chain.by(BOB, voting.withdraw.call(STAKE))


@defended
def test_conviction_that_is_taken_back_before_the_end(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Begin the confirmation with sixfold votes, then unsay the conviction. Defence: a tally is the sum of
    what is said now, and a confirmation that breaks begins anew.
    """
    if not is_defended:
        monkeypatch.setattr(books, "minus", lambda tally, less: minus(tally, less.replace(ayes=0)))
    index = chain.propose(IssuanceSafer(), chain.kappa(KAPPA_SAFER))
    chain.vote(index, ALICE, conviction=Conviction.Locked6x)
    chain.by(BOB, chain.voting.vote.call(index, Standard(Vote(False, Conviction.Locked1x), STAKE)))
    chain.vote(index, CAROL, conviction=Conviction.None_)
    chain.pass_to(chain.number + SAFER.prepare_hours)
    deciding = chain.status(index).deciding
    assert deciding is not None and deciding.confirming == chain.number + 1
    chain.vote(index, ALICE, conviction=Conviction.None_)
    chain.run()
    assert (t.ConfirmAborted(index) in chain.events) is is_defended
    assert (index in chain.referenda.records) is not is_defended


# Who is in the way.


def in_order_of_arrival(queue: t.Queue, index: int, ayes: int) -> tuple[t.Queue, int | None]:
    """A queue that knows no votes: who comes when it is full has to go."""
    if len(queue) >= t.QUEUED_MAX:
        return queue, index
    return ((index, ayes), *queue), None


@defended
def test_jam_a_track_with_deposits(
    chain: GovernedChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All places and the whole queue of a track, for one holder's deposits. Defence: who has most ayes is
    served first, whoever came before; so the jam lasts for one decision period.
    """
    if not is_defended:
        monkeypatch.setattr(machine, "queued", in_order_of_arrival)
    jam = SAFER.max_deciding + t.QUEUED_MAX
    for _ in range(jam):
        chain.propose(IssuanceSafer(), chain.kappa(KAPPA_NOW + CENT), who=CAROL)
    chain.pass_to(chain.number + SAFER.prepare_hours + jam // 50 + SAFER.max_deciding)
    referenda = chain.referenda
    assert referenda.deciding_count[SAFER.id] == SAFER.max_deciding
    assert len(referenda.track_queue[SAFER.id]) == t.QUEUED_MAX
    index = chain.wanted(IssuanceSafer(), chain.kappa(KAPPA_SAFER))
    chain.pass_to(chain.number + SAFER.prepare_hours + SAFER.decision_hours + SAFER_HOURS)
    assert (chain.kappa_now == KAPPA_SAFER) is is_defended
    if is_defended:
        assert isinstance(chain.fate(index), t.Done)
        chain.try_state()
    else:
        assert chain.status(index).deciding is None
