"""`ballast chain new` and `entry`: from a validator's keys to a table, from a table to a chain."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path

import pytest

import genesis.presets
from genesis.load import load_spec
from genesis.presets import PRESETS
from genesis.presets.dev_validators import DEV_KEYS
from genesis.presets.testnet import TABLE
from genesis.spec import write_spec
from node.cli.remote import local_runtime
from node.cli.words import Words
from node.wallet.keyring import Keyring
from node.wallet.password import Cost
from pallets.authorities.proof import check
from pallets.authorities.types import Keys, KeysProof
from runtime.crypto import ss58
from support.cli import ballast, refusal

FILE = Path(genesis.presets.__file__).parent / TABLE
ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"


def test_the_table_of_the_test_network_makes_the_test_network(tmp_path: Path) -> None:
    out = tmp_path / "network.json"
    report = ballast("chain", "new", str(FILE), "--out", str(out), "--json").json
    assert load_spec(str(out)) == PRESETS["testnet"]()
    checked = ballast("chain", "check", "--chain", str(out), "--json").json
    assert report["genesisHash"] == checked["genesisHash"]
    assert report == {
        "file": str(out),
        "id": "ballast-testnet",
        "genesisHash": checked["genesisHash"],
        "supply": 2_400_001_000_200_000,
        "effective": 3_790_014_543_000_000,
        "coverage_ppb": 1_579_172_068,
        "margin": 1_086_012_088_500_000,
        "mode": "Green",
        "wait_hours": 456,
        "providers": 10,
        "validators": 10,
        "blocks_per_epoch": 1_800,
    }


def test_without_a_file_the_spec_is_printed() -> None:
    printed = ballast("chain", "new", str(FILE))
    assert printed.err == ""
    assert json.loads(printed.out) == write_spec(PRESETS["testnet"]())


def test_people_are_told_what_the_coins_stand_on(tmp_path: Path) -> None:
    said = ballast("chain", "new", str(FILE), "--out", str(tmp_path / "n.json"))
    assert said.status == 0 and said.err == ""
    lines = said.out.splitlines()
    assert lines[0] == "Chain         ballast-testnet (Ballast Testnet)"
    assert lines[2:8] == [
        "Coins         2,400,001.0002 CPC",
        "Capacity      3,790,014 SCU-h, 1.579 a coin",
        "Mode          Green",
        "Longest wait  456 h",
        "Providers     10",
        "Validators    10, epochs of 1,800 blocks",
    ]


def test_nothing_is_written_over_and_nothing_unbacked_is_written(tmp_path: Path) -> None:
    out, wrong = tmp_path / "network.json", tmp_path / "wrong.toml"
    wrong.write_text(FILE.read_text().replace("work = 17_179_869_184", "work = 171_798_691_840", 1))
    assert refusal("chain", "new", str(wrong), "--out", str(out), status=2) == (
        "the coins are not backed: 2,400,002 coins need 2,520,002 SCU-h of capacity behind them, and the "
        "providers have 379,001; give accounts fewer coins, providers more units, or a coin less work"
    )
    assert not out.exists()
    out.write_text("mine")
    assert refusal("chain", "new", str(FILE), "--out", str(out), status=2) == (
        f"{out} exists already: name another file, or remove it"
    )
    assert out.read_text() == "mine"
    long_epoch = tmp_path / "epoch.toml"
    long_epoch.write_text(FILE.read_text().replace("blocks_per_epoch = 1_800", "blocks_per_epoch = 151_201"))
    assert refusal("chain", "new", str(long_epoch), status=2) == (
        "genesis of Authorities: BadEpoch: An epoch has a block at least, and lasts half as long as bonds "
        "wait to be free at most."
    )
    missing = tmp_path / "none.toml"
    assert refusal("chain", "new", str(missing), status=2) == (
        f"{missing} cannot be read: No such file or directory"
    )


def test_the_entry_of_a_development_validator_is_the_one_of_the_presets() -> None:
    printed = ballast("chain", "entry", "//Alice", "--account", "//Alice", "--bond", "20000")
    assert printed.status == 0 and printed.err == ""
    (entry,) = tomllib.loads(printed.out)["validators"]
    (listed,) = [each for each in tomllib.loads(FILE.read_text())["validators"] if each["account"] == ALICE]
    assert entry == listed
    known = DEV_KEYS["//Alice"]
    assert entry["possession"] == "0x" + known.possession and entry["consent"] == "0x" + known.network


def test_the_entry_of_a_kept_key_proves_it_for_the_chain_that_is_named(tmp_path: Path) -> None:
    Keyring(tmp_path / "keys").create_validator("node-1", b"\1" * 32, "secret", cost=Cost.LIGHT)
    (tmp_path / "password").write_text("secret\n")
    genesis_hash = "0x" + "ab" * 32
    entry = ballast(
        "chain",
        "entry",
        "node-1",
        "--account",
        ALICE,
        "--genesis",
        genesis_hash,
        "--base-path",
        str(tmp_path),
        "--password-file",
        str(tmp_path / "password"),
        "--json",
    ).json
    raw = {name: bytes.fromhex(entry[name][2:]) for name in ("bls", "network", "possession", "consent")}
    account, _ = ss58.decode(ALICE)
    check(
        bytes.fromhex(genesis_hash[2:]),
        account,
        Keys(raw["bls"], raw["network"]),
        KeysProof(raw["possession"], raw["consent"]),
    )
    assert entry["account"] == ALICE and entry["bond"] == 1_000


def test_for_a_chain_that_runs_it_is_the_call_that_registers_the_keys() -> None:
    genesis_hash = "0x" + "ab" * 32
    printed = ballast("chain", "entry", "//Alice", "--account", "//Alice", "--genesis", genesis_hash)
    assert (printed.status, printed.err) == (0, "")
    ballast_, tx, name, *arguments, from_, account, chain, which = shlex.split(printed.out)
    assert (ballast_, tx, from_, account, chain, which) == (
        "ballast",
        "tx",
        "--from",
        "ACCOUNT",
        "--chain",
        "CHAIN",
    )
    spec = load_spec("local")
    named = dict(each.split("=", 1) for each in arguments)
    call = Words(local_runtime(spec), spec.properties).call(name, named)
    check(bytes.fromhex(genesis_hash[2:]), ss58.decode(ALICE)[0], *call.args)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--genesis", "0xab"), "a genesis hash has 32 bytes, and '0xab' has 1"),
        (("--genesis", "zz"), "'zz' is no hex"),
    ],
)
def test_an_entry_names_a_chain_by_its_whole_hash(options: tuple[str, str], why: str) -> None:
    assert refusal("chain", "entry", "//Alice", "--account", ALICE, *options, status=2) == why
