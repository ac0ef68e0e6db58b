"""Discovery: which pallets are installed here, and what exactly their code is."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeGuard

from runtime.crypto.hashing import blake2b_256
from runtime.frame.pallet import Pallet
from runtime.spec import Found

GROUP: Final = "pallets"
"""The entry point group: each entry is a module with `register_pallets`."""
SUFFIXES: Final = (".py",)


class PluginError(Exception):
    """A distribution offers pallets, and they cannot be loaded."""


def discover(folder: Path | None = None) -> dict[str, Found]:
    """Every installed pallet by the name of its class; with `folder` those of the distributions that lie
    there, which must be first on the path. Raises PluginError, naming the entry point.
    """
    found: dict[str, Found] = {}
    for entry in sorted(_entries(folder), key=lambda each: (each.value, each.name)):
        where = f"entry point {entry.name} = {entry.value}"
        try:
            module = entry.load()
        except Exception as error:
            raise PluginError(f"{where} cannot be loaded: {type(error).__name__}: {error}") from error
        register = getattr(module, "register_pallets", None)
        if register is None:
            raise PluginError(
                f"{where} has no register_pallets: write register_pallets = register(YourPallet)"
            )
        distribution = entry.dist
        for offered in register():
            if not _is_pallet(offered):
                raise PluginError(f"{where} registers {offered!r}, which is no pallet")
            _refuse_second(found, offered, where)
            found[offered.__name__] = Found(
                pallet=offered,
                distribution=distribution.name if distribution is not None else "",
                version=distribution.version if distribution is not None else "",
                digest=files_digest(Path(str(module.__file__)).parent),
            )
    return found


def _entries(folder: Path | None) -> Iterable[importlib.metadata.EntryPoint]:
    if folder is None:
        return importlib.metadata.entry_points(group=GROUP)
    there = importlib.metadata.distributions(path=[str(folder)])
    return [entry for each in there for entry in each.entry_points.select(group=GROUP)]


def _is_pallet(offered: object) -> TypeGuard[type[Pallet[Any, Any]]]:
    return isinstance(offered, type) and issubclass(offered, Pallet)


def _refuse_second(found: Mapping[str, Found], pallet: type[Pallet[Any, Any]], where: str) -> None:
    other = found.get(pallet.__name__)
    if other is not None and other.pallet is not pallet:
        raise PluginError(f"{where} registers {pallet.__name__}, and {other.distribution} does so too")


def files_digest(folder: Path) -> bytes:
    """BLAKE2b-256 over the Python files below a folder: names and contents, in the order of the names."""
    return _digest(folder, sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES))


def runtime_digest() -> bytes:
    """The digest of the files of the `runtime` package."""
    spec = importlib.util.find_spec("runtime")
    assert spec is not None and spec.origin is not None
    return files_digest(Path(spec.origin).parent)


def _digest(folder: Path, paths: Iterable[Path]) -> bytes:
    parts: list[bytes] = []
    for path in paths:
        name = path.relative_to(folder).as_posix().encode()
        content = path.read_bytes()
        parts.append(len(name).to_bytes(4, "little") + name + len(content).to_bytes(8, "little") + content)
    return blake2b_256(b"".join(parts))
