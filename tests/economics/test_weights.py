"""`ballast bench weights`: what it counts and writes, and that no call needs more storage than it says."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from node.bench import weights
from node.bench.weights import NotMeasured, Samples, figures_of, measure, measured_calls, weigh, write_all
from node.economy.cast import CONSUMERS
from node.economy.chain import coin_runtime
from node.economy.world import World
from runtime.frame import Signed
from runtime.types import Address, db
from support.cli import ballast

ACTIONS = 600


@pytest.fixture(scope="module")
def samples() -> dict[str, Samples]:
    return measure(ACTIONS, 3, progress=lambda done, least: None)


def test_no_call_needs_more_storage_than_it_declares(samples: dict[str, Samples]) -> None:
    coin = {name: each for name, each in samples.items() if name.split(".")[0] not in weights.ELSEWHERE}
    assert {name: each.short for name, each in coin.items() if each.short} == {}
    assert len(samples) > 30


def test_a_call_that_declares_too_little_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(6, Random(1))
    mint, who, found = world.issuance.mint.call(10**9, 10**9 // 2), world.providers.roster_now()[0], Samples()
    weigh(world.chain, mint, Signed(who), found)
    assert found.short == 0 and found.reads > 10 and found.writes > 5 and found.count == 1
    monkeypatch.setattr(mint.info, "fixed_weight", db(reads=1, writes=1))
    weigh(world.chain, mint, Signed(who), found)
    assert found.short == db(found.reads, found.writes, 0).ref_time - db(reads=1, writes=1).ref_time


def test_a_transfer_that_ends_an_account_declares_what_its_dust_needs() -> None:
    """The sender, the receiver, and the reserve, which gets what is too little for an account."""
    world, found, (giver, receiver, *_) = World(6, Random(1)), Samples(), CONSUMERS
    whole = world.balances.reducible_balance(giver, keep_alive=False)
    call = world.balances.transfer_allow_death.call(Address(receiver), whole - 1)
    weigh(world.chain, call, Signed(giver), found)
    assert (found.count, found.reads, found.writes, found.short) == (1, 3, 3, 0)


def test_what_is_weighed_leaves_no_trace() -> None:
    world = World(6, Random(1))
    before = dict(world.chain.builder.overlay.changes())
    supply = world.ledger.total_supply()
    weigh(world.chain, world.issuance.mint.call(10**9, 0), Signed(world.providers.roster_now()[0]), Samples())
    assert world.ledger.total_supply() == supply
    assert dict(world.chain.builder.overlay.changes()) == before
    world.chain.seal(again=True)


def test_a_refused_call_weighs_nothing() -> None:
    world, found = World(6, Random(1)), Samples()
    weigh(world.chain, world.issuance.mint.call(0, 0), Signed(world.providers.roster_now()[0]), found)
    assert found == Samples()


def test_the_constants_are_written_as_the_pallets_import_them(tmp_path: Path) -> None:
    runtime = coin_runtime(1)
    one = Samples(reads=3, writes=2, seconds=[0.000_041_3] * 100)
    assert one.picoseconds == 42_000_000
    names = measured_calls(runtime)
    for folder in {name.split(".")[0].lower() for name in names}:
        (tmp_path / "pallets" / folder).mkdir(parents=True)
    written = write_all(dict.fromkeys(names, one), runtime, tmp_path)
    for place in written:
        kept = Path(weights.__file__).parents[2] / place.relative_to(tmp_path)
        defined: dict[str, object] = {}
        exec(place.read_text(encoding="utf-8"), defined)
        constants = {name for name in defined if name.isupper()}
        assert constants == {
            line.split(":")[0]
            for line in kept.read_text(encoding="utf-8").splitlines()
            if ": Final = db" in line
        }
        assert all(defined[name] == db(3, 2, 42_000_000) for name in constants)


def test_what_is_wanted_is_waited_for_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "EPISODE_ACTIONS", 40)
    told: list[tuple[int, int]] = []

    def measured(wanted: str) -> bool:
        told.clear()
        found = measure(10, 3, wanted=[wanted], progress=lambda done, least: told.append((done, least)))
        return wanted in found

    assert measured("Redemption.accept")
    assert told == [(10, 50), (50, 50)]
    monkeypatch.setattr(weights, "PATIENCE", 2)
    assert not measured("Redemption.never")
    assert told == [(10, 20), (20, 20)]


def test_a_call_that_was_never_made_is_not_made_up(tmp_path: Path) -> None:
    runtime = coin_runtime(1)
    names = measured_calls(runtime)
    with pytest.raises(
        NotMeasured, match=r"Issuance\.mint: never made; take more --actions, or another --seed"
    ):
        write_all({name: Samples() for name in names if name != "Issuance.mint"}, runtime, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_table_says_what_was_declared_and_what_was_found(samples: dict[str, Samples]) -> None:
    figures = figures_of(samples, coin_runtime(1))
    mint = figures["Issuance.mint"]
    assert mint["short_us"] == 0
    assert mint["declared_us"] is not None and mint["reads"] and mint["writes"]
    assert figures["Attestation.open"]["declared_us"] is None
    ended = ballast("bench", "weights", "--actions", "20")
    assert ended.status == 0
    assert ended.out.splitlines()[0].split("  ")[0] == "call"
