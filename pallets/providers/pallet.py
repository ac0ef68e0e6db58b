"""Providers: who has proven compute, what stands behind their debts, and when they are deficient.

    Probation --(28 windows passed)--> Active <--(both lines hold)-- Deficient
                                         |--(a line fails, or 3 failed tickets in 7 d)-->|

    capacity line   m_i <= E_i / 1.05        bond line   b_i >= beta_i m_i

The lines are looked at once, at the end of the block, for every provider that the block touched. A capacity
that is short for 14 days is settled at the start of the block: bond is burned against the shortfall, and what
is still short becomes orphan debt. A short bond alone starts no clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final

from pallets.providers import types as t
from pallets.providers.registry import (
    BOND,
    COUNTED,
    UNIT_PROBATION,
    WINDOWS_MAX,
    Register,
    group_of,
    measured,
)
from runtime.frame import Root, Signed, call, hookimpl, invariant
from runtime.frame.coin import (
    ANONYMOUS,
    LINE_PERCENT,
    Cause,
    ClassId,
    GroupId,
    Mode,
    ProviderState,
    Region,
    Tier,
    UnitId,
)
from runtime.types import AccountId, Balance, BlockNumber, Weight, db
from runtime.types.fixed import PPB, mul_div_floor

DEFICIT_HOURS: Final = 14 * 24
FAILURE_HOURS: Final = 7 * 24
UNBONDING_HOURS: Final = 7 * 24
LEAVING: Final = t.LeavingBond()


class Providers(Register):
    """Who has proven compute, and what stands behind their debts."""

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        for each in genesis.providers:
            self._admit_at_genesis(each)
        self._publish()

    # Calls.

    @call(index=0, weight=db(reads=6, writes=8 + t.UNITS_PER_CALL_MAX))
    def register(
        self,
        origin: Signed,
        group: GroupId,
        domain: t.Domain,
        units: t.Classes,
    ) -> None:
        """Become a provider on probation, with a deposit, an operator group, a failure domain and units."""
        who = origin.who
        self._admit(who, t.Provider(ProviderState.Probation, Tier.Anonymous, group, domain, self.host.number))
        self._add_units(who, units)

    @call(index=1, weight=db(reads=4, writes=2 + t.UNITS_PER_CALL_MAX))
    def add_units(self, origin: Signed, units: t.Classes) -> None:
        """Add units; each counts after a probation of its own."""
        self._known(origin.who)
        self._add_units(origin.who, units)

    @call(index=2, weight=db(reads=4 + t.UNITS_MAX, writes=3))
    def remove_unit(self, origin: Signed, unit: UnitId) -> None:
        """Remove a unit; what it counted is gone at once."""
        who = origin.who
        provider = self._known(who)
        if (who, unit) not in self.units:
            raise t.UnknownUnit
        del self.units[who, unit]
        self._put(who, self._rated(who, provider.replace(units=provider.units - 1)))
        self.emit(t.UnitRemoved(who, unit))

    @call(index=3, weight=db(reads=5, writes=5))
    def set_tier(self, origin: Root, who: AccountId, tier: Tier, group: GroupId) -> None:
        """Say how well the chain knows a provider, and which operator group it belongs to."""
        provider = self._known(who)
        if group == ANONYMOUS:
            raise t.AnonymousGroup
        self._put(who, provider.replace(tier=tier, group=group))
        self.emit(t.TierChanged(who, tier, group))

    @call(index=4, weight=db(reads=4, writes=4))
    def bond(self, origin: Signed, amount: Balance) -> None:
        """Put free coins into the bond."""
        self.place_bond(origin.who, amount)

    @call(index=5, weight=db(reads=8, writes=5))
    def unbond(self, origin: Signed, amount: Balance) -> None:
        """Take coins out of the bond; they wait for 7 days. Both lines and the N-1 line hold afterwards."""
        who = origin.who
        provider = self._known(who)
        if provider.state != ProviderState.Active:
            raise t.NotActive
        if self.ledger.mode_now() >= Mode.Orange:
            raise t.UnbondingFrozen
        if not amount:
            raise t.NothingToBond
        if amount > provider.bond:
            raise t.BondTooSmall
        if provider.bond - amount < self.bond_needed(who, self.ledger.debt_of(who).owed):
            raise t.BondNeeded
        if not self.survives(self.ledger.total_supply(), who, bond=-amount):
            raise t.GroupTooHeavy
        self.coin.release(BOND, who, amount)
        self.coin.hold(LEAVING, who, amount)
        self._put(who, provider.replace(bond=provider.bond - amount))
        waiting = self.unbonding.get(who)
        until = self.host.number + self.standards.blocks_in(UNBONDING_HOURS)
        self.unbonding[who] = t.Unbonding(amount + (waiting.amount if waiting else 0), until)
        self.emit(t.Unbonded(who, amount, until))

    @call(index=6, weight=db(reads=4, writes=3))
    def withdraw_unbonded(self, origin: Signed) -> None:
        """Free the coins that left the bond 7 days ago; not while the mode is Orange or worse."""
        who = origin.who
        waiting = self.unbonding.get(who)
        if waiting is None:
            raise t.NothingUnbonding
        if self.host.number < waiting.until:
            raise t.StillUnbonding
        if self.ledger.mode_now() >= Mode.Orange:
            raise t.UnbondingFrozen
        del self.unbonding[who]
        self.coin.release(LEAVING, who, waiting.amount)
        self.emit(t.Withdrawn(who, waiting.amount))

    # Hooks.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Settle what capacity has been short for 14 days."""
        deficient = self.deficient
        patience = self.standards.blocks_in(DEFICIT_HOURS) if deficient else 0
        for who in deficient:
            since = self.providers[who].short_since
            if since is not None and now - since >= patience:
                self.attempt(partial(self._liquidate, who))
        return db(reads=1 + len(deficient), writes=4 * len(deficient))

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        """Flag and clear deficits, and publish the N-1 margin and the longest wait."""
        touched = self._touched()
        for who in dict.fromkeys((*touched, *self.deficient)):
            self._judge(who, now)
        if touched:
            self._publish()

    # runtime.frame.coin.Issuers

    def survives(self, supply: Balance, who: AccountId, *, owed: Balance = 0, bond: int = 0) -> bool:
        total, changed = self.effective, group_of(self._known(who))
        for group_id in self.group_ids:
            group, debt = self.groups[group_id], self.ledger.group_owes(group_id)
            backed = group.bond
            if group_id == changed:
                backed, debt = backed + bond, debt + owed
            if LINE_PERCENT * (supply - min(backed, debt)) > 100 * (total - group.effective):
                return False
        return True

    def margin_now(self) -> int:
        return self.covered - self.ledger.total_supply()

    def wait_now(self) -> int:
        return self.wait_hours

    def serves(self, who: AccountId, class_floor: ClassId, region: Region) -> bool:
        provider = self.providers[who]
        if provider.state not in COUNTED or not provider.capacity:
            return False
        if region and region != provider.domain.region:
            return False
        floor = self.standards.rating_of(class_floor) if class_floor else 0
        return floor is not None and provider.slowest >= floor

    def place_bond(self, who: AccountId, amount: Balance) -> None:
        provider = self._known(who)
        if not amount:
            raise t.NothingToBond
        self.coin.hold(BOND, who, amount)
        self._put(who, provider.replace(bond=provider.bond + amount))
        self.emit(t.Bonded(who, amount))

    def rerate(self) -> None:
        for who in self.roster:
            self._put(who, self._rated(who, self.providers[who]))

    def take_bond(self, who: AccountId, to: AccountId, amount: Balance) -> Balance:
        provider = self._known(who)
        taken = min(amount, provider.bond)
        if taken:
            self.coin.transfer_on_hold(BOND, who, to, taken)
            self._put(who, provider.replace(bond=provider.bond - taken))
        return taken

    def burn_bond(self, who: AccountId, amount: Balance) -> Balance:
        provider = self._known(who)
        burned = min(amount, provider.bond, self.ledger.debt_of(who).unassigned)
        if burned:
            self.ledger.cancel_held(who, BOND, who, burned, Cause.Liquidated)
            self._put(who, provider.replace(bond=provider.bond - burned))
        return burned

    def ticket_failed(self, who: AccountId) -> None:
        now, span = self.host.number, self.standards.blocks_in(FAILURE_HOURS)
        provider = self._known(who)
        failures = (*provider.failures, now)[-t.FAILURES_MAX :]
        often = len(failures) == t.FAILURES_MAX and now - failures[0] <= span
        until = now + span if often else provider.failing_until
        self._put(who, provider.replace(failures=failures, failing_until=until))
        self.emit(t.TicketFailed(who, len(failures)))

    def ban(self, who: AccountId) -> None:
        provider = self._known(who)
        self._put(who, self._enter(who, provider, ProviderState.Banned))
        self.burn_bond(who, provider.bond)
        self.ledger.orphan(who, self.ledger.debt_of(who).unassigned)

    def vouch(self, who: AccountId, tier: Tier) -> None:
        provider = self._known(who)
        self._put(who, provider.replace(tier=tier))
        self.emit(t.TierChanged(who, tier, provider.group))

    # runtime.frame.coin.Units

    def record_window(self, who: AccountId, answered: Mapping[UnitId, bool]) -> bool:
        provider = self.providers[who]
        counted: list[bool] = []
        graduated = False
        for unit, passed in answered.items():
            found = self.units[who, unit]
            if found.passed == UNIT_PROBATION:
                counted.append(passed)
                continue
            run = found.passed + 1 if passed else 0
            self.units[who, unit] = found.replace(passed=run)
            if run == UNIT_PROBATION:
                graduated = True
                self.emit(t.UnitCounted(who, unit))
        passed_all = all(counted or answered.values())
        provider = provider.replace(
            history=(provider.history << 1 | passed_all) & ((1 << WINDOWS_MAX) - 1),
            windows=min(WINDOWS_MAX, provider.windows + 1),
        )
        if graduated and provider.state == ProviderState.Probation:
            provider = self._enter(who, provider, ProviderState.Active)
        self._put(who, self._rated(who, provider) if graduated else measured(provider))
        return passed_all

    def _admit_at_genesis(self, each: t.GenesisProvider) -> None:
        proven = (1 << WINDOWS_MAX) - 1
        provider = t.Provider(
            ProviderState.Active, each.tier, each.group, each.domain, 0, history=proven, windows=WINDOWS_MAX
        )
        self._admit(each.account, provider)
        self._add_units(each.account, each.units, passed=UNIT_PROBATION)
        self._put(each.account, self._rated(each.account, self.providers[each.account]))
        if each.bond:
            self.place_bond(each.account, each.bond)
        provider = self.providers[each.account]
        if not provider.capacity or any(self._short(each.account, provider)):
            raise t.GenesisRefused

    # Lines.

    def _judge(self, who: AccountId, now: BlockNumber) -> None:
        provider = self.providers.get(who)
        if provider is None or provider.state not in COUNTED:
            return
        capacity_short, bond_short = self._short(who, provider)
        if not capacity_short:
            since = None
        else:
            since = now if provider.short_since is None else provider.short_since
        failing = capacity_short or bond_short or now < provider.failing_until
        state = ProviderState.Deficient if failing else ProviderState.Active
        new = provider if since == provider.short_since else provider.replace(short_since=since)
        if state != new.state:
            new = self._enter(who, new, state)
        if new is not provider:
            self._put(who, new)

    def _short(self, who: AccountId, provider: t.Provider) -> tuple[bool, bool]:
        """Whether the capacity line and the bond line fail."""
        owed = self.ledger.debt_of(who).owed
        capacity_short = LINE_PERCENT * owed > 100 * self._effective(provider)
        return capacity_short, provider.bond * PPB < self._beta(provider.tier) * owed

    def _liquidate(self, who: AccountId) -> None:
        """Burn bond against a shortfall of capacity; what is still short becomes orphan debt."""
        provider, debt = self.providers[who], self.ledger.debt_of(who)
        line = mul_div_floor(self._effective(provider), 100, LINE_PERCENT)
        short = max(0, min(debt.owed - line, debt.unassigned))
        if not short:
            return
        burned = min(provider.bond, short)
        if burned:
            self.ledger.cancel_held(who, BOND, who, burned, Cause.Liquidated)
            self._put(who, provider.replace(bond=provider.bond - burned))
        if burned < short:
            self.ledger.orphan(who, short - burned)
        self.emit(t.Liquidated(who, burned, short - burned))

    def _touched(self) -> tuple[AccountId, ...]:
        """Providers whose lines this block may have moved."""
        names = ("beta_anonymous_ppb", "beta_attested_ppb", "beta_accountable_ppb")
        if self._betas() != tuple(self.before(name) for name in names):
            return self.roster
        changed = [change.key for change in self.providers.changes()]
        return tuple(dict.fromkeys((*changed, *self.ledger.changed_debts())))

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
            needed = self.bond_needed(who, owed)
            if provider.bond < needed:
                return f"0x{who.hex()} has a bond of {provider.bond} and needs {needed}"
        return None

    def _active_touched(self) -> Iterator[tuple[AccountId, t.Provider, Balance]]:
        for who in self._touched():
            provider = self.providers.get(who)
            if provider is not None and provider.state == ProviderState.Active:
                yield who, provider, self.ledger.debt_of(who).owed

    @invariant("I12", "W_max = max ceil(m_i / c_i)")
    def wait_is_longest(self) -> str | None:
        wait = self.wait_hours
        longest = self._longest_wait() if self._touched() else self.before("wait_hours")
        return None if wait == longest else f"W_max is {wait} hours, and the longest wait {longest}"
