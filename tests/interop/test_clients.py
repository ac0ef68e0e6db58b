"""Unmodified Substrate clients work with the development node, with a validator of four, and with a full node
that has caught up with them; with sr25519 and ed25519 accounts.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.devnode import dev_node
from support.localnet import NetProcess, full_node

CLIENTS = Path(__file__).resolve().parent / "clients"
CLIENT_SECONDS_MAX = 300
AHEAD = 12
"""How many blocks are final before the full node begins."""


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetProcess]:
    """Four validators that are agreed on some blocks."""
    with NetProcess(tmp_path_factory.mktemp("network")) as net:
        net.ready()
        net.until_final(AHEAD, "alice", "bob", "charlie", "dave")
        yield net
        assert net.stop() == 0


@pytest.fixture(scope="module", params=["the development node", "a validator", "a full node"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the node answers that the clients are to work with."""
    place = tmp_path_factory.mktemp("node")
    if request.param == "the development node":
        with dev_node(place, "--seal", "0.3") as node:
            yield node.url
        return
    network: NetProcess = request.getfixturevalue("network")
    if request.param == "a validator":
        yield str(network.ready()["nodes"][1]["ws"])
    else:
        with full_node(network, place) as follower:
            yield follower


def every_step_works(*command: str) -> None:
    """The client prints a line for each step; all must say ok."""
    done = subprocess.run(
        command, cwd=CLIENTS, capture_output=True, text=True, timeout=CLIENT_SECONDS_MAX, check=False
    )
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    assert "ALL OK" in done.stdout, said


def test_polkadot_js(node: str, url: str) -> None:
    every_step_works(node, "polkadotjs.mjs", url)


def test_py_substrate_interface(client_python: str, url: str) -> None:
    every_step_works(client_python, "substrate_interface_check.py", url)
