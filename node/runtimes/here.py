"""Here: the runtime that this process runs - what is installed, or a runtime of the store.

A process is one of the store if its code was imported from a folder that has a `runtime.json`: then the seats
stand there, whatever the chain spec says, and pallets are those of that folder alone.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import runtime as package
from genesis.load import read_spec
from genesis.spec import ChainSpec, SpecError
from node.plugins import discover, runtime_digest
from runtime.loader import load
from runtime.runtime import Runtime

SEATS: Final = "runtime.json"
"""The chain spec without a genesis that says which pallets a stored runtime seats, in its folder."""


def folder_of(imported: str | None) -> Path | None:
    """The folder of the store from which a module of the `runtime` package was imported, if it was."""
    if imported is None:
        return None
    folder = Path(imported).resolve().parent.parent
    return folder if (folder / SEATS).is_file() else None


HOME: Final = folder_of(package.__file__)
"""The folder of this process's runtime in the store; None for what is installed."""


def spec_here(spec: ChainSpec) -> ChainSpec:
    """A chain spec with the seats that this process runs. Raises SpecError."""
    return spec if HOME is None else replace(spec, runtime=seats_at(HOME).runtime)


def runtime_here(spec: ChainSpec) -> Runtime:
    """The runtime of a chain as this process runs it. Raises SpecError, LoadError and PluginError."""
    return load(spec_here(spec).runtime, discover(HOME), runtime_digest=runtime_digest())


def seats_at(folder: Path) -> ChainSpec:
    """What a stored runtime seats. Raises SpecError."""
    path = folder / SEATS
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} cannot be read: {error}") from None
    return read_spec(text, str(path))
