"""Balances on a chain: coins move, are held and frozen, and their sum stays what was issued."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pallets.balances import Balances
from pallets.balances.types import DustLost, Endowed, Transfer
from pallets.system import System
from pallets.system.types import ExtrinsicSuccess, KilledAccount, NewAccount
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from runtime.frame import FundsUnavailable, Root, Signed
from runtime.frame.error import BadOrigin, BelowMinimum, NotExpendable
from runtime.testing import TestChain, refuses
from runtime.types import Address, DispatchClass, Pays
from runtime.types.dispatch import DispatchEventInfo

ALICE, BOB, EVE, DUST = (bytes([n]) * 32 for n in (1, 2, 3, 9))
ED = 500
FUNDS = 10**12


def chain_with(*rich: bytes) -> TestChain:
    return TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        config={
            "Balances": {"existential_deposit": ED, "dust_account": DUST},
            "TransactionPayment": {"fee_account": DUST},
        },
        genesis={"Balances": {"balances": [[who, FUNDS] for who in (*rich, DUST)]}},
    )


def total(chain: TestChain) -> int:
    infos = [info for _, info in chain[System].account.items()]
    return sum(info.data.free + info.data.reserved for info in infos)


def test_a_transfer_moves_coins_and_pays_its_fee_to_the_fee_account() -> None:
    chain = chain_with(ALICE)
    balances = chain[Balances]
    applied = chain.submit(balances.transfer_keep_alive.call(Address(BOB), 1_000), ALICE)
    assert applied.failure is None
    assert balances.free_balance(BOB) == 1_000
    fee = FUNDS - 1_000 - balances.free_balance(ALICE)
    assert fee > 0
    names = [type(event).__name__ for event in chain.events]
    assert names[-6:] == [
        "Withdraw",
        "NewAccount",
        "Endowed",
        "Transfer",
        "TransactionFeePaid",
        "ExtrinsicSuccess",
    ]
    chain.next_block()
    assert balances.free_balance(DUST) == FUNDS + fee
    assert total(chain) == balances.issuance() == 2 * FUNDS


def test_a_success_tells_what_its_call_was_declared_to_use() -> None:
    chain = chain_with(ALICE)
    transfer = chain[Balances].transfer_keep_alive
    applied = chain.submit(transfer.call(Address(BOB), 1_000), ALICE)
    assert chain.events[-1] == ExtrinsicSuccess(
        DispatchEventInfo(applied.weight, DispatchClass.Normal, Pays.Yes)
    )
    assert applied.weight == transfer.fixed_weight


def test_a_failed_transfer_costs_its_fee_and_moves_nothing() -> None:
    chain = chain_with(ALICE)
    balances = chain[Balances]
    applied = chain.submit(balances.transfer_keep_alive.call(Address(BOB), 1 << 100), ALICE)
    assert isinstance(applied.refusal, FundsUnavailable)
    assert balances.free_balance(BOB) == 0
    assert balances.free_balance(ALICE) < FUNDS
    assert chain[System].account[ALICE].nonce == 1


def test_refusals_name_their_reason() -> None:
    chain = chain_with(ALICE)
    balances = chain[Balances]
    with refuses(chain, FundsUnavailable, "FundsUnavailable: The account holds less than the amount."):
        chain.dispatch(balances.transfer_keep_alive.call(Address(BOB), FUNDS + 1), Signed(ALICE))
    with refuses(chain, NotExpendable):
        chain.dispatch(balances.transfer_keep_alive.call(Address(BOB), FUNDS), Signed(ALICE))
    with refuses(chain, BelowMinimum):
        chain.dispatch(balances.transfer_allow_death.call(Address(BOB), ED - 1), Signed(ALICE))
    with refuses(chain, BadOrigin):
        chain.dispatch(balances.force_transfer.call(Address(ALICE), Address(BOB), ED), Signed(ALICE))
    chain.dispatch(balances.force_transfer.call(Address(ALICE), Address(BOB), ED), Root())
    assert balances.free_balance(BOB) == ED


def test_an_account_that_falls_below_the_existential_deposit_is_removed_and_its_dust_kept() -> None:
    chain = chain_with(ALICE)
    balances = chain[Balances]
    chain.dispatch(balances.transfer_allow_death.call(Address(BOB), FUNDS - 1), Signed(ALICE))
    assert ALICE not in chain[System].account
    assert balances.free_balance(DUST) == FUNDS + 1
    for event in (
        KilledAccount(ALICE),
        DustLost(ALICE, 1),
        NewAccount(BOB),
        Endowed(BOB, FUNDS - 1),
        Transfer(ALICE, BOB, FUNDS - 1),
    ):
        chain.assert_event(event)


moves = st.lists(
    st.tuples(
        st.sampled_from([ALICE, BOB, EVE]), st.sampled_from([ALICE, BOB, EVE, DUST]), st.integers(0, FUNDS)
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(moves)
def test_the_sum_of_all_balances_is_what_was_issued(given_moves: list[tuple[bytes, bytes, int]]) -> None:
    chain = chain_with(ALICE, EVE)
    for source, dest, amount in given_moves:
        if chain[Balances].free_balance(source) >= 10**6:
            chain.submit(chain[Balances].transfer_allow_death.call(Address(dest), amount), source)
    chain.next_block()
    assert total(chain) == chain[Balances].issuance() == 3 * FUNDS
