"""Quotes: the fee is the one that the chain takes, the amount pays for the work, and who cannot be served
hears it.
"""

from __future__ import annotations

import pytest

from node.provider.coin import Coin, NoCoin
from node.provider.jobs.spec import FineTune, Infer, Train
from node.provider.quote import NotServed, job_work, quote, redemption_fee, service_of
from pallets.redemption.types import Redeemed, Service
from runtime.frame.coin import Mode
from support.chains import chain_of
from support.coin import ALICE, BOB, COIN, ISSUERS, CoinChain

BASE = "0" * 64
WORK = 1_875_000_000


@pytest.fixture
def chain() -> CoinChain:
    return CoinChain(work=WORK)


def redeemed(chain: CoinChain, who: bytes, amount: int) -> Redeemed:
    chain.by(who, chain.redemption.redeem.call(amount, Service.Train, 0, 0, bytes(32)))
    (event,) = (each for each in chain.events if isinstance(each, Redeemed) and each.owner == who)
    return event


def test_the_fee_is_what_the_chain_takes_now_and_hours_later(chain: CoinChain) -> None:
    coin = Coin.of(chain.runtime)
    for who, amount, blocks in ((ALICE, 5 * COIN, 1), (BOB, 900 * COIN, 25), (ALICE, 700 * COIN + 7, 200)):
        for _ in range(blocks):
            chain.next_block()
        chain.host.number -= 1  # a quote is made over a sealed block, for the next
        told = redemption_fee(coin, amount)
        chain.host.number += 1
        assert redeemed(chain, who, amount).fee == told


def test_no_exit_costs_a_fee_in_orange(chain: CoinChain) -> None:
    chain.ledger.judge(Mode.Orange)
    assert redemption_fee(Coin.of(chain.runtime), COIN) == 0


def test_the_amount_is_in_whole_coins_and_pays_for_the_work(chain: CoinChain) -> None:
    offer = quote(Coin.of(chain.runtime), Train())
    assert offer.work == job_work(Train()) == 7_929_331_200
    assert offer.amount == 5 * COIN
    assert (offer.amount // COIN - 1) * WORK < offer.work <= offer.amount // COIN * WORK
    assert (offer.queue, offer.wait_hours, offer.wait_blocks) == (0, 0, 0)


def test_a_small_job_is_worth_the_smallest_ticket(chain: CoinChain) -> None:
    assert quote(Coin.of(chain.runtime), Infer(base=BASE)).amount == COIN


def test_who_waits_is_told_behind_whom(chain: CoinChain) -> None:
    coin = Coin.of(chain.runtime)
    redeemed(chain, ALICE, 1_000 * COIN)
    offer = quote(coin, Train())
    assert offer.queue == 1
    capacity = sum(coin.providers.capacity_of(who) for who in ISSUERS)
    assert (offer.wait_hours - 1) * capacity < 1_000 * COIN <= offer.wait_hours * capacity
    assert offer.wait_blocks <= 10 * offer.wait_hours


def test_work_grows_with_everything_that_takes_time() -> None:
    usual = job_work(Train())
    assert job_work(Train(epochs=100)) == 2 * usual
    assert job_work(Train(hidden=128)) > usual
    assert job_work(Train(batch=16)) > usual
    assert job_work(FineTune(base=BASE, dataset="digits-transposed", epochs=50)) == usual
    assert job_work(Infer(base=BASE)) < usual


def test_a_job_above_a_ticket_is_refused_with_both_figures(chain: CoinChain) -> None:
    coin = Coin.of(chain.runtime)
    most = coin.ledger.total_supply() // 200 // COIN
    large = Train(epochs=1_000, hidden=256, batch=1)
    worth = -(-job_work(large) // 1_000_000)
    coin.standards.standards[1] = coin.standards.standards[1].replace(work=1_000_000)
    with pytest.raises(NotServed) as refused:
        quote(coin, large)
    assert str(refused.value) == f"the job is worth {worth} coins, and one ticket holds at most {most}"


def test_without_capacity_nobody_serves(chain: CoinChain) -> None:
    coin = Coin.of(chain.runtime)
    for who in ISSUERS:
        chain.providers.providers[who] = chain.providers.providers[who].replace(capacity=0)
    with pytest.raises(NotServed, match=r"^no provider has capacity now: wait until one has proven some$"):
        quote(coin, Train())


def test_each_service_has_its_name_on_chain() -> None:
    tuned = FineTune(base=BASE, dataset="digits")
    assert [service_of(each) for each in (Train(), tuned, Infer(base=BASE))] == list(Service)


def test_a_chain_without_the_coin_says_which_pallet_is_missing() -> None:
    with pytest.raises(NoCoin) as refused:
        Coin.of(chain_of().runtime)
    assert str(refused.value) == "the chain has no pallet Ledger, and so no coin of computing power"
