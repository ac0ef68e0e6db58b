"""Hooks never raise: whatever was called before, blocks go on, and what is stored holds together."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pallets.balances import Balances
from pallets.kitchensink import KitchenSink
from pallets.kitchensink.types import PinDeposit
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.transaction_payment import TransactionPayment
from pallets.utility import Utility
from runtime.frame import Call, Origin, Root, Signed
from runtime.testing import TestChain
from runtime.types import Address

ALICE, BOB, DUST = (bytes([n]) * 32 for n in (1, 2, 9))
PALLETS = (System, Timestamp, Balances, TransactionPayment, Utility, KitchenSink)
CONFIG: dict[str, dict[str, Any]] = {
    "Balances": {"existential_deposit": 500, "dust_account": DUST},
    "TransactionPayment": {"fee_account": DUST},
    "KitchenSink": {"lifetime": 2, "notices_per_block_max": 3},
}
FUNDS = 10**8
GENESIS = {
    "Balances": {"balances": [[ALICE, FUNDS], [BOB, FUNDS], [DUST, FUNDS]]},
    "KitchenSink": {"caretaker": BOB},
}
FIRST = TestChain(*PALLETS, config=CONFIG, genesis=GENESIS)
SINK, COIN, WRAP = FIRST[KitchenSink], FIRST[Balances], FIRST[Utility]

small = st.integers(0, 6)
amounts = st.integers(0, 2 * FUNDS)
accounts = st.sampled_from([ALICE, BOB, DUST])
simple = st.one_of(
    st.builds(SINK.pin.call, st.binary(max_size=4)),
    st.builds(SINK.unpin.call, small),
    st.builds(SINK.sweep.call, small),
    st.builds(SINK.set_deposit.call, st.sampled_from([0, 1, 10**6, 10**8])),
    st.builds(SINK.promise.call, amounts),
    st.builds(lambda who, value: COIN.transfer_allow_death.call(Address(who), value), accounts, amounts),
    st.builds(
        lambda source, dest, value: COIN.force_transfer.call(Address(source), Address(dest), value),
        accounts,
        accounts,
        amounts,
    ),
)


def wrapped(inner: st.SearchStrategy[Call]) -> st.SearchStrategy[Call]:
    return st.one_of(
        st.builds(SINK.as_caretaker.call, inner),
        st.builds(SINK.postpone.call, st.integers(1, 9), inner),
        st.builds(lambda calls: WRAP.batch.call(tuple(calls)), st.lists(inner, max_size=3)),
        st.builds(lambda calls: WRAP.force_batch.call(tuple(calls)), st.lists(inner, max_size=3)),
        st.builds(WRAP.as_derivative.call, st.just(0), inner),
        st.builds(WRAP.dispatch_as.call, st.builds(Signed, accounts), inner),
    )


calls = st.recursive(simple, wrapped, max_leaves=6)
origins: st.SearchStrategy[Origin] = st.one_of(st.just(Root()), st.builds(Signed, accounts))
blocks = st.lists(st.lists(st.tuples(calls, origins), max_size=5), min_size=1, max_size=7)


@settings(max_examples=40, deadline=None)
@given(blocks)
def test_blocks_go_on_and_storage_holds_together(given_blocks: list[list[tuple[Call, Origin]]]) -> None:
    chain = TestChain(*PALLETS, config=CONFIG, genesis=GENESIS, runtime=FIRST.runtime)
    for block in given_blocks:
        for call, origin in block:
            chain.host.try_dispatch(call, origin)
        chain.dispatch(chain[System].remark.call(b""), Signed(ALICE))
        chain.next_block()
        chain.try_state()
    infos = [info.data for _, info in chain[System].account.items()]
    assert sum(data.free + data.reserved for data in infos) == chain[Balances].issuance()
    pinned = sum(notice.deposit for notice in chain[KitchenSink].notices.values())
    held = [chain[Balances].on_hold(PinDeposit(), who) for who, _ in chain[System].account.items()]
    assert pinned == sum(held)
