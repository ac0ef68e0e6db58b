"""`python -m node.runtimes.rehearse SNAPSHOT CHAIN (look | change)`: this process's runtime over a snapshot,
as JSON: what does not hold of the state, or what becomes of it if this runtime takes over.

Each runtime is asked in a process of its own. A runtime of the store has its own seats; CHAIN names those of
what is installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from genesis.load import load_spec
from genesis.spec import SpecError
from node.plugins import PluginError
from node.runtimes.here import HOME, runtime_here, seats_at
from node.runtimes.rehearsal import Change, Fault, Rehearsal, faults_of, rehearse
from node.runtimes.snapshot import SnapshotUnfit, read_snapshot
from runtime.lifecycle import LoadError

CHANGES_MAX: Final = 10_000
"""The most changes that are listed one by one; all are counted."""
REFUSED: Final = 1


def main(arguments: Sequence[str]) -> int:
    """Print the report."""
    path, chain, what = arguments
    try:
        runtime = runtime_here(load_spec(chain) if HOME is None else seats_at(HOME))
        snapshot = read_snapshot(Path(path))
        states = snapshot.states()
    except (SpecError, PluginError, LoadError, SnapshotUnfit, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return REFUSED
    if what == "look":
        report: Any = [_fault(each) for each in faults_of(runtime, states.head, snapshot.header.number)]
    else:
        report = plain(rehearse(runtime, states, snapshot.header))
    print(json.dumps(report))
    return 0


def plain(rehearsal: Rehearsal) -> dict[str, Any]:
    """A rehearsal as plain values."""
    counts: dict[str, int] = {}
    for each in rehearsal.changes:
        counts[each.item] = counts.get(each.item, 0) + 1
    return {
        "good": rehearsal.is_good,
        "halt": rehearsal.halt,
        "blocks": [
            {
                "number": each.number,
                "refTime": each.weight.ref_time,
                "proofSize": each.weight.proof_size,
                "seconds": each.seconds,
            }
            for each in rehearsal.blocks
        ],
        "changed": counts,
        "changes": [_change(each) for each in rehearsal.changes[:CHANGES_MAX]],
        "again": [_change(each) for each in rehearsal.again[:CHANGES_MAX]],
        "faults": [_fault(each) for each in rehearsal.faults],
    }


def _change(each: Change) -> dict[str, Any]:
    return {
        "item": each.item,
        "key": "0x" + each.key.hex(),
        "before": None if each.before is None else "0x" + each.before.hex(),
        "after": None if each.after is None else "0x" + each.after.hex(),
    }


def _fault(each: Fault) -> dict[str, str]:
    return {"where": each.where, "what": each.what}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
