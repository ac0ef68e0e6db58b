"""Scenarios: what could happen to the coin, each some weeks of the real runtime on a fork of its state.

    price   what work costs wanders for 60 days by the seed's dice, down more often than up, and the
            mainstream grows as it falls; then the reader redeems
    run     the 200 largest holders redeem everything in one block, and the reader behind them
    gone    the operator group that owes most answers nothing and serves nobody from now on; the reader
            redeems at once, and 30 days pass

In all of them those who are there answer, serve and report; nobody mints, and nobody else redeems.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from heapq import nlargest
from random import Random
from typing import Final

from node.whatif.chain import ForkChain
from node.whatif.position import JOB, redeemable
from node.whatif.reader import Reader, Redeemed
from node.whatif.serving import Servers
from node.whatif.stand_ins import RollCall
from pallets.ledger import Ledger
from pallets.oracle import Oracle
from pallets.oracle.types import ROUNDS_A_DAY_MAX, Sample
from pallets.oracle.value import moved
from pallets.redemption import types as r
from pallets.solvency import Solvency
from pallets.system import System
from runtime.frame import Signed
from runtime.frame.coin import TERM_HOURS, Mode
from runtime.frame.governance import Outlook
from runtime.types import AccountId
from runtime.types.fixed import PPB

HOLDERS_MAX: Final = 200
"""How many holders take part in a run."""
PALLET_ACCOUNT: Final = b"modl"
"""What the accounts of pallets begin with: they do not run."""
PRICE_DAYS: Final = 60
DRIFT_PPM: Final = -4_000
"""How what work costs moves in a day, on average: it halves in half a year."""
SHOCK_PPM: Final = 20_000
"""How far it jumps in a day besides, either way."""
MILLION: Final = 1_000_000
DAY_HOURS: Final = 24
STRIDE_HOURS: Final = 6
"""How far apart blocks are while nobody waits for a ticket."""


class Scenario(StrEnum):
    """What happens."""

    PRICE = "price"
    RUN = "run"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Day:
    """How the coin stood at the end of a day."""

    hour: int
    outlook: Outlook


@dataclass(slots=True)
class Outcome:
    """What a scenario came to."""

    taking_part: int
    """The coins that others redeemed, or that the gone owed, in 10^-9."""
    hours: int = 0
    worst_mode: Mode = Mode.Green
    lowest_coverage_ppb: int = (1 << 64) - 1
    longest_wait_hours: int = 0
    days: list[Day] = field(default_factory=list[Day])
    reader: Redeemed | None = None


class Play:
    """One scenario on one fork, from the block that is open on it."""

    def __init__(self, chain: ForkChain, scenario: Scenario, reader: AccountId | None) -> None:
        self._chain = chain
        self._scenario = scenario
        self._reader = None if reader is None else Reader(chain, reader)
        self._random = Random(chain.seed)
        self._oracle, self._solvency = chain[Oracle], chain[Solvency]
        self._is_heard = scenario == Scenario.PRICE or self._oracle.price_now() is not None
        """Whether reporters speak, and the standard moves."""
        self._from = self._oracle.price.value, self._oracle.mainstream.value
        self._cost_ppb = self._progress_ppb = PPB
        """What work costs, and what the median hour does, as parts of what they were."""
        self._day = 0
        self._gone = self._heaviest() if scenario == Scenario.GONE else ()
        self._servers = Servers(chain, self._gone)
        self._outcome = Outcome(0)

    def play(self) -> Outcome:
        """To the end. Raises `InvalidBlock`."""
        chain, outcome = self._chain, self._outcome
        match self._scenario:
            case Scenario.PRICE:
                self._note()
                while chain.hour < PRICE_DAYS * DAY_HOURS:
                    self._pass(STRIDE_HOURS)
            case Scenario.RUN:
                outcome.taking_part = self._run()
            case Scenario.GONE:
                outcome.taking_part = sum(chain[Ledger].debt_of(who).owed for who in self._gone)
                chain.act(partial(self._let_go, self._gone))
        if self._reader is not None:
            self._reader.redeem()
            outcome.reader = self._reader.found
        self._note()
        until = chain.hour + TERM_HOURS
        while chain.hour < until and (self._scenario == Scenario.GONE or chain.redemption.escrowed):
            self._pass(1 if chain.redemption.escrowed else STRIDE_HOURS)
        return outcome

    # Time.

    def _pass(self, hours: int) -> None:
        self._chain.pass_time(max(1, hours // self._chain.step_hours), self._in_block)

    def _in_block(self) -> None:
        """What all do in a block that opens."""
        if self._is_heard:
            self._chain.act(self._report)
        self._servers.act()
        if self._reader is not None:
            self._reader.watch()
        self._note()

    def _note(self) -> None:
        """How the coin stands."""
        outcome, now = self._outcome, self._solvency.outlook()
        outcome.hours = self._chain.hour
        outcome.worst_mode = max(outcome.worst_mode, now.mode)
        outcome.lowest_coverage_ppb = min(outcome.lowest_coverage_ppb, now.coverage_ppb)
        outcome.longest_wait_hours = max(outcome.longest_wait_hours, now.wait_hours)
        if not outcome.days or outcome.hours // DAY_HOURS > outcome.days[-1].hour // DAY_HOURS:
            outcome.days.append(Day(outcome.hours, now))

    def _report(self) -> None:
        """Let reporters agree on what work costs, and on what the mainstream does."""
        if self._scenario == Scenario.PRICE:
            self._move_market()
        oracle, now, (cost, mainstream) = self._oracle, self._chain.number, self._from
        oracle.price = moved(oracle.price, max(1, cost * self._cost_ppb // PPB), now)
        oracle.mainstream = moved(oracle.mainstream, max(1, mainstream * self._progress_ppb // PPB), now)
        oracle.day = now // self._chain.standards.blocks_in(DAY_HOURS)
        sample = Sample(oracle.price.value, oracle.mainstream.value)
        oracle.today = (*oracle.today, sample)[-ROUNDS_A_DAY_MAX:]

    def _move_market(self) -> None:
        """Once a day, for as long as the path lasts."""
        day = min(PRICE_DAYS, self._chain.hour // DAY_HOURS)
        while self._day < day:
            self._day += 1
            step = DRIFT_PPM + self._random.randint(-SHOCK_PPM, SHOCK_PPM)
            self._cost_ppb = self._cost_ppb * (MILLION + step) // MILLION
            if step < 0:
                self._progress_ppb = self._progress_ppb * (MILLION - step // 2) // MILLION

    # What happens.

    def _run(self) -> int:
        """Let the largest holders redeem what they have; how much that was."""
        chain, calls = self._chain, self._chain.redemption
        issuers = dict.fromkeys(chain.providers.roster_now())
        reader = None if self._reader is None else self._reader.found.account
        holders = (
            (info.data.free, who)
            for who, info in chain[System].account.items()
            if who not in issuers and who != reader and not who.startswith(PALLET_ACCOUNT)
        )
        total = 0
        for _, who in nlargest(HOLDERS_MAX, holders):
            amount = redeemable(chain.runtime, who)
            call = calls.redeem.call(amount, r.Service.Infer, 0, 0, JOB)
            total += amount if chain.perform(call, Signed(who)) is None else 0
        return total

    def _heaviest(self) -> tuple[AccountId, ...]:
        """The members of the operator group that owes most; of two alike, the one with the lower number."""
        providers, ledger = self._chain.providers, self._chain[Ledger]
        groups = sorted(providers.groups.keys())
        heaviest = max(groups, key=ledger.group_owes, default=None)
        return tuple(who for who in providers.roster_now() if providers.providers[who].counts_to == heaviest)

    def _let_go(self, gone: tuple[AccountId, ...]) -> None:
        roll = self._chain[RollCall]
        for who in gone:
            roll.gone[who] = True
