"""Solvency: the mode follows from the figures, worse at once and better after a week; the header says it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.issuance.types import NotGreen
from pallets.solvency import Coverage
from pallets.solvency.mode import Times, condition, step
from pallets.solvency.sums import sums_now
from pallets.solvency.types import (
    ModeChanged,
    NotRed,
    RedTooShort,
    Since,
    WindDownVoted,
    WindingDown,
)
from runtime.frame import BadOrigin
from runtime.frame.coin import Mode
from runtime.frame.invalid import InvariantBroken
from runtime.scale import codec_of
from runtime.testing import refuses
from runtime.types.digest import Consensus
from support.coin import ALICE, COIN, CPU_CLASS, ISSUERS, RESERVE, CoinChain

KAPPA = 1_250_000_000
ONE, TWO, THREE, *_ = ISSUERS
amounts = st.integers(0, 10**20)
modes = st.sampled_from([Mode.Green, Mode.Yellow, Mode.Orange, Mode.Red])
WEEK = 7
TIMES = Times(WEEK, 30, 90)


@given(amounts, amounts, st.integers(-(10**20), 10**20), amounts)
def test_the_condition_is_the_worst_row_of_the_table_that_matches(e: int, s: int, n1: int, o: int) -> None:
    """Against the table in exact fractions, with a coverage without end where there are no coins."""
    matched = condition(e, s, n1, o, KAPPA)
    if not s:
        assert matched == (Mode.Orange if o else Mode.Yellow if n1 < 0 else Mode.Green)
        return
    coverage = Fraction(e, s)
    if coverage < 1:
        assert matched == Mode.Red
    elif coverage < Fraction(110, 100) or Fraction(o, s) > Fraction(5, 100):
        assert matched == Mode.Orange
    elif coverage < Fraction(120, 100) or n1 < 0:
        assert matched == Mode.Yellow
    else:
        assert matched == Mode.Green


@pytest.mark.parametrize(
    ("e", "n1", "o", "mode"),
    [
        (1200, 0, 50, Mode.Green),
        (1199, 0, 0, Mode.Yellow),
        (1200, -1, 0, Mode.Yellow),
        (1100, 0, 0, Mode.Yellow),
        (1099, 0, 0, Mode.Orange),
        (1000, 0, 0, Mode.Orange),
        (999, 0, 0, Mode.Red),
        (9999, 9, 51, Mode.Orange),
        (999, 9, 51, Mode.Red),
    ],
)
def test_the_edges_of_the_table(e: int, n1: int, o: int, mode: Mode) -> None:
    assert condition(e, 1000, n1, o, KAPPA) == mode


@given(st.lists(modes, min_size=1, max_size=60))
def test_worse_at_once_and_better_only_after_a_week_of_its_own_condition(history: list[Mode]) -> None:
    """Against the sentence itself, over the whole history."""
    mode, since = Mode.Green, Since()
    for now, matched in enumerate(history, start=1):
        old = mode
        mode, since = step(old, matched, since, now, TIMES, is_voted=False)
        assert mode >= matched
        if matched >= old:
            assert mode == matched
        else:
            assert mode <= old
            last_week = [Mode.Green] * WEEK + history[:now]
            allowed = max(last_week[-WEEK:])
            assert mode == min(old, allowed)


histories = st.lists(st.tuples(modes, st.integers(1, 40)), min_size=1, max_size=8)


@given(histories, st.sets(st.integers(1, 320), max_size=4))
def test_red_ends_by_a_vote_after_a_month_or_by_itself_after_a_season_and_for_ever(
    history: list[tuple[Mode, int]], votes: set[int]
) -> None:
    """Against the sentence, over the modes that were seen: so long without a break."""
    mode, since, seen, now = Mode.Green, Since(), [Mode.Green], 0
    for matched, blocks in history:
        for _ in range(blocks):
            now += 1
            old = mode
            mode, since = step(old, matched, since, now, TIMES, is_voted=now in votes)
            in_red = next((n for n, each in enumerate(reversed(seen)) if each != Mode.Red), len(seen))
            if old == Mode.WindDown:
                assert mode == Mode.WindDown
            elif mode == Mode.WindDown:
                assert old == Mode.Red
                assert in_red == 90 or (now in votes and 30 <= in_red < 90)
            else:
                assert in_red < 90
                assert mode != Mode.Red or not (now in votes and in_red >= 30)
            assert (since.red is None) == (mode != Mode.Red)
            seen.append(mode)


def test_the_header_carries_the_figures_that_stand_in_storage() -> None:
    chain = CoinChain(still="days")
    chain.next_block()
    (item,) = [log for log in chain.header.digest.logs if isinstance(log, Consensus)]
    assert item.engine == b"COVR"
    figures = codec_of(Coverage).decode(item.data)
    assert figures == chain.solvency.coverage
    assert figures.supply == chain.balances.issuance()
    assert figures.effective == sum(chain.providers.effective_of(who) for who in ISSUERS)
    assert figures.ratio_ppb == figures.effective * 10**9 // figures.supply
    assert figures.reserve == chain.balances.free_balance(RESERVE)
    assert (figures.standard, figures.work) == (1, 128 * 512**3)
    assert (figures.mode, figures.queue, figures.queued, figures.orphaned) == (Mode.Green, 0, 0, 0)


def n1(chain: CoinChain) -> int:
    """The N-1 margin, as the page of the design writes it."""
    ledger, providers = chain.ledger, chain.providers
    total = providers.effective
    return min(
        (total - providers.effective_of(who))
        - (ledger.supply - min(providers.bond_of(who), ledger.debt_of(who).owed))
        for who in providers.roster
    )


def test_the_margin_is_what_is_left_without_the_worst_operator() -> None:
    chain = CoinChain(still="days")
    for turn in range(6):
        chain.providers.record_window(ISSUERS[turn % 3], {0: turn % 2 == 0})
        chain.ledger.issue(ONE, ALICE, COIN * turn)
        chain.run()
        assert chain.solvency.coverage.margin == n1(chain)
        assert chain.solvency.coverage.wait_hours == max(
            -(-chain.ledger.debt_of(who).owed // chain.providers.capacity_of(who)) for who in ISSUERS
        )


def test_the_chain_goes_down_with_its_capacity_and_comes_back_step_by_step() -> None:
    chain = CoinChain(still="days")
    seen = [chain.ledger.mode_now()]
    while chain.ledger.mode_now() != Mode.Red:
        for who in ISSUERS:
            chain.providers.record_window(who, {0: chain.number % 5 == 0})
        chain.run()
        seen.append(chain.ledger.mode_now())
    assert seen == sorted(seen)
    assert set(seen) == {Mode.Green, Mode.Yellow, Mode.Orange, Mode.Red}
    for who in ISSUERS:
        for _ in range(56):
            chain.providers.record_window(who, {0: True})
    recovered = chain.number
    chain.run()
    while chain.ledger.mode_now() == Mode.Red:
        chain.run()
    assert chain.number - 1 - recovered == WEEK - 1  # the seventh block of the condition ends the week
    assert chain.ledger.mode_now() == Mode.Green


def test_a_change_of_mode_is_told() -> None:
    chain = CoinChain(still="days")
    for who in (ONE, TWO, THREE):
        chain.by(who, chain.providers.remove_unit.call(0))
    seen: list[object] = []
    original = chain.solvency.emit
    chain.solvency.__dict__["emit"] = lambda event: (seen.append(event), original(event))
    chain.run()
    chain.solvency.__dict__["emit"] = original
    assert seen == [ModeChanged(Mode.Green, Mode.Red)]


def test_a_mode_that_does_not_follow_makes_the_block_invalid() -> None:
    chain = CoinChain(still="days")
    chain.next_block()
    chain.ledger.judge(Mode.Yellow)
    chain.solvency.coverage = chain.solvency.coverage.replace(mode=Mode.Yellow)
    with pytest.raises(InvariantBroken) as broken:
        chain.builder.check_invariants()
    assert str(broken.value) == (
        "I6 is broken: the mode follows from the figures, and no coin is minted outside Green; "
        "the mode is Yellow, and Green leads to Green"
    )


def test_figures_in_the_header_that_are_not_those_of_the_chain_make_the_block_invalid() -> None:
    chain = CoinChain(still="days")
    chain.solvency.coverage = chain.solvency.coverage.replace(reserve=1)
    with pytest.raises(InvariantBroken, match=r"^I6 is broken: .* the header says Coverage\(supply="):
        chain.builder.check_invariants()


def ruin(chain: CoinChain) -> None:
    """Four of five lose their hardware: Red, and too much is nobody's debt for it to end."""
    for who in ISSUERS[:4]:
        chain.by(who, chain.providers.remove_unit.call(0))
    chain.run()
    assert chain.ledger.mode_now() == Mode.Red


def test_after_a_month_in_red_a_vote_winds_the_coin_down() -> None:
    chain = CoinChain(still="days")
    call = chain.solvency.wind_down.call()
    with refuses(chain, BadOrigin):
        chain.by(ALICE, call)
    with refuses(chain, NotRed, "NotRed: The coin is wound down out of Red, and of no better mode."):
        chain.root(call)
    ruin(chain)
    began = chain.number - 1
    chain.run_to(began + 29)
    with refuses(chain, RedTooShort, "RedTooShort: Red has lasted less than 30 days: there is hope yet."):
        chain.root(call)
    chain.run()
    chain.root(call)
    chain.assert_last_event(WindDownVoted())
    chain.run()
    assert chain.ledger.mode_now() == Mode.WindDown
    assert chain.solvency.coverage.mode == Mode.WindDown
    with refuses(
        chain, WindingDown, "WindingDown: The coin is being wound down already, and that is for ever."
    ):
        chain.root(call)
    chain.try_state()


def test_after_a_season_in_red_nobody_is_asked_and_nothing_brings_the_coin_back() -> None:
    chain = CoinChain(still="days")
    ruin(chain)
    began = chain.number - 1
    chain.next_block(89)
    assert (chain.number, chain.ledger.mode_now()) == (began + 90, Mode.Red)
    chain.next_block()
    assert chain.ledger.mode_now() == Mode.WindDown
    for who in ISSUERS[4:]:
        chain.by(who, chain.providers.add_units.call((CPU_CLASS,) * 20))
        for _ in range(28):
            chain.providers.record_window(who, dict.fromkeys(range(21), True))
    chain.run()
    assert chain.solvency.coverage.effective > 2 * chain.solvency.coverage.supply
    for _ in range(10):
        chain.next_block()
    assert chain.ledger.mode_now() == Mode.WindDown
    with refuses(chain, NotGreen):
        chain.by(ISSUERS[4], chain.issuance.mint.call(COIN, 0))


def test_the_sums_of_all_are_made_anew_once_an_era() -> None:
    """Between two eras a sum that is off passes; the era's last block finds it."""
    chain = CoinChain(still="hours")
    assert sums_now(chain.providers, chain.ledger).margin(chain.ledger.supply) == n1(chain)
    chain.run_to(238)
    chain.providers.effective += 1
    chain.run()
    chain.run()
    assert chain.number == 240
    effective = chain.providers.effective
    with pytest.raises(InvariantBroken) as broken:
        chain.run()
    assert str(broken.value) == (
        "I16 is broken: once an era: what is kept incrementally equals its recomputation; "
        f"E is kept as {effective}, and summed anew it is {effective - 1}"
    )
