"""Logs: one line each, JSON for machines, on standard error as it is at the moment."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from node.telemetry.logging import configure


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_json_lines_where_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("info")
    monkeypatch.setattr(sys, "stderr", err := io.StringIO())
    logging.getLogger("node.chain").warning("block %d is late", 7)
    logging.getLogger("node.chain").debug("not this")
    (line,) = err.getvalue().splitlines()
    said = json.loads(line)
    assert said.pop("timestamp").endswith("Z")
    assert said == {"event": "block 7 is late", "level": "warning", "logger": "node.chain"}


def test_words_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("debug", as_json=False)
    monkeypatch.setattr(sys, "stderr", err := io.StringIO())
    structlog.get_logger("node").debug("opened", height=3)
    assert "opened" in err.getvalue()
    assert "height=3" in err.getvalue()
    assert "\x1b" not in err.getvalue()


def test_an_exception_is_one_json_line(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("error", as_json=True)
    monkeypatch.setattr(sys, "stderr", err := io.StringIO())
    try:
        raise ValueError("a bug")
    except ValueError:
        logging.getLogger("node").exception("stopped")
    (line,) = err.getvalue().splitlines()
    assert json.loads(line)["exception"][0]["exc_value"] == "a bug"


def test_setting_it_up_twice_says_things_once(monkeypatch: pytest.MonkeyPatch) -> None:
    configure("info", as_json=True)
    configure("warning", as_json=True)
    monkeypatch.setattr(sys, "stderr", err := io.StringIO())
    logging.getLogger("node").warning("once")
    logging.getLogger("node").info("not any more")
    assert len(err.getvalue().splitlines()) == 1
