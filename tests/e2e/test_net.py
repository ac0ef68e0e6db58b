"""`ballast net up` as processes: four validators and a full node agree, one may die, all stop at once, and
what was proven while they ran is proven for ever.
"""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from genesis.presets.local import TIMING, local
from genesis.spec import write_spec
from support.cli import ballast, refusal
from support.lightproof import Exported, export_proof
from support.localnet import READY_SECONDS_MAX, NetProcess, full_node, until_gone
from support.processes import COMMAND, ROOT

NAMES = ("alice", "bob", "charlie", "dave", "full-1")
VALIDATORS = NAMES[:4]
STOP_SECONDS_MAX = 8
METRIC = re.compile(r"ballast_[a-z_]+")
EPOCH = 8
"""Blocks; short, so that committees follow each other within the test."""
TURNED = 500
"""Bits of a proof that are turned, unless all are."""
ANY_PORTS = ("--rpc-port", "0", "--peer-port", "0")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("net")


@pytest.fixture(scope="module")
def net(place: Path) -> Iterator[NetProcess]:
    """One network, through whose life the first tests go, in their order."""
    chain = local(timing=replace(TIMING, blocks_per_epoch=EPOCH))
    (place / "net").mkdir()
    (place / "net" / "spec.json").write_text(json.dumps(write_spec(chain)))
    with NetProcess(place, "--full-nodes", "1") as process:
        process.ready()
        yield process


@pytest.fixture(scope="module")
def proofs() -> list[Exported]:
    """What was proven while the network ran."""
    return []


def test_it_says_who_runs_where(net: NetProcess) -> None:
    ready = json.loads(net.ready_file.read_text())
    while "READY\n" not in net.out:
        time.sleep(0.02)
    assert json.loads((net.folder / "net.json").read_text()) == ready
    assert (ready["chain"], ready["pid"]) == ("ballast-local", net.process.pid)
    assert [(node["name"], node["role"]) for node in ready["nodes"]] == [
        *((name, "validator") for name in VALIDATORS),
        ("full-1", "full node"),
    ]
    lines = net.out.splitlines()
    assert lines[0] == f"Chain ballast-local, genesis {ready['genesisHash']}"
    assert lines[-1] == "READY"
    join = shlex.split("\n".join(lines[lines.index("Another node joins with") + 1 : -1]))
    assert join[:2] == ["ballast", "run"]
    assert join[join.index("--chain") + 1] == str(net.folder / "spec.json")
    assert join[join.index("--bootnode") + 1] == ready["nodes"][0]["peer"]
    for node in ready["nodes"]:
        (row,) = [line for line in lines if line.startswith(node["name"] + " ")]
        assert node["ws"] in row and node["metrics"] in row and node["peer"].partition("@")[2] in row
    assert len({node["peer"].partition("@")[0] for node in ready["nodes"]}) == 5
    assert net.err == ""


def test_all_agree_and_the_full_node_finds_those_whom_nobody_told_it_of(net: NetProcess) -> None:
    """Whoever begins after a quorum of the others has begun listens for some blocks before it votes."""
    net.until_final(5, *NAMES)
    net.until(lambda row: row["isVoting"], *VALIDATORS)
    rows = net.until(lambda row: row["peers"] == 4, *NAMES)
    assert list(rows) == list(NAMES)
    for name in VALIDATORS:
        assert (rows[name]["epoch"], rows[name]["view"]) > (0, 5) and rows[name]["votesMissed"] >= 0
    follower = rows["full-1"]
    assert (follower["isVoting"], follower["view"], follower["votesMissed"]) == (False, 0, None)
    shown = ballast("net", "status", "--base-path", str(net.folder))
    assert shown.status == 0
    heads, *table = shown.out.splitlines()
    assert heads.split() == [
        "Node",
        "Role",
        "Height",
        "Final",
        "Epoch",
        "View",
        "Peers",
        "Pool",
        *("Votes", "missed"),
    ]
    assert [row.split()[0] for row in table] == list(NAMES)


def test_what_the_dashboard_and_its_page_show_is_told(net: NetProcess) -> None:
    docs = ROOT / "docs"
    shown = set(METRIC.findall((docs / "grafana.json").read_text() + (docs / "validators.md").read_text()))
    metrics = json.loads(net.ready_file.read_text())["nodes"][0]["metrics"]
    with urllib.request.urlopen(metrics) as page:
        told = set(METRIC.findall(page.read().decode()))
    assert len(shown) > 20
    assert shown <= told


def test_a_second_one_is_refused_and_leaves_the_first_as_it_is(net: NetProcess) -> None:
    record = (net.folder / "net.json").read_bytes()
    said = refusal("net", "up", "--base-path", str(net.folder), *ANY_PORTS, status=2)
    pid = net.process.pid
    assert said == f"the network in {net.folder} is kept by process {pid}: stop that one first"
    assert (net.folder / "net.json").read_bytes() == record
    assert all(row["answers"] for row in net.status().values())


def test_proofs_are_exported_from_a_validator_and_from_a_node_that_began_at_a_checkpoint(
    net: NetProcess, place: Path, proofs: list[Exported]
) -> None:
    """The second never had the blocks before the checkpoint; what proves them it has."""
    net.until_final(2 * EPOCH + 2, "alice")
    spec = str(net.folder / "spec.json")
    alice = json.loads(net.ready_file.read_text())["nodes"][0]["ws"]
    (place / "begun").mkdir()
    with full_node(net, place / "begun", "--checkpoint", "latest") as begun:
        for name, url in (("alice", alice), ("begun", begun)):
            file = place / f"{name}.json"
            proofs.append(export_proof(url, spec, file, "System.Account", "//Alice", "--key", "0x12"))
        for at, why in (
            (2, f"the node at {begun} does not know block 2: it began later, at a checkpoint; ask one "),
            (EPOCH, f"the node at {begun} keeps the state of the block 0x"),
        ):
            asked = ("System.Number", "--at", str(at), "--out", str(place / "x.json"))
            said = refusal("light", "export", *asked, "--rpc", begun, "--chain", spec, status=2)
            assert said.startswith(why), said
    for each in proofs:
        assert each.report["epoch"] >= 2 and each.report["validators"] == 4
        nothing, account = each.report["entries"]
        assert (nothing["value"], account["item"]) == (None, "System.Account")
        assert account["decoded"]["data"]["free"] > 0


def test_the_others_go_on_when_one_dies(net: NetProcess) -> None:
    victim = next(node for node in json.loads(net.ready_file.read_text())["nodes"] if node["name"] == "bob")
    os.kill(victim["pid"], signal.SIGKILL)
    until_gone([victim["pid"]])
    height = net.status()["alice"]["final"]
    rest = [name for name in NAMES if name != "bob"]
    rows = net.until_final(height + 5, *rest)
    assert {key: rows["bob"][key] for key in ("answers", "why")} == {
        "answers": False,
        "why": "Connection refused; is the node running?",
    }
    shown = ballast("net", "status", "--base-path", str(net.folder)).out
    (row,) = [line for line in shown.splitlines() if line.startswith("bob ")]
    assert row.endswith("does not answer: Connection refused; is the node running?")
    (said,) = [line for line in net.out.splitlines() if line.startswith("bob was killed")]
    assert said.startswith("bob was killed by signal 9; the last it said: ")


def test_one_signal_stops_all_within_seconds(net: NetProcess) -> None:
    pids = [node["pid"] for node in json.loads(net.ready_file.read_text())["nodes"]]
    began = time.monotonic()
    assert net.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < STOP_SECONDS_MAX
    until_gone(pids)
    assert net.err == "" and not net.ready_file.exists()
    for name in ("alice", "full-1"):
        assert "Traceback" not in (net.folder / f"{name}.log").read_text()
    assert not any(row["answers"] for row in net.status().values())


def test_proofs_hold_elsewhere_now_that_the_network_is_stopped(
    tmp_path: Path, proofs: list[Exported], pytestconfig: pytest.Config
) -> None:
    """They are read in processes that cannot make a socket, and any bit of them that changes is refused with
    the reason; `--every-bit` turns each.
    """
    for each in proofs:
        each.verify_alone(tmp_path)
    proof = proofs[0]
    every = 1 if pytestconfig.getoption("every_bit") else 8 * proof.file.stat().st_size // TURNED | 1
    reasons = proof.turn_bits(tmp_path, every=every)
    assert {"the file", "the genesis state", "the boundary of epoch 0"} <= set(reasons), reasons


def test_the_same_chain_goes_on_with_keys_of_keyrings_and_nothing_outlives_the_process(
    net: NetProcess, place: Path
) -> None:
    """The second time validators are started as elsewhere: by the name of a sealed key and its password."""
    genesis = json.loads((net.folder / "net.json").read_text())["genesisHash"]
    said = refusal("net", "up", "--base-path", str(net.folder), "--validators", "3", *ANY_PORTS, status=2)
    assert said == (
        f"{net.folder} holds a network of 4 validators, and not of 3: say --validators 4, or give another "
        "--base-path"
    )
    with NetProcess(place, "--keyring", "--json") as again:
        ready = again.ready()
        assert ready["genesisHash"] == genesis
        height = again.status()["alice"]["final"]
        assert height > 5, "the chain began anew"
        rows = again.until_final(height + 4, *VALIDATORS)
        assert all(rows[name]["isVoting"] for name in VALIDATORS)
        assert json.loads(again.out) == ready
        for node in ready["nodes"]:
            keys = Path(node["basePath"]) / "keys" / node["name"]
            assert {file.name for file in keys.iterdir()} >= {"bls.json", "node.json"}
        again.process.kill()
        again.process.wait()
        until_gone([node["pid"] for node in ready["nodes"]])


def test_on_a_terminal_one_line_is_rewritten_and_nothing_is_left() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "net", "up", "--tmp", "--validators", "1", *ANY_PORTS],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown, told = b"", False
        try:
            for chunk in read(ours):
                shown += chunk
                if not told and b"1 of 1 nodes" in shown:
                    told = True
                    process.send_signal(signal.SIGINT)
            assert process.wait(STOP_SECONDS_MAX) == 0
        finally:
            process.kill()
            os.close(ours)
    live = shown.decode().partition("READY\r\n")[2]
    assert re.search(r"#\d+ final #\d+ · epoch 0 · view \d+ · 1 of 1 nodes", live), live
    assert live.index("\x1b[?25l") < live.index("\x1b[?25h"), "the cursor is not shown again"
    assert live.endswith("\x1b[2K"), "the last line is left behind"
    assert "Traceback" not in shown.decode()


def read(terminal: int) -> Iterator[bytes]:
    """What is written to a terminal, until nobody writes any more."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while time.monotonic() < deadline:
        if select.select([terminal], [], [], 1)[0]:
            try:
                chunk = os.read(terminal, 65_536)
            except OSError:  # Linux says so with EIO
                return
            if not chunk:
                return
            yield chunk


# Refusals that start nothing.


def test_what_cannot_be_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal("net", "up", "--base-path", str(tmp_path), "--peer-port", str(port), status=2)
        assert said == f"cannot listen on 127.0.0.1:{port}: the port is taken; choose others with --peer-port"
    said = refusal("net", "up", "--tmp", "--rpc-port", "65533", "--peer-port", "0", status=2)
    assert said == "--rpc-port 65533 leaves no 4 ports: choose a lower one, or 0 for any"
    said = refusal("net", "up", "--tmp", "--base-path", str(tmp_path), status=2)
    assert said == "--tmp and --base-path exclude each other"
    said = refusal("net", "up", "--validators", "17", status=2)
    assert said.endswith("Must be <= 16. (--help explains)"), said
    file = tmp_path / "file"
    file.write_text("")
    said = refusal("net", "up", "--base-path", str(file), *ANY_PORTS, status=2)
    assert said == f"the network cannot be kept in {file}: File exists"
    assert not (tmp_path / "spec.json").exists()


def test_a_node_that_cannot_start_is_said_in_its_own_words(tmp_path: Path) -> None:
    chains = tmp_path / "alice" / "chains"
    chains.parent.mkdir()
    chains.write_text("")
    said = refusal("net", "up", "--base-path", str(tmp_path), "--validators", "1", *ANY_PORTS, status=2)
    assert said.startswith("alice ended with status "), said
    assert "the last it said: " in said and "Not a directory" in said, said
    assert not (tmp_path / "net.json").exists()


def test_the_status_of_no_network(tmp_path: Path) -> None:
    said = refusal("net", "status", "--base-path", str(tmp_path), status=2)
    assert said == (
        f"there is no network in {tmp_path}: `ballast net up --base-path {tmp_path}` begins one there"
    )
    (tmp_path / "net.json").write_text('{"chain": 1}')
    said = refusal("net", "status", "--base-path", str(tmp_path), status=2)
    assert said == (
        f"{tmp_path / 'net.json'} cannot be read: Expected `str`, got `int` - at `$.chain`; "
        "`ballast net up` writes it anew"
    )
