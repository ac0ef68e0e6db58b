"""A looser change waits: whichever way it is brought to the chain, nothing moves before the delay of its
track is over, and something says why.

Each path has its authority: whoever signs; a track that decides in hours; or Root, once a referendum of its
own has let it leave tasks behind. The honest path is the control: it works at its block, and not in the one
before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from governance.origins import (
    CollateralSafer,
    FeesLooser,
    IssuanceLooser,
    IssuanceSafer,
    Lists,
    ReferendumCanceller,
    ReferendumKiller,
    SlashCancel,
    Treasury,
)
from governance.parameters import types as p
from governance.referenda import status as s
from governance.referenda import types as t
from governance.referenda.clockwork import ENACTMENT, name_of
from governance.scheduler.types import Dispatched, PermanentlyOverweight
from governance.tracks import BY_ID, LISTS, ROOT, TREASURY
from governance.whatif import types as w
from pallets.issuance import Issuance
from pallets.multisig import Multisig
from pallets.multisig.pallet import multi_account
from pallets.multisig.types import Timepoint
from pallets.proxy import Proxy
from pallets.proxy.types import ProxyType
from pallets.sudo import Sudo
from pallets.system import System
from pallets.system.types import NothingAuthorized, StorageNotWritable
from runtime.frame import BadOrigin, Call, DispatchError, Origin, Root, Signed
from runtime.frame.governance import RootKey
from runtime.frame.invalid import InvariantBroken
from runtime.frame.migration import migration
from runtime.scale import Err
from runtime.testing import refuses
from runtime.types import Weight, db
from runtime.types.account import Address
from runtime.types.dispatch import DispatchErrorValue, DispatchResult
from support.coin import ALICE, BOB, CAROL, COIN, ISSUERS
from support.governed import (
    KAPPA_LOOSER,
    KAPPA_NOW,
    KAPPA_SAFER,
    LOOSER,
    LOOSER_HOURS,
    SAFER_HOURS,
    GovernedChain,
)

ENOUGH = Weight(10**11, 10**5)
TASK = b"\x07" * 32
Wrap = Callable[[GovernedChain, Call], Call]


@pytest.fixture
def chain() -> GovernedChain:
    return GovernedChain()


def unmoved(chain: GovernedChain) -> bool:
    """Whether kappa is where it was, and nothing says that it ever was elsewhere."""
    return (chain.kappa_now, chain.history(), chain.parameters.enacting) == (KAPPA_NOW, (), None)


def refusals(chain: GovernedChain) -> list[DispatchErrorValue]:
    """What the events of the open block tell of calls that were refused."""
    told = (
        error_of(getattr(event, "result", None)) or getattr(event, "error", None) for event in chain.events
    )
    return [error for error in told if error is not None]


def error_of(result: DispatchResult | None) -> DispatchErrorValue | None:
    """Why a call was refused, if it was."""
    return result.error if isinstance(result, Err) else None


# Wrappers.


def bare(chain: GovernedChain, call: Call) -> Call:
    return call


def batch(chain: GovernedChain, call: Call) -> Call:
    return chain.utility.batch.call((call,))


def batch_all(chain: GovernedChain, call: Call) -> Call:
    return chain.utility.batch_all.call((call,))


def force_batch(chain: GovernedChain, call: Call) -> Call:
    return chain.utility.force_batch.call((call,))


def as_its_track(chain: GovernedChain, call: Call) -> Call:
    return chain.utility.dispatch_as.call(IssuanceLooser(), call)


def as_root(chain: GovernedChain, call: Call) -> Call:
    return chain.utility.dispatch_as.call(Root(), call)


def as_somebody(chain: GovernedChain, call: Call) -> Call:
    return chain.utility.dispatch_as.call(Signed(ALICE), call)


def derived(chain: GovernedChain, call: Call) -> Call:
    return chain.utility.as_derivative.call(0, call)


def proxied(chain: GovernedChain, call: Call) -> Call:
    """Alice acts for Bob."""
    return chain[Proxy].proxy.call(Address(BOB), None, call)


def for_itself(chain: GovernedChain, call: Call) -> Call:
    """Bob acts for the account that he answers for with Carol, each of both alone."""
    return chain[Multisig].as_multi_threshold_1.call((CAROL,), call)


def together(chain: GovernedChain, call: Call) -> Call:
    """Bob approves it, then Alice."""
    chain.next_block()
    pallet = chain[Multisig]
    assert chain.submit(pallet.as_multi.call(2, (ALICE,), None, call, ENOUGH), BOB).failure is None
    when = Timepoint(chain.number, 1)
    assert multi_account((ALICE, BOB), 2) in {who for who, _ in pallet.multisigs}
    return pallet.as_multi.call(2, (BOB,), when, call, ENOUGH)


def announced(chain: GovernedChain, call: Call) -> Call:
    """Carol announces it for Bob, and Alice makes it in her name."""
    proxy = chain[Proxy]
    text = chain.lookup(call)
    chain.by(CAROL, proxy.announce.call(Address(BOB), text.hash))
    chain.next_block()
    return proxy.proxy_announced.call(Address(CAROL), Address(BOB), None, call)


def scheduled(chain: GovernedChain, call: Call) -> Call:
    return chain.scheduler.schedule.call(chain.number + 1, None, 0, call)


def scheduled_by_name(chain: GovernedChain, call: Call) -> Call:
    return chain.scheduler.schedule_named.call(TASK, chain.number + 1, None, 0, call)


def scheduled_after(chain: GovernedChain, call: Call) -> Call:
    return chain.scheduler.schedule_after.call(0, (1, 3), 0, call)


def scheduled_by_name_after(chain: GovernedChain, call: Call) -> Call:
    return chain.scheduler.schedule_named_after.call(TASK, 0, None, 0, call)


def written(chain: GovernedChain, call: Call) -> Call:
    return chain.write_kappa(KAPPA_LOOSER)


def raised_before(chain: GovernedChain, call: Call) -> Call:
    """A safer move, beside which the old value would be a looser one."""
    return chain.utility.batch_all.call((chain.kappa(KAPPA_SAFER), call))


def nested(*wraps: Wrap) -> Wrap:
    """One in the other, the outermost first."""

    def wrap(chain: GovernedChain, call: Call) -> Call:
        for each in reversed(wraps):
            call = each(chain, call)
        return call

    wrap.__name__ = "_in_".join(each.__name__ for each in reversed(wraps))
    return wrap


# Authorities.


def signed(chain: GovernedChain, wrap: Wrap, refusal: DispatchError, told: bool) -> None:
    """Alice signs for it."""
    call = wrap(chain, chain.kappa(KAPPA_LOOSER))
    applied = chain.submit(call, ALICE)
    error = chain.host.failure(refusal)
    assert applied.failure == (None if told else error)
    assert not told or error in refusals(chain)
    chain.next_block()
    assert unmoved(chain)
    chain.next_block(2)


def voted(chain: GovernedChain, wrap: Wrap, refusal: DispatchError, told: bool, origin: Origin) -> None:
    """A track of hours approves it unanimously, before anybody has seen its preimage; seen before, it is
    refused where its own call raises.
    """
    call = wrap(chain, chain.kappa(KAPPA_LOOSER))
    error = chain.host.failure(refusal)
    index = chain.wanted(origin, chain.lookup(call), when=s.At(0))
    track = BY_ID[chain.status(index).track]
    chain.pass_to(chain.number + track.prepare_hours + track.confirm_hours)
    chain.note(call)
    if not told:
        with pytest.raises(t.CallWouldFail) as seen:
            chain.by(BOB, chain.referenda.submit.call(origin, chain.lookup(call), s.At(0)))
        assert seen.value.refusal == w.CallRefused(error)
    due = chain.number + track.enactment_hours
    chain.pass_to(due - 1)
    assert chain.fate(index) == t.Due(due)
    chain.pass_to(due)
    assert chain.fate(index) == (t.Done(due) if told else t.Refused(due, w.CallRefused(error)))
    assert not told or error in refusals(chain)
    assert unmoved(chain)
    chain.next_block(2)


def left_by_root(chain: GovernedChain, wrap: Wrap, refusal: DispatchError, told: bool) -> None:
    """What a referendum of Root left in the agenda runs as Root, and there is no referendum then."""
    chain.root(scheduled_by_name(chain, wrap(chain, chain.kappa(KAPPA_LOOSER))))
    chain.next_block()
    error = chain.host.failure(refusal)
    assert error in refusals(chain)
    (task,) = (event for event in chain.events if isinstance(event, Dispatched))
    assert told or task.result == Err(error)
    assert unmoved(chain)
    chain.next_block(3)


@dataclass(frozen=True)
class Path:
    """A way to bring a looser change to the chain, and what it meets."""

    authority: Callable[[GovernedChain, Wrap, DispatchError, bool], None]
    wrap: Wrap
    refusal: DispatchError
    told: bool = False
    """Whether the wrapper itself succeeds, and only tells the refusal."""

    def __str__(self) -> str:
        authority = self.authority
        if isinstance(authority, partial):
            return f"{type(authority.keywords['origin']).__name__}: {self.wrap.__name__}"
        return f"{authority.__name__}: {self.wrap.__name__}"


BY_SAFER = partial(voted, origin=IssuanceSafer())
BAD, WRONG, NOBODYS = BadOrigin(), p.WrongTrack(), p.NoReferendum()
PATHS = (
    # Whoever signs is no track.
    *(Path(signed, wrap, BAD) for wrap in (bare, batch_all, derived, for_itself, as_its_track, as_root)),
    *(Path(signed, wrap, BAD, True) for wrap in (batch, force_batch, proxied, announced, together)),
    *(
        Path(signed, wrap, BAD)
        for wrap in (scheduled, scheduled_by_name, scheduled_after, scheduled_by_name_after, written)
    ),
    Path(signed, nested(batch, proxied, for_itself, derived, batch_all), BAD, True),
    Path(signed, nested(proxied, derived, batch), BAD, True),
    Path(signed, nested(together, force_batch, as_its_track), BAD, True),
    Path(signed, nested(batch_all, derived, scheduled), BAD),
    # A safer track is not the looser one, and none of what runs on it is signed, or Root's.
    *(Path(BY_SAFER, wrap, WRONG) for wrap in (bare, batch_all, raised_before)),
    *(
        Path(BY_SAFER, wrap, WRONG, True)
        for wrap in (batch, force_batch, nested(batch, force_batch, batch_all))
    ),
    *(
        Path(BY_SAFER, wrap, BAD)
        for wrap in (as_its_track, as_root, as_somebody, derived, proxied, for_itself, written)
    ),
    *(
        Path(BY_SAFER, wrap, BAD)
        for wrap in (scheduled, scheduled_by_name, scheduled_after, scheduled_by_name_after)
    ),
    Path(BY_SAFER, nested(force_batch, scheduled, as_its_track), BAD, True),
    # Nor is any other track that is quick.
    *(
        Path(partial(voted, origin=origin), wrap, refusal)
        for origin in (
            CollateralSafer(),
            SlashCancel(),
            ReferendumCanceller(),
            ReferendumKiller(),
            Treasury(),
        )
        for wrap, refusal in ((bare, WRONG), (as_its_track, BAD))
    ),
    # What Root leaves behind.
    *(Path(left_by_root, wrap, NOBODYS) for wrap in (bare, batch_all, nested(batch_all, batch_all))),
    *(Path(left_by_root, wrap, NOBODYS, True) for wrap in (batch, force_batch, as_its_track, as_root)),
    Path(left_by_root, as_somebody, BAD, True),
    Path(left_by_root, nested(force_batch, as_its_track, batch), NOBODYS, True),
)


@pytest.mark.parametrize("path", PATHS, ids=str)
def test_a_looser_change_does_not_come_this_way(chain: GovernedChain, path: Path) -> None:
    proxy = chain[Proxy]
    for real, key in ((BOB, ALICE), (ALICE, BOB), (ALICE, CAROL), (BOB, CAROL)):
        chain.by(real, proxy.add_proxy.call(Address(key), ProxyType.Any, 0))
    path.authority(chain, path.wrap, path.refusal, path.told)
    assert unmoved(chain)
    chain.try_state()


# The honest path, and Root's own.


@pytest.mark.parametrize(
    ("origin", "wrap", "value", "hours"),
    [
        (IssuanceLooser(), bare, KAPPA_LOOSER, LOOSER_HOURS),
        (IssuanceLooser(), nested(batch, force_batch, batch_all), KAPPA_LOOSER, LOOSER_HOURS),
        (Root(), bare, KAPPA_LOOSER, LOOSER_HOURS),
        (Root(), nested(batch, as_its_track), KAPPA_LOOSER, LOOSER_HOURS),
        (IssuanceSafer(), bare, KAPPA_SAFER, SAFER_HOURS),
        (IssuanceSafer(), nested(batch, force_batch, batch_all), KAPPA_SAFER, SAFER_HOURS),
    ],
    ids=["looser", "looser, wrapped", "root", "root, as the track", "safer", "safer, wrapped"],
)
def test_what_may_be_decided_is_done_at_its_block_and_not_in_the_one_before(
    chain: GovernedChain, origin: Origin, wrap: Wrap, value: int, hours: int
) -> None:
    """The control. Everybody says aye at once, and would have it done at once."""
    due = chain.number + hours
    index = chain.wanted(origin, wrap(chain, chain.kappa(value)), when=s.At(0))
    chain.pass_to(due - 1)
    assert chain.fate(index) == t.Due(due)
    assert unmoved(chain)
    chain.next_block()
    assert chain.fate(index) == t.Done(due)
    assert chain.kappa_now == value
    assert chain.history() == (p.Change(due, KAPPA_NOW, value, p.Referendum(index)),)
    chain.next_block(2)
    chain.try_state()


def test_every_track_that_may_loosen_takes_as_long() -> None:
    """Looser moves are decided on their topic's looser track, or Root's: no other is as slow."""
    slow = {number for number, track in BY_ID.items() if track.enactment_hours >= 14 * 24}
    assert slow == {ROOT, LISTS, *range(11, 25, 2)}
    assert BY_ID[TREASURY].enactment_hours == 7 * 24
    chain = GovernedChain()
    for origin in (FeesLooser(), Lists()):
        with refuses(chain, p.WrongTrack):
            chain.dispatch(chain.kappa(KAPPA_LOOSER), origin)


def test_root_does_nothing_early_to_what_was_approved(chain: GovernedChain) -> None:
    """It may ask for the enactment, in whatever wrapper, or take it from the agenda and plan it anew: what is
    not due does not run. (A proposal or a task that enacts is too heavy for either, besides.)
    """
    due = chain.number + LOOSER_HOURS
    index = chain.wanted(IssuanceLooser(), chain.kappa(KAPPA_LOOSER))
    enact, name = chain.referenda.enact.call(index), name_of(ENACTMENT, index)
    with pytest.raises(t.TooHeavy):
        chain.propose(Root(), batch(chain, enact))
    for block in (due - LOOSER_HOURS + 1, due - LOOSER.enactment_hours, due - 1):
        chain.pass_to(block)
        with refuses(chain, t.NotDue):
            chain.root(enact)
        for wrap in (batch, force_batch, as_root, nested(as_root, batch)):
            chain.root(wrap(chain, enact))
            assert refusals(chain)[-1] == chain.host.failure(t.NotDue())
        if block < due - 1:
            chain.root(scheduled_by_name(chain, enact))
            chain.run()
            assert any(isinstance(each, PermanentlyOverweight) and each.id == TASK for each in chain.events)
    chain.root(chain.scheduler.cancel_named.call(name))
    assert unmoved(chain)
    assert chain.fate(index) == t.Due(due)
    chain.run()
    assert unmoved(chain)
    chain.root(enact)
    assert chain.kappa_now == KAPPA_LOOSER
    chain.next_block(2)


def test_roots_referendum_does_not_write_the_bytes_of_a_parameter(chain: GovernedChain) -> None:
    """Where votes decide, nobody writes storage past them: the referendum is refused where it is seen, and
    when its time comes where it was not, and so is what it leaves behind.
    """
    write = chain.write_kappa(KAPPA_LOOSER)
    broken = w.CallRefused(chain.host.failure(StorageNotWritable()))
    with pytest.raises(t.CallWouldFail) as seen:
        chain.by(BOB, chain.referenda.submit.call(Root(), chain.preimage.bound(write), s.At(0)))
    assert seen.value.refusal == broken
    due = chain.number + LOOSER_HOURS
    index = chain.wanted(Root(), chain.lookup(write))
    chain.pass_to(due - 1)
    chain.note(write)
    chain.pass_to(due)
    assert chain.fate(index) == t.Refused(due, broken)
    chain.root(scheduled(chain, write))
    chain.next_block()
    assert Dispatched((chain.number, 0), None, Err(broken.error)) in chain.events
    assert unmoved(chain)
    chain.next_block(2)


def test_nobody_writes_that_something_was_voted(chain: GovernedChain) -> None:
    """A history that names a referendum which never was; a task that nobody judges; an enactment before its
    time: all are bytes, which no call writes.
    """
    system = chain[System]
    keys = (
        chain.parameters.changes.key_of(("Issuance.KappaPpb", 0)),
        chain.parameters.__dict__["enacting"].key,
        chain.scheduler.agenda.key_of(chain.number + 1),
        chain.referenda.records.key_of(0),
    )
    for key in keys:
        for call in (
            system.set_storage.call(((key, b"forged"),)),
            system.kill_storage.call((key,)),
            chain.utility.batch_all.call((system.set_storage.call(((key, b"forged"),)),)),
        ):
            with refuses(chain, StorageNotWritable):
                chain.root(call)
    chain.next_block()
    with refuses(chain, StorageNotWritable):
        chain.root(system.kill_prefix.call(system.account.prefix, 1))


def test_root_that_no_referendum_lends_moves_nothing(chain: GovernedChain) -> None:
    """The chain has no key to Root, and its own has no place to stand: nor has a task that a pallet plans."""
    assert not any(isinstance(pallet, RootKey) for pallet in chain.runtime.pallets.values())
    for origin in (Root(), IssuanceLooser(), IssuanceSafer()):
        with refuses(chain, p.NoReferendum):
            chain.dispatch(chain.kappa(KAPPA_SAFER), origin)
    looser = chain.preimage.bound(chain.kappa(KAPPA_LOOSER))
    chain.scheduler.plan(TASK, chain.number + 1, 0, IssuanceLooser(), looser)
    chain.run()
    assert refusals(chain) == [chain.host.failure(p.NoReferendum())]
    with refuses(chain, NothingAuthorized):
        chain.by(ALICE, chain[System].apply_authorized_upgrade.call(b""))
    assert unmoved(chain)
    chain.next_block(2)


def test_a_development_chains_key_moves_it_and_the_history_says_so() -> None:
    """The control of the one before: there root is named as such."""
    chain = GovernedChain(key=True)
    assert chain.submit(chain[Sudo].sudo.call(chain.kappa(KAPPA_LOOSER)), ALICE).failure is None
    assert chain.history() == (p.Change(chain.number, KAPPA_NOW, KAPPA_LOOSER, p.ByRoot()),)
    chain.next_block()
    assert chain.kappa_now == KAPPA_LOOSER


def test_a_safer_change_does_not_become_a_looser_one_while_it_waits(chain: GovernedChain) -> None:
    """Up to 1.26 is safer than 1.25. By the time it is done kappa stands at 1.29, and 1.26 is looser."""
    first = chain.wanted(IssuanceSafer(), chain.kappa(KAPPA_SAFER))
    chain.run()
    second = chain.wanted(IssuanceSafer(), chain.kappa(KAPPA_NOW + 10_000_000))
    due = chain.number + SAFER_HOURS
    chain.pass_to(due)
    assert chain.fate(first) == t.Done(due - 1)
    wrong = w.CallRefused(chain.host.failure(p.WrongTrack()))
    assert chain.fate(second) == t.Refused(due, wrong)
    assert chain.kappa_now == KAPPA_SAFER
    chain.next_block(2)
    chain.try_state()


class Loosened(Issuance):
    """Issuance as an upgrade might bring it: its migration moves kappa."""

    storage_version = 1

    @migration(to=1, step=db(writes=1))
    def loosen(self, cursor: bytes) -> bytes | None:
        self.kappa_ppb = KAPPA_LOOSER
        return None


Loosened.__name__ = Issuance.__name__


def test_a_migration_does_not_move_it() -> None:
    """I15 holds in a block of migrations too: an upgrade whose code does that makes no block."""
    chain = GovernedChain()
    chain.by(ISSUERS[0], chain.issuance.mint.call(COIN, 0))  # what stores nothing has nothing to migrate
    chain.run()
    chain.upgrade(Loosened)
    assert chain[Loosened].kappa_ppb == KAPPA_LOOSER
    before = chain.state.root
    with pytest.raises(InvariantBroken, match=r"^I15 is broken: every move of a parameter is in its history"):
        chain.next_block()
    assert chain.state.root == before
