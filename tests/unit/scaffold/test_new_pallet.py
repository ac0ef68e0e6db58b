"""A new pallet is a whole distribution whose tests pass; a name that will not do leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import tidy
from node.scaffold import NAME_LENGTH_MAX, ScaffoldError, new_pallet


def test_a_new_pallet_is_a_distribution_and_its_tests_pass(tmp_path: Path) -> None:
    files = new_pallet("loyalty-points", tmp_path)
    folder = tmp_path / "pallet-loyalty-points"
    assert [path.relative_to(folder).as_posix() for path in files] == [
        ".gitignore",
        "README.md",
        "pallet_loyalty_points/__init__.py",
        "pallet_loyalty_points/pallet.py",
        "pallet_loyalty_points/py.typed",
        "pyproject.toml",
        "tests/test_loyalty_points.py",
    ]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "pallet-loyalty-points"
    assert project["entry-points"]["pallets"] == {"loyalty_points": "pallet_loyalty_points"}
    assert (
        "class LoyaltyPoints(Pallet[LoyaltyPointsEvent, LoyaltyPointsError]):"
        in (folder / "pallet_loyalty_points" / "pallet.py").read_text()
    )
    assert not any("template" in path.read_text().lower() for path in files)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(tidy.ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


@pytest.mark.parametrize(
    "name", ["", "Loyalty", "loyalty points", "-a", "a-", "1up", "../a", "a/b", "ä", "a" * 41, "a__b"]
)
def test_a_name_that_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError) as refusal:
        new_pallet(name, tmp_path)
    assert str(refusal.value) == (
        f"{name!r} is no name for a pallet: write lower-case words of letters and digits, joined by dashes, "
        f"{NAME_LENGTH_MAX} characters at most"
    )
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_taken_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError) as refusal:
        new_pallet("class", tmp_path)
    assert str(refusal.value) == "'class' is a word of Python's own: choose another name"
    with pytest.raises(ScaffoldError) as refusal:
        new_pallet("transaction-payment", tmp_path)
    assert str(refusal.value) == (
        "pallets.transaction_payment is a pallet of that name, and is installed: choose another name"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "pallet-loyalty"
    folder.mkdir()
    (folder / "mine").write_text("precious")
    with pytest.raises(ScaffoldError) as refusal:
        new_pallet("loyalty", tmp_path)
    assert str(refusal.value) == f"{folder} exists already: choose another name, or remove it"
    assert [path.name for path in tmp_path.iterdir()] == ["pallet-loyalty"]
    assert (folder / "mine").read_text() == "precious"


def test_a_place_that_cannot_be_written_is_named_and_left_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(ScaffoldError) as refusal:
        new_pallet("loyalty", tmp_path)
    assert str(refusal.value) == f"{tmp_path / 'pallet-loyalty'} cannot be written: No space left on device"
    assert list(tmp_path.iterdir()) == []
