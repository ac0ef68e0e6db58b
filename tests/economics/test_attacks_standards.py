"""Attacks on the standard, each by its name: it is frozen, pushed, or left to lag. A block is a day."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pallets.issuance.types import OwnLine
from pallets.oracle import Oracle
from pallets.oracle import types as o
from pallets.standards import Standards
from pallets.standards import pallet as standards
from pallets.standards import types as t
from runtime.frame.coin import Mode, Tier
from runtime.types.fixed import PPB
from support.coin import COIN, ISSUERS, LOADED, CoinChain

ONE, *_ = ISSUERS
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


@pytest.fixture
def chain() -> Iterator[CoinChain]:
    yield CoinChain(still="days")
    LOADED.clear()  # where a check was taken out


def says(chain: CoinChain, price: int, mainstream: int) -> None:
    """What the oracle says in the next block, whoever brought it to that."""
    oracle = chain[Oracle]
    oracle.month = o.Sample(price, mainstream)
    oracle.price, oracle.mainstream = o.Value(price, chain.number), o.Value(mainstream, chain.number)


def days(chain: CoinChain, count: int, *, price: int = 1, times: int = 1_000_000) -> None:
    """So many days of an oracle that says that compute is as good as free."""
    for _ in range(count):
        says(chain, price, times * chain[Standards].standard_now()[1])
        chain.run()


def without_check(chain: CoinChain, *names: str) -> None:
    checks = tuple(each for each in chain.runtime.parts.checks if each.invariant.name not in names)
    object.__setattr__(chain.runtime.parts, "checks", checks)


@defended
def test_push_the_standard(chain: CoinChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Oracle capture. Defence: daily steps; a month of any price whatever moves W by 2.7 % at most."""
    if not is_defended:
        monkeypatch.setattr(standards, "next_work", lambda work, wanted: min(wanted, work * 5 // 4))
        without_check(chain, "I11")
    _, before = chain[Standards].standard_now()
    days(chain, 30)
    _, after = chain[Standards].standard_now()
    assert (after * 1_000 <= before * 1_028) is is_defended
    assert after > before


@defended
def test_push_the_standard_until_coins_are_not_covered(
    chain: CoinChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defence: no step after which E' would be less than kappa_u S."""
    if not is_defended:
        monkeypatch.setattr(standards, "is_covered", lambda effective, supply, kappa_u: True)
    lacking = chain.providers.effective_total() * 100 // 112 - chain.ledger.total_supply()
    for who in ISSUERS:  # E = 1.12 S, however that came about
        chain.ledger.issue(who, who, lacking // len(ISSUERS))
    days(chain, 30)
    covered = chain.providers.effective_total() * PPB
    assert (covered >= chain[Standards].kappa_u_ppb * chain.ledger.total_supply()) is is_defended
    assert chain[Standards].current > 15
    assert (chain[Standards].held == t.Held.Uncovered) is is_defended


@defended
def test_freeze_the_standard(chain: CoinChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """One operator grows until the N-1 line fails. Defence: the line is no part of the gate; in Yellow steps
    are taken.
    """
    if not is_defended:
        monkeypatch.setattr(standards, "WORST_FOR_STEP", Mode.Green)
    for who in ISSUERS:
        chain.providers.vouch(who, Tier.Anonymous)  # all are one group: n1 < 0
    chain.run()
    assert chain.ledger.mode_now() == Mode.Yellow and chain.solvency.coverage.margin < 0
    days(chain, 3)
    assert (chain[Standards].current > 1) is is_defended


@defended
def test_mint_on_a_promise_that_lags(
    chain: CoinChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standard is kept behind the mainstream. Defence: after half a year of that capacity counts for W/W*
    of itself in the lines of minting, so issuance stops before the promise does.
    """
    if not is_defended:
        monkeypatch.setattr(standards, "LAG_HOURS", 1 << 32)
    days(chain, 2, times=8)
    lag = chain[Standards].lag
    assert lag is not None
    chain[Standards].lag = lag.replace(since=0)
    for _ in range(179):
        chain.run()
    days(chain, 1, times=8)
    assert chain.ledger.mode_now() == Mode.Green
    mint = chain.issuance.mint.call(COIN, 0)
    if is_defended:
        with pytest.raises(OwnLine):
            chain.by(ONE, mint)
    else:
        chain.by(ONE, mint)


@defended
def test_old_prices_while_the_oracle_is_silenced(
    chain: CoinChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Take the reporters off the net while the price suits. Defence: a value expires by being read, and a day
    without one has no step.
    """
    if not is_defended:
        monkeypatch.setattr("pallets.oracle.pallet.status", lambda *given: o.Status.Fresh)
    days(chain, 2)
    reached = chain[Standards].current
    for _ in range(10):
        chain.run()
    assert (chain[Standards].current <= reached + 1) is is_defended
    assert (chain[Standards].held == t.Held.OracleSilent) is is_defended


@defended
def test_wind_down_and_move_what_is_owed(
    chain: CoinChain, is_defended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defence: once the coin is wound down, its standard is frozen."""
    chain.ledger.judge(Mode.WindDown)
    if not is_defended:
        monkeypatch.setattr(type(chain.ledger), "mode_now", lambda ledger: Mode.Yellow)
    says(chain, 1, 1 << 60)
    before = chain[Standards].current
    chain[Standards].on_initialize(chain.number)
    assert (chain[Standards].current == before) is is_defended
