"""Oracle: a value needs many who answer for it, moves with care, and expires by being read."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.coin import COIN
from pallets.oracle import commitment_of
from pallets.oracle import types as t
from pallets.oracle.pallet import Oracle
from pallets.oracle.reporters import REPORTING, share_ppb
from runtime.frame import BadOrigin, FundsUnavailable
from runtime.frame.coin import UNBONDING_HOURS
from runtime.frame.invalid import InvariantBroken
from runtime.frame.parameter import OutOfBounds
from runtime.testing import refuses
from support.reporters import (
    BOND,
    CPU,
    DAY,
    GPU,
    REPORTERS,
    RESERVE,
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
LEAVING = UNBONDING_HOURS * HOUR
DELAY = 72 * HOUR
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


# Seats and coins.


def test_a_seat_is_given_and_taken_by_root(chain: OracleChain) -> None:
    oracle = chain.oracle
    admit = oracle.admit.call(EIGHT, 8, 8, 8, 8)
    for call in (admit, oracle.dismiss.call(ONE), oracle.cancel_slash.call(ONE, bytes(32))):
        with refuses(chain, BadOrigin):
            chain.by(ONE, call)
    chain.root(admit)
    chain.assert_last_event(t.Admitted(EIGHT, 8, 8))
    with refuses(chain, t.AlreadyReporter):
        chain.root(admit)
    chain.by(EIGHT, oracle.bond.call(BOND))
    chain.assert_last_event(t.Bonded(EIGHT, BOND))
    chain.root(oracle.dismiss.call(EIGHT))
    chain.assert_last_event(t.Dismissed(EIGHT))
    for call in (oracle.commit.call(bytes(32)), oracle.bond.call(1), oracle.unbond.call(1)):
        with refuses(chain, t.NotReporter):
            chain.by(EIGHT, call)
    with refuses(chain, t.NotReporter):
        chain.root(oracle.dismiss.call(EIGHT))
    with refuses(chain, t.AlreadyReporter):
        chain.root(admit)
    chain.next_block(LEAVING)
    chain.by(EIGHT, oracle.withdraw_unbonded.call())
    chain.assert_last_event(t.Withdrawn(EIGHT, BOND))
    assert EIGHT not in oracle.reporters and EIGHT not in oracle.roster
    chain.root(admit)
    chain.try_state()
    chain.next_block()


def test_seats_are_bounded(chain: OracleChain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(t, "REPORTERS_MAX", 5)
    with refuses(chain, t.TooManyReporters):
        chain.root(chain.oracle.admit.call(EIGHT, 8, 8, 8, 8))


def test_coins_that_leave_wait_seven_days_to_the_block(chain: OracleChain) -> None:
    oracle, free = chain.oracle, 19 * BOND
    with refuses(chain, t.NothingToBond):
        chain.by(ONE, oracle.bond.call(0))
    with refuses(chain, FundsUnavailable):
        chain.by(ONE, oracle.bond.call(free + 1))
    with refuses(chain, t.NothingToBond):
        chain.by(ONE, oracle.unbond.call(0))
    with refuses(chain, t.BondTooSmall):
        chain.by(ONE, oracle.unbond.call(BOND + 1))
    with refuses(chain, t.NothingUnbonding):
        chain.by(ONE, oracle.withdraw_unbonded.call())
    with refuses(chain, t.NotReporter):
        chain.by(EIGHT, oracle.withdraw_unbonded.call())
    chain.by(ONE, oracle.unbond.call(BOND // 2))
    chain.assert_last_event(t.Unbonded(ONE, BOND // 2, chain.number + LEAVING))
    chain.next_block(LEAVING - 1)
    with refuses(chain, t.StillUnbonding):
        chain.by(ONE, oracle.withdraw_unbonded.call())
    chain.next_block()
    chain.by(ONE, oracle.withdraw_unbonded.call())
    assert oracle.reporters[ONE].coins == oracle.bonded - 4 * BOND == BOND // 2
    chain.next_block()


def test_bonds_that_are_not_on_hold_make_no_block(chain: OracleChain) -> None:
    reporter = chain.oracle.reporters[ONE]
    chain.oracle.reporters[ONE] = reporter.replace(bond=BOND + 1)
    with pytest.raises(InvariantBroken) as broken:
        chain.next_block()
    assert broken.value.name == "R1"
    assert f"answers with {BOND + 1}, and has {BOND} on hold" in str(broken.value)


# Being wrong too often.


def mistaken(chain: OracleChain, rounds: int, *, wrong: int, liars: tuple[int, ...] = (0,)) -> None:
    """So many rounds, in the first `wrong` of which the liars are far off, each in its own way."""
    for number in range(rounds):
        far = number < wrong

        def seen(place: int, far: bool = far) -> tuple[t.Report, ...]:
            return (report(UNIT * (3 if far and place in liars else 1)),)

        chain.desk.each(seen)
    chain.desk.round()


@pytest.mark.parametrize(("wrong", "is_convicted"), [(25, False), (26, True), (128, True)])
def test_a_fifth_of_the_rounds_may_be_off(chain: OracleChain, wrong: int, is_convicted: bool) -> None:
    oracle = chain.oracle
    mistaken(chain, t.JUDGED_ROUNDS - 1, wrong=wrong)
    assert oracle.reporters[ONE].slash is None
    mistaken(chain, 1, wrong=wrong == 128)
    slash = oracle.reporters[ONE].slash
    assert (slash is not None) is is_convicted
    if slash is not None:
        share = share_ppb(wrong, False)
        assert slash == t.Slash(share, chain.number + DELAY)
        chain.assert_event(t.Convicted(ONE, share, chain.number + DELAY))
    assert all(oracle.reporters[who].off == 0 for who in REPORTERS[1:5])
    chain.try_state()


def test_what_was_committed_and_not_shown_is_off(chain: OracleChain) -> None:
    chain.by(ONE, chain.oracle.commit.call(bytes(32)))
    chain.next_block(2)
    assert chain.oracle.reporters[ONE].off == 1
    chain.next_block()
    assert chain.oracle.reporters[ONE].rounds == 1


def test_silence_is_no_offence(chain: OracleChain) -> None:
    chain.next_block(2 * DAY)
    assert all(chain.oracle.reporters[who].rounds == 0 for who in REPORTERS[:5])


def test_a_slash_costs_from_one_to_ten_percent_and_thrice_that_for_shared_values() -> None:
    percent = 10**7
    assert share_ppb(26, False) == percent + (9 * percent * 40 + 10_239) // 10_240
    assert share_ppb(128, False) == 10 * percent
    assert share_ppb(128, True) == 30 * percent
    shares = [share_ppb(wrong, False) for wrong in range(26, 129)]
    assert shares == sorted(shares)


def test_the_same_wrong_value_as_others_costs_three_times_as_much() -> None:
    chain = OracleChain([seat(place) for place in range(7)])
    mistaken(chain, t.JUDGED_ROUNDS, wrong=40, liars=(0, 1))
    for who in (ONE, TWO):
        slash = chain.oracle.reporters[who].slash
        assert slash is not None and slash.share_ppb == share_ppb(40, True)


def convicted(share: int = 100_000_000) -> OracleChain:
    """A chain on which the first reporter was convicted in this block."""
    chain = OracleChain()
    slash = t.Slash(share, chain.number + DELAY)
    chain.oracle.reporters[ONE] = chain.oracle.reporters[ONE].replace(slash=slash)
    return chain


def test_a_slash_goes_to_the_reserve_after_three_days() -> None:
    chain = convicted()
    oracle, balances = chain.oracle, chain.oracle.coin
    before = balances.free_balance(RESERVE)
    chain.run()
    chain.next_block(DELAY - 2)
    assert balances.free_balance(RESERVE) == before
    chain.next_block()
    chain.assert_event(t.Slashed(ONE, BOND // 10))
    assert balances.free_balance(RESERVE) == before + BOND // 10 == before + oracle.slashed
    assert oracle.reporters[ONE].coins == balances.on_hold(REPORTING, ONE) == BOND * 9 // 10
    assert oracle.reporters[ONE].slash is None
    chain.try_state()
    chain.next_block()


def test_coins_on_their_way_out_answer_too_and_wait_for_the_slash() -> None:
    chain = convicted(share=300_000_001)
    oracle = chain.oracle
    chain.by(ONE, oracle.unbond.call(BOND * 9 // 10))
    reporter = oracle.reporters[ONE].replace(until=chain.number)
    oracle.reporters[ONE] = reporter
    with refuses(chain, t.SlashWaits):
        chain.by(ONE, oracle.withdraw_unbonded.call())
    chain.run()
    chain.next_block(DELAY - 1)
    taken = BOND * 3 // 10 + 1_000
    assert (oracle.reporters[ONE].bond, oracle.reporters[ONE].leaving) == (0, BOND - taken)
    assert oracle.slashed == taken
    chain.by(ONE, oracle.withdraw_unbonded.call())
    chain.next_block()


def test_a_slash_is_cancelled_with_evidence_alone() -> None:
    chain = convicted()
    evidence = b"\xee" * 32
    chain.root(chain.oracle.cancel_slash.call(ONE, evidence))
    chain.assert_last_event(t.SlashCancelled(ONE, evidence))
    with refuses(chain, t.NothingToCancel):
        chain.root(chain.oracle.cancel_slash.call(ONE, evidence))
    with refuses(chain, t.NothingToCancel):
        chain.root(chain.oracle.cancel_slash.call(EIGHT, evidence))
    chain.next_block(DELAY + 1)
    assert chain.oracle.slashed == 0


def test_one_conviction_in_seven_days(chain: OracleChain) -> None:
    oracle = chain.oracle
    mistaken(chain, t.JUDGED_ROUNDS, wrong=128)
    first = oracle.reporters[ONE]
    assert first.slash is not None and first.spared_until == chain.number + 7 * DAY
    mistaken(chain, t.JUDGED_ROUNDS, wrong=128)
    assert oracle.reporters[ONE].slash == first.slash
    assert oracle.reporters[ONE].off.bit_count() == 128


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
