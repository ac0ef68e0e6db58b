"""`ballast bench`: what the chain's work costs on this machine, as ratios within one run."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from node.cli.faults import Fault
from node.cli.output import Json, columns, print_json, say

app = App(name="bench", help="Measure what the chain's work costs on this machine.", help_format="plaintext")

ACCOUNTS_MAX: Final = 5_000_000
BLOCK_MAX: Final = 3_000
ROUNDS_MAX: Final = 100

Rounds = Annotated[int, Parameter(help="Rounds that count; two more go before them to warm up.")]
Folder = Annotated[
    Path | None, Parameter(name="--dir", help="Where the databases are made, and removed again.")
]


@app.command
def transfers(
    *,
    accounts: Annotated[int, Parameter(help="Funded accounts between which the transfers go.")] = 100_000,
    block: Annotated[int, Parameter(help="Transfers a block.")] = 2_000,
    rounds: Rounds = 7,
    dir: Folder = None,
    json: Json = False,
) -> None:
    """Compare a transfer, everything included, with the verification of its signature alone.

    Both are measured in turn in one run, by the real runtime with all its pallets and a real database.
    `total_us` decodes, verifies, runs the six extensions, dispatches, encodes events, computes both roots and
    writes one synced batch a block; `exec_root_us` is the same without verification, extrinsics root and
    database.
    """
    from node.bench.transfers import bench_transfers

    _check("--accounts", accounts, 2, ACCOUNTS_MAX)
    _check("--block", block, 1, BLOCK_MAX)
    _check("--rounds", rounds, 1, ROUNDS_MAX)
    figures = bench_transfers(accounts, block, _place(dir), rounds=rounds, progress=_progress())
    _report(figures, json, _TRANSFERS)


@app.command
def scale(*, rounds: Rounds = 7, dir: Folder = None, json: Json = False) -> None:
    """Compare what a transfer costs with ten thousand accounts and with a million.

    Making the two chains takes minutes and about 4 GB of memory.
    """
    from node.bench.transfers import bench_scale

    _check("--rounds", rounds, 1, ROUNDS_MAX)
    _report(bench_scale(_place(dir), rounds=rounds, progress=_progress()), json, _SCALE)


@app.command
def certificates(*, rounds: Rounds = 7, json: Json = False) -> None:
    """Compare what a certificate of four validators and one of a hundred cost to be convinced by.

    The keys of a committee are decoded when its epoch begins, and its certificates are one signature each, so
    the second is hardly dearer; it is longer by a bit for each validator.
    """
    from node.bench.certificates import bench_certificates

    _check("--rounds", rounds, 1, ROUNDS_MAX)
    _report(bench_certificates(rounds=rounds, progress=_progress()), json, _CERTIFICATES)


_TRANSFERS: Final = {
    "verify_only_us": "one signature verified, us",
    "total_us": "one transfer, everything included, us",
    "ratio": "verify only / total",
    "ratio_with_verifier_process": "the same, signatures verified in the second process",
    "exec_root_us": "execution and state root alone, us",
    "root_us": "of it the state root, us",
    "root_hash_floor_us": "of that the hashing itself, us",
    "accounts": "accounts",
}
_SCALE: Final = {
    "us_10k": "a transfer among 10,000 accounts, us",
    "us_1m": "a transfer among 1,000,000 accounts, us",
    "ratio": "how much dearer",
}

_CERTIFICATES: Final = {
    "us_4": "a certificate of 4 validators, us",
    "us_100": "a certificate of 100 validators, us",
    "ratio": "how much dearer",
}


def _report(figures: dict[str, Any], json: bool, names: dict[str, str]) -> None:
    if json:
        print_json(figures)
        return
    for line in columns([(names[name], f"{value:,}") for name, value in figures.items()]):
        say(line)


def _place(folder: Path | None) -> Path:
    place = folder or Path(tempfile.gettempdir())
    if not place.is_dir():
        raise Fault(f"{place} is no folder")
    return place


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise Fault(f"{name} {value} is outside [{low}, {high}]")


def _progress() -> Callable[[str], None]:
    """Progress goes to standard error, so that the figures stand alone."""

    def tell(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    return tell
