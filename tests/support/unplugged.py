"""`ballast` in a process that has no network: whatever makes, binds or connects a socket ends it."""

from __future__ import annotations

import sys

from node.cli.main import run

STATUS = 99
"""How the process ends that touches the network."""


def unplug() -> None:
    """Let this process have no socket from here on."""

    def refuse(event: str, arguments: object) -> None:
        if event.startswith("socket."):
            print(f"the network was touched: {event}", file=sys.stderr, flush=True)
            raise SystemExit(STATUS)

    sys.addaudithook(refuse)


if __name__ == "__main__":
    unplug()
    sys.exit(run(sys.argv[1:]))
