"""What may go wrong is one line and a status; what may not keeps its traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest

import tidy
from node.cli.faults import INTERRUPTED, Fault, Refused, expected, first_of, one_line


class Broken(Exception):
    """Something that may happen."""


def test_an_expected_exception_becomes_a_fault() -> None:
    with pytest.raises(Fault) as caught, expected(Broken):
        raise Broken("two\n  lines")
    assert (str(caught.value), caught.value.status) == ("two lines", 2)


def test_so_it_does_when_a_nursery_has_grouped_it() -> None:
    with pytest.raises(Fault, match=r"^first$"), expected(Broken):
        raise ExceptionGroup("", [ExceptionGroup("", [Broken("first"), Broken("second")])])


def test_a_refusal_by_the_chain_has_status_1() -> None:
    with pytest.raises(Refused) as caught, expected(refused=(Broken,)):
        raise Broken("no")
    assert caught.value.status == 1


def test_a_bug_is_not_hidden_by_an_expected_exception_beside_it() -> None:
    with pytest.raises(ExceptionGroup) as caught, expected(Broken):
        raise ExceptionGroup("", [Broken("expected"), ZeroDivisionError("a bug")])
    assert first_of(caught.value, (Broken,)) is None


def test_a_fault_passes_as_it_is() -> None:
    fault = Fault("said already")
    with pytest.raises(Fault) as caught, expected(Broken):
        raise ExceptionGroup("", [fault])
    assert caught.value is fault


def test_the_words_of_an_operating_system_error() -> None:
    try:
        open("/nowhere/at/all")  # noqa: SIM115
    except OSError as error:
        assert one_line(error) == "/nowhere/at/all: No such file or directory"


def test_an_exception_without_words_is_named() -> None:
    assert one_line(Broken()) == "Broken"


INTERRUPTED_WHILE_LOADING = """
import runpy, sys

class Keyboard:
    def find_spec(self, name, path=None, target=None):
        if name == "cyclopts":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Keyboard())
runpy.run_module("node", run_name="__main__")
"""


def test_it_may_be_stopped_while_it_is_being_loaded() -> None:
    command = [sys.executable, "-c", INTERRUPTED_WHILE_LOADING, "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=tidy.ROOT, timeout=60, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (INTERRUPTED, "", "")
