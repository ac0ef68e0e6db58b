"""A snapshot: every entry of a final block's state, read from a running node; whole by the header's root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from node.client import Client
from node.client.shapes import from_hex, read_header
from runtime.manifest import CODE_KEY
from runtime.scale import DecodeError, Struct, codec_of
from runtime.state import MemoryStates
from runtime.types.block import Header

PAGE: Final = 1_000
"""Entries that are asked for at once."""
ENTRIES_MAX: Final = 5_000_000
"""The most entries of a snapshot: what a machine's memory holds."""


class SnapshotUnfit(Exception):
    """What was read is not the state that the header names, or is too much."""


class Snapshot(Struct):
    """One block's state."""

    header: Header
    entries: tuple[tuple[bytes, bytes], ...]
    """Keys and values, in the order of the keys."""

    @property
    def code(self) -> bytes:
        """The manifest of the runtime that made it."""
        return next((value for key, value in self.entries if key == CODE_KEY), b"")

    def states(self) -> MemoryStates:
        """The state in memory. Raises SnapshotUnfit where it is not the header's."""
        states = MemoryStates()
        states.genesis(dict(self.entries))
        if states.head.root != self.header.state_root:
            raise SnapshotUnfit(
                f"the state of block {self.header.number} has the root 0x{states.head.root.hex()}, and its "
                f"header names 0x{self.header.state_root.hex()}: a node that keeps it whole is needed"
            )
        return states


_SNAPSHOT: Final = codec_of(Snapshot)


async def take(client: Client, told: Callable[[int], None] = lambda count: None) -> Snapshot:
    """The last final block's state at a node; `told` hears how many entries have come. Raises RemoteError and
    SnapshotUnfit.
    """
    block_hash = from_hex(await client.call("chain_getFinalizedHead"))
    header = read_header(await client.call("chain_getHeader", _hex(block_hash)), block_hash)
    entries: list[tuple[bytes, bytes]] = []
    after: str | None = None
    while True:
        page: list[str] = await client.call("state_getKeysPaged", "0x", PAGE, after, _hex(block_hash))
        if not page:
            break
        (changes,) = await client.call("state_queryStorageAt", page, _hex(block_hash))
        for key, value in changes["changes"]:
            if value is not None:
                entries.append((from_hex(key), from_hex(value)))
        after = page[-1]
        told(len(entries))
        if len(entries) > ENTRIES_MAX:
            raise SnapshotUnfit(f"the state has more than {ENTRIES_MAX} entries")
    return Snapshot(header, tuple(entries))


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Keep a snapshot. Raises OSError."""
    path.write_bytes(_SNAPSHOT.encode(snapshot))


def read_snapshot(path: Path) -> Snapshot:
    """A snapshot that was kept. Raises SnapshotUnfit and OSError."""
    try:
        return _SNAPSHOT.decode(path.read_bytes())
    except DecodeError as error:
        raise SnapshotUnfit(f"{path} holds no snapshot: {error}") from None


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
