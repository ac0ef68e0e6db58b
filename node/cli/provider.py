"""`ballast provider`: the agent of a provider, and what the chain knows of all of them."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import trio
from cyclopts import App, Parameter

from genesis.load import load_spec
from genesis.presets.dev import provider_uris
from genesis.spec import SpecError
from node.cli.faults import Fault, expected
from node.cli.key_password import PasswordFile
from node.cli.key_store import KeysFolder
from node.cli.output import Json, print_json, say
from node.cli.places import DEFAULT_CHAIN, DEFAULT_RPC, ChainName, Kind, RpcUrl, data_folder
from node.cli.provider_bench import bench
from node.cli.provider_figures import list_, show
from node.cli.remote import local_runtime
from node.cli.signing import signer_of
from node.cli.stop import until_told
from node.client import RemoteError
from node.plugins import PluginError
from node.provider.agent import Agent
from node.provider.coin import NoCoin
from node.provider.shelf import Shelf, ShelfError
from node.provider.workbench import AlreadyRuns, Workbench
from node.telemetry.logging import Level, configure
from node.wallet.signer import Keypair
from runtime.lifecycle import LoadError

JobsDir = Annotated[
    Path | None,
    Parameter(
        name="--jobs-dir",
        env_var="BALLAST_JOBS",
        help="The folder through which consumers and providers hand each other jobs and results, by hash; "
        "by default `jobs` in the data folder.",
    ),
]
"""The option that says where specifications and receipts are."""

app = App(
    name="provider",
    help_epilogue="""Examples:
  ballast provider list
  ballast provider show //Provider//1
  ballast provider run --key - < secret.txt    prove capacity, serve tickets
  ballast provider run --key works --password-file pw.txt
  ballast provider run --dev-all               those of a development chain
  ballast provider bench                       size a class for this machine""",
)
app.command(bench)
app.command(list_, name="list")
app.command(show)


def shelf_at(jobs_dir: Path | None) -> Shelf:
    """The shelf of `--jobs-dir`. Raises ShelfError."""
    return Shelf(data_folder() / "jobs" if jobs_dir is None else jobs_dir)


@app.command
async def run(
    *,
    key: Annotated[
        tuple[str, ...],
        Parameter(
            negative="",
            allow_leading_hyphen=True,
            help="The provider's account in the keyring, or its secret URI; - reads the URI from standard "
            "input. Several run several providers.",
        ),
    ] = (),
    dev_all: Annotated[
        bool, Parameter(negative="", show_default=False, help="Run the development chain's providers.")
    ] = False,
    kind: Kind = "sr25519",
    keys: KeysFolder = None,
    password_file: PasswordFile = None,
    jobs_dir: JobsDir = None,
    state_dir: Annotated[
        Path | None,
        Parameter(help="Where the agent keeps what it has done; by default `provider` in the data folder."),
    ] = None,
    with_parent: Annotated[
        bool, Parameter(negative="", show_default=False, help="Stop when standard input ends.")
    ] = False,
    log: Annotated[Level, Parameter(help="The least that is logged.")] = "info",
    log_json: Annotated[
        bool, Parameter(negative="", show_default=False, help="Log JSON lines, on a terminal too.")
    ] = False,
    rpc: RpcUrl = DEFAULT_RPC,
    chain: ChainName = DEFAULT_CHAIN,
    json: Json = False,
) -> None:
    """Prove capacity and serve tickets, until told to stop."""
    configure(log, as_json=True if log_json else None)
    logging.getLogger("trio-websocket").setLevel(logging.WARNING)  # at debug it tells of every message
    named = (*key, *(provider_uris() if dev_all else ()))
    if not named:
        raise Fault("whose agent? Give --key, or --dev-all for the providers of a development chain")
    pairs = [signer_of(each, kind, keys, password_file) for each in named]
    folder = data_folder() / "provider" if state_dir is None else state_dir
    with (
        expected(SpecError, LoadError, PluginError, NoCoin, ShelfError, AlreadyRuns, RemoteError),
        ExitStack() as stack,
    ):
        spec = load_spec(chain)
        runtime = local_runtime(spec)
        shelf = shelf_at(jobs_dir)
        prefix = int(spec.properties["ss58Format"])
        providers: list[tuple[Keypair, str, Workbench]] = []
        for pair in pairs:
            address = pair.address(prefix)
            providers.append((pair, address, stack.enter_context(Workbench(folder / address, shelf))))
        agent = Agent(rpc, runtime, providers)
        async with until_told(with_parent=with_parent), trio.open_nursery() as nursery:
            await nursery.start(agent.run)
            _introduce(rpc, shelf, [address for _, address, _ in providers], as_json=json)


def _introduce(rpc: str, shelf: Shelf, addresses: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"providers": addresses, "rpc": rpc, "jobsDir": str(shelf.folder)})
        return
    for address in addresses:
        say(f"Provider {address}")
    say(f"RPC {rpc}")
    say(f"Jobs {shelf.folder}")
    say("READY")
