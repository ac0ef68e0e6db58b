"""Standards: ratings follow from the work of the standard exactly; it moves by covered daily steps alone."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.standards import Standards
from pallets.standards import types as t
from pallets.standards.anchor import furthest
from pallets.standards.ratings import Ratings
from runtime.frame import BadOrigin, Host, Overflow, Root, Signed
from runtime.frame.coin import Mode
from runtime.frame.parameter import OutOfBounds
from runtime.scale import codec_of
from runtime.state.overlay import RECORD_PARTS
from runtime.testing import refuses

BILLION = 10**9
WORK = 2**34
RHO = 7 * 2**40
DAY = 240
"""Blocks, ten an hour."""
amounts = st.integers(1, 10**24)


class Coins:
    """How many coins there are, and how sound they are."""

    supply = 10**15
    mode = Mode.Green

    def total_supply(self) -> int:
        return self.supply

    def mode_now(self) -> Mode:
        return self.mode


class Hardware:
    """Providers with one unit each, rated by the standard in force when they were rated last."""

    standards: Ratings

    def __init__(self, classes: Sequence[int], term: int) -> None:
        self.classes = tuple(classes)
        self.term = term
        self.ratings: list[int] = []

    def roster_now(self) -> tuple[bytes, ...]:
        return tuple(bytes([place]) * 32 for place in range(len(self.classes)))

    def capacity_of(self, who: bytes) -> int:
        return self.ratings[who[0]]

    def effective_total(self) -> int:
        return sum(self.ratings) * self.term

    def effective_under(self, work: int) -> int:
        return sum(self.standards.rating_under(each, work) or 0 for each in self.classes) * self.term

    def rerate(self) -> None:
        self.ratings = [self.standards.rating_of(each) or 0 for each in self.classes]


class Feed:
    """An oracle that says what it is told to."""

    def __init__(self, work: int) -> None:
        self.origin = (BILLION, work)
        self.price: int | None = None
        self.mainstream: int | None = None
        self.rescaled: list[tuple[int, int]] = []

    def price_now(self) -> int | None:
        return self.price

    def mainstream_now(self) -> int | None:
        return self.mainstream

    def origin_now(self) -> tuple[int, int]:
        return self.origin

    def rescale(self, old: int, new: int) -> None:
        self.rescaled.append((old, new))


class Chain:
    """A standard among what it asks: days pass by `day`."""

    def __init__(
        self,
        *,
        work: int = WORK,
        rhos: Sequence[int] = (RHO,),
        units: Sequence[int] = (1,),
        blocks: int = 10,
        hours: int = 1,
    ) -> None:
        self.coins, self.feed = Coins(), Feed(work)
        self.hardware = Hardware(units, term=10**6)
        self.host = Host()
        self.standards = self.hardware.standards = Standards(
            host=self.host,
            config=t.Config(blocks, hours),
            ledger=self.coins,  # type: ignore[arg-type]
            issuers=self.hardware,  # type: ignore[arg-type]
            oracle=self.feed,  # type: ignore[arg-type]
        )
        classes = tuple(t.GenesisClass(each, b"c", rho) for each, rho in enumerate(rhos, start=1))
        self.standards.build_genesis(t.Genesis(work, classes))
        self.hardware.rerate()

    def says(self, price: int | None, mainstream: int | None) -> None:
        self.feed.price, self.feed.mainstream = price, mainstream

    def rises(self) -> None:
        """Compute has become so cheap and strong that the standard wants to move for months."""
        self.says(BILLION // 4, 4 * self.standards.standard_now()[1])

    def day(self, count: int = 1) -> None:
        """So many days go by, with every hook of theirs that does anything."""
        for _ in range(count):
            self.host.number = (self.host.number // DAY + 1) * DAY
            self.standards.on_initialize(self.host.number)

    @property
    def events(self) -> list[Any]:
        parts, decode = self.host.overlay.events, codec_of(t.StandardsEvent).decode
        return [decode(event) for event in parts[2::RECORD_PARTS]]


def standards(work: int = WORK, *, blocks: int = 10, hours: int = 1, rho: int = RHO) -> Ratings:
    made = Ratings(host=Host(), config=t.Config(blocks, hours))
    made.build_genesis(t.Genesis(work, (t.GenesisClass(1, b"cpu", rho),)))
    return made


# Ratings and hours.


def test_the_first_standard_stands_from_block_zero() -> None:
    made = standards(2**34)
    assert made.standard_now() == (1, 2**34)
    assert made.rating_of(1) == 7 * 2**6 * BILLION
    assert made.rating_of(2) is None
    assert made.lag_now() == (1, 1)
    assert made.standards[1] == t.Standard(2**34, 0, t.Reason.First, 0, 0)


@given(work=amounts, other=amounts, rho=amounts)
def test_a_rating_is_the_exact_quotient_rounded_down(work: int, other: int, rho: int) -> None:
    made = standards(work, rho=rho)
    assert made.rating_of(1) == floor(Fraction(rho * BILLION, work))
    assert made.rating_under(1, other) == floor(Fraction(rho * BILLION, other))


@given(st.integers(0, 10**6), st.integers(1, 10**4), st.integers(1, 48))
def test_hours_become_blocks_rounded_up_and_at_least_one(span: int, blocks: int, hours: int) -> None:
    made = standards(blocks=blocks, hours=hours)
    assert made.blocks_in(span) == max(1, ceil(Fraction(span * blocks, hours)))


@given(amounts, amounts, st.integers(1, 10**4))
def test_the_blocks_for_a_piece_of_work_are_enough_and_one_less_is_not(
    work: int, per_hour: int, blocks: int
) -> None:
    made = standards(blocks=blocks)
    needed = made.blocks_for(work, per_hour)
    assert made.done_in(per_hour, needed) >= work
    assert needed == 1 or Fraction(per_hour * (needed - 1), blocks) < work


def test_a_class_is_added_by_root_once() -> None:
    chain = Chain()
    made = chain.standards
    assert not made.add_class.allows(Signed(b"\1" * 32))
    made.add_class(Root(), 2, b"gpu", 2**50, 80, 900)
    assert made.rating_of(2) == 2**16 * BILLION
    assert made.classes[2] == t.Class(b"gpu", 2**50, 80, 900)
    assert chain.events == [t.ClassRated(2, 2**50)]
    with refuses(made.host, t.ClassKnown):
        made.add_class(Root(), 1, b"cpu", 1, 0, 0)
    with refuses(made.host, t.WorkMissing):
        made.add_class(Root(), 3, b"none", 0, 0, 0)
    with pytest.raises(BadOrigin):
        made.host.dispatch(made.add_class.call(4, b"x", 1, 0, 0), Signed(b"\1" * 32))
    made.try_state()


def test_classes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(t, "CLASSES_MAX", 1)
    made = standards()
    with refuses(made.host, t.TooManyClasses):
        made.add_class(Root(), 2, b"gpu", 1, 0, 0)


def test_a_genesis_without_work_is_refused() -> None:
    with pytest.raises(t.WorkMissing):
        standards(0)


def test_a_unit_below_a_floor_yields_nothing() -> None:
    chain = Chain(rhos=(RHO, RHO), units=(2,))
    made = chain.standards
    made.add_class(Root(), 3, b"big", RHO, 80, 400)
    chain.hardware.classes = (3,)
    chain.hardware.rerate()
    made.set_floors(Root(), t.Floors(80, 400))
    assert chain.events[-1] == t.FloorsSet(t.Floors(80, 400))
    assert [made.rating_of(each) for each in (1, 2, 3)] == [0, 0, RHO * BILLION // WORK]
    assert chain.hardware.ratings == [RHO * BILLION // WORK]
    for floors in (t.Floors(81, 0), t.Floors(0, 401)):
        with refuses(made.host, t.WouldUncover):
            made.set_floors(Root(), floors)
        assert made.floors == t.Floors(80, 400)
        chain.hardware.rerate()  # these providers are no storage, and are not undone
    chain.coins.mode = Mode.WindDown
    with refuses(made.host, t.StandardFrozen):
        made.set_floors(Root(), t.Floors())


def test_a_service_has_its_factor() -> None:
    made = Chain().standards
    assert made.work_owed(3 * BILLION) == (3 * WORK, 3 * WORK, 3 * WORK)
    made.train_ppb, made.infer_ppb = 2 * BILLION, BILLION // 3
    assert made.work_owed(BILLION) == (2 * WORK, WORK, WORK * (BILLION // 3) // BILLION)
    with pytest.raises(OutOfBounds):
        made.fine_tune_ppb = 10 * BILLION + 1


# The daily step.


def test_a_covered_step_is_taken_once_a_day_and_kept_for_ever() -> None:
    chain = Chain()
    chain.rises()
    chain.host.number = DAY - 1
    chain.standards.on_initialize(DAY - 1)
    assert chain.standards.standard_now() == (1, WORK)
    chain.day(3)
    first, second, third, fourth = (chain.standards.standards[number] for number in (1, 2, 3, 4))
    assert chain.standards.standard_now() == (4, fourth.work)
    assert (second.work, third.work) == (furthest(first.work), furthest(second.work))
    assert (second.since, third.since) == (DAY, 2 * DAY)
    assert second.reason == t.Reason.Step and second.supply == chain.coins.supply
    assert chain.hardware.effective_total() == fourth.effective
    assert chain.hardware.ratings == [RHO * BILLION // fourth.work]
    assert chain.events[0] == t.StandardEnacted(2, second.work, t.Reason.Step)
    assert chain.standards.steps_are_gated() is None
    chain.standards.try_state()


def test_a_step_ends_at_the_target_and_never_leads_down() -> None:
    chain = Chain()
    chain.says(BILLION, WORK + 5)
    chain.day()
    assert chain.standards.standard_now() == (1, WORK)  # by price there is nothing to gain
    chain.says(BILLION // 2, WORK + 5)
    chain.day(2)
    assert chain.standards.standard_now() == (2, WORK + 5)
    chain.says(2 * BILLION, WORK // 2)
    chain.day()
    assert chain.standards.standard_now() == (2, WORK + 5)
    assert chain.standards.held is None


def test_what_holds_a_step_is_said_once() -> None:
    chain = Chain()
    made = chain.standards
    chain.day(3)
    assert chain.events == [t.StepHeld(t.Held.OracleSilent)]
    chain.says(BILLION // 2, None)
    chain.day()
    chain.says(None, 2 * WORK)
    chain.day()
    assert made.held == t.Held.OracleSilent
    chain.rises()
    chain.coins.supply = 0
    chain.day(2)
    assert made.held == t.Held.NothingIssued
    chain.coins.supply = 10**15
    for mode in (Mode.Orange, Mode.Red):
        chain.coins.mode = mode
        chain.day()
        assert made.held == t.Held.Unsound
    chain.coins.mode = Mode.WindDown
    chain.day()
    assert made.held == t.Held.WindDown
    assert made.standard_now() == (1, WORK)
    chain.coins.mode = Mode.Yellow
    chain.day()
    assert made.held is None and made.current == 2
    told = [each.reason for each in chain.events if isinstance(each, t.StepHeld)]
    assert told == [t.Held.OracleSilent, t.Held.NothingIssued, t.Held.Unsound, t.Held.WindDown]


def test_a_step_waits_until_it_is_covered_exactly() -> None:
    chain = Chain()
    made = chain.standards
    chain.rises()
    enough = chain.hardware.effective_under(furthest(WORK)) * BILLION // made.kappa_u_ppb
    chain.coins.supply = enough + 1
    chain.day()
    assert made.held == t.Held.Uncovered and made.current == 1
    chain.coins.supply = enough
    chain.day()
    assert made.held is None and made.current == 2
    assert made.steps_are_gated() is None


def test_kappa_u_has_bounds() -> None:
    made = Chain().standards
    for value in (1_099_999_999, 1_500_000_001):
        with pytest.raises(OutOfBounds):
            made.kappa_u_ppb = value


# The lag.


def test_a_lag_of_half_a_year_counts_capacity_for_less() -> None:
    chain = Chain()
    made = chain.standards
    chain.coins.mode = Mode.Orange  # no step meanwhile
    chain.says(1, WORK * 5 // 4)
    chain.day()
    assert made.lag is None
    chain.says(1, 2 * WORK)
    chain.day()
    assert made.lag == t.Lag(2 * DAY, 2 * WORK)
    chain.says(1, 3 * WORK)
    chain.day(179)
    chain.host.number += DAY - 1
    assert made.lag_now() == (1, 1)
    chain.host.number += 1
    assert made.lag_now() == (WORK, 3 * WORK)
    made.try_state()
    chain.says(None, None)
    chain.day(1)
    assert made.lag_now() == (WORK, 3 * WORK)  # nobody knows better
    chain.coins.mode = Mode.Green
    chain.says(1, 3 * WORK)
    chain.day(1)
    assert made.lag_now() == (furthest(WORK), 3 * WORK)
    chain.says(1, WORK)
    chain.day(1)
    assert made.lag_now() == (1, 1)
    kinds = [type(each) for each in chain.events]
    assert kinds.count(t.LagBegan) == kinds.count(t.LagEnded) == 1


def test_a_lag_that_was_interrupted_begins_again() -> None:
    chain = Chain()
    chain.coins.mode = Mode.Orange
    chain.says(1, 2 * WORK)
    chain.day(170)
    chain.says(1, WORK)
    chain.day(1)
    chain.says(1, 2 * WORK)
    chain.day(20)
    assert chain.standards.lag_now() == (1, 1)


# The splice.


def splice(chain: Chain, *by_class: int) -> None:
    given = tuple(t.ClassWork(number, work) for number, work in enumerate(by_class, start=1))
    chain.standards.splice(Root(), given)


def test_the_provider_in_the_middle_keeps_its_rating() -> None:
    chain = Chain(rhos=(RHO, 2 * RHO, 3 * RHO), units=(1, 2, 3))
    before = list(chain.hardware.ratings)
    splice(chain, 10 * RHO, 14 * RHO, 60 * RHO)  # the middle one gains seven times, the others ten and twenty
    k, work = chain.standards.standard_now()
    assert (k, work) == (2, 10 * WORK)
    assert chain.hardware.ratings == [before[0], before[1] * 7 // 10, before[2] * 2]
    assert chain.feed.rescaled == [(WORK, 10 * WORK)]
    enacted = chain.standards.standards[2]
    assert (enacted.reason, enacted.effective) == (t.Reason.Splice, chain.hardware.effective_total())
    assert chain.events[-1] == t.StandardEnacted(2, 10 * WORK, t.Reason.Splice)
    assert chain.standards.steps_are_gated() is None
    chain.standards.try_state()


def test_a_splice_among_no_providers_goes_by_the_classes() -> None:
    chain = Chain(rhos=(RHO, RHO), units=())
    chain.coins.supply = 0
    splice(chain, 2 * RHO, 3 * RHO)
    assert chain.standards.standard_now() == (2, 3 * WORK)


def test_a_splice_moves_the_target_that_the_lag_knows() -> None:
    chain = Chain()
    chain.coins.mode = Mode.Orange
    chain.says(1, 2 * WORK)
    chain.day()
    splice(chain, 3 * RHO)
    assert chain.standards.lag == t.Lag(DAY, 6 * WORK)


@pytest.mark.parametrize(
    ("given_works", "error"),
    [
        ((), t.WorksIncomplete),
        (((1, 5),), t.WorksIncomplete),
        (((2, 5), (1, 5)), t.WorksIncomplete),
        (((1, 5), (1, 5)), t.WorksIncomplete),
        (((1, 5), (3, 5)), t.WorksIncomplete),
        (((1, 5), (2, 5), (3, 5)), t.WorksIncomplete),
        (((1, 5), (2, 0)), t.WorkMissing),
    ],
)
def test_a_splice_names_every_class_once(given_works: Any, error: type[t.StandardsError]) -> None:
    chain = Chain(rhos=(RHO, RHO))
    with refuses(chain.host, error):
        chain.standards.splice(Root(), tuple(t.ClassWork(*each) for each in given_works))
    assert not chain.standards.splice.allows(Signed(b"\1" * 32))


def test_a_splice_uncovers_nothing() -> None:
    chain = Chain(rhos=(RHO, RHO, 100 * RHO), units=(1, 1, 3))
    chain.coins.supply = chain.hardware.effective_total() * 10 // 11
    before = list(chain.hardware.ratings)
    with refuses(chain.host, t.WouldUncover):
        splice(chain, RHO, RHO, 50 * RHO)
    chain.hardware.rerate()
    assert chain.hardware.ratings == before
    chain.coins.supply //= 2
    splice(chain, RHO, RHO, 52 * RHO)
    chain.coins.mode = Mode.WindDown
    with refuses(chain.host, t.StandardFrozen):
        splice(chain, RHO, RHO, RHO)


def test_a_standard_of_more_work_than_can_be_counted_is_refused() -> None:
    chain = Chain(rhos=(1,), units=())
    chain.coins.supply = 0
    with refuses(chain.host, Overflow):
        splice(chain, 2**128 - 1)


# The invariant.


def enacted(chain: Chain, *given_standards: t.Standard) -> str | None:
    """What I11 says of standards that a block enacted by itself."""
    for number, standard in enumerate(given_standards, start=2):
        chain.standards.standards[number] = standard
        chain.standards.current = number
    return chain.standards.steps_are_gated()


def test_i11_names_what_a_step_broke() -> None:
    far, low, enough = furthest(WORK) + 1, WORK - 1, 10**16
    step = t.Reason.Step
    assert enacted(Chain(), t.Standard(far, 0, step, enough, 1)) == f"standard 2 leads from {WORK} to {far}"
    assert enacted(Chain(), t.Standard(low, 0, step, enough, 1)) == f"standard 2 leads from {WORK} to {low}"
    assert enacted(Chain(), t.Standard(WORK, 0, step, 109, 100)) == (
        "standard 2 was enacted with a capacity of 109 behind 100 coins"
    )
    assert enacted(Chain(), t.Standard(WORK, 0, step, 110, 100)) is None
    assert enacted(Chain(), t.Standard(WORK, 0, step, 110, 100), t.Standard(1, 0, t.Reason.Splice)) is None


def test_i11_lets_no_standard_change() -> None:
    chain = Chain()
    chain.standards.standards[3] = t.Standard(WORK, 0)
    assert chain.standards.steps_are_gated() == "standard 3 follows on 1"
    chain = Chain()
    chain.standards.current = 2
    assert chain.standards.steps_are_gated() == "standard 2 is in force, not 1"
