"""Real processes: a development chain with its agent, redemptions through the command line, restarts and
kills.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trio

from node.client import connect
from runtime.frame.bound import storage_prefix
from support.processes import COMMAND, ROOT

SECONDS_MAX = 60
SEAL = "0.3"
FAST = "0.1"
"""For windows alone: a job would miss its deadline."""


class Child:
    """A `ballast` process with its outputs in files."""

    def __init__(self, folder: Path, name: str, *arguments: str) -> None:
        self.out, self.err = folder / f"{name}.out", folder / f"{name}.err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [*COMMAND, *arguments],
                cwd=ROOT,
                env=surroundings(folder),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )

    def said(self, text: str, times: int = 1) -> None:
        """Wait until it has said something so often."""
        wait(
            lambda: (self.out.read_text() + self.err.read_text()).count(text) >= times,
            f"{text!r} in {self.err}",
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS_MAX)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def surroundings(folder: Path) -> dict[str, str]:
    return {**os.environ, "BALLAST_HOME": str(folder / "home")}


def wait(is_so: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + SECONDS_MAX
    while not is_so():
        assert time.monotonic() < deadline, f"not after {SECONDS_MAX} s: {what}"
        time.sleep(0.05)


def free_port() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


def ballast(folder: Path, *arguments: str, status: int = 0) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=folder,
        env=surroundings(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == status, done
    return done.stdout if status == 0 else done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agent")


@pytest.fixture(scope="module")
def url(place: Path) -> Iterator[str]:
    """A development chain as anybody starts it, but for the speed: its agent runs beside it."""
    ready = place / "ready.json"
    options = ("--base-path", str(place / "chain"), "--rpc-port", "0", "--ready-file", str(ready))
    node = Child(place, "node", "dev", "--seal", SEAL, *options)
    try:
        wait(ready.exists, "the ready file")
        yield str(json.loads(ready.read_text())["ws"])
        assert node.stop() == 0
        assert "error" not in node.err.read_text()
    finally:
        node.end()


def asked(place: Path, url: str, *arguments: str) -> Any:
    return json.loads(ballast(place, *arguments, "--rpc", url, "--json"))


def is_stored(url: str, pallet: str, item: str) -> bool:
    """Whether a value is there, asked without a process of its own, which would take the agent's time."""

    async def ask() -> object:
        async with connect(url) as client:
            return await client.call("state_getStorage", "0x" + storage_prefix(pallet, item).hex())

    return trio.run(ask) is not None


def test_the_agent_answers_the_windows_of_all_five_providers(place: Path, url: str) -> None:
    # The first of all, since a job beside it may cost a window on a slow machine: they last six seconds.
    wait(lambda: is_stored(url, "Attestation", "Last"), "a window that was counted")
    last = asked(place, url, "query", "Attestation.Last")
    assert (last["units"], last["missed"], last["is_counted"]) == (5, 0, True)
    providers = asked(place, url, "provider", "list")
    assert [each["windowsPassed"] for each in providers] == [56] * 5
    assert {each["state"] for each in providers} == {"Active"}
    shown = asked(place, url, "provider", "show", "//Provider//3")
    assert shown["account"] == providers[2]["account"]
    assert shown["bond"] >= shown["bondNeeded"] > 0


def test_coins_are_redeemed_for_training_and_for_inference_with_the_model(place: Path, url: str) -> None:
    (place / "job.toml").write_text("epochs = 25\nseed = 3\n")
    before = asked(place, url, "coverage")
    options = ("--spec", "job.toml", "--max", "5", "--from", "//Bob", "--rpc", url)
    quoted = json.loads(ballast(place, "redeem", "train", *options, "--dry-run", "--json"))
    trained = json.loads(ballast(place, "redeem", "train", *options, "--json"))
    assert trained["quote"]["amount"] == quoted["quote"]["amount"] == trained["burned"]
    assert trained["fee"] == trained["quote"]["fee"]
    assert trained["verified"]["matches"] is True
    assert trained["accuracyPpb"] > 950_000_000
    receipt, model = (place / file for file in trained["files"])

    (ticket,) = trained["tickets"]
    kept = asked(place, url, "query", "Redemption.Receipts", str(ticket))
    assert kept["result"] == trained["receiptHash"]
    verified = json.loads(ballast(place, "receipt", "verify", str(receipt), "--segment", "13", "--json"))
    assert (verified["matches"], verified["receiptHash"]) == (True, trained["receiptHash"])

    lines = ballast(
        place, "redeem", "infer", "--base", str(model), "--from", "//Bob", "--rpc", url
    ).splitlines()
    assert lines[-1].startswith("accuracy 0.9")
    assert lines[-1].endswith(" · 1 CPC burned")
    after = asked(place, url, "coverage")
    assert after["supply"] == before["supply"] - trained["burned"] - 10**9

    said = ballast(place, "redeem", "train", "--max", "1", "--from", "//Bob", "--rpc", url, status=1)
    assert said == "ballast: the job is worth 5 CPC, and --max is 1\n"


def test_a_second_agent_with_the_same_keys_is_refused(place: Path, url: str) -> None:
    state = place / "chain" / "provider"
    said = ballast(place, "provider", "run", "--dev-all", "--state-dir", str(state), "--rpc", url, status=2)
    assert said.startswith(f"ballast: another agent runs with this key: it holds {state}")


def test_an_agent_outlives_its_node_and_stops_when_told(tmp_path: Path) -> None:
    port = free_port()
    chain = ("dev", "--no-agent", "--base-path", str(tmp_path / "chain"), "--rpc-port", port, "--seal", FAST)
    node = Child(tmp_path, "first", *chain)
    agent = again = None
    try:
        node.said("READY")
        rpc = ("--rpc", f"ws://127.0.0.1:{port}")
        agent = Child(tmp_path, "agent", "provider", "run", "--dev-all", *rpc)
        agent.said("window passed")
        node.stop(signal.SIGKILL)
        agent.said("connection lost")
        again = Child(tmp_path, "second", *chain)
        agent.said('"connected"', times=2)
        passed = agent.err.read_text().count("window passed")
        agent.said("window passed", times=passed + 5)
        assert agent.stop() == 0
        assert again.stop() == 0
        assert "Traceback" not in agent.err.read_text()
    finally:
        for child in (node, agent, again):
            if child is not None:
                child.end()


def test_the_agent_ends_with_a_node_that_was_killed(tmp_path: Path) -> None:
    node = Child(tmp_path, "node", "dev", "--tmp", "--rpc-port", "0")
    try:
        node.said("READY")
        wait(lambda: agents_of(node.process.pid), "the agent")
        (agent,) = agents_of(node.process.pid)
        node.stop(signal.SIGKILL)
        wait(lambda: not is_running(agent), "the end of the agent")
    finally:
        node.end()


def test_an_agent_without_a_node_says_so_in_one_line(tmp_path: Path) -> None:
    url = f"ws://127.0.0.1:{free_port()}"
    said = ballast(tmp_path, "provider", "run", "--dev-all", "--rpc", url, status=2)
    assert said == f"ballast: cannot connect to {url}: Connection refused; is the node running?\n"


def agents_of(pid: int) -> list[int]:
    """The agents among a process's children."""
    found = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(line.split()[0]) for line in found.stdout.splitlines() if "provider run" in line]


def is_running(pid: int) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip()) and not found.stdout.strip().startswith("Z")
