"""The scripts of other clients: each prints a line for each step, and ALL OK in the end."""

from __future__ import annotations

import subprocess
from pathlib import Path

CLIENTS = Path(__file__).resolve().parent.parent / "interop" / "clients"


def every_step_works(*command: str, seconds: int) -> None:
    """Run a script in the clients' folder; it must say that every step is ok, within so many seconds."""
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=seconds, check=False)
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    assert done.stdout.endswith("ALL OK\n"), said
