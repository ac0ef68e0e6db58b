"""`ballast light`: a proof exported from a node of the local network proves itself without it."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import trio

import tidy
from node.cli.main import COMMANDS
from node.light.proof import read_proof, write_proof
from node.wallet.dev import dev_account
from runtime.crypto import ss58
from support.cli import Ended, ballast, refusal
from support.lightnode import Served, serving
from support.localchain import LENGTH, LocalChain

PURPOSE = "Prove what the chain's storage holds, and verify such proofs."
ALICE = ss58.encode(dev_account("Alice").public, 42)


@pytest.fixture(autouse=True)
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "light", PURPOSE)


@pytest.fixture(scope="module")
def chain() -> LocalChain:
    return LocalChain(2 * LENGTH + 2)


@pytest.fixture(scope="module")
def spec(chain: LocalChain, tmp_path_factory: pytest.TempPathFactory) -> str:
    return chain.write_spec(tmp_path_factory.mktemp("spec"))


def export(served: Served, *arguments: str) -> Ended:
    """Run the command in a thread, beside the node that it asks."""

    async def main() -> Ended:
        async with serving(served) as address:
            call = functools.partial(ballast, "light", "export", *arguments, "--rpc", address.url)
            return await trio.to_thread.run_sync(call)

    return trio.run(main)


@pytest.fixture(scope="module")
def exported(chain: LocalChain, spec: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("proof") / "alice.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(COMMANDS, "light", PURPOSE)
        asked = ("System.Account", "//Alice", "--key", "0x1234", "--chain", spec, "--out", str(file))
        ended = export(chain, *asked, "--json")
    assert ended.json["number"] == 2 * LENGTH + 2
    return file


def test_what_was_exported_is_verified_without_the_node(chain: LocalChain, spec: str, exported: Path) -> None:
    report = ballast("light", "verify", str(exported), "--chain", spec, "--json").json
    header = chain.headers[-1]
    assert {name: report[name] for name in report if name != "entries"} == {
        "genesisHash": "0x" + chain.genesis_hash.hex(),
        "number": header.number,
        "hash": "0x" + header.hash.hex(),
        "stateRoot": "0x" + header.state_root.hex(),
        "epoch": 2,
        "view": header.number,
        "signers": 3,
        "validators": 4,
        "weight": 3 * chain.committees[2].validators[0].weight,
        "total": chain.committees[2].total,
    }
    nothing, account = report["entries"]
    assert nothing == {"key": "0x1234", "value": None}
    assert (account["item"], account["keys"]) == ("System.Account", [ALICE])
    assert account["decoded"]["data"]["free"] > 0
    raw = ballast("light", "verify", str(exported), "--genesis", report["genesisHash"], "--json").json
    assert raw["entries"] == [{"key": each["key"], "value": each["value"]} for each in report["entries"]]


def test_what_people_read(chain: LocalChain, exported: Path) -> None:
    ended = ballast("light", "verify", str(exported), "--genesis", "0x" + chain.genesis_hash.hex())
    header, total = chain.headers[-1], chain.committees[2].total
    document: Any = json.loads(exported.read_bytes())
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"Proven of the chain with genesis 0x{chain.genesis_hash.hex()}",
        f"Block {header.number}, 0x{header.hash.hex()}, state root 0x{header.state_root.hex()}",
        f"Final in view 8 of epoch 2: 3 of 4 validators signed, with weight {3 * total // 4} of {total}",
        "0x1234: nothing",
        f"{document['entries'][1]['key']}: {document['entries'][1]['value']}",
    ]


def test_the_words_of_the_runtime_stand_apart_from_what_is_proven(
    chain: LocalChain, spec: str, exported: Path
) -> None:
    lines = ballast("light", "verify", str(exported), "--chain", spec).out.splitlines()
    assert lines[-2].startswith(f"  System.Account {ALICE}: nonce 0, ")
    assert lines[-1] == "Indented: the same, read by the runtime that is installed here"


@pytest.mark.parametrize(
    "key", ["0x", "0x26aa394eea5630e07c48ae0c9558cef7b99d880ec681799c0cf30e8886371da9ff"]
)
def test_keys_that_the_runtime_has_no_words_for_are_told_raw(
    chain: LocalChain, spec: str, key: str, tmp_path: Path
) -> None:
    ended = export(chain, "--key", key, "--chain", spec, "--out", str(tmp_path / "x.json"), "--json")
    assert ended.json["entries"] == [{"key": key, "value": None}]


def test_an_absent_entry_is_told_as_its_default(chain: LocalChain, spec: str, tmp_path: Path) -> None:
    ended = export(
        chain, "System.Account", "//Nobody", "--chain", spec, "--out", str(tmp_path / "x.json"), "--json"
    )
    (entry,) = ended.json["entries"]
    assert entry["value"] is None and entry["decoded"]["nonce"] == 0


@pytest.mark.parametrize("at", ["7", "finalized", "best"])
def test_the_nearest_certified_block_is_taken(chain: LocalChain, spec: str, at: str, tmp_path: Path) -> None:
    """Block 7 opens epoch 2 and has no justification of its own; block 6 closes epoch 1."""
    asked = ("System.Number", "--at", at, "--chain", spec, "--out", str(tmp_path / "x.json"), "--json")
    report = export(chain, *asked).json
    assert (report["number"], report["epoch"]) == ((6, 1) if at == "7" else (8, 2))
    assert report["entries"][0]["decoded"] == report["number"]


# Refusals.


def turn(data: bytearray, at: int) -> None:
    """Change a bit of what a hexadecimal digit stands for."""
    data[at] = ord(f"{int(chr(data[at]), 16) ^ 1:x}")


def test_a_bit_that_was_changed_is_refused_with_the_reason(
    chain: LocalChain, exported: Path, tmp_path: Path
) -> None:
    """Status 1, as for everything that the chain itself would refuse."""
    genesis = "0x" + chain.genesis_hash.hex()
    data, file = bytearray(exported.read_bytes()), tmp_path / "changed.json"
    turn(data, data.index(b'"value": "0x') + 12)
    file.write_bytes(data)
    told = refusal("light", "verify", str(file), "--genesis", genesis, status=1)
    assert told.startswith("the entry 0x26aa394eea5630e0") and ": the state holds 0x" in told
    proof = read_proof(exported.read_bytes())
    data = bytearray(write_proof(proof))
    turn(data, data.index(b'"certificate": "0x') + 18 + 80)
    file.write_bytes(data)
    told = refusal("light", "verify", str(file), "--genesis", genesis, status=1)
    assert told.startswith("the boundary of epoch 0: ")


def test_another_chain_is_refused(exported: Path) -> None:
    told = refusal("light", "verify", str(exported), "--chain", "dev", status=1)
    assert (
        told.startswith("the genesis header: it hashes to 0x") and ", and the trusted genesis is 0x" in told
    )


def test_a_trusted_chain_must_be_named(exported: Path, spec: str, chain: LocalChain, tmp_path: Path) -> None:
    file = str(exported)
    told = refusal("light", "verify", file, status=2)
    assert told == "say which chain is trusted: --genesis with the hash of its first block, or --chain"
    told = refusal("light", "verify", file, "--genesis", "0x12", status=2)
    assert told == "--genesis '0x12' is no hash: 0x and 64 hex digits are"
    told = refusal("light", "verify", file, "--genesis", "0x" + "00" * 32, "--chain", spec, status=2)
    assert told == f"the genesis of {spec} is 0x{chain.genesis_hash.hex()}, and --genesis names another"
    absent = str(tmp_path / "absent.json")
    told = refusal("light", "verify", absent, "--genesis", "0x" + "00" * 32, status=2)
    assert told == f"{absent}: No such file or directory"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ((), "say what to prove: Pallet.Item with its keys, or --key"),
        (("--key", "12"), "--key '12' is no hex: 0x and pairs of hex digits are"),
        (("System.Account",), "System.Account takes 1 key, and 0 are given"),
        (("System.Number", "3"), "System.Number takes 0 keys, and 1 are given"),
        (("System.BlockHash", "x"), "System.BlockHash has no such key: "),
        (("System.Nothing",), "System stores no 'Nothing'; it stores: Account, "),
        (("--key", "0x12", "--at", "0"), "neither block 0 nor one of the 255 below it has a certificate: "),
        (
            ("--key", "0x12", "--at", "soon"),
            "'soon' names no block: give a number, a hash, best or finalized",
        ),
    ],
)
def test_what_cannot_be_exported(
    chain: LocalChain, spec: str, asked: tuple[str, ...], words: str, tmp_path: Path
) -> None:
    file = tmp_path / "x.json"
    ended = export(chain, *asked, "--chain", spec, "--out", str(file))
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"ballast: {words}")
    assert not file.exists()


# Alone.

ALONE = """
import sys

def refuse(event, arguments):
    if event.startswith("socket."):
        raise SystemExit(f"the command touched the network: {event}")

sys.addaudithook(refuse)
from node.cli.main import COMMANDS, run

COMMANDS.setdefault("light", "")
raise SystemExit(run(sys.argv[1:]))
"""


@pytest.mark.parametrize("by", ["--genesis", "--chain"])
def test_the_command_verifies_with_no_network_at_all(
    chain: LocalChain, spec: str, exported: Path, by: str
) -> None:
    trusted = spec if by == "--chain" else "0x" + chain.genesis_hash.hex()
    command = [sys.executable, "-c", ALONE, "light", "verify", str(exported), by, trusted, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tidy.ROOT, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["number"] == 2 * LENGTH + 2
