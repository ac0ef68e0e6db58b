"""Promises: what a coin is worth of, by the pallet that moves the standard; ours, and two foils.

The foils exist here and in no chain. Their standards are moved, or are not, by substitutes of the pallet; a
substitute of Providers looks at no capacity line, for in neither foil does anybody lose bond or stand as
deficient because a promise has outgrown its hardware. So I2 and I11, of which the promises know nothing, are
off with them; all other invariants hold in every block.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pallets.providers import Providers
from pallets.providers.types import Provider
from pallets.standards import Standards
from pallets.standards.pallet import LOOK
from pallets.standards.types import Reason, Standard
from runtime.frame import hookimpl
from runtime.types import AccountId, BlockNumber, Weight, db


class UngatedStandards(Standards):
    """Standards whose steps I11 says nothing of."""

    def _broken(self, number: int, standard: Standard, kappa_u_ppb: int) -> str | None:
        return None


class FixedStandards(UngatedStandards):
    """One coin is so much work for ever."""

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        return db()


class LiteralStandards(UngatedStandards):
    """One coin is an hour of the mainstream of its day, taken by the word: whatever the mainstream does, and
    whoever can still keep it.
    """

    @hookimpl
    def on_initialize(self, now: BlockNumber) -> Weight:
        mainstream = None if now % self.blocks_in(24) else self.oracle.mainstream_now()
        if mainstream is not None and mainstream > self.standard_now()[1]:
            self._enact(mainstream, Reason.Step, self.issuers.effective_under(mainstream))
        return LOOK


class UnlinedProviders(Providers):
    """Providers of whom no capacity line is asked, nor I2."""

    def _short(self, who: AccountId, provider: Provider) -> tuple[bool, bool]:
        _, bond_short = super()._short(who, provider)
        return False, bond_short

    def active_have_capacity(self) -> str | None:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a coin promises, and how people live with it."""

    name: str
    title: str
    standards: type[Standards] = Standards
    providers: type[Providers] = Providers
    reinvests: bool = True
    """Whether providers buy hardware as the standard moves on."""
    reads_oracle: bool = True
    """Whether anything depends on what reporters say."""

    @property
    def is_ours(self) -> bool:
        """Whether it is kept by the pallets of a chain, every one of them."""
        return self.standards is Standards and self.providers is Providers


OURS: Final = Promise(name="gated", title="ours: gated standards")
IDLE: Final = Promise(name="gated_idle", title="ours, and nobody reinvests", reinvests=False)
FIXED: Final = Promise(
    name="fixed",
    title="foil: a fixed unit",
    standards=FixedStandards,
    providers=UnlinedProviders,
    reinvests=False,
    reads_oracle=False,
)
LITERAL: Final = Promise(
    name="literal",
    title="foil: the mainstream, literally",
    standards=LiteralStandards,
    providers=UnlinedProviders,
    reinvests=False,
)
