"""Suspicion: what speaks for a validator having contradicted itself, in the nodes' logs and on chain."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from node.client import connect
from node.localnet.plan import NetworkPlan
from runtime.frame.bound import storage_prefix

CONTRADICTIONS: Final = re.compile(
    rb"validator (\d+) \(0x[0-9a-f]+\) contradicted itself in epoch (\d+), view (\d+)"
)
CERTIFICATES: Final = re.compile(rb"two certificates of epoch (\d+), view (\d+) contradict each other")
"""As `node/consensus/evidence.py` words them."""
OFFENCES: Final = storage_prefix("Offences", "NextId")
CHUNK_BYTES: Final = 1 << 20
LINE_BYTES_MAX: Final = 1 << 12
"""What is read again before each chunk: no line of these is longer."""


class Suspicion:
    """What was found so far."""

    def __init__(self, plan: NetworkPlan) -> None:
        self._folder = plan.folder
        self._read: dict[Path, int] = {}
        """How much of each log was read."""
        self._seen: set[tuple[bytes, ...]] = set()

    async def look(self, url: str) -> int:
        """How many contradictions were seen, or proven to the chain of a node. Raises RemoteError."""
        for log in self._folder.glob("*.log"):
            self._scan(log)
        async with connect(url) as client:
            answer: str | None = await client.call("state_getStorage", "0x" + OFFENCES.hex())
        proven = 0 if answer is None else int.from_bytes(bytes.fromhex(answer[2:]), "little")
        return max(len(self._seen), proven)

    def _scan(self, log: Path) -> None:
        with log.open("rb") as file:
            while True:
                file.seek(max(0, self._read.get(log, 0) - LINE_BYTES_MAX))
                chunk = file.read(CHUNK_BYTES)
                for pattern in (CONTRADICTIONS, CERTIFICATES):
                    self._seen.update(found.groups() for found in pattern.finditer(chunk))
                if file.tell() <= self._read.get(log, 0):
                    return
                self._read[log] = file.tell()
