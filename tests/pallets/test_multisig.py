"""Multisig on a chain: enough approvals of exactly one call make it, once; deposits come back; and no wrapper
around it adds power.
"""

from __future__ import annotations

from typing import Any

import pytest

from pallets.balances import Balances
from pallets.multisig import Multisig
from pallets.multisig import types as t
from pallets.multisig.pallet import (
    BASE,
    BYTE,
    DEPOSIT,
    EACH,
    multi_account,
    weight_of_operation,
)
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from pallets.utility import Utility
from pallets.utility.pallet import EACH as UTILITY_EACH
from pallets.utility.types import BatchInterrupted
from runtime.crypto import ss58
from runtime.crypto.hashing import blake2b_128, blake2b_256, twox_64, twox_128
from runtime.frame import BadOrigin, Call, FundsUnavailable, Root, Signed
from runtime.frame.constant import constants_of
from runtime.frame.host import CALL_DEPTH_MAX, CallFiltered
from runtime.frame.late import RuntimeCall
from runtime.scale import Err, Ok
from runtime.testing import TestChain, refuses
from runtime.types import Address, Weight
from runtime.types import dispatch as told
from runtime.types.weight import WEIGHT_MAX

ALICE, BOB, CAROL, DAVE, EVE, DUST = (bytes([n]) * 32 for n in (1, 2, 3, 4, 5, 9))
FUNDS = 10**12
BASE_DEPOSIT, FACTOR = 1_000, 100
PLENTY = Weight(10**12, 10**6)
TWO_OF_THREE = multi_account((ALICE, BOB, CAROL), 2)
POOR = told.Token(told.FundsUnavailable())


@pytest.fixture
def chain() -> TestChain:
    rich = [[who, FUNDS] for who in (ALICE, BOB, CAROL, DUST, TWO_OF_THREE)]
    return TestChain(
        System,
        Timestamp,
        Balances,
        TransactionPayment,
        Utility,
        Multisig,
        config={
            "Balances": {"existential_deposit": 500, "dust_account": DUST},
            "TransactionPayment": {"fee_account": DUST},
            "Multisig": {"deposit_base": BASE_DEPOSIT, "deposit_factor": FACTOR},
        },
        genesis={"Balances": {"balances": rich}},
    )


def pay(chain: TestChain, amount: int = 5_000, dest: bytes = EVE) -> Call:
    return chain[Balances].transfer_keep_alive.call(Address(dest), amount)


def hash_of(chain: TestChain, call: Call) -> bytes:
    return blake2b_256(chain.host.codec(RuntimeCall).encode(call))


def others(who: bytes) -> tuple[bytes, ...]:
    return tuple(each for each in (ALICE, BOB, CAROL) if each != who)


def as_multi(chain: TestChain, who: bytes, call: Call, when: t.Timepoint | None = None) -> Call:
    return chain[Multisig].as_multi.call(2, others(who), when, call, PLENTY)


def approve(chain: TestChain, who: bytes, call: Call, when: t.Timepoint | None = None) -> Call:
    return chain[Multisig].approve_as_multi.call(2, others(who), when, hash_of(chain, call), Weight(0, 0))


def opened(chain: TestChain, call: Call) -> t.Operation:
    return chain[Multisig].multisigs[TWO_OF_THREE, hash_of(chain, call)]


def told_by_multisig(chain: TestChain) -> list[Any]:
    return [event for event in chain.events if isinstance(event, t.MultisigEvent)]


def test_an_account_of_several_is_the_one_that_substrate_derives() -> None:
    """@polkadot/util-crypto, `address/encodeMulti.spec.ts`: Alice, Bob and Charlie of the development
    phrase, two of three.
    """
    addresses = (
        "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY",
        "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty",
        "5FLSigC9HGRKVhB9FiEo4Y3koPsNmBmLJbpXg2mp1hXcS59Y",
    )
    signatories = tuple(sorted(ss58.decode(each)[0] for each in addresses))
    expected = "5DjYJStmdZ2rcqXbXGX7TW85JsrW6uG4y9MUcLq2BoPMpRA7"
    assert ss58.encode(multi_account(signatories, 2), 42) == expected
    assert multi_account(signatories, 3) != multi_account(signatories, 2)


def test_two_of_three_make_a_call_once(chain: TestChain) -> None:
    multisig, balances, call = chain[Multisig], chain[Balances], pay(chain)
    chain.submit(as_multi(chain, ALICE, call), ALICE)
    hashed, when = hash_of(chain, call), t.Timepoint(1, 1)
    deposit = BASE_DEPOSIT + 2 * FACTOR
    assert opened(chain, call) == t.Operation(when, deposit, ALICE, (ALICE,))
    assert balances.on_hold(DEPOSIT, ALICE) == deposit
    assert told_by_multisig(chain) == [t.NewMultisig(ALICE, TWO_OF_THREE, hashed)]
    chain.next_block()
    chain.submit(as_multi(chain, CAROL, call, when), CAROL)
    assert balances.free_balance(EVE) == 5_000
    assert balances.free_balance(TWO_OF_THREE) == FUNDS - 5_000
    assert balances.on_hold(DEPOSIT, ALICE) == 0
    assert told_by_multisig(chain) == [t.MultisigExecuted(CAROL, when, TWO_OF_THREE, hashed, Ok(()))]
    assert (TWO_OF_THREE, hashed) not in multisig.multisigs
    with refuses(chain, t.UnexpectedTimepoint):
        chain.dispatch(as_multi(chain, BOB, call, when), Signed(BOB))
    chain.next_block()
    chain.try_state()


def test_approvals_by_hash_make_nothing_until_somebody_brings_the_call(chain: TestChain) -> None:
    call = pay(chain)
    chain.submit(approve(chain, CAROL, call), CAROL)
    when = opened(chain, call).when
    chain.submit(approve(chain, ALICE, call, when), ALICE)
    assert opened(chain, call).approvals == (ALICE, CAROL)
    assert told_by_multisig(chain)[-1] == t.MultisigApproval(ALICE, when, TWO_OF_THREE, hash_of(chain, call))
    assert chain[Balances].free_balance(EVE) == 0
    chain.try_state()
    with refuses(chain, t.AlreadyApproved):
        chain.dispatch(approve(chain, BOB, call, when), Signed(BOB))
    chain.submit(as_multi(chain, ALICE, call, when), ALICE)  # who approved before may make it as well
    assert chain[Balances].free_balance(EVE) == 5_000
    chain.next_block()


def test_three_of_three_need_three(chain: TestChain) -> None:
    multisig, call, all_three = chain[Multisig], pay(chain), multi_account((ALICE, BOB, CAROL), 3)
    chain.dispatch(pay(chain, 50_000, all_three), Signed(ALICE))
    when = None
    for who, paid in ((ALICE, 0), (BOB, 0), (CAROL, 5_000)):
        chain.dispatch(multisig.as_multi.call(3, others(who), when, call, PLENTY), Signed(who))
        assert chain[Balances].free_balance(EVE) == paid
        operation = multisig.multisigs.get((all_three, hash_of(chain, call)))
        when = operation.when if operation else when
    assert chain[Balances].free_balance(all_three) == 45_000


def test_each_threshold_has_an_account_and_operations_of_its_own(chain: TestChain) -> None:
    """An approval for two of three is none for three of three, nor for two of Alice and Bob."""
    call = pay(chain)
    chain.dispatch(as_multi(chain, ALICE, call), Signed(ALICE))
    when = opened(chain, call).when
    for threshold, named in ((3, (ALICE, CAROL)), (2, (ALICE,))):
        with refuses(chain, t.UnexpectedTimepoint):
            chain.dispatch(chain[Multisig].as_multi.call(threshold, named, when, call, PLENTY), Signed(BOB))
    with refuses(chain, t.UnexpectedTimepoint):
        chain.dispatch(as_multi(chain, BOB, pay(chain, 5_001), when), Signed(BOB))


def test_a_refused_call_is_told_and_done_with(chain: TestChain) -> None:
    call = pay(chain, 2 * FUNDS)
    chain.submit(as_multi(chain, ALICE, call), ALICE)
    when = opened(chain, call).when
    applied = chain.submit(as_multi(chain, BOB, call, when), BOB)
    assert applied.failure is None
    assert told_by_multisig(chain)[-1].result == Err(POOR)
    assert chain[Balances].on_hold(DEPOSIT, ALICE) == 0
    assert (TWO_OF_THREE, hash_of(chain, call)) not in chain[Multisig].multisigs


def test_who_opened_an_operation_cancels_it_and_nobody_else(chain: TestChain) -> None:
    multisig, call = chain[Multisig], pay(chain)
    hashed = hash_of(chain, call)
    chain.submit(as_multi(chain, ALICE, call), ALICE)
    when = opened(chain, call).when
    with refuses(chain, t.NotOwner):
        chain.dispatch(multisig.cancel_as_multi.call(2, others(BOB), when, hashed), Signed(BOB))
    with refuses(chain, t.WrongTimepoint):
        late = t.Timepoint(when.height + 1, when.index)
        chain.dispatch(multisig.cancel_as_multi.call(2, others(ALICE), late, hashed), Signed(ALICE))
    with refuses(chain, t.NotFound):
        chain.dispatch(multisig.cancel_as_multi.call(2, others(ALICE), when, bytes(32)), Signed(ALICE))
    chain.submit(multisig.cancel_as_multi.call(2, others(ALICE), when, hashed), ALICE)
    assert told_by_multisig(chain)[-1] == t.MultisigCancelled(ALICE, when, TWO_OF_THREE, hashed)
    assert chain[Balances].on_hold(DEPOSIT, ALICE) == 0
    chain.next_block()
    chain.try_state()


def test_an_operation_that_was_opened_anew_is_not_the_one_that_was_approved(chain: TestChain) -> None:
    call = pay(chain)
    chain.submit(as_multi(chain, ALICE, call), ALICE)
    first = opened(chain, call).when
    chain.submit(chain[Multisig].cancel_as_multi.call(2, others(ALICE), first, hash_of(chain, call)), ALICE)
    chain.submit(as_multi(chain, ALICE, call), ALICE)
    assert opened(chain, call).when == t.Timepoint(1, 3)
    for attempt in (approve, as_multi):
        with refuses(chain, t.WrongTimepoint):
            chain.dispatch(attempt(chain, BOB, call, first), Signed(BOB))
        with refuses(chain, t.NoTimepoint):
            chain.dispatch(attempt(chain, BOB, call), Signed(BOB))
    with refuses(chain, t.AlreadyApproved):
        chain.dispatch(as_multi(chain, ALICE, call, t.Timepoint(1, 3)), Signed(ALICE))


def test_a_call_heavier_than_allowed_is_not_made_and_stays_approved(chain: TestChain) -> None:
    multisig, call = chain[Multisig], pay(chain)
    chain.submit(as_multi(chain, ALICE, call), ALICE)
    when = opened(chain, call).when
    weight = call.weight
    for less in (
        Weight(weight.ref_time - 1, weight.proof_size),
        Weight(weight.ref_time, weight.proof_size - 1),
    ):
        with refuses(
            chain, t.MaxWeightTooLow, "MaxWeightTooLow: The maximum weight information provided was too low."
        ):
            chain.dispatch(multisig.as_multi.call(2, others(BOB), when, call, less), Signed(BOB))
    assert opened(chain, call).approvals == (ALICE,)
    chain.submit(multisig.as_multi.call(2, others(BOB), when, call, weight), BOB)
    assert chain[Balances].free_balance(EVE) == 5_000


def test_one_of_several_acts_at_once_where_one_suffices(chain: TestChain) -> None:
    multisig, one = chain[Multisig], multi_account((ALICE, BOB), 1)
    chain.submit(pay(chain, 50_000, one), ALICE)
    chain.submit(multisig.as_multi_threshold_1.call((ALICE,), pay(chain)), BOB)
    assert chain[Balances].free_balance(EVE) == 5_000
    assert not list(multisig.multisigs.items())
    with refuses(chain, FundsUnavailable):
        chain.dispatch(multisig.as_multi_threshold_1.call((ALICE,), pay(chain, 50_000)), Signed(BOB))
    chain.next_block()


def test_the_deposit_is_made_what_the_chain_asks_for_now(chain: TestChain) -> None:
    multisig, balances, call = chain[Multisig], chain[Balances], pay(chain)
    hashed, deposit = hash_of(chain, call), BASE_DEPOSIT + 2 * FACTOR
    poke = multisig.poke_deposit.call(2, others(ALICE), hashed)
    with refuses(chain, t.NotFound):
        chain.dispatch(poke, Signed(ALICE))
    chain.submit(as_multi(chain, ALICE, call), ALICE)
    with refuses(chain, t.NotOwner):
        chain.dispatch(multisig.poke_deposit.call(2, others(BOB), hashed), Signed(BOB))
    before = balances.free_balance(ALICE)
    chain.submit(poke, ALICE)
    assert balances.free_balance(ALICE) < before  # nothing changed, so the fee is due
    for kept in (deposit - 300, deposit + 300):
        operation = opened(chain, call)
        if kept < deposit:
            balances.release(DEPOSIT, ALICE, deposit - kept)
        else:
            balances.hold(DEPOSIT, ALICE, kept - deposit)
        multisig.multisigs[TWO_OF_THREE, hashed] = operation.replace(deposit=kept)
        post = chain.dispatch(poke, Signed(ALICE))
        assert post.pays is False
        assert told_by_multisig(chain)[-1] == t.DepositPoked(ALICE, hashed, kept, deposit)
        assert opened(chain, call).deposit == balances.on_hold(DEPOSIT, ALICE) == deposit
        chain.try_state()


def test_refusals(chain: TestChain) -> None:
    multisig, call = chain[Multisig], pay(chain)
    hashed, when = hash_of(chain, call), t.Timepoint(1, 1)
    crowd = tuple(bytes([7, n]) * 16 for n in range(t.SIGNATORIES_MAX))
    for error, threshold, named in (
        (t.MinimumThreshold, 0, (BOB,)),
        (t.MinimumThreshold, 1, (BOB,)),
        (t.TooFewSignatories, 2, ()),
        (t.TooManySignatories, 2, crowd),
        (t.SignatoriesOutOfOrder, 2, (CAROL, BOB)),
        (t.SignatoriesOutOfOrder, 2, (BOB, BOB)),
        (t.SenderInSignatories, 2, (ALICE, BOB)),
    ):
        calls = [
            multisig.as_multi.call(threshold, named, None, call, PLENTY),
            multisig.approve_as_multi.call(threshold, named, None, hashed, PLENTY),
            multisig.cancel_as_multi.call(threshold, named, when, hashed),
            multisig.poke_deposit.call(threshold, named, hashed),
        ]
        if threshold > 1:
            calls.append(multisig.as_multi_threshold_1.call(named, call))
        for each in calls:
            with refuses(chain, error):
                chain.dispatch(each, Signed(ALICE))
            with refuses(chain, BadOrigin):
                chain.dispatch(each, Root())
    chain.dispatch(multisig.approve_as_multi.call(2, crowd[:-1], None, hashed, PLENTY), Signed(ALICE))
    for poor in (as_multi, approve):
        with refuses(chain, FundsUnavailable):
            chain.dispatch(poor(chain, EVE, call), Signed(EVE))


def test_who_makes_the_call_cannot_use_it_up(chain: TestChain) -> None:
    """Neither a filter around it nor calls that nest too deep spend what others have approved."""
    utility = chain[Utility]
    call = utility.batch_all.call((pay(chain),))
    chain.dispatch(as_multi(chain, ALICE, call), Signed(ALICE))
    when = opened(chain, call).when
    last = as_multi(chain, BOB, call, when)
    with refuses(chain, CallFiltered):
        chain.dispatch(utility.batch_all.call((last,)), Signed(BOB))
    deep = last
    for _ in range(CALL_DEPTH_MAX - 1):
        deep = utility.batch.call((deep,))
    chain.dispatch(deep, Signed(BOB))
    assert BatchInterrupted(0, told.Exhausted()) in chain.events
    assert opened(chain, call).approvals == (ALICE,)
    chain.dispatch(last, Signed(BOB))
    assert chain[Balances].free_balance(EVE) == 5_000


def test_the_call_is_the_accounts_and_nobody_elses(chain: TestChain) -> None:
    """Signed by the account of several: it can neither spend a signatory's coins nor be root."""
    force = chain[Balances].force_transfer.call(Address(ALICE), Address(EVE), 1)
    chain.dispatch(as_multi(chain, ALICE, force), Signed(ALICE))
    chain.dispatch(as_multi(chain, BOB, force, opened(chain, force).when), Signed(BOB))
    assert told_by_multisig(chain)[-1].result == Err(told.BadOrigin())
    everything = pay(chain, FUNDS - 500)
    chain.dispatch(as_multi(chain, ALICE, everything), Signed(ALICE))
    free = [chain[Balances].free_balance(who) for who in (ALICE, BOB)]
    chain.dispatch(as_multi(chain, BOB, everything, opened(chain, everything).when), Signed(BOB))
    paid = BASE_DEPOSIT + 2 * FACTOR
    assert [chain[Balances].free_balance(who) for who in (ALICE, BOB)] == [free[0] + paid, free[1]]
    assert chain[Balances].free_balance(TWO_OF_THREE) == 500


def test_an_operation_runs_once_however_often_it_is_completed(chain: TestChain) -> None:
    """And an account of several may itself be one of several."""
    multisig, outer = chain[Multisig], multi_account(tuple(sorted((TWO_OF_THREE, DAVE))), 1)
    inner = multisig.as_multi_threshold_1.call((DAVE,), pay(chain))
    chain.dispatch(pay(chain, 50_000, outer), Signed(ALICE))
    chain.dispatch(as_multi(chain, ALICE, inner), Signed(ALICE))
    when = opened(chain, inner).when
    twice = chain[Utility].force_batch.call((as_multi(chain, BOB, inner, when),) * 2)
    chain.dispatch(twice, Signed(BOB))
    assert chain[Balances].free_balance(EVE) == 5_000
    assert chain[Balances].free_balance(outer) == 45_000


def test_what_an_approval_and_a_call_weigh(chain: TestChain) -> None:
    multisig, call = chain[Multisig], pay(chain)
    operation = weight_of_operation(2, call)
    size = len(chain.host.codec(RuntimeCall).encode(call))
    assert operation == weight_of_operation(2) + BYTE.times(size)
    assert weight_of_operation(7) == weight_of_operation(2) + EACH.times(5)
    first = as_multi(chain, ALICE, call)
    assert first.weight == operation + PLENTY
    assert chain.submit(first, ALICE).weight == operation
    when = opened(chain, call).when
    assert approve(chain, BOB, call, when).weight == weight_of_operation(2)
    assert chain.submit(as_multi(chain, BOB, call, when), BOB).weight == operation + call.weight
    one = multisig.as_multi_threshold_1.call((ALICE,), call)
    assert one.weight == BASE + EACH + call.weight
    batch = chain[Utility].batch.call((pay(chain, 2 * FUNDS), call))
    chain.dispatch(as_multi(chain, ALICE, batch), Signed(ALICE))
    last = as_multi(chain, BOB, batch, opened(chain, batch).when)
    used = chain.dispatch(last, Signed(BOB)).weight_of(last)
    assert used + call.weight == weight_of_operation(2, batch) + batch.weight - UTILITY_EACH
    most = multisig.as_multi.call(2, others(ALICE), None, call, WEIGHT_MAX)
    assert most.weight == WEIGHT_MAX


def test_multisig_looks_to_clients_as_substrates_does(chain: TestChain) -> None:
    """Bytes written by hand from pallet_multisig's indices and layouts."""
    codec, multisig, remark = chain.host.codec(RuntimeCall), chain[Multisig], chain[System].remark.call(b"")
    weight = bytes([4, 8])
    assert codec.encode(multisig.as_multi_threshold_1.call((BOB,), remark)) == bytes([5, 0, 4]) + BOB + bytes(
        3
    )
    when = t.Timepoint(258, 3)
    moment = bytes([1, 2, 1, 0, 0, 3, 0, 0, 0])
    encoded = codec.encode(multisig.as_multi.call(2, (BOB,), when, remark, Weight(1, 2)))
    assert encoded == bytes([5, 1, 2, 0, 4]) + BOB + moment + bytes(3) + weight
    encoded = codec.encode(multisig.approve_as_multi.call(2, (BOB,), None, EVE, Weight(1, 2)))
    assert encoded == bytes([5, 2, 2, 0, 4]) + BOB + bytes(1) + EVE + weight
    encoded = codec.encode(multisig.cancel_as_multi.call(2, (BOB,), when, EVE))
    assert encoded == bytes([5, 3, 2, 0, 4]) + BOB + moment[1:] + EVE
    encoded = codec.encode(multisig.poke_deposit.call(2, (BOB,), EVE))
    assert encoded == bytes([5, 4, 2, 0, 4]) + BOB + EVE
    events = chain.host.codec(t.MultisigEvent)
    executed = t.MultisigExecuted(ALICE, when, BOB, EVE, Ok(()))
    assert events.encode(executed) == bytes([2]) + ALICE + moment[1:] + BOB + EVE + bytes(1)
    stored = chain.host.codec(t.Operation).encode(t.Operation(when, 1, ALICE, (ALICE,)))
    assert stored == moment[1:] + bytes([1]) + bytes(15) + ALICE + bytes([4]) + ALICE
    key = multisig.multisigs.key_of((ALICE, EVE))
    assert key == (
        twox_128(b"Multisig") + twox_128(b"Multisigs") + twox_64(ALICE) + ALICE + blake2b_128(EVE) + EVE
    )
    published = {each.name: each.value for each in constants_of(multisig)}
    assert published == {"DepositBase": BASE_DEPOSIT, "DepositFactor": FACTOR, "MaxSignatories": 100}
