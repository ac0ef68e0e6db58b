"""Unmodified Substrate clients work with the development node, with sr25519 and ed25519 accounts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.devnode import DevNode, dev_node

CLIENTS = Path(__file__).resolve().parent / "clients"
CLIENT_SECONDS_MAX = 300


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DevNode]:
    with dev_node(tmp_path_factory.mktemp("node")) as node:
        yield node


def every_step_works(*command: str) -> None:
    """The client prints a line for each step; all must say ok."""
    done = subprocess.run(
        command, cwd=CLIENTS, capture_output=True, text=True, timeout=CLIENT_SECONDS_MAX, check=False
    )
    said = f"{done.stdout}{done.stderr}"
    assert done.returncode == 0, said
    assert "ALL OK" in done.stdout, said


def test_polkadot_js(node: str, running: DevNode) -> None:
    every_step_works(node, "polkadotjs.mjs", running.url)


def test_py_substrate_interface(client_python: str, running: DevNode) -> None:
    every_step_works(client_python, "substrate_interface_check.py", running.url)
