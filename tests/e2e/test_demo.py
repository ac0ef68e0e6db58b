"""The demo ends well, its figures add up when added up here again, and stopping it leaves nothing running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from support.processes import COMMAND, ROOT

SECONDS_MAX = 180


def test_the_demo_ends_in_time_and_every_figure_adds_up(tmp_path: Path) -> None:
    started = time.monotonic()
    done = subprocess.run(
        [*COMMAND, "demo", "--json", "--seconds-per-block", "0.4"],
        cwd=ROOT,
        env=_surroundings(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - started < SECONDS_MAX
    report = json.loads(done.stdout)
    assert report["ok"] is True
    assert [check["what"] for check in report["checks"] if check["told"] != check["found"]] == []
    before, after = report["coverage"]["before"], report["coverage"]["after"]
    burned = report["redemption"]["burned"]
    assert after["supply"] == before["supply"] + report["minted"] - burned
    assert report["sold"] == (report["minted"] - report["mintFee"]) // 28
    assert after["ratioPpb"] == after["effective"] * 10**9 // after["supply"]
    assert report["redemption"]["receiptHash"] == report["verified"]["receiptHash"]
    assert report["verified"]["segment"] != report["redemption"]["verified"]["segment"]
    assert list(tmp_path.glob("ballast-demo-*")) == []


def test_a_demo_that_is_stopped_leaves_nothing_running(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo"], cwd=ROOT, env=_surroundings(tmp_path), stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("2 "):
                break
        children = _descendants(process.pid)
        assert len(children) >= 2, "a node and an agent"
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS_MAX) == 1
        assert [pid for pid in children if _is_running(pid)] == []
        assert list(tmp_path.glob("ballast-demo-*")) == []
    finally:
        process.kill()
        process.communicate()


def _surroundings(folder: Path) -> dict[str, str]:
    return {**os.environ, "TMPDIR": str(folder), "BALLAST_HOME": str(folder / "home")}


def _descendants(pid: int) -> list[int]:
    """The processes that a process has started, and those that they have started."""
    deadline, found = time.monotonic() + SECONDS_MAX, list[int]()
    while len(found) < 2 and time.monotonic() < deadline:
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
        )
        found = [int(each) for each in listed.stdout.split()]
        time.sleep(0.05)
    return found


def _is_running(pid: int) -> bool:
    found = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(found.stdout.strip()) and not found.stdout.strip().startswith("Z")
