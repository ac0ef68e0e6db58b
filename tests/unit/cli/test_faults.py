"""What may go wrong is one line and a status; what may not keeps its traceback."""

from __future__ import annotations

import pytest

from node.cli.faults import Fault, Refused, expected, first_of, one_line


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
