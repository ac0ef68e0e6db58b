"""A stranger's pallet on a real node: polkadot.js sees its call, constant, storage, event and error."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import tidy
from genesis.presets.dev import dev
from genesis.spec import write_spec
from support.devnode import dev_node
from support.hello import installed_hello

CLIENTS = Path(__file__).resolve().parent / "clients"
CLIENT_SECONDS_MAX = 120


def test_polkadot_js_uses_a_pallet_that_it_never_heard_of(node: str, tmp_path: Path) -> None:
    site = installed_hello(tmp_path / "site")
    document = write_spec(dev(2))
    document["pallets"].append({"index": 100, "pallet": "Hello", "config": {"greeters_max": 5}})
    if all(seat["pallet"] != "Utility" for seat in document["pallets"]):
        document["pallets"].append({"index": 101, "pallet": "Utility"})
    chain = tmp_path / "hello.json"
    chain.write_text(json.dumps(document), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(site), str(tidy.ROOT)))}
    with dev_node(tmp_path, "--chain", str(chain), "--seal", "instant", environment=environment) as running:
        done = subprocess.run(
            [node, "hello.mjs", running.url],
            cwd=CLIENTS,
            capture_output=True,
            text=True,
            timeout=CLIENT_SECONDS_MAX,
            check=False,
        )
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    assert done.stdout.endswith("ALL OK\n"), said
