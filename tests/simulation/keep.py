"""Finds where each mutant dies and keeps it: `python3 tests/simulation/keep.py [NAME ...]` writes
`node/simulation/mutants.json`. Without names, for those that do not die where it says. A few minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from node.simulation.hunt import FILE, catch, is_caught, load, save  # noqa: E402 (the path above comes first)
from node.simulation.mutants import MUTANTS  # noqa: E402

SEEDS = range(400)
SECONDS = 300


def main(names: list[str]) -> int:
    """Look for those named, or for those that live; 1 when some still do."""
    kept = load() if FILE.exists() else {}
    wanted = names or [each for each in MUTANTS if each not in kept or not is_caught(each, kept[each])]
    alive = 0
    for name in wanted:
        found = catch(name, SEEDS, SECONDS)
        print(f"{name}: {found or 'lives'}", flush=True)
        if found is None:
            alive += 1
        else:
            kept[name] = found
            save(kept)
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
