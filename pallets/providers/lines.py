"""The lines: what an issuer's capacity and bond must be, and what happens to one that falls short of them.

    capacity line   m_i <= E_i / 1.05        bond line   b_i >= needed(m_i)

They are looked at once, at the end of the block, for every provider that the block touched. A capacity that
is short for 14 days, or for a block in Red, is settled at the start of a block: bond is burned against the
shortfall, and what is still short becomes orphan debt. That is no gift: whose capacity comes back takes back
what it left, as far as its capacity carries it. A short bond alone starts no clock: vested coins and fees
fill it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from pallets.providers import types as t
from pallets.providers.bonds import Bonds
from pallets.providers.books import DAY_HOURS
from pallets.providers.mean import mean_of, sampled
from runtime.frame import StorageValue, invariant
from runtime.frame.coin import LINE_PERCENT, Mode, ProviderState, Tier
from runtime.scale import U64
from runtime.types import AccountId, Balance, BlockNumber
from runtime.types.fixed import mul_div_floor

FAILURE_HOURS: Final = 7 * 24
"""So long three failed tickets are remembered together, and so long they make deficient."""
BETAS: Final = ("beta_anonymous_ppb", "beta_attested_ppb", "beta_accountable_ppb")


class Lines(Bonds):
    """Who is deficient."""

    judged_kappa_ppb = StorageValue[U64](
        default=0, doc="The kappa by which the bond lines were judged last: when it moves, all are."
    )

    is_red = StorageValue[bool](
        default=False, doc="Whether the mode was Red or worse when time moved providers last."
    )

    # runtime.frame.coin.Issuers

    def falling_now(self) -> tuple[AccountId, ...]:
        were = {change.key: change.old for change in self.providers.changes()}
        return tuple(who for who in self._touched() if self._falls(who, were))

    def _falls(self, who: AccountId, were: Mapping[AccountId, t.Provider | None]) -> bool:
        """Whether a provider is Deficient by the end of this block, and was not before it."""
        provider = self.providers.get(who)
        if provider is None or provider.state not in (ProviderState.Active, ProviderState.Deficient):
            return False
        was = were.get(who, provider)
        if was is not None and was.state == ProviderState.Deficient:
            return False
        return any(self._short(who, provider)) or self.host.number < provider.failing_until

    def ticket_failed(self, who: AccountId) -> None:
        now, span = self.host.number, self.standards.blocks_in(FAILURE_HOURS)
        provider = self._faulty(who, self._known(who))
        failures = (*provider.failures, now)[-t.FAILURES_MAX :]
        often = len(failures) == t.FAILURES_MAX and now - failures[0] <= span
        until = now + span if often else provider.failing_until
        self._put(who, provider.replace(failures=failures, failing_until=until))
        self.emit(t.TicketFailed(who, len(failures)))

    # Judging.

    def _judge_touched(self, now: BlockNumber) -> None:
        for who in self._touched():
            self._judge(who, now)
        kappa = self.minting.kappa_now()
        if kappa != self.judged_kappa_ppb:
            self.judged_kappa_ppb = kappa

    def _judge(self, who: AccountId, now: BlockNumber) -> None:
        provider = self.providers.get(who)
        if provider is None:
            return
        if provider.state not in (ProviderState.Active, ProviderState.Deficient):
            self._put(who, provider)  # its debt may have moved, and with it what is due
            return
        capacity_short, bond_short = self._short(who, provider)
        if not capacity_short:
            since = None
        else:
            since = now if provider.short_since is None else provider.short_since
        failing = capacity_short or bond_short or now < provider.failing_until
        state = ProviderState.Deficient if failing else ProviderState.Active
        if since != provider.short_since:
            provider = provider.replace(short_since=since)
        if state != provider.state:
            provider = self._enter(who, provider, state).replace(clean_since=now)
        self._put(who, provider)

    def _short(self, who: AccountId, provider: t.Provider) -> tuple[bool, bool]:
        """Whether the capacity line and the bond line fail."""
        owed = self.ledger.debt_of(who).owed
        return LINE_PERCENT * owed > 100 * provider.effective, provider.bond < self._needed(provider, owed)

    def _touched(self) -> tuple[AccountId, ...]:
        """Providers whose lines this block may have moved."""
        terms = (*self._betas(), self.minting.kappa_now())
        if terms != (*(self.before(name) for name in BETAS), self.before("judged_kappa_ppb")):
            return self.roster
        changed = [change.key for change in self.providers.changes()]
        return tuple(dict.fromkeys((*changed, *self.ledger.changed_debts())))

    # What time does to those who are in the business.

    def _spend_day(self, who: AccountId, now: BlockNumber) -> None:
        """Take the daily sample of E_i, and attest who has been clean for long enough."""
        provider, day = self.providers[who], self.standards.blocks_in(DAY_HOURS)
        elapsed = now - provider.sampled_at
        if elapsed < day:
            return
        sample = self._integral(provider) // elapsed  # rounded down, as capacity is
        days = sampled(self.days[who], sample, elapsed // day)
        self.days[who] = days
        provider = provider.replace(sampled_at=now, moved_at=now, integral=0, mean=mean_of(days))
        if provider.tier == Tier.Anonymous and self._is_clean(provider):
            provider = self._at_tier(who, provider, Tier.Attested)
        self._put(who, provider)
        self._resume(who)

    def _resume(self, who: AccountId) -> None:
        """Let one whose capacity is back owe again what it left to everybody, as far as both lines of
        capacity and orphan debt reach.
        """
        if not self.ledger.total_orphaned():
            return
        carried = mul_div_floor(self.providers[who].effective, 100, LINE_PERCENT)
        spare = carried - self.ledger.debt_of(who).owed
        amount = min(self.ledger.left_by(who), self.ledger.total_orphaned(), spare)
        if amount > 0:
            self.ledger.take_back(who, amount)

    def _settle_all(self, now: BlockNumber) -> int:
        """When Red begins, settle with all who would have had their 14 days; how many they were."""
        is_red = self.ledger.mode_now() >= Mode.Red
        if is_red == self.is_red:
            return 0
        self.is_red = is_red
        deficient = ProviderState.Deficient
        short = [who for who in self.roster if is_red and self.providers[who].state == deficient]
        for who in short:
            self.attempt(partial(self._settle_deficit, who, now))
        return len(short)

    def _settle_deficit(self, who: AccountId, now: BlockNumber) -> None:
        """Settle what has been short for long enough, and look again at one whose failures are forgotten."""
        since = self.providers[who].short_since
        if since is not None and now - since >= self._patience():
            short = self._shortfall(who, self.providers[who])
            burned = self._burn(who, short)
            if burned < short:
                self.ledger.orphan(who, short - burned)
            if short:
                self.emit(t.Liquidated(who, burned, short - burned))
        self._judge(who, now)

    # Invariants.

    @invariant("I2", "an Active provider owes at most E_i / 1.05")
    def active_have_capacity(self) -> str | None:
        for who, provider, owed in self._active_touched():
            effective = self._effective(provider)
            if LINE_PERCENT * owed > 100 * effective:
                return f"0x{who.hex()} owes {owed} with an effective capacity of {effective}"
        return None

    @invariant("I5", "an Active provider has the bond that its debt needs")
    def active_have_bond(self) -> str | None:
        for who, provider, owed in self._active_touched():
            needed = self._needed(provider, owed)
            if provider.bond < needed:
                return f"0x{who.hex()} has a bond of {provider.bond} and needs {needed}"
        return None

    def _active_touched(self) -> Iterator[tuple[AccountId, t.Provider, Balance]]:
        for who in self._touched():
            provider = self.providers.get(who)
            if provider is not None and provider.state == ProviderState.Active:
                yield who, provider, self.ledger.debt_of(who).owed
