"""`ballast vopr`: what it prints, how it goes on where it was stopped, how it shows a seed that fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from node.cli.main import run
from node.simulation.mutants import MUTANTS
from node.simulation.patches import Patch

ROOT = Path(__file__).resolve().parents[2]
KEYS = [
    "tier",
    "seeds",
    "sim_seconds",
    "blocks",
    "safety_violations",
    "liveness_failures",
    "cpu_seconds",
    "trace_hash",
]


def test_the_document_has_the_agreed_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["vopr", "--seeds", "3", "--seconds", "30", "--json"]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert list(document) == KEYS
    assert (document["tier"], document["seeds"], document["sim_seconds"]) == (1, 3, 90)
    assert (document["safety_violations"], document["liveness_failures"]) == (0, 0)
    assert document["blocks"] > 10
    assert err.splitlines()[-1].startswith("3 of 3 seeds, ")


def test_a_run_goes_on_where_it_was_stopped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "seeds"
    assert run(["vopr", "--seeds", "4", "--seconds", "20", "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert run(["vopr", "--seeds", "2", "--seconds", "20", "--resume", str(file)]) == 0
    with file.open("ab") as cut_off:
        cut_off.write(b'{"seed": 2, "sim_sec')
    capsys.readouterr()
    assert run(["vopr", "--seeds", "4", "--seconds", "20", "--resume", str(file), "--json"]) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert [resumed[key] for key in KEYS if key != "cpu_seconds"] == [
        whole[key] for key in KEYS if key != "cpu_seconds"
    ]
    monkeypatch.setattr("node.simulation.agreement.simulate", None)  # nothing is left to run
    assert run(["vopr", "--seeds", "4", "--seconds", "20", "--resume", str(file)]) == 0


def test_a_killed_run_of_whole_nodes_leaves_nothing_running_and_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`kill -9` in the middle of it; then what is found is what a run in one go finds, in one process."""
    file = tmp_path / "seeds"
    wanted = ["vopr", "--tier", "2", "--first-seed", "3", "--seeds", "6", "--seconds", "4", "--json"]
    arguments = [*wanted, "--jobs", "2", "--resume", str(file)]
    killed = subprocess.Popen([sys.executable, "-m", "node", *arguments], cwd=ROOT, start_new_session=True)
    try:
        until(lambda: file.exists() and file.read_bytes().count(b"\n") > 2)
    finally:
        killed.kill()
        killed.wait()
    assert killed.returncode == -signal.SIGKILL
    until(lambda: not is_alive(killed.pid))
    done = file.read_bytes().count(b"\n") - 1
    assert 2 <= done < 6
    assert run(arguments) == 0
    resumed = json.loads(capsys.readouterr().out)
    assert file.read_bytes().count(b"\n") - 1 == 6
    assert run(wanted) == 0
    whole = json.loads(capsys.readouterr().out)
    assert {**resumed, "cpu_seconds": None} == {**whole, "cpu_seconds": None}


def until(is_so: Callable[[], bool]) -> None:
    """Return once it is so, within a minute."""
    for _ in range(1_200):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("not within a minute")


def is_alive(group: int) -> bool:
    """Whether any process of a group still runs."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_file_of_another_run_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "seeds"
    assert run(["vopr", "--seeds", "1", "--seconds", "10", "--resume", str(file)]) == 0
    capsys.readouterr()
    assert run(["vopr", "--seeds", "1", "--seconds", "11", "--resume", str(file)]) == 2
    assert capsys.readouterr().err == (
        f"""ballast: {file} is of another run: it begins with b'{{"tier":1,"seconds":10}}'\n"""
    )
    file.write_bytes(b'{"tier":1,"seconds":10}\n{"seed": "x"}\n')
    assert run(["vopr", "--seeds", "1", "--seconds", "10", "--resume", str(file)]) == 2
    assert capsys.readouterr().err.startswith(f"ballast: {file} is damaged: ")


def test_a_seed_that_fails_is_named_with_the_command_that_shows_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Patch() as patch:
        MUTANTS["never finalize"].apply(patch)
        status = run(["vopr", "--first-seed", "7", "--seeds", "1", "--seconds", "130", "--json"])
    out, err = capsys.readouterr()
    assert status == 1
    assert json.loads(out)["liveness_failures"] > 0
    assert "seed 7: NoProgress at 125.000 s: 0 is at block 0, not 10" in err
    assert (
        err.splitlines()[-1]
        == "seed 7: see it again with `ballast vopr --first-seed 7 --seeds 1 --seconds 130 --trace`"
    )


def test_a_trace_shows_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["vopr", "--first-seed", "1", "--seeds", "1", "--seconds", "60", "--trace"]) == 0
    err = capsys.readouterr().err
    assert "proposal Notarize 0/" in err
    assert "certificate Finalize 0/" in err
    assert "final: block 1, " in err
    assert run(["vopr", "--seeds", "2", "--trace"]) == 2
    assert capsys.readouterr().err == "ballast: --trace shows one seed: add --seeds 1\n"


@pytest.mark.parametrize(
    ("arguments", "refusal"),
    [
        (["--seeds", "0"], "--seeds 0 is outside [1, 10000000]"),
        (["--seconds", "3"], "--seconds 3 is outside [4, 86400]"),
        (["--jobs", "0"], "--jobs 0 is outside [1, 256]"),
        (["--first-seed", "-1"], "--first-seed -1 is outside [0, 10000000]"),
    ],
)
def test_what_cannot_be_run_is_refused(
    arguments: list[str], refusal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["vopr", *arguments]) == 2
    assert capsys.readouterr().err == f"ballast: {refusal}\n"


def test_a_tier_that_there_is_not_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["vopr", "--tier", "9"]) == 2
    assert capsys.readouterr().err == (
        "ballast: there is no tier 9: there are 1, the agreement's cores with stub signatures; "
        "2, whole nodes on machines that fail\n"
    )


def test_an_unexpected_error_names_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(seed: int, seconds: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("node.simulation.agreement.simulate", broken)
    with pytest.raises(ZeroDivisionError) as found:
        run(["vopr", "--first-seed", "5", "--seeds", "1"])
    assert found.value.__notes__ == [
        "seed 5: see it again with `ballast vopr --first-seed 5 --seeds 1 --seconds 300 --trace`"
    ]
