"""`ballast net`: a whole network on this machine, each node in a process of its own."""

from __future__ import annotations

import shlex
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import trio
from cyclopts import App, Parameter
from cyclopts.types import Port
from cyclopts.validators import Number
from rich.console import Console
from rich.live import Live
from rich.text import Text

from genesis.presets.local import TIMING, VALIDATORS, VALIDATORS_MAX, local
from genesis.spec import SpecError
from node.cli.faults import expected
from node.cli.hosting import base_folder, kept_ready_file
from node.cli.live import REPEAT_SECONDS
from node.cli.output import Json, columns, is_terminal, print_json, say
from node.cli.places import data_folder
from node.cli.stop import until_told
from node.localnet.errors import LocalnetError, NoAnswer, NodeEnded
from node.localnet.network import LocalNetwork, kept, running
from node.localnet.plan import FULL_NODES_MAX, plan_network
from node.localnet.record import RECORD, NetworkRecord, NodeRecord, read_record, write_record
from node.localnet.sight import Standing, look_around, missed_by
from node.telemetry.logging import Level
from node.wallet.keyfile import KeyfileError

REWRITE_SECONDS: Final = 1.0
"""How often the nodes are asked for the live line where it can be rewritten."""
BLOCKS_PER_HOUR_MAX: Final = 7_200
"""As many as there are in an hour at two a second."""
FOLDER: Final = "net"
"""Where networks are kept in the data folder, unless told otherwise."""

app = App(
    name="net",
    help_epilogue="""Examples:
  ballast net up --tmp               four validators, gone when they stop
  ballast net up --validators 7 --full-nodes 1
  ballast net status                 how each node stands""",
)


@app.command
async def up(
    *,
    validators: Annotated[
        int, Parameter(validator=Number(gte=1, lte=VALIDATORS_MAX), help="How many nodes vote.")
    ] = VALIDATORS,
    full_nodes: Annotated[
        int, Parameter(validator=Number(gte=0, lte=FULL_NODES_MAX), help="How many nodes only follow.")
    ] = 0,
    blocks_per_hour: Annotated[
        int,
        Parameter(
            validator=Number(gte=1, lte=BLOCKS_PER_HOUR_MAX),
            help="How many blocks count as an hour of every promise, for a new network: with few, days pass "
            "in minutes.",
        ),
    ] = TIMING.blocks_per_hour,
    base_path: Annotated[
        Path | None,
        Parameter(help=f"Where the network is kept. By default {FOLDER} in the data folder."),
    ] = None,
    tmp: Annotated[
        bool, Parameter(negative="", show_default=False, help="Keep it in a temporary folder instead.")
    ] = False,
    keyring: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Put each validator's keys into a keyring, and start it as elsewhere: by the key's name.",
        ),
    ] = False,
    rpc_port: Annotated[
        Port, Parameter(help="The port of the first node's RPC, the others' follow; 0: any that are free.")
    ] = 9944,
    peer_port: Annotated[
        Port, Parameter(help="The port of the first node's peers, the others' follow; 0: any that are free.")
    ] = 30333,
    ready_file: Annotated[
        Path | None, Parameter(help="Write a JSON file with all addresses once all nodes answer.")
    ] = None,
    with_parent: Annotated[
        bool, Parameter(negative="", show_default=False, help="Stop when standard input ends.")
    ] = False,
    log: Annotated[Level, Parameter(help="The least that the nodes log.")] = "info",
    json: Json = False,
) -> None:
    """Run a network of validators, and of nodes that follow, on this machine."""
    with (
        expected(LocalnetError, SpecError, KeyfileError),
        ExitStack() as stack,
    ):
        folder = stack.enter_context(base_folder(_folder(base_path, tmp), tmp)).resolve()
        stack.enter_context(kept(folder))
        stack.enter_context(kept_ready_file(ready_file))
        plan = plan_network(
            folder,
            partial(local, validators, timing=replace(TIMING, blocks_per_hour=blocks_per_hour)),
            validators=validators,
            full_nodes=full_nodes,
            rpc_port=rpc_port,
            peer_port=peer_port,
            keyrings=keyring,
        )
        async with AsyncExitStack() as tasks:
            await tasks.enter_async_context(until_told(with_parent=with_parent))
            network = await tasks.enter_async_context(running(plan, log=log))
            record = await network.describe(await network.begin_all())
            for path in (folder / RECORD, *([] if ready_file is None else [ready_file])):
                write_record(path, record)
            if json:
                print_json(msgspec.to_builtins(record))
            else:
                introduce(record)
            await _keep(network, record, quiet=json)


@app.command
async def status(
    *,
    base_path: Annotated[
        Path | None, Parameter(help=f"Where the network is kept. By default {FOLDER} in the data folder.")
    ] = None,
    json: Json = False,
) -> None:
    """Show how each node of a network stands; one that does not answer is shown as such."""
    with expected(LocalnetError):
        record = read_record(_folder(base_path, tmp=False) or Path())
        standings = await look_around(record.nodes)
    rows = [describe(node, standings) for node in record.nodes]
    if json:
        print_json(rows)
        return
    heads = ("Node", "Role", "Height", "Final", "Epoch", "View", "Peers", "Pool", "Votes missed")
    for line in columns([heads, *map(_row, rows)]):
        say(line)


def _folder(base_path: Path | None, tmp: bool) -> Path | None:
    return base_path if tmp or base_path is not None else data_folder() / FOLDER


# Keeping a network.


async def _keep(network: LocalNetwork, record: NetworkRecord, *, quiet: bool) -> None:
    """Tell of nodes that end, and where the others stand, until told to stop."""

    def tell(end: NodeEnded) -> None:
        if not quiet:
            say(str(end))

    async with trio.open_nursery() as nursery:
        nursery.start_soon(network.watch, tell)
        if not quiet:
            nursery.start_soon(_show, record)
        await trio.sleep_forever()


async def _show(record: NetworkRecord) -> None:
    """The live line, rewritten in place on a terminal, repeated at times elsewhere."""
    shown = ""
    if not is_terminal():
        while True:
            await trio.sleep(REPEAT_SECONDS)
            line = live_line(await look_around(record.nodes))
            if line != shown:
                say(line)
                shown = line
    with Live(console=Console(), auto_refresh=False, transient=True) as live:
        while True:
            line = live_line(await look_around(record.nodes))
            live.update(Text(line, no_wrap=True, overflow="ellipsis"), refresh=True)
            await trio.sleep(REWRITE_SECONDS)


def live_line(standings: dict[str, Standing | NoAnswer]) -> str:
    """Where the network stands: `#12 final #12 · epoch 0 · view 13 · 4 of 4 nodes`."""
    known = [each for each in standings.values() if isinstance(each, Standing)]
    count = f"{len(known)} of {len(standings)} nodes"
    if not known:
        return count
    first = max(known, key=lambda each: (each.final, each.best))
    view = max(each.view for each in known)
    return f"#{first.best} final #{first.final} · epoch {first.epoch} · view {view} · {count}"


# Telling.


def introduce(record: NetworkRecord) -> None:
    """The network for people; ends with READY."""
    say(f"Chain {record.chain}, genesis {record.genesis_hash}")
    say(f"Data {record.base_path}")
    say("The keys of these validators are public: use them on a development network only.")
    say()
    heads = ("Node", "Role", "RPC", "Peers", "Metrics", "Log")
    rows = [
        (node.name, node.role, node.ws, node.peer.partition("@")[2], node.metrics, Path(node.log).name)
        for node in record.nodes
    ]
    for line in columns([heads, *rows]):
        say(line)
    say()
    say("Another node joins with")
    say(f"  ballast run --chain {shlex.quote(record.spec)} --tmp --rpc-port 0 --listen-port 0 \\")
    say(f"    --bootnode {record.nodes[0].peer}")
    say("READY")


def describe(node: NodeRecord, standings: dict[str, Standing | NoAnswer]) -> dict[str, Any]:
    """How a node stands, as plain values."""
    found = standings[node.name]
    known = [each for each in standings.values() if isinstance(each, Standing)]
    said = {"name": node.name, "role": node.role, "ws": node.ws, "pid": node.pid}
    if isinstance(found, NoAnswer):
        return {**said, "answers": False, "why": found.why}
    return {
        **said,
        "answers": True,
        "best": found.best,
        "final": found.final,
        "epoch": found.epoch,
        "view": found.view,
        "isVoting": found.is_voting,
        "peers": found.peers,
        "pool": found.pool,
        "votesMissed": None if node.account is None else missed_by(node.account, known),
    }


def _row(said: dict[str, Any]) -> tuple[str, ...]:
    name, role = said["name"], said["role"]
    if not said["answers"]:
        return (name, role, "-", "-", "-", "-", "-", "-", f"does not answer: {said['why']}")
    missed = said["votesMissed"]
    figures = (said["best"], said["final"], said["epoch"], said["view"] or "-", said["peers"], said["pool"])
    return (name, role, *map(str, figures), "-" if missed is None else str(missed))
