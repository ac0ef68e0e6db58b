"""What the packages import is what the project declares, no more and no less."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

import tidy

RESERVED: dict[str, str] = {}
"""Declared before they are imported, each with its reason."""


@pytest.fixture(scope="module")
def declared() -> set[str]:
    project = tomllib.loads((tidy.ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {normal(re.split(r"[\[<>=!~; ]", entry, maxsplit=1)[0]) for entry in project["dependencies"]}


@pytest.fixture(scope="module")
def imported() -> dict[str, str]:
    """Each distribution that the packages import, with a file that does."""
    distributions = packages_distributions()
    found: dict[str, str] = {}
    for file in tidy.tracked():
        if file.endswith(".py") and file.startswith(tidy.PACKAGES):
            for module in modules((tidy.ROOT / file).read_text("utf-8")):
                if module not in sys.stdlib_module_names and module not in tidy.PACKAGES:
                    assert module in distributions, f"{file} imports {module}, which nothing installs"
                    found.setdefault(normal(distributions[module][0]), file)
    return found


def modules(source: str) -> set[str]:
    """The top-level modules that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_import_is_declared(declared: set[str], imported: dict[str, str]) -> None:
    assert {name: file for name, file in imported.items() if name not in declared} == {}


def test_every_declaration_is_imported_or_reserved(declared: set[str], imported: dict[str, str]) -> None:
    assert declared - imported.keys() - RESERVED.keys() == set()
    assert RESERVED.keys() & imported.keys() == set()
