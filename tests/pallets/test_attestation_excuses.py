"""Attestation's excuses and outages: who is busy misses nothing for a day, who stays silent is told of."""

from __future__ import annotations

import pytest

from pallets.attestation import types as t
from runtime.types.fixed import PPB
from support.coin import COIN, COMMIT_BLOCKS, CPU_CLASS, ISSUERS, CoinChain

ONE, TWO, THREE, *_ = ISSUERS


@pytest.fixture
def chain() -> CoinChain:
    """A chain whose first window has just opened; it draws every unit."""
    chain = CoinChain(drawn_ppb=PPB)
    chain.until_window()
    return chain


def outcome(chain: CoinChain) -> t.Outcome:
    chain.until_window(False)
    assert chain.attestation.last is not None
    return chain.attestation.last


def add_units(chain: CoinChain, who: bytes, count: int) -> None:
    """Units in probation, which the next window probes."""
    chain.until_window(False)
    chain.submit_well(chain.providers.add_units.call((CPU_CLASS,) * count), who)
    chain.next_block()


# Excuses.


def busy(chain: CoinChain, monkeypatch: pytest.MonkeyPatch, who: bytes, coins: int) -> None:
    """Let a provider serve tickets of so many coins from now on."""
    since = chain.number
    monkeypatch.setattr(
        type(chain.attestation.serving), "serving_since", lambda _, server: since if server == who else None
    )
    debt = chain.ledger.debt_of(who).replace(assigned=coins)
    debt_of = type(chain.ledger).debt_of
    monkeypatch.setattr(
        type(chain.ledger), "debt_of", lambda self, asked: debt if asked == who else debt_of(self, asked)
    )


def test_a_unit_that_is_busy_with_a_ticket_is_excused(
    chain: CoinChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(chain, monkeypatch, ONE, COIN)
    chain.answer(*ISSUERS[1:])
    assert outcome(chain) == t.Outcome(1, 5, 0, True, excused=1, drawn=4)
    assert chain.providers.missed_in_row(ONE) == 0
    chain.until_window()
    chain.answer(*ISSUERS)
    assert outcome(chain).excused == 0
    assert chain.attestation.excuses[ONE] == ()


def test_a_ticket_excuses_no_more_units_than_it_keeps_busy_for_an_hour(
    chain: CoinChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_units(chain, ONE, 3)
    rating = chain.attestation.standards.rating_of(CPU_CLASS)
    assert rating is not None
    chain.until_window()
    for coins, excused in ((1, 1), (rating, 1), (rating + 1, 2), (10 * rating, 4)):
        with monkeypatch.context() as patch:
            busy(chain, patch, ONE, coins)
            chain.answer(*ISSUERS[1:])
            last = outcome(chain)
            assert (last.excused, last.missed) == (excused, 4 - excused)
            chain.until_window()


def test_an_excuse_lasts_a_day_from_the_first_window_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = CoinChain(config={"Standards": {"blocks_per_hour": 1}})
    chain.until_window()
    busy(chain, monkeypatch, ONE, COIN)
    first = chain.number
    missed = []
    while chain.number < first + 72:
        window = chain.attestation.window
        assert window is not None
        chain.answer(*ISSUERS[1:])
        missed.append((window.opened_at - first, outcome(chain).missed))
        chain.until_window()
    assert all(missing == (after >= 24) for after, missing in missed)
    assert {missing for _, missing in missed} == {0, 1}


def test_a_ticket_that_came_after_the_commitments_excuses_nothing(
    chain: CoinChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.next_block(COMMIT_BLOCKS)
    busy(chain, monkeypatch, ONE, COIN)
    assert outcome(chain).excused == 0


# Outages.


def test_the_fifth_window_missed_in_a_row_is_an_outage_once(
    chain: CoinChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F is what failed in the provider's failure domain, of all capacity: here two providers share one."""
    told: list[tuple[bytes, int]] = []
    monkeypatch.setattr(
        type(chain.attestation.slasher), "outage", lambda _, who, share: told.append((who, share))
    )
    chain._replayable = False
    chain.providers.providers[TWO] = chain.providers.providers[TWO].replace(
        domain=chain.providers.providers[ONE].domain
    )
    add_units(chain, THREE, 3)
    for number in range(1, 7):
        chain.until_window()
        silent = (ONE, TWO) if number == 5 else (ONE,)
        chain.answer(*(who for who in ISSUERS if who not in silent))
        window = chain.attestation.window
        assert window is not None
        chain.run_to(window.closes_at - 1)
        chain._replayable = False
        effective = [chain.providers.effective_of(who) for who in (ONE, TWO)]
        total = chain.providers.effective_total()
        assert outcome(chain).is_counted
        expected = sum(effective) * PPB // total
        del told[1:]  # TWO's first window is no outage; the blocks are not executed twice
        assert told == ([(ONE, told[0][1])] if number >= 5 else [])
        if number == 5:
            assert told == [(ONE, expected)]
    chain.attestation.try_state()
