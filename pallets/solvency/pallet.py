"""Solvency: how sound the coin is, judged once at the end of every block, and written into its header.

The header carries the figures themselves (digest item `COVR`), so one certificate over it proves them. The
same record stands in storage. The mode is a function of what the chain holds; nobody sets it.
"""

from __future__ import annotations

from typing import Final

from pallets.solvency.mode import condition, held_since, judge
from pallets.solvency.types import Coverage, Genesis, ModeChanged, Since, SolvencyEvent
from runtime.frame import NoError, Pallet, StorageValue, hookimpl, invariant
from runtime.frame.coin import Issuers, Ledger, Minting, Mode, Standards, TicketQueue
from runtime.frame.interfaces import Blocks
from runtime.scale import Codec, codec_of
from runtime.types import BlockNumber
from runtime.types.digest import Consensus
from runtime.types.fixed import PPB, mul_div_floor

ENGINE: Final = b"COVR"
"""The engine of the digest item that carries the figures."""
BETTER_HOURS: Final = 7 * 24
"""For how long a better mode needs its condition."""
RATIO_MAX: Final = (1 << 64) - 1
_COVERAGE: Final[Codec[Coverage]] = codec_of(Coverage)


class Solvency(Pallet[SolvencyEvent, NoError]):
    """Judges how sound the coin is."""

    blocks: Blocks
    standards: Standards
    ledger: Ledger
    issuers: Issuers
    minting: Minting
    tickets: TicketQueue

    coverage = StorageValue[Coverage](default=Coverage(), doc="The figures of the last header.")
    since = StorageValue[Since](default=Since(), doc="When each condition was last broken.")

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        self.coverage = self._figures()

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        """Judge the mode, and write the figures into the header."""
        matched = self._matched()
        since = held_since(self.since, now, matched)
        if since != self.since:
            self.since = since
        old = self.ledger.mode_now()
        new = judge(old, matched, since, now, self.standards.blocks_in(BETTER_HOURS))
        if new != old:
            self.ledger.judge(new)
            self.emit(ModeChanged(old, new))
        figures = self._figures()
        if figures != self.coverage:
            self.coverage = figures
        self.blocks.deposit_log(Consensus(ENGINE, _COVERAGE.encode(figures)))

    # Figures.

    def _matched(self) -> Mode:
        ledger, issuers = self.ledger, self.issuers
        return condition(
            issuers.effective_total(),
            ledger.total_supply(),
            issuers.margin_now(),
            ledger.total_orphaned(),
            self.minting.kappa_now(),
        )

    def _figures(self) -> Coverage:
        supply, effective = self.ledger.total_supply(), self.issuers.effective_total()
        standard, work = self.standards.standard_now()
        queue, queued = self.tickets.queue_now()
        return Coverage(
            supply=supply,
            effective=effective,
            ratio_ppb=min(RATIO_MAX, mul_div_floor(effective, PPB, supply)) if supply else RATIO_MAX,
            margin=self.issuers.margin_now(),
            wait_hours=self.issuers.wait_now(),
            standard=standard,
            work=work,
            orphaned=self.ledger.total_orphaned(),
            reserve=self.ledger.reserve_balance(),
            mode=self.ledger.mode_now(),
            queue=queue,
            queued=queued,
        )

    # Invariants.

    @invariant("I6", "the mode follows from the figures, and no coin is minted outside Green")
    def mode_follows(self) -> str | None:
        figures = self._figures()
        if self.coverage != figures:
            return f"the header says {self.coverage}, and the figures are {figures}"
        now, week = self.host.number, self.standards.blocks_in(BETTER_HOURS)
        parent: Coverage = self.before("coverage")
        parent_since: Since = self.before("since")
        matched = self._matched()
        due = judge(parent.mode, matched, held_since(parent_since, now, matched), now, week)
        if figures.mode != due:
            return f"the mode is {figures.mode.name}, and {parent.mode.name} leads to {due.name}"
        minted = self.ledger.minted_now()
        if minted and now and parent.mode != Mode.Green:
            return f"{minted} coins were minted in {parent.mode.name}"
        return None
