"""Unmodified Substrate clients work with the development node, with a validator of four, and with a full node
that has caught up with them; with sr25519 and ed25519 accounts.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.clients import every_step_works
from support.devnode import dev_node
from support.localnet import NetProcess, full_node

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


def test_polkadot_js(node: str, url: str) -> None:
    every_step_works(node, "polkadotjs.mjs", url, seconds=CLIENT_SECONDS_MAX)


def test_polkadot_api(node: str, url: str) -> None:
    every_step_works(node, "papi.mjs", url, seconds=CLIENT_SECONDS_MAX)


def test_async_substrate_interface(async_client_python: str, url: str) -> None:
    every_step_works(async_client_python, "async_substrate_check.py", url, seconds=CLIENT_SECONDS_MAX)


def test_py_substrate_interface(client_python: str, url: str) -> None:
    every_step_works(client_python, "substrate_interface_check.py", url, seconds=CLIENT_SECONDS_MAX)
