"""How many instructions of the processor a transfer takes: the same in every run, however busy the machine.

Run by hand: `python -m benchmarks.instructions [--transfers N]`. Needs valgrind, which counts them, and takes
two minutes. What is counted is the difference between runs that differ in what is asked for alone. It says
nothing of waiting for memory. What a change costs or saves in the interpreter it says to a part in a hundred,
where times on a shared machine move by a tenth.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from node.bench.world import world
from runtime.testing import Trusting

ACCOUNTS = 300
WARM_UP = 200
"""Transfers before those that count: by then the interpreter knows the functions."""
STEPS = {"nothing": (False, False), "apply": (True, False), "finish": (True, True)}
"""Whether the transfers are applied, and whether the block is finished."""
TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")


def work(step: str, transfers: int) -> None:
    """What is counted: a block over a new chain, as far as `step`."""
    applies, finishes = STEPS[step]
    with tempfile.TemporaryDirectory() as folder, world(ACCOUNTS, Path(folder)) as each:
        # The first block gives the trie its shape, and the interpreter its habits.
        for count in (WARM_UP, WARM_UP + transfers):
            raws = each.transfers(count)
            builder = each.begin(each.chain.best, Trusting())
            for raw in raws if applies or count == WARM_UP else raws[:WARM_UP]:
                builder.apply(raw)
            if count == WARM_UP:
                each.finalize(builder.finish())
            elif finishes:
                builder.finish()


def count(step: str, transfers: int) -> int:
    """Instructions of a process that does `work`."""
    command = [
        *("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"),
        *(sys.executable, "-m", "benchmarks.instructions", "--step", step, "--transfers", str(transfers)),
    ]
    quiet = {**os.environ, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = TOTAL.search(done.stdout)
    if done.returncode or found is None:
        raise SystemExit(f"counting failed:\n{done.stdout}")
    return int(found[1].replace(",", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description="Instructions of the processor a transfer.")
    parser.add_argument("--transfers", type=int, default=1_500)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.step:
        work(given.step, given.transfers)
        return
    if shutil.which("valgrind") is None:
        raise SystemExit("valgrind is not there: install it, such as by `apt install valgrind`")
    nothing, applied, finished = (count(step, given.transfers) for step in STEPS)
    figures = {"apply": applied - nothing, "finish": finished - applied}
    print(json.dumps({name: round(figure / given.transfers) for name, figure in figures.items()}))


if __name__ == "__main__":
    main()
