"""Issuance: each of the four lines is refused on its own, and minted coins vest by windows passed."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.issuance import types as t
from pallets.issuance.pallet import UNVESTED, VESTING_WINDOWS
from pallets.providers.types import Bond
from pallets.standards import Standards
from pallets.standards.types import Lag
from runtime.frame import FundsUnavailable
from runtime.frame.coin import Cause, Mode, ProviderState, Tier
from runtime.frame.invalid import InvariantBroken
from runtime.frame.parameter import OutOfBounds
from runtime.testing import refuses
from runtime.types.fixed import PPB
from support.coin import ALICE, COIN, FEES, ISSUERS, CoinChain

ONE, TWO, THREE, FOUR, FIVE = ISSUERS
TEN = tuple(bytes([0x30 + n]) * 32 for n in range(10))


def most(fits: Callable[[int], bool]) -> int:
    """The largest amount that fits, by bisection: written apart from the pallet's own arithmetic."""
    low, high = 0, 10**18
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def lines(chain: CoinChain, who: bytes, x: int, placed: int) -> list[bool]:
    """The four lines as the page of the design writes them, over figures summed anew."""
    providers, ledger = chain.providers, chain.ledger
    roster = providers.roster
    effective = {each: providers.effective_of(each) for each in roster}
    owed = {each: ledger.debt_of(each).owed + (x if each == who else 0) for each in roster}
    bond = {each: providers.bond_of(each) + (placed if each == who else 0) for each in roster}
    supply, total = ledger.supply + x, sum(effective.values())
    groups = {providers.providers[each].group for each in roster}

    def of(figures: dict[bytes, int], group: int) -> int:
        return sum(figures[each] for each in roster if providers.providers[each].group == group)

    return [
        125 * owed[who] <= 100 * effective[who],
        owed[who] <= 4 * bond[who],
        125 * supply <= 100 * total,
        all(
            105 * (supply - min(of(bond, group), of(owed, group))) <= 100 * (total - of(effective, group))
            for group in groups
        ),
    ]


def mint(chain: CoinChain, x: int, placed: int, who: bytes = ONE) -> None:
    chain.by(who, chain.issuance.mint.call(x, placed))


def test_a_mint_is_a_debt_a_bond_a_fee_and_coins_that_vest() -> None:
    chain = CoinChain(still="days")
    supply, owed, bond = chain.ledger.supply, chain.ledger.debt_of(ONE).owed, chain.providers.bond_of(ONE)
    free, fees = chain.balances.free_balance(ONE), chain.balances.free_balance(FEES)
    x, placed = 10_000 * COIN + 1, 3_000 * COIN
    mint(chain, x, placed)
    fee = 30 * COIN + 1  # 0.3 %, rounded up
    chain.assert_last_event(t.Minted(ONE, x, placed, fee))
    assert chain.ledger.supply == supply + x
    assert chain.ledger.debt_of(ONE).owed == owed + x
    assert chain.providers.bond_of(ONE) == bond + placed == chain.balances.on_hold(Bond(), ONE)
    assert chain.balances.free_balance(FEES) == fees + fee
    assert chain.balances.free_balance(ONE) == free
    assert chain.balances.on_hold(UNVESTED, ONE) == x - placed - fee
    assert chain.issuance.vesting[ONE] == t.Vesting(x - placed - fee, VESTING_WINDOWS)
    chain.run()
    chain.try_state()


def test_the_own_line_is_refused_alone() -> None:
    chain = CoinChain(still="days")
    placed = 40_000 * COIN
    x = most(lambda x: lines(chain, ONE, x, placed)[0])
    assert lines(chain, ONE, x + 1, placed) == [False, True, True, True]
    with refuses(
        chain,
        t.OwnLine,
        "OwnLine: kappa (m_i + x) would exceed the issuer's effective capacity, less what the standard lags.",
    ):
        mint(chain, x + 1, placed)
    mint(chain, x, placed)
    chain.run()


def test_the_bond_line_is_refused_alone() -> None:
    chain = CoinChain(still="days")
    x = most(lambda x: lines(chain, ONE, x, 0)[1])
    assert lines(chain, ONE, x + 1, 0) == [True, False, True, True]
    with refuses(chain, t.BondLine):
        mint(chain, x + 1, 0)
    mint(chain, x + 1, 1)
    chain.run()


def test_the_system_line_is_refused_alone() -> None:
    """With ten equal operators the N-1 line is wider than the system line."""
    chain = CoinChain(still="days", providers=TEN)
    for who in TEN[1:]:
        x = most(lambda x, who=who: all(lines(chain, who, x, x // 2)))  # type: ignore[misc]
        mint(chain, x, x // 2, who)
    for _ in range(2):
        chain.providers.record_window(TEN[1], {0: False})
    x = most(lambda x: all(lines(chain, TEN[0], x, x // 2)))
    assert lines(chain, TEN[0], x + 1, (x + 1) // 2) == [True, True, False, True]
    with refuses(chain, t.SystemLine):
        mint(chain, x + 1, (x + 1) // 2, TEN[0])
    mint(chain, x, x // 2, TEN[0])


def test_the_line_of_the_worst_group_is_refused_alone() -> None:
    """Two operators of five lose their hardware: what is left hangs on too few."""
    chain = CoinChain(still="days")
    for who in (FOUR, FIVE):
        chain.by(who, chain.providers.remove_unit.call(0))
        chain.ledger.cancel(who, ALICE, 60_000 * COIN, Cause.Repaid)
    x = most(lambda x: all(lines(chain, ONE, x, x // 2)))
    assert lines(chain, ONE, x + 1, (x + 1) // 2) == [True, True, True, False]
    with refuses(
        chain, t.GroupLine, "GroupLine: Without one operator group, the others could not serve the coins."
    ):
        mint(chain, x + 1, (x + 1) // 2)
    mint(chain, x, x // 2)


@given(st.integers(1, 200_000 * COIN), st.integers(0, 100), st.sampled_from(ISSUERS))
def test_a_mint_succeeds_exactly_when_all_four_lines_hold(x: int, percent: int, who: bytes) -> None:
    chain = CoinChain(still="days")
    placed = x * percent // 100
    if placed + -(-x * 3 // 1000) > x:
        with refuses(chain, t.PlacedTooMuch):
            mint(chain, x, placed, who)
        return
    broken = [
        error
        for holds, error in zip(
            lines(chain, who, x, placed), (t.OwnLine, t.BondLine, t.SystemLine, t.GroupLine), strict=True
        )
        if not holds
    ]
    if broken:
        with refuses(chain, broken[0]):
            mint(chain, x, placed, who)
        return
    mint(chain, x, placed, who)
    chain.run()


def test_only_an_active_provider_mints_and_only_in_green() -> None:
    chain = CoinChain(still="days")
    with refuses(chain, t.NothingToMint):
        mint(chain, 0, 0)
    with refuses(chain, t.NotActive):
        mint(chain, COIN, 0, ALICE)
    chain.root(chain.providers.set_tier.call(TWO, Tier.Anonymous, 2))
    chain.run()
    assert chain.providers.state_of(TWO) == ProviderState.Deficient
    with refuses(chain, t.NotActive):
        mint(chain, COIN, 0, TWO)
    for mode in (Mode.Yellow, Mode.Orange, Mode.Red):
        chain.ledger.judge(mode)
        with refuses(chain, t.NotGreen):
            mint(chain, COIN, 0)


def test_the_lines_are_those_of_the_call_and_not_of_the_blocks_end() -> None:
    """I4: what happens later in the block does not undo a mint; the mode answers."""
    chain = CoinChain(still="days")
    mint(chain, COIN, 0)
    for who in ISSUERS[2:]:
        chain.by(who, chain.providers.remove_unit.call(0))
    chain.run()
    assert chain.ledger.mode_now() == Mode.Red


def test_a_coin_minted_outside_green_makes_the_block_invalid() -> None:
    chain = CoinChain(still="days")
    for who in ISSUERS[2:]:
        chain.by(who, chain.providers.remove_unit.call(0))
    chain.run()
    chain.ledger.issue(ONE, ALICE, COIN)
    with pytest.raises(InvariantBroken) as broken:
        chain.run()
    assert broken.value.name == "I6"
    assert broken.value.figures == f"{COIN} coins were minted in Red"


def test_each_passed_window_frees_an_equal_part_and_the_last_one_the_rest() -> None:
    chain = CoinChain(still="days")
    mint(chain, 1_000 * COIN, 0)
    total = chain.issuance.vesting[ONE].amount
    free = chain.balances.free_balance(ONE)
    freed = []
    for _ in range(VESTING_WINDOWS):
        chain.issuance.window_counted(ONE, False)  # a missed one frees nothing
        chain.issuance.window_counted(ONE, True)
        freed.append(chain.balances.free_balance(ONE) - free - sum(freed))
    assert sum(freed) == total
    assert max(freed) - min(freed) <= 1
    assert ONE not in chain.issuance.vesting
    assert chain.balances.on_hold(UNVESTED, ONE) == 0
    chain.issuance.window_counted(ONE, True)
    chain.run()
    chain.try_state()


def test_a_second_mint_begins_the_vesting_again() -> None:
    chain = CoinChain(still="days")
    mint(chain, 28 * COIN, 0)
    chain.issuance.window_counted(ONE, True)
    rest = chain.issuance.vesting[ONE].amount
    mint(chain, 28 * COIN, 0)
    assert chain.issuance.vesting[ONE] == t.Vesting(rest + 28 * COIN - 84 * COIN // 1000, VESTING_WINDOWS)


def test_unvested_coins_cannot_be_sold() -> None:
    chain = CoinChain(still="days")
    mint(chain, 1_000 * COIN, 0)
    free = chain.balances.free_balance(ONE)
    with refuses(chain, FundsUnavailable):
        chain.balances.transfer(ONE, ALICE, free + 1)


def test_what_vests_fills_a_short_bond_first() -> None:
    chain = CoinChain(still="days")
    mint(chain, 2_800 * COIN, 0)
    chain.providers.take_bond(ONE, ALICE, chain.providers.bond_of(ONE) // 2)
    chain.run()
    assert chain.providers.state_of(ONE) == ProviderState.Deficient
    bond, freed = chain.providers.bond_of(ONE), chain.issuance.vesting[ONE].amount // 28
    chain.issuance.window_counted(ONE, True)
    chain.assert_last_event(t.Vested(ONE, freed, freed))
    assert chain.providers.bond_of(ONE) == bond + freed
    needed = chain.providers.bond_needed(ONE, chain.ledger.debt_of(ONE).owed)
    chain.balances.transfer(ALICE, ONE, 100_000 * COIN)
    chain.providers.place_bond(ONE, needed - bond - freed - 7)
    chain.issuance.window_counted(ONE, True)
    chain.assert_last_event(t.Vested(ONE, freed, 7))
    chain.run()
    assert chain.providers.state_of(ONE) == ProviderState.Active


def test_anybody_may_burn_against_anybodys_free_debt() -> None:
    chain = CoinChain(still="days")
    owed, supply = chain.ledger.debt_of(TWO).owed, chain.ledger.supply
    chain.by(ALICE, chain.issuance.burn.call(TWO, 7 * COIN))
    chain.assert_last_event(t.Repaid(ALICE, TWO, 7 * COIN))
    assert (chain.ledger.debt_of(TWO).owed, chain.ledger.supply) == (owed - 7 * COIN, supply - 7 * COIN)
    chain.ledger.assign(TWO, owed - 8 * COIN)
    with refuses(chain, t.DebtAssigned):
        chain.by(ALICE, chain.issuance.burn.call(TWO, COIN + 1))
    with refuses(chain, t.DebtAssigned):
        chain.by(ALICE, chain.issuance.burn.call(ALICE, 1))
    with refuses(chain, t.NothingToBurn):
        chain.by(ALICE, chain.issuance.burn.call(TWO, 0))
    with refuses(chain, FundsUnavailable):
        chain.by(b"\x55" * 32, chain.issuance.burn.call(ONE, 1))


def test_kappa_and_the_fee_stay_within_their_bounds() -> None:
    chain = CoinChain(still="days")
    with pytest.raises(OutOfBounds) as refused:
        chain.issuance.kappa_ppb = 1_199_999_999
    assert str(refused.value) == "KappaPpb = 1199999999 is outside [1200000000, 2000000000]"
    with pytest.raises(OutOfBounds):
        chain.issuance.mint_fee_ppb = 20_000_001
    chain.issuance.mint_fee_ppb = 0
    fees = chain.balances.free_balance(FEES)
    mint(chain, COIN, COIN)
    assert chain.balances.free_balance(FEES) == fees
    assert ONE not in chain.issuance.vesting
    assert chain.issuance.kappa_now() * 4 == 5 * PPB


def test_while_the_standard_lags_less_capacity_counts_behind_a_mint() -> None:
    """E_i W/W* and E W/W*: exactly, and the N-1 line as ever."""
    chain = CoinChain(still="days")
    chain.run_to(182)
    work = chain[Standards].standard_now()[1]
    target = work * 13 // 10
    chain[Standards].lag = Lag(since=1, target=target)
    owed, effective = chain.ledger.debt_of(ONE).owed, chain.providers.effective_of(ONE)
    room = effective * work * 4 // (target * 5) - owed
    assert 0 < room < effective * 4 // 5 - owed
    with refuses(chain, t.OwnLine):
        mint(chain, room + 1, room // 2)
    others = chain.providers.effective * work * 4 // (target * 5) - chain.ledger.supply
    assert others > room
    mint(chain, room, room // 2)
    chain[Standards].lag = None
    mint(chain, COIN, COIN // 2)


def test_unvested_coins_cancel_the_debt_of_who_reaches_its_end_and_the_rest_is_free() -> None:
    chain = CoinChain(still="days")
    mint(chain, 10_000 * COIN, 3_000 * COIN)
    unvested = chain.issuance.vesting[ONE].amount
    owed, free, supply = chain.ledger.debt_of(ONE).owed, chain.balances.free_balance(ONE), chain.ledger.supply
    chain.ledger.assign(ONE, owed - 100)
    assert chain.issuance.cancel_unvested(ONE) == 100
    chain.assert_last_event(t.VestingEnded(ONE, 100, unvested - 100))
    assert chain.ledger.supply == supply - 100
    assert chain.ledger.debt_of(ONE).unassigned == 0
    assert chain.balances.free_balance(ONE) == free + unvested - 100
    assert chain.balances.on_hold(UNVESTED, ONE) == 0
    assert chain.ledger.records[ONE].liquidated == 100
    assert chain.issuance.cancel_unvested(ONE) == 0
    chain.issuance.try_state()


def test_what_a_ban_leaves_of_unvested_coins_is_the_reserves() -> None:
    chain = CoinChain(still="days")
    mint(chain, 10_000 * COIN, 3_000 * COIN)
    unvested, owed = chain.issuance.vesting[ONE].amount, chain.ledger.debt_of(ONE).owed
    free, reserve = chain.balances.free_balance(ONE), chain.ledger.reserve_balance()
    chain.ledger.assign(ONE, owed - unvested + 7)  # as work that is delivered stays assigned
    chain.providers.ban(ONE)
    assert chain.balances.free_balance(ONE) == free
    assert chain.ledger.reserve_balance() == reserve + 7
    assert chain.ledger.records[ONE].liquidated == unvested - 7
