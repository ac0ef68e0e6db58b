"""Utility on a chain: batches stop, force or undo; wrappers add no power; what was not used is given back."""

from __future__ import annotations

from typing import Any

import pytest

from pallets.balances import Balances
from pallets.system import System
from pallets.system.types import ExtrinsicSuccess, Remarked
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from pallets.utility import Utility
from pallets.utility.pallet import BASE, CALLS_MAX, EACH, derived_account, weight_of_batch
from pallets.utility.types import (
    BatchCompleted,
    BatchCompletedWithErrors,
    BatchInterrupted,
    DispatchedAs,
    ItemCompleted,
    ItemFailed,
    TooManyCalls,
)
from runtime.crypto import ss58
from runtime.frame import BadOrigin, Call, FundsUnavailable, Root, Signed, Unsigned
from runtime.frame.host import CallFiltered
from runtime.frame.late import RuntimeCall
from runtime.scale import Err, Ok
from runtime.testing import TestChain, refuses
from runtime.types import Address
from runtime.types import dispatch as told

ALICE, BOB, EVE, DUST = (bytes([n]) * 32 for n in (1, 2, 3, 9))
FUNDS = 10**12
POOR = told.Token(told.FundsUnavailable())


@pytest.fixture
def chain() -> TestChain:
    return TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        Utility,
        config={
            "Balances": {"existential_deposit": 500, "dust_account": DUST},
            "TransactionPayment": {"fee_account": DUST},
        },
        genesis={"Balances": {"balances": [[ALICE, FUNDS], [BOB, FUNDS], [DUST, FUNDS]]}},
    )


def pay(chain: TestChain, amount: int, dest: bytes = EVE) -> Call:
    return chain[Balances].transfer_keep_alive.call(Address(dest), amount)


def told_by_utility(chain: TestChain) -> list[Any]:
    return [event for event in chain.events if type(event).__module__ == "pallets.utility.types"]


def test_a_batch_does_its_calls_in_order_on_the_signers_authority(chain: TestChain) -> None:
    chain.submit(chain[Utility].batch.call((pay(chain, 1_000), pay(chain, 2_000))), ALICE)
    assert chain[Balances].free_balance(EVE) == 3_000
    assert told_by_utility(chain) == [ItemCompleted(), ItemCompleted(), BatchCompleted()]
    chain.next_block()


def test_a_batch_stops_at_the_first_refusal_and_what_was_done_before_stands(chain: TestChain) -> None:
    calls = (pay(chain, 1_000), pay(chain, 2 * FUNDS), pay(chain, 2_000))
    applied = chain.submit(chain[Utility].batch.call(calls), ALICE)
    assert applied.failure is None
    assert chain[Balances].free_balance(EVE) == 1_000
    assert told_by_utility(chain) == [ItemCompleted(), BatchInterrupted(1, POOR)]


def test_batch_all_does_every_call_or_none(chain: TestChain) -> None:
    utility = chain[Utility]
    with refuses(chain, FundsUnavailable):
        chain.dispatch(utility.batch_all.call((pay(chain, 1_000), pay(chain, 2 * FUNDS))), Signed(ALICE))
    chain.submit(utility.batch_all.call((pay(chain, 1_000), pay(chain, 2_000))), ALICE)
    assert chain[Balances].free_balance(EVE) == 3_000
    assert told_by_utility(chain) == [ItemCompleted(), ItemCompleted(), BatchCompleted()]


def test_force_batch_tries_every_call(chain: TestChain) -> None:
    calls = (pay(chain, 1_000), pay(chain, 2 * FUNDS), pay(chain, 2_000))
    chain.submit(chain[Utility].force_batch.call(calls), ALICE)
    assert chain[Balances].free_balance(EVE) == 3_000
    assert told_by_utility(chain) == [
        ItemCompleted(),
        ItemFailed(POOR),
        ItemCompleted(),
        BatchCompletedWithErrors(),
    ]


def test_batch_all_does_not_nest_however_it_is_wrapped(chain: TestChain) -> None:
    utility = chain[Utility]
    inner = utility.batch_all.call((pay(chain, 1_000),))
    with refuses(chain, CallFiltered):
        chain.dispatch(utility.batch_all.call((inner,)), Signed(ALICE))
    chain.dispatch(
        utility.batch_all.call((utility.as_derivative.call(0, utility.batch.call((inner,))),)), Signed(ALICE)
    )
    filtered = told.BadOrigin()
    assert told_by_utility(chain) == [BatchInterrupted(0, filtered), ItemCompleted(), BatchCompleted()]
    chain.dispatch(utility.batch.call((inner,)), Signed(ALICE))
    assert chain[Balances].free_balance(EVE) == 1_000


@pytest.mark.parametrize("name", ["batch", "batch_all", "force_batch"])
def test_nobody_and_too_many_are_refused(chain: TestChain, name: str) -> None:
    wrapper = getattr(chain[Utility], name)
    remark = chain[System].remark.call(b"")
    with refuses(chain, BadOrigin):
        chain.dispatch(wrapper.call(()), Unsigned())
    with refuses(chain, TooManyCalls, "TooManyCalls: The batch holds more calls than the limit."):
        chain.dispatch(wrapper.call((remark,) * (CALLS_MAX + 1)), Signed(ALICE))
    chain.dispatch(wrapper.call(()), Root())
    assert told_by_utility(chain) == [BatchCompleted()]


def test_root_batches_for_root(chain: TestChain) -> None:
    force = chain[Balances].force_transfer.call(Address(BOB), Address(EVE), 1_000)
    chain.dispatch(chain[Utility].batch.call((force,)), Root())
    assert chain[Balances].free_balance(EVE) == 1_000
    chain.dispatch(chain[Utility].batch.call((force,)), Signed(ALICE))
    assert told_by_utility(chain)[-1] == BatchInterrupted(0, told.BadOrigin())


def test_a_derived_account_pays_for_what_its_owner_asks(chain: TestChain) -> None:
    utility, account = chain[Utility], derived_account(ALICE, 1)
    with refuses(chain, FundsUnavailable):
        chain.dispatch(utility.as_derivative.call(1, pay(chain, 1_000)), Signed(ALICE))
    chain.dispatch(pay(chain, 10_000, account), Signed(ALICE))
    chain.submit(utility.as_derivative.call(1, pay(chain, 1_000)), ALICE)
    assert chain[Balances].free_balance(account) == 9_000
    with refuses(chain, FundsUnavailable):
        chain.dispatch(utility.as_derivative.call(1, pay(chain, 1_000)), Signed(BOB))
    with refuses(chain, BadOrigin):
        chain.dispatch(utility.as_derivative.call(1, pay(chain, 1_000)), Root())


def test_a_derived_account_is_the_one_that_substrate_derives() -> None:
    """polkadot.js: `encodeDerivedAddress('5GvUh7fGKsdBEh5XpypkfkGuf7j3vXLxH9BdxjxnJNVXRYi1', 0)`, its own
    example.
    """
    who, _ = ss58.decode("5GvUh7fGKsdBEh5XpypkfkGuf7j3vXLxH9BdxjxnJNVXRYi1")
    expected = "5E5XxqPxm7QbEs6twYfp3tyjXidn4kqRrNPH4o6JK9JSLUeD"
    assert ss58.encode(derived_account(who, 0), 42) == expected


def test_root_dispatches_as_anybody_and_tells_the_result(chain: TestChain) -> None:
    utility = chain[Utility]
    chain.dispatch(utility.dispatch_as.call(Signed(BOB), pay(chain, 1_000)), Root())
    assert chain[Balances].free_balance(BOB) == FUNDS - 1_000
    assert told_by_utility(chain) == [DispatchedAs(Ok(()))]
    chain.dispatch(utility.dispatch_as.call(Signed(EVE), pay(chain, FUNDS, BOB)), Root())
    assert told_by_utility(chain)[-1] == DispatchedAs(Err(POOR))
    with refuses(chain, BadOrigin):
        chain.dispatch(utility.dispatch_as.call(Signed(BOB), pay(chain, 1_000)), Signed(ALICE))


def test_a_wrapper_weighs_its_calls_and_gives_back_what_they_did_not_use(chain: TestChain) -> None:
    utility, balances = chain[Utility], chain[Balances]
    inner = (chain[System].remark.call(b""), pay(chain, 2 * FUNDS), pay(chain, 1_000))
    batch = utility.batch.call(inner)
    assert batch.weight == weight_of_batch(inner) == sum((EACH + each.weight for each in inner), BASE)
    before = balances.free_balance(ALICE)
    applied = chain.submit(batch, ALICE)
    assert applied.weight == BASE + EACH + inner[0].weight + EACH + inner[1].weight
    (success,) = [event for event in chain.events if isinstance(event, ExtrinsicSuccess)][1:]
    assert success.dispatch_info.weight == applied.weight
    assert before - balances.free_balance(ALICE) < chain[TransactionPayment].fee(batch.weight, 1_000)
    nested = utility.as_derivative.call(0, utility.force_batch.call((batch,)))
    assert chain.dispatch(nested, Signed(ALICE)).weight_of(nested) == BASE + (
        BASE + EACH + (BASE + EACH + inner[0].weight + EACH + inner[1].weight)
    )


def test_a_batch_within_batches_runs_until_the_depth_is_used_up(chain: TestChain) -> None:
    call = chain[System].remark_with_event.call(b"deep")
    for _ in range(20):
        call = chain[Utility].batch.call((call,))
    codec = chain.host.codec(RuntimeCall)
    assert codec.decode(codec.encode(call)) == call
    chain.submit(call, ALICE)
    assert told_by_utility(chain) == [ItemCompleted(), BatchCompleted()] * 20
    assert len([event for event in chain.events if isinstance(event, Remarked)]) == 1
    for _ in range(20):
        call = chain[Utility].batch.call((call,))
    chain.dispatch(call, Signed(ALICE))
    assert BatchInterrupted(0, told.Exhausted()) in told_by_utility(chain)


def test_a_batch_looks_to_clients_as_substrates_does(chain: TestChain) -> None:
    """Bytes of `utility.batch([system.remark('hi')])` and of its events, written by hand from Substrate's
    indices.
    """
    codec = chain.host.codec(RuntimeCall)
    batch = chain[Utility].batch.call((chain[System].remark.call(b"hi"),))
    assert codec.encode(batch) == bytes([4, 0, 4, 0, 0, 8]) + b"hi"
    derivative = chain[Utility].as_derivative.call(258, chain[System].remark.call(b""))
    assert codec.encode(derivative) == bytes([4, 1, 2, 1, 0, 0, 0])
    as_alice = chain[Utility].dispatch_as.call(Signed(ALICE), chain[System].remark.call(b""))
    assert codec.encode(as_alice) == bytes([4, 3, 0, 1]) + ALICE + bytes([0, 0, 0])
    events = chain.host.codec(Utility.event_root)
    assert events.encode(BatchInterrupted(1, POOR)) == bytes([0, 1, 0, 0, 0, 7, 0])
    assert events.encode(DispatchedAs(Ok(()))) == bytes([5, 0])
    assert events.encode(DispatchedAs(Err(told.BadOrigin()))) == bytes([5, 1, 2])
