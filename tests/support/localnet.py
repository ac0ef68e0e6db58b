"""`ballast net up` as a process, with the network that it keeps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trio

from node.client import connect
from support.cli import ballast
from support.devnode import wait_until_ready
from support.processes import COMMAND, ROOT

READY_SECONDS_MAX = 150
"""All nodes begin at once, on as many cores as there are."""
STOP_SECONDS_MAX = 30
HEIGHT_SECONDS_MAX = 60


class NetProcess:
    """A running `ballast net up`, its folder and outputs beneath `place`."""

    def __init__(self, place: Path, *arguments: str) -> None:
        """Start it; `ready` says when all of its nodes answer."""
        place.mkdir(parents=True, exist_ok=True)
        self.folder = place / "net"
        self._out, self._err = place / "out", place / "err"
        self.ready_file = place / "ready.json"
        self.ready_file.unlink(missing_ok=True)
        options = ("--base-path", str(self.folder), "--ready-file", str(self.ready_file))
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*COMMAND, "net", "up", "--rpc-port", "0", "--peer-port", "0", *options, *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def __enter__(self) -> NetProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()  # its nodes end with it
            self.process.wait()

    @property
    def out(self) -> str:
        """Standard output so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """Standard error so far."""
        return self._err.read_text()

    def ready(self) -> dict[str, Any]:
        """What the ready file says, once it is there."""
        deadline = time.monotonic() + READY_SECONDS_MAX
        while not self.ready_file.exists():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.err}"
            assert time.monotonic() < deadline, f"not ready:\n{self.out}\n{self.err}"
            time.sleep(0.05)
        ready: dict[str, Any] = json.loads(self.ready_file.read_text())
        return ready

    def status(self) -> dict[str, dict[str, Any]]:
        """How the nodes stand, by name, as `ballast net status` says."""
        rows = ballast("net", "status", "--base-path", str(self.folder), "--json").json
        return {row["name"]: row for row in rows}

    def until_final(self, height: int, *names: str) -> dict[str, dict[str, Any]]:
        """How the nodes stand once each of the named ones has this block final."""
        return self.until(lambda row: row["answers"] and row["final"] >= height, *names)

    def until(self, holds: Callable[[dict[str, Any]], bool], *names: str) -> dict[str, dict[str, Any]]:
        """How the nodes stand once something holds of each of the named ones."""
        deadline = time.monotonic() + HEIGHT_SECONDS_MAX
        while True:
            rows = self.status()
            if all(holds(rows[name]) for name in names):
                return rows
            assert time.monotonic() < deadline, rows
            time.sleep(0.3)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal as a terminal does, to all that it began; the exit status."""
        os.killpg(self.process.pid, number)
        return self.process.wait(STOP_SECONDS_MAX)


@contextmanager
def full_node(net: NetProcess, place: Path, *arguments: str) -> Iterator[str]:
    """A node that joins a network late, knowing one of its validators; where it answers once it has caught up
    with what was final then. `arguments` are more options of `ballast run`.
    """
    validator = net.ready()["nodes"][0]
    ready_file, log_file = place / "ready.json", place / "node.log"
    options = ("--base-path", str(place / "data"), "--listen-port", "0", "--rpc-port", "0")
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [
                *(*COMMAND, "run", "--chain", str(net.folder / "spec.json"), *options),
                *("--bootnode", validator["peer"], "--ready-file", str(ready_file), *arguments),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        goal = net.status()["alice"]["final"]
        url = str(wait_until_ready(process, ready_file, log_file)["ws"])
        trio.run(_until_reached, url, goal)
        yield url
        process.terminate()
        status = process.wait(STOP_SECONDS_MAX)
        assert status == 0, f"`ballast run` ended with status {status}:\n{log_file.read_text()}"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


async def _until_reached(url: str, height: int) -> None:
    """Wait until a node has a block final."""
    with trio.fail_after(HEIGHT_SECONDS_MAX):
        async with connect(url) as client:
            final = -1
            while final < height:
                await trio.sleep(0.2)
                header = await client.call("chain_getHeader", await client.call("chain_getFinalizedHead"))
                final = int(header["number"], 16)


def is_alive(pid: int) -> bool:
    """Whether a process that is none of ours runs; one that is over and not buried does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def until_gone(pids: list[int]) -> float:
    """Wait until none of the processes runs; how many seconds it took."""
    began = time.monotonic()
    while any(map(is_alive, pids)):
        assert time.monotonic() < began + STOP_SECONDS_MAX, [pid for pid in pids if is_alive(pid)]
        time.sleep(0.05)
    return time.monotonic() - began
