"""Headers and blocks: what is hashed, sent and stored."""

from __future__ import annotations

from typing import NamedTuple

from runtime.crypto.hashing import blake2b_256
from runtime.scale import Compact, Struct, codec_of
from runtime.types.account import BlockNumber, Hash
from runtime.types.digest import Digest


class Header(Struct, path="sp_runtime::generic::header::Header", params={"Number": BlockNumber}):
    """A block's header; its BLAKE2b-256 is the block's hash."""

    parent_hash: Hash
    number: Compact[BlockNumber]
    state_root: Hash
    extrinsics_root: Hash
    digest: Digest

    @property
    def hash(self) -> bytes:
        """The block's hash."""
        return blake2b_256(codec_of(Header).encode(self))


class Block(NamedTuple):
    """A header, and its extrinsics as the bytes that they came in, length prefix included."""

    header: Header
    extrinsics: tuple[bytes, ...]
