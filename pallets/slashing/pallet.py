"""Slashing: what a provider's faults cost it, and who gets the coins.

    fault --> noted --(3 d)--> applied, a page a block        or cancelled by governance before
                victims are paid at once                      false capacity: everything, at once

    outage                    0.5 % (1 + 8 max(0, F - 10 %) / 10 %) of the bond, 20 % at most, once in 7 days
    refused or failed piece   1.1 of the piece each, what the victim got included; summed without a cap
    false capacity            everything: banned

F is the part of all capacity that failed in the same failure domain: who fails with many is slashed for the
concentration. The coins go to victims, then to the provider's own debt until m_i <= E_i / kappa, then to the
reporter, then to the reserve.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.slashing import types as t
from pallets.slashing import weights
from runtime.frame import (
    Pallet,
    Root,
    StorageDoubleMap,
    StorageMap,
    StorageValue,
    Twox64Concat,
    call,
    hookimpl,
    invariant,
)
from runtime.frame.coin import Fault, Issuers, Ledger, Minting, SlashBook, Standards
from runtime.frame.interfaces import Currency
from runtime.frame.slash import Settled, excess_of, reward_of
from runtime.frame.voted import SlashCancel
from runtime.scale import U32
from runtime.types import AccountId, Balance, BlockNumber, Hash, Weight, db
from runtime.types.fixed import PPB, mul_div_ceil

SPAN_HOURS: Final = 7 * 24
"""An outage counts once in a span; spans follow one another from block zero."""
GATHER_HOURS: Final = 1
"""Faults of one kind are gathered for so long under one number."""
DELAY_HOURS_MAX: Final = 72
"""How long a slash waits: time to cancel it, were the fault the work of a broken program."""
PAGE: Final = 32
"""How many slashes one block applies at most, and how many records of old spans it forgets."""
OUTAGE_PPB: Final = PPB // 200
"""0.5 %: what an outage costs that nobody shares."""
OUTAGE_PPB_MAX: Final = PPB // 5
"""20 %: what an outage costs at most."""
SHARED_PPB: Final = PPB // 10
"""10 %: an outage of more than this part of all capacity costs more."""
STEEPNESS: Final = 8
SLASH: Final = db(reads=20, writes=14)


class Slashing(Pallet[t.SlashingEvent, t.SlashingError]):
    """What providers lose for their faults."""

    config: t.Config
    coin: Currency
    ledger: Ledger
    issuers: Issuers
    minting: Minting
    standards: Standards
    books: tuple[SlashBook, ...]

    pending = StorageMap[U32, t.Slash](hasher=Twox64Concat, doc="The slashes that wait, by number.")
    next_id = StorageValue[U32](default=0, doc="The number of the next slash.")
    first_id = StorageValue[U32](default=0, doc="No slash of a lower number waits.")
    gathering = StorageDoubleMap[AccountId, Fault, U32](
        hashers=(Twox64Concat, Twox64Concat),
        doc="The slash that a provider's next fault of a kind may be added to, by provider and kind.",
    )
    outages = StorageDoubleMap[U32, AccountId, bool](
        default=False,
        hashers=(Twox64Concat, Twox64Concat),
        doc="Who has had an outage in each span.",
    )
    first_span = StorageValue[U32](default=0, doc="Records of earlier spans are forgotten.")
    slashed = StorageValue[Balance](default=0, doc="All coins ever taken from bonds for faults.")
    settled = StorageValue[Settled](default=Settled(), doc="Where they went.")

    # Calls.

    @call(index=0, weight=weights.CANCEL)
    def cancel(self, origin: Root | SlashCancel, number: U32, evidence: Hash) -> None:
        """Cancel a slash that waits; `evidence` is the hash of the document that says why."""
        slash = self.pending.get(number)
        if slash is None:
            raise t.UnknownSlash
        self._drop(number, slash)
        self.emit(t.Cancelled(number, slash.who, evidence))

    # runtime.frame.coin.Slasher

    def compensate(self, who: AccountId, victim: AccountId, amount: Balance) -> Balance:
        if who == victim or not self._is_here(who):
            return 0
        given = self._give(who, victim, amount)
        if given:
            self.settled = self.settled.plus(victims=given)
            self.emit(t.Compensated(who, victim, given))
        return given

    def fault(
        self, who: AccountId, fault: Fault, amount: Balance, *, reporter: AccountId | None = None
    ) -> None:
        if not self._is_here(who):
            return
        if fault == Fault.FalseCapacity:
            self._forfeit(who, reporter)
        elif amount:
            self._note(who, fault, amount, reporter)

    def outage(self, who: AccountId, failed_share_ppb: int) -> None:
        span = self._span_at(self.host.number)
        if not self._is_here(who) or self.outages[span, who]:
            return
        self.outages[span, who] = True
        amount = mul_div_ceil(self.issuers.bond_of(who), outage_ppb(failed_share_ppb), PPB)
        self.fault(who, Fault.Outage, amount)

    # runtime.frame.coin.SlashBook

    def slashed_and_given(self) -> tuple[Balance, Balance]:
        return self.slashed, self.settled.total

    # What waits.

    def _note(self, who: AccountId, fault: Fault, amount: Balance, reporter: AccountId | None) -> None:
        """Add the fault to the slash that gathers faults of its kind, or begin one."""
        now = self.host.number
        due = now + self._delay()
        number = self.gathering.get((who, fault))
        open_now = None if number is None else self.pending[number]
        if (
            number is not None
            and open_now is not None
            and open_now.reporter == reporter
            and now - open_now.since < self.standards.blocks_in(GATHER_HOURS)
        ):
            self.pending[number] = open_now.replace(amount=open_now.amount + amount, due=due)
        else:
            number = self._queue(t.Slash(who, fault, amount, reporter, now, due))
            self.gathering[who, fault] = number
        self.emit(t.Noted(number, who, fault, amount, due))

    def _queue(self, slash: t.Slash) -> int:
        number = self.next_id
        self.next_id = number + 1
        self.pending[number] = slash
        return number

    def _drop(self, number: int, slash: t.Slash) -> None:
        del self.pending[number]
        if self.gathering.get((slash.who, slash.fault)) == number:
            del self.gathering[slash.who, slash.fault]

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Apply the slashes that are due, a page of them, and forget what nobody asks for any more."""
        first, last = self.first_id, self.next_id
        seen = 0
        while first < last and seen < PAGE:
            slash = self.pending.get(first)
            if slash is not None:
                if now < slash.due:
                    break
                self._apply(first, slash)
            first += 1
            seen += 1
        if seen:
            self.first_id = first
        forgotten = self._forget(self._span_at(now))
        return db(reads=4, writes=1 + forgotten) + SLASH.times(seen)

    def _apply(self, number: int, slash: t.Slash) -> None:
        self._drop(number, slash)
        if not self._is_here(slash.who):
            self.emit(t.Lapsed(number, slash.who))
        elif self.attempt(partial(self._slash, number, slash)) is not None:
            again = self._queue(slash.replace(due=self.host.number + self._delay()))
            self.emit(t.Postponed(again, slash.who))

    def _forget(self, span: int) -> int:
        """Remove records of spans that are over; how many."""
        first = self.first_span
        if first >= span:
            return 0
        removed = self.outages.clear_under(first, limit=PAGE)
        if removed < PAGE:
            self.first_span = first + 1
        return removed

    # What is taken.

    def _slash(self, number: int, slash: t.Slash) -> None:
        """Own debt until m_i <= E_i / kappa, then the reporter, then the reserve."""
        who, debt = slash.who, self.ledger.debt_of(slash.who)
        excess = excess_of(debt, self.issuers.effective_of(who), self.minting.kappa_now())
        burned = self._burn(who, min(slash.amount, excess))
        rewarded, kept = self._share_out(who, slash.amount - burned, slash.reporter)
        self.emit(t.Applied(number, who, burned, rewarded, kept))

    def _forfeit(self, who: AccountId, reporter: AccountId | None) -> None:
        """Ban, by which all that the provider has cancels its debt; share out what is left of the bond."""
        supply, owed = self.ledger.total_supply(), self._owed_and_orphaned(who)
        self.issuers.ban(who)
        burned = owed - self._owed_and_orphaned(who)
        self.slashed += supply - self.ledger.total_supply()
        self.settled = self.settled.plus(burned=burned)
        rewarded, kept = self._share_out(who, self.issuers.bond_of(who), reporter)
        self.ledger.note_slash(who, burned)
        self.emit(t.Forfeited(who, burned, rewarded, kept))

    def _share_out(
        self, who: AccountId, rest: Balance, reporter: AccountId | None
    ) -> tuple[Balance, Balance]:
        """Give what debts have left to the reporter and the reserve; how much each got. The reporter's share
        is that of what there is, not of what the fault costs.
        """
        rewarded = 0
        if reporter is not None and reporter != who:
            rewarded = self._give(who, reporter, reward_of(min(rest, self.issuers.bond_of(who))))
        kept = self._give(who, self.ledger.reserve_account(), rest - rewarded)
        self.settled = self.settled.plus(reporters=rewarded, reserve=kept)
        return rewarded, kept

    def _burn(self, who: AccountId, amount: Balance) -> Balance:
        """Burn coins of the bond against the provider's own debt; by how much that fell."""
        if not amount:
            return 0
        owed = self.ledger.debt_of(who).owed
        taken = self.issuers.burn_bond(who, amount)
        burned = owed - self.ledger.debt_of(who).owed
        self._took(who, taken)
        self.settled = self.settled.plus(burned=burned)
        return burned

    def _give(self, who: AccountId, to: AccountId, amount: Balance) -> Balance:
        """Give coins of the bond to another; what arrived there. Dust that came along is nobody's slash."""
        if not amount:
            return 0
        before = self.coin.total_balance(to)
        taken = self.issuers.take_bond(who, to, amount)
        self._took(who, taken)
        return min(taken, self.coin.total_balance(to) - before)

    def _took(self, who: AccountId, amount: Balance) -> None:
        if amount:
            self.slashed += amount
            self.ledger.note_slash(who, amount)

    # Figures.

    def _is_here(self, who: AccountId) -> bool:
        return self.issuers.state_of(who) is not None

    def _owed_and_orphaned(self, who: AccountId) -> Balance:
        return self.ledger.debt_of(who).owed + self.ledger.total_orphaned()

    def _span_at(self, block: BlockNumber) -> int:
        return block // self.standards.blocks_in(SPAN_HOURS)

    def _delay(self) -> int:
        return self.standards.blocks_in(min(self.config.delay_hours, DELAY_HOURS_MAX))

    # Invariants.

    @invariant("I13", "slashed = victims + burned + reporters + reserve")
    def slashes_are_accounted_for(self) -> str | None:
        slashed, given = self.slashed_and_given()
        if slashed != given:
            return f"taken from providers are {slashed}, and given {given}: {self.settled}"
        for book in self.books:
            slashed, given = book.slashed_and_given()
            if slashed != given:
                return f"taken from validators are {slashed}, and given {given}"
        return None

    @hookimpl
    def try_state(self) -> None:
        for number, slash in self.pending.items():
            assert self.first_id <= number < self.next_id, f"slash {number} waits outside the queue"
            assert slash.amount, f"slash {number} costs nothing"
        for (who, fault), number in self.gathering.items():
            slash = self.pending[number]
            assert (slash.who, slash.fault) == (who, fault), f"slash {number} gathers the faults of another"
        for span, _ in self.outages.keys():  # noqa: SIM118 - a map of storage has no other way
            assert span >= self.first_span, f"an outage of span {span} is not forgotten"


def outage_ppb(failed_share_ppb: int) -> int:
    """The part of a bond that an outage costs, while so great a part of all capacity failed in one domain;
    rounded up.
    """
    beyond = max(0, failed_share_ppb - SHARED_PPB)
    return min(OUTAGE_PPB_MAX, OUTAGE_PPB + mul_div_ceil(STEEPNESS * OUTAGE_PPB, beyond, SHARED_PPB))
