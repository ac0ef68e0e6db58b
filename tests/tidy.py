"""The house rules that a machine can keep: determinism in the deterministic half, and what no file may say.

`python3 tests/tidy.py` prints a line for each breach, with what to do instead, and exits 1 when there is one.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [path for path in (str(ROOT), str(ROOT / "tests")) if path not in sys.path]

from support.determinism import lint  # noqa: E402 (the path above comes first)

PACKAGES = ("runtime", "pallets", "governance", "genesis", "node")
DETERMINISTIC = (
    "runtime/",
    "pallets/",
    "governance/",
    "node/consensus/",
    "node/light/proof.py",
    "node/light/verify.py",
)
"""Where the determinism lint looks: prefixes of paths."""

WORLDLY = (
    "node/consensus/disk.py",
    "node/consensus/evidence.py",
    "node/consensus/history.py",
    "node/consensus/listening.py",
    "node/consensus/lock.py",
    "node/consensus/memory_disk.py",
    "node/consensus/shell.py",
    "node/consensus/verifier.py",
    "node/consensus/world.py",
)
"""And where it does not: what carries, keeps and waits around the machine of the agreement."""

TYPE_CHECKING_ALLOWED = ("runtime/frame/pallet.py",)
"""`__setattr__` hidden from the type checkers, so that an undeclared attribute stays a type error."""

PALLET = re.compile(r"(?:pallets|governance)/\w+(?:/__init__)?\.py")
"""Packages and modules that may hold a pallet."""

LINES_WARN = 450
LINES_MAX = 600
LONG: dict[str, str] = {}
"""Files that may be longer, each with its reason: the one machine of its folder."""

HANDED_OVER = ("tests/interop/clients/", "LICENSE", "requirements.lock")
"""Kept byte for byte as they came, or written by a tool."""

WORDS = (
    (re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b"), "unfinished mark: finish it, or open an issue"),
    (re.compile(r"\.\./sha" + r"red\b"), "a path outside the project: copy what is needed into tests/"),
    (
        re.compile(r"(?<![\w.~-])/(?:wo" + r"rk|ro" + r"ot|ho" + r"me)/\w"),
        "a path of one machine: use a relative one",
    ),
    (
        re.compile(
            r"(?:python" + r"hosted|py" + r"pi)\.org|registry\.n" + r"pmjs|crate" + r"s\.io|deb\.de" + r"bian"
        ),
        "a registry's address: name the package instead",
    ),
)
TEXT = frozenset(
    {"", ".py", ".pyi", ".md", ".toml", ".json", ".lock", ".svg", ".txt", ".mjs", ".yml", ".yaml", ".cfg"}
)


def main() -> int:
    """Print every breach; 1 when there is one."""
    files = tracked()
    breaches = [breach for file in files for breach in check(file, (ROOT / file).read_bytes())]
    breaches += [
        f"{file}: pytest imports by path here; remove this file" for file in files if is_test_package(file)
    ]
    packages = {file: (ROOT / file).read_text("utf-8") for file in files if PALLET.fullmatch(file)}
    breaches += unlisted(packages, listed())
    for breach in breaches:
        print(breach)
    for file in files:
        if file.endswith(".py") and (lines := length(ROOT / file)) > LINES_WARN:
            print(f"note: {file} has {lines} lines: one machine, or two rooms without a wall?")
    return 1 if breaches else 0


def tracked() -> list[str]:
    """The files that git tracks or would track, in order."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    return sorted(file for file in set(listed.split("\0")) if file and (ROOT / file).is_file())


def check(file: str, content: bytes) -> Iterator[str]:
    """Every breach of one file, each as `path:line: what, and what to do`."""
    if file.startswith(HANDED_OVER) or Path(file).suffix not in TEXT:
        return
    text = content.decode("utf-8")
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern, message in WORDS:
            if found := pattern.search(line):
                yield f"{file}:{number}: `{found.group()}`: {message}"
    if file.endswith(".py"):
        yield from check_python(file, text)


def check_python(file: str, text: str) -> Iterator[str]:
    """The rules of Python files: length, the checkers' blind spot, determinism."""
    lines = text.count("\n")
    if lines > LINES_MAX and file not in LONG:
        yield f"{file}:{lines}: longer than {LINES_MAX} lines: find the wall between its two rooms"
    if file.startswith(PACKAGES) and file not in TYPE_CHECKING_ALLOWED:
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Name | ast.alias) and "TYPE_CHECKING" in (
                getattr(node, "id", ""),
                getattr(node, "name", ""),
            ):
                yield f"{file}:{node.lineno}: TYPE_CHECKING: import downwards, or declare a Protocol"
    if file.startswith(DETERMINISTIC) and file not in WORLDLY:
        for finding in lint(text):
            yield f"{file}:{finding.line}: {finding.message}"


def listed() -> frozenset[str]:
    """The modules that pyproject.toml offers as pallets."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return frozenset(project["entry-points"]["pallets"].values())


def unlisted(packages: dict[str, str], offered: frozenset[str]) -> list[str]:
    """The packages that register a pallet without being offered, and the offers that register none."""
    having = {
        file for file, text in packages.items() if re.search(r"^register_pallets\b", text, re.MULTILINE)
    }
    modules = {file.removesuffix(".py").removesuffix("/__init__").replace("/", "."): file for file in having}
    missing = [
        f'{file}: no door: add {module.rpartition(".")[2]} = "{module}" to [project.entry-points.pallets]'
        for module, file in sorted(modules.items())
        if module not in offered
    ]
    return missing + [
        f"pyproject.toml: the pallet {module} registers nothing"
        for module in sorted(offered - modules.keys())
    ]


def is_test_package(file: str) -> bool:
    return file.startswith("tests/") and file.endswith("__init__.py") and not file.startswith(HANDED_OVER)


def length(file: Path) -> int:
    return file.read_bytes().count(b"\n")


if __name__ == "__main__":
    sys.exit(main())
