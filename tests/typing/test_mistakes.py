"""Wrong pallets are refused before they run: mypy and pyright, both strict, report each mistake, no more."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

import tidy

MISTAKES = "tests/typing/mistakes.py"
CORRECT = ("pallets/template", "pallets/kitchensink", "pallets/utility", "pallets/sudo")
MYPY = ("mypy", "--strict", "--no-error-summary", "--hide-error-context")
PYRIGHT = ("pyright", "--pythonpath", sys.executable)
ERROR = re.compile(r"^\s*(?P<file>[^:\s]+):(?P<line>\d+)(?::\d+)?(?: -|:) error: ", re.MULTILINE)


def marked() -> list[int]:
    """The lines of the mistakes."""
    lines = (tidy.ROOT / MISTAKES).read_text("utf-8").splitlines()
    return [number for number, line in enumerate(lines, start=1) if line.endswith("# mistake")]


def reported(command: Sequence[str]) -> list[tuple[str, int]]:
    """Every error as (file, line), the file below the project's folder."""
    done = subprocess.run(
        [sys.executable, "-m", *command, MISTAKES, *CORRECT],
        cwd=tidy.ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    found = ERROR.finditer(done.stdout)
    return sorted((each["file"].removeprefix(f"{tidy.ROOT}/"), int(each["line"])) for each in found)


def test_there_are_eighteen_mistakes() -> None:
    assert len(marked()) == 18


@pytest.mark.parametrize("command", [MYPY, PYRIGHT], ids=["mypy", "pyright"])
def test_every_mistake_is_reported_once_and_nothing_else(command: Sequence[str]) -> None:
    assert reported(command) == [(MISTAKES, line) for line in marked()]
