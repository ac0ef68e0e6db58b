"""Treasury: who may spend how much, when it is paid, and that it burns nothing and takes what is its own."""

from __future__ import annotations

from typing import Any, cast

import pytest

from governance import origins
from governance.origins import Origins
from governance.treasury import Treasury
from governance.treasury import types as t
from node.bench.weights import Counting, Open
from pallets.balances import Balances
from pallets.rewards.types import SharedOut
from pallets.system import System
from pallets.timestamp import Timestamp
from pallets.utility import Utility
from runtime.frame import BadOrigin, Call, Origin, Root, Signed, pallet_account
from runtime.frame.constant import constants_of
from runtime.scale import codec_of
from runtime.testing import TestChain, refuses
from runtime.types import db
from runtime.types.account import Address
from runtime.types.limits import BLOCK_MAX
from support.coin import COIN, COIN_PALLETS, FEES, RESERVE, CoinChain
from support.costs import weigh

ALICE, BOB, CAROL = (bytes([n]) * 32 for n in (1, 2, 3))
POT = pallet_account("Treasury")
ED = 500
FUNDS = 10_000
SPEND_MAX = 6_000
PERIOD, PAYOUT = 6, 10
CONFIG = {"blocks_per_hour": 2, "spend_max": SPEND_MAX, "spend_period_hours": 3, "payout_period_hours": 5}
VOTE = origins.Treasury()
LIMIT = "InsufficientPermission: The track may not approve so much in one block."


class Chain(TestChain):
    """A treasury of so many coins above the deposit."""

    __test__ = False

    def __init__(self, funds: int = FUNDS) -> None:
        super().__init__(
            System,
            Timestamp,
            Balances,
            Utility,
            Origins,
            Treasury,
            config={"Balances": {"existential_deposit": ED, "dust_account": ALICE}, "Treasury": CONFIG},
            genesis={"Balances": {"balances": [[ALICE, 10**9], [BOB, ED], [POT, funds + ED]]}},
        )

    @property
    def treasury(self) -> Treasury:
        return self[Treasury]

    def free(self, who: bytes) -> int:
        return self[Balances].free_balance(who)

    def local(self, amount: int, who: bytes = BOB, origin: Origin = VOTE) -> None:
        self.dispatch(self.treasury.spend_local.call(amount, Address(who)), origin)

    def spend(
        self, amount: int, who: bytes = BOB, valid_from: int | None = None, origin: Origin = VOTE
    ) -> None:
        self.dispatch(self.treasury.spend.call((), amount, Address(who), valid_from), origin)

    def waiting(self) -> list[int]:
        return list(self.treasury.approvals)

    def by(self, call: Call) -> None:
        self.dispatch(call, Signed(ALICE))

    def end_period(self) -> None:
        """Seal blocks until the next one that ends a period is open."""
        self.next_block(PERIOD - self.number % PERIOD)


@pytest.fixture
def chain() -> Chain:
    return Chain()


# At the end of a period.


def test_what_waits_is_paid_at_the_end_of_the_period(chain: Chain) -> None:
    chain.local(1_000)
    chain.assert_last_event(t.SpendApproved(0, 1_000, BOB))
    assert chain.treasury.proposals[0] == t.Proposal(BOB, 1_000, BOB, 0)
    chain.try_state()
    chain.run_to(PERIOD - 1)
    assert chain.free(BOB) == ED
    chain.next_block()
    assert chain.free(BOB) == ED + 1_000 and chain.free(POT) == FUNDS + ED - 1_000
    told = [each for each in chain.events if isinstance(each, t.TreasuryEvent)]
    assert told == [t.Spending(FUNDS), t.Awarded(0, 1_000, BOB), t.Rollover(FUNDS - 1_000)]
    assert chain.treasury.approvals == () and 0 not in chain.treasury.proposals
    chain.next_block(PERIOD)
    assert chain.free(BOB) == ED + 1_000
    chain.try_state()


def test_what_is_too_much_waits_and_lets_the_others_by(chain: Chain) -> None:
    chain.local(FUNDS + 1, origin=Root())
    chain.local(4_000, CAROL)
    chain.end_period()
    assert (chain.free(BOB), chain.free(CAROL)) == (ED, 4_000)
    assert chain.treasury.approvals == (0,)
    chain.dispatch(chain[Balances].transfer_keep_alive.call(Address(POT), 4_001), Signed(ALICE))
    chain.end_period()
    assert (chain.free(BOB), chain.free(POT)) == (ED + FUNDS + 1, ED)
    chain.try_state()


def test_the_oldest_is_paid_first(chain: Chain) -> None:
    chain.local(FUNDS - 1_000, origin=Root())
    chain.local(1_001, CAROL)
    chain.end_period()
    assert (chain.free(BOB), chain.free(CAROL)) == (ED + FUNDS - 1_000, 0)
    assert chain.treasury.approvals == (1,)


def test_who_could_not_exist_with_so_little_waits_until_it_is_taken_back(chain: Chain) -> None:
    chain.local(ED - 1, CAROL)
    chain.end_period()
    assert chain.waiting() == [0]
    chain.dispatch(chain.treasury.remove_approval.call(0), VOTE)
    assert chain.waiting() == [] and 0 not in chain.treasury.proposals
    chain.try_state()
    with refuses(
        chain,
        t.ProposalNotApproved,
        "ProposalNotApproved: No spend of this number waits for the end of a period.",
    ):
        chain.dispatch(chain.treasury.remove_approval.call(0), Root())


def test_a_hundred_wait_and_all_of_them_are_paid_for_what_that_is_said_to_cost() -> None:
    people = [number.to_bytes(32, "big") for number in range(100, 100 + t.APPROVALS_MAX)]
    chain = Chain(funds=ED * t.APPROVALS_MAX)
    for who in people:
        chain.local(ED, who, Root())
    with refuses(
        chain,
        t.TooManyApprovals,
        "TooManyApprovals: As many spends wait as can: a period pays first.",
    ):
        chain.local(ED)
    host, overlay = chain.host, chain.host.overlay
    host.overlay = counting = Counting(Open(cast("Any", chain)))
    used = chain.treasury.on_initialize(PERIOD)
    host.overlay = overlay
    cost = db(len(counting.looked), len(dict(counting.changes())), compute=0)
    assert cost.fits(used) and not cost.times(2).fits(used)
    assert used.times(40).fits(BLOCK_MAX)
    chain.end_period()
    assert {chain.free(who) for who in people} == {ED}
    assert (chain.treasury.approvals, chain.free(POT)) == ((), ED)
    assert chain.treasury.on_initialize(PERIOD) == db(reads=3, writes=1)
    assert chain.treasury.on_initialize(PERIOD + 1) == db()


# Claimed.


def test_a_spend_is_claimed_by_anybody_once(chain: Chain) -> None:
    now = chain.number
    chain.spend(1_000)
    chain.assert_last_event(t.AssetSpendApproved(0, (), 1_000, BOB, now, now + PAYOUT))
    assert chain.treasury.spends[0] == t.SpendStatus((), 1_000, BOB, now, now + PAYOUT, t.Pending())
    chain.next_block()
    assert chain.submit(chain.treasury.payout.call(0), ALICE).failure is None
    chain.assert_event(t.Paid(0, ()))
    chain.assert_event(t.SpendProcessed(0))
    assert chain.free(BOB) == ED + 1_000
    chain.next_block()
    with refuses(chain, t.InvalidIndex, "InvalidIndex: There is no spend of this number."):
        chain.by(chain.treasury.payout.call(0))


def test_it_can_be_claimed_between_two_blocks(chain: Chain) -> None:
    first = chain.number + 3
    chain.spend(1_000, valid_from=first)
    chain.spend(2_000, CAROL, valid_from=first)
    chain.run_to(first - 1)
    with refuses(chain, t.EarlyPayout, "EarlyPayout: The spend cannot be claimed yet."):
        chain.by(chain.treasury.payout.call(0))
    chain.run_to(first + PAYOUT - 1)
    with refuses(
        chain,
        t.NotAttempted,
        "NotAttempted: The spend can still be claimed, and nobody has: there is nothing to check.",
    ):
        chain.by(chain.treasury.check_status.call(0))
    chain.by(chain.treasury.payout.call(0))
    chain.next_block()
    with refuses(
        chain,
        t.SpendExpired,
        "SpendExpired: The spend has expired, or would have before anybody could claim it.",
    ):
        chain.by(chain.treasury.payout.call(1))
    assert chain.submit(chain.treasury.check_status.call(1), ALICE).failure is None
    chain.assert_event(t.SpendProcessed(1))
    assert (chain.free(BOB), chain.free(CAROL)) == (ED + 1_000, 0)
    chain.try_state()


def test_it_may_begin_in_the_past_if_it_has_not_ended_there(chain: Chain) -> None:
    chain.run_to(PAYOUT + 3)
    with refuses(chain, t.SpendExpired):
        chain.spend(1_000, valid_from=3)
    chain.spend(1_000, valid_from=4)
    chain.by(chain.treasury.payout.call(0))
    last = (1 << 32) - 1
    with refuses(chain, t.SpendExpired):
        chain.spend(1_000, valid_from=last)
    chain.spend(1_000, valid_from=last - 1)
    assert chain.treasury.spends[1].expire_at == last


@pytest.mark.parametrize(("amount", "who"), [(FUNDS + 1, BOB), (ED - 1, CAROL)])
def test_what_cannot_be_paid_now_can_be_claimed_later(chain: Chain, amount: int, who: bytes) -> None:
    chain.spend(amount, who, origin=Root())
    with refuses(
        chain,
        t.PayoutError,
        "PayoutError: The treasury cannot pay this now: it has less, or the beneficiary could not exist with "
        "so little.",
    ):
        chain.by(chain.treasury.payout.call(0))
    for to in (POT, who):
        chain.by(chain[Balances].transfer_keep_alive.call(Address(to), ED))
    chain.by(chain.treasury.payout.call(0))
    assert 0 not in chain.treasury.spends


def test_what_nobody_claimed_can_be_taken_back(chain: Chain) -> None:
    chain.spend(1_000)
    chain.dispatch(chain.treasury.void_spend.call(0), VOTE)
    chain.assert_last_event(t.AssetSpendVoided(0))
    for call in (chain.treasury.void_spend.call(0), chain.treasury.void_spend.call(7)):
        with refuses(chain, t.InvalidIndex):
            chain.dispatch(call, Root())
    with refuses(chain, t.InvalidIndex):
        chain.by(chain.treasury.check_status.call(0))


# Who, and how much.


def test_the_track_approves_so_much_a_block_and_root_any_amount(chain: Chain) -> None:
    with refuses(chain, t.InsufficientPermission, LIMIT):
        chain.local(SPEND_MAX + 1)
    with refuses(chain, t.InsufficientPermission, LIMIT):
        chain.spend(SPEND_MAX + 1)
    chain.local(SPEND_MAX - 1)
    chain.spend(1)
    with refuses(chain, t.InsufficientPermission, LIMIT):
        chain.spend(1)
    chain.local(2**128 - 1, origin=Root())
    chain.spend(2**128 - 1, origin=Root())
    chain.next_block()
    chain.spend(SPEND_MAX)
    with refuses(chain, t.InsufficientPermission, LIMIT):
        chain.local(2**128 - 1)


def test_a_batch_approves_no_more_than_one_call(chain: Chain) -> None:
    half = chain.treasury.spend_local.call(SPEND_MAX // 2, Address(BOB))
    more = chain.treasury.spend.call((), 1, Address(BOB), None)
    with refuses(chain, t.InsufficientPermission, LIMIT):
        chain.dispatch(chain[Utility].batch_all.call((half, half, more)), VOTE)
    chain.dispatch(chain[Utility].batch_all.call((half, half)), VOTE)


def test_nothing_is_approved_for_nobody_else_and_no_nothing(chain: Chain) -> None:
    to = Address(BOB)
    calls = (
        chain.treasury.spend_local.call(1, to),
        chain.treasury.spend.call((), 1, to, None),
        chain.treasury.remove_approval.call(0),
        chain.treasury.void_spend.call(0),
    )
    for call in calls:
        for origin in (Signed(ALICE), origins.FeesLooser(), origins.Lists(), origins.SlashCancel()):
            with refuses(chain, BadOrigin):
                chain.dispatch(call, origin)
    for call in (chain.treasury.payout.call(0), chain.treasury.check_status.call(0)):
        with refuses(chain, BadOrigin):
            chain.dispatch(call, VOTE)
    for allowed in (VOTE, Root()):
        with refuses(chain, t.ZeroSpend, "ZeroSpend: A spend is of coins: name more than none."):
            chain.local(0, origin=allowed)
        with refuses(chain, t.ZeroSpend):
            chain.spend(0, origin=allowed)


def test_calls_cost_what_they_say(chain: Chain) -> None:
    treasury, to = chain.treasury, Address(CAROL)
    chain.spend(1_000, CAROL)
    chain.spend(1_000, valid_from=0)
    chain.local(1_000)
    chain.next_block()
    for call, origin in (
        (treasury.spend_local.call(1, to), VOTE),
        (treasury.spend.call((), 1, to, None), VOTE),
        (treasury.remove_approval.call(0), VOTE),
        (treasury.void_spend.call(0), VOTE),
        (treasury.payout.call(0), Signed(ALICE)),
    ):
        reads, writes, _ = weigh(chain, call, origin)
        assert db(reads, writes, compute=0).fits(call.weight), call
    chain.run_to(PAYOUT + 1)
    reads, writes, info = weigh(chain, treasury.check_status.call(1), Signed(ALICE))
    assert db(reads, writes, compute=0).fits(treasury.check_status.call(1).weight)
    assert not info.pays


def test_clients_find_substrates_constants(chain: Chain) -> None:
    found = {each.name: each.value for each in constants_of(chain.treasury)}
    assert (
        found.items()
        >= {
            "SpendPeriod": PERIOD,
            "PayoutPeriod": PAYOUT,
            "Burn": 0,
            "MaxApprovals": 100,
            "PotAccount": POT,
        }.items()
    )
    assert codec_of(t.SpendStatus).encode(t.SpendStatus((), 5, BOB, 1, 2, t.Pending())) == (
        (5).to_bytes(16, "little") + BOB + b"\1\0\0\0\2\0\0\0\0"
    )


# Whose the coins are.


def coin_chain() -> CoinChain:
    """The coin with a treasury that gets its share of the fees."""
    return CoinChain(
        pallets=(*COIN_PALLETS, Origins, Treasury),
        config={
            "Rewards": {"treasury": POT},
            "Treasury": {"blocks_per_hour": 10, "spend_max": 10 * COIN},
        },
        still="hours",
    )


def shared(chain: CoinChain, fees: int) -> SharedOut:
    """What became of fees that came in."""
    chain.dispatch(chain.balances.transfer_keep_alive.call(Address(FEES), fees), Signed(ALICE))
    chain.run()
    (found,) = [each for each in chain.events if isinstance(each, SharedOut)]
    return found


def test_its_share_is_a_tenth_of_what_the_reserve_leaves_and_no_coin_is_burned() -> None:
    chain = coin_chain()
    assert chain.reserve.lacking_now()
    assert shared(chain, COIN).treasury == 0 and chain.balances.free_balance(POT) == 0
    chain.by(ALICE, chain.balances.transfer_keep_alive.call(Address(RESERVE), chain.reserve.lacking_now()))
    found = shared(chain, COIN)
    assert (found.treasury, chain.balances.free_balance(POT)) == (COIN // 10, COIN // 10)
    supply, reserve = chain.ledger.total_supply(), chain.ledger.reserve_balance()
    chain.dispatch(chain[Treasury].spend.call((), COIN // 20, Address(BOB), None), VOTE)
    chain.by(ALICE, chain[Treasury].payout.call(0))
    chain.run()
    assert (chain.ledger.total_supply(), chain.ledger.reserve_balance()) == (supply, reserve)
    chain.run_to(241)  # a period has ended
    assert chain.ledger.total_supply() == supply
    assert chain.balances.free_balance(POT) == COIN // 10 - COIN // 20
    chain.try_state()
