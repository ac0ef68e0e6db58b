"""Sources: the distributions that a runtime is made of - of a checkout, of an installation, of this
environment - and the files of each.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from node.plugins import GROUP

CORE: Final = "ballast-chain"
"""The distribution that holds the runtime itself."""
PACKAGES: Final = ("runtime", "pallets", "governance", "genesis", "node")
"""Its packages."""
PROJECT: Final = "pyproject.toml"
FILES_MAX: Final = 20_000
"""The most files of one distribution."""
BYTES_MAX: Final = 256 << 20
"""And the most that they hold together."""
_SKIPPED: Final = shutil.ignore_patterns("__pycache__", "*.pyc")


class SourceUnfit(Exception):
    """A folder holds no distribution that a runtime could be made of."""


@dataclass(frozen=True, slots=True)
class Source:
    """One distribution, as files."""

    name: str
    version: str
    entries: tuple[tuple[str, str], ...]
    """Its entry points that offer pallets: names and modules."""
    packages: tuple[Path, ...]
    """The folders of its top-level packages, or the files of its top-level modules."""

    def copy(self, target: Path) -> None:
        """Put it into a folder, as an installation of its code alone. Raises SourceUnfit and OSError."""
        self._refuse_vast()
        for package in self.packages:
            place = target / package.name
            if place.exists():
                raise SourceUnfit(f"{self.name} brings {package.name}, and so does another distribution")
            if package.is_dir():
                shutil.copytree(package, place, ignore=_SKIPPED)
            else:
                shutil.copyfile(package, place)
        told = target / f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        told.mkdir()
        header = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        (told / "METADATA").write_text(header, encoding="utf-8")
        lines = [f"[{GROUP}]", *(f"{name} = {module}" for name, module in self.entries)]
        (told / "entry_points.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _refuse_vast(self) -> None:
        count = size = 0
        for package in self.packages:
            for path in package.rglob("*") if package.is_dir() else [package]:
                count += 1
                size += path.stat().st_size if path.is_file() else 0
                if count > FILES_MAX or size > BYTES_MAX:
                    raise SourceUnfit(
                        f"{self.name} at {package} has more than {FILES_MAX} files or {BYTES_MAX} bytes"
                    )


def gather(folders: Sequence[Path]) -> tuple[Source, ...]:
    """The distributions of a runtime: those that the folders hold, each by its first; then those of this
    environment that the folders lack. The core first. Raises SourceUnfit.
    """
    found: dict[str, Source] = {}
    for folder in folders:
        there = list(at_folder(folder))
        if not there:
            raise SourceUnfit(
                f"{folder} holds no distribution that offers pallets: give a checkout with its {PROJECT}, or "
                "a folder that `pip install --target` filled"
            )
        for source in there:
            found.setdefault(source.name, source)
    for source in installed():
        found.setdefault(source.name, source)
    if CORE not in found:
        raise SourceUnfit(f"{CORE} is neither in the folders given nor installed")
    return (found.pop(CORE), *(found[name] for name in sorted(found)))


def at_folder(folder: Path) -> Iterator[Source]:
    """The distributions of a checkout or of an installation. Raises SourceUnfit."""
    if (folder / PROJECT).is_file():
        yield _checkout(folder)
    else:
        yield from _offering(importlib.metadata.distributions(path=[str(folder)]), folder)


def installed() -> Iterator[Source]:
    """The distributions of this environment, wherever their code is. Raises SourceUnfit."""
    yield from _offering(importlib.metadata.distributions(), None)


def _offering(
    distributions: Iterable[importlib.metadata.Distribution], folder: Path | None
) -> Iterator[Source]:
    seen: set[str] = set()
    for each in distributions:
        entries = tuple(
            sorted((entry.name, entry.value) for entry in each.entry_points if entry.group == GROUP)
        )
        name = _normal(each.name)
        if not entries or name in seen:
            continue
        seen.add(name)
        yield Source(name, each.version, entries, _packages(name, entries, folder))


def _checkout(folder: Path) -> Source:
    path = folder / PROJECT
    try:
        project: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        name, version = _normal(str(project["name"])), str(project["version"])
        offered: dict[str, str] = project["entry-points"][GROUP]
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise SourceUnfit(
            f"{path} is no project that offers pallets: {type(error).__name__}: {error}"
        ) from None
    entries = tuple(sorted((str(key), str(value)) for key, value in offered.items()))
    return Source(name, version, entries, _packages(name, entries, folder))


def _packages(name: str, entries: Sequence[tuple[str, str]], folder: Path | None) -> tuple[Path, ...]:
    """Where the top-level packages of a distribution are. Raises SourceUnfit."""
    wanted = PACKAGES if name == CORE else tuple(sorted({module.split(".")[0] for _, module in entries}))
    return tuple(_package(each, name, folder) for each in wanted)


def _package(package: str, name: str, folder: Path | None) -> Path:
    if folder is not None:
        for path in (folder / package, folder / f"{package}.py"):
            if path.exists():
                return path
        raise SourceUnfit(f"{name} in {folder} has no package {package}")
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise SourceUnfit(f"{name} is installed, and its package {package} cannot be found")
    path = Path(spec.origin)
    return path.parent if path.name == "__init__.py" else path


def _normal(name: str) -> str:
    """A distribution's name as everybody writes it."""
    return name.lower().replace("_", "-").replace(".", "-")
