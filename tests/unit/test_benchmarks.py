"""The benchmarks that are run by hand still run."""

import json
import shutil
from pathlib import Path

import pytest

from benchmarks import instructions, trie


def test_the_trie_is_measured(tmp_path: Path) -> None:
    figures = trie.measure(accounts=200, changes=20, blocks=4, path=str(tmp_path / "db"))
    assert figures["accounts"] == 200
    assert all(figure > 0 for figure in figures.values())


@pytest.mark.parametrize("step", instructions.STEPS)
def test_what_is_counted_runs(step: str) -> None:
    instructions.work(step, 3)


def test_without_the_counter_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr("sys.argv", ["instructions"])
    with pytest.raises(
        SystemExit, match="valgrind is not there: install it, such as by `apt install valgrind`"
    ):
        instructions.main()
    assert not capsys.readouterr().out


def test_figures_are_the_differences_of_the_steps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    totals = {"nothing": 1_000, "apply": 21_000, "finish": 26_000}
    monkeypatch.setattr(instructions, "count", lambda step, transfers: totals[step])
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr("sys.argv", ["instructions", "--transfers", "10"])
    instructions.main()
    assert json.loads(capsys.readouterr().out) == {"apply": 2_000, "finish": 500}
