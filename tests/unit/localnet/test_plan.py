"""A plan gives every node folders, ports and keys of its own, and the same chain again in the same folder."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from genesis.load import load_spec
from genesis.presets.local import local
from node.localnet.errors import HOST, NetworkRuns, OtherNetwork, PortsRunOut, PortTaken
from node.localnet.network import kept
from node.localnet.plan import PASSWORD, NodePlan, plan_network
from node.localnet.ports import FREE_MAX, FREE_MIN, free_ports
from node.network.address import PeerAddress
from node.wallet.keyring import Keyring, ValidatorKeys


def option(command: list[str], name: str) -> list[str]:
    """The values that a command line gives an option."""
    return [command[place + 1] for place, word in enumerate(command) if word == name]


def test_nodes_are_told_of_each_other(tmp_path: Path) -> None:
    plan = plan_network(tmp_path, lambda: local(7), validators=7, full_nodes=2)
    assert [node.name for node in plan.nodes] == [
        *("alice", "bob", "charlie", "dave", "eve", "ferdie", "validator-0"),
        *("full-1", "full-2"),
    ]
    ports = [port for node in plan.nodes for port in (node.rpc_port, node.peer_port)]
    assert len(set(ports)) == 18
    validator, follower = (plan.command(plan.nodes[place], tmp_path / "ready") for place in (6, 7))
    assert option(validator, "--dev-key") == ["//0"] and option(follower, "--dev-key") == []
    reserved = [PeerAddress.parse(text) for text in option(validator, "--reserved")]
    assert [each.port for each in reserved] == [node.peer_port for node in plan.nodes[:6]]
    assert reserved[0].peer == ValidatorKeys.from_suri("//Alice").identity.public
    assert option(follower, "--reserved") == []
    assert option(follower, "--bootnode") == [str(reserved[0])]
    for command in (validator, follower):
        assert option(command, "--chain") == [str(tmp_path / "spec.json")]
        assert "--with-parent" in command and "--log-json" in command


def test_roads_are_dialled_instead_where_there_are_some(tmp_path: Path) -> None:
    plan = plan_network(tmp_path, lambda: local(4), validators=4)

    def reach(caller: NodePlan, other: NodePlan) -> int:
        return 1000 + 10 * plan.nodes.index(caller) + plan.nodes.index(other)

    command = plan.command(plan.nodes[2], tmp_path / "ready", reach=reach)
    assert [PeerAddress.parse(text).port for text in option(command, "--reserved")] == [1020, 1021, 1023]
    assert option(command, "--listen-port") == [str(plan.nodes[2].peer_port)]


def test_the_chain_of_a_folder_stays(tmp_path: Path) -> None:
    first = plan_network(tmp_path, lambda: local(4), validators=4)
    assert load_spec(str(tmp_path / "spec.json")) == first.spec
    again = plan_network(tmp_path, lambda: local(4, accounts=20), validators=4, full_nodes=1)
    assert again.spec == first.spec and len(again.nodes) == 5
    with pytest.raises(OtherNetwork) as refused:
        plan_network(tmp_path, lambda: local(5), validators=5)
    assert str(refused.value) == (
        f"{tmp_path} holds a network of 4 validators, and not of 5: say --validators 4, or give another "
        "--base-path"
    )


def test_only_a_new_network_is_known_to_have_signed_nothing(tmp_path: Path) -> None:
    def journals() -> list[str]:
        return sorted(path.relative_to(tmp_path).parts[0] for path in tmp_path.glob("*/chains/*/*/*/journal"))

    plan_network(tmp_path, lambda: local(4), validators=4)
    assert journals() == ["alice", "bob", "charlie", "dave"]
    shutil.rmtree(tmp_path / "dave")
    plan_network(tmp_path, lambda: local(4), validators=4)
    assert journals() == ["alice", "bob", "charlie"]


def test_ports_are_counted_from_the_first(tmp_path: Path) -> None:
    base = next(port for port in range(FREE_MAX, 60_000, 10) if ports_are_free(range(port, port + 8)))
    plan = plan_network(tmp_path, lambda: local(4), validators=4, rpc_port=base, peer_port=base + 4)
    assert [node.rpc_port for node in plan.nodes] == list(range(base, base + 4))
    assert [node.peer_port for node in plan.nodes] == list(range(base + 4, base + 8))
    with pytest.raises(PortTaken) as refused:
        plan_network(tmp_path, lambda: local(4), validators=4, rpc_port=base, peer_port=base + 3)
    assert str(refused.value) == (
        f"cannot listen on {HOST}:{base + 3}: the port is taken; choose others with --peer-port"
    )
    with pytest.raises(PortsRunOut):
        plan_network(tmp_path, lambda: local(4), validators=4, rpc_port=65_534)


def ports_are_free(ports: range) -> bool:
    for port in ports:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return False
    return True


def test_free_ports_are_free_different_and_not_those_beside() -> None:
    first = free_ports(20)
    second = free_ports(20, first)
    assert len({*first, *second}) == 40
    assert all(FREE_MIN <= port <= FREE_MAX for port in (*first, *second))
    taken = socket.create_server((HOST, first[0]))
    assert first[0] not in free_ports(50)
    taken.close()


def test_keyrings_hold_the_keys_and_stay(tmp_path: Path) -> None:
    for _ in range(2):
        plan = plan_network(tmp_path, lambda: local(2), validators=2, keyrings=True)
        command = plan.command(plan.nodes[1], tmp_path / "ready")
        assert option(command, "--validator") == ["bob"] and option(command, "--dev-key") == []
        (file,) = option(command, "--password-file")
        assert Path(file).read_text() == f"{PASSWORD}\n"
        keys = Keyring(plan.nodes[1].folder / "keys").open_validator("bob", PASSWORD)
        assert keys == ValidatorKeys.from_suri("//Bob")


def test_one_process_keeps_a_folder(tmp_path: Path) -> None:
    with kept(tmp_path), pytest.raises(NetworkRuns) as refused, kept(tmp_path):
        pass
    said = f"the network in {tmp_path} is kept by process {os.getpid()}: stop that one first"
    assert str(refused.value) == said
    with kept(tmp_path):
        pass
