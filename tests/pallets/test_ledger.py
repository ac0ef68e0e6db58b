"""The ledger: every coin is somebody's debt, and in whatever order it is told, its sums hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.build import GenesisError, build_genesis
from pallets.ledger.types import AssignmentTooSmall, DebtTooSmall, OrphanDebtTooSmall
from pallets.redemption.tickets import ESCROW as HELD
from pallets.system import System
from runtime.frame import FundsUnavailable
from runtime.frame.coin import Debt, Mode
from runtime.frame.invalid import InvariantBroken
from runtime.state import MemoryStates
from runtime.testing import refuses
from support.coin import ALICE, ED, ISSUERS, RESERVE, CoinChain, coin_parts

ONE, TWO, *_ = ISSUERS


def test_a_burn_names_the_debt_that_it_cancels() -> None:
    chain = CoinChain(rich=[ALICE])
    ledger, supply = chain.ledger, chain.ledger.supply
    owed = ledger.debt_of(ONE).owed
    ledger.cancel(ONE, ALICE, 700)
    assert (ledger.supply, ledger.debt_of(ONE).owed) == (supply - 700, owed - 700)
    ledger.issue(TWO, ALICE, 900)
    assert ledger.supply == supply + 200 == chain.balances.issuance()
    assert ledger.minted_now() == 900
    chain.run()
    assert ledger.minted_now() == 0


def test_debt_under_a_ticket_can_be_neither_burned_nor_orphaned() -> None:
    chain = CoinChain(rich=[ALICE])
    ledger = chain.ledger
    owed = ledger.debt_of(ONE).owed
    ledger.assign(ONE, owed - 5)
    assert ledger.debt_of(ONE) == Debt(owed, owed - 5, 1)
    for refused in (
        lambda: ledger.cancel(ONE, ALICE, 6),
        lambda: ledger.orphan(ONE, 6),
        lambda: ledger.assign(ONE, 6),
    ):
        with refuses(chain, DebtTooSmall):
            refused()
    with refuses(chain, AssignmentTooSmall):
        ledger.unassign(ONE, owed - 4)
    ledger.orphan(ONE, 5)
    ledger.unassign(ONE, owed - 5)
    assert (ledger.debt_of(ONE).owed, ledger.orphaned) == (owed - 5, 5)


def test_the_reserve_cancels_orphan_debt_and_stays_alive() -> None:
    chain = CoinChain(rich=[ALICE])
    ledger, supply, reserve = chain.ledger, chain.ledger.supply, chain.ledger.reserve_balance()
    assert ledger.offset_orphaned() == 0
    ledger.orphan(ONE, 100)
    assert ledger.offset_orphaned() == 100
    ledger.orphan(ONE, 2 * reserve)
    assert ledger.offset_orphaned() == reserve - 100 - ED
    assert ledger.offset_orphaned() == 0
    assert (ledger.orphaned, ledger.reserve_balance()) == (reserve + 100 + ED, ED)
    assert supply - ledger.supply == reserve - ED
    chain.run()


def test_more_orphan_debt_than_there_is_cannot_be_cancelled() -> None:
    chain = CoinChain(rich=[ALICE])
    chain.ledger.orphan(ONE, 10)
    with refuses(chain, OrphanDebtTooSmall):
        chain.ledger.cancel_orphaned(HELD, RESERVE, 11)
    with refuses(chain, FundsUnavailable):
        chain.ledger.cancel_orphaned(HELD, RESERVE, 10)


def test_coins_beside_the_ledger_make_the_block_invalid() -> None:
    """A pallet that mints without a debt breaks I1, and the refusal says the figures."""
    chain = CoinChain(rich=[ALICE])
    chain.balances.mint_into(ALICE, 1)
    with pytest.raises(InvariantBroken) as broken:
        chain.next_block()
    assert str(broken.value) == (
        "I1 is broken: S = sum of debts + O = sum of all balances; "
        "in this block S grew by 0, the debts by 0, the balances by 1"
    )


def test_a_counter_that_lies_does_not_help() -> None:
    """I1 is summed from the accounts themselves: a total that agrees with the ledger hides nothing."""
    chain = CoinChain(rich=[ALICE])
    accounts = chain[System].account
    info = accounts[ALICE]
    accounts[ALICE] = info.replace(data=info.data.replace(free=info.data.free + 1))
    with pytest.raises(InvariantBroken, match=r"^I1 is broken"):
        chain.next_block()


def test_supply_that_moves_by_itself_breaks_i3() -> None:
    chain = CoinChain(rich=[ALICE])
    chain.ledger.issue(ONE, ALICE, 1)
    chain.ledger.minted -= 1
    with pytest.raises(InvariantBroken) as broken:
        chain.next_block()
    assert str(broken.value).startswith(
        "I3 is broken: S moves by minting and burning alone, and no coin exists beside it; "
        "in this block S grew by 1, 0 were minted and 0 burned; "
    )


@pytest.mark.parametrize("extra", [1, -1])
def test_a_genesis_whose_coins_are_not_all_owed_is_refused(extra: int) -> None:
    chain = CoinChain(rich=[ALICE])
    genesis = coin_parts([ALICE])
    genesis["Balances"]["balances"][0][1] += extra
    with pytest.raises(GenesisError) as refused:
        build_genesis(chain.runtime, genesis, MemoryStates().head)
    supply = chain.ledger.supply if chain.runtime.over(chain.state) else 0
    assert str(refused.value) == (
        "genesis breaks I1: S = sum of debts + O = sum of all balances; "
        f"in this block S grew by {supply}, the debts by {supply}, the balances by {supply + extra}"
    )


def test_a_genesis_debt_of_a_stranger_is_refused() -> None:
    chain = CoinChain(rich=[ALICE])
    genesis = coin_parts([ALICE])
    genesis["Ledger"]["debts"].append({"issuer": "0x" + b"\x77".hex() * 32, "amount": 5})
    genesis["Balances"]["balances"][0][1] += 5
    with pytest.raises(GenesisError) as refused:
        build_genesis(chain.runtime, genesis, MemoryStates().head)
    assert str(refused.value) == (
        "genesis of Issuance: GenesisUnbacked: "
        "The coins of a genesis are debts of genesis providers, and of nobody else."
    )


def test_the_genesis_of_the_development_chain_is_accepted() -> None:
    chain = CoinChain(rich=[ALICE])
    built = build_genesis(chain.runtime, coin_parts([ALICE]), MemoryStates().head)
    assert built.state.root


steps = st.lists(
    st.tuples(
        st.sampled_from(["issue", "cancel", "orphan", "assign", "unassign", "offset", "enroll", "judge"]),
        st.sampled_from(ISSUERS),
        st.integers(0, 10**14),
    ),
    max_size=25,
)


@settings(max_examples=25)
@given(steps)
def test_whatever_happens_the_sums_are_the_sums_of_their_parts(taken: list[tuple[str, bytes, int]]) -> None:
    chain = CoinChain(rich=[ALICE])
    ledger = chain.ledger
    acts = {
        "issue": lambda who, x: ledger.issue(who, ALICE, x),
        "cancel": lambda who, x: ledger.cancel(who, ALICE, x),
        "orphan": ledger.orphan,
        "assign": ledger.assign,
        "unassign": ledger.unassign,
        "offset": lambda who, x: ledger.offset_orphaned(),
        "enroll": lambda who, x: ledger.enroll(who, x % 4),
        "judge": lambda who, x: ledger.judge(Mode(x % 4)),
    }
    for name, who, amount in taken:
        ledger.attempt(lambda act=acts[name], who=who, amount=amount: act(who, amount))
        assert ledger.supply_is_owed_and_held() is None
        assert ledger.supply_is_minted_and_burned() is None
    ledger.try_state()
