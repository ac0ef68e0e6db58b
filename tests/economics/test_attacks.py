"""Attacks on the coin, each by its name: the defence stops it, and without the defence it succeeds.

These are the attacks that concern the coin's pallets as far as they are built; each is run twice, with its
defence and with the defence taken out.
"""

from __future__ import annotations

import pytest

from pallets.issuance import pallet as issuance
from pallets.issuance.types import NotActive
from runtime.frame import FundsUnavailable
from runtime.frame.coin import Mode, ProviderState
from runtime.frame.invalid import InvariantBroken
from runtime.testing import refuses
from support.coin import (
    ALICE,
    BOB,
    COIN,
    ISSUERS,
    LOADED,
    CoinChain,
)

ONE, TWO, *_ = ISSUERS
JOB, RESULT = bytes(32), b"\xbb" * 32
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


# Capacity that is not there.


@defended
def test_rent_a_fleet_and_vanish(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: what is minted vests over 28 windows passed; who stops answering sells nothing more."""
    if not is_defended:
        monkeypatch.setattr(issuance, "VESTING_WINDOWS", 1)
    chain = CoinChain(still="days")
    free = chain.balances.free_balance(ONE)
    chain.by(ONE, chain.issuance.mint.call(20_000 * COIN, 0))
    chain.issuance.window_counted(ONE, True)  # the fleet is there for one more window, then gone
    for _ in range(27):
        chain.issuance.window_counted(ONE, False)
    if is_defended:
        with refuses(chain, FundsUnavailable):
            chain.balances.transfer(ONE, BOB, free + 1_000 * COIN)
    else:
        chain.balances.transfer(ONE, BOB, free + 19_000 * COIN)


def test_stop_the_agents_and_the_chain_degrades() -> None:
    """Nobody answers: capacity falls, providers become Deficient, and minting stops."""
    chain = CoinChain()
    seen = []
    while chain.ledger.mode_now() != Mode.Red:
        chain.until_window()
        chain.until_window(False)
        if chain.ledger.mode_now() not in seen:
            seen.append(chain.ledger.mode_now())
    assert seen == sorted(seen)
    assert {chain.providers.state_of(who) for who in ISSUERS} == {ProviderState.Deficient}
    with refuses(chain, NotActive):
        chain.by(ONE, chain.issuance.mint.call(COIN, 0))


# Pallets.


@defended
def test_a_malicious_pallet_mints(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: I1, summed from the accounts. Without the check the block would be sealed."""
    chain = CoinChain(still="days")
    chain.balances.mint_into(ALICE, COIN)
    if is_defended:
        with pytest.raises(InvariantBroken) as broken:
            chain.run()
        assert broken.value.name == "I1"
    else:
        others = tuple(each for each in chain.runtime.parts.checks if each.invariant.name not in ("I1", "I3"))
        object.__setattr__(chain.runtime.parts, "checks", others)
        try:
            chain.run()
        finally:
            LOADED.clear()
