"""Reserve: what it can spare meets a loss before those who redeem do, and it knows what it lacks."""

import pytest

from pallets.ledger.types import OrphanCancelled
from runtime.frame.parameter import OutOfBounds
from support.coin import ALICE, COIN, ED, ISSUERS, RESERVE, CoinChain

ONE = ISSUERS[0]


def test_at_the_start_of_each_block_the_reserve_cancels_orphan_debt() -> None:
    chain = CoinChain(still="days")
    supply, reserve = chain.ledger.supply, chain.ledger.reserve_balance()
    chain.by(ONE, chain.providers.remove_unit.call(0))  # or it would take back what it left
    chain.ledger.orphan(ONE, reserve // 4)
    chain.run()
    chain.assert_event(OrphanCancelled(reserve // 4))
    assert chain.ledger.orphaned == 0
    assert chain.ledger.supply == supply - reserve // 4
    chain.ledger.orphan(ONE, reserve)
    chain.run()
    assert chain.ledger.reserve_balance() == ED
    assert chain.ledger.orphaned == reserve // 4 + ED
    chain.run()
    assert chain.ledger.orphaned == reserve // 4 + ED
    chain.balances.transfer(ALICE, RESERVE, 7)
    chain.run()
    assert chain.ledger.orphaned == reserve // 4 + ED - 7
    chain.try_state()


def test_the_target_is_a_part_of_all_coins_rounded_up() -> None:
    chain = CoinChain(still="days")
    supply = chain.ledger.supply
    target = -(-supply // 20)
    assert supply % 20  # so that rounding shows
    assert chain.reserve.lacking_now() == target - COIN
    chain.balances.transfer(ALICE, RESERVE, target - COIN)
    assert chain.reserve.lacking_now() == 0
    chain.balances.transfer(ALICE, RESERVE, COIN)
    assert chain.reserve.lacking_now() == 0
    chain.reserve.target_ppb = 200_000_000
    assert chain.reserve.lacking_now() == -(-supply // 5) - target - COIN


def test_the_target_stays_within_its_bounds() -> None:
    chain = CoinChain(still="days")
    for value in (29_999_999, 200_000_001):
        with pytest.raises(OutOfBounds) as refused:
            chain.reserve.target_ppb = value
        assert str(refused.value) == f"TargetPpb = {value} is outside [30000000, 200000000]"
