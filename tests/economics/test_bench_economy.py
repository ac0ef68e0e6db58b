"""`ballast bench economy`, on small chains: that it measures what it says; its bars are for large ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.bench import coins, economy, probes
from node.bench.coins import Size, coin_chain
from pallets.attestation import Attestation
from pallets.redemption.types import TicketState
from runtime.frame.coin import Mode
from support.cli import ballast


def test_a_chain_has_what_was_asked_for_and_nothing_happens_on_it(tmp_path: Path) -> None:
    with coin_chain(Size(7, 30, 12), tmp_path) as chain:
        assert len(chain.redemption.issuers.roster_now()) == 7
        assert chain.redemption.waiting.tickets == 12
        chain.pass_blocks(5)
        tickets = list(chain.redemption.tickets.values())
        assert [each.state for each in tickets] == [TicketState.Queued] * 12
        assert {(each.class_floor, each.region) for each in tickets} == {
            (coins.RARE_CLASS, coins.ANY),
            (coins.RARE_CLASS, coins.HOME),
        }
        assert chain.redemption.ledger.mode_now() == Mode.Green
        assert not chain.events()[1:], "an empty block tells of its inherent alone"
        chain.try_state()
    assert not list(tmp_path.iterdir())


def test_the_beacon_is_foreseen() -> None:
    chain = coins.Busy(
        coins.coin_runtime(probes.TIMING), coins.genesis_of(coins.accounts("provider", 8), ()), coins.ROOT
    )
    foreseen = probes.beacon_at(chain, chain.number + 4)
    chain.pass_blocks(4)
    assert chain[Attestation].beacon.randomness() == foreseen


def test_the_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(economy, "EMPTY_BLOCKS", 10)
    monkeypatch.setattr(economy, "ROUNDS", 1)
    monkeypatch.setattr(economy, "SIZES", (Size(8, 40, 10), Size(16, 80, 20)))
    monkeypatch.setattr(probes, "UNITS", 20)
    ended = ballast("bench", "economy", "--dir", str(tmp_path), "--json")
    assert ended.status == 0, ended
    assert '"window_units": 20' in ended.out
    plain = ballast("bench", "economy", "--dir", str(tmp_path))
    assert "a mint with 10, 100, 1,000 providers, us" in plain.out
    assert "1,000 providers and 10,000 open tickets" in plain.out
