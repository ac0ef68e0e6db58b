"""The plan of a local network: its nodes with their folders, ports and keys, and how each is started.

FOLDER/spec.json      the chain
FOLDER/net.json       who runs, while it runs
FOLDER/alice/         the data of a node, as `ballast run --base-path` keeps it
FOLDER/alice.log      what it said
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from genesis.build import build_genesis
from genesis.load import load_spec
from genesis.presets.dev import dev_names
from genesis.presets.local import VALIDATORS_MAX
from genesis.spec import ChainSpec, write_spec
from node.consensus.disk import RealDisk
from node.consensus.history import begin_history, history_folder
from node.consensus.journal import JournalError
from node.localnet.errors import HOST, FolderUnfit, OtherNetwork, PortsRunOut, PortTaken
from node.localnet.ports import PORT_MAX, free_ports, is_free
from node.network.address import PeerAddress, PeerId
from node.runtimes.here import runtime_here
from node.telemetry.logging import Level
from node.wallet.keyring import Keyring, ValidatorKeys
from node.wallet.password import Cost
from node.wallet.signer import Keypair
from runtime.crypto.derive import dev_public
from runtime.state import MemoryStates

FULL_NODES_MAX: Final = 16
SPEC: Final = "spec.json"
PASSWORD: Final = "development"
"""Of keys that everybody knows."""
PASSWORD_FILE: Final = "password"
RPC_OPTION: Final = "--rpc-port"
PEER_OPTION: Final = "--peer-port"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePlan:
    """One node."""

    name: str
    folder: Path
    """Its `--base-path`."""
    suri: str | None
    """The secret URI of a validator; None for a node that only follows."""
    rpc_port: int
    peer_port: int

    @property
    def role(self) -> str:
        """What it does, for people."""
        return "full node" if self.suri is None else "validator"

    @property
    def ws(self) -> str:
        """Where it answers calls."""
        return f"ws://{HOST}:{self.rpc_port}"

    @property
    def metrics(self) -> str:
        """The page of its metrics."""
        return f"http://{HOST}:{self.rpc_port}/metrics"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder.with_name(f"{self.name}.log")

    @property
    def peer(self) -> PeerId:
        """By what peers know a validator."""
        assert self.suri is not None
        return Keypair.from_suri(self.suri, "ed25519").public

    @property
    def account(self) -> str | None:
        """A validator's account, in hex."""
        return None if self.suri is None else "0x" + dev_public(self.suri, "sr25519").hex()


Reach: TypeAlias = Callable[[NodePlan, NodePlan], int]
"""The port at which one node dials another."""


def directly(caller: NodePlan, other: NodePlan) -> int:
    """Each at its own port."""
    return other.peer_port


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """All nodes of one chain on this machine, validators first."""

    folder: Path
    spec: ChainSpec
    nodes: tuple[NodePlan, ...]
    has_keyrings: bool = False
    """Whether validators find their keys in keyrings, as they would elsewhere."""

    @property
    def validators(self) -> tuple[NodePlan, ...]:
        """Those that vote."""
        return tuple(node for node in self.nodes if node.suri is not None)

    def command(
        self, node: NodePlan, ready_file: Path, *, log: Level = "info", reach: Reach = directly
    ) -> list[str]:
        """How the node is started: a validator knows all others, a full node the first of them."""
        options = [
            *("--chain", str(self.folder / SPEC), "--base-path", str(node.folder)),
            *("--rpc-port", str(node.rpc_port), "--listen-port", str(node.peer_port)),
            *("--ready-file", str(ready_file), "--with-parent", "--log", log, "--log-json"),
        ]
        if node.suri is None:
            options += "--bootnode", _address(node, self.validators[0], reach)
        else:
            options += self._keys(node, node.suri)
            for other in self.validators:
                if other is not node:
                    options += "--reserved", _address(node, other, reach)
        return [sys.executable, "-P", "-m", "node", "run", *options]

    def _keys(self, node: NodePlan, suri: str) -> list[str]:
        if self.has_keyrings:
            return ["--validator", node.name, "--password-file", str(self.folder / PASSWORD_FILE)]
        return ["--dev-key", suri]


def plan_network(
    folder: Path,
    make: Callable[[], ChainSpec],
    *,
    validators: int,
    full_nodes: int = 0,
    rpc_port: int = 0,
    peer_port: int = 0,
    keyrings: bool = False,
) -> NetworkPlan:
    """The plan of a network in `folder`, which goes on with the chain that is there, or begins the one that
    `make` gives; ports are counted from the given ones, or any for 0.

    Raises LocalnetError, SpecError, and KeyfileError for keyrings.
    """
    assert 1 <= validators <= VALIDATORS_MAX and 0 <= full_nodes <= FULL_NODES_MAX
    names = [*map(_name, dev_names(validators)), *(f"full-{place + 1}" for place in range(full_nodes))]
    suris = [*(f"//{name}" for name in dev_names(validators)), *([None] * full_nodes)]
    rpc_ports = _ports(rpc_port, len(names), RPC_OPTION)
    peer_ports = _ports(peer_port, len(names), PEER_OPTION, beside=rpc_ports)
    nodes = tuple(
        NodePlan(name=name, folder=folder / name, suri=suri, rpc_port=rpc, peer_port=peer)
        for name, suri, rpc, peer in zip(names, suris, rpc_ports, peer_ports, strict=True)
    )
    spec = _settle(folder, make, validators)
    plan = NetworkPlan(folder=folder, spec=spec, nodes=nodes, has_keyrings=keyrings)
    _begin_histories(plan)
    if keyrings:
        _fill_keyrings(plan)
    return plan


def _name(name: str) -> str:
    """The name of a development account as that of a node: those behind the first are mere numbers."""
    return f"validator-{name}" if name.isdecimal() else name.lower()


def _address(caller: NodePlan, other: NodePlan, reach: Reach) -> str:
    return str(PeerAddress(other.peer, HOST, reach(caller, other)))


def _ports(first: int, count: int, option: str, beside: Collection[int] = ()) -> list[int]:
    if first == 0:
        return free_ports(count, beside)
    if first + count - 1 > PORT_MAX:
        raise PortsRunOut(first, count, option)
    ports = list(range(first, first + count))
    for port in ports:
        if port in beside or not is_free(port):
            raise PortTaken(port, option)
    return ports


def _settle(folder: Path, make: Callable[[], ChainSpec], validators: int) -> ChainSpec:
    """The chain of the folder, begun when there is none."""
    path = folder / SPEC
    if not path.exists():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(write_spec(make()), indent=2) + "\n", encoding="utf-8")
        except OSError as error:
            raise FolderUnfit(folder, error.strerror or str(error)) from None
    spec = load_spec(str(path))
    there = len(spec.genesis.get("Authorities", {}).get("validators", ()))
    if there != validators:
        raise OtherNetwork(folder, there, validators)
    return spec


def _begin_histories(plan: NetworkPlan) -> None:
    """Where no node has data yet, note of each validator that its key has signed nothing: it votes as soon as
    it is there, however far the others are. Whose data was removed later has to listen.
    """
    if any(node.folder.exists() for node in plan.nodes):
        return
    genesis = build_genesis(runtime_here(plan.spec), plan.spec.genesis, MemoryStates().head)
    for node in plan.validators:
        assert node.suri is not None
        public = ValidatorKeys.from_suri(node.suri).bls.public
        folder = history_folder(node.folder, plan.spec.id, public)
        try:
            begin_history(RealDisk(), folder, genesis.hash, public)
        except JournalError as error:
            raise FolderUnfit(node.folder, str(error)) from None


def _fill_keyrings(plan: NetworkPlan) -> None:
    """Put each validator's keys into a keyring of its own, sealed lightly: their secrets are public."""
    try:
        (plan.folder / PASSWORD_FILE).write_text(f"{PASSWORD}\n", encoding="utf-8")
    except OSError as error:
        raise FolderUnfit(plan.folder, error.strerror or str(error)) from None
    for node in plan.validators:
        assert node.suri is not None
        keyring, keys = Keyring(node.folder / "keys"), ValidatorKeys.from_suri(node.suri)
        if node.name not in {each.name for each in keyring.list()}:
            keyring.create_validator(
                node.name,
                keys.bls.secret_bytes,
                PASSWORD,
                identity_seed=keys.identity_seed,
                cost=Cost.LIGHT,
            )
