"""Preimages: kept for a deposit or for who needs them, named by their hash, gone when nobody does."""

from __future__ import annotations

import pytest

from governance.preimages import Preimage
from governance.preimages import types as t
from pallets.balances import Balances
from pallets.system import System
from pallets.timestamp import Timestamp
from runtime.crypto.hashing import blake2b_256
from runtime.frame import FundsUnavailable, Root, Signed
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


def test_bringing_up_to_date_is_free_for_what_is_known(chain: TestChain, preimages: Preimage) -> None:
    chain.dispatch(preimages.note_preimage.call(TEXT), Signed(ALICE))
    assert not chain.dispatch(preimages.ensure_updated.call((HASH,)), Signed(BOB)).pays
    assert chain.dispatch(preimages.ensure_updated.call((HASH, bytes(32))), Signed(BOB)).pays
    with refuses(chain, t.TooFew):
        chain.dispatch(preimages.ensure_updated.call(()), Signed(BOB))
