"""The logs of simulated nodes: shown with the trace, each line with its node, or not written at all."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

import trio

from node.simulation.nodes.trace import Trace

PLACE: ContextVar[int | None] = ContextVar("PLACE", default=None)
"""Whose task this is."""


class _Handler(logging.Handler):
    def __init__(self, trace: Trace) -> None:
        super().__init__()
        self._trace = trace

    def emit(self, record: logging.LogRecord) -> None:
        if trio.lowlevel.in_trio_run():
            self._trace.tell(PLACE.get(), f"{record.name}: {record.getMessage()}")


@contextmanager
def heard_by(trace: Trace) -> Generator[None]:
    """Let a trace tell what nodes log, if it is shown; else let nothing be logged."""
    root, disabled = logging.getLogger(), logging.root.manager.disable
    handlers, level = root.handlers, root.level
    if trace.is_shown:
        root.handlers, root.level = [_Handler(trace)], logging.INFO
    else:
        logging.disable()
    try:
        yield
    finally:
        logging.disable(disabled)
        root.handlers = handlers
        root.setLevel(level)
