"""Amounts: what people write and what the chain counts say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.cli.amounts import Coin
from node.cli.faults import Fault

CPC = Coin("CPC", 9)


@given(st.integers(0, 2**128 - 1))
def test_an_amount_in_words_reads_back(amount: int) -> None:
    assert CPC.parse(CPC.words(amount)) == amount


@given(st.integers(0, 2**128 - 1), st.integers(0, 24))
def test_so_it_does_with_any_number_of_decimals(amount: int, decimals: int) -> None:
    coin = Coin("X", decimals)
    assert coin.parse(coin.words(amount)) == amount


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("1", 10**9),
        ("1.5", 1_500_000_000),
        ("1.5CPC", 1_500_000_000),
        ("1.5 cpc", 1_500_000_000),
        ("0.000000001", 1),
        ("1_000", 1000 * 10**9),
        ("1,000.25 CPC", 1_000_250_000_000),
        ("15units", 15),
        ("15 units", 15),
    ],
)
def test_ways_to_write_it(text: str, units: int) -> None:
    assert CPC.parse(text) == units


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0 CPC"), (1, "0.000000001 CPC"), (1_234_500_000_000, "1,234.5 CPC"), (-5, "-0.000000005 CPC")],
)
def test_words(amount: int, words: str) -> None:
    assert CPC.words(amount) == words


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is no amount: write 1.5, 1.5CPC or 1500000000units"),
        ("-1", "'-1' is no amount: write 1.5, 1.5CPC or 1500000000units"),
        ("1e9", "'1e9' is no amount of this chain: its coin is CPC"),
        ("1.0000000001", "'1.0000000001' is no amount: CPC has 9 decimals"),
        ("1.5units", "'1.5units' is no amount: the smallest unit has no parts"),
        ("1" + "0" * 30, f"'1{'0' * 30}' is more than any amount can be"),
        ("1 DOT", "'1 DOT' is no amount of this chain: its coin is CPC"),
    ],
)
def test_what_is_none(text: str, why: str) -> None:
    with pytest.raises(Fault) as refused:
        CPC.parse(text)
    assert str(refused.value) == why
