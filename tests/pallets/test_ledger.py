"""The ledger: every coin is somebody's debt, and in whatever order it is told, its sums hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.build import GenesisError, build_genesis
from pallets.ledger.types import (
    AssignmentTooSmall,
    DebtTooSmall,
    Novated,
    OrphanDebtTooSmall,
    Record,
)
from pallets.redemption.tickets import ESCROW as HELD
from pallets.system import System
from runtime.frame import FundsUnavailable
from runtime.frame.coin import Cause, Debt, Mode
from runtime.frame.invalid import InvariantBroken
from runtime.state import MemoryStates
from runtime.testing import refuses
from support.coin import ALICE, ED, ISSUERS, RESERVE, CoinChain, coin_parts

ONE, TWO, *_ = ISSUERS


def test_a_burn_names_the_debt_that_it_cancels() -> None:
    chain = CoinChain(rich=[ALICE])
    ledger, supply = chain.ledger, chain.ledger.supply
    owed = ledger.debt_of(ONE).owed
    ledger.cancel(ONE, ALICE, 700, Cause.Repaid)
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
        lambda: ledger.cancel(ONE, ALICE, 6, Cause.Repaid),
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
        st.sampled_from(
            ["issue", "cancel", "orphan", "assign", "unassign", "offset", "enroll", "judge", "novate"]
        ),
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
        "cancel": lambda who, x: ledger.cancel(who, ALICE, x, tuple(Cause)[x % 3]),
        "orphan": ledger.orphan,
        "assign": ledger.assign,
        "unassign": ledger.unassign,
        "offset": lambda who, x: ledger.offset_orphaned(),
        "enroll": lambda who, x: ledger.enroll(who, x % 4),
        "novate": lambda who, x: ledger.novate(who, ISSUERS[x % 5], x),
        "judge": lambda who, x: ledger.judge(Mode(x % 4)),
    }
    for name, who, amount in taken:
        ledger.attempt(lambda act=acts[name], who=who, amount=amount: act(who, amount))
        assert ledger.supply_is_owed_and_held() is None
        assert ledger.supply_is_minted_and_burned() is None
        assert ledger.records_add_up() is None
    ledger.try_state()


def test_an_issuers_record_says_what_became_of_all_its_coins() -> None:
    """And stays when it owes nothing more: each column once, and nothing of the others."""
    chain = CoinChain(rich=[ALICE])
    ledger = chain.ledger
    began = ledger.debt_of(ONE).owed
    assert ledger.records[ONE] == Record(issued=began)
    ledger.issue(ONE, ALICE, 1_000)
    ledger.cancel(ONE, ALICE, 1, Cause.Redeemed)
    ledger.cancel(ONE, ALICE, 20, Cause.Repaid)
    ledger.cancel(ONE, ALICE, 300, Cause.Liquidated)
    ledger.novate(ONE, TWO, 4_000)
    ledger.novate(TWO, ONE, 50_000)
    ledger.orphan(ONE, 600_000)
    ledger.note_failure(ONE, 77)
    ledger.note_failure(ONE, 3)
    ledger.note_slash(ONE, 9)
    assert ledger.records[ONE] == Record(
        issued=began + 1_000,
        novated_in=50_000,
        redeemed=1,
        repaid=20,
        liquidated=300,
        novated_out=4_000,
        orphaned=600_000,
        failures=2,
        failed=80,
        slashed=9,
    )
    ledger.orphan(ONE, ledger.debt_of(ONE).owed)
    assert ledger.records[ONE].taken_on == ledger.records[ONE].given_up == began + 51_000
    chain.run()
    chain.try_state()


def test_debt_under_a_ticket_is_not_novated() -> None:
    chain = CoinChain(rich=[ALICE])
    ledger, supply = chain.ledger, chain.ledger.supply
    owed, theirs = ledger.debt_of(ONE).owed, ledger.debt_of(TWO).owed
    ledger.assign(ONE, owed - 5)
    with refuses(
        chain,
        DebtTooSmall,
        "DebtTooSmall: The issuer owes less than the amount, apart from what is under a ticket.",
    ):
        ledger.novate(ONE, TWO, 6)
    ledger.novate(ONE, TWO, 5)
    chain.assert_last_event(Novated(ONE, TWO, 5))
    assert (ledger.debt_of(ONE).owed, ledger.debt_of(TWO).owed) == (owed - 5, theirs + 5)
    assert ledger.supply == supply
    assert sum(ledger.group_owes(group) for group in range(6)) == supply
    ledger.novate(TWO, TWO, theirs)
    assert ledger.debt_of(TWO).owed == theirs + 5
    chain.run()


def test_a_debt_that_moves_beside_its_record_makes_the_block_invalid() -> None:
    chain = CoinChain(rich=[ALICE])
    ledger, owed = chain.ledger, chain.ledger.debt_of(TWO).owed
    ledger._owe(ONE, owed=-7)
    ledger._owe(TWO, owed=7)
    with pytest.raises(InvariantBroken) as broken:
        chain.next_block()
    assert str(broken.value) == (
        "L1 is broken: what an issuer ever issued or took over is owed, or went where its record says; "
        f"0x{TWO.hex()} took on {owed} and gave up 0, and owes {owed + 7}"
    )
