"""`python -m node` is `ballast`."""

import sys
from typing import NoReturn

INTERRUPTED = 130
"""As `node.cli.faults` has it, which is still being imported."""


def main() -> NoReturn:
    """The command line, which may be stopped from the keyboard while it is still being loaded."""
    try:
        from node.cli.main import main as run
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
