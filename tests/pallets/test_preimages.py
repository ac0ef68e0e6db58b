"""Preimages: kept for a deposit or for who needs them, named by their hash, gone when nobody does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from governance.preimages import Preimage
from governance.preimages import types as t
from governance.preimages.pallet import BYTES_MAX
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import blake2b_256
from runtime.frame import BadOrigin, FundsUnavailable, Root, Signed
from runtime.frame.governance import Inline, Legacy, Lookup
from runtime.testing import TestChain, refuses

ALICE, BOB, POT = (bytes([n]) * 32 for n in (1, 2, 9))
RICH = 1_000_000
BASE, BYTE = 100, 2
TEXT = b"proposal" * 30
HASH = blake2b_256(TEXT)
DEPOSIT = BASE + BYTE * len(TEXT)


@pytest.fixture
def chain() -> TestChain:
    return TestChain(
        System,
        Timestamp,
        Balances,
        Preimage,
        config={
            "Balances": {"existential_deposit": 1, "dust_account": POT},
            "Preimage": {"base_deposit": BASE, "byte_deposit": BYTE},
        },
        genesis={"Balances": {"balances": [[ALICE, RICH], [BOB, RICH]]}},
    )


@pytest.fixture
def preimages(chain: TestChain) -> Preimage:
    return chain[Preimage]


def held(chain: TestChain, who: bytes) -> int:
    return chain[Balances].on_hold(t.Preimage(), who)


def test_whoever_notes_a_preimage_pays_a_deposit_until_it_is_taken_away(
    chain: TestChain, preimages: Preimage
) -> None:
    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    assert held(chain, ALICE) == DEPOSIT
    assert preimages.preimage_for[HASH, len(TEXT)] == TEXT
    with refuses(chain, t.AlreadyNoted):
        chain.dispatch(preimages.note_preimage.call(TEXT), Signed(BOB))
    with refuses(chain, t.NotAuthorized):
        chain.dispatch(preimages.unnote_preimage.call(HASH), Signed(BOB))
    preimages.try_state()
    chain.dispatch(preimages.unnote_preimage.call(HASH), Signed(ALICE))
    assert held(chain, ALICE) == 0
    assert not list(preimages.preimage_for) and not list(preimages.request_status_for)
    with refuses(chain, t.NotNoted):
        chain.dispatch(preimages.unnote_preimage.call(HASH), Signed(ALICE))
    chain.next_block()


def test_who_cannot_pay_notes_nothing(chain: TestChain, preimages: Preimage) -> None:
    long = bytes(RICH // BYTE)
    with refuses(chain, FundsUnavailable):
        chain.dispatch(preimages.note_preimage.call(long), Signed(ALICE))


def test_what_is_requested_is_free_to_note_and_stays_when_its_deposit_is_taken_back(
    chain: TestChain, preimages: Preimage
) -> None:
    chain.dispatch(preimages.request_preimage.call(HASH), Root())
    assert not preimages.have(Legacy(HASH))
    post = chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    assert not post.pays and held(chain, ALICE) == 0
    chain.dispatch(preimages.unrequest_preimage.call(HASH), Root())
    assert not preimages.have(Legacy(HASH))

    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(BOB))
    chain.dispatch(preimages.request_preimage.call(HASH), Root())
    chain.dispatch(preimages.request_preimage.call(HASH), Root())
    chain.dispatch(preimages.unnote_preimage.call(HASH), Signed(BOB))
    assert held(chain, BOB) == 0 and preimages.have(Legacy(HASH))
    preimages.try_state()
    chain.dispatch(preimages.unrequest_preimage.call(HASH), Root())
    assert preimages.have(Legacy(HASH))
    chain.dispatch(preimages.unrequest_preimage.call(HASH), Root())
    assert not preimages.have(Legacy(HASH))
    with refuses(chain, t.NotRequested):
        chain.dispatch(preimages.unrequest_preimage.call(HASH), Root())
    chain.next_block()


def test_a_deposit_outlives_the_requests(chain: TestChain, preimages: Preimage) -> None:
    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    chain.dispatch(preimages.request_preimage.call(HASH), Root())
    chain.dispatch(preimages.unrequest_preimage.call(HASH), Root())
    assert preimages.request_status_for[HASH] == t.Unrequested((ALICE, DEPOSIT), len(TEXT))
    assert held(chain, ALICE) == DEPOSIT
    preimages.try_state()


def test_a_short_call_names_itself_and_a_long_one_is_kept(chain: TestChain, preimages: Preimage) -> None:
    short, long = (chain[System].remark.call(bytes(length)) for length in (8, 400))
    named = preimages.bound(short)
    assert isinstance(named, Inline) and preimages.peek(named) == short
    kept = preimages.bound(long)
    assert isinstance(kept, Lookup) and preimages.peek(kept) == long
    assert preimages.bound(long) == kept
    preimages.try_state()
    preimages.drop(kept)
    assert preimages.have(kept)
    preimages.drop(kept)
    assert not preimages.have(kept)
    with refuses(chain, t.NotNoted):
        preimages.peek(kept)


def test_a_name_of_another_length_finds_nothing(chain: TestChain, preimages: Preimage) -> None:
    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    assert preimages.have(Lookup(HASH, len(TEXT)))
    assert not preimages.have(Lookup(HASH, len(TEXT) + 1))
    with refuses(chain, t.NoCall):
        preimages.peek(Lookup(HASH, len(TEXT)))


def test_only_the_first_who_answers_a_request_notes_for_free(chain: TestChain, preimages: Preimage) -> None:
    """Else anybody could fill blocks for nothing with what is known."""
    chain.dispatch(preimages.request_preimage.call(HASH), Root())
    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    for who in (ALICE, BOB):
        with refuses(chain, t.AlreadyNoted):
            chain.dispatch(preimages.note_preimage.call(TEXT), Signed(who))
    preimages.try_state()


def test_what_root_notes_is_needed_until_root_lets_go(chain: TestChain, preimages: Preimage) -> None:
    post = chain.dispatch(preimages.note_preimage.call(TEXT), Root())
    assert not post.pays
    assert preimages.request_status_for[HASH] == t.RequestedStatus(None, 1, len(TEXT))
    with refuses(chain, t.NotAuthorized):
        chain.dispatch(preimages.unnote_preimage.call(HASH), Signed(ALICE))
    chain.dispatch(preimages.unnote_preimage.call(HASH), Root())
    chain.assert_last_event(t.Cleared(HASH))
    assert not list(preimages.preimage_for) and not list(preimages.request_status_for)


def test_root_may_take_away_what_somebody_noted_and_the_deposit_goes_back(
    chain: TestChain, preimages: Preimage
) -> None:
    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    chain.dispatch(preimages.unnote_preimage.call(HASH), Root())
    assert held(chain, ALICE) == 0 and not preimages.have(Legacy(HASH))


@pytest.mark.parametrize("name", ["request_preimage", "unrequest_preimage"])
def test_only_root_requests(chain: TestChain, preimages: Preimage, name: str) -> None:
    with refuses(chain, BadOrigin):
        chain.dispatch(getattr(preimages, name).call(HASH), Signed(ALICE))


def test_the_longest_preimage_fits_into_a_block_and_no_longer_one_is_taken(
    chain: TestChain, preimages: Preimage
) -> None:
    chain.dispatch(preimages.request_preimage.call(blake2b_256(bytes(BYTES_MAX))), Root())
    applied = chain.submit(preimages.note_preimage.call(bytes(BYTES_MAX)), ALICE)
    assert applied.failure is None
    assert preimages.have(Lookup(blake2b_256(bytes(BYTES_MAX)), BYTES_MAX))
    with refuses(chain, t.TooBig):
        chain.dispatch(preimages.note_preimage.call(bytes(BYTES_MAX + 1)), Signed(ALICE))
    with refuses(chain, t.TooBig):
        preimages.bound(chain[System].remark.call(bytes(BYTES_MAX)))
    preimages.try_state()


def test_events_say_what_became_of_a_preimage(chain: TestChain, preimages: Preimage) -> None:
    preimages.request(Lookup(HASH, len(TEXT)))
    preimages.request(Lookup(HASH, len(TEXT)))
    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    preimages.drop(Lookup(HASH, len(TEXT)))
    preimages.drop(Lookup(HASH, len(TEXT)))
    told = [event for event in chain.events if isinstance(event, t.PreimageEvent)]
    assert told == [t.Requested(HASH), t.Noted(HASH), t.Cleared(HASH)]


def test_a_request_that_nobody_answers_leaves_nothing(chain: TestChain, preimages: Preimage) -> None:
    preimages.request(Legacy(HASH))
    preimages.drop(Legacy(HASH))
    preimages.drop(Legacy(HASH))
    assert not list(preimages.request_status_for)


def test_an_unkept_promise_is_found(chain: TestChain, preimages: Preimage) -> None:
    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    breaches: tuple[Callable[[], object], ...] = (
        lambda: preimages.preimage_for.discard((HASH, len(TEXT))),
        lambda: preimages.request_status_for.discard(HASH),
        lambda: chain[Balances].release(t.Preimage(), ALICE, 1),
        lambda: preimages.request_status_for.__setitem__(HASH, t.RequestedStatus(None, 0, len(TEXT))),
        lambda: preimages.preimage_for.__setitem__((HASH, len(TEXT)), TEXT[::-1]),
    )
    overlay = chain.host.overlay
    for breach in breaches:
        mark = overlay.open()
        breach()
        with pytest.raises(AssertionError):
            preimages.try_state()
        overlay.undo(mark)
    preimages.try_state()
