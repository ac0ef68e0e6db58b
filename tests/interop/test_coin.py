"""The coin through polkadot.js, which never heard of it: storage, digest and runtime API agree."""

from __future__ import annotations

from pathlib import Path

from support.clients import every_step_works
from support.devnode import dev_node

SECONDS_MAX = 120


def test_polkadot_js_reads_what_stands_behind_the_coin(node: str, tmp_path: Path) -> None:
    with dev_node(tmp_path, "--seal", "instant") as running:
        every_step_works(node, "coverage.mjs", running.url, seconds=SECONDS_MAX)
