"""Asking: a question to a runtime in a process of its own, since no process holds two."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from node.runtimes.here import HOME

LOADING_SECONDS_MAX: Final = 120
"""How long a runtime may take to load, on a slow machine."""


class RuntimeUnfit(Exception):
    """A runtime does not load, or cannot answer; says why."""


def ask(folder: Path | None, module: str, *arguments: str, seconds: float = LOADING_SECONDS_MAX) -> str:
    """What `python -m module` prints when it runs on the runtime in `folder`, on what is installed for None.

    Raises RuntimeUnfit.
    """
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", module, *arguments],
            env=environment_for(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeUnfit(f"the runtime does not answer within {seconds:g} s") from None
    if ended.returncode:
        lines = ended.stderr.strip().splitlines()
        raise RuntimeUnfit(f"the runtime does not load: {lines[-1] if lines else 'it says nothing'}")
    return ended.stdout


def environment_for(folder: Path | None) -> dict[str, str]:
    """The environment of a process that runs the runtime in a folder: it is first on the path, in the place
    of this process's own.
    """
    given = [each for each in os.environ.get("PYTHONPATH", "").split(os.pathsep) if each]
    rest = [each for each in given if HOME is None or Path(each).resolve() != HOME]
    first = [] if folder is None else [str(folder.resolve())]
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*first, *rest])}
