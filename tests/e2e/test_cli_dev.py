"""`ballast dev` as a process: what it says, how it stops, and one clear line for each way it cannot run."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.chain.author import Author, AuthorStopped
from support.cli import ballast, refusal
from support.processes import COMMAND, ROOT, Process, ballast_process

ALICE = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"
ALICE_ED = "5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu"
WARNING = "The keys of the development accounts are public"


def faults(process: Process | subprocess.CompletedProcess[str]) -> str:
    """The one line that a process which could not run left behind."""
    err = process.err if isinstance(process, Process) else process.stderr
    assert err.startswith("ballast: "), err
    assert err.count("\n") == 1, err
    return err.removeprefix("ballast: ").rstrip()


# What it says.


def test_it_says_what_a_developer_needs_and_stops_cleanly(tmp_path: Path) -> None:
    with Process(tmp_path, "--tmp", "--seal", "0.2") as node:
        ready = node.ready()
        assert ready["chain"] == "ballast-dev"
        assert ready["pid"] == node.process.pid
        while "READY\n" not in node.out:
            time.sleep(0.02)
        lines = node.out.splitlines()
        folder = Path(next(line for line in lines if line.startswith("Data ")).removeprefix("Data "))
        assert folder.is_dir()
        assert node.stop() == 0
    assert node.err == ""
    assert "\x1b" not in node.out and "\r" not in node.out
    assert not node.ready_file.exists()
    assert not folder.exists()
    marks = (
        "Accounts",
        "  //Alice ",
        "  The keys",
        "Chain ",
        "Genesis ",
        "Pallets ",
        "Sealing ",
        "Data ",
        "RPC ",
    )
    places = [next(place for place, line in enumerate(lines) if line.startswith(mark)) for mark in marks]
    assert places == sorted(places)
    assert f"RPC {ready['ws']}" in lines
    assert f"Genesis {ready['genesisHash']}" in lines
    assert "Pallets 0 System, 1 Timestamp, 2 Balances" in node.out
    assert ALICE in node.out and ALICE_ED in node.out and WARNING in node.out
    assert lines[places[-1] + 1] == "READY"


def test_json_is_one_document(tmp_path: Path) -> None:
    with Process(tmp_path, "--tmp", "--json", "--accounts", "3") as node:
        ready = node.ready()
        time.sleep(0.1)
        assert node.stop() == 0
    said = json.loads(node.out)
    assert (said["ws"], said["genesisHash"], said["pid"]) == (ready["ws"], ready["genesisHash"], ready["pid"])
    names = [each["name"] for each in said["accounts"]]
    assert names == ["Alice", "Alice", "Bob", "Bob", "Charlie", "Charlie"]
    assert said["warning"].startswith(WARNING)
    assert [each["name"] for each in said["pallets"]][:3] == ["System", "Timestamp", "Balances"]
    assert node.err == ""


def test_on_a_terminal_one_line_is_rewritten_and_nothing_is_left(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "dev", "--tmp", "--rpc-port", "0", "--seal", "0.2"],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown, told = b"", False
        try:
            for chunk in _read(ours):
                shown += chunk
                if not told and b"#3 final #3" in shown:
                    told = True
                    process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
            os.close(ours)
    live = shown.decode().partition("READY\r\n")[2]
    assert re.search(r"\r\x1b\[2K#3 final #3 · .*pool 0", live), live
    assert live.index("\x1b[?25l") < live.index("\x1b[?25h"), "the cursor is not shown again"
    assert live.endswith("\x1b[2K"), "the last line is left behind"
    assert "Traceback" not in shown.decode()


def _read(terminal: int) -> Iterator[bytes]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            chunk = os.read(terminal, 65_536)
        except OSError:  # the other end is closed: Linux says so with EIO
            return
        if not chunk:
            return
        yield chunk


# How it stops.


@pytest.mark.parametrize(("number", "ignored"), [(signal.SIGINT, False), (signal.SIGTERM, True)])
def test_either_signal_stops_it(tmp_path: Path, number: int, ignored: bool) -> None:
    with Process(tmp_path, "--tmp", ignores_sigint=ignored) as node:
        node.ready()
        assert node.stop(number) == 0
    assert node.err == ""


def test_a_reader_that_went_away_is_no_fault() -> None:
    script = f"{' '.join(COMMAND)} dev --tmp --rpc-port 0 | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_pallet_that_stops_the_author_ends_it_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def build(author: Author, *given: object) -> None:
        raise AuthorStopped("no block can be built over #0: hook on_initialize of Loyalty broke")

    monkeypatch.setattr(Author, "build", build)
    ended = ballast("dev", "--base-path", str(tmp_path), "--rpc-port", "0", "--seal", "0.02")
    assert (ended.status, ended.err) == (
        1,
        "ballast: no block can be built over #0: hook on_initialize of Loyalty broke\n",
    )


# What it refuses, before anything happens.


def test_a_taken_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = refusal("dev", "--base-path", str(tmp_path), "--rpc-port", str(port), status=2)
    assert said == f"cannot listen on 127.0.0.1:{port}: the port is taken; choose another with --rpc-port"


def test_python_without_docstrings() -> None:
    done = ballast_process("dev", "--tmp", python=("-OO",))
    assert (done.returncode, done.stdout) == (2, "")
    assert faults(done) == "start Python without -OO: docstrings are part of the chain's metadata"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--tmp", "--base-path", "x"), "--tmp and --base-path exclude each other"),
        (
            ("--seal", "never"),
            "'never' is no way of sealing: give instant, manual, or seconds between 0.02 and 3600",
        ),
        (("--accounts", "0"), "--accounts is from 1 to 10000, not 0"),
        (
            ("--chain", "nowhere.json"),
            (
                "'nowhere.json' is neither a preset (dev, local, testnet) nor a file that can be read: "
                "No such file or directory"
            ),
        ),
        (
            ("--chain", "nowhere.json", "--accounts", "3"),
            "--accounts goes with --chain dev: who owns coins in nowhere.json is written in its spec",
        ),
    ],
)
def test_options_that_make_no_sense(options: tuple[str, ...], why: str, tmp_path: Path) -> None:
    place = () if "--base-path" in options else ("--base-path", str(tmp_path))
    assert refusal("dev", "--rpc-port", "0", *place, *options, status=2) == why


def test_a_spec_that_is_wrong(tmp_path: Path) -> None:
    spec = ballast("chain", "spec").json
    file = tmp_path / "spec.json"

    def refused() -> str:
        file.write_text(json.dumps(spec))
        said = refusal("dev", "--tmp", "--rpc-port", "0", "--chain", str(file), status=2)
        return said.replace(str(file), "spec.json")

    spec["pallets"].append({"index": 200, "pallet": "Loyalty"})
    said = refused()
    assert said.startswith("pallet 'Loyalty' at index 200 is not installed; installed are: ")
    spec["pallets"].pop()
    spec["genesis"]["Loyalty"] = {}
    assert refused() == "genesis names 'Loyalty', and the chain has no such pallet"
    del spec["genesis"]
    spec["colour"] = "red"
    assert refused().startswith("spec.json: the chain spec has a key 'colour' that means nothing; keys are: ")
    file.write_text("{,}")
    said = refusal("dev", "--tmp", "--chain", str(file), status=2)
    assert said.startswith(f"{file}, line 1, column 2: ")


# A database that it cannot use; each leaves the chain as it was.


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a chain with a few blocks."""
    folder = tmp_path_factory.mktemp("made")
    with Process(folder, "--base-path", str(folder / "data"), "--seal", "0.05") as node:
        node.ready()
        time.sleep(0.5)
        assert node.stop() == 0
    return folder / "data"


def test_it_goes_on_where_it_stopped(made: Path, tmp_path: Path) -> None:
    with Process(tmp_path, "--base-path", str(made), "--seal", "manual", "--json") as node:
        node.ready()
        time.sleep(0.1)
        assert node.stop() == 0
    assert json.loads(node.out)["best"] >= 5


def test_a_chain_of_another_genesis_is_refused_and_still_runs(made: Path, tmp_path: Path) -> None:
    said = refusal("dev", "--base-path", str(made), "--accounts", "3", "--rpc-port", "0", status=2)
    assert re.fullmatch(
        rf"the database at {made}/chains/ballast-dev/db holds the chain with genesis 0x[0-9a-f]{{64}}, "
        r"and the chain spec makes 0x[0-9a-f]{64}: give another --base-path, "
        r"or run with the spec that made it; --tmp gives a fresh chain",
        said,
    )
    with Process(tmp_path, "--base-path", str(made), "--seal", "manual", "--json") as node:
        assert node.ready()["chain"] == "ballast-dev"
        assert node.stop() == 0


def test_a_chain_that_runs_already(made: Path, tmp_path: Path) -> None:
    with Process(tmp_path, "--base-path", str(made), "--seal", "manual") as node:
        node.ready()
        said = refusal("dev", "--base-path", str(made), "--rpc-port", "0", status=2)
        assert node.stop() == 0
    assert said == (
        f"the database at {made}/chains/ballast-dev/db is in use by another process: stop that one first"
    )


def test_a_corrupted_database(made: Path, tmp_path: Path) -> None:
    broken = tmp_path / "data"
    subprocess.run(["cp", "-r", str(made), str(broken)], check=True)
    (broken / "chains" / "ballast-dev" / "db" / "CURRENT").write_bytes(b"nonsense\n")
    said = refusal("dev", "--base-path", str(broken), "--rpc-port", "0", status=2)
    assert said.startswith(f"the database at {broken}/chains/ballast-dev/db is corrupted (")
    assert said.endswith("): restore a copy, or remove it to start anew")


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, 64 << 10))

    done = subprocess.run(
        [
            *COMMAND,
            "dev",
            "--base-path",
            str(tmp_path / "data"),
            "--rpc-port",
            "0",
            "--seal",
            "0.02",
            "--json",
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        preexec_fn=small_files,
    )
    assert done.returncode == 2, done
    assert faults(done).startswith(f"the disk is full at {tmp_path}/data/chains/ballast-dev/db (")


def test_a_place_that_is_no_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    said = refusal("dev", "--base-path", str(file), "--rpc-port", "0", status=2)
    assert said == f"the data cannot be kept in {file}/chains/ballast-dev/db: Not a directory"


def test_a_ready_file_in_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = tmp_path / "file" / "ready.json"
    said = refusal(
        "dev", "--base-path", str(tmp_path), "--rpc-port", "0", "--ready-file", str(file), status=2
    )
    assert said == f"the ready file cannot be written to {file}: File exists"


def test_the_default_place_is_the_users(tmp_path: Path) -> None:
    done = ballast_process("dev", "--rpc-host", "1.2.3.4", environment={"BALLAST_HOME": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    assert faults(done) == "cannot listen on 1.2.3.4:9944: Cannot assign requested address"
    assert (tmp_path / "chains" / "ballast-dev" / "db").is_dir()
