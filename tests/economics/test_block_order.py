"""The order of a block: what moves a figure comes before what acts on it, and judgement comes last."""

import pytest

from genesis.seats import Timing, seats
from node.plugins import discover
from pallets.ledger.types import OrphanCancelled
from pallets.redemption.types import LossShared, Service
from pallets.rewards.types import SharedOut
from runtime.frame.coin import Mode
from runtime.loader import load
from runtime.spec import RuntimeSpec
from support.coin import ALICE, BOB, COIN, CPU_CLASS, FEES, ISSUERS, CoinChain

ONE = ISSUERS[0]
OPENING = (
    "Beacon",
    "Oracle",
    "Attestation",
    "Standards",
    "Providers",
    "Slashing",
    "Rewards",
    "Reserve",
    "Redemption",
)
"""Section 11: oracle, windows, standard, leavers and deficits, R against O, matching and settling."""
CLOSING = ("TransactionPayment", "Providers", "Solvency")
"""Fees into the pot, deficits flagged, then the mode and the digest."""


@pytest.mark.parametrize("blocks_per_epoch", [0, 100], ids=["one author", "validators"])
def test_hooks_run_in_the_order_of_the_design(blocks_per_epoch: int) -> None:
    timing = Timing(blocks_per_hour=120, blocks_per_epoch=blocks_per_epoch)
    runtime = load(RuntimeSpec(spec_version=1, pallets=seats(timing, sudo=False)), discover())
    for name, order in (("on_initialize", OPENING), ("on_finalize", CLOSING)):
        found = [hook.pallet for hook in runtime.parts.hooks[name]]
        assert [each for each in found if each in order] == list(order), name
    closing = [hook.pallet for hook in runtime.parts.hooks["on_finalize"]]
    assert set(closing[closing.index("Solvency") + 1 :]) <= {"Staking", "Offences"}


def test_fees_reach_the_reserve_and_the_reserve_the_orphan_debt_before_a_ticket_shares_it() -> None:
    """In one block: what a ticket bears is what is left when the reserve has done what it can."""
    chain = CoinChain(still="hours")
    chain.ledger.orphan(ONE, chain.ledger.supply // 8)
    chain.run()
    assert chain.ledger.mode_now() == Mode.Orange
    ticket = chain.redemption.next_ticket
    chain.by(ALICE, chain.redemption.redeem.call(100 * COIN, Service.Train, CPU_CLASS, 0, bytes(32)))
    chain.balances.transfer(BOB, FEES, 1_000 * COIN)
    chain.run()
    events = [type(each) for each in chain.events]
    order = [events.index(each) for each in (SharedOut, OrphanCancelled, LossShared)]
    assert order == sorted(order)
    shared, burned, borne = (chain.events[place] for place in order)
    assert shared == SharedOut(0, 0, 0, 0, 1_000 * COIN)
    assert burned == OrphanCancelled(1_000 * COIN)
    orphaned, supply = chain.ledger.orphaned + borne.amount, chain.ledger.supply + borne.amount
    assert borne == LossShared(ticket, -(-100 * COIN * orphaned // supply))
