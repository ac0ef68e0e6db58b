"""The anchor on the whole coin: reporters report, days pass, and the standard follows the mainstream."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.coin import CPU_WORK_PER_HOUR, STANDARD_WORK
from pallets.oracle import Oracle
from pallets.standards import Standards
from pallets.standards import types as t
from pallets.standards.anchor import furthest
from runtime.types.fixed import PPB
from support.coin import ALICE, BOB, CAROL, COIN, CPU_CLASS, ISSUERS, CoinChain, coin_parts
from support.reporters import BOND, REPORTERS, UNIT, Desk, report, seat

ONE, TWO, *_ = ISSUERS
FIVE = REPORTERS[:5]


def anchored(**backing: Any) -> tuple[CoinChain, Desk]:
    """A chain whose block is a day, and a round, with five reporters."""
    parts = coin_parts((ALICE, BOB, CAROL), **backing)
    balances = dict(parts["Balances"]["balances"])
    rest = balances["0x" + ALICE.hex()] - 10 * BOND
    balances |= {"0x" + ALICE.hex(): rest, **{"0x" + who.hex(): 2 * BOND for who in FIVE}}
    parts["Balances"]["balances"] = [list(each) for each in balances.items()]
    parts["Oracle"]["reporters"] = [seat(place) for place in range(5)]
    chain = CoinChain(still="days", genesis=parts)
    return chain, Desk(chain, FIVE)


def market(price: int, times: int = 4) -> Any:
    """What everybody sees: the work of one SCU-h at this price, on hardware that does it so many times."""
    return report(price * times, STANDARD_WORK * times, of=CPU_CLASS)


def test_the_standard_follows_a_falling_price_and_every_coin_stays_covered() -> None:
    chain, desk = anchored()
    standards, first = chain[Standards], STANDARD_WORK
    price = UNIT
    for _ in range(50):
        price = price * 995 // 1000
        desk.round(market(price))
        effective, owed = chain.providers.effective_total(), chain.ledger.total_supply()
        assert effective == chain.providers.effective_under(standards.standard_now()[1])
        assert effective * PPB >= standards.kappa_u_ppb * owed
    k, work = standards.standard_now()
    assert 40 < k < 50 and standards.held is None
    assert first < work <= first * 10_009**49 // 10_000**49
    started = standards.standards[2].since
    assert [standards.standards[number].since - started for number in range(2, k + 1)] == list(range(k - 1))
    assert chain.solvency.coverage.standard == k - 1  # that of the last header
    chain.try_state()


def test_a_target_that_is_reached_is_kept() -> None:
    chain, desk = anchored()
    for _ in range(20):
        desk.round(market(UNIT * 99 // 100))
    _, work = chain[Standards].standard_now()
    exact = STANDARD_WORK * (100 / 99) ** 0.9
    assert exact * (1 - 1e-6) < work <= exact * (1 + 1e-9)


def test_the_mainstream_is_the_limit_however_cheap_compute_is() -> None:
    chain, desk = anchored()
    for _ in range(12):
        desk.round(market(UNIT * 9 // 10, times=1))
    assert chain[Standards].standard_now() == (1, STANDARD_WORK)
    assert chain[Standards].held is None and chain[Oracle].price_now() == UNIT * 9 // 10


def test_without_reporters_the_standard_waits_and_all_else_goes_on() -> None:
    chain = CoinChain(still="days")
    chain.submit_well(chain.issuance.mint.call(COIN, COIN // 2), ONE)
    chain.next_block(5)
    assert chain[Standards].held == t.Held.OracleSilent
    assert chain[Standards].standard_now() == (1, STANDARD_WORK)
    chain.try_state()


def test_a_splice_keeps_the_median_provider_and_the_oracle_speaks_on() -> None:
    chain, desk = anchored()
    standards, oracle = chain[Standards], chain[Oracle]
    for _ in range(10):
        desk.round(market(UNIT * 98 // 100))
    before = [chain.providers.capacity_of(who) for who in ISSUERS]
    _, work = standards.standard_now()
    price, mainstream = oracle.price_now(), oracle.mainstream_now()
    works = (t.ClassWork(CPU_CLASS, 7 * CPU_WORK_PER_HOUR),)
    chain.root(standards.splice.call(works))
    _, spliced = standards.standard_now()
    assert 0 <= spliced - 7 * work <= 7 * work // PPB + 1
    for who, capacity in zip(ISSUERS, before, strict=True):
        assert 0 <= capacity - chain.providers.capacity_of(who) <= capacity // PPB + 1
    assert (oracle.price_now(), oracle.mainstream_now()) == (price, (mainstream or 0) * spliced // work)
    desk.pending = {}
    chain.run()
    for _ in range(6):
        desk.round(report(UNIT * 98 // 100, 7 * STANDARD_WORK, of=CPU_CLASS))
    assert oracle.price_now() == price
    _, after = standards.standard_now()
    assert spliced <= after <= 7 * STANDARD_WORK * 103 // 100
    chain.try_state()


@pytest.mark.parametrize("memory", [0, 80])
def test_a_class_with_too_little_memory_counts_for_nothing(memory: int) -> None:
    chain = CoinChain(still="days")
    standards = chain[Standards]
    chain.root(standards.add_class.call(2, b"small", CPU_WORK_PER_HOUR, memory, 0))
    chain.by(ONE, chain.providers.add_units.call((2,)))
    for _ in range(28):
        chain.providers.record_window(ONE, {0: True, 1: True})
    before = chain.providers.capacity_of(ONE)
    if memory < 80:
        with pytest.raises(t.WouldUncover):
            chain.root(standards.set_floors.call(t.Floors(80, 0)))
    else:
        chain.root(standards.set_floors.call(t.Floors(0, 0)))
    assert chain.providers.capacity_of(ONE) == before
    chain.run()
    chain.try_state()


def test_old_hardware_loses_rating_with_each_step() -> None:
    chain, desk = anchored()
    before = {who: chain.providers.capacity_of(who) for who in ISSUERS}
    for _ in range(12):
        desk.round(market(UNIT * 9 // 10))
    steps = chain[Standards].current - 1
    assert steps > 0
    work = STANDARD_WORK
    for _ in range(steps):
        work = furthest(work)
    for who, capacity in before.items():
        assert chain.providers.capacity_of(who) == pytest.approx(capacity * STANDARD_WORK / work, rel=1e-8)
