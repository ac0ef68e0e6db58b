"""A change voted through by polkadot.js, from enrolled coins to locks that end."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.devnode import dev_node

CLIENTS = Path(__file__).resolve().parent / "clients"
CLIENT_SECONDS_MAX = 240


def test_polkadot_js_votes_a_parameter_through(node: str, tmp_path: Path) -> None:
    with dev_node(tmp_path, "--seal", "manual") as running:
        done = subprocess.run(
            [node, "governance.mjs", running.url],
            cwd=CLIENTS,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS_MAX,
            check=False,
        )
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    assert done.stdout.endswith("ALL OK\n"), said
