"""A chain from a table: every coin has capacity and a bond behind it, or the table is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import genesis.presets
from genesis.coin import COIN
from genesis.new import new_spec
from genesis.presets.testnet import TABLE
from genesis.spec import SpecError, parse_spec, write_spec
from genesis.table import Table, TableOracle, TableReporter, read_table
from pallets.authorities.types import NotConsented, NotPossessed
from runtime.frame.coin import Tier
from runtime.scale import Struct

FILE = Path(genesis.presets.__file__).parent / TABLE
TEXT = FILE.read_text(encoding="utf-8")
FULL = read_table(TEXT, "network.toml")
ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
BOUND = "for what it bonds and deposits, and to exist"
BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"


def table(**changes: Any) -> Table:
    return FULL.replace(**changes)


def with_one(what: str, place: int = 0, **changes: Any) -> Table:
    """The table with one line of a list changed."""
    lines: list[Struct] = list(getattr(FULL, what))
    lines[place] = lines[place].replace(**changes)
    return FULL.replace(**{what: tuple(lines)})


def refusal(wrong: Table) -> str:
    with pytest.raises(SpecError) as refused:
        new_spec(wrong)
    return str(refused.value)


def unread(text: str) -> str:
    with pytest.raises(SpecError) as refused:
        read_table(text, "network.toml")
    return str(refused.value)


def test_a_table_becomes_a_chain_spec_that_is_read_back() -> None:
    spec = new_spec(FULL)
    assert parse_spec(write_spec(spec)) == spec
    debts = spec.genesis["Ledger"]["debts"]
    balances = spec.genesis["Balances"]["balances"]
    assert sum(each["amount"] for each in debts) == sum(amount for _, amount in balances)
    assert max(each["amount"] for each in debts) - min(each["amount"] for each in debts) <= 1  # equal units


def test_debts_follow_capacity() -> None:
    more = with_one("providers", units=(1, 1, 1), bond=200_000)
    accounts = (more.accounts[0].replace(coins=400_000), *more.accounts[1:])
    debts = [each["amount"] for each in new_spec(more.replace(accounts=accounts)).genesis["Ledger"]["debts"]]
    assert abs(debts[0] - 3 * debts[1]) <= 3
    assert abs(12 * debts[1] - sum(debts)) <= 12


def test_reporters_of_the_oracle_have_seats_and_bonds_of_their_own() -> None:
    first = FULL.accounts[0].account
    spec = new_spec(table(oracle=TableOracle(2 * COIN, 0, (TableReporter(first, 1, 2, 3, 4, 50),))))
    assert spec.genesis["Oracle"] == {
        "price": 2 * COIN,
        "mainstream": FULL.work,
        "reporters": [
            {"account": ALICE, "entity": 1, "region": 2, "operator": 3, "source": 4, "bond": 50 * COIN}
        ],
    }
    twice = TableReporter(first, 1, 2, 3, 4, 1)
    assert refusal(table(oracle=TableOracle(1, 0, (twice, twice)))) == (
        f"oracle.reporters[1]: {ALICE} is named a second time"
    )
    rich = TableReporter(first, 1, 2, 3, 4, 1_000_000_000)
    assert BOUND in refusal(table(oracle=TableOracle(1, 0, (rich,))))


def test_sudo_is_there_if_somebody_is_named() -> None:
    spec = new_spec(table(sudo=FULL.accounts[0].account))
    assert spec.genesis["Sudo"] == {"key": ALICE}
    assert "Sudo" in [each.pallet for each in spec.runtime.pallets]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (
            table(work=FULL.work * 2),
            (
                "the coins are not backed: 2,400,002 coins need 2,520,002 SCU-h of capacity behind them, "
                "and the providers have 1,895,007; give accounts fewer coins, providers more units, or a "
                "coin less work"
            ),
        ),
        (table(work=0), "work: one SCU-h of no work is worth nothing"),
        (
            with_one("providers", bond=60_000),
            (
                f"providers[0] ({ALICE}) owes 240,001 coins, and as Accountable needs a bond of 60,001 "
                "behind them; it has 60,000"
            ),
        ),
        (
            with_one("providers", tier=Tier.Anonymous),
            (
                f"providers[0] ({ALICE}) owes 240,001 coins, and as Anonymous needs a bond of 240,001 behind "
                "them; it has 75,000"
            ),
        ),
        (
            with_one("providers", units=()),
            f"providers[0] ({ALICE}) has no capacity: give it a unit of a class that does some of the work",
        ),
        (with_one("providers", units=(7,)), "providers[0].units: there is no class 7 among the classes"),
        (
            with_one("providers", group=0),
            "providers[0].group: 0 is the group of all anonymous providers: declare another",
        ),
        (with_one("providers", region=0), "providers[0].region: 0 is nowhere: say where the hardware stands"),
        (
            table(providers=(*FULL.providers, FULL.providers[1])),
            f"providers[10]: {BOB} is named a second time",
        ),
        (table(classes=FULL.classes * 2), "classes: two of them have the same id"),
        (table(providers=()), "providers: coins are debts of providers, and there is none"),
        (table(validators=()), "validators: a chain needs one"),
        (
            table(providers=FULL.providers[1:]),
            f"validators[0] ({ALICE}) is no provider: only providers validate",
        ),
        (
            with_one("validators", bond=999),
            f"validators[0] ({ALICE}) bonds 999 coins, and a validator needs 1,000",
        ),
        (
            with_one("accounts", coins=95_100),
            f"accounts: {ALICE} has 95,100 coins, and needs 95,101 {BOUND}",
        ),
        (
            table(accounts=FULL.accounts[1:]),
            f"accounts: {ALICE} has 0 coins, and needs 95,101 {BOUND}",
        ),
        (
            with_one("validators", possession=FULL.validators[1].possession),
            f"validators[0] ({ALICE}): {NotPossessed()}",
        ),
        (
            with_one("validators", consent=FULL.validators[1].consent),
            f"validators[0] ({ALICE}): {NotConsented()}",
        ),
        (
            with_one("validators", bls=FULL.validators[1].bls),
            f"validators[1]: BLS key 0x{FULL.validators[1].bls.hex()} is named a second time",
        ),
        (
            with_one("validators", network=FULL.validators[1].network),
            f"validators[1]: network key 0x{FULL.validators[1].network.hex()} is named a second time",
        ),
        (
            table(timing=FULL.timing.replace(blocks_per_epoch=0)),
            "timing: an hour and an epoch have a block each, at least",
        ),
        (
            table(id="two words"),
            (
                "id names folders and files: 1 to 64 letters, digits, dots, dashes and underscores, "
                "the first a letter or a digit"
            ),
        ),
    ],
)
def test_a_wrong_table_is_refused_where_it_is_wrong(wrong: Table, why: str) -> None:
    assert refusal(wrong) == why


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            "windows_a_day = 4",
            "windows = 4",
            (
                "network.toml: windows: no field of that name; fields are: name, id, work, classes, "
                "accounts, providers, validators, timing, oracle, windows_a_day, sudo"
            ),
        ),
        ('name = "Ballast Testnet"', "", "network.toml: name: is missing"),
        ("coins = 200_000", "coins = 0.5", "network.toml: accounts[0].coins: 0.5 is no whole number"),
        ("units = [1]", 'units = ["cpu"]', "network.toml: providers[0].units[0]: 'cpu' is no whole number"),
        (
            'tier = "Accountable"',
            'tier = "Known"',
            "network.toml: providers[0].tier: 'Known' is none of Anonymous, Attested, Accountable",
        ),
        (
            'consent = "0x1a',
            'consent = "0x',
            "network.toml: validators[0].consent: 63 bytes, and the type has 64",
        ),
    ],
)
def test_a_table_that_is_none_is_refused_at_its_place(old: str, new: str, why: str) -> None:
    assert old in TEXT
    assert unread(TEXT.replace(old, new, 1)) == why


def test_what_is_no_toml_is_refused_with_its_place() -> None:
    assert unread("name = ") == "network.toml: Invalid value (at end of document)"
    assert unread("work = " + "9" * 5_000) == "network.toml holds a number of too many digits"
    assert unread("work = " + "[" * 5_000) == "network.toml is nested too deeply"


def test_coins_are_whole_and_come_out_in_the_smallest_unit() -> None:
    balances = dict(new_spec(FULL).genesis["Balances"]["balances"])
    assert balances[ALICE] == 200_000 * COIN
