"""The light client against any running node, by its address: export, verify, and refuse what was changed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

import tidy

SECONDS_MAX = 60


def check_light_proof(url: str, chain: str, folder: Path, *asked: str) -> dict[str, Any]:
    """What a proof from the node at `url` shows; `chain` is its preset or the file of its specification, and
    `asked` the item and keys. The processes that verify are not told the address.
    """
    file, changed = folder / "proof.json", folder / "changed.json"
    report = _light("export", *asked, "--out", str(file), "--rpc", url, "--chain", chain, "--json")
    document = msgspec.json.decode(report.stdout)
    trusted = ("--genesis", document["genesisHash"])
    verified = msgspec.json.decode(_light("verify", str(file), *trusted, "--json").stdout)
    assert verified["hash"] == document["hash"]
    data = bytearray(file.read_bytes())
    for at in range(len(data) // 20, len(data), len(data) // 10):
        data[at] ^= 1
        changed.write_bytes(data)
        data[at] ^= 1
        refused = _light("verify", str(changed), *trusted, check=False)
        assert (refused.returncode, refused.stdout) == (1, ""), f"byte {at}"
        assert refused.stderr.startswith("ballast: "), f"byte {at}"
    return document


def _light(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "node", "light", *arguments]
    return subprocess.run(
        command, cwd=tidy.ROOT, capture_output=True, text=True, check=check, timeout=SECONDS_MAX
    )
