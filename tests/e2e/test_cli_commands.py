"""The commands that speak to a node, against a real one: what they show is what the chain holds."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from genesis.spec import ChainSpec
from node.cli.remote import local_runtime
from node.wallet.dev import dev_account
from node.wallet.keyring import Keyring
from node.wallet.password import Cost
from runtime.runtime import Runtime
from support.cli import ballast, refusal
from support.processes import COMMAND, ROOT, Process, ballast_process

ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
BOB = "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty"
COIN = 10**9


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a node that seals a block for each transaction."""
    folder = tmp_path_factory.mktemp("node")
    with Process(folder, "--tmp", "--seal", "instant") as node:
        yield str(node.ready()["ws"])
        assert node.stop() == 0
        assert node.err == ""


@pytest.fixture(autouse=True)
def _asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask that node, and load the runtime of each spec version once for all tests."""
    monkeypatch.setenv("BALLAST_RPC", url)
    monkeypatch.setattr("node.cli.remote.local_runtime", _runtime)


def _runtime(spec: ChainSpec) -> Runtime:
    version = spec.runtime.spec_version
    if version not in LOADED:
        LOADED[version] = local_runtime(spec)
    return LOADED[version]


LOADED: dict[int, Runtime] = {}


def show(*arguments: str) -> Any:
    return ballast(*arguments, "--json").json


def free(who: str, *options: str) -> int:
    found: int = show("account", who, *options)["free"]
    return found


# Transactions.


@pytest.mark.parametrize("kind", ["sr25519", "ed25519"])
def test_a_transfer_moves_exactly_what_it_says(kind: str) -> None:
    before = free("//Alice", "--kind", kind), free("//Dave", "--kind", kind)
    sent = show("tx", "transfer", "//Dave", "1.5", "--from", "//Alice", "--kind", kind)
    assert sent["succeeded"] and sent["failure"] is None
    ((paid,),) = ([each for each in sent["events"] if "TransactionPayment.TransactionFeePaid" in each],)
    fee = paid["TransactionPayment.TransactionFeePaid"]["actual_fee"]
    after = free("//Alice", "--kind", kind), free("//Dave", "--kind", kind)
    assert (before[0] - after[0], after[1] - before[1]) == (1_500_000_000 + fee, 1_500_000_000)


def test_an_account_of_the_keyring_signs(tmp_path: Path) -> None:
    Keyring(tmp_path / "keys").create_account("treasury", dev_account("Alice"), "pw", cost=Cost.LIGHT)
    (tmp_path / "password").write_text("pw\n")
    options = ("--keys", str(tmp_path / "keys"), "--password-file", str(tmp_path / "password"))
    sent = show("tx", "transfer", "//Dave", "1", "--from", "treasury", *options)
    ((moved,),) = ([each for each in sent["events"] if "Balances.Transfer" in each],)
    assert (moved["Balances.Transfer"]["from"], sent["succeeded"]) == (ALICE, True)


def test_people_read_the_same() -> None:
    ended = ballast("tx", "transfer", BOB, "2", "--from", "//Alice")
    assert (ended.status, ended.err) == (0, "")
    sent, final, *events = ended.out.splitlines()
    assert re.fullmatch(r"Sending Balances\.transfer_keep_alive, 0x[0-9a-f]{64}", sent)
    assert re.fullmatch(r"Final in block \d+, 0x[0-9a-f]{64}, index 1", final)
    assert f"  Balances.Transfer: from {ALICE}, to {BOB}, amount {2 * COIN}" in events
    assert events[-1].startswith("  System.ExtrinsicSuccess: ")


def test_any_call_with_a_secret_from_standard_input() -> None:
    ended = ballast(
        "tx", "System.remark_with_event", "remark=hello", "--from", "-", "--json", stdin="//Bob\n"
    )
    sent = ended.json
    assert sent["call"] == {"System.remark_with_event": {"remark": "0x68656c6c6f"}}
    (remarked,) = [each["System.Remarked"] for each in sent["events"] if "System.Remarked" in each]
    assert remarked["sender"] == BOB


def test_calls_inside_a_call() -> None:
    inner = [
        {"System.remark": {"remark": "0x01"}},
        {"Balances.transfer_keep_alive": {"dest": BOB, "value": "1CPC"}},
    ]
    sent = show("tx", "Utility.batch_all", f"calls={json.dumps(inner)}", "--from", "//Alice")
    assert sent["call"]["Utility.batch_all"]["calls"][1] == {
        "Balances.transfer_keep_alive": {"dest": BOB, "value": COIN}
    }
    assert [name for each in sent["events"] for name in each].count("Utility.ItemCompleted") == 2


def test_a_dry_run_sends_nothing() -> None:
    nonce = show("account", "//Alice")["nextNonce"]
    told = show("tx", "transfer", "//Bob", "1", "--from", "//Alice", "--dry-run", "--tip", "0.1")
    assert told["valid"] and told["failure"] is None
    assert told["fee"] > COIN // 10
    assert len(bytes.fromhex(told["extrinsic"][2:])) == told["bytes"]
    assert show("account", "//Alice")["nextNonce"] == nonce


def test_a_refused_call_is_named_and_has_status_1() -> None:
    ended = ballast(
        "tx", "Sudo.sudo", 'call={"System.remark": {"remark": "0x01"}}', "--from", "//Bob", "--json"
    )
    assert ended.status == 1
    sent = json.loads(ended.out)
    assert sent["succeeded"] is False
    assert sent["failure"].startswith("Sudo.RequireSudo: ")
    assert ended.err == f"ballast: the call was refused, and its fee is paid: {sent['failure']}\n"


def test_a_dry_run_foretells_a_refusal() -> None:
    ended = ballast("tx", "transfer", "//Bob", "1_000_000", "--from", "//Alice", "--dry-run")
    assert ended.status == 1
    assert ended.err == (
        "ballast: the call would be refused: "
        "Token.FundsUnavailable: The account holds less than the amount.\n"
    )


def test_what_the_pool_refuses_has_status_1() -> None:
    ended = ballast("tx", "transfer", "//Bob", "1", "--from", "//Nobody at all".replace(" ", "//"))
    assert ended.status == 1
    assert ended.err.startswith("ballast: the transaction was refused: Invalid Transaction: ")
    assert ended.err.count("\n") == 1
    stale = ballast("tx", "transfer", "//Bob", "1", "--from", "//Alice", "--nonce", "0")
    assert (stale.status, stale.err) == (
        1,
        "ballast: the transaction was refused: Invalid Transaction: Transaction is outdated\n",
    )


WAITING = ("tx", "transfer", "//Bob", "1", "--from", "//Charlie", "--nonce", "1000")


def test_what_is_not_final_in_time() -> None:
    ended = ballast(*WAITING, "--timeout", "0.2")
    assert (ended.status, ended.err) == (
        2,
        "ballast: the transaction is not final after 0.2 s; it may still become so\n",
    )


def test_being_interrupted_while_it_waits(url: str) -> None:
    with subprocess.Popen(
        [*COMMAND, *WAITING[:-1], "1001", "--rpc", url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith("Sending Balances.transfer_keep_alive, 0x")
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("System.remark", "hello"), "'hello' is no argument: write NAME=VALUE"),
        (("System.remark", "remark=a", "remark=b"), "the argument 'remark' is given twice"),
        (("System.remark",), "System.remark needs remark=...; its arguments are: remark"),
        (("transfer", "//Bob", "much"), "'much' is no amount: write 1.5, 1.5CPC or 1500000000units"),
        (("transfer", "//Bob", "1" + "0" * 40), f"'1{'0' * 40}' is more than any amount can be"),
        (("transfer", "Bob", "1"), None),
    ],
)
def test_what_is_no_transaction(arguments: tuple[str, ...], why: str | None) -> None:
    said = refusal("tx", *arguments, "--from", "//Alice", status=2)
    assert said == why if why is not None else said.startswith("'Bob' is not an SS58 address: ")


def test_who_signs_must_be_said() -> None:
    assert refusal("tx", "transfer", "//Bob", "1", status=2) == (
        'Command "tx transfer" parameter --from requires an argument. (--help explains)'
    )


# Accounts and storage.


def test_an_account_that_does_not_exist() -> None:
    ended = ballast("account", "//Nowhere")
    assert ended.out.splitlines()[0].endswith(" (does not exist yet)")
    assert show("account", "//Nowhere")["exists"] is False


def test_accounts_are_listed_up_to_a_limit() -> None:
    assert len(show("account", "list", "--limit", "3")) == 3
    everybody = show("account", "list", "--limit", "10000")
    by_address = {each["address"]: each["free"] for each in everybody}
    assert by_address[ALICE] == free("//Alice")


def test_a_value_an_entry_and_a_listing() -> None:
    number = show("query", "System.Number")
    assert number == show("block")["number"]
    entry = show("query", "System.Account", "//Alice")
    assert entry["data"]["free"] == free("//Alice")
    listed = show("query", "System.Account", "--limit", "100000")
    assert {each["key"]: each["value"] for each in listed}[ALICE] == entry
    assert len(show("query", "System.BlockHash", "--limit", "1")) == 1


def test_the_past_is_answered_too() -> None:
    show("tx", "transfer", "//Eve", "1", "--from", "//Alice")
    best = show("block")["number"]
    assert free("//Eve", "--at", str(best)) - free("//Eve", "--at", str(best - 1)) == COIN
    assert show("query", "System.Number", "--at", "1") == 1
    first = show("block", "1")["hash"]
    assert show("query", "System.Number", "--at", first) == 1


def test_what_a_pallet_stores() -> None:
    names = [each["name"] for each in show("query", "Balances")]
    assert names[:1] == ["Balances.TotalIssuance"]
    assert ballast("query", "Balances").out.startswith("Balances.TotalIssuance (no keys): ")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("System.Balance",), "System stores no 'Balance'; it stores: Account, "),
        (("Loyalty.Points",), "the chain has no pallet 'Loyalty'; it has: System, "),
        (("System.Number", "1"), "System.Number takes no keys, and 1 are given"),
        (("System.BlockHash", "one"), "System.BlockHash: 'one' is no key of it: 'one' is no whole number"),
        (
            ("System.BlockHash", "5000000000"),
            "System.BlockHash: '5000000000' is no key of it: 5000000000 is outside ",
        ),
        (("System.BlockHash", "--limit", "0"), 'Invalid value "0" for --limit. Must be >= 1.'),
        (
            ("System.Number", "--at", "yesterday"),
            "'yesterday' names no block: give a number, a hash, best or finalized",
        ),
        (("System.Number", "--at", "1000000"), "the chain has no block 1000000 yet"),
        (("System.Number", "--at", "0x" + "00" * 32), f"the node knows no block 0x{'00' * 32}"),
    ],
)
def test_what_is_not_stored(arguments: tuple[str, ...], why: str) -> None:
    assert refusal("query", *arguments, status=2).startswith(why)


# Blocks.


def test_a_block_with_its_transactions_and_events() -> None:
    sent = show("tx", "transfer", "//Bob", "1", "--from", "//Alice")
    block = show("block", sent["blockHash"])
    assert (block["number"], block["hash"]) == (sent["blockNumber"], sent["blockHash"])
    inherent, transfer = block["extrinsics"]
    assert list(inherent["call"]) == ["Timestamp.set"] and inherent["signer"] is None
    assert (transfer["hash"], transfer["call"], transfer["signer"], transfer["signature"]) == (
        sent["hash"],
        sent["call"],
        ALICE,
        "sr25519",
    )
    assert transfer["events"] == sent["events"]
    assert show("block", str(sent["blockNumber"])) == block
    shown = ballast("block", sent["blockHash"]).out
    assert shown.startswith(f"Block {block['number']}, {block['hash']}\nParent {block['parentHash']}\n")
    assert f"1. Balances.transfer_keep_alive by {ALICE}: dest {BOB}, value {COIN}" in shown


def test_genesis_has_no_parent() -> None:
    assert show("block", "0")["parentHash"] == "0x" + "00" * 32


# Another node, another chain.


def test_no_node_there() -> None:
    assert refusal("block", "--rpc", "ws://127.0.0.1:1", status=2) == (
        "cannot connect to ws://127.0.0.1:1: Connection refused; is the node running?"
    )


def test_a_node_of_another_chain(url: str, tmp_path: Path) -> None:
    spec = ballast("chain", "spec").json
    spec["specVersion"] += 1
    file = tmp_path / "other.json"
    file.write_text(json.dumps(spec))
    assert refusal("block", "--chain", str(file), status=2) == (
        f"the node at {url} runs another runtime: spec version 1, and here 2; --chain says which chain runs "
        "there: dev, local, testnet, or the file of its spec"
    )


def test_as_a_process_it_prints_the_same(url: str) -> None:
    done = ballast_process("query", "System.Number", "--at", "1", environment={"BALLAST_RPC": url})
    assert (done.returncode, done.stdout, done.stderr) == (0, "1\n", "")
