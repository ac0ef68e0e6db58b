"""Attacks on minting, on fees and on the books, each by its name: the defence stops it, and without the
defence it succeeds.

Each is run twice, with its defence and with the defence taken out.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pallets.issuance import pallet as issuance
from pallets.issuance.pallet import UNVESTED
from pallets.issuance.types import NotGreen
from pallets.rewards.types import RoundOpen
from runtime.frame import FundsUnavailable
from runtime.frame.coin import Mode
from runtime.frame.invalid import InvariantBroken
from runtime.testing import refuses
from support.coin import ALICE, BOB, COIN, FEES, ISSUERS, LOADED, RESERVE, CoinChain

ONE, TWO, *_ = ISSUERS
defended = pytest.mark.parametrize("is_defended", [True, False], ids=["with the defence", "without it"])


@pytest.fixture
def chain() -> Iterator[CoinChain]:
    """A chain of days whose checks may be taken out."""
    yield CoinChain(still="days")
    LOADED.clear()


def without_check(chain: CoinChain, *names: str) -> None:
    checks = tuple(each for each in chain.runtime.parts.checks if each.invariant.name not in names)
    object.__setattr__(chain.runtime.parts, "checks", checks)


# Minting.


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


@defended
def test_leave_with_what_never_vested(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rent a fleet and vanish, by a fraud that ends all duties. Defence: unvested coins cancel the debt
    first, and nothing of them is the banned one's.
    """
    if not is_defended:
        monkeypatch.setattr(issuance.Issuance, "cancel_unvested", free_all)
    chain = CoinChain(still="days")
    chain.by(ONE, chain.issuance.mint.call(20_000 * COIN, 5_000 * COIN))
    unvested, free = chain.issuance.vesting[ONE].amount, chain.balances.free_balance(ONE)
    chain.providers.ban(ONE)
    chain.run()
    gained = chain.balances.free_balance(ONE) - free
    assert gained == (0 if is_defended else unvested)


def free_all(self: issuance.Issuance, who: bytes) -> int:
    """What an issuer gets that nobody asks for its debt."""
    self.coin.release(UNVESTED, who, self.vesting[who].amount)
    del self.vesting[who]
    return 0


@defended
def test_pull_oneself_up_by_ones_own_bond(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leverage: each mint is the bond of the next. Defence: what is placed counts once, and the own line ends
    it at E / kappa with the tier's share of all of it locked.
    """
    chain = CoinChain(still="days")
    if not is_defended:
        monkeypatch.setattr(issuance.Issuance, "_check_lines", lambda *args: None)
    effective = chain.providers.effective_of(ONE)
    for _ in range(31):
        owed = chain.ledger.debt_of(ONE).owed
        room = effective * 100 // 125 - owed if is_defended else effective
        amount = min(room, chain.ledger.supply // 4)
        if amount:
            chain.issuance.attempt(
                lambda amount=amount: chain.by(ONE, chain.issuance.mint.call(amount, amount // 4 + 1))  # type: ignore[misc]
            )
    owed = chain.ledger.debt_of(ONE).owed
    assert (125 * owed <= 100 * effective) is is_defended
    assert 4 * chain.providers.bond_of(ONE) >= owed
    assert not is_defended or 100 * effective - 125 * owed < 125  # all of E / kappa is reached


@defended
def test_mint_while_the_coin_is_wound_down(is_defended: bool) -> None:
    """No new commitment. Defence: coins are minted in Green alone, and the end is never left."""
    chain = CoinChain(still="days")
    chain.ledger.judge(Mode.WindDown if is_defended else Mode.Green)
    mint = chain.issuance.mint.call(COIN, COIN // 2)
    if is_defended:
        with refuses(chain, NotGreen):
            chain.by(ONE, mint)
    else:
        chain.by(ONE, mint)


def test_stop_the_agents_and_the_chain_degrades() -> None:
    """Nobody answers: capacity falls, what was owed is nobody's any more, and minting stops."""
    chain = CoinChain()
    seen = []
    while chain.ledger.mode_now() != Mode.Red:
        chain.until_window()
        chain.until_window(False)
        if chain.ledger.mode_now() not in seen:
            seen.append(chain.ledger.mode_now())
    assert seen == sorted(seen)
    assert chain.providers.effective == 0
    with refuses(chain, NotGreen):
        chain.by(ONE, chain.issuance.mint.call(COIN, 0))


# Fees.


@defended
def test_take_rewards_for_what_was_never_paid(chain: CoinChain, is_defended: bool) -> None:
    """A pallet promises more than came in. Defence: I7, against the coins that are in the pot."""
    chain.rewards.delivered(ONE, COIN)
    chain.rewards.round = chain.rewards.round.replace(pool=500)
    books = chain.rewards.books
    chain.rewards.books = books.replace(owed=books.owed + 500)
    if is_defended:
        with pytest.raises(InvariantBroken) as broken:
            chain.run()
        assert broken.value.name == "I7"
    else:
        without_check(chain, "I7")
        chain.run()


@defended
def test_claim_a_round_again_and_again(is_defended: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defence: a part is struck when it is paid, and one of a round that runs is not paid yet."""
    chain = CoinChain(still="hours")
    chain.balances.transfer(ALICE, RESERVE, chain.reserve.lacking_now() + COIN)
    chain.run()
    for who in (ONE, TWO):
        chain.rewards.delivered(who, COIN)
    chain.balances.transfer(BOB, FEES, 1_000_000)
    with refuses(chain, RoundOpen):
        chain.by(ONE, chain.rewards.claim.call(ONE))
    chain.run()
    chain.run_to(chain.rewards.round.ends_at + 1)
    free = chain.balances.free_balance(ONE)
    part = chain.rewards.parts[ONE]
    for _ in range(2):
        chain.rewards.attempt(lambda: chain.by(ALICE, chain.rewards.claim.call(ONE)))
        if not is_defended:
            chain.rewards.parts[ONE] = part
            ended = chain.rewards.ended[part.round]
            chain.rewards.ended[part.round] = ended.replace(waiting=ended.waiting + part.delivered)
    assert chain.balances.free_balance(ONE) - free == (175_000 if is_defended else 350_000)


# Pallets.


@defended
def test_a_malicious_pallet_mints(chain: CoinChain, is_defended: bool) -> None:
    """Defence: I1, summed from the accounts. Without the check the block would be sealed."""
    chain.balances.mint_into(ALICE, COIN)
    if is_defended:
        with pytest.raises(InvariantBroken) as broken:
            chain.run()
        assert broken.value.name == "I1"
    else:
        without_check(chain, "I1", "I3")
        chain.run()


@defended
def test_a_malicious_pallet_whitewashes_an_issuer(chain: CoinChain, is_defended: bool) -> None:
    """What an issuer left to all looks as if nobody had. Defence: L1, from debts and records."""
    chain.ledger.orphan(ONE, COIN)
    record = chain.ledger.records[ONE]
    chain.ledger.records[ONE] = record.replace(orphaned=0)
    if is_defended:
        with pytest.raises(InvariantBroken) as broken:
            chain.run()
        assert broken.value.name == "L1"
    else:
        without_check(chain, "L1")
        chain.run()


@defended
def test_move_a_parameter_out_of_its_bounds(chain: CoinChain, is_defended: bool) -> None:
    """Whoever may write storage writes kappa = 1. Defence: I15, whoever wrote it."""
    chain.issuance.__dict__["kappa_ppb"].set(10**9)
    if is_defended:
        with pytest.raises(InvariantBroken) as broken:
            chain.run()
        assert str(broken.value) == (
            "I15 is broken: every parameter is within its bounds; "
            "Issuance.KappaPpb = 1000000000 is outside [1200000000, 2000000000]"
        )
    else:
        without_check(chain, "I15")
        chain.run()
