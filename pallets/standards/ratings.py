"""What one SCU-h of work is, what a unit of each class yields under it, and how long an hour is in blocks.

Ratings follow from the work of the standard in force exactly, `r_hk = floor(rho_h / W_k)` in 10^-9 SCU per
hour, and are never stored. Nothing here moves the standard.
"""

from __future__ import annotations

from typing import Final

from pallets.standards import types as t
from pallets.standards import weights
from runtime.frame import Pallet, Root, StorageMap, StorageValue, Twox64Concat, call, hookimpl
from runtime.frame.coin import ClassId
from runtime.frame.voted import Lists
from runtime.scale import U32, U128
from runtime.types.fixed import PPB, div_ceil, mul_div_floor

FIRST: Final = 1
"""The number of the standard with which a chain begins."""


class Ratings(Pallet[t.StandardsEvent, t.StandardsError]):
    """What one SCU-h of work is, for as long as nobody moves it."""

    config: t.Config

    current = StorageValue[U32](default=FIRST, doc="k, the number of the standard in force.")
    standards = StorageMap[U32, t.Standard](
        hasher=Twox64Concat, doc="Every standard that ever was in force, by number."
    )
    classes = StorageMap[ClassId, t.Class](hasher=Twox64Concat, doc="Every class of hardware, by number.")
    class_count = StorageValue[U32](default=0, doc="How many classes there are.")
    floors = StorageValue[t.Floors](default=t.Floors(), doc="What a unit has at least.")

    @hookimpl
    def build_genesis(self, genesis: t.Genesis) -> None:
        if not genesis.work:
            raise t.WorkMissing
        self.standards[FIRST] = t.Standard(genesis.work, 0)
        self.floors = genesis.floors
        for each in genesis.classes:
            self._rate(each.id, t.Class(each.name, each.work_per_hour, each.memory_gib, each.link_gbps))

    @call(index=0, weight=weights.ADD_CLASS)
    def add_class(
        self,
        origin: Root | Lists,
        class_id: ClassId,
        name: t.Name,
        work_per_hour: U128,
        memory_gib: U32,
        link_gbps: U32,
    ) -> None:
        """Admit a class of hardware, with what one unit of it was measured to do in an hour."""
        self._rate(class_id, t.Class(name, work_per_hour, memory_gib, link_gbps))
        self.emit(t.ClassRated(class_id, work_per_hour))

    def _rate(self, class_id: ClassId, rated: t.Class) -> None:
        if class_id in self.classes:
            raise t.ClassKnown
        if not rated.work_per_hour:
            raise t.WorkMissing
        if self.class_count == t.CLASSES_MAX:
            raise t.TooManyClasses
        self.classes[class_id] = rated
        self.class_count += 1

    def _begin(self, standard: t.Standard) -> int:
        """Put the next standard into force; its number."""
        number = self.current + 1
        self.standards[number] = standard
        self.current = number
        return number

    # runtime.frame.coin.Standards

    def standard_now(self) -> tuple[int, int]:
        k = self.current
        return k, self.standards[k].work

    def rating_of(self, class_id: ClassId) -> int | None:
        return self.rating_under(class_id, self.standards[self.current].work)

    def rating_under(self, class_id: ClassId, work: int) -> int | None:
        found = self.classes.get(class_id)
        if found is None:
            return None
        floors = self.floors
        if found.memory_gib < floors.memory_gib or found.link_gbps < floors.link_gbps:
            return 0
        return mul_div_floor(found.work_per_hour, PPB, work)

    def lag_now(self) -> tuple[int, int]:
        return 1, 1

    def blocks_in(self, hours: int) -> int:
        return max(1, div_ceil(hours * self.config.blocks_per_hour, self.config.hours))

    def hours_in(self, blocks: int) -> int:
        return mul_div_floor(blocks, self.config.hours, self.config.blocks_per_hour)

    def blocks_for(self, work: int, per_hour: int) -> int:
        return max(1, div_ceil(work * self.config.blocks_per_hour, per_hour * self.config.hours))

    def done_in(self, per_hour: int, blocks: int) -> int:
        return mul_div_floor(per_hour * blocks, self.config.hours, self.config.blocks_per_hour)
