"""Treasury: coins for the common good, spent by vote.

    fees' share, gifts --> treasury --spend_local--> paid at the end of a period, if there is enough
                                    --spend--------> claimed by anybody between two blocks: payout

What comes in is what somebody gives it, and its share of the fees once the reserve has its target; what a
slash or a removed account leaves is the reserve's. Nothing is ever burned: each coin is somebody's debt.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from governance import origins
from governance.treasury import types as t
from runtime.frame import (
    Pallet,
    PostInfo,
    Root,
    Signed,
    StorageMap,
    StorageValue,
    TokenError,
    Twox64Concat,
    call,
    constant,
    hookimpl,
    lookup,
)
from runtime.frame.interfaces import Currency
from runtime.scale import U32, Compact
from runtime.types import AccountId, Balance, BlockNumber, MultiAddress, Weight, db

PAYMENT: Final = db(reads=2, writes=2, compute=60_000_000)
"""Coins that move."""
AWARD: Final = PAYMENT + db(reads=1, writes=1, compute=0)
"""A spend that is paid at the end of a period, and forgotten."""
FREE: Final = PostInfo(pays=False)


class Treasury(Pallet[t.TreasuryEvent, t.TreasuryError]):
    """Coins for the common good."""

    config: t.Config
    coin: Currency

    proposal_count = StorageValue[t.ProposalIndex](
        default=0, doc="Number of proposals that have been made: of spends that a period pays."
    )
    proposals = StorageMap[t.ProposalIndex, t.Proposal](
        hasher=Twox64Concat, doc="Spends that the end of a period pays."
    )
    approvals = StorageValue[t.Approvals](
        default=(),
        doc="Proposal indices that have been approved but not yet awarded; the first is paid first.",
    )
    spend_count = StorageValue[t.SpendIndex](default=0, doc="The count of spends that have been made.")
    spends = StorageMap[t.SpendIndex, t.SpendStatus](
        hasher=Twox64Concat, doc="Spends that have been approved, and can be claimed or will be."
    )
    approved = StorageValue[t.Approved](
        default=t.Approved(), doc="What the track has last approved, in one block together."
    )

    # Calls of those who vote.

    @call(index=3, weight=db(reads=3, writes=4))
    def spend_local(
        self, origin: Root | origins.Treasury, amount: Compact[Balance], beneficiary: MultiAddress
    ) -> None:
        """Approve a spend that the end of a period pays, the next one in which there is enough."""
        who = lookup(beneficiary)
        self._permit(origin, amount)
        waiting, index = self.approvals, self.proposal_count
        if len(waiting) >= t.APPROVALS_MAX:
            raise t.TooManyApprovals
        self.approvals = (*waiting, index)
        self.proposals[index] = t.Proposal(who, amount, who, 0)
        self.proposal_count = index + 1
        self.emit(t.SpendApproved(index, amount, who))

    @call(index=4, weight=db(reads=2, writes=2))
    def remove_approval(self, origin: Root | origins.Treasury, proposal_id: Compact[t.ProposalIndex]) -> None:
        """Take back a spend that waits for the end of a period."""
        if proposal_id not in self.approvals:
            raise t.ProposalNotApproved
        self.approvals = tuple(each for each in self.approvals if each != proposal_id)
        del self.proposals[proposal_id]

    @call(index=5, weight=db(reads=2, writes=3))
    def spend(
        self,
        origin: Root | origins.Treasury,
        asset_kind: t.Nothing,
        amount: Compact[Balance],
        beneficiary: MultiAddress,
        valid_from: BlockNumber | None,
    ) -> None:
        """Approve a spend that anybody may let be paid, from block `valid_from`, or now, until a payout
        period later.
        """
        who, now = lookup(beneficiary), self.host.number
        begins = now if valid_from is None else valid_from
        ends = min(t.BLOCK_MAX, begins + self.payout_period())
        if ends <= max(now, begins):
            raise t.SpendExpired
        self._permit(origin, amount)
        index = self.spend_count
        self.spends[index] = t.SpendStatus((), amount, who, begins, ends, t.Pending())
        self.spend_count = index + 1
        self.emit(t.AssetSpendApproved(index, (), amount, who, begins, ends))

    @call(index=8, weight=db(reads=1, writes=1))
    def void_spend(self, origin: Root | origins.Treasury, index: t.SpendIndex) -> None:
        """Take back a spend that nobody has claimed."""
        self._spend(index)
        del self.spends[index]
        self.emit(t.AssetSpendVoided(index))

    # Calls of everybody.

    @call(index=6, weight=PAYMENT + db(reads=1, writes=1))
    def payout(self, origin: Signed, index: t.SpendIndex) -> None:
        """Let a spend be paid, at once and for good."""
        spend, now = self._spend(index), self.host.number
        if now < spend.valid_from:
            raise t.EarlyPayout
        if now >= spend.expire_at:
            raise t.SpendExpired
        try:
            self._pay(spend.beneficiary, spend.amount)
        except TokenError:
            raise t.PayoutError from None
        del self.spends[index]
        self.emit(t.Paid(index, ()))
        self.emit(t.SpendProcessed(index))

    @call(index=7, weight=db(reads=1, writes=1))
    def check_status(self, origin: Signed, index: t.SpendIndex) -> PostInfo:
        """Remove a spend that has expired. Whoever tidies up pays no fee."""
        if self.host.number < self._spend(index).expire_at:
            raise t.NotAttempted
        del self.spends[index]
        self.emit(t.SpendProcessed(index))
        return FREE

    # Hooks.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """At the end of a period pay what waits, the oldest first, and leave out what is too much."""
        if now % self.spend_period():
            return db()
        waiting = self.approvals
        self.emit(t.Spending(self._budget()))
        left = tuple(index for index in waiting if not self._award(index))
        if left != waiting:
            self.approvals = left
        self.emit(t.Rollover(self._budget()))
        return db(reads=3, writes=1) + AWARD.times(len(waiting))

    # Constants, named as Substrate's.

    @constant
    def spend_period(self) -> BlockNumber:
        """Period between successive spends."""
        return self.config.spend_period_hours * self.config.blocks_per_hour

    @constant
    def burn(self) -> t.Permill:
        """Percentage of spare funds (if any) that are burnt per spend period: none."""
        return 0

    @constant
    def max_approvals(self) -> U32:
        """The maximum number of approvals that can wait in the spending queue."""
        return t.APPROVALS_MAX

    @constant
    def payout_period(self) -> BlockNumber:
        """The period during which an approved treasury spend has to be claimed."""
        return self.config.payout_period_hours * self.config.blocks_per_hour

    @constant
    def pot_account(self) -> AccountId:
        """The treasury's own account."""
        return self.account_id

    # Below.

    def _permit(self, origin: Root | origins.Treasury, amount: Balance) -> None:
        """Count what is approved. A proposal may be a batch, so the track's limit is one of a block."""
        if not amount:
            raise t.ZeroSpend
        if isinstance(origin, Root):
            return
        before, now = self.approved, self.host.number
        total = amount + (before.amount if before.at == now else 0)
        if total > self.config.spend_max:
            raise t.InsufficientPermission
        self.approved = t.Approved(now, total)

    def _spend(self, index: int) -> t.SpendStatus:
        spend = self.spends.get(index)
        if spend is None:
            raise t.InvalidIndex
        return spend

    def _budget(self) -> Balance:
        """What can be spent; the account stays alive."""
        return self.coin.reducible_balance(self.account_id, keep_alive=True)

    def _award(self, index: int) -> bool:
        """Pay what waits; whether that could be done."""
        proposal = self.proposals[index]
        if self.attempt(partial(self._pay, proposal.beneficiary, proposal.value)) is not None:
            return False
        del self.proposals[index]
        self.emit(t.Awarded(index, proposal.value, proposal.beneficiary))
        return True

    def _pay(self, to: AccountId, amount: Balance) -> None:
        self.coin.transfer(self.account_id, to, amount)

    @hookimpl
    def try_state(self) -> None:
        assert sorted(self.approvals) == sorted(self.proposals.keys()), "a proposal waits that is not there"
        assert all(index < self.proposal_count for index in self.approvals), "a proposal has a number to come"
        for index, spend in self.spends.items():
            assert index < self.spend_count, f"spend {index} has a number to come"
            assert spend.amount and spend.valid_from < spend.expire_at, f"spend {index} is nobody's: {spend}"
