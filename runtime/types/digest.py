"""Digest items: what a header carries beside the roots."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from runtime.scale import Enum, Fixed, Struct

EngineId: TypeAlias = Annotated[bytes, Fixed(4)]
"""Four bytes that say who understands an item."""


class DigestItem(Enum, path="sp_runtime::generic::digest::DigestItem"):
    """One item of a header's digest."""


class PreRuntime(DigestItem, index=6, unnamed=True):
    """From the author to the runtime, before execution."""

    engine: EngineId
    data: bytes


class Consensus(DigestItem, index=4, unnamed=True):
    """From the runtime to the world outside."""

    engine: EngineId
    data: bytes


class Seal(DigestItem, index=5, unnamed=True):
    """From the author to importers, about the finished header; the runtime never sees it."""

    engine: EngineId
    data: bytes


class OtherItem(DigestItem, index=0, name="Other"):
    """Anything else."""

    data: bytes


class RuntimeEnvironmentUpdated(DigestItem, index=8):
    """The runtime changed in this block."""


class Digest(Struct, path="sp_runtime::generic::digest::Digest"):
    """All items of a header."""

    logs: tuple[DigestItem, ...] = ()
