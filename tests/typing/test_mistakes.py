"""Wrong pallets are refused before they run: mypy and pyright, both strict, report each mistake."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import tidy

FILE = Path(__file__).resolve().parent / "mistakes.py"
LINES = FILE.read_text(encoding="utf-8").splitlines()
MISTAKES = [number for number, line in enumerate(LINES, start=1) if line.endswith("# mistake")]


def run(*command: str) -> str:
    """A type checker's report on the file, over the project's own settings."""
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=tidy.ROOT, capture_output=True, text=True, check=False
    ).stdout


def test_mypy_reports_each_mistake_and_nothing_else() -> None:
    report = run("mypy", str(FILE))
    found = {int(number) for number in re.findall(r"mistakes\.py:(\d+): error", report)}
    assert sorted(found) == MISTAKES, report


def test_pyright_reports_each_mistake_and_nothing_else(tmp_path: Path) -> None:
    shutil.copy(FILE, tmp_path)
    settings = tmp_path / "pyrightconfig.json"
    wanted = {
        "include": [FILE.name],
        "extraPaths": [str(tidy.ROOT)],
        "stubPath": str(tidy.ROOT / "typings"),
        "typeCheckingMode": "strict",
    }
    settings.write_text(json.dumps(wanted), encoding="utf-8")
    report = run("pyright", "--pythonpath", sys.executable, "--outputjson", "--project", str(settings))
    diagnostics = json.loads(report)["generalDiagnostics"]
    found = {each["range"]["start"]["line"] + 1 for each in diagnostics if each["severity"] == "error"}
    assert sorted(found) == MISTAKES, report
