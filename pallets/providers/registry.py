"""The register of providers: what each has, and the sums over operator groups and over all.

`_put` is the one place that writes a provider, so the sums cannot part from what they are sums of.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pallets.providers import types as t
from pallets.providers.wilson import wilson_ppb
from runtime.frame import (
    Pallet,
    Parameter,
    StorageDoubleMap,
    StorageMap,
    StorageValue,
    Twox64Concat,
    hookimpl,
)
from runtime.frame.coin import (
    ANONYMOUS,
    TERM_HOURS,
    ClassId,
    GroupId,
    Ledger,
    ProviderState,
    Region,
    Standards,
    Tier,
    UnitId,
)
from runtime.frame.interfaces import Currency
from runtime.scale import U32, U64
from runtime.types import AccountId, Balance, BlockNumber
from runtime.types.fixed import PPB, div_ceil, mul_div_ceil, mul_div_floor

UNIT_PROBATION: Final = 28
"""So many windows in a row a unit passes before it counts."""
WINDOWS_MAX: Final = 56
"""How many windows availability is measured over."""
COUNTED: Final = (ProviderState.Active, ProviderState.Deficient)
"""The states whose capacity counts."""
WAIT_MAX: Final = (1 << 32) - 1
"""Stands for a wait without end: a debt, and no capacity."""
BOND: Final = t.Bond()


class Register(Pallet[t.ProvidersEvent, t.ProvidersError]):
    """Every provider, its units and its figures."""

    hold_reason = t.HoldReason
    config: t.Config
    coin: Currency
    ledger: Ledger
    standards: Standards

    providers = StorageMap[AccountId, t.Provider](doc="Every provider.")
    roster = StorageValue[t.Roster](default=(), doc="Every provider, in the order of registration.")
    units = StorageDoubleMap[AccountId, UnitId, t.Unit](
        hashers=(Twox64Concat, Twox64Concat), doc="Every unit, by provider and number."
    )
    groups = StorageMap[GroupId, t.Group](
        default=t.Group(), hasher=Twox64Concat, doc="What the members of each operator group have together."
    )
    group_ids = StorageValue[t.GroupIds](default=(), doc="The operator groups that have members.")
    effective = StorageValue[Balance](
        default=0, doc="E: the effective capacity of Active and Deficient providers."
    )
    covered = StorageValue[Balance](
        default=0, doc="What is covered without the worst operator group; less S it is n1."
    )
    wait_hours = StorageValue[U32](default=0, doc="W_max: the longest wait, max ceil(m_i / c_i) hours.")
    deficient = StorageValue[t.Roster](default=(), doc="Providers that are Deficient.")
    unbonding = StorageMap[AccountId, t.Unbonding](doc="Coins on their way out of bonds.")

    beta_anonymous_ppb = Parameter[U64](
        default=PPB,
        bounds=(PPB // 5, PPB),
        track="collateral",
        safer="up",
        doc="Bond of an anonymous provider, a coin owed.",
    )
    beta_attested_ppb = Parameter[U64](
        default=PPB // 2,
        bounds=(PPB // 5, PPB),
        track="collateral",
        safer="up",
        doc="The same of an attested one.",
    )
    beta_accountable_ppb = Parameter[U64](
        default=PPB // 4,
        bounds=(PPB // 5, PPB),
        track="collateral",
        safer="up",
        doc="The same of an accountable one.",
    )

    # runtime.frame.coin.Issuers: looking.

    def roster_now(self) -> tuple[AccountId, ...]:
        return self.roster

    def state_of(self, who: AccountId) -> ProviderState | None:
        provider = self.providers.get(who)
        return None if provider is None else provider.state

    def capacity_of(self, who: AccountId) -> int:
        provider = self.providers.get(who)
        return 0 if provider is None else provider.capacity

    def effective_of(self, who: AccountId) -> int:
        provider = self.providers.get(who)
        return 0 if provider is None else self._effective(provider)

    def effective_total(self) -> int:
        return self.effective

    def effective_under(self, work: int) -> int:
        total = 0
        for who in self.roster:
            provider = self.providers[who]
            ratings = [
                self.standards.rating_under(unit.class_id, work) or 0
                for _, unit in self.units.under(who)
                if unit.passed == UNIT_PROBATION
            ]
            total += self._effective(measured(provider.replace(rating=sum(ratings))))
        return total

    def domain_of(self, who: AccountId) -> tuple[Region, int]:
        domain = self._known(who).domain
        return domain.region, domain.operator

    def bond_of(self, who: AccountId) -> Balance:
        provider = self.providers.get(who)
        return 0 if provider is None else provider.bond

    def bond_needed(self, who: AccountId, owed: Balance) -> Balance:
        return mul_div_ceil(owed, self._beta(self._known(who).tier), PPB)

    # runtime.frame.coin.Units: looking.

    def unit_since(self, who: AccountId, unit: UnitId) -> BlockNumber | None:
        found = self.units.get((who, unit))
        return None if found is None else found.since

    def missed_in_row(self, who: AccountId) -> int:
        provider = self._known(who)
        return missed_last(provider.history, provider.windows)

    def is_probation(self, who: AccountId, unit: UnitId) -> bool:
        found = self.units.get((who, unit))
        return found is not None and found.passed < UNIT_PROBATION

    def units_before(self, block: BlockNumber) -> Iterator[tuple[AccountId, tuple[UnitId, ...]]]:
        for who in self.roster:
            units = tuple(unit for (_, unit), each in self.units.under(who) if each.since < block)
            if units:
                yield who, units

    # Admission.

    def _admit(self, who: AccountId, provider: t.Provider) -> None:
        if who in self.providers:
            raise t.AlreadyRegistered
        if provider.group == ANONYMOUS:
            raise t.AnonymousGroup
        if not provider.domain.region:
            raise t.NoRegion
        roster = self.roster
        if len(roster) == t.PROVIDERS_MAX:
            raise t.TooManyProviders
        self.coin.hold(t.Deposit(), who, self.config.deposit)
        self.roster = (*roster, who)
        self._put(who, provider)
        self.emit(t.Registered(who, provider.group))

    def _add_units(self, who: AccountId, classes: tuple[ClassId, ...], passed: int = 0) -> None:
        provider = self.providers[who]
        if provider.units + len(classes) > t.UNITS_MAX:
            raise t.TooManyUnits
        for unit, class_id in enumerate(classes, start=provider.next_unit):
            if self.standards.rating_of(class_id) is None:
                raise t.UnknownClass
            self.units[who, unit] = t.Unit(class_id, self.host.number, passed)
            self.emit(t.UnitAdded(who, unit, class_id))
        added = len(classes)
        self._put(who, provider.replace(units=provider.units + added, next_unit=provider.next_unit + added))

    # Figures.

    def _enter(self, who: AccountId, provider: t.Provider, state: ProviderState) -> t.Provider:
        if state == ProviderState.Deficient:
            self.deficient = (*self.deficient, who)
        elif provider.state == ProviderState.Deficient:
            self.deficient = tuple(each for each in self.deficient if each != who)
        self.emit(t.StateChanged(who, state))
        return provider.replace(state=state, since=self.host.number)

    def _publish(self) -> None:
        self.covered = self.effective - max(map(self._loss_of, self.group_ids), default=0)
        self.wait_hours = self._longest_wait()

    def _loss_of(self, group_id: GroupId) -> int:
        """What is gone if a group fails: its capacity, less the debt that its bond would cancel."""
        group = self.groups[group_id]
        return group.effective - min(group.bond, self.ledger.group_owes(group_id))

    def _longest_wait(self) -> int:
        longest = 0
        for who in self.roster:
            owed = self.ledger.debt_of(who).owed
            if owed:
                capacity = self.providers[who].capacity
                longest = max(longest, div_ceil(owed, capacity) if capacity else WAIT_MAX)
        return min(longest, WAIT_MAX)

    def _rated(self, who: AccountId, provider: t.Provider) -> t.Provider:
        """The provider with its rating summed again over the units that count."""
        ratings: list[int] = []
        for _, unit in self.units.under(who):
            rating = self.standards.rating_of(unit.class_id)
            if unit.passed == UNIT_PROBATION and rating is not None:
                ratings.append(rating)
        return measured(provider.replace(rating=sum(ratings), slowest=min(ratings, default=0)))

    def _effective(self, provider: t.Provider) -> int:
        if provider.state not in COUNTED:
            return 0
        return provider.capacity * TERM_HOURS

    def _betas(self) -> tuple[int, ...]:
        """The bond of a coin owed, by tier."""
        return self.beta_anonymous_ppb, self.beta_attested_ppb, self.beta_accountable_ppb

    def _beta(self, tier: Tier) -> int:
        return self._betas()[tier]

    def _known(self, who: AccountId) -> t.Provider:
        provider = self.providers.get(who)
        if provider is None:
            raise t.NotRegistered
        return provider

    def _put(self, who: AccountId, new: t.Provider) -> None:
        """Write a provider, and move every sum that it is part of: the only place that does."""
        old = self.providers.get(who)
        self.providers[who] = new
        left, entered = None if old is None else group_of(old), group_of(new)
        before = 0 if old is None else self._effective(old)
        after = self._effective(new)
        if left != entered:
            if old is not None and left is not None:
                self._move_group(left, -before, -old.bond, -1)
            self._move_group(entered, after, new.bond, 1)
            self.ledger.enroll(who, entered)
        elif old is not None and (before != after or old.bond != new.bond):
            self._move_group(entered, after - before, new.bond - old.bond, 0)
        if before != after:
            self.effective += after - before

    def _move_group(self, group_id: GroupId, effective: int, bond: int, members: int) -> None:
        old = self.groups[group_id]
        new = t.Group(old.effective + effective, old.bond + bond, old.members + members)
        if new.members:
            self.groups[group_id] = new
        else:
            self.groups.discard(group_id)
        if not old.members:
            self.group_ids = (*self.group_ids, group_id)
        elif not new.members:
            self.group_ids = tuple(each for each in self.group_ids if each != group_id)

    @hookimpl
    def try_state(self) -> None:
        groups: dict[GroupId, t.Group] = {}
        for who in self.roster:
            provider = self.providers[who]
            again = self._rated(who, provider)
            assert again == provider, f"0x{who.hex()} is {provider}, and by its units {again}"
            assert provider.bond == self.coin.on_hold(BOND, who), f"the bond of 0x{who.hex()} is not on hold"
            assert (provider.state == ProviderState.Deficient) == (who in self.deficient), (
                "a deficit is not listed"
            )
            group, effective = group_of(provider), self._effective(provider)
            old = groups.get(group, t.Group())
            groups[group] = t.Group(old.effective + effective, old.bond + provider.bond, old.members + 1)
            assert self.ledger.debt_of(who).group == group, (
                f"the debt of 0x{who.hex()} counts to another group"
            )
        assert sum(group.effective for group in groups.values()) == self.effective, "E is not its sum"
        assert sorted(groups) == sorted(self.group_ids), "the list of groups is not that of the providers"
        for group_id, summed in groups.items():
            assert self.groups[group_id] == summed, (
                f"group {group_id} is {self.groups[group_id]}, not {summed}"
            )


def group_of(provider: t.Provider) -> GroupId:
    """The operator group that a provider counts to."""
    return ANONYMOUS if provider.tier == Tier.Anonymous else provider.group


def measured(provider: t.Provider) -> t.Provider:
    """The provider with its capacity: availability times rating, rounded down."""
    availability = wilson_ppb(provider.history.bit_count(), provider.windows)
    return provider.replace(capacity=mul_div_floor(provider.rating, availability, PPB))


def missed_last(history: int, windows: int) -> int:
    """How many of the last windows were missed one after the other."""
    return windows if not history else (history & -history).bit_length() - 1
