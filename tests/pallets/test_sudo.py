"""Sudo on a chain: the key, and nobody else, is Root; the outcome is told; the key passes on or goes."""

from __future__ import annotations

import pytest

from pallets.balances import Balances
from pallets.sudo import Sudo
from pallets.sudo.types import KeyChanged, KeyRemoved, RequireSudo, Sudid, SudoAsDone
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from pallets.transaction_payment.types import RuntimeDispatchInfo
from runtime.frame import BadOrigin, Call, Root, Signed
from runtime.frame.error import CannotLookup
from runtime.frame.validity import ExhaustsResources
from runtime.scale import Err, Ok, codec_of
from runtime.testing import TestChain, refuses
from runtime.types import Address, Weight
from runtime.types import dispatch as told
from runtime.types.account import RawAddress
from runtime.types.weight import WEIGHT_MAX

ALICE, BOB, EVE, DUST = (bytes([n]) * 32 for n in (1, 2, 3, 9))
FUNDS = 10**12


@pytest.fixture
def chain() -> TestChain:
    return TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        Sudo,
        config={
            "Balances": {"existential_deposit": 500, "dust_account": DUST},
            "TransactionPayment": {"fee_account": DUST},
        },
        genesis={
            "Balances": {"balances": [[ALICE, FUNDS], [BOB, FUNDS], [DUST, FUNDS]]},
            "Sudo": {"key": ALICE},
        },
    )


def force(chain: TestChain, amount: int = 1_000) -> Call:
    return chain[Balances].force_transfer.call(Address(BOB), Address(EVE), amount)


def test_the_key_makes_calls_as_root_and_pays_no_fee(chain: TestChain) -> None:
    applied = chain.submit(chain[Sudo].sudo.call(force(chain)), ALICE)
    assert applied.failure is None
    assert chain[Balances].free_balance(EVE) == 1_000
    assert chain[Balances].free_balance(ALICE) == FUNDS
    chain.assert_event(Sudid(Ok(())))
    chain.next_block()


def test_a_refusal_inside_is_told_and_undone(chain: TestChain) -> None:
    applied = chain.submit(chain[Sudo].sudo.call(force(chain, 2 * FUNDS)), ALICE)
    assert applied.failure is None
    chain.assert_event(Sudid(Err(told.Token(told.FundsUnavailable()))))
    assert chain[Balances].free_balance(BOB) == FUNDS


def test_nobody_else_holds_the_key_not_even_root(chain: TestChain) -> None:
    sudo = chain[Sudo]
    for call in (
        sudo.sudo.call(force(chain)),
        sudo.sudo_unchecked_weight.call(force(chain), Weight(0, 0)),
        sudo.set_key.call(Address(BOB)),
        sudo.sudo_as.call(Address(ALICE), chain[System].remark.call(b"")),
        sudo.remove_key.call(),
    ):
        with refuses(chain, RequireSudo, "RequireSudo: The signer does not hold the key."):
            chain.dispatch(call, Signed(BOB))
        with refuses(chain, BadOrigin):
            chain.dispatch(call, Root())


def test_the_key_says_what_a_call_weighs(chain: TestChain) -> None:
    sudo, told_weight = chain[Sudo], Weight(7, 3)
    assert sudo.sudo.call(force(chain)).weight.ref_time > force(chain).weight.ref_time
    applied = chain.submit(sudo.sudo_unchecked_weight.call(force(chain), told_weight), ALICE)
    assert applied.weight == told_weight
    chain.assert_event(Sudid(Ok(())))


def test_whoever_asks_for_the_fee_of_a_call_of_any_weight_is_answered(chain: TestChain) -> None:
    """Wrappers add what they weigh themselves to the most that there is."""
    sudo = chain[Sudo]
    heavy = sudo.sudo.call(sudo.sudo_unchecked_weight.call(force(chain), WEIGHT_MAX))
    said = chain[TransactionPayment].query_call_info(heavy, 0)
    again = codec_of(RuntimeDispatchInfo).decode(codec_of(RuntimeDispatchInfo).encode(said))
    assert again.weight == WEIGHT_MAX
    with pytest.raises(ExhaustsResources):
        chain.submit(heavy, ALICE)


def test_the_key_acts_as_another_account(chain: TestChain) -> None:
    pay = chain[Balances].transfer_keep_alive.call(Address(EVE), 1_000)
    chain.submit(chain[Sudo].sudo_as.call(Address(BOB), pay), ALICE)
    assert chain[Balances].free_balance(BOB) == FUNDS - 1_000
    chain.assert_event(SudoAsDone(Ok(())))
    chain.submit(chain[Sudo].sudo_as.call(Address(BOB), force(chain)), ALICE)
    chain.assert_event(SudoAsDone(Err(told.BadOrigin())))
    with refuses(chain, CannotLookup, "CannotLookup: The address names no account that this chain can find."):
        chain.dispatch(chain[Sudo].sudo_as.call(RawAddress(b"bob"), pay), Signed(ALICE))


def test_the_key_passes_on_and_goes_for_ever(chain: TestChain) -> None:
    sudo = chain[Sudo]
    chain.submit(sudo.set_key.call(Address(BOB)), ALICE)
    chain.assert_event(KeyChanged(ALICE, BOB))
    with refuses(chain, RequireSudo):
        chain.dispatch(sudo.sudo.call(force(chain)), Signed(ALICE))
    chain.submit(sudo.remove_key.call(), BOB)
    chain.assert_event(KeyRemoved())
    assert sudo.key is None
    with refuses(chain, RequireSudo):
        chain.dispatch(sudo.set_key.call(Address(BOB)), Signed(BOB))
    chain.next_block()


def test_a_chain_may_begin_without_a_key() -> None:
    chain = TestChain(System, Timestamp, Sudo, config={"System": {}}, genesis={})
    assert chain[Sudo].key is None
    with refuses(chain, RequireSudo):
        chain.dispatch(chain[Sudo].remove_key.call(), Signed(bytes(32)))
