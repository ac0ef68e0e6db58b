"""The runtime manifest: which code makes the chain's blocks, stored under `:code`, so that the state root
binds it.
"""

from __future__ import annotations

from typing import Final

from runtime.scale import H256, U8, U32, Struct

CODE_KEY: Final = b":code"
"""The well-known storage key of the runtime."""


class ManifestPallet(Struct):
    """One pallet of the chain, as code."""

    index: U8
    """Its index in the chain spec."""
    name: str
    """Its name in storage keys."""
    pallet: str
    """The class that its distribution registers."""
    distribution: str
    """The distribution that ships it."""
    version: str
    """The distribution's version."""
    digest: H256
    """BLAKE2b-256 over the pallet's files, names and contents, in the order of their names."""


class Manifest(Struct):
    """The code of a chain's runtime."""

    spec_version: U32
    """Raised with every change of behaviour."""
    runtime: H256
    """BLAKE2b-256 over the files of the `runtime` package."""
    pallets: tuple[ManifestPallet, ...]
    """Every pallet, by index."""
