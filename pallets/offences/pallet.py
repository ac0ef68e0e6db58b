"""Offences: evidence against validators, and what it costs them.

    evidence --> banned from the next committee on --(3 d)--> slashed        or cancelled by governance before

Anybody may bring evidence, for nothing and without an account: a signature that contradicts another proves
itself. An offender is convicted once for each span of 7 days, whatever it did in it, and loses

    min(1, (3 k / n)^2) of its stake,       k offenders in the span, n validators in its epoch

so that one broken machine costs little, and a third of all validators everything. k is what it has become
when the slash is applied.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.offences import types as t
from runtime.frame import (
    InvalidTransaction,
    Pallet,
    Root,
    StorageDoubleMap,
    StorageMap,
    StorageValue,
    Twox64Concat,
    Unsigned,
    ValidTransaction,
    call,
    hookimpl,
)
from runtime.frame.coin import Bonds, Issuers, Ledger, Minting, Standards
from runtime.frame.host import Call
from runtime.frame.interfaces import Authors, Blocks
from runtime.frame.slash import Settled, excess_of, reward_of
from runtime.frame.validity import PRIORITY_MAX, BadProof, CallInvalid, CustomInvalid, Stale
from runtime.frame.voted import SlashCancel
from runtime.scale import U32
from runtime.simplex import BadEvidence, Evidence, Fault, accused_by, check_signatures, committee_of
from runtime.types import AccountId, Balance, BlockNumber, DispatchClass, Weight, db
from runtime.types.fixed import mul_div_ceil

SPAN_HOURS: Final = 7 * 24
DELAY_HOURS_MAX: Final = 72
"""How long a slash waits: time to cancel it, were the evidence the work of a broken program."""
PAGE: Final = 32
"""How many slashes one block applies at most, and how many records of old spans it forgets."""
SPANS_KEPT: Final = 3
"""Evidence reaches back into the span before this one, and a slash waits into the next."""
LONGEVITY: Final = 64
"""For how many blocks the pool believes evidence before it looks again."""
TAG: Final = b"offence"
CONVICTION: Final = db(reads=6 + 128, writes=4 + 128, compute=60_000_000_000)
"""Two certificates of 128 validators, their keys decoded."""
SLASH: Final = db(reads=10, writes=10)


class Offences(Pallet[t.OffencesEvent, t.OffencesError]):
    """Who broke the protocol, and what it cost."""

    config: t.Config
    authors: Authors
    blocks: Blocks
    bonds: Bonds
    ledger: Ledger
    issuers: Issuers
    minting: Minting
    standards: Standards

    pending = StorageMap[U32, t.Offence](
        hasher=Twox64Concat, doc="The offences whose slashes wait, by number."
    )
    next_id = StorageValue[U32](default=0, doc="The number of the next offence.")
    first_id = StorageValue[U32](default=0, doc="No slash of a lower number waits.")
    convicted = StorageDoubleMap[U32, AccountId, bool](
        default=False, hashers=(Twox64Concat, Twox64Concat), doc="Who was convicted for which span."
    )
    offenders = StorageMap[U32, U32](
        default=0, hasher=Twox64Concat, doc="k: how many were convicted for each span, and not pardoned."
    )
    settled = StorageValue[Settled](default=Settled(), doc="Where all slashed coins went.")

    # Calls.

    @call(index=0, weight=CONVICTION, dispatch_class=DispatchClass.Operational)
    def report(self, origin: Unsigned, evidence: Evidence, reporter: AccountId | None) -> None:
        """Prove that validators broke the protocol. Costs nothing; `reporter` gets a share of the slash."""
        fault, offenders = self._convicted(evidence)
        committee = committee_of(evidence)
        span = self._span_of(committee.epoch)
        due = self.host.number + self._delay()
        for offender in offenders:
            number = self.next_id
            self.next_id = number + 1
            self.convicted[span, offender] = True
            self.offenders[span] += 1
            self.pending[number] = t.Offence(offender, span, committee.size, reporter, due)
            self.bonds.accuse(offender)
            self.emit(t.Reported(number, offender, fault, committee.epoch, reporter, due))

    @call(index=1, weight=db(reads=3, writes=4))
    def cancel(self, origin: Root | SlashCancel, number: U32) -> None:
        """Cancel a slash that waits, and pardon its offender."""
        offence = self.pending.get(number)
        if offence is None:
            raise t.UnknownOffence
        del self.pending[number]
        self.offenders[offence.span] -= 1
        self.bonds.pardon(offence.offender)
        self.emit(t.Cancelled(number, offence.offender))

    # Evidence.

    @hookimpl
    def validate_unsigned(self, call: Call) -> ValidTransaction:
        """Evidence is welcome once for each offender and span, and before everything else."""
        if call.info is not self.report:
            raise CallInvalid
        evidence, _ = call.args
        try:
            _, offenders = self._convicted(evidence)
        except t.OffencesError as refusal:
            raise _invalid(refusal) from refusal
        span = self._span_of(committee_of(evidence).epoch).to_bytes(4, "little")
        return ValidTransaction(
            priority=PRIORITY_MAX,
            provides=tuple(TAG + span + offender for offender in offenders),
            longevity=LONGEVITY,
        )

    def _convicted(self, evidence: Evidence) -> tuple[Fault, tuple[AccountId, ...]]:
        """The fault, and the accounts that are not convicted for its span yet. What costs most comes last."""
        committee = committee_of(evidence)
        root = self.authors.committee_root(committee.epoch)
        if root is None:
            raise t.EpochUnknown
        if root != committee.root:
            raise t.WrongCommittee
        try:
            fault, places = accused_by(evidence)
        except BadEvidence:
            raise t.NoOffence from None
        span = self._span_of(committee.epoch)
        accounts = (committee.validators[place].account for place in places)
        offenders = tuple(each for each in accounts if not self.convicted[span, each])
        if not offenders:
            raise t.AlreadyReported
        try:
            check_signatures(self.blocks.genesis_hash(), evidence)
        except BadEvidence:
            raise t.NotSigned from None
        return fault, offenders

    # Slashes.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Apply the slashes that are due, a page of them, and forget what nobody asks for any more."""
        first, last = self.first_id, self.next_id
        seen = 0
        while first < last and seen < PAGE:
            offence = self.pending.get(first)
            if offence is not None:
                if now < offence.due:
                    break
                self._apply(first, offence)
            first += 1
            seen += 1
        if seen:
            self.first_id = first
        forgotten = self._forget(self._span_at(now) - SPANS_KEPT)
        return db(reads=5, writes=1 + forgotten) + SLASH.times(seen)

    def _apply(self, number: int, offence: t.Offence) -> None:
        del self.pending[number]
        if self.attempt(partial(self._slash, number, offence)) is None:
            return
        again, due = self.next_id, self.host.number + self._delay()
        self.next_id = again + 1
        self.pending[again] = offence.replace(due=due)
        self.emit(t.Postponed(again, offence.offender))

    def _slash(self, number: int, offence: t.Offence) -> None:
        """Own debt until m_i <= E_i / kappa, then the reporter, then the reserve."""
        who, stake = offence.offender, self.bonds.stake_of(offence.offender)
        amount = share_of(stake, self.offenders[offence.span], offence.validators)
        debt, effective = self.ledger.debt_of(who), self.issuers.effective_of(who)
        burned = min(amount, excess_of(debt, effective, self.minting.kappa_now()))
        if burned:
            self.bonds.burn_stake(who, burned)
        rest = amount - burned
        rewarded = self._reward(who, offence.reporter, reward_of(rest))
        kept = rest - rewarded
        if kept:
            self.bonds.take_stake(who, self.ledger.reserve_account(), kept)
        self.bonds.settle(who)
        self.settled = self.settled.plus(burned=burned, reporters=rewarded, reserve=kept)
        self.emit(t.Applied(number, who, burned, rewarded, kept))

    def _reward(self, who: AccountId, reporter: AccountId | None, amount: Balance) -> Balance:
        """Pay the reporter; nothing where there is none, or it could not exist with so little."""
        if reporter is None or not amount:
            return 0
        refusal = self.attempt(partial(self.bonds.take_stake, who, reporter, amount))
        return amount if refusal is None else 0

    def _forget(self, span: int) -> int:
        """Remove records of a span that is over for good; how many."""
        if span < 0 or span not in self.offenders:
            return 0
        removed = self.convicted.clear_under(span, limit=PAGE)
        if removed < PAGE:
            del self.offenders[span]
        return removed

    # Time.

    def _span_of(self, epoch: int) -> int:
        return self._span_at(self.authors.epoch_start(epoch))

    def _span_at(self, block: BlockNumber) -> int:
        return block // self.standards.blocks_in(SPAN_HOURS)

    def _delay(self) -> int:
        return self.standards.blocks_in(min(self.config.delay_hours, DELAY_HOURS_MAX))

    # runtime.frame.coin.SlashBook

    def slashed_and_given(self) -> tuple[Balance, Balance]:
        return self.bonds.slashed_total(), self.settled.total

    @hookimpl
    def try_state(self) -> None:
        for number, offence in self.pending.items():
            assert self.first_id <= number < self.next_id, f"slash {number} waits outside the queue"
            assert self.convicted[offence.span, offence.offender], f"slash {number} has no conviction"
        for span, count in self.offenders.items():
            convicted = sum(1 for _ in self.convicted.under(span))
            assert count <= convicted, f"span {span} counts {count} offenders, and has {convicted}"


def share_of(stake: Balance, offenders: int, validators: int) -> Balance:
    """min(1, (3 k / n)^2) of a stake, rounded up."""
    return min(stake, mul_div_ceil(stake, (3 * offenders) ** 2, validators**2))


def _invalid(refusal: t.OffencesError) -> InvalidTransaction:
    """What the pool is told of evidence that is refused."""
    if isinstance(refusal, t.AlreadyReported):
        return Stale()
    if isinstance(refusal, t.NotSigned):
        return BadProof()
    return CustomInvalid(refusal.index)
