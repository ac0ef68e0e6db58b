"""The one door refuses clearly, and takes only a whole environment for an environment."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import pytest

import go


def test_an_old_python_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.version_info", (3, 10, 4))
    assert go.main([]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "ballast: Ballast needs Python 3.11 or newer; this is Python 3.10. Try: python3.11 go.py\n"
    )


def test_the_door_itself_parses_under_an_old_python() -> None:
    ast.parse(Path(go.__file__).read_text(encoding="utf-8"), feature_version=(3, 8))


def test_a_failing_venv_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(go, "ROOT", tmp_path)
    monkeypatch.setattr(go, "VENV", tmp_path / "VENV")
    monkeypatch.setattr("sys.executable", "/bin/false")
    assert go.main(["test"]) == 1
    assert capsys.readouterr().err == (
        f"ballast: cannot make {tmp_path / 'VENV'}: no reason given (Python's venv module with pip "
        "is needed; on Debian and Ubuntu: apt install python3-venv)\n"
    )


def test_an_environment_without_its_stamp_is_half_made(tmp_path: Path) -> None:
    python = go.interpreter(tmp_path)
    python.parent.mkdir()
    python.touch()
    assert go.stamps(tmp_path) == []
    go.stamp(tmp_path, ["lock", "project"])
    assert go.stamps(tmp_path) == ["lock", "project"]
    python.unlink()
    assert go.stamps(tmp_path) == []


def test_a_digest_names_content_and_circumstances(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    file.write_bytes(b"one")
    assert go.digest(file) == hashlib.sha256(b"one").hexdigest()
    assert (
        len({go.digest(file), go.digest(file, "3.11"), go.digest(file, "3.12"), go.digest(file, "3.1", "1")})
        == 4
    )


def test_the_lock_pins_every_package_by_hash_and_names_no_registry() -> None:
    text = go.LOCK.read_text(encoding="utf-8")
    assert "://" not in text
    assert "index-url" not in text
    for entry in text.replace("\\\n", " ").splitlines():
        assert "==" in entry and "--hash=sha256:" in entry, entry
