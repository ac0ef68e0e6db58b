"""The coin through polkadot.js, which never heard of it: storage, digest and runtime API agree."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.devnode import dev_node

CLIENTS = Path(__file__).resolve().parent / "clients"
CLIENT_SECONDS_MAX = 120


def test_polkadot_js_reads_what_stands_behind_the_coin(node: str, tmp_path: Path) -> None:
    with dev_node(tmp_path, "--seal", "instant") as running:
        done = subprocess.run(
            [node, "coverage.mjs", running.url],
            cwd=CLIENTS,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS_MAX,
            check=False,
        )
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    assert done.stdout.endswith("ALL OK\n"), said
