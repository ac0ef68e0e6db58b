"""A change voted through by polkadot.js, from enrolled coins to locks that end."""

from __future__ import annotations

from pathlib import Path

from support.clients import every_step_works
from support.devnode import dev_node

SECONDS_MAX = 240


def test_polkadot_js_votes_a_parameter_through(node: str, tmp_path: Path) -> None:
    with dev_node(tmp_path, "--seal", "manual") as running:
        every_step_works(node, "governance.mjs", running.url, seconds=SECONDS_MAX)
