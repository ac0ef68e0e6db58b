"""A light proof of a running network's storage: exported while it runs, and verified when it does not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.processes import ballast_process

SECONDS_MAX = 60
EVERY_BIT_SECONDS_MAX = 3_600
TESTS = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Exported:
    """A proof, and what was said when it was written."""

    file: Path
    report: dict[str, Any]

    @property
    def genesis(self) -> str:
        """The hash of block zero."""
        return str(self.report["genesisHash"])

    def verify_alone(self, place: Path) -> None:
        """See that a process with no network and another working folder, `place`, reads the same from it."""
        command = ("light", "verify", str(self.file), "--genesis", self.genesis, "--json")
        verified = json.loads(alone("unplugged", *command, place=place))
        raw = [{"key": each["key"], "value": each["value"]} for each in self.report["entries"]]
        assert verified == {**self.report, "entries": raw}

    def turn_bits(self, place: Path, *, every: int) -> dict[str, int]:
        """See that each is refused, in a process with no network; for what reasons, and how often."""
        seconds = EVERY_BIT_SECONDS_MAX if every == 1 else SECONDS_MAX
        arguments = (str(self.file), self.genesis, str(every))
        found = json.loads(alone("turned", *arguments, place=place, seconds=seconds))
        assert found["believed"] == []
        reasons: dict[str, int] = found["reasons"]
        assert sum(reasons.values()) == found["bits"] >= 8 * self.file.stat().st_size // every
        return reasons


def export_proof(url: str, chain: str, file: Path, *asked: str) -> Exported:
    """A proof from the node at `url`; `chain` is its preset or the file of its specification, and `asked` the
    item and keys.
    """
    options = ("--out", str(file), "--rpc", url, "--chain", chain, "--json")
    ended = ballast_process("light", "export", *asked, *options)
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    return Exported(file, json.loads(ended.stdout))


def alone(script: str, *arguments: str, place: Path, seconds: float = SECONDS_MAX) -> str:
    """What a script of this folder prints, run where nothing of the network's is."""
    ended = subprocess.run(
        [sys.executable, "-P", "-m", f"support.{script}", *arguments],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(TESTS), "BALLAST_HOME": str(place)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds,
    )
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    return ended.stdout
