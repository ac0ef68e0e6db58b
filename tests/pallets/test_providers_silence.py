"""Silence: who is not heard of is not counted on, in Red its debt waits for nobody, and it is its debt again
when it comes back.
"""

from __future__ import annotations

from pallets.ledger.types import OrphanDebtTooSmall, TakenBack
from pallets.providers import books
from pallets.providers import types as t
from pallets.standards import Standards
from runtime.frame.coin import Mode, ProviderState
from runtime.testing import refuses
from support.coin import CPU_CLASS, ISSUERS, CoinChain

ONE, TWO, THREE, FOUR, *_ = ISSUERS


def provider(chain: CoinChain, who: bytes) -> t.Provider:
    return chain.providers.providers[who]


def windows(chain: CoinChain, who: bytes, *passed: bool) -> None:
    for each in passed:
        chain.providers.record_window(who, {0: each})


def test_who_misses_five_windows_in_a_row_has_no_term_until_it_is_heard_of() -> None:
    """c_i goes by all 56 windows, so W_max does; E_i is what can be counted on now."""
    chain = CoinChain(still="days")
    windows(chain, ONE, *[False] * 4)
    before = provider(chain, ONE)
    assert before.effective == before.capacity * 720 > 0
    total, wait = chain.providers.effective, chain.providers.wait_now()
    assert chain.providers.serves(ONE, 0, 0)
    windows(chain, ONE, False)
    silent = provider(chain, ONE)
    assert (silent.effective, chain.providers.effective) == (0, total - before.effective)
    assert 0 < silent.capacity < before.capacity
    assert wait < chain.providers.wait_now() < books.WAIT_MAX
    assert not chain.providers.serves(ONE, 0, 0)
    _, work = chain[Standards].standard_now()
    assert chain.providers.effective_under(work) == chain.providers.effective
    windows(chain, ONE, True)
    back = provider(chain, ONE)
    assert back.effective == back.capacity * 720 > 0
    assert chain.providers.serves(ONE, 0, 0)
    chain.run()
    chain.try_state()


def test_in_red_a_shortfall_is_settled_at_once_and_taken_back_when_the_capacity_is() -> None:
    chain = CoinChain(still="days")
    owed, bond = chain.ledger.debt_of(ONE).owed, provider(chain, ONE).bond
    for who in (ONE, TWO, THREE):
        windows(chain, who, *[False] * 5)
    chain.run()
    assert chain.ledger.mode_now() == Mode.Red
    for who in (ONE, TWO, THREE):
        chain.assert_event(t.Liquidated(who, bond, owed - bond))
        assert chain.ledger.left_by(who) == owed - bond
        assert chain.ledger.debt_of(who).owed == provider(chain, who).bond == 0
    orphaned = chain.ledger.orphaned
    assert 0 < orphaned <= 3 * (owed - bond)  # the reserve has cancelled what it could
    windows(chain, ONE, True)
    carried = provider(chain, ONE).effective * 100 // 105
    chain.run()
    taken = min(carried, owed - bond)
    chain.assert_event(TakenBack(ONE, taken))
    assert chain.ledger.debt_of(ONE).owed == taken
    assert chain.ledger.orphaned == orphaned - taken
    assert chain.ledger.left_by(ONE) == owed - bond - taken
    chain.run()
    assert provider(chain, ONE).state == ProviderState.Deficient  # its bond is gone
    chain.try_state()


def test_what_falls_short_while_red_lasts_is_settled_in_the_next_block() -> None:
    chain = CoinChain(still="hours")
    for who in (ONE, TWO, THREE):
        windows(chain, who, *[False] * 5)
    chain.run()
    assert chain.ledger.mode_now() == Mode.Red
    chain.run()
    owed = chain.ledger.debt_of(FOUR).owed
    windows(chain, FOUR, *[False] * 5)
    chain.run()
    assert chain.ledger.debt_of(FOUR).owed == 0 < owed
    chain.run()
    chain.try_state()


def test_before_red_a_shortfall_has_its_14_days_and_when_red_ends_again() -> None:
    chain = CoinChain(still="days")
    owed = chain.ledger.debt_of(ONE).owed
    windows(chain, ONE, *[False] * 5)
    chain.run()
    assert provider(chain, ONE).state == ProviderState.Deficient
    assert chain.ledger.mode_now() < Mode.Red
    chain.next_block(12)
    assert chain.ledger.debt_of(ONE).owed == owed
    chain.next_block(2)
    assert chain.ledger.debt_of(ONE).owed == 0
    assert chain.ledger.left_by(ONE) > 0


def test_nobody_takes_back_more_than_it_left_or_than_there_is() -> None:
    chain = CoinChain(still="days")
    with refuses(chain, OrphanDebtTooSmall):
        chain.ledger.take_back(ONE, 1)
    chain.ledger.orphan(ONE, 10)
    chain.ledger.orphan(TWO, 5)
    with refuses(chain, OrphanDebtTooSmall):
        chain.ledger.take_back(TWO, 6)
    owed = chain.ledger.debt_of(TWO).owed
    chain.ledger.take_back(TWO, 5)
    assert (chain.ledger.orphaned, chain.ledger.debt_of(TWO).owed) == (10, owed + 5)
    assert (chain.ledger.left_by(ONE), chain.ledger.left_by(TWO)) == (10, 0)
    chain.run()
    chain.try_state()


def test_who_has_left_and_comes_again_takes_back_what_it_left() -> None:
    """Its record outlives it."""
    chain = CoinChain(still="days")
    chain.by(ONE, chain.providers.give_notice.call())
    end = provider(chain, ONE).end
    assert end is not None
    chain.run_to(end + 8)
    assert ONE not in chain.providers.providers
    left = chain.ledger.left_by(ONE)
    assert left > 0
    chain.by(ONE, chain.providers.register.call(5, t.Domain(3, 9), (CPU_CLASS,)))
    windows(chain, ONE, *[True] * 28)
    chain.next_block(2)
    assert chain.ledger.debt_of(ONE).owed + chain.ledger.left_by(ONE) == left
    assert chain.ledger.debt_of(ONE).owed > 0
    chain.run()
    chain.try_state()
