"""The example distribution `pallet-hello`, installed into a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = ROOT / "examples" / "pallet-hello"
INSTALL_SECONDS_MAX = 120


def installed_hello(folder: Path) -> Path:
    """Install the example as pip would for anybody, but into `folder`; to be put on the path of a process."""
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", str(folder), str(EXAMPLE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS_MAX,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder
