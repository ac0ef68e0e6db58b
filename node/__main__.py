"""`python -m node` is `ballast`."""

import sys

INTERRUPTED = 130
"""As `node.cli.faults` has it, which is still being imported."""

if __name__ == "__main__":
    try:
        from node.cli.main import main
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    main()
