"""`ballast bench`: what the chain's work costs on this machine, as ratios within one run."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from cyclopts import App, Parameter

from genesis.presets.local import VALIDATORS, VALIDATORS_MAX, local
from genesis.spec import SpecError
from node.cli.faults import Fault, expected
from node.cli.output import Json, columns, is_list, print_json, say
from node.cli.stop import until_told
from node.client import RemoteError
from node.localnet.errors import LocalnetError
from node.localnet.load import ACCOUNTS
from node.localnet.network import running
from node.localnet.plan import plan_network

app = App(
    name="bench",
    help="Measure what the chain's work costs on this machine.",
    help_format="plaintext",
    help_epilogue="""Figures go to standard output, progress to standard error. A ratio compares two
measurements of one run, taken in turn: it depends little on the machine.

Examples:
  ballast bench transfers --accounts 10000 --rounds 3
  ballast bench certificates --json
  ballast bench economy
  ballast bench network --rate 200 --seconds 30    a network of real processes
  ballast bench scale --dir /mnt/disk              takes minutes and 4 GB""",
)

ACCOUNTS_MAX: Final = 5_000_000
BLOCK_MAX: Final = 3_000
ROUNDS_MAX: Final = 100
ACTIONS_MAX: Final = 10_000_000
RATE_MAX: Final = 2_000
SECONDS_MAX: Final = 3_600

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
    """Compare a transfer, everything included, with the verification of its
    signature alone.

    Both are measured in turn in one run, by the real runtime with all its pallets
    and a real database. `total_us` decodes, verifies, runs the six extensions,
    dispatches, encodes events, computes both roots and writes one synced batch a
    block; `exec_root_us` is the same without verification, extrinsics root and
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
    """Compare what a certificate of four validators and one of a hundred cost to be
    convinced by.

    The keys of a committee are decoded when its epoch begins, and its
    certificates are one signature each, so the second is hardly dearer; it is
    longer by a bit for each validator.
    """
    from node.bench.certificates import bench_certificates

    _check("--rounds", rounds, 1, ROUNDS_MAX)
    _report(bench_certificates(rounds=rounds, progress=_progress()), json, _CERTIFICATES)


@app.command
def economy(*, dir: Folder = None, json: Json = False) -> None:
    """Measure what the coin costs: empty blocks, mint, redeem and settle as a chain
    grows, and a window.

    The largest chain has 1,000 providers, 100,000 accounts and 10,000 open
    tickets that nobody can serve. The figures of calls are those of three chains,
    each ten times as large as the one before. A window asks 1,000 units for
    probes of the real size; the products themselves are made before the clock
    runs.
    """
    from node.bench.economy import bench_economy

    _report(bench_economy(_place(dir), progress=_progress()), json, _ECONOMY)


@app.command
def weights(
    *,
    actions: Annotated[int, Parameter(help="Acts in the economies that are weighed.")] = 100_000,
    seed: Annotated[int, Parameter(help="What decides them.")] = 0,
    write: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Write weights.py of each pallet of this checkout."),
    ] = False,
    json: Json = False,
) -> None:
    """Measure what each call of the coin's pallets reads, writes and computes,
    beside what it declares.

    Random economies make every call on the real runtime; each is weighed on the
    side before it is made. A call is short by as much as its storage alone
    weighed more than it had declared. With --write the constants that the pallets
    declare are written anew, when every call was made at least once; chains of
    this code are others then. Takes five minutes.
    """
    import node
    from node.bench.weights import NotMeasured, figures_of, measure, measured_calls, write_all
    from node.economy.chain import coin_runtime

    _check("--actions", actions, 1, ACTIONS_MAX)
    tell = _progress()
    runtime = coin_runtime(1)
    samples = measure(
        actions,
        seed,
        wanted=measured_calls(runtime) if write else (),
        progress=lambda done, least: tell(f"{done:,} of {least:,} acts"),
    )
    if write:
        with expected(NotMeasured, OSError):
            for place in write_all(samples, runtime, Path(node.__file__).parent.parent):
                tell(f"written: {place}")
    figures = figures_of(samples, runtime)
    if json:
        print_json(figures)
        return
    heads = ("call", "samples", "reads", "writes", "us", "weight, us", "declared, us", "short, us")
    rows = [(name, *map(_words, each.values())) for name, each in figures.items()]
    for line in columns([heads, *rows]):
        say(line)


@app.command
async def network(
    *,
    validators: Annotated[int, Parameter(help="How many nodes vote.")] = VALIDATORS,
    rate: Annotated[int, Parameter(help="Transfers a second over all nodes.")] = 200,
    seconds: Annotated[int, Parameter(help="For how long it is measured.")] = 30,
    dir: Folder = None,
    json: Json = False,
) -> None:
    """Measure how soon a network of real processes makes transfers final, and what
    agreeing costs it.

    Latency runs from a transfer's submission to a node until that node tells that
    it is final. The CPU time for votes, certificates and gossip is told apart for
    each validator, as a share of one core.
    """
    from node.localnet.measure import bench_network

    _check("--validators", validators, 1, VALIDATORS_MAX)
    _check("--rate", rate, 1, RATE_MAX)
    _check("--seconds", seconds, 1, SECONDS_MAX)
    with (
        expected(LocalnetError, RemoteError, SpecError),
        tempfile.TemporaryDirectory(dir=_place(dir)) as place,
    ):
        plan = plan_network(Path(place), partial(local, validators, ACCOUNTS), validators=validators)
        figures: dict[str, Any] = {}
        async with until_told(), running(plan, log="warning") as nodes:
            figures = await bench_network(nodes, rate, seconds, _progress())
    if json:
        print_json(figures)
    elif figures:
        cpu = figures.pop("cpu")
        _report(figures, json, _NETWORK)
        say()
        heads = ("CPU, shares of one core", "agreement", "ms a block", "all")
        rows = [
            (name, f"{each['agreement']:.1%}", f"{each['agreement_ms_per_block']:g}", f"{each['all']:.1%}")
            for name, each in cpu.items()
        ]
        for line in columns([heads, *rows]):
            say(line)


_NETWORK: Final = {
    "validators": "validators",
    "rate": "transfers a second that were sent",
    "seconds": "measured for, s",
    "tps": "transfers a second that became final",
    "finality_ms_median": "from submission to finality, median, ms",
    "finality_ms_p99": "the same, of 99 in 100, ms",
    "block_ms_median": "between two blocks, median, ms",
    "blocks": "blocks",
}
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

_ECONOMY: Final = {
    "empty_block_ms": "an empty block of a chain with almost nothing, ms",
    "empty_block_full_ms": "the same with 1,000 providers and 10,000 open tickets, ms",
    "empty_block_more_ms": "how much more that is, ms",
    "mint_us": "a mint with 10, 100, 1,000 providers, us",
    "mint_growth": "how much dearer",
    "redeem_us": "a redemption on the same chains, us",
    "redeem_growth": "how much dearer",
    "settle_us": "a ticket settled, us",
    "settle_growth": "how much dearer",
    "window_units": "units in a window",
    "window_openings": "of them drawn to open their rows",
    "window_post_s": "their roots posted, s of CPU",
    "window_draw_s": "the draw, s of CPU",
    "window_openings_s": "the openings checked, s of CPU",
    "window_count_s": "the count, s of CPU",
    "window_verify_s": "the last three together, s of CPU",
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
    for line in columns([(names[name], _words(value)) for name, value in figures.items()]):
        say(line)


def _words(value: Any) -> str:
    if value is None:
        return "by its arguments"
    return ", ".join(map(_words, value)) if is_list(value) else f"{value:,}"


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
