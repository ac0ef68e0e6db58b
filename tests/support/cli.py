"""The command line called in this process: what it prints, and how it ends."""

from __future__ import annotations

import io
import json
import logging
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from node.cli.main import run


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that ran."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON document; the command succeeded and said nothing else."""
        assert self.status == 0, self
        assert self.err == "", self
        return json.loads(self.out)


def ballast(*arguments: str, stdin: str = "") -> Ended:
    """Run `ballast` with these arguments."""
    out, err = io.StringIO(), io.StringIO()
    handlers = logging.getLogger().handlers[:]
    try:
        with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", io.StringIO(stdin)):
            status = run(arguments)
    finally:
        logging.getLogger().handlers[:] = handlers
    return Ended(status, out.getvalue(), err.getvalue())


def refusal(*arguments: str, status: int, stdin: str = "") -> str:
    """The one line with which a command refuses; it must print nothing else."""
    ended = ballast(*arguments, stdin=stdin)
    assert (ended.status, ended.out) == (status, ""), ended
    assert ended.err.startswith("ballast: "), ended
    assert ended.err.count("\n") == 1, ended
    return ended.err.removeprefix("ballast: ").removesuffix("\n")
