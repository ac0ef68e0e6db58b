"""Identity: a registrar's word makes a provider accountable, and its absence takes that back."""

from __future__ import annotations

import pytest

from pallets.identity import types as t
from pallets.identity.pallet import hash_of
from runtime.frame import BadOrigin, FundsUnavailable
from runtime.frame.coin import ProviderState, Tier
from runtime.testing import refuses
from support.coin import ALICE, BOB, CAROL, COIN, ISSUERS, CoinChain

ONE, TWO, *_ = ISSUERS
ACME = t.LegalEntity(b"Acme Compute GmbH", b"DE", b"HRB 1234", b"\x77" * 32, b"acme.example/undertaking")
FEE = 3 * COIN


@pytest.fixture
def chain() -> CoinChain:
    """Bob and Carol judge, Bob for three coins; ONE is a provider that nobody vouches for."""
    chain = CoinChain(still="days")
    for who in (BOB, CAROL):
        chain.root(chain.identity.add_registrar.call(who))
    chain.by(BOB, chain.identity.set_fee.call(0, FEE))
    chain.root(chain.providers.set_tier.call(ONE, Tier.Anonymous, 1))
    return chain


def judge(chain: CoinChain, verdict: t.Judgement, who: bytes = BOB, number: int = 0) -> None:
    chain.by(who, chain.identity.provide_judgement.call(number, ONE, verdict, hash_of(ACME)))


def tier(chain: CoinChain, who: bytes = ONE) -> Tier:
    return chain.providers.providers[who].tier


def test_a_record_is_written_judged_and_makes_accountable(chain: CoinChain) -> None:
    identity, free = chain.identity, chain.balances.free_balance
    mine, his = free(ONE), free(BOB)
    chain.by(ONE, identity.set_identity.call(ACME))
    deposit = identity.identity_of[ONE].deposit
    assert deposit == 20 * COIN + len(chain.host.codec(t.LegalEntity).encode(ACME)) * COIN // 100
    assert free(ONE) == mine - deposit
    chain.by(ONE, identity.request_judgement.call(0, FEE))
    assert chain.balances.on_hold(t.JudgementFee(), ONE) == FEE
    chain.assert_event(t.JudgementRequested(ONE, 0))
    assert tier(chain) == Tier.Anonymous
    judge(chain, t.KnownGood())
    chain.assert_event(t.Vouched(ONE))
    assert (tier(chain), free(BOB)) == (Tier.Accountable, his + FEE)
    assert chain.providers.providers[ONE].counts_to == 1
    chain.run()
    assert chain.providers.state_of(ONE) == ProviderState.Active
    chain.try_state()
    judge(chain, t.OutOfDate())
    chain.assert_event(t.Disavowed(ONE))
    assert tier(chain) == Tier.Anonymous
    chain.run()
    assert chain.providers.state_of(ONE) == ProviderState.Deficient  # its bond is a quarter of what it owes
    chain.try_state()


@pytest.mark.parametrize("verdict", [t.Reasonable(), t.OutOfDate(), t.LowQuality(), t.Erroneous()])
def test_only_who_saw_papers_makes_accountable(chain: CoinChain, verdict: t.Judgement) -> None:
    chain.by(ONE, chain.identity.set_identity.call(ACME))
    judge(chain, verdict)
    assert tier(chain) == Tier.Anonymous
    judge(chain, t.KnownGood(), CAROL, 1)
    assert tier(chain) == Tier.Accountable
    chain.try_state()


def test_a_word_that_is_taken_back_leaves_what_was_earned(chain: CoinChain) -> None:
    """ONE was clean for 90 days before: without the registrar it is Attested, not Anonymous."""
    chain.by(ONE, chain.identity.set_identity.call(ACME))
    judge(chain, t.KnownGood())
    chain.providers.providers[ONE] = chain.providers.providers[ONE].replace(clean_since=0)
    chain.run()
    chain.next_block(95)
    judge(chain, t.LowQuality())
    assert tier(chain) == Tier.Attested


def test_a_changed_record_keeps_no_judgement_but_the_sticky(chain: CoinChain) -> None:
    identity = chain.identity
    chain.by(ONE, identity.set_identity.call(ACME))
    judge(chain, t.KnownGood())
    judge(chain, t.Erroneous(), CAROL, 1)
    chain.by(ONE, identity.set_identity.call(ACME))
    assert tier(chain) == Tier.Accountable  # the same record is the same record
    other = ACME.replace(number=b"HRB 9", web=b"")
    held = identity.identity_of[ONE].deposit
    chain.by(ONE, identity.set_identity.call(other))
    assert identity.identity_of[ONE].judgements == (t.GivenJudgement(1, t.Erroneous()),)
    assert tier(chain) == Tier.Anonymous
    assert identity.identity_of[ONE].deposit < held
    chain.try_state()
    with refuses(chain, t.JudgementForDifferentIdentity):
        judge(chain, t.KnownGood())
    with refuses(chain, t.StickyJudgement):
        chain.by(ONE, identity.request_judgement.call(1, FEE))


def test_a_cleared_or_killed_record_takes_its_tier_and_its_fees_along(chain: CoinChain) -> None:
    identity, free = chain.identity, chain.balances.free_balance(ONE)
    for end in ("clear", "kill"):
        chain.by(ONE, identity.set_identity.call(ACME))
        deposit = identity.identity_of[ONE].deposit
        judge(chain, t.KnownGood(), CAROL, 1)
        chain.by(ONE, identity.request_judgement.call(0, FEE))
        reserve = chain.ledger.reserve_balance()
        if end == "clear":
            chain.by(ONE, identity.clear_identity.call())
            chain.assert_event(t.IdentityCleared(ONE, deposit))
            assert chain.balances.free_balance(ONE) == free
        else:
            chain.root(identity.kill_identity.call(ONE))
            chain.assert_event(t.IdentityKilled(ONE, deposit))
            assert chain.balances.free_balance(ONE) == free - deposit
            assert chain.ledger.reserve_balance() == reserve + deposit
        assert ONE not in identity.identity_of
        assert tier(chain) == Tier.Anonymous
        chain.try_state()


def test_a_request_is_cancelled_with_its_fee_back(chain: CoinChain) -> None:
    chain.by(ONE, chain.identity.set_identity.call(ACME))
    free = chain.balances.free_balance(ONE)
    chain.by(ONE, chain.identity.request_judgement.call(0, FEE))
    with refuses(chain, t.StickyJudgement):
        chain.by(ONE, chain.identity.request_judgement.call(0, FEE))
    chain.by(ONE, chain.identity.cancel_request.call(0))
    assert chain.balances.free_balance(ONE) == free
    with refuses(chain, t.NotRequested):
        chain.by(ONE, chain.identity.cancel_request.call(0))
    chain.try_state()


def test_a_removed_registrars_word_ends_when_anybody_reviews_it(chain: CoinChain) -> None:
    identity = chain.identity
    chain.by(ONE, identity.set_identity.call(ACME))
    judge(chain, t.KnownGood())
    chain.root(identity.remove_registrar.call(0))
    assert tier(chain) == Tier.Accountable
    chain.by(ALICE, identity.review.call(ONE))
    assert tier(chain) == Tier.Anonymous
    chain.root(identity.add_registrar.call(BOB))
    chain.assert_last_event(t.RegistrarAdded(2, BOB))  # a number is never given again
    chain.by(ALICE, identity.review.call(ONE))
    assert tier(chain) == Tier.Anonymous
    with refuses(chain, t.EmptyIndex):
        judge(chain, t.KnownGood())


def test_a_record_judged_before_its_account_provides_counts_from_its_review_on(chain: CoinChain) -> None:
    identity = chain.identity
    chain.by(ALICE, identity.set_identity.call(ACME))
    chain.by(BOB, identity.provide_judgement.call(0, ALICE, t.KnownGood(), hash_of(ACME)))
    chain.by(ALICE, chain.providers.register.call(9, chain.providers.providers[ONE].domain, ()))
    assert tier(chain, ALICE) == Tier.Anonymous
    chain.by(BOB, identity.review.call(ALICE))
    assert tier(chain, ALICE) == Tier.Accountable
    chain.providers.ban(ALICE)
    chain.by(BOB, identity.review.call(ALICE))
    chain.try_state()


def test_roots_own_word_is_not_taken_back_by_a_record(chain: CoinChain) -> None:
    """TWO is Accountable from genesis, without a record: writing one changes nothing."""
    chain.by(TWO, chain.identity.set_identity.call(ACME))
    chain.by(TWO, chain.identity.clear_identity.call())
    assert tier(chain, TWO) == Tier.Accountable


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": b" "},
        {"number": b""},
        {"jurisdiction": b"de"},
        {"jurisdiction": b"D1"},
        {"name": b"\xff"},
        {"web": b"\xc3"},
    ],
)
def test_a_record_that_names_nobody_is_refused(chain: CoinChain, wrong: dict[str, bytes]) -> None:
    message = (
        "Incomplete: A record has a name, a jurisdiction of two capital letters and a number, all in UTF-8."
    )
    with refuses(chain, t.Incomplete, message):
        chain.by(ONE, chain.identity.set_identity.call(ACME.replace(**wrong)))


def test_refusals(chain: CoinChain, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = chain.identity
    for call in (
        identity.clear_identity.call(),
        identity.request_judgement.call(0, FEE),
        identity.cancel_request.call(0),
        identity.review.call(ONE),
    ):
        with refuses(chain, t.NoIdentity):
            chain.by(ONE, call)
    with refuses(chain, t.NoIdentity):
        judge(chain, t.KnownGood())
    with refuses(chain, t.NoIdentity):
        chain.root(identity.kill_identity.call(ONE))
    chain.by(ONE, identity.set_identity.call(ACME))
    with refuses(chain, t.FeeChanged):
        chain.by(ONE, identity.request_judgement.call(0, FEE - 1))
    with refuses(chain, t.EmptyIndex):
        chain.by(ONE, identity.request_judgement.call(7, FEE))
    with refuses(chain, t.InvalidIndex):
        judge(chain, t.KnownGood(), CAROL, 0)
    with refuses(chain, t.InvalidIndex):
        chain.by(CAROL, identity.set_fee.call(0, 1))
    for verdict in (t.Unknown(), t.FeePaid(1)):
        with refuses(chain, t.InvalidJudgement):
            judge(chain, verdict)
    chain.by(BOB, identity.set_identity.call(ACME))
    with refuses(chain, t.OwnJudgement):
        chain.by(BOB, identity.provide_judgement.call(0, BOB, t.KnownGood(), hash_of(ACME)))
    with refuses(chain, FundsUnavailable):
        chain.by(b"\x44" * 32, identity.set_identity.call(ACME))
    monkeypatch.setattr(t, "REGISTRARS_MAX", 2)
    with refuses(chain, t.TooManyRegistrars):
        chain.root(identity.add_registrar.call(ALICE))
    for call in (
        identity.add_registrar.call(ONE),
        identity.remove_registrar.call(0),
        identity.kill_identity.call(ONE),
    ):
        with pytest.raises(BadOrigin):
            chain.by(ONE, call)
