"""A real development node in its own process, for tests that speak to it from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20


@dataclass(frozen=True, slots=True)
class DevNode:
    """A running node: its process, and what it wrote into its ready file."""

    process: subprocess.Popen[bytes]
    ready: dict[str, object]

    @property
    def url(self) -> str:
        """Where its WebSocket listens."""
        return str(self.ready["ws"])


@contextmanager
def dev_node(
    folder: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> Iterator[DevNode]:
    """Run `ballast dev`, without its agent, on a free port, its log in `folder`; it must stop cleanly.

    `environment` replaces this process's own.
    """
    ready_file, log_file = folder / "ready.json", folder / "node.log"
    options = ("--tmp", "--no-agent", "--rpc-port", "0", "--ready-file", str(ready_file))
    command = [sys.executable, "-P", "-m", "node", "dev", *options, *arguments]
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield DevNode(process, wait_until_ready(process, ready_file, log_file))
        process.terminate()
        status = process.wait(STOP_SECONDS_MAX)
        assert status == 0, f"`ballast dev` ended with status {status}:\n{log_file.read_text()}"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], ready_file: Path, log_file: Path) -> dict[str, object]:
    """What the ready file says, once it is there; fails with the node's own words when it never is."""
    deadline = time.monotonic() + READY_SECONDS_MAX
    while not ready_file.exists():
        status = process.poll()
        assert status is None, f"`ballast dev` ended with status {status}:\n{log_file.read_text()}"
        late = f"`ballast dev` was not ready after {READY_SECONDS_MAX} s:\n{log_file.read_text()}"
        assert time.monotonic() < deadline, late
        time.sleep(0.05)
    ready: dict[str, object] = json.loads(ready_file.read_text())
    return ready
