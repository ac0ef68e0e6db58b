"""What a running network says of itself in `net.json`: who runs where, for whoever wants to use it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from node.localnet.errors import BadRecord, FolderUnfit, NoNetwork

RECORD: Final = "net.json"
RECORD_BYTES_MAX: Final = 1 << 20


class NodeRecord(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One node."""

    name: str
    role: str
    account: str | None
    """A validator's account, in hex."""
    peer: str
    """Where peers reach it, `PEER@HOST:PORT`."""
    ws: str
    http: str
    metrics: str
    pid: int
    log: str
    base_path: str


class NetworkRecord(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A network, nodes in the order of its plan."""

    chain: str
    genesis_hash: str
    spec: str
    base_path: str
    pid: int
    """Of the process that keeps it."""
    nodes: tuple[NodeRecord, ...]


def read_record(folder: Path) -> NetworkRecord:
    """The network that a folder tells of. Raises NoNetwork and BadRecord."""
    path = folder / RECORD
    try:
        with path.open("rb") as file:
            data = file.read(RECORD_BYTES_MAX + 1)
    except FileNotFoundError:
        raise NoNetwork(folder) from None
    except OSError as error:
        raise BadRecord(path, error.strerror or str(error)) from None
    if len(data) > RECORD_BYTES_MAX:
        raise BadRecord(path, f"it is longer than {RECORD_BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(data, type=NetworkRecord)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise BadRecord(path, str(error)) from None


def write_record(path: Path, record: NetworkRecord) -> None:
    """Write it in one step: nobody reads half a file. Raises FolderUnfit."""
    data = msgspec.json.format(msgspec.json.encode(record), indent=2)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(data + b"\n")
        os.replace(file.name, path)
    except OSError as error:
        raise FolderUnfit(path, error.strerror or str(error)) from None
