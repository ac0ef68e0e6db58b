"""`ballast dev`: a whole chain in one process, with accounts whose keys everybody knows."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import trio
from cyclopts import App, Parameter
from cyclopts.types import Port

from genesis.build import GenesisError
from genesis.load import load_spec
from genesis.presets.dev import ACCOUNTS, dev_names, provider_uris
from genesis.presets.dev import dev as dev_preset
from genesis.spec import ChainSpec, SpecError
from node.chain.author import AuthorStopped
from node.chain.sealing import BadSealing, Every, Instant, Manual, Sealing, parse_sealing
from node.cli import live
from node.cli.agents import has_dev_providers, run_agent
from node.cli.amounts import Coin
from node.cli.faults import Fault, expected
from node.cli.hosting import base_folder, following_the_code, kept_ready_file, opened
from node.cli.output import Json, columns, print_json, say
from node.cli.places import DEFAULT_CHAIN, ChainName
from node.cli.stop import until_told
from node.config import NodeConfig
from node.node import Node
from node.plugins import PluginError
from node.rpc import Address, CannotListen, PortTaken, RpcConfig
from node.storage import StorageError
from node.telemetry.logging import Level, configure
from node.wallet.dev import DEV_WARNING
from runtime.api.simplex import committee_after
from runtime.crypto import ss58
from runtime.crypto.derive import KeyKind, dev_public
from runtime.frame.plain import SS58_PREFIX
from runtime.lifecycle import LoadError
from runtime.spec import SeatSpec

ACCOUNTS_MAX: Final = 10_000
"""A genesis of more accounts than this is better written as a spec."""
KINDS: Final[tuple[KeyKind, ...]] = ("sr25519", "ed25519")

app = App(
    name="dev",
    help_epilogue="""Examples:
  ballast dev --tmp                      a fresh chain, gone when it stops
  ballast dev --seal instant             a block for each transaction, at once
  ballast dev --rpc-port 0 --ready-file r.json  for scripts: any free port""",
)


class Account(NamedTuple):
    """A development account as it is shown."""

    name: str
    kind: KeyKind
    address: str
    public: str
    balance: int
    """At genesis, in the smallest unit."""


@app.default
async def dev(
    *,
    base_path: Annotated[
        Path | None,
        Parameter(
            help="Where the chain's data is kept. By default the user's data folder, or $BALLAST_HOME."
        ),
    ] = None,
    tmp: Annotated[
        bool, Parameter(negative="", show_default=False, help="Keep the data in a temporary folder instead.")
    ] = False,
    chain: ChainName = DEFAULT_CHAIN,
    accounts: Annotated[
        int | None,
        Parameter(help=f"How many development accounts own coins at genesis; {ACCOUNTS} unless given."),
    ] = None,
    seal: Annotated[
        str, Parameter(help="When blocks are built: instant, manual, or every so many seconds.")
    ] = "2",
    rpc_host: Annotated[str, Parameter(help="The IP address to answer on.")] = "127.0.0.1",
    rpc_port: Annotated[Port, Parameter(help="The port to answer on; 0: any that is free.")] = 9944,
    rpc_origins: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="Web origins that may call, besides pages on this machine; *: any."),
    ] = (),
    rpc_hosts: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="Host names that clients may call by, besides this machine's; *: any."),
    ] = (),
    archive: Annotated[
        bool, Parameter(negative="", show_default=False, help="Keep every past state, not only the last 256.")
    ] = False,
    ready_file: Annotated[
        Path | None, Parameter(help="Write a JSON file with the address once calls are answered.")
    ] = None,
    agent: Annotated[
        bool,
        Parameter(
            negative="--no-agent",
            help="Run the agent of the chain's own providers beside the node, or do not.",
        ),
    ] = True,
    with_parent: Annotated[
        bool, Parameter(negative="", show_default=False, help="Stop when standard input ends.")
    ] = False,
    log: Annotated[Level, Parameter(help="The least that is logged.")] = "info",
    log_json: Annotated[
        bool, Parameter(negative="", show_default=False, help="Log JSON lines, on a terminal too.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a development chain on this machine."""
    configure(log, as_json=True if log_json else None)
    with (
        expected(
            SpecError,
            BadSealing,
            LoadError,
            PluginError,
            GenesisError,
            StorageError,
            PortTaken,
            CannotListen,
            refused=(AuthorStopped,),
        ),
        base_folder(base_path, tmp) as folder,
    ):
        config = NodeConfig(
            spec=_spec(chain, accounts),
            base_path=folder,
            sealing=parse_sealing(seal),
            rpc=RpcConfig(host=rpc_host, port=rpc_port, hosts=rpc_hosts, origins=rpc_origins),
            archive=archive,
            ready_file=ready_file,
        )
        async with until_told(with_parent=with_parent):
            names = dev_names(ACCOUNTS if accounts is None else accounts)
            with following_the_code(folder):
                await _run(config, names, agent_for=chain if agent else None, as_json=json)


async def _run(config: NodeConfig, names: tuple[str, ...], *, agent_for: str | None, as_json: bool) -> None:
    with kept_ready_file(config.ready_file), opened(config) as node:
        if committee_after(node.runtime, node.chain.finalized.state) is not None:
            raise Fault(
                f"the chain {config.spec.id} is decided by validators, not by one author: `ballast net up` "
                "starts a network of them, `ballast run` one node"
            )
        async with trio.open_nursery() as nursery:
            address: Address = await nursery.start(node.run)
            has_agent = agent_for is not None and has_dev_providers(config.spec)
            report = describe(node, address, names, provider_uris() if has_agent else ())
            if as_json:
                print_json(report)
            else:
                introduce(report)
                nursery.start_soon(live.show, node)
            if agent_for is not None and has_agent:
                nursery.start_soon(run_agent, address.url, agent_for, config.base_path / "provider")


def _spec(chain: str, accounts: int | None) -> ChainSpec:
    if accounts is None:
        return load_spec(chain)
    if chain != DEFAULT_CHAIN:
        raise Fault(
            f"--accounts goes with --chain {DEFAULT_CHAIN}: who owns coins in {chain} is written in its spec"
        )
    if not 0 < accounts <= ACCOUNTS_MAX:
        raise Fault(f"--accounts is from 1 to {ACCOUNTS_MAX}, not {accounts}")
    return dev_preset(accounts)


# What it says of itself.


def describe(
    node: Node, address: Address, names: tuple[str, ...], agent: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A running development node as plain values: what `--json` prints. `agent`: whom its agent runs."""
    spec = node.config.spec
    return {
        "version": version("ballast-chain"),
        "chain": spec.id,
        "name": spec.name,
        "genesisHash": "0x" + node.chain.genesis_hash.hex(),
        "pallets": [{"index": seat.index, "name": seat.seat_name} for seat in _seats(spec)],
        "accounts": [account._asdict() for account in endowed(spec, names)],
        "warning": DEV_WARNING,
        "sealing": sealing_words(node.config.sealing),
        "agent": list(agent),
        "basePath": str(node.config.base_path),
        "ws": address.url,
        "http": address.url.replace("ws:", "http:", 1),
        "pid": os.getpid(),
        "best": node.chain.best.header.number,
        "properties": dict(spec.properties),
    }


def introduce(report: dict[str, Any]) -> None:
    """The same for people; ends with READY."""
    say(f"Ballast {report['version']}, development chain")
    say()
    coin = Coin.of(report["properties"])
    rows = [
        (f"//{each['name']}", each["kind"], each["address"], coin.words(each["balance"]))
        for each in report["accounts"]
    ]
    say("Accounts: the secret URI, the kind of its key, the address, coins at genesis")
    for line in columns(rows, indent="  ") if rows else ["  none of the development accounts owns any here"]:
        say(line)
    say(f"  {report['warning']}")
    say()
    say(f"Chain {report['chain']} ({report['name']})")
    say(f"Genesis {report['genesisHash']}")
    say("Pallets " + ", ".join(f"{each['index']} {each['name']}" for each in report["pallets"]))
    say(f"Sealing {report['sealing']}")
    if report["agent"]:
        say(f"Providers {', '.join(report['agent'])}; their agent runs beside this node")
    say(f"Data {report['basePath']}")
    say(f"RPC {report['ws']}")
    say("READY")


def endowed(spec: ChainSpec, names: tuple[str, ...]) -> list[Account]:
    """Those of the development accounts, in both kinds of key, that own coins at genesis."""
    balances: dict[str, int] = {}
    for who, amount in spec.genesis.get("Balances", {}).get("balances", ()):
        balances[str(who)] = int(amount)
    found: list[Account] = []
    for name in names:
        for kind in KINDS:
            public = dev_public(f"//{name}", kind)
            address = ss58.encode(public, SS58_PREFIX)
            if address in balances:
                found.append(Account(name, kind, address, "0x" + public.hex(), balances[address]))
    return found


def sealing_words(sealing: Sealing) -> str:
    """How blocks come about, in words."""
    match sealing:
        case Instant():
            return "instant: a block as soon as a transaction is ready"
        case Manual():
            return "manual: a block when dev_seal asks for one"
        case Every(seconds):
            return f"a block every {seconds:g} s"


def _seats(spec: ChainSpec) -> list[SeatSpec]:
    return sorted(spec.runtime.pallets, key=lambda seat: seat.index)
