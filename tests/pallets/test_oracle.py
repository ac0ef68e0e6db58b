"""Oracle: a value needs many who answer for it, moves with care, and expires by being read."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.coin import COIN
from pallets.oracle import commitment_of
from pallets.oracle import types as t
from pallets.oracle.pallet import Oracle
from runtime.frame.parameter import OutOfBounds
from runtime.testing import refuses
from support.reporters import (
    BOND,
    CPU,
    DAY,
    GPU,
    REPORTERS,
    SALT,
    UNIT,
    WORK,
    OracleChain,
    report,
    seat,
)

ONE, TWO, *_, EIGHT = REPORTERS
HOUR = 6
"""Blocks."""
NINE_TENTHS = UNIT * 9 // 10


@pytest.fixture
def chain() -> OracleChain:
    return OracleChain()


# From reports to a value.


def test_a_chain_without_reporters_never_has_a_value_and_goes_on() -> None:
    chain = OracleChain([])
    for _ in range(3):
        chain.next_block(HOUR)
        assert chain.oracle.status_of(chain.oracle.price) == t.Status.Halted
        assert (chain.oracle.price_now(), chain.oracle.mainstream_now()) == (None, None)
    assert chain.oracle.origin_now() == (UNIT, WORK)
    chain.try_state()


def test_what_five_commit_to_and_show_is_a_value_two_rounds_later() -> None:
    """As transactions, in blocks that are executed again from their parents."""
    chain = OracleChain()
    oracle, reports = chain.oracle, (report(NINE_TENTHS),)
    for who in REPORTERS[:5]:
        applied = chain.submit(oracle.commit.call(commitment_of(1, who, reports, SALT)), who)
        assert applied.failure is None
    chain.next_block()
    for who in REPORTERS[:5]:
        assert chain.submit(oracle.reveal.call(reports, SALT), who).failure is None
    chain.next_block()
    chain.assert_event(t.RoundClosed(1, 5, NINE_TENTHS, WORK))
    assert oracle.price == t.Value(NINE_TENTHS, 3)
    assert oracle.quotes[GPU] == t.Quote(t.Value(NINE_TENTHS, 3), t.Value(WORK, 3), 1, 1)
    assert not list(oracle.commitments) and not list(oracle.reveals)
    chain.try_state()
    chain.next_block()


def test_what_others_use_is_the_median_of_the_daily_medians(chain: OracleChain) -> None:
    oracle = chain.oracle
    chain.settle(report(NINE_TENTHS))
    assert (oracle.price_now(), oracle.mainstream_now()) == (UNIT, WORK)  # no day has ended
    days = [UNIT * percent // 100 for percent in (90, 80, 70, 60)]
    for day, price in enumerate(days, start=1):
        oracle.price, oracle.quotes[GPU] = t.Value(price), t.Quote()
        chain.run()
        chain.run_to(day * DAY - 12)
        chain.settle(report(price), rounds=8)
        chain.run_to(day * DAY)
    assert [each.price for each in oracle.days] == [UNIT, *days]
    assert oracle.price_now() == days[1] and oracle.mainstream_now() == WORK
    chain.try_state()


def test_a_month_forgets_the_thirty_first_day(chain: OracleChain) -> None:
    oracle = chain.oracle
    for day in range(1, t.MONTH_DAYS + 3):
        oracle.today = (t.Sample(UNIT + day, WORK + day),)
        chain.run()
        chain.run_to(day * DAY)
    assert len(oracle.days) == t.MONTH_DAYS
    assert oracle.days[0] == t.Sample(UNIT + 3, WORK + 3)
    # Of two in the middle: the greater price, the lesser rating.
    assert oracle.month == t.Sample(UNIT + 18, WORK + 17)


def test_price_per_work_weighs_by_volume_and_the_mainstream_by_hours_sold(chain: OracleChain) -> None:
    cheap = report(UNIT // 20, WORK // 10, of=CPU, volume=3, hours=9)  # half the price for the same work
    good = report(UNIT, WORK, of=GPU, volume=4, hours=10)
    oracle = chain.oracle
    chain.settle(cheap, good)
    assert (oracle.price.value, oracle.mainstream.value) == (UNIT, WORK)
    chain.settle(cheap.replace(volume=5, hours=11), good, rounds=4)
    assert (oracle.price.value, oracle.mainstream.value) == (UNIT // 2, WORK // 10)


def test_a_class_of_which_nothing_is_sold_weighs_nothing(chain: OracleChain) -> None:
    chain.settle(report(volume=0, hours=0))
    assert chain.oracle.price.at is None
    assert chain.oracle.quotes[GPU].price == t.Value(UNIT, chain.number)


# Too few, too alike, too far off.


def test_four_are_too_few(chain: OracleChain) -> None:
    for _ in range(3):
        chain.desk.round(report(), r4=None)
    assert chain.oracle.price.at is None
    chain.oracle.reporters_min = 3
    chain.desk.pending = {}
    chain.run()
    chain.settle(report())
    assert chain.oracle.price.at == chain.number
    for value in (2, 51):
        with pytest.raises(OutOfBounds):
            chain.oracle.reporters_min = value


@pytest.mark.parametrize("shared", ["entity", "domain", "source"])
def test_five_who_are_not_five_are_no_oracle(shared: str) -> None:
    same = {"region": 1, "operator": 1} if shared == "domain" else {shared: 1}
    seats = [seat(0), seat(1, **same), seat(2), seat(3), seat(4)]
    chain = OracleChain(seats)
    chain.settle(report(), rounds=2)
    assert chain.oracle.price.at is None
    chain = OracleChain([*seats, seat(5), seat(6)])
    chain.settle(report(), rounds=2)
    assert chain.oracle.price.at == chain.number


def test_a_rich_minority_moves_nothing() -> None:
    rich = {"bond": 15 * BOND}
    chain = OracleChain([seat(0, **rich), seat(1, **rich), seat(2), seat(3), seat(4), seat(5), seat(6)])
    prices = [106, 106, 100, 101, 102, 103, 104]
    chain.desk.each(lambda place: (report(UNIT * prices[place] // 100),))
    chain.desk.round()
    assert chain.oracle.price.value == UNIT * 104 // 100  # by bonds alone it were 106


def test_who_is_four_spreads_off_does_not_count(chain: OracleChain) -> None:
    prices = [100, 101, 102, 103, 1_000]
    chain.desk.each(lambda place: (report(UNIT * prices[place] // 100),))
    chain.desk.round()
    assert chain.oracle.price.value == UNIT * 101 // 100  # of four equals the lower middle


def test_who_is_no_reporter_any_more_is_not_heard(chain: OracleChain) -> None:
    chain.settle(report())
    chain.desk.round(report())
    for who, reports in chain.desk.pending.items():
        chain.by(who, chain.oracle.reveal.call(reports, SALT))
    chain.desk.pending = {}
    chain.root(chain.oracle.dismiss.call(ONE))
    chain.run()
    assert chain.oracle.price.at == 3  # four are too few
    chain.by(TWO, chain.oracle.commit.call(bytes(32)))
    chain.by(TWO, chain.oracle.unbond.call(BOND))
    chain.run()
    chain.next_block()
    assert chain.oracle.reporters[TWO].off == 0
    chain.try_state()


# Moving with care, and growing old.


def test_a_great_move_waits_for_three_confirmations(chain: OracleChain) -> None:
    chain.settle(report())
    for confirmed in range(3):
        chain.settle(report(UNIT // 2))
        assert chain.oracle.price == t.Value(UNIT, 3, UNIT // 2, confirmed)
    chain.settle(report(UNIT // 2))
    assert chain.oracle.price == t.Value(UNIT // 2, chain.number)
    # A little one does not wait.
    chain.settle(report(UNIT // 2 * 115 // 100))
    assert chain.oracle.price.value == UNIT // 2 * 115 // 100


def test_a_great_move_that_is_not_confirmed_is_forgotten(chain: OracleChain) -> None:
    chain.settle(report())
    chain.settle(report(UNIT // 2), rounds=2)
    chain.settle(report(UNIT // 4))
    assert chain.oracle.quotes[GPU].price.waiting == UNIT // 4
    assert chain.oracle.quotes[GPU].price.confirmed == 0
    chain.settle(report(UNIT))
    assert chain.oracle.quotes[GPU].price == t.Value(UNIT, chain.number)


def test_a_value_expires_by_being_read(chain: OracleChain) -> None:
    oracle = chain.oracle
    chain.settle(report())
    start = chain.number
    assert oracle.price_now() == UNIT
    chain.run_to(start + 2 * HOUR)
    assert oracle.status_of(oracle.price) == t.Status.Fresh and oracle.price_now() == UNIT
    chain.next_block()
    assert oracle.status_of(oracle.price) == t.Status.Stale
    assert (oracle.price_now(), oracle.mainstream_now()) == (None, None)
    oracle.age_minutes = 24 * 60
    chain.run()
    assert oracle.price_now() == UNIT
    oracle.age_minutes = 10
    chain.run()
    chain.run_to(start + 24 * HOUR)
    assert oracle.status_of(oracle.price) == t.Status.Stale
    chain.next_block()
    assert oracle.status_of(oracle.price) == t.Status.Halted
    for value in (9, 24 * 60 + 1):
        with pytest.raises(OutOfBounds):
            oracle.age_minutes = value


# Commit and reveal.


def test_what_is_shown_is_what_was_committed_in_the_round_before(chain: OracleChain) -> None:
    oracle, reports = chain.oracle, (report(),)
    chain.by(ONE, oracle.commit.call(commitment_of(1, ONE, reports, SALT)))
    with refuses(chain, t.NothingCommitted):
        chain.by(ONE, oracle.reveal.call(reports, SALT))
    chain.next_block()
    with refuses(chain, t.NotWhatWasCommitted):
        chain.by(ONE, oracle.reveal.call((report(UNIT + 1),), SALT))
    with refuses(chain, t.NotWhatWasCommitted):
        chain.by(ONE, oracle.reveal.call(reports, bytes(32)))
    with refuses(chain, t.NothingCommitted):
        chain.by(TWO, oracle.reveal.call(reports, SALT))
    chain.by(ONE, oracle.reveal.call(reports, SALT))
    with refuses(chain, t.NothingCommitted):
        chain.by(ONE, oracle.reveal.call(reports, SALT))
    chain.by(TWO, oracle.commit.call(commitment_of(2, TWO, reports, SALT)))
    chain.next_block(2)
    with refuses(chain, t.NothingCommitted):
        chain.by(TWO, oracle.reveal.call(reports, SALT))


def test_a_commitment_may_be_made_anew_within_its_round(chain: OracleChain) -> None:
    oracle, better = chain.oracle, (report(UNIT + 1),)
    chain.by(ONE, oracle.commit.call(commitment_of(1, ONE, (report(),), SALT)))
    chain.by(ONE, oracle.commit.call(commitment_of(1, ONE, better, SALT)))
    chain.next_block()
    chain.by(ONE, oracle.reveal.call(better, SALT))
    assert oracle.reveals[1, ONE] == better


@pytest.mark.parametrize(
    ("reports", "error"),
    [
        ((), t.ReportsUnordered),
        ((report(of=GPU), report(of=CPU)), t.ReportsUnordered),
        ((report(), report()), t.ReportsUnordered),
        ((report(of=7),), t.UnknownClass),
        ((report(price=0),), t.FigureMissing),
        ((report(rating=0),), t.FigureMissing),
    ],
)
def test_reports_that_say_nothing_are_refused(
    chain: OracleChain, reports: tuple[t.Report, ...], error: type[t.OracleError]
) -> None:
    chain.by(ONE, chain.oracle.commit.call(commitment_of(1, ONE, reports, SALT)))
    chain.next_block()
    with refuses(chain, error):
        chain.by(ONE, chain.oracle.reveal.call(reports, SALT))


def test_only_who_has_a_seat_and_enough_at_stake_commits(chain: OracleChain) -> None:
    commit = chain.oracle.commit.call(bytes(32))
    with refuses(chain, t.NotReporter):
        chain.by(EIGHT, commit)
    chain.by(ONE, chain.oracle.unbond.call(1))
    with refuses(chain, t.NotActive):
        chain.by(ONE, commit)
    chain.by(ONE, chain.oracle.bond.call(1))
    chain.by(ONE, commit)


# Another measure, and the beginning.


def test_by_another_measure_ratings_follow_and_open_rounds_are_dropped(chain: OracleChain) -> None:
    oracle = chain.oracle
    chain.settle(report())
    chain.desk.round(report())
    chain.desk.round(report())
    oracle.rescale(2, 3)
    assert not list(oracle.commitments) and not list(oracle.reveals)
    assert oracle.origin_now() == (UNIT, WORK * 3 // 2)
    assert oracle.mainstream_now() == oracle.mainstream.value == WORK * 3 // 2
    assert oracle.quotes[GPU].rating.value == WORK * 3 // 2
    assert oracle.price_now() == UNIT
    chain.desk.pending = {}
    chain.run()
    chain.settle(report(UNIT, WORK * 3 // 2))
    assert (oracle.price.value, oracle.mainstream.value) == (UNIT, WORK * 3 // 2)
    assert all(oracle.reporters[who].off == 0 for who in REPORTERS[:5])
    chain.try_state()


@pytest.mark.parametrize("part", [{"mainstream": 0}, {"mainstream": 1, "price": 0}])
def test_a_genesis_without_an_origin_is_refused(chain: OracleChain, part: dict[str, Any]) -> None:
    with pytest.raises(t.OriginMissing):
        Oracle.build_genesis(chain.oracle, t.Genesis(**part))


def test_a_genesis_bond_is_a_reporters_own(chain: OracleChain) -> None:
    assert all(chain.oracle.reporters[who].bond == BOND for who in REPORTERS[:5])
    assert chain.oracle.bonded == 5 * BOND == 5_000 * COIN
