"""Providers: who has proven compute, what stands behind their debts, and what becomes of them.

    Probation --28 windows--> Active <--both lines hold-- Deficient
                                |  --a line fails, 3 failed tickets in 7 d-->|
                                +--notice--> Draining --T--> Unbonding --7 d--> out         fraud --> Banned

In a block: at its start time moves whom it has to do with, from the agenda, a few; at its end the lines of
all whom the block touched are looked at. Each part is a file: `books` the sums and the agenda, `registry` the
units, `bonds`, `lines`, `leaving`, `novation`, `queries`.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from pallets.providers import types as t
from pallets.providers import weights
from pallets.providers.bonds import BOND
from pallets.providers.books import GONE
from pallets.providers.mean import DAYS
from pallets.providers.peaks import NOTHING, PAGE
from pallets.providers.queries import Queries
from pallets.providers.registry import UNIT_PROBATION, WINDOWS_MAX
from runtime.frame import Signed, call, hookimpl, invariant
from runtime.frame.coin import GroupId, ProviderState, Tier, UnitId
from runtime.types import AccountId, BlockNumber, Weight, db

WAKE: Final = db(reads=14, writes=12)
"""What time does to one provider."""


class Providers(Queries):
    """Who has proven compute, and what stands behind their debts."""

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        self.judged_kappa_ppb = self.minting.kappa_now()
        for each in genesis.providers:
            self._admit_at_genesis(each)

    # Calls.

    @call(index=0, weight=db(reads=12, writes=14 + t.UNITS_PER_CALL_MAX))
    def register(
        self,
        origin: Signed,
        group: GroupId,
        domain: t.Domain,
        units: t.Classes,
    ) -> None:
        """Become a provider on probation, with a deposit, an operator group, a failure domain and units."""
        self._admit(origin.who, group, domain, ProviderState.Probation, Tier.Anonymous)
        self._add_units(origin.who, units)

    @call(index=1, weight=db(reads=4, writes=2 + t.UNITS_PER_CALL_MAX))
    def add_units(self, origin: Signed, units: t.Classes) -> None:
        """Add units; each counts after a probation of its own."""
        if self._is_leaving(self._known(origin.who)):
            raise t.Leaving
        self._add_units(origin.who, units)

    @call(index=2, weight=weights.REMOVE_UNIT)
    def remove_unit(self, origin: Signed, unit: UnitId) -> None:
        """Remove a unit; what it counted is gone at once."""
        if self._known(origin.who).state in GONE:
            raise t.Leaving
        self._remove_unit(origin.who, unit)

    # Hooks.

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        """Do what time alone brings."""
        settled = self._settle_all(now)
        due = self._take_due(now)
        for who in due:
            self.attempt(partial(self._wake, who, now))
            if who in self.providers:
                self._put(who, self.providers[who])
        return db(reads=3) + WAKE.times(settled + len(due))

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        """Flag and clear deficits."""
        self._judge_touched(now)

    def _wake(self, who: AccountId, now: BlockNumber) -> None:
        match self.providers[who].state:
            case ProviderState.Active:
                self._spend_day(who, now)
            case ProviderState.Deficient:
                self._spend_day(who, now)
                self._settle_deficit(who, now)
            case ProviderState.Draining:
                self._drain(who, now)
            case _:
                self._go(who, now)

    def _admit_at_genesis(self, each: t.GenesisProvider) -> None:
        who = each.account
        self._admit(who, each.group, each.domain, ProviderState.Active, each.tier)
        proven = (1 << WINDOWS_MAX) - 1
        self._put(who, self.providers[who].replace(history=proven, windows=WINDOWS_MAX))
        self._add_units(who, each.units, passed=UNIT_PROBATION)
        effective = self.providers[who].effective
        self.days[who] = (effective,) * DAYS
        self._put(who, self.providers[who].replace(mean=effective))
        if each.bond:
            self.place_bond(who, each.bond)
        provider = self.providers[who]
        if not provider.capacity or any(self._short(who, provider)):
            raise t.GenesisRefused

    # Invariants.

    @invariant("I12", "W_max = max ceil(m_i / c_i)")
    def wait_is_longest(self) -> str | None:
        wait = self.wait_now()
        for who in self._touched():
            provider = self.providers.get(who)
            if provider is None or provider.slot is None:
                continue
            own = self._wait_of(who, provider)
            if own > wait:
                return f"W_max is {wait} hours, and who holds debt of 0x{who.hex()} may wait for {own}"
            page, place = divmod(provider.slot, PAGE)
            kept = self.pages[t.Figure.Wait, page]
            if (kept[place] if place < len(kept) else NOTHING) != own:
                return f"0x{who.hex()} is kept with another wait than its {own} hours"
        return None

    @hookimpl
    def try_state(self) -> None:
        """I16: all that is kept as it moves, from the beginning again."""
        groups: dict[GroupId, t.Group] = {}
        waits = [0]
        for who in self.roster:
            provider = self.providers[who]
            name = f"0x{who.hex()}"
            self._check_units(who, provider)
            assert provider.bond == self.coin.on_hold(BOND, who), f"the bond of {name} is not on hold"
            waits.append(self._wait_of(who, provider))
            group = provider.counts_to
            assert group in self.groups, f"{name} counts to a group that is not kept"
            old = groups.get(group, t.Group(self.groups[group].slot))
            groups[group] = t.Group(
                old.slot, old.effective + provider.effective, old.bond + provider.bond, old.members + 1
            )
            assert self.ledger.debt_of(who).group == group, f"the debt of {name} counts to another group"
            if provider.wakes_at:
                key = (provider.wakes_at.to_bytes(4, "big"), who)
                assert key in self.agenda, f"{name} is not on the agenda"
        awake = sum(1 for who in self.roster if self.providers[who].wakes_at)
        assert len(tuple(self.agenda.keys())) == awake, "the agenda holds more"
        assert self.wait_now() == max(waits), f"W_max is kept as {self.wait_now()}, and is {max(waits)}"
        self._check_groups(groups)

    def _check_units(self, who: AccountId, provider: t.Provider) -> None:
        name = f"0x{who.hex()}"
        units = tuple(unit for _, unit in self.units.under(who))
        assert len(units) == provider.units, f"{name} has {len(units)} units, and {provider.units} are kept"
        if provider.state in GONE:
            return
        by_class: dict[int, t.ClassUnits] = {}
        for unit in units:
            old = by_class.get(unit.class_id, t.ClassUnits(unit.class_id, 0, 0))
            counted = old.counted + (unit.passed == UNIT_PROBATION)
            by_class[unit.class_id] = t.ClassUnits(unit.class_id, old.units + 1, counted)
        classes = tuple(by_class[each] for each in sorted(by_class))
        assert classes == provider.classes, f"{name} has {classes}, and {provider.classes} are kept"
        again = self._rated(provider)
        assert again == provider, f"{name} is {provider}, and by its units {again}"
        effective = self._effective(provider)
        is_late = 0 < provider.wakes_at <= self.host.number
        assert is_late or effective == provider.effective, f"E_i of {name} is {effective}"

    def _check_groups(self, groups: dict[GroupId, t.Group]) -> None:
        assert sum(group.effective for group in groups.values()) == self.effective, "E is not its sum"
        assert sorted(groups) == sorted(self.groups.keys()), "the groups are not those of the providers"
        for group_id, summed in groups.items():
            kept = self.groups[group_id]
            assert kept == summed, f"group {group_id} is {kept}, not {summed}"
        losses = [
            each.effective - min(each.bond, self.ledger.group_owes(group_id))
            for group_id, each in groups.items()
        ]
        margin = self.effective - self.ledger.total_supply() - max(losses, default=0)
        assert self.margin_now() == margin, f"n1 is kept as {self.margin_now()}, and is {margin}"
