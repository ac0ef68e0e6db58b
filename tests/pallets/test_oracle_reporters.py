"""Reporters: seats that root gives, coins that answer, and what being wrong too often costs."""

from __future__ import annotations

import pytest

from pallets.oracle import types as t
from pallets.oracle.reporters import REPORTING, share_ppb
from runtime.frame import BadOrigin, FundsUnavailable
from runtime.frame.coin import UNBONDING_HOURS
from runtime.frame.invalid import InvariantBroken
from runtime.testing import refuses
from support.reporters import (
    BOND,
    DAY,
    REPORTERS,
    RESERVE,
    UNIT,
    OracleChain,
    report,
    seat,
)

ONE, TWO, *_, EIGHT = REPORTERS
HOUR = 6
"""Blocks."""
LEAVING = UNBONDING_HOURS * HOUR
DELAY = 72 * HOUR


@pytest.fixture
def chain() -> OracleChain:
    return OracleChain()


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
