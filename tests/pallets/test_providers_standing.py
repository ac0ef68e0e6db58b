"""Standing: the mean that a bond is measured by, the tier that time earns, and debt that changes hands."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.providers import types as t
from pallets.providers.mean import DAYS, mean_of, sampled
from pallets.providers.peaks import NOTHING, greatest, placed
from runtime.frame.coin import ANONYMOUS, ProviderState, Tier
from runtime.testing import refuses
from runtime.types.fixed import div_ceil
from support.coin import ALICE, BOB, COIN, CPU_CLASS, ISSUERS, CoinChain

ONE, TWO, THREE, *_ = ISSUERS
HERE = t.Domain(3, 9)


def provider(chain: CoinChain, who: bytes) -> t.Provider:
    return chain.providers.providers[who]


# The mean.


@given(st.lists(st.tuples(st.integers(0, 10**30), st.integers(1, 200)), max_size=120))
def test_the_mean_is_of_the_last_90_days_and_a_late_sample_stands_for_all_it_missed(
    samples: list[tuple[int, int]],
) -> None:
    days: tuple[int, ...] = ()
    whole: list[int] = []
    for sample, count in samples:
        days = sampled(days, sample, count)
        whole += [sample] * count
    assert list(days) == whole[-DAYS:]
    assert mean_of(days) == sum(whole[-DAYS:]) // 90


def test_a_genesis_provider_begins_with_a_full_history() -> None:
    chain = CoinChain(still="days")
    assert provider(chain, ONE).mean == chain.providers.effective_of(ONE)
    assert chain.providers.days[ONE] == (chain.providers.effective_of(ONE),) * 90


def test_a_days_sample_is_what_the_day_was_on_average() -> None:
    """Ten blocks an hour: a third of the day at full capacity, the rest at half of it."""
    chain = CoinChain(still="hours")
    chain.by(ONE, chain.providers.add_units.call((CPU_CLASS,)))
    for _ in range(28):
        chain.providers.record_window(ONE, {0: True, 1: True})
    chain.run()
    chain.run_to(240 + 80)
    assert provider(chain, ONE).sampled_at == 240
    full = chain.providers.effective_of(ONE)
    chain.by(ONE, chain.providers.remove_unit.call(1))
    half = chain.providers.effective_of(ONE)
    assert half == full // 2
    chain.run()
    chain.run_to(480)
    assert chain.providers.days[ONE][-1] == (80 * full + 160 * half) // 240
    assert provider(chain, ONE).mean == sum(chain.providers.days[ONE]) // 90
    chain.try_state()


def test_the_days_before_a_provider_was_active_count_as_nothing() -> None:
    chain = CoinChain(still="days")
    chain.by(ALICE, chain.providers.register.call(77, HERE, (CPU_CLASS,)))
    for _ in range(28):
        chain.providers.record_window(ALICE, {0: True})
    effective = chain.providers.effective_of(ALICE)
    assert (provider(chain, ALICE).mean, chain.providers.days[ALICE]) == (0, ())
    chain.run()
    chain.next_block(9)
    assert chain.providers.days[ALICE] == (effective,) * 10
    assert provider(chain, ALICE).mean == 10 * effective // 90


def test_the_tiers_beta_holds_up_to_the_mean_and_above_it_every_coin_is_bonded() -> None:
    chain = CoinChain(still="days")
    needed, kappa = chain.providers.bond_needed, chain.issuance.kappa_now()
    proven = provider(chain, ONE).mean * 10**9 // kappa
    assert needed(ONE, proven) == div_ceil(proven, 4)
    assert needed(ONE, proven + 1_000) == div_ceil(proven, 4) + 1_000
    assert needed(ONE, 3) == 1  # rounded up
    chain.root(chain.providers.set_tier.call(ONE, Tier.Anonymous, 1))
    assert needed(ONE, proven + 1_000) == proven + 1_000
    with refuses(chain, t.NotRegistered):
        needed(ALICE, 1)


def test_a_fleet_that_grew_yesterday_is_bonded_in_full() -> None:
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.add_units.call((CPU_CLASS,) * 3))
    before = chain.providers.effective_of(ONE)
    for _ in range(28):
        chain.providers.record_window(ONE, dict.fromkeys(range(4), True))
    assert chain.providers.effective_of(ONE) == 4 * before
    old = provider(chain, ONE).mean * 4 // 5
    assert chain.providers.bond_needed(ONE, 4 * old) == div_ceil(old + 4 * 3 * old, 4)


def test_a_moved_kappa_is_judged_for_everyone_in_the_same_block() -> None:
    """Against twice the capacity a coin, less of a debt is of old standing, and bonds are short."""
    chain = CoinChain(still="days")
    for who in ISSUERS:
        x = chain.providers.effective_of(who) * 4 // 5 - chain.ledger.debt_of(who).owed
        chain.by(who, chain.issuance.mint.call(x, x // 4))
    chain.run()
    assert {provider(chain, who).state for who in ISSUERS} == {ProviderState.Active}
    chain.issuance.kappa_ppb = 2_000_000_000
    chain.run()
    assert {provider(chain, who).state for who in ISSUERS} == {ProviderState.Deficient}
    assert all(provider(chain, who).short_since is None for who in ISSUERS)
    chain.try_state()


# The tier.


def test_ninety_clean_days_are_attested_by_the_chain_itself() -> None:
    chain = CoinChain(still="days")
    chain.root(chain.providers.set_tier.call(ONE, Tier.Anonymous, 7))
    chain.by(ONE, chain.providers.bond.call(1))
    since = chain.number
    repay = chain.ledger.debt_of(ONE).owed
    chain.by(ALICE, chain.issuance.burn.call(ONE, repay))
    chain.run()
    chain.run_to(since + 89)
    assert provider(chain, ONE).tier == Tier.Anonymous
    chain.next_block()
    chain.assert_event(t.TierChanged(ONE, Tier.Attested, 7))
    assert provider(chain, ONE).counts_to == 7
    chain.try_state()


@pytest.mark.parametrize("fault", ["ticket", "slash", "burn"])
def test_a_fault_takes_what_was_earned_and_begins_the_ninety_days_again(fault: str) -> None:
    chain = CoinChain(still="days")
    chain.root(chain.providers.set_tier.call(ONE, Tier.Attested, 1))
    chain.root(chain.providers.set_tier.call(TWO, Tier.Accountable, 2))
    chain.run()
    for who in (ONE, TWO):
        if fault == "ticket":
            chain.providers.ticket_failed(who)
        elif fault == "slash":
            chain.providers.take_bond(who, BOB, 1)
        else:
            chain.providers.burn_bond(who, 1)
    assert (provider(chain, ONE).tier, provider(chain, ONE).counts_to) == (Tier.Anonymous, ANONYMOUS)
    assert provider(chain, TWO).tier == Tier.Accountable
    assert provider(chain, ONE).clean_since == provider(chain, TWO).clean_since == chain.number
    chain.run()
    chain.try_state()


def test_a_deficit_takes_no_tier_and_begins_the_ninety_days_again() -> None:
    chain = CoinChain(still="days")
    chain.root(chain.providers.set_tier.call(ONE, Tier.Attested, 1))
    owed = chain.ledger.debt_of(ONE).owed
    while 105 * owed <= 100 * chain.providers.effective_of(ONE):
        chain.providers.record_window(ONE, {0: False})
    now = chain.number
    chain.run()
    assert provider(chain, ONE).state == ProviderState.Deficient
    assert (provider(chain, ONE).tier, provider(chain, ONE).clean_since) == (Tier.Attested, now)


# Novation.


def offer(chain: CoinChain, amount: int, to: bytes = TWO, debtor: bytes = ONE) -> None:
    chain.by(debtor, chain.providers.offer_novation.call(to, amount))


def test_debt_changes_hands_by_agreement() -> None:
    chain = CoinChain(still="days")
    chain.by(TWO, chain.providers.bond.call(100))
    one, two = chain.ledger.debt_of(ONE).owed, chain.ledger.debt_of(TWO).owed
    supply = chain.ledger.supply
    offer(chain, 77)
    offer(chain, 99)  # in the place of the first
    chain.assert_last_event(t.NovationOffered(ONE, TWO, 99))
    assert provider(chain, ONE).offers == 1
    chain.by(TWO, chain.providers.accept_novation.call(ONE, 99))
    chain.assert_last_event(t.Novated(ONE, TWO, 99))
    assert (chain.ledger.debt_of(ONE).owed, chain.ledger.debt_of(TWO).owed) == (one - 99, two + 99)
    assert chain.ledger.supply == supply
    assert (ONE, TWO) not in chain.providers.offers
    assert provider(chain, ONE).offers == 0
    chain.run()
    chain.try_state()


def test_a_novation_is_refused_line_by_line() -> None:
    chain = CoinChain(still="days")
    accept, debt = chain.providers.accept_novation.call, chain.ledger.debt_of(ONE).owed
    with refuses(chain, t.UnknownOffer):
        chain.by(TWO, accept(ONE, 5))
    offer(chain, 5)
    with refuses(chain, t.OfferChanged):
        chain.by(TWO, accept(ONE, 6))
    offer(chain, debt + 1)
    with refuses(chain, t.DebtAssigned):
        chain.by(TWO, accept(ONE, debt + 1))
    chain.ledger.assign(ONE, 10)
    offer(chain, debt - 9)
    with refuses(chain, t.DebtAssigned):
        chain.by(TWO, accept(ONE, debt - 9))
    chain.ledger.unassign(ONE, 10)
    offer(chain, debt)
    with refuses(chain, t.CapacityNeeded):
        chain.by(TWO, accept(ONE, debt))
    debt = 4 * provider(chain, TWO).bond - chain.ledger.debt_of(TWO).owed + 1
    offer(chain, debt)
    with refuses(chain, t.BondNeeded):
        chain.by(TWO, accept(ONE, debt))
    chain.providers.providers[TWO] = provider(chain, TWO).replace(state=ProviderState.Deficient)
    with refuses(chain, t.NotActive):
        chain.by(TWO, accept(ONE, debt))


def test_offers_are_bounded_and_both_sides_may_end_them(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = CoinChain(still="days")
    monkeypatch.setattr(t, "OFFERS_MAX", 1)
    with refuses(chain, t.OwnOffer):
        offer(chain, 5, ONE)
    with refuses(chain, t.NothingToNovate):
        offer(chain, 0)
    with refuses(chain, t.NotRegistered):
        offer(chain, 5, ALICE)
    with refuses(chain, t.NotRegistered):
        offer(chain, 5, ONE, ALICE)
    for side in (ONE, TWO):
        offer(chain, 5)
        with refuses(chain, t.TooManyOffers):
            offer(chain, 5, THREE)
        with refuses(chain, t.UnknownOffer):
            chain.by(THREE, chain.providers.cancel_novation.call(ONE, TWO))
        chain.by(side, chain.providers.cancel_novation.call(ONE, TWO))
        chain.assert_last_event(t.NovationCancelled(ONE, TWO))
    assert not tuple(chain.providers.offers.items())
    chain.by(ALICE, chain.issuance.burn.call(ONE, chain.ledger.debt_of(ONE).owed))
    chain.run()
    offer(chain, 5)
    chain.by(ONE, chain.providers.give_notice.call())
    chain.run()
    chain.next_block(37)
    assert ONE not in chain.providers.providers
    assert not tuple(chain.providers.offers.items())


def test_who_drains_may_hand_its_debt_on_and_takes_none() -> None:
    chain = CoinChain(still="days")
    chain.by(TWO, chain.providers.bond.call(100))
    chain.by(ONE, chain.providers.give_notice.call())
    offer(chain, 9)
    chain.by(TWO, chain.providers.accept_novation.call(ONE, 9))
    offer(chain, 9, ONE, TWO)
    with refuses(chain, t.NotActive):
        chain.by(ONE, chain.providers.accept_novation.call(TWO, 9))


# What is kept as it moves.


@given(st.lists(st.tuples(st.integers(0, 63), st.integers(-(10**9), 10**9))), st.integers(0, 31))
def test_a_page_gives_the_greatest_of_its_numbers_but_one(moves: list[tuple[int, int]], out: int) -> None:
    page: tuple[int, ...] = ()
    kept: dict[int, int] = {}
    for place, number in moves:
        page = placed(page, place, number)
        kept[place] = number
    assert greatest(page) == max(kept.values(), default=NOTHING)
    assert greatest(page, out) == max((v for k, v in kept.items() if k != out), default=NOTHING)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_equals_its_recomputation_whatever_happens(seed: int) -> None:
    """I16: E, groups, the greatest loss and wait, classes and the agenda, after every step at random."""
    random, chain = Random(seed), CoinChain(still="days")
    calls, people = chain.providers, [*ISSUERS, ALICE, BOB]
    done: set[str] = set()

    def step(name: str, who: bytes) -> None:
        match name:
            case "window":
                units = calls.units_of(who, chain.number + 1)
                answers = {unit: random.random() < 0.9 for unit in units}
                for _ in range(random.choice((1, 28))):
                    calls.record_window(who, answers)
            case "register":
                chain.by(who, calls.register.call(random.randint(1, 3), HERE, (CPU_CLASS,) * 2))
            case "add":
                chain.by(who, calls.add_units.call((CPU_CLASS,) * random.randint(1, 3)))
            case "remove":
                chain.by(who, calls.remove_unit.call(random.randint(0, 3)))
            case "restart":
                calls.restart(who, random.randint(0, 3))
            case "bond":
                chain.by(who, calls.bond.call(random.randint(1, 50 * COIN)))
            case "unbond":
                chain.by(who, calls.unbond.call(random.randint(1, COIN)))
            case "notice":
                chain.by(who, calls.give_notice.call())
            case "tier":
                tier, group = random.choice(tuple(Tier)), random.randint(1, 4)
                chain.root(calls.set_tier.call(who, tier, group))
            case "mint":
                x = random.randint(1, 50_000 * COIN)
                chain.by(who, chain.issuance.mint.call(x, x * 2 // 3))
            case "burn":
                owed = chain.ledger.debt_of(who).unassigned
                chain.by(ALICE, chain.issuance.burn.call(who, random.randint(0, owed)))
            case "take":
                calls.take_bond(who, BOB, random.randint(1, 100 * COIN))
            case "novate":
                to, y = random.choice(people), random.randint(1, 10_000 * COIN)
                chain.by(who, calls.offer_novation.call(to, y))
                chain.by(to, calls.accept_novation.call(who, y))
            case _:
                calls.ban(who)

    names = ["window"] * 6 + ["block"] * 4 + ["register", "add", "bond", "mint", "tier", "burn", "novate"] * 2
    names += ["remove", "restart", "unbond", "take"]
    for number in range(160):
        name = random.choice([*names, "notice", "ban"] if number > 60 else names)
        who = random.choice(people)
        if name == "block":
            for _ in range(random.randint(1, 9)):
                chain.run()
        elif calls.attempt(partial(step, name, who)) is None:
            done.add(name)
        chain.try_state()
    chain.run()
    chain.try_state()
    assert len(done) >= 12, f"only {sorted(done)} came to something"
