"""Bits of a light proof turned one by one, and what `ballast light verify` says of each, with no network.

    python turned.py FILE GENESIS-HASH EVERY

turns the first bit of every so many, 1 for all, and prints as JSON how many those were, of how many reasons
were given for what, and each bit that was not refused with status 1 and one line on standard error.
"""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from node.cli.main import run
from support.unplugged import unplug

SHOWN_MAX = 10


def main(file: Path, genesis: str, every: int) -> dict[str, object]:
    """Turn bits of a file, in a copy beside it."""
    data, changed = bytearray(file.read_bytes()), file.with_suffix(".turned")
    reasons: Counter[str] = Counter()
    believed: list[str] = []
    bits = range(0, 8 * len(data), every)
    for bit in bits:
        data[bit // 8] ^= 1 << bit % 8
        changed.write_bytes(data)
        data[bit // 8] ^= 1 << bit % 8
        status, out, err = said(["light", "verify", str(changed), "--genesis", genesis])
        where, _, why = err.removeprefix("ballast: ").rstrip("\n").partition(": ")
        if (status, out, err.count("\n")) == (1, "", 1) and why:
            reasons[where] += 1
        else:
            believed.append(f"bit {bit}: status {status}, {out or err}")
    return {"bits": len(bits), "reasons": reasons, "believed": believed[:SHOWN_MAX]}


def said(command: list[str]) -> tuple[int, str, str]:
    """How a command ends, and what it prints."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = run(command)
    return status, out.getvalue(), err.getvalue()


if __name__ == "__main__":
    unplug()
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
