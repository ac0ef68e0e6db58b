"""`ballast` as a process of its own, with both of its outputs apart."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READY_SECONDS_MAX = 60
STOP_SECONDS_MAX = 20
COMMAND = (sys.executable, "-P", "-m", "node")


class Process:
    """A running `ballast dev`, told by its ready file to be ready."""

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        ignores_sigint: bool = False,
        environment: Mapping[str, str] | None = None,
        limit: Callable[[], None] | None = None,
    ) -> None:
        """Start it; `ready` says when it answers. `limit` is called in the process before it begins."""
        folder.mkdir(parents=True, exist_ok=True)
        self._out, self._err = folder / "out", folder / "err"
        self.ready_file = folder / "ready.json"
        options = ("--rpc-port", "0", "--ready-file", str(self.ready_file))
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [*COMMAND, "dev", "--no-agent", *options, *arguments],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**os.environ, **(environment or {})},
                preexec_fn=_ignore_sigint if ignores_sigint else limit,
            )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
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
            assert self.process.poll() is None, (
                f"ended with {self.process.returncode}:\n{self.out}\n{self.err}"
            )
            assert time.monotonic() < deadline, f"not ready:\n{self.out}\n{self.err}"
            time.sleep(0.02)
        ready: dict[str, Any] = json.loads(self.ready_file.read_text())
        return ready

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS_MAX)

    def ended(self) -> int:
        """The exit status of a process that ends by itself."""
        return self.process.wait(READY_SECONDS_MAX)


def _ignore_sigint() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def ballast_process(
    *arguments: str, environment: Mapping[str, str] | None = None, python: tuple[str, ...] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, *python, *COMMAND[1:], *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=READY_SECONDS_MAX,
    )
