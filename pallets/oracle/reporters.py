"""The seats of reporters: who has one, what each answers with, and what being wrong too often costs.

Root gives seats; a reporter bonds coins in it. Whoever was off in more than a fifth of the last 128 rounds
(by more than three spreads, or by not showing what it had committed to) is convicted to

    1 % + 9 % (share - 20 %) / 80 %   of its coins, x 3 if most of its wrong values were others' too

at most once in 7 days. The slash waits for 3 days, can be cancelled by root, and goes to the reserve.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.oracle import types as t
from pallets.oracle import weights
from runtime.frame import Pallet, Parameter, Root, Signed, StorageMap, StorageValue, call, hookimpl, invariant
from runtime.frame.coin import UNBONDING_HOURS, Ledger, Region, Standards
from runtime.frame.interfaces import Currency
from runtime.frame.voted import Lists, SlashCancel
from runtime.scale import U16, U32, U128
from runtime.types import AccountId, Balance, BlockNumber, Hash
from runtime.types.fixed import PPB, div_ceil, mul_div_ceil

COIN: Final = PPB
REPORTING: Final = t.Reporting()
OFF_PERCENT: Final = 20
"""So many rounds in a hundred may be off."""
LEAST_PPB: Final = PPB // 100
MOST_PPB: Final = PPB // 10
SHARED_FACTOR: Final = 3
SPARED_HOURS: Final = 7 * 24
DELAY_HOURS: Final = 72
"""For how long a slash can be cancelled."""


class Reporters(Pallet[t.OracleEvent, t.OracleError]):
    """Who reports, and with what it answers."""

    hold_reason = t.HoldReason
    coin: Currency
    ledger: Ledger
    standards: Standards

    reporters = StorageMap[AccountId, t.Reporter](doc="Every seat.")
    roster = StorageValue[t.Roster](default=(), doc="Who has a seat, in the order of admission.")
    bonded = StorageValue[Balance](default=0, doc="All coins that reporters answer with.")
    slashed = StorageValue[Balance](default=0, doc="All coins ever taken from them, to the reserve.")

    reporters_min = Parameter[U16](
        default=5,
        bounds=(3, 50),
        track="oracle",
        safer="up",
        doc="So many reporters a value needs.",
    )
    minimum_bond = Parameter[U128](
        default=1_000 * COIN,
        bounds=(COIN, 10_000_000 * COIN),
        track="oracle",
        safer="up",
        doc="The least that a reporter has bonded.",
    )
    bond_cap = Parameter[U128](
        default=10_000 * COIN,
        bounds=(COIN, 100_000_000 * COIN),
        track="oracle",
        doc="A bond weighs so much at most.",
    )

    # Calls.

    @call(index=0, weight=weights.ADMIT)
    def admit(
        self,
        origin: Root | Lists,
        who: AccountId,
        entity: U32,
        region: Region,
        operator: U32,
        source: U32,
    ) -> None:
        """Give an account the seat of a reporter: who answers for it, where it runs, what its source is."""
        self._admit(who, t.Reporter(entity, region, operator, source))

    @call(index=1, weight=weights.DISMISS)
    def dismiss(self, origin: Root | Lists, who: AccountId) -> None:
        """Take a reporter's seat; its coins are on their way out for 7 days."""
        reporter = self._seated(who)
        reporter = self._leave(reporter, reporter.bond)
        self._put(who, reporter.replace(is_dismissed=True))
        self.emit(t.Dismissed(who))

    @call(index=2, weight=weights.BOND)
    def bond(self, origin: Signed, amount: Balance) -> None:
        """Put free coins into one's bond."""
        self._seated(origin.who)
        self._bond(origin.who, amount)

    @call(index=3, weight=weights.UNBOND)
    def unbond(self, origin: Signed, amount: Balance) -> None:
        """Take coins out of one's bond; they wait for 7 days, and can be slashed meanwhile."""
        who = origin.who
        reporter = self._seated(who)
        if not amount:
            raise t.NothingToBond
        if amount > reporter.bond:
            raise t.BondTooSmall
        reporter = self._leave(reporter, amount)
        self._put(who, reporter)
        self.emit(t.Unbonded(who, amount, reporter.until))

    @call(index=4, weight=weights.WITHDRAW_UNBONDED)
    def withdraw_unbonded(self, origin: Signed) -> None:
        """Free the coins whose 7 days are over; not while a slash waits. Who was dismissed is forgotten."""
        who = origin.who
        reporter = self.reporters.get(who)
        if reporter is None:
            raise t.NotReporter
        if not reporter.leaving and not reporter.is_dismissed:
            raise t.NothingUnbonding
        if self.host.number < reporter.until:
            raise t.StillUnbonding
        if reporter.slash is not None:
            raise t.SlashWaits
        freed = reporter.leaving
        if reporter.is_dismissed:
            self._forget(who, reporter)
        else:
            self._put(who, reporter.replace(leaving=0))
        self.coin.release(REPORTING, who, freed)
        self.emit(t.Withdrawn(who, freed))

    @call(index=7, weight=weights.CANCEL_SLASH)
    def cancel_slash(self, origin: Root | SlashCancel, who: AccountId, evidence: Hash) -> None:
        """Cancel a slash that waits, by evidence with this hash."""
        reporter = self.reporters.get(who)
        if reporter is None or reporter.slash is None:
            raise t.NothingToCancel
        self._put(who, reporter.replace(slash=None))
        self.emit(t.SlashCancelled(who, evidence))

    def _admit(self, who: AccountId, reporter: t.Reporter) -> None:
        if who in self.reporters:
            raise t.AlreadyReporter
        if len(self.roster) == t.REPORTERS_MAX:
            raise t.TooManyReporters
        self.roster = (*self.roster, who)
        self._put(who, reporter)
        self.emit(t.Admitted(who, reporter.entity, reporter.source))

    def _bond(self, who: AccountId, amount: Balance) -> None:
        if not amount:
            raise t.NothingToBond
        self.coin.hold(REPORTING, who, amount)
        reporter = self.reporters[who]
        self._put(who, reporter.replace(bond=reporter.bond + amount))
        self.emit(t.Bonded(who, amount))

    def _leave(self, reporter: t.Reporter, amount: Balance) -> t.Reporter:
        until = self.host.number + self.standards.blocks_in(UNBONDING_HOURS)
        return reporter.replace(bond=reporter.bond - amount, leaving=reporter.leaving + amount, until=until)

    def _seated(self, who: AccountId) -> t.Reporter:
        """The reporter of an account that has a seat."""
        reporter = self.reporters.get(who)
        if reporter is None or reporter.is_dismissed:
            raise t.NotReporter
        return reporter

    def _is_active(self, who: AccountId) -> bool:
        """Whether an account has a seat, and enough in it to be heard."""
        reporter = self.reporters.get(who)
        return reporter is not None and not reporter.is_dismissed and reporter.bond >= self.minimum_bond

    def _put(self, who: AccountId, new: t.Reporter) -> None:
        """Write a reporter, and move the sum that it is part of."""
        old = self.reporters.get(who)
        self.reporters[who] = new
        grown = new.coins - (old.coins if old else 0)
        if grown:
            self.bonded += grown

    def _forget(self, who: AccountId, reporter: t.Reporter) -> None:
        del self.reporters[who]
        self.roster = tuple(each for each in self.roster if each != who)
        self.bonded -= reporter.coins

    # What being wrong costs.

    def _judge(self, who: AccountId, was_off: bool, was_shared: bool, now: BlockNumber) -> None:
        """Count a round in which the reporter took part, and convict it if too many were off."""
        reporter = self.reporters[who]
        rounds = min(t.JUDGED_ROUNDS, reporter.rounds + 1)
        off, shared = _pushed(reporter.off, was_off), _pushed(reporter.shared, was_shared)
        wrong = off.bit_count()
        if rounds == t.JUDGED_ROUNDS and 100 * wrong > OFF_PERCENT * rounds and now >= reporter.spared_until:
            share = share_ppb(wrong, 2 * shared.bit_count() > wrong)
            due = now + self.standards.blocks_in(DELAY_HOURS)
            spared = now + self.standards.blocks_in(SPARED_HOURS)
            rounds = off = shared = 0
            reporter = reporter.replace(slash=t.Slash(share, due), spared_until=spared)
            self.emit(t.Convicted(who, share, due))
        self._put(who, reporter.replace(rounds=rounds, off=off, shared=shared))

    def _apply_slashes(self, now: BlockNumber) -> None:
        for who in self.roster:
            slash = self.reporters[who].slash
            if slash is not None and now >= slash.due:
                self.attempt(partial(self._slash, who, slash.share_ppb))

    def _slash(self, who: AccountId, share: int) -> None:
        """Take a part of a reporter's coins, of those that stay first; rounded up."""
        reporter = self.reporters[who]
        amount = mul_div_ceil(reporter.coins, share, PPB)
        from_bond = min(amount, reporter.bond)
        left = reporter.replace(
            bond=reporter.bond - from_bond, leaving=reporter.leaving - (amount - from_bond), slash=None
        )
        self._put(who, left)
        self.coin.transfer_on_hold(REPORTING, who, self.ledger.reserve_account(), amount)
        self.slashed += amount
        self.emit(t.Slashed(who, amount))

    # What holds.

    @invariant("R1", "what reporters answer with is on hold, and all of it is counted")
    def bonds_are_on_hold(self) -> str | None:
        grown = self.bonded - self.before("bonded")
        for change in self.reporters.changes():
            new, old = (change.new.coins if change.new else 0), (change.old.coins if change.old else 0)
            held = self.coin.on_hold(REPORTING, change.key)
            if new != held:
                return f"0x{change.key.hex()} answers with {new}, and has {held} on hold"
            grown -= new - old
        return f"the sum of bonds is off by {grown}" if grown else None

    @hookimpl
    def try_state(self) -> None:
        assert sorted(self.roster) == sorted(self.reporters), "the roster is not that of the seats"
        total = 0
        for who, reporter in self.reporters.items():
            held = self.coin.on_hold(REPORTING, who)
            assert held == reporter.coins, (
                f"0x{who.hex()} answers with {reporter.coins}, and {held} are on hold"
            )
            assert not reporter.shared & ~reporter.off, f"0x{who.hex()} shared a value that was not off"
            total += reporter.coins
        assert total == self.bonded, f"reporters answer with {total}, and {self.bonded} are counted"


def share_ppb(wrong: int, is_shared: bool) -> int:
    """The part of its coins that being off in so many of the judged rounds costs, rounded up."""
    over = 100 * wrong - OFF_PERCENT * t.JUDGED_ROUNDS
    span = (100 - OFF_PERCENT) * t.JUDGED_ROUNDS
    share = LEAST_PPB + div_ceil((MOST_PPB - LEAST_PPB) * over, span)
    return share * SHARED_FACTOR if is_shared else share


def _pushed(history: int, bit: bool) -> int:
    """The history with one more round."""
    return (history << 1 | bit) & ((1 << t.JUDGED_ROUNDS) - 1)
