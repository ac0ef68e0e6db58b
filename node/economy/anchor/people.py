"""People: providers who answer windows, mint to their limit and buy hardware, and reporters who report.

Each provider keeps a coverage of its own. What it has more of it mints away once a month, its bond with it;
where it looks too little for the time that a new unit's probation takes, it buys one of the newest class.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from node.economy.agents import leaves_of
from node.economy.anchor.chains import (
    PROVIDERS,
    REPORTERS,
    SIZES,
    AnchorChain,
    vintage,
    vintage_work,
)
from node.economy.anchor.market import Day
from node.provider.challenge import Work
from pallets.attestation.types import Phase, Stage, Window
from pallets.issuance import Issuance
from pallets.ledger import Ledger
from pallets.oracle import commitment_of
from pallets.oracle.types import Report, Reports
from pallets.sudo import Sudo
from pallets.utility import Utility
from runtime.frame.coin import TERM_HOURS, Mode, ProviderState
from runtime.frame.host import Call
from runtime.types import AccountId
from runtime.types.fixed import PPB

KEPT_PPB: Final = (1_270_000_000, 1_400_000_000)
"""The least and the greatest coverage that a provider keeps of its own."""
AHEAD_PERCENT: Final = 112
"""How far providers look ahead for the standard to move while a new unit is on probation."""
SALT: Final = b"\x5a" * 32
GENERATIONS: Final = 3
"""Hardware is switched off when so many younger units count."""
Unit = tuple[AccountId, int]


class People:
    """Everybody of one chain."""

    def __init__(self, chain: AnchorChain, parts: Sequence[int], random: Random, *, reinvests: bool) -> None:
        self.chain = chain
        self.random = random
        self.reinvests = reinvests
        self.gone: dict[AccountId, None] = {}
        """Who answers nothing any more."""
        self._kept = {who: random.randint(*KEPT_PPB) for who in PROVIDERS}
        self._size = dict(zip(PROVIDERS, parts, strict=True))
        self._works: dict[Unit, Work] = {}
        self._answered = 0
        self._said: dict[AccountId, Reports] = {}
        self._quarter = 0
        self._issuance, self._ledger = chain[Issuance], chain[Ledger]
        self._batch = chain[Utility].batch

    # Windows.

    def answer(self) -> None:
        """Commit to what an open window asks, and open what it draws."""
        window = self.chain.attestation.window
        if window is None:
            return
        if window.phase == Phase.Committing and window.number != self._answered:
            self._answered = window.number
            self._commit(window)
        elif window.phase == Phase.Opening and window.challenge is not None:
            self._open(window, window.challenge)

    def _commit(self, window: Window) -> None:
        attestation, self._works = self.chain.attestation, {}
        for who, units in tuple(self.chain.providers.units_before(window.opened_at)):
            if who not in self.gone:
                for unit in units:
                    self._works[who, unit] = Work(attestation.task_of(window, who, unit))
                self._all(who, [attestation.commit.call(unit, self._works[who, unit].root) for unit in units])

    def _open(self, window: Window, challenge: bytes) -> None:
        attestation, positions = self.chain.attestation, self.chain.attestation.config.positions
        drawn: dict[AccountId, list[Call]] = {}
        for (who, unit), work in self._works.items():
            if attestation.commitments[window.number, who, unit].stage == Stage.Drawn:
                leaves = leaves_of(work.answer(challenge, positions))
                drawn.setdefault(who, []).append(attestation.open.call(unit, leaves))
        for who, calls in drawn.items():
            self._all(who, calls)

    # Prices.

    def commit_prices(self, day: Day) -> None:
        """What reporters see today, each within a third of a percent, hidden."""
        oracle = self.chain.oracle
        _, first_work = oracle.origin_now()
        round_ = oracle.round_now()
        for who in REPORTERS:
            noise = PPB + self.random.randint(-3_000_000, 3_000_000)
            price = max(1, day.cost * day.progress_ppb // PPB * noise // PPB)
            rating = first_work * day.progress_ppb // PPB
            self._said[who] = (
                Report(min(self.chain.standards.classes), price, 1_000, rating, 1_000, bytes(32)),
            )
            self._make(who, oracle.commit.call(commitment_of(round_, who, self._said[who], SALT)))

    def show_prices(self) -> None:
        """And shown, in the round after."""
        for who, reports in self._said.items():
            self._make(who, self.chain.oracle.reveal.call(reports, SALT))
        self._said = {}

    # Business.

    def bring_out(self, quarter: int, day: Day) -> None:
        """The hardware of a new quarter is rated, and can be bought."""
        self._quarter = quarter
        for size in SIZES:
            name, work = f"{size} of quarter {quarter}".encode(), vintage_work(size, day.progress_ppb)
            add = self.chain.standards.add_class.call(vintage(quarter, size), name, work, 0, 0)
            self._make(self.chain.root, self.chain[Sudo].sudo.call(add))

    def do_business(self) -> None:
        """What providers do once a month."""
        for who in PROVIDERS:
            if who in self.gone or self.chain.providers.state_of(who) is None:
                continue
            if self.reinvests:
                self._invest(who)
            self._mint(who)

    def _invest(self, who: AccountId) -> None:
        """Buy the newest hardware if what there is, with all that is on probation, will not do; switch off
        the oldest if it is not needed any more.
        """
        providers, needed = self.chain.providers, self._kept[who] * self._ledger.debt_of(who).owed
        effective = providers.effective_of(who)
        expected = effective + TERM_HOURS * self._on_probation(who)
        if 100 * PPB * expected < AHEAD_PERCENT * needed:
            newest = vintage(self._quarter, self._size[who])
            self._make(who, providers.add_units.call((newest,)))
        units = providers.units_of(who, self.chain.number)
        counted = [unit for unit in units if not providers.is_probation(who, unit)]
        if len(counted) > GENERATIONS:
            oldest = providers.class_of(who, counted[0])
            rating = (oldest and self.chain.standards.rating_of(oldest)) or 0
            if PPB * (effective - TERM_HOURS * rating) >= needed:
                self._make(who, providers.remove_unit.call(counted[0]))

    def _on_probation(self, who: AccountId) -> int:
        provider, standards = self.chain.providers.providers[who], self.chain.standards
        return sum(
            (each.units - each.counted) * (standards.rating_of(each.class_id) or 0)
            for each in provider.classes
        )

    def _mint(self, who: AccountId) -> None:
        """Mint what a provider can beyond the coverage that it keeps, as much of it into the bond as that
        needs.
        """
        providers, ledger = self.chain.providers, self._ledger
        if ledger.mode_now() != Mode.Green or providers.state_of(who) != ProviderState.Active:
            return
        owed, supply = ledger.debt_of(who).owed, ledger.total_supply()
        kappa = self._issuance.kappa_now()
        own = providers.effective_of(who) * PPB // self._kept[who] - owed
        amount = min(own, providers.effective_total() * PPB // kappa - supply)
        if amount * 100 < owed:
            return
        placed = max(0, providers.bond_needed(who, owed + amount) - providers.bond_of(who))
        if placed * 100 < amount * 99:
            self._chance(who, self._issuance.mint.call(amount, placed))

    # Transactions.

    def _all(self, who: AccountId, calls: list[Call]) -> None:
        self._make(who, calls[0] if len(calls) == 1 else self._batch.call(tuple(calls)))

    def _make(self, who: AccountId, call: Call) -> None:
        """A transaction that succeeds."""
        refusal = self._chance(who, call)
        assert refusal is None, f"{call}: {refusal}"

    def _chance(self, who: AccountId, call: Call) -> Exception | None:
        """A transaction that may be refused: what refused it."""
        return self.chain.submit(call, who).refusal
