"""`ballast torture`: a network is killed, cut apart and starved, and must lose nothing final."""

from __future__ import annotations

import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from secrets import randbits
from typing import Annotated, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from genesis.presets.local import VALIDATORS, VALIDATORS_MAX, local
from genesis.spec import SpecError
from node.cli.faults import Refused, expected
from node.cli.output import Json, columns, print_json, say
from node.cli.stop import until_told
from node.localnet.errors import LocalnetError
from node.localnet.load import ACCOUNTS, Load
from node.localnet.network import kept, running
from node.localnet.plan import plan_network
from node.localnet.roads import laid
from node.localnet.torture import Outcome, Torture

VALIDATORS_MIN: Final = 4
"""The fewest of which one may fail."""
CYCLES_MAX: Final = 100_000
RATE_MAX: Final = 2_000
SEED_BITS: Final = 32

app = App(
    name="torture",
    help_epilogue="""Examples:
  ballast torture --cycles 5                     each kind of fault once
  ballast torture --cycles 200 --seed 7 --json   the long form""",
)


@app.default
async def torture(
    *,
    cycles: Annotated[int, Parameter(validator=Number(gte=1, lte=CYCLES_MAX), help="How many faults.")] = 5,
    validators: Annotated[
        int, Parameter(validator=Number(gte=VALIDATORS_MIN, lte=VALIDATORS_MAX), help="How many nodes vote.")
    ] = VALIDATORS,
    rate: Annotated[
        int, Parameter(validator=Number(gte=1, lte=RATE_MAX), help="Transfers a second meanwhile.")
    ] = 100,
    seed: Annotated[
        int | None, Parameter(help="What decides which faults, and whom they befall; any unless given.")
    ] = None,
    base_path: Annotated[
        Path | None,
        Parameter(help="Where the network is kept; a temporary folder unless given, which a failure leaves."),
    ] = None,
    json: Json = False,
) -> int:
    """Kill, cut off and starve the validators of a network under load, and see that
    nothing final is lost.

    After each fault all nodes must finalize again and agree on everything that
    any of them told to be final, and none may have contradicted itself.
    """
    folder = Path(tempfile.mkdtemp(prefix="ballast-torture-")) if base_path is None else base_path
    seed = randbits(SEED_BITS) if seed is None else seed
    outcome = Outcome(failure="it was told to stop")
    with expected(LocalnetError, SpecError):
        async with until_told():
            outcome = await _run(folder.resolve(), validators, rate, seed, cycles)
    if json:
        print_json(outcome.figures)
    else:
        for line in columns([(name, f"{value:,}") for name, value in outcome.figures.items()]):
            say(line)
    if outcome.failure is not None:
        raise Refused(f"{outcome.failure}; the nodes' logs are in {folder}")
    if base_path is None:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


async def _run(folder: Path, validators: int, rate: int, seed: int, cycles: int) -> Outcome:
    with kept(folder):
        plan = plan_network(folder, partial(local, validators, ACCOUNTS), validators=validators)
        async with laid(plan) as roads, running(plan, reach=roads.reach) as network:
            load = Load(plan.spec, plan.validators, rate)
            return await Torture(network, roads, load, seed, _tell).run(cycles)


def _tell(line: str) -> None:
    """Progress goes to standard error, so that the figures stand alone."""
    print(line, file=sys.stderr, flush=True)
