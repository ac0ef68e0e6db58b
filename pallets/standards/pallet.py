"""Standards: what one SCU-h of work is, what a unit of each class yields, and how long an hour is in blocks.

A coin is owed in SCU-h under the standard in force. Standard 1 stands from the first block; ratings follow
from the work of the standard exactly, `r_hk = floor(rho_h / W_k)` in 10^-9 SCU per hour, and are never
stored.
"""

from __future__ import annotations

from typing import Final

from pallets.standards.types import (
    Class,
    ClassKnown,
    ClassRated,
    Config,
    Genesis,
    Name,
    Standard,
    StandardsError,
    StandardsEvent,
    WorkMissing,
)
from runtime.frame import Pallet, Root, StorageMap, StorageValue, Twox64Concat, call, hookimpl
from runtime.frame.coin import ClassId
from runtime.scale import U32, U128
from runtime.types import db
from runtime.types.fixed import PPB, div_ceil, mul_div_floor

FIRST: Final = 1


class Standards(Pallet[StandardsEvent, StandardsError]):
    """What one SCU-h of work is."""

    config: Config

    current = StorageValue[U32](default=FIRST, doc="k, the number of the standard in force.")
    standards = StorageMap[U32, Standard](
        hasher=Twox64Concat, doc="Every standard that ever was in force, by number."
    )
    classes = StorageMap[ClassId, Class](hasher=Twox64Concat, doc="Every class of hardware, by number.")

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        if not genesis.work:
            raise WorkMissing
        self.standards[FIRST] = Standard(genesis.work, 0)
        for each in genesis.classes:
            self._rate(each.id, each.name, each.work_per_hour)

    @call(index=0, weight=db(reads=1, writes=1))
    def add_class(self, origin: Root, class_id: ClassId, name: Name, work_per_hour: U128) -> None:
        """Admit a class of hardware, with what one unit of it was measured to do in an hour."""
        self._rate(class_id, name, work_per_hour)
        self.emit(ClassRated(class_id, work_per_hour))

    def _rate(self, class_id: ClassId, name: Name, work_per_hour: int) -> None:
        if class_id in self.classes:
            raise ClassKnown
        if not work_per_hour:
            raise WorkMissing
        self.classes[class_id] = Class(name, work_per_hour)

    # runtime.frame.coin.Standards

    def standard_now(self) -> tuple[int, int]:
        k = self.current
        return k, self.standards[k].work

    def rating_of(self, class_id: ClassId) -> int | None:
        return self.rating_under(class_id, self.standards[self.current].work)

    def rating_under(self, class_id: ClassId, work: int) -> int | None:
        found = self.classes.get(class_id)
        return None if found is None else mul_div_floor(found.work_per_hour, PPB, work)

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
