"""Change: this process becomes the same command on another runtime, for good.

No module is loaded anew and no memory carried over: the operating system puts a fresh interpreter in the
place of this one, which keeps its number, its outputs and its parent. What must be released before, whoever
calls releases.
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from node.chain.chain import OtherRuntime
from node.runtimes.asking import environment_for
from node.runtimes.here import HOME
from node.runtimes.store import Held, RuntimeDamaged, Store


def successor(store: Store, wanted: OtherRuntime) -> Held:
    """The runtime that is wanted, if the store holds it. Raises `wanted` if not, and RuntimeDamaged if it is
    the one that this process runs, which its files are not.
    """
    held = store.find(wanted.code)
    if held is None:
        raise wanted
    if HOME is not None and held.folder.resolve() == HOME:
        raise RuntimeDamaged(held.folder)
    return held


def become(held: Held) -> NoReturn:
    """Run the command that this process was started with on a stored runtime."""
    flags = ["-O"] if sys.flags.optimize else []
    flags += [f"-W{each}" for each in sys.warnoptions]
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, *flags, "-P", "-m", "node", *sys.argv[1:]]
    os.execve(sys.executable, command, environment_for(held.folder))
