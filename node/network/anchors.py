"""Anchors: the few peers that a node remembers over a restart, in a file of one address a line."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from node.network.address import TEXT_CHARACTERS_MAX, PeerAddress
from node.network.errors import BadAddress

FILE_BYTES_MAX: Final = 16 * TEXT_CHARACTERS_MAX


def load_anchors(path: Path, count_max: int) -> list[PeerAddress]:
    """The addresses in the file; what is no address is passed over, and so is a file that is not there."""
    try:
        with path.open("rb") as file:
            lines = file.read(FILE_BYTES_MAX).decode(errors="replace").splitlines()
    except OSError:
        return []
    addresses: list[PeerAddress] = []
    for line in lines:
        try:
            addresses.append(PeerAddress.parse(line))
        except BadAddress:
            continue
    return addresses[:count_max]


def save_anchors(path: Path, addresses: Iterable[PeerAddress]) -> None:
    """Write the file in one step: nobody reads half of it. Raises OSError."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.writelines(f"{address}\n" for address in addresses)
    os.replace(file.name, path)
