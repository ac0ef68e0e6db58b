"""Leaving: the two ways out, by notice and by ban, and what becomes of the debt on each.

    Active, Deficient --notice--> Draining --end_i--> Unbonding --7 d--> out
    any of them       --fraud---> Banned   ---------------7 d----------> out of the roster, banned for ever

Notice lasts T, and E_i = c_i tau_i falls with what is left of it, in whole hours rounded down. What is owed
beyond E_i / 1.05 is burned from the bond at the start of the next block, as long as there is bond; what no
bond covers stays owed, and shows in E < S. At the end tickets go back to their queues, and unvested coins,
then the bond cancel what is owed; the rest becomes orphan debt. A ban does the same at once, and for good:
what the slasher leaves of bond and deposit is the reserve's after 7 days. One on probation owes nothing, and
unbonds at once.

Nobody is out while he owes anything: work that was delivered is settled first.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from pallets.providers import types as t
from pallets.providers import weights
from pallets.providers.bonds import BOND, DEPOSIT, LEAVING
from pallets.providers.books import GONE
from pallets.providers.lines import Lines
from runtime.frame import Signed, call
from runtime.frame.coin import (
    TERM_HOURS,
    UNBONDING_HOURS,
    ProviderState,
    Unvested,
)
from runtime.types import AccountId, BlockNumber

UNITS_CLEARED_MAX: Final = 64
"""How many units of one that has left are forgotten in one block."""


class Leaving(Lines):
    """Who leaves, and what is settled before."""

    unvested: Unvested

    @call(index=7, weight=weights.GIVE_NOTICE)
    def give_notice(self, origin: Signed) -> None:
        """Leave. There is no way back: from now on one serves first, and mints and unbonds no more."""
        who, now = origin.who, self.host.number
        provider = self._known(who)
        match provider.state:
            case ProviderState.Probation:
                self._put(who, self._enter(who, provider, ProviderState.Unbonding))
                self.emit(t.NoticeGiven(who, now))
            case ProviderState.Active | ProviderState.Deficient:
                end = now + self.standards.blocks_in(TERM_HOURS)
                provider = self._enter(who, provider, ProviderState.Draining)
                self._put(who, provider.replace(end=end, short_since=None))
                self.emit(t.NoticeGiven(who, end))
            case _:
                raise t.Leaving

    # runtime.frame.coin.Issuers

    def ban(self, who: AccountId) -> None:
        provider = self._known(who)
        if provider.state == ProviderState.Banned:
            return
        self._put(who, self._enter(who, provider, ProviderState.Banned))
        waiting = self.unbonding.get(who)
        if waiting is not None:
            self._recall(who, provider.bond + waiting.amount)
        self._end_debt(who)

    # What time does to those who leave.

    def _drain(self, who: AccountId, now: BlockNumber) -> None:
        """Let E_i fall with the term, and burn what it no longer covers; at the end of the term, all."""
        provider = self.providers[who]
        assert provider.end is not None, "who drains has an end"
        if now < provider.end:
            self._put(who, provider)
            burned = self._burn(who, self._shortfall(who, self.providers[who]))
            if burned:
                self.emit(t.Liquidated(who, burned, 0))
            return
        self._put(who, self._enter(who, provider, ProviderState.Unbonding))
        self._end_debt(who)

    def _end_debt(self, who: AccountId) -> None:
        """The provider serves no more: its tickets find other servers, and its coins cancel its debt."""
        self.serving.requeue(who)
        self._cancel_debt(who)

    def _cancel_debt(self, who: AccountId) -> None:
        """Unvested coins, then the bond cancel what no ticket holds; the rest becomes orphan debt."""
        unvested = self.unvested.cancel_unvested(who)
        burned = self._burn(who, self.ledger.debt_of(who).unassigned)
        orphaned = self.ledger.debt_of(who).unassigned
        if orphaned:
            self.ledger.orphan(who, orphaned)
        if unvested or burned or orphaned:
            self.emit(t.DebtEnded(who, unvested, burned, orphaned))

    def _go(self, who: AccountId, now: BlockNumber) -> None:
        """Settle what tickets have given free; forget units, a page a block; go when nothing is left."""
        if self.ledger.debt_of(who).unassigned:
            self._cancel_debt(who)
        provider = self.providers[who]
        if provider.units:
            cleared = self.units.clear_under(who, limit=UNITS_CLEARED_MAX)
            provider = provider.replace(units=provider.units - cleared, classes=())
            self._put(who, provider)
        waited = now - provider.since >= self.standards.blocks_in(UNBONDING_HOURS)
        if not waited or provider.units or self.ledger.debt_of(who).owed:
            return
        is_banned = provider.state == ProviderState.Banned
        waiting = self.unbonding.get(who)
        part = partial(self._forfeit if is_banned else self.coin.release)
        for reason, amount in (
            (BOND, provider.bond),
            (DEPOSIT, self.coin.on_hold(DEPOSIT, who)),
            (LEAVING, waiting.amount if waiting else 0),
        ):
            if amount:
                part(reason, who, amount)
        self.unbonding.discard(who)
        self.days.discard(who)
        self._strike(who)
        if not is_banned:
            del self.providers[who]
            self.emit(t.Left(who))

    def _forfeit(self, reason: Any, who: AccountId, amount: int) -> None:
        self.coin.transfer_on_hold(reason, who, self.ledger.reserve_account(), amount)

    def _is_leaving(self, provider: t.Provider) -> bool:
        return provider.state == ProviderState.Draining or provider.state in GONE
