"""The register of units: what each provider has, what windows have proven of it, and what it yields.

A unit counts after 28 windows that it passed one after the other. The counted units stand by class in the
provider's record, so a new standard rates a provider in as many steps as it has classes:

    rating = sum of counted x rating of the class      c_i = floor(availability x rating)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from pallets.providers import types as t
from pallets.providers.books import COUNTED, GONE, Books
from pallets.providers.wilson import wilson_ppb
from runtime.frame import StorageDoubleMap, StorageMap, Twox64Concat
from runtime.frame.coin import ANONYMOUS, ClassId, ProviderState, Region, Tier, UnitId
from runtime.types import AccountId, BlockNumber
from runtime.types.fixed import PPB, mul_div_floor

UNIT_PROBATION: Final = 28
"""So many windows in a row a unit passes before it counts."""
WINDOWS_MAX: Final = 56
"""How many windows availability is measured over."""


class Register(Books):
    """Every unit, and what providers have proven with them."""

    units = StorageDoubleMap[AccountId, UnitId, t.Unit](
        hashers=(Twox64Concat, Twox64Concat), doc="Every unit, by provider and number."
    )
    days = StorageMap[AccountId, t.Days](
        default=(), doc="The daily samples of E_i of which `mean` is the mean, the newest last."
    )

    # runtime.frame.coin.Issuers: capacity.

    def capacity_of(self, who: AccountId) -> int:
        provider = self.providers.get(who)
        return 0 if provider is None else provider.capacity

    def domain_of(self, who: AccountId) -> tuple[Region, int]:
        domain = self._known(who).domain
        return domain.region, domain.operator

    def serves(self, who: AccountId, class_floor: ClassId, region: Region) -> bool:
        provider = self._known(who)
        if provider.state not in COUNTED or not provider.capacity or provider.is_silent:
            return False
        if region and region != provider.domain.region:
            return False
        floor = self.standards.rating_of(class_floor) if class_floor else 0
        return floor is not None and provider.slowest >= floor

    def effective_under(self, work: int) -> int:
        ratings: dict[ClassId, int] = {}
        total = 0
        for who in self.roster:
            provider = self.providers[who]
            term = self._term(provider)
            if not term:
                continue
            rating = 0
            for each in provider.classes:
                if each.class_id not in ratings:
                    ratings[each.class_id] = self.standards.rating_under(each.class_id, work) or 0
                rating += each.counted * ratings[each.class_id]
            total += _capacity(provider, rating) * term
        return total

    def rerate(self) -> None:
        for who in self.roster:
            self._put(who, self._rated(self.providers[who]))

    # runtime.frame.coin.Units: looking.

    def unit_since(self, who: AccountId, unit: UnitId) -> BlockNumber | None:
        found = self.units.get((who, unit))
        return None if found is None else found.since

    def class_of(self, who: AccountId, unit: UnitId) -> ClassId | None:
        found = self.units.get((who, unit))
        return None if found is None else found.class_id

    def is_probation(self, who: AccountId, unit: UnitId) -> bool:
        found = self.units.get((who, unit))
        return found is not None and found.passed < UNIT_PROBATION

    def missed_in_row(self, who: AccountId) -> int:
        provider = self._known(who)
        history = provider.history
        return (history & -history).bit_length() - 1 if history else provider.windows

    def units_of(self, who: AccountId, before: BlockNumber) -> tuple[UnitId, ...]:
        provider = self.providers.get(who)
        if provider is None or provider.state in GONE:
            return ()
        return tuple(unit for (_, unit), each in self.units.under(who) if each.since < before)

    def units_before(self, block: BlockNumber) -> Iterator[tuple[AccountId, tuple[UnitId, ...]]]:
        for who in self.roster:
            units = self.units_of(who, block)
            if units:
                yield who, units

    # runtime.frame.coin.Units: what windows say.

    def record_window(self, who: AccountId, answered: Mapping[UnitId, bool]) -> bool:
        provider = self._known(who)
        if not answered:
            return False
        counted: list[bool] = []
        proven: list[UnitId] = []
        for number, passed in answered.items():
            unit = self.units[who, number]
            if unit.passed == UNIT_PROBATION:
                counted.append(passed)
                continue
            run = unit.passed + 1 if passed else 0
            if run != unit.passed:
                self.units[who, number] = unit.replace(passed=run)
            if run == UNIT_PROBATION:
                proven.append(number)
                provider = _with_units(provider, unit.class_id, counted=1)
                self.emit(t.UnitCounted(who, number))
        passed_all = all(counted or answered.values())
        provider = provider.replace(
            history=(provider.history << 1 | passed_all) & ((1 << WINDOWS_MAX) - 1),
            windows=min(WINDOWS_MAX, provider.windows + 1),
        )
        if proven and provider.state == ProviderState.Probation:
            now = self.host.number
            provider = self._enter(who, provider, ProviderState.Active)
            provider = provider.replace(sampled_at=now, moved_at=now, integral=0, clean_since=now)
        self._put(who, self._rated(provider) if proven else _proven(provider))
        return passed_all

    def restart(self, who: AccountId, unit: UnitId) -> None:
        provider, found = self._known(who), self._unit(who, unit)
        self.units[who, unit] = found.replace(passed=0)
        if found.passed == UNIT_PROBATION:
            self._put(who, self._rated(_with_units(provider, found.class_id, counted=-1)))
        self.emit(t.UnitRestarted(who, unit))

    # Admission.

    def _admit(self, who: AccountId, group: int, domain: t.Domain, state: ProviderState, tier: Tier) -> None:
        known = self.providers.get(who)
        if known is not None:
            raise t.Expelled if known.state == ProviderState.Banned else t.AlreadyRegistered
        if group == ANONYMOUS:
            raise t.AnonymousGroup
        if not domain.region:
            raise t.NoRegion
        slot = self._enlist(who)
        self.coin.hold(t.Deposit(), who, self.config.deposit)
        now = self.host.number
        self._put(who, t.Provider(state, tier, group, domain, now, now, slot))
        self.emit(t.Registered(who, group))

    def _add_units(self, who: AccountId, classes: tuple[ClassId, ...], passed: int = 0) -> None:
        provider = self.providers[who]
        if provider.units + len(classes) > t.UNITS_MAX:
            raise t.TooManyUnits
        counted = int(passed == UNIT_PROBATION)
        for unit, class_id in enumerate(classes, start=provider.next_unit):
            if self.standards.rating_of(class_id) is None:
                raise t.UnknownClass
            self.units[who, unit] = t.Unit(class_id, self.host.number, passed)
            provider = _with_units(provider, class_id, units=1, counted=counted)
            self.emit(t.UnitAdded(who, unit, class_id))
        if len(provider.classes) > t.CLASSES_MAX:
            raise t.TooManyClasses
        provider = provider.replace(next_unit=provider.next_unit + len(classes))
        self._put(who, self._rated(provider) if counted else provider)

    def _remove_unit(self, who: AccountId, unit: UnitId) -> None:
        provider, found = self._known(who), self._unit(who, unit)
        del self.units[who, unit]
        counted = -1 if found.passed == UNIT_PROBATION else 0
        self._put(who, self._rated(_with_units(provider, found.class_id, units=-1, counted=counted)))
        self.emit(t.UnitRemoved(who, unit))

    def _unit(self, who: AccountId, unit: UnitId) -> t.Unit:
        found = self.units.get((who, unit))
        if found is None:
            raise t.UnknownUnit
        return found

    # Figures.

    def _enter(self, who: AccountId, provider: t.Provider, state: ProviderState) -> t.Provider:
        self.emit(t.StateChanged(who, state))
        return provider.replace(state=state, since=self.host.number)

    def _rated(self, provider: t.Provider) -> t.Provider:
        """The provider as its classes are rated now."""
        rating = 0
        counted: list[int] = []
        for each in provider.classes:
            if each.counted:
                one = self.standards.rating_of(each.class_id) or 0
                counted.append(one)
                rating += each.counted * one
        return _proven(provider.replace(rating=rating, slowest=min(counted, default=0)))


def _proven(provider: t.Provider) -> t.Provider:
    """The provider with its capacity by what its windows prove."""
    return provider.replace(capacity=_capacity(provider, provider.rating))


def _capacity(provider: t.Provider, rating: int) -> int:
    """c_i: availability times rating, rounded down."""
    return mul_div_floor(rating, wilson_ppb(provider.history.bit_count(), provider.windows), PPB)


def _with_units(provider: t.Provider, class_id: ClassId, *, units: int = 0, counted: int = 0) -> t.Provider:
    """The provider with so many more units of a class, all and counted; a class without any is gone."""
    by_class = {each.class_id: each for each in provider.classes}
    old = by_class.get(class_id, t.ClassUnits(class_id, 0, 0))
    by_class[class_id] = t.ClassUnits(class_id, old.units + units, old.counted + counted)
    classes = tuple(by_class[each] for each in sorted(by_class) if by_class[each].units)
    return provider.replace(classes=classes, units=provider.units + units)
