"""Writes the corpus anew: for each target the shortest input of each outcome of one seeded run, and all that
was ever found. `python3 tests/fuzz/keep.py [TARGET...]`, from the project's folder.
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.fuzzing.engine import CORPUS, Session, corpus_lines, findings  # noqa: E402
from support.fuzzing.targets import TARGETS  # noqa: E402

SEED = 1
ROUNDS = 4
"""How much longer than a short form the run is."""


def main() -> None:
    """Keep what the targets named by the arguments show, or all."""
    for target in TARGETS:
        if sys.argv[1:] and target.name not in sys.argv[1:]:
            continue
        session = Session(target, Random(SEED))
        session.run(rounds=ROUNDS * target.rounds)
        lines = findings(target.name) + corpus_lines(session.outcomes.items())
        (CORPUS / f"{target.name}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"{target.name}: {len(lines)} of {len(session.outcomes)} outcomes of {session.inputs} inputs")


if __name__ == "__main__":
    main()
