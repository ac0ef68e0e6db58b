"""`ballast run`: a node of a chain with validators - one that follows, or one that votes."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Final

import trio
from cyclopts import App, Parameter
from cyclopts.types import Port

from genesis.build import GenesisError
from genesis.load import load_spec
from genesis.spec import SpecError
from node.chain.author import AuthorStopped
from node.cli import live
from node.cli.faults import Fault, expected
from node.cli.hosting import base_folder, following_the_code, kept_ready_file, opened
from node.cli.key_password import PasswordFile, read_password
from node.cli.key_store import KeysFolder, keyring_at, keyring_errors
from node.cli.output import Json, print_json, say
from node.cli.places import ChainName
from node.cli.stop import until_told
from node.config import NodeConfig
from node.consensus.ancestry import AgreementBroken
from node.consensus.history import history_folder
from node.consensus.journal import JournalError
from node.consensus.lock import KeyInUse, KeyLock
from node.network.address import PeerAddress
from node.network.errors import BadAddress, NetworkError
from node.node import Node, begin_at
from node.peering import KeyAtWork, NoValidators, PeeringConfig
from node.plugins import PluginError
from node.rpc import Address, CannotListen, PortTaken, RpcConfig
from node.storage import StorageError
from node.sync.begin import NothingToBegin
from node.sync.state import CheckpointDiscarded, CheckpointForeign, CheckpointUnknown
from node.sync.take import FinalBlockRefused, FinalityForked
from node.telemetry.logging import Level, configure
from node.wallet.keyfile import KeyfileError, read_file, write_file
from node.wallet.keyring import Keyring, ValidatorKeys
from node.wallet.signer import SEED_BYTES, Keypair
from runtime.crypto.derive import DeriveError
from runtime.lifecycle import LoadError
from runtime.scale.errors import show

HASH: Final = re.compile("0x[0-9a-fA-F]{64}")
IDENTITY: Final = "identity"
"""The file of a node's own key, when no other is named."""

app = App(
    name="run",
    help_epilogue="""Examples:
  ballast run --chain main.json --bootnode 5f0c...e1@203.0.113.7:30333
  ballast run --chain main.json --bootnode ... --checkpoint latest   from now on
  ballast run --chain main.json --bootnode ... --validator val-1     vote
  ballast net up                                a whole network on this machine""",
)


@app.default
async def run(
    *,
    chain: ChainName,
    base_path: Annotated[
        Path | None,
        Parameter(
            help="Where the chain's data is kept. By default the user's data folder, or $BALLAST_HOME."
        ),
    ] = None,
    tmp: Annotated[
        bool, Parameter(negative="", show_default=False, help="Keep the data in a temporary folder instead.")
    ] = False,
    validator: Annotated[
        str | None, Parameter(help="Vote, with the validator's key of this name in the keyring.")
    ] = None,
    keys: KeysFolder = None,
    password_file: PasswordFile = None,
    dev_key: Annotated[
        str | None,
        Parameter(
            allow_leading_hyphen=True,
            help="Vote with the keys of a secret URI such as //Alice, known to everybody; for development.",
        ),
    ] = None,
    listen_host: Annotated[str, Parameter(help="The IP address to listen on for peers.")] = "127.0.0.1",
    listen_port: Annotated[Port, Parameter(help="The port for peers; 0: any that is free.")] = 30333,
    public_host: Annotated[
        str, Parameter(help="The address at which peers reach this node; the one that they see unless given.")
    ] = "",
    bootnode: Annotated[
        tuple[str, ...], Parameter(negative="", help="A peer to begin with: PEER@HOST:PORT; may be repeated.")
    ] = (),
    reserved: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="A peer to stay connected to: PEER@HOST:PORT; may be repeated."),
    ] = (),
    checkpoint: Annotated[
        str | None,
        Parameter(
            help="Begin at a final block instead of at genesis, with its state from peers: a hash that you "
            "trust, or latest. A chain that is there already goes on."
        ),
    ] = None,
    rpc_host: Annotated[str, Parameter(help="The IP address to answer calls on.")] = "127.0.0.1",
    rpc_port: Annotated[Port, Parameter(help="The port to answer calls on; 0: any that is free.")] = 9944,
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
        Path | None, Parameter(help="Write a JSON file with the addresses once calls are answered.")
    ] = None,
    with_parent: Annotated[
        bool, Parameter(negative="", show_default=False, help="Stop when standard input ends.")
    ] = False,
    log: Annotated[Level, Parameter(help="The least that is logged.")] = "info",
    log_json: Annotated[
        bool, Parameter(negative="", show_default=False, help="Log JSON lines, on a terminal too.")
    ] = False,
    json: Json = False,
) -> None:
    """Run a node of a chain with validators: one that follows, or with --validator one that votes."""
    configure(log, as_json=True if log_json else None)
    if validator is not None and dev_key is not None:
        raise Fault("--validator and --dev-key exclude each other")
    with (
        expected(
            SpecError,
            LoadError,
            PluginError,
            GenesisError,
            StorageError,
            PortTaken,
            CannotListen,
            NetworkError,
            NoValidators,
            KeyfileError,
            KeyInUse,
            KeyAtWork,
            NothingToBegin,
            CheckpointUnknown,
            CheckpointDiscarded,
            CheckpointForeign,
            refused=(AuthorStopped, AgreementBroken, JournalError, FinalityForked, FinalBlockRefused),
        ),
        ExitStack() as stack,
    ):
        folder = stack.enter_context(base_folder(base_path, tmp))
        spec = load_spec(chain)
        home = folder / "chains" / spec.id
        secret = None
        if dev_key is not None:
            secret = stack.enter_context(_dev_keys(dev_key, home / "validator.lock"))
        elif validator is not None:
            secret = stack.enter_context(_kept_keys(validator, keyring_at(folder, keys), password_file))
        config = NodeConfig(
            spec=spec,
            base_path=folder,
            peering=PeeringConfig(
                identity=_identity(home / IDENTITY) if secret is None else secret.identity,
                host=listen_host,
                port=listen_port,
                public_host=public_host,
                bootnodes=_addresses("--bootnode", bootnode),
                reserved=_addresses("--reserved", reserved),
                validator=None if secret is None else secret.bls,
                journal=None if secret is None else history_folder(folder, spec.id, secret.bls.public),
                anchors_file=home / "anchors",
            ),
            rpc=RpcConfig(host=rpc_host, port=rpc_port, hosts=rpc_hosts, origins=rpc_origins),
            archive=archive,
            ready_file=ready_file,
        )
        wanted = None if checkpoint is None else _block_hash(checkpoint)
        if checkpoint is not None and _is_alone(config) and not config.database_path.exists():
            raise Fault("nobody is known whose state could be taken: name a peer, --bootnode PEER@HOST:PORT")
        async with until_told(with_parent=with_parent):
            with following_the_code(folder):
                if checkpoint is not None:
                    await begin_at(config, wanted)
                await _run(config, as_json=json)


async def _run(config: NodeConfig, *, as_json: bool) -> None:
    with kept_ready_file(config.ready_file), opened(config) as node:
        async with trio.open_nursery() as nursery:
            address: Address = await nursery.start(node.run)
            report = describe(node, address)
            if as_json:
                print_json(report)
            else:
                introduce(report, is_alone=_is_alone(config))
                nursery.start_soon(live.show, node)


def describe(node: Node, address: Address) -> dict[str, Any]:
    """A running node as plain values: what `--json` prints."""
    spec, peering = node.config.spec, node.peering
    assert peering is not None
    validator = node.config.peering.validator if node.config.peering else None
    return {
        "version": version("ballast-chain"),
        "chain": spec.id,
        "name": spec.name,
        "genesisHash": "0x" + node.chain.genesis_hash.hex(),
        "validator": None if validator is None else "0x" + validator.public.hex(),
        "peer": str(peering.network.address or peering.network.me.hex()),
        "basePath": str(node.config.base_path),
        "ws": address.url,
        "http": address.url.replace("ws:", "http:", 1),
        "metrics": address.url.replace("ws:", "http:", 1) + "/metrics",
        "pid": os.getpid(),
        "best": node.chain.best.header.number,
    }


def introduce(report: dict[str, Any], *, is_alone: bool = False) -> None:
    """The same for people; ends with READY."""
    role = "following" if report["validator"] is None else f"voting with {report['validator']}"
    say(f"Ballast {report['version']}, {role}")
    say(f"Chain {report['chain']} ({report['name']})")
    say(f"Genesis {report['genesisHash']}")
    say(f"Data {report['basePath']}")
    say(f"Peers {report['peer']}")
    say(f"RPC {report['ws']}")
    say(f"Metrics {report['metrics']}")
    if is_alone:
        say("No peer is known: this node waits for others to dial it, or name one, --bootnode PEER@HOST:PORT")
    say("READY")


def _is_alone(config: NodeConfig) -> bool:
    """Whether a node begins with nobody to dial."""
    peering = config.peering
    assert peering is not None, "a development chain has no peers"
    there = peering.anchors_file is not None and peering.anchors_file.exists()
    return not (peering.bootnodes or peering.reserved or there)


def _block_hash(text: str) -> bytes | None:
    """The hash that a checkpoint names; None for the latest. Raises Fault."""
    if text == "latest":
        return None
    if HASH.fullmatch(text) is None:
        raise Fault(
            f"--checkpoint is the hash of a block, 0x and 64 hexadecimal digits, or latest; not {show(text)}"
        )
    return bytes.fromhex(text[2:])


@contextmanager
def _dev_keys(suri: str, lock: Path) -> Generator[ValidatorKeys]:
    """A validator's keys from a secret URI, for this process alone. Raises Fault and KeyInUse."""
    with ExitStack() as stack:
        with keyring_errors(), expected(OSError):
            found = ValidatorKeys.from_suri(suri)
            stack.enter_context(KeyLock(lock))
        yield found


@contextmanager
def _kept_keys(name: str, keyring: Keyring, password_file: Path | None) -> Generator[ValidatorKeys]:
    """A validator's keys from the keyring, for this process alone. Raises Fault and KeyInUse."""
    with ExitStack() as stack:
        with keyring_errors(), expected(OSError):
            stack.enter_context(KeyLock(keyring.lock_path(name)))
            found = keyring.open_validator(name, read_password(password_file, f"the key {name}"))
        yield found


def _identity(path: Path) -> Keypair:
    """The node's own key, made when it is not there. Raises KeyfileError and Fault."""
    if not path.exists():
        with expected(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, secrets.token_hex(SEED_BYTES).encode() + b"\n")
    text = read_file(path).strip()
    try:
        return Keypair.from_seed(bytes.fromhex(text.decode("ascii")), "ed25519")
    except (ValueError, DeriveError):
        raise KeyfileError(f"{path} holds no key of a node: {2 * SEED_BYTES} hexadecimal digits") from None


def _addresses(option: str, texts: tuple[str, ...]) -> tuple[PeerAddress, ...]:
    try:
        return tuple(PeerAddress.parse(text) for text in texts)
    except BadAddress as error:
        raise Fault(f"{option}: {error}") from None
