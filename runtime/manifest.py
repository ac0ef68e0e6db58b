"""The runtime manifest: which code makes the chain's blocks, and with which constants, stored under `:code`,
so that the state root binds it.
"""

from __future__ import annotations

from typing import Final

from runtime.scale import H256, U8, U32, Struct

CODE_KEY: Final = b":code"
"""The well-known storage key of the runtime."""


class ManifestUse(Struct):
    """Which pallet provides an interface to another."""

    interface: str
    """What the pallet that is given it calls it."""
    pallet: str
    """The pallet that provides it."""


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
    constants: bytes
    """Its constants on this chain, encoded as its `Config`; empty where it has none."""
    uses: tuple[ManifestUse, ...]
    """Which pallets it was told to use, where several could be."""

    @property
    def code(self) -> tuple[str, str, str, str, bytes]:
        """What it is, whatever its constants."""
        return self.name, self.pallet, self.distribution, self.version, self.digest


class Manifest(Struct):
    """The code of a chain's runtime."""

    spec_version: U32
    """Raised with every change of behaviour."""
    runtime: H256
    """BLAKE2b-256 over the files of the `runtime` package."""
    pallets: tuple[ManifestPallet, ...]
    """Every pallet, by index."""
    extensions: tuple[str, ...]
    """The transaction extensions, in the order in which they are signed."""

    def differences(self, other: Manifest) -> tuple[str, ...]:
        """What is not the same in `other`, in words; empty when both are the same code."""
        found: list[str] = []
        if self.spec_version != other.spec_version:
            found.append(f"spec version {self.spec_version}, and here {other.spec_version}")
        if self.runtime != other.runtime:
            found.append("the runtime package differs")
        here = {each.index: each for each in other.pallets}
        for each in self.pallets:
            found_here = here.pop(each.index, None)
            if found_here is None:
                found.append(f"{each.name} at index {each.index} is missing here")
            elif found_here.code != each.code:
                found.append(
                    f"{each.name} of {each.distribution} {each.version} differs from {found_here.name} of "
                    f"{found_here.distribution} {found_here.version} here"
                )
            elif found_here != each:
                found.append(f"{each.name} has other constants or uses other pallets here")
        found += [f"{each.name} at index {each.index} is new here" for each in here.values()]
        if self.extensions != other.extensions:
            found.append("the transaction extensions differ")
        return tuple(found)
