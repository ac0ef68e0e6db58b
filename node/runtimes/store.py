"""The store: the runtimes that a node may run, one folder for each manifest, named by its BLAKE2b-256.

    BASE/runtimes/HASH/runtime.json     its seats, as a chain spec without a genesis
                       manifest         what stands under `:code` while it runs
                       runtime/ ...     its packages, and the distributions that offer its pallets

A runtime is put together beside the others, asked for its manifest in a process of its own, and moved to its
name in one step: what is there is whole. What is copied to another machine is whole too, or found out when it
runs: a node compares the files' manifest with the chain's before anything else.
"""

from __future__ import annotations

import compileall
import json
import py_compile
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from genesis.spec import ChainSpec, SpecError, write_spec
from node.runtimes.asking import RuntimeUnfit, ask
from node.runtimes.here import SEATS, seats_at
from node.runtimes.sources import Source
from runtime.crypto.hashing import blake2b_256
from runtime.manifest import Manifest
from runtime.scale import DecodeError, codec_of
from runtime.spec import RuntimeSpec

FOLDER: Final = "runtimes"
MANIFEST: Final = "manifest"
HELD_MAX: Final = 1_024
"""The most runtimes that are looked at."""
MANIFEST_BYTES_MAX: Final = 1 << 20

_MANIFEST: Final = codec_of(Manifest)


class RuntimeDamaged(Exception):
    """The files of a stored runtime are not those that its name says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"the runtime in {folder} is not what its name says: remove the folder, and prepare it again"
        )
        self.folder = folder


@dataclass(frozen=True, slots=True)
class Held:
    """A runtime that is there."""

    folder: Path
    code: bytes
    """Its manifest, encoded: what `:code` holds while it runs."""

    @property
    def hash(self) -> bytes:
        """By what it is named."""
        return blake2b_256(self.code)

    @property
    def manifest(self) -> Manifest:
        """What it is made of."""
        return _MANIFEST.decode(self.code)


class Store:
    """The runtimes of one node."""

    def __init__(self, base_path: Path) -> None:
        self.folder = base_path / FOLDER

    def find(self, code: bytes) -> Held | None:
        """The runtime whose manifest is `code`. Raises RuntimeDamaged."""
        folder = self.folder / blake2b_256(code).hex()
        if not folder.is_dir():
            return None
        held = _held(folder)
        if held is None or held.code != code:
            raise RuntimeDamaged(folder)
        return held

    def held(self) -> tuple[Held, ...]:
        """All that are there, by version; what is damaged is left out."""
        if not self.folder.is_dir():
            return ()
        folders = sorted(each for each in self.folder.iterdir() if not each.name.startswith("."))
        found = [held for each in folders[:HELD_MAX] if (held := _held(each)) is not None]
        return tuple(sorted(found, key=lambda each: (each.manifest.spec_version, each.hash)))

    def named(self, text: str) -> Held | None:
        """The runtime whose hash begins with `text`, in hex; None where there is none, or several."""
        start = text.removeprefix("0x").lower()
        found = [each for each in self.held() if each.hash.hex().startswith(start)]
        return found[0] if start and len(found) == 1 else None

    def seating(self, spec: RuntimeSpec) -> Held | None:
        """The runtime that was prepared for just these seats; None where there is none, or several."""
        found = [each for each in self.held() if _seats(each.folder) == spec]
        return found[0] if len(found) == 1 else None

    def hold(self, spec: ChainSpec, sources: Sequence[Source]) -> Held:
        """Put a runtime together, of the seats of `spec` and the code of `sources`, and keep it under its
        name. One that is there already stays as it is. Raises RuntimeUnfit, SourceUnfit and OSError.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=".new-", dir=self.folder))
        try:
            for source in sources:
                source.copy(place)
            seats = {key: value for key, value in write_spec(spec).items() if key != "genesis"}
            (place / SEATS).write_text(json.dumps(seats, indent=2) + "\n", encoding="utf-8")
            code = manifest_of(place)
            (place / MANIFEST).write_bytes(code)
            if (known := self.find(code)) is not None:
                return known
            folder = self.folder / blake2b_256(code).hex()
            place.chmod(0o755)  # a folder for others to read, unlike a temporary one
            place.rename(folder)
            _compile(folder)
            return Held(folder, code)
        finally:
            shutil.rmtree(place, ignore_errors=True)


def manifest_of(folder: Path) -> bytes:
    """The manifest of the runtime in a folder, as a process that runs it finds it in the files. Raises
    RuntimeUnfit.
    """
    said = ask(folder, "node.runtimes.describe")
    try:
        return bytes.fromhex(said.strip())
    except ValueError:
        raise RuntimeUnfit("the runtime says of itself what is no manifest") from None


def _compile(folder: Path) -> None:
    """Compile a runtime's code ahead, so that the change to it is as short as a start. What is compiled holds
    for the files of that content alone, wherever they are copied to.
    """
    compileall.compile_dir(
        folder, quiet=2, legacy=False, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH
    )


def _held(folder: Path) -> Held | None:
    """The runtime in a folder; None for anything else."""
    path = folder / MANIFEST
    try:
        if path.stat().st_size > MANIFEST_BYTES_MAX:
            return None
        held = Held(folder, path.read_bytes())
        return held if held.manifest and held.hash.hex() == folder.name else None
    except (OSError, DecodeError):
        return None


def _seats(folder: Path) -> RuntimeSpec | None:
    try:
        return seats_at(folder).runtime
    except SpecError:
        return None
