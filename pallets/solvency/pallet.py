"""Solvency: how sound the coin is, judged once at the end of every block, and written into its header.

The header carries the figures themselves (digest item `COVR`), so one certificate over it proves them. The
same record stands in storage. The mode is a function of what the chain holds; nobody sets it. What can be
decided is that a coin which has been in Red for 30 days is wound down at once, and not after 90.

Once an era all that is kept incrementally is summed anew from every provider (`sums`).
"""

from __future__ import annotations

from typing import Final

from pallets.solvency import types as t
from pallets.solvency import weights
from pallets.solvency.mode import Times, condition, step
from pallets.solvency.sums import sums_now
from pallets.solvency.types import Coverage, Genesis, ModeChanged, Since, SolvencyError, SolvencyEvent
from runtime.frame import Pallet, Root, StorageOption, StorageValue, call, hookimpl, invariant, runtime_api
from runtime.frame.coin import (
    COIN_API,
    COIN_API_VERSION,
    Issuers,
    Ledger,
    Minting,
    Mode,
    Standards,
    TicketQueue,
)
from runtime.frame.governance import Outlook
from runtime.frame.interfaces import Blocks
from runtime.scale import Codec, codec_of
from runtime.types import AccountId, BlockNumber
from runtime.types.digest import Consensus
from runtime.types.fixed import PPB, mul_div_floor

ENGINE: Final = b"COVR"
"""The engine of the digest item that carries the figures."""
BETTER_HOURS: Final = 7 * 24
"""For how long a better mode needs its condition."""
VOTED_HOURS: Final = 30 * 24
"""After so long in Red a vote winds the coin down."""
RED_HOURS_MAX: Final = 90 * 24
"""After so long in Red it is wound down without one."""
ERA_HOURS: Final = 24
"""How often all sums are made anew."""
RATIO_MAX: Final = (1 << 64) - 1
_COVERAGE: Final[Codec[Coverage]] = codec_of(Coverage)


class Solvency(Pallet[SolvencyEvent, SolvencyError]):
    """Judges how sound the coin is."""

    blocks: Blocks
    standards: Standards
    ledger: Ledger
    issuers: Issuers
    minting: Minting
    tickets: TicketQueue

    coverage = StorageValue[Coverage](default=Coverage(), doc="The figures of the last header.")
    since = StorageValue[Since](default=Since(), doc="When each condition was last broken.")
    voted_at = StorageOption[BlockNumber](doc="The block in which a vote on winding down has passed.")

    @hookimpl
    def build_genesis(self, genesis: Genesis) -> None:
        self.coverage = self._figures()

    # Calls.

    @call(index=0, weight=weights.WIND_DOWN)
    def wind_down(self, origin: Root) -> None:
        """Wind the coin down, once Red has lasted for 30 days: no coin is ever minted again."""
        mode, red = self.ledger.mode_now(), self.since.red
        if mode == Mode.WindDown:
            raise t.WindingDown
        if mode != Mode.Red or red is None:
            raise t.NotRed
        if self.host.number - red < self._times().voted:
            raise t.RedTooShort
        self.voted_at = self.host.number
        self.emit(t.WindDownVoted())

    # Hooks.

    @hookimpl
    def on_finalize(self, now: BlockNumber) -> None:
        """Judge the mode, and write the figures into the header."""
        old = self.ledger.mode_now()
        new, since = self._step(old, self.since)
        if since != self.since:
            self.since = since
        if new != old:
            self.ledger.judge(new)
            self.emit(ModeChanged(old, new))
        figures = self._figures()
        if figures != self.coverage:
            self.coverage = figures
        self.blocks.deposit_log(Consensus(ENGINE, _COVERAGE.encode(figures)))

    # Figures.

    def _step(self, old: Mode, since: Since) -> tuple[Mode, Since]:
        """The mode that follows from `old`, and when conditions were last broken, as things stand now."""
        now = self.host.number
        return step(old, self._matched(), since, now, self._times(), is_voted=self.voted_at == now)

    def _times(self) -> Times:
        blocks_in = self.standards.blocks_in
        return Times(blocks_in(BETTER_HOURS), blocks_in(VOTED_HOURS), blocks_in(RED_HOURS_MAX))

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

    # runtime.frame.governance.Outlooks

    def outlook(self) -> Outlook:
        figures = self._figures()
        parent: Coverage = self.before("coverage")
        mode, _ = self._step(parent.mode, self.before("since"))
        return Outlook(
            supply=figures.supply,
            effective=figures.effective,
            coverage_ppb=figures.ratio_ppb,
            margin=figures.margin,
            wait_hours=figures.wait_hours,
            headroom=self._headroom(figures),
            mode=mode,
            deficient=len(self.issuers.falling_now()),
        )

    def falling(self) -> tuple[AccountId, ...]:
        return self.issuers.falling_now()

    def _headroom(self, figures: Coverage) -> int:
        """How many coins the system line and the N-1 line of a mint leave room for, rounded down."""
        counted, of = self.standards.lag_now()
        covered = counted * PPB * figures.effective // (of * self.minting.kappa_now())
        return min(covered, self.issuers.supply_max()) - figures.supply

    @runtime_api(COIN_API, version=COIN_API_VERSION)
    def query_coverage(self) -> t.CoverageReport:
        """The figures of the block's header; and the bonds, since capacity is no custody."""
        bonds = sum(map(self.issuers.bond_of, self.issuers.roster_now()))
        return t.CoverageReport(self.coverage, bonds)

    # Invariants.

    @invariant("I6", "the mode follows from the figures, and no coin is minted outside Green")
    def mode_follows(self) -> str | None:
        figures = self._figures()
        if self.coverage != figures:
            return f"the header says {self.coverage}, and the figures are {figures}"
        parent: Coverage = self.before("coverage")
        due, since = self._step(parent.mode, self.before("since"))
        if figures.mode != due:
            return f"the mode is {figures.mode.name}, and {parent.mode.name} leads to {due.name}"
        if self.since != since:
            return f"conditions were last broken in {since}, and not in {self.since}"
        minted = self.ledger.minted_now()
        if minted and self.host.number and parent.mode != Mode.Green:
            return f"{minted} coins were minted in {parent.mode.name}"
        return None

    @invariant("I16", "once an era: what is kept incrementally equals its recomputation")
    def sums_are_those_of_all(self) -> str | None:
        if self.host.number % self.standards.blocks_in(ERA_HOURS):
            return None
        found, ledger, issuers = sums_now(self.issuers, self.ledger), self.ledger, self.issuers
        for what, kept, summed in (
            ("E", issuers.effective_total(), found.effective),
            ("S", ledger.total_supply(), found.owed + ledger.total_orphaned()),
            ("n1", issuers.margin_now(), found.margin(ledger.total_supply())),
            ("W_max", issuers.wait_now(), found.wait),
        ):
            if kept != summed:
                return f"{what} is kept as {kept}, and summed anew it is {summed}"
        return None
