"""The hash-seed audit: prints what must not depend on it, a line each; `go.py check` compares two runs.

A section is a function that yields lines. To audit something new, write its section and add it to SECTIONS.
Sections feed what they audit in the order of a *set*, which does differ between the two runs: only a result
that depends on no such order prints the same line twice.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent)]

from runtime.state.memory import MemoryStates  # noqa: E402 (the path above comes first)
from runtime.trie import StateVersion, trie_root  # noqa: E402


def trie() -> Iterator[str]:
    """The roots of the vectors, built at once, and grown by two blocks of changes over an empty state."""
    cases = json.loads((HERE / "vectors" / "trie.json").read_text(encoding="utf-8"))["cases"]
    for case in cases:
        shuffled = set(map(tuple, case["entries"]))
        entries = {bytes.fromhex(key[2:]): bytes.fromhex(value[2:]) for key, value in shuffled}
        for version in StateVersion:
            yield trie_root(entries, version).hex()
            states = MemoryStates(version=version)
            first = states.genesis({}).child(dict(list(entries.items())[::2]), {})
            yield first.child(dict(list(entries.items())[1::2]), {}).root.hex()


SECTIONS: tuple[Callable[[], Iterator[str]], ...] = (trie,)


def main() -> None:
    """Print every section's lines under its name."""
    for section in SECTIONS:
        for line in section():
            print(f"{section.__name__}: {line}")


if __name__ == "__main__":
    main()
