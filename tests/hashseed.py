"""The hash-seed audit: prints what must not depend on it, a line each; `go.py check` compares two runs.

A section is a function that yields lines. To audit something new, write its section and add it to SECTIONS.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]


SECTIONS: tuple[Callable[[], Iterator[str]], ...] = ()


def main() -> None:
    """Print every section's lines under its name."""
    for section in SECTIONS:
        for line in section():
            print(f"{section.__name__}: {line}")


if __name__ == "__main__":
    main()
