"""The scaffold: a new pallet as a distribution of its own, made from `pallets/template` with its test."""

from __future__ import annotations

import importlib.metadata
import keyword
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

import pallets.template
from node.plugins import GROUP
from runtime.frame.names import camel

NAME: Final = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
NAME_LENGTH_MAX: Final = 40
TEMPLATE: Final = Path(str(pallets.template.__file__)).parent
SKELETON: Final = Path(__file__).parent / "skeleton"


class ScaffoldError(Exception):
    """A new pallet cannot be written; says why, and nothing is written."""


def new_pallet(name: str, parent: Path) -> tuple[Path, ...]:
    """Write the pallet `name` into a new folder `pallet-NAME` below `parent`; its files, sorted.

    `name` is in lower case, its words joined by dashes or underscores. Raises ScaffoldError when the name
    will not do, or the folder is there already.
    """
    _check(name)
    word = name.replace("-", "_")
    folder = parent / f"pallet-{word.replace('_', '-')}"
    if folder.exists():
        raise ScaffoldError(f"{folder} exists already: choose another name, or remove it")
    parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=parent))
    try:
        for path, text in _files(word).items():
            (draft / path).parent.mkdir(parents=True, exist_ok=True)
            (draft / path).write_text(text, encoding="utf-8")
        draft.chmod(0o755)
        draft.rename(folder)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise ScaffoldError(f"{folder} cannot be written: {error.strerror}") from error
    return tuple(sorted(path for path in folder.rglob("*") if path.is_file()))


def _check(name: str) -> None:
    if not NAME.fullmatch(name) or len(name) > NAME_LENGTH_MAX:
        raise ScaffoldError(
            f"{name!r} is no name for a pallet: write lower-case words of letters and digits, "
            f"joined by dashes, {NAME_LENGTH_MAX} characters at most"
        )
    word = name.replace("-", "_")
    if keyword.iskeyword(word):
        raise ScaffoldError(f"{name!r} is a word of Python's own: choose another name")
    for entry in importlib.metadata.entry_points(group=GROUP):
        if entry.name.replace("-", "_") == word:
            raise ScaffoldError(
                f"{entry.value} is a pallet of that name, and is installed: choose another name"
            )


def _files(word: str) -> dict[str, str]:
    package = f"pallet_{word}"
    texts = {
        "pyproject.toml": _read(SKELETON / "pyproject.toml"),
        "README.md": _read(TEMPLATE / "README.md") + _read(SKELETON / "README.md"),
        ".gitignore": _read(SKELETON / "gitignore"),
        f"{package}/__init__.py": _read(TEMPLATE / "__init__.py"),
        f"{package}/pallet.py": _read(TEMPLATE / "pallet.py"),
        f"{package}/py.typed": "",
        f"tests/test_{word}.py": _read(SKELETON / "test_template.py"),
    }
    return {path: _renamed(text, word, package) for path, text in texts.items()}


def _renamed(text: str, word: str, package: str) -> str:
    """The template's text under the new pallet's names."""
    for old, new in (
        ("pallets.template", package),
        ("pallet_template", package),
        ("pallet-template", package.replace("_", "-")),
        ("Template", camel(word)),
        ("template", word),
    ):
        text = text.replace(old, new)
    return text


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
