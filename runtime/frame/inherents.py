"""Inherents: what a block's author puts into it without anybody's signature, and how importers check it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

TIMESTAMP: Final = b"timstap0"
"""Identifier of the time: u64 little-endian, milliseconds since the Unix epoch."""

InherentData = Mapping[bytes, bytes]
"""What the author observed, by identifier of eight bytes."""
