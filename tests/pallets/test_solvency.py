"""Solvency: the mode follows from the figures, worse at once and better after a week; the header says it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pallets.solvency import Coverage
from pallets.solvency.mode import condition, held_since, judge
from pallets.solvency.types import ModeChanged, Since
from runtime.frame.coin import Mode
from runtime.frame.invalid import InvariantBroken
from runtime.scale import codec_of
from runtime.types.digest import Consensus
from support.coin import ALICE, COIN, ISSUERS, RESERVE, CoinChain

KAPPA = 1_250_000_000
ONE, TWO, THREE, *_ = ISSUERS
amounts = st.integers(0, 10**20)
modes = st.sampled_from([Mode.Green, Mode.Yellow, Mode.Orange, Mode.Red])
WEEK = 7


@given(amounts, amounts, st.integers(-(10**20), 10**20), amounts)
def test_the_condition_is_the_worst_row_of_the_table_that_matches(e: int, s: int, n1: int, o: int) -> None:
    """Against the table in exact fractions, with a coverage without end where there are no coins."""
    matched = condition(e, s, n1, o, KAPPA)
    if not s:
        assert matched == (Mode.Red if o else Mode.Yellow if n1 < 0 else Mode.Green)
        return
    coverage = Fraction(e, s)
    if coverage < 1 or Fraction(o, s) > Fraction(5, 100):
        assert matched == Mode.Red
    elif coverage < Fraction(110, 100):
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
        (9999, 9, 51, Mode.Red),
    ],
)
def test_the_edges_of_the_table(e: int, n1: int, o: int, mode: Mode) -> None:
    assert condition(e, 1000, n1, o, KAPPA) == mode


@given(st.lists(modes, min_size=1, max_size=60))
def test_worse_at_once_and_better_only_after_a_week_of_its_own_condition(history: list[Mode]) -> None:
    """Against the sentence itself, over the whole history."""
    mode, since = Mode.Green, Since()
    for now, matched in enumerate(history, start=1):
        since, old = held_since(since, now, matched), mode
        mode = judge(old, matched, since, now, WEEK)
        assert mode >= matched
        if matched >= old:
            assert mode == matched
        else:
            assert mode <= old
            last_week = [Mode.Green] * WEEK + history[:now]
            allowed = max(last_week[-WEEK:])
            assert mode == min(old, allowed)


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
    for step in range(6):
        chain.providers.record_window(ISSUERS[step % 3], {0: step % 2 == 0})
        chain.ledger.issue(ONE, ALICE, COIN * step)
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
            chain.providers.record_window(who, {0: False})
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
    del chain.solvency.__dict__["emit"]
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
