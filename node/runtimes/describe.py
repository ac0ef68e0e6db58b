"""`python -m node.runtimes.describe`: the manifest of the runtime that a process of the store runs, in hex.

Whoever prepares a runtime asks it in a process of its own, since no process holds two.
"""

from __future__ import annotations

import sys
from typing import Final

from genesis.spec import SpecError
from node.plugins import PluginError
from node.runtimes.here import HOME, runtime_here, seats_at
from runtime.lifecycle import LoadError
from runtime.manifest import Manifest
from runtime.scale import codec_of

REFUSED: Final = 1
"""The status with which it says, on standard error and in one line, why there is no such runtime."""


def main() -> int:
    """Print the manifest."""
    if HOME is None:
        print("this process runs what is installed", file=sys.stderr)
        return REFUSED
    try:
        found = runtime_here(seats_at(HOME))
    except (SpecError, PluginError, LoadError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return REFUSED
    print(codec_of(Manifest).encode(found.manifest).hex())
    return 0


if __name__ == "__main__":
    sys.exit(main())
